"""A forward proxy to moto: it says what was called, and answers in moto's place where a test asks for that.

Reached as an HTTP proxy, so that hosts with an account's id in front, as S3 Control has them, need no name server.
"""

import http.client
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from msgspec import Struct

_SCOPE = re.compile(r"Credential=([^/]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")
_DROPPED = frozenset({"proxy-connection", "connection", "transfer-encoding", "host", "accept-encoding"})


class Called(Struct, frozen=True):
    """A call that arrived."""

    service: str
    """By the name that it was signed for."""
    region: str
    operation: str
    """Its name, where the protocol has one; else method and path."""
    key: str
    """The access key's id."""


class Fault(Struct, frozen=True):
    """An answer in moto's place."""

    status: int
    code: str
    times: int = 1_000_000
    """How often, before calls are let through again."""
    cut: bool = False
    """Whether the connection breaks instead."""
    body: str | None = None
    """The answer, where it is one that moto lacks."""
    message: str = "no"


class Proxy:
    """Listens on a free port until it is stopped."""

    def __init__(self, moto_port: int) -> None:
        self.calls: list[Called] = []
        self.latency = 0.0
        """Seconds that each answer takes longer."""
        self._moto = moto_port
        self._lock = threading.Lock()
        self._faults: list[tuple[Callable[[Called], bool], Fault, list[int]]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy._handle(self, body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            # A look has fifty calls in flight, and their connections may all be made at once.
            request_queue_size = 256

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Closes the port."""
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def fault(self, which: Callable[[Called], bool], fault: Fault) -> Iterator[None]:
        """Answers so to those calls."""
        entry = (which, fault, [fault.times])
        with self._lock:
            self._faults.append(entry)
        try:
            yield
        finally:
            with self._lock:
                self._faults.remove(entry)

    def answer(self, operation: str, body: str) -> None:
        """Answers so to an operation, from now on; `*` in its name is anything."""
        fault = Fault(200, "", body=body)
        self._faults.append((lambda called: fnmatchcase(called.operation, operation), fault, [fault.times]))

    def _handle(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        called = _called(handler, body)
        with self._lock:
            self.calls.append(called)
            fault = self._fault_for(called)
        if self.latency:
            time.sleep(self.latency)
        if fault and fault.cut:
            handler.close_connection = True
            return
        status, headers, answer = _refusal(called, fault) if fault else self._ask(handler, body)
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        handler.wfile.write(b"" if handler.command == "HEAD" else answer)

    def _fault_for(self, called: Called) -> Fault | None:
        for which, fault, left in reversed(self._faults):
            if left[0] and which(called):
                left[0] -= 1
                return fault
        return None

    def _ask(self, handler: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        place = urlsplit(handler.path)
        connection = http.client.HTTPConnection("127.0.0.1", self._moto, timeout=60)
        headers = {name: value for name, value in handler.headers.items() if name.lower() not in _DROPPED}
        path = place.path + (f"?{place.query}" if place.query else "")
        connection.request(handler.command, path, body, {**headers, "Host": place.netloc})
        answer = connection.getresponse()
        found = answer.read()
        kept = [
            (name, value) for name, value in answer.getheaders() if name.lower() not in (*_DROPPED, "content-length")
        ]
        connection.close()
        return answer.status, kept, found


def _called(handler: BaseHTTPRequestHandler, body: bytes) -> Called:
    scope = _SCOPE.search(handler.headers.get("Authorization", ""))
    key, region, service = scope.groups() if scope else ("", "", "")
    target = handler.headers.get("X-Amz-Target", "").rpartition(".")[2]
    action = parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]
    place = urlsplit(handler.path)
    shown = f"{handler.command} {place.path}" + (f"?{place.query}" if place.query else "")
    return Called(service, region, target or action or shown, key)


def _refusal(called: Called, fault: Fault) -> tuple[int, list[tuple[str, str]], bytes]:
    if fault.body is not None:
        return fault.status, [("Content-Type", "application/json")], fault.body.encode()
    """In the shape of the service's protocol: XML for those that are asked by forms, and for S3; else JSON."""
    if called.service in (
        "s3",
        "ec2",
        "rds",
        "iam",
        "sts",
        "redshift",
        "elasticloadbalancing",
        "sns",
        "elasticache",
        "monitoring",
    ):
        error = f"<Error><Code>{fault.code}</Code><Message>no</Message></Error>"
        text = error if called.service == "s3" else f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"
        if called.service == "ec2":
            text = f"<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>"
        return fault.status, [("Content-Type", "text/xml")], text.encode()
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", fault.code)]
    return fault.status, headers, f'{{"__type": "{fault.code}", "message": "{fault.message}"}}'.encode()
