"""The fork server: imports everything once, then forks a process for each hook that asks.

One for each user and installation. It reads nothing of what is scanned itself: its children do, under the same limits
as any scan, with the caller's folder and the few variables that the caller passed.
"""

import array
import fcntl
import gc
import json
import os
import resource
import selectors
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from typing import NoReturn

from msgspec import Struct, field

from assay.scanner.cache.circumstances import code_state
from assay.scanner.hook.client import ACCEPTED, BUSY, PROTOCOL, STALE
from assay.scanner.hook.place import Place
from assay.scanner.version import __version__

IDLE_SECONDS = 1800.0
"""After which a server that nobody asked anything ends."""
MOST_AT_ONCE = 8
_MOST_REQUEST = 4 << 20
_SECONDS_TO_SEND = 2.0
_SECONDS_BETWEEN_LOOKS = 30.0
_SECONDS_TO_END = 5.0
"""For work whose caller has gone: it takes away what it made, and is killed if that takes longer."""
_CREDENTIALS = 12


class Request(Struct, frozen=True, kw_only=True):
    """What a client wants."""

    what: str
    """`hook`, `status` or `stop`."""
    folder: str
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    streams: tuple[int, ...] = ()
    """The caller's standard output and standard error."""


class _Child(Struct, frozen=True):
    pid: int
    connection: socket.socket


