"""HTTP/1.1 over TLS: reads requests, sends answers, and misbehaves where an answer says so."""

import socket
import ssl
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.kube_server import status
from tests.kube_server.request import parse

if TYPE_CHECKING:
    from tests.kube_server.server import KubeServer

_LARGEST_BODY = 1 << 20


class Http(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, owner: "KubeServer", context: ssl.SSLContext) -> None:
        self.owner = owner
        self.context = context
        self.connected: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def disconnect(self) -> None:
        """Closes the connections that clients keep open, below TLS, so that their threads end by an error."""
        for one in list(self.connected):
            try:
                socket.socket.shutdown(one, socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Mistakes of the server, not of a connection: see `_Handler.handle`."""
        self.owner.errors.append(traceback.format_exc())


class _Handler(BaseHTTPRequestHandler):
    server: Http
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def handle(self) -> None:
        # The handshake belongs to the connection's thread, lest a slow client keep others from being accepted. What
        # goes wrong with a connection is the client's affair, and often what a test is about.
        self.rfile.close()
        try:
            with self.server.context.wrap_socket(self.connection, server_side=True) as secure:
                self.server.connected.add(secure)
                self.connection = secure
                self.rfile = secure.makefile("rb")
                self.certificate = secure.getpeercert()
                super().handle()
                # TLS says goodbye, or the client can't tell an end from an attack.
                if not self._cut:
                    secure.settimeout(1)
                    secure.unwrap()
        except OSError:
            self.close_connection = True
        finally:
            self.server.connected.discard(self.connection)

    def finish(self) -> None:
        self.rfile.close()

    def do_GET(self) -> None:
        with self.server.owner.counted():
            self._serve(self.server.owner)

    do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = do_GET
    _cut = False

    def _serve(self, owner: "KubeServer") -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return
        body = self.rfile.read(length)
        accept, media = self.headers.get("Accept", ""), self.headers.get("Content-Type", "")
        who = owner.identities.who(self.headers.get("Authorization"), self.certificate)
        try:
            if "Impersonate-User" in self.headers:
                answer = status.bad_request("the test server knows no impersonation")
            else:
                answer = owner.answer(parse(self.command, self.path, accept, media, body), who)
        except Exception:
            owner.errors.append(traceback.format_exc())
            answer = status.failure(500, "the test server itself failed")
        owner.record(self.command, self.path, who.user if who else None, accept, answer)
        self._send(answer, owner.closing)

    def _send(self, answer: status.Answer, closing: threading.Event) -> None:
        if answer.stream is None and answer.wait:
            closing.wait(answer.wait)
        if answer.silent or closing.is_set():
            self._cut = self.close_connection = True
            return
        head = [f"HTTP/1.1 {answer.status} {self.responses.get(answer.status, ('',))[0]}"]
        head.append(f"Content-Type: {answer.content_type}")
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        head.append("Cache-Control: no-cache, private")
        head.append(f"Content-Length: {len(answer.body)}" if answer.stream is None else "Transfer-Encoding: chunked")
        start = ("\r\n".join(head) + "\r\n\r\n").encode()
        if self.command == "HEAD":
            self.connection.sendall(start)
        elif answer.stream is None:
            self.connection.sendall(start + answer.body[: answer.sent])
            self._cut = answer.sent is not None
            self.close_connection = self.close_connection or self._cut
        else:
            self.connection.sendall(start)
            for chunk in answer.stream:
                if closing.wait(answer.wait) if answer.wait else closing.is_set():
                    self._cut = self.close_connection = True
                    return
                self.connection.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.connection.sendall(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on stderr; `KubeServer.log` has every request."""