class Server:
    """Listens until it is told to end, is idle too long, or the code that it imported has changed."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._began = time.time()
        self._requests = 0
        self._children: dict[int, _Child] = {}
        self._ending: dict[int, float] = {}
        """Children whose callers have gone → when they are killed."""
        self._state = code_state()
        self._looked = float("-inf")
        self._stoppers: list[socket.socket] = []
        """Connections that end with this process, for those who wait for that."""
        self._ended = False

    def serve(self, listening: socket.socket) -> None:
        """Returns when it is time to end; children that are at work by then are waited for."""
        waker, self._wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, self._end)
        last = time.monotonic()
        with selectors.DefaultSelector() as selector:
            self._selector = selector
            self._socket = os.lstat(self._place.socket).st_ino
            selector.register(listening, selectors.EVENT_READ)
            selector.register(waker, selectors.EVENT_READ)
            while not self._ended or self._children:
                for key, _ in selector.select(timeout=1.0 if self._ending else _SECONDS_BETWEEN_LOOKS):
                    if key.fileobj is listening:
                        last = time.monotonic()
                        self._take(listening)
                    elif key.fileobj == waker:
                        with suppress(BlockingIOError):
                            os.read(waker, 4096)
                    else:
                        self._drop(key.data)  # The caller has gone.
                self._reap()
                idle = not self._children and time.monotonic() - last > IDLE_SECONDS
                self._ended = self._ended or idle or not self._is_reachable()
                if self._ended:
                    with suppress(KeyError, ValueError):
                        selector.unregister(listening)

    def _is_stale(self) -> bool:
        """Whether the code is no longer what was imported; looked at once a second at most."""
        now = time.monotonic()
        if now - self._looked > 1:
            self._looked = now
            self._ended = self._ended or code_state() != self._state
        return self._ended

    def _is_reachable(self) -> bool:
        """Whether the socket is still where clients look for it: folders of that sort are tidied up."""
        try:
            return os.lstat(self._place.socket).st_ino == self._socket
        except OSError:
            return False

    def _end(self, *_: object) -> None:
        self._ended = True

    def _take(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.settimeout(_SECONDS_TO_SEND)
        kept = False
        streams: list[int] = []
        try:
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS)
            if int.from_bytes(peer[4:8], sys.byteorder) != os.geteuid():
                return
            asked = read_request(connection, streams, self._place)
            if asked is None or (asked.what == "hook" and self._is_stale()):
                connection.sendall(STALE)
                self._ended = self._ended or asked is not None
                return
            kept = self._answer(asked, connection)
        except (OSError, ValueError):
            return
        finally:
            for number in streams:
                os.close(number)
            if not kept:
                connection.close()

    def _answer(self, asked: Request, connection: socket.socket) -> bool:
        """Whether the connection is still needed."""
        match asked.what:
            case "status":
                connection.sendall(ACCEPTED + json.dumps(self._status()).encode())
            case "stop":
                self._ended = True
                connection.sendall(ACCEPTED)
                self._stoppers.append(connection)
                return True
            case "hook" if self._ended or len(self._children) >= MOST_AT_ONCE:
                connection.sendall(BUSY)
            case "hook" if len(asked.streams) == 2:  # standard output and standard error
                self._requests += 1
                connection.sendall(ACCEPTED)
                pid = os.fork()
                if pid == 0:
                    _work(asked)
                self._children[pid] = _Child(pid, connection)
                # What a client sends no more; when it is readable, the client has gone.
                self._selector.register(connection, selectors.EVENT_READ, pid)
                return True
        return False

    def _status(self) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "version": __version__,
            "socket": self._place.socket,
            "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._began)),
            "requests": self._requests,
            "at_work": len(self._children),
            "memory_mib": _resident_mib(),
            "cpu_seconds": round(_cpu_seconds(), 3),
            "idle_seconds": IDLE_SECONDS,
        }

    def _reap(self) -> None:
        for pid, until in self._ending.items():
            if time.monotonic() > until:
                with suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGKILL)
        for child in list(self._children.values()):
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid == 0:
                continue
            del self._children[child.pid]
            self._ending.pop(child.pid, None)
            with suppress(KeyError, ValueError):
                self._selector.unregister(child.connection)
            code = os.waitstatus_to_exitcode(status)
            if code >= 0:  # One that was killed says nothing, and the client does the work itself.
                with suppress(OSError):
                    child.connection.sendall(bytes([code]))
            child.connection.close()

    def _drop(self, pid: int) -> None:
        """Ends the work for a caller that has gone."""
        child = self._children[pid]
        with suppress(KeyError, ValueError):
            self._selector.unregister(child.connection)
        # As Ctrl-C would: it may hold a copy of the caller's files in a temporary folder.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        self._ending[pid] = time.monotonic() + _SECONDS_TO_END


def read_request(connection: socket.socket, streams: list[int], place: Place) -> Request | None:
    """What was sent, as `client.request` writes it; received descriptors are added to `streams`, also where it fails.

    None: it is another installation's, or of another version. Raises ValueError for anything else, and OSError.
    """
    room = array.array("i", [0] * 4)
    text, ancillary, _, _ = connection.recvmsg(_MOST_REQUEST, socket.CMSG_SPACE(len(room) * room.itemsize))
    for level, sort, data in ancillary:
        if level == socket.SOL_SOCKET and sort == socket.SCM_RIGHTS:
            numbers = array.array("i")
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
            streams += numbers
    while len(text) < 8 or len(text) < 8 + int(text[:8], 16):  # the length of the length
        more = connection.recv(_MOST_REQUEST)
        if not more or len(text) > _MOST_REQUEST:
            raise ValueError("cut short, or too long")
        text += more
    texts = [os.fsdecode(one) for one in text[8:].split(b"\0")[:-1]]
    if texts[:2] != [PROTOCOL, place.installation]:
        return None
    what, folder, count, *rest = texts[2:]
    given = int(count)
    environment = dict(one.split("=", 1) for one in rest[:given])
    return Request(
        what=what, folder=folder, environment=environment, arguments=tuple(rest[given:]), streams=tuple(streams)
    )


def _work(asked: Request) -> NoReturn:
    """In the process of one request: becomes what `assay hook` would be, and ends."""
    code = 4
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for name in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(name, signal.SIG_DFL)
        for number, stream in enumerate(asked.streams, 1):
            os.dup2(stream, number)
        os.closerange(3, _highest_descriptor() + 1)
        os.environ.clear()
        os.environ.update(asked.environment)
        time.tzset()
        tempfile.tempdir = None
        os.chdir(asked.folder)
        sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
        from assay.scanner.cli.guard import guarded

        code = guarded("hook", [*asked.arguments])
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001  # nothing may leave this process by another way
        code = 4
    finally:
        os._exit(code)


def _highest_descriptor() -> int:
    return max(int(name) for name in os.listdir("/proc/self/fd"))  # noqa: PTH208  # numbers, not paths


def _cpu_seconds() -> float:
    """Its own and that of all hooks that have ended."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def _resident_mib() -> float:
    with open("/proc/self/statm", "rb") as stream:  # noqa: PTH123
        pages = int(stream.read().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20), 1)


def listen(place: Place) -> socket.socket | None:
    """A socket in the place; None where another server of the same installation has it, or none can be made.

    Whoever holds the lock serves; it goes with the process, however that ends.
    """
    if not place.make():
        return None
    lock = os.open(f"{place.socket}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with suppress(FileNotFoundError):
        os.unlink(place.socket)  # noqa: PTH108
    mask = os.umask(0o177)
    try:
        listening.bind(place.socket)
    finally:
        os.umask(mask)
    return listening


def main() -> None:
    """Runs a server until its end."""
    place = Place(os.environ)
    listening = listen(place)
    if listening is None:
        return
    os.chdir("/")
    from assay.scanner.hook.huge_pages import use_huge_pages
    from assay.scanner.hook.preload import preload

    preload()
    gc.collect()
    gc.freeze()
    gc.disable()
    use_huge_pages()
    listening.listen(16)
    try:
        Server(place).serve(listening)
    finally:
        with suppress(OSError):
            os.unlink(place.socket)  # noqa: PTH108


if __name__ == "__main__":
    main()
