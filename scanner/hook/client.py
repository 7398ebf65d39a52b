"""`assay hook`: asks the user's server, and where there is none does the work itself.

Imports the standard library only, and little of that; `assay-hook`, which pre-commit starts, imports nothing else.
"""

import os
import sys

TYPE_CHECKING = False  # as typing has it, which takes longer to import than all else here
if TYPE_CHECKING:
    import _socket
    from typing import NoReturn

if __package__:
    from assay.scanner.hook.place import Place
else:  # run by its path, where no package can be imported
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120  # a Path costs more than this
    from place import Place  # type: ignore[import-not-found,no-redef]

PROTOCOL = "assay-hook/1"
ACCEPTED, BUSY, STALE = b"a", b"b", b"s"
"""The server's first answer. Busy and stale: it will not do it."""
PASSED = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "TMPDIR",
    "XDG_CACHE_HOME", "XDG_RUNTIME_DIR",
)  # fmt: skip
"""The variables that the server's process for this request gets, and no others."""
_SECONDS_TO_ACCEPT = 2.0
_SO_PEERCRED, _SCM_RIGHTS = 17, 1


def main(argv: list[str]) -> int | None:
    """Asks the server. None: it must be done here."""
    if "--no-server" in argv or not sys.platform.startswith("linux") or {"-h", "--help"} & set(argv):
        return None
    place = Place(os.environ)
    if place.refusal() is not None:
        return None
    code, answered = _ask(place, argv)
    if code is None and not answered and not os.environ.get("CI"):
        _start(place)  # For the next time; a machine that is thrown away after this run has none.
    return code


def connect(place: Place) -> "_socket.socket | None":
    """A connection to a server that is the user's own; None where there is none."""
    # `socket` would cost as much as all the rest of this.
    import _socket

    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    connection.settimeout(_SECONDS_TO_ACCEPT)
    try:
        connection.connect(place.socket)
    except OSError:
        return None
    peer = connection.getsockopt(_socket.SOL_SOCKET, _SO_PEERCRED, 12)
    return connection if int.from_bytes(peer[4:8], sys.byteorder) == os.geteuid() else None


def request(place: Place, what: str, argv: list[str]) -> bytes:
    """What is sent: its length in eight hexadecimal digits, then texts that each end in a zero byte."""
    given = [f"{name}={os.environ[name]}" for name in PASSED if name in os.environ]
    texts = [PROTOCOL, place.installation, what, os.getcwd(), str(len(given)), *given, *argv]  # noqa: PTH109
    body = b"".join(os.fsencode(text) + b"\0" for text in texts)
    return b"%08x" % len(body) + body


def _ask(place: Place, argv: list[str]) -> tuple[int | None, bool]:
    """The exit code, and whether a server answered."""
    import _socket

    try:
        connection = connect(place)
        if connection is None:
            return None, False
        rights = b"".join(number.to_bytes(4, sys.byteorder) for number in (1, 2))
        text = request(place, "hook", argv)
        sent = connection.sendmsg([text], [(_socket.SOL_SOCKET, _SCM_RIGHTS, rights)])
        connection.sendall(text[sent:])
        answer = connection.recv(1)
        if answer != ACCEPTED:
            return None, answer == BUSY
        connection.settimeout(None)
        code = connection.recv(1)
    except OSError:
        return None, False
    except KeyboardInterrupt:  # the connection's end ends the server's process for this request
        sys.stderr.write("assay: interrupted; nothing was written\n")
        return 130, True
    if not code:
        sys.stderr.write("assay: the server's process ended before it was done; looking again without it\n")
        return None, True
    return code[0], True


def _start(place: Place) -> None:
    """Starts a server that belongs to nobody's terminal, and doesn't wait for it."""
    if not place.make():
        return
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        os.posix_spawn(
            sys.executable,
            [sys.executable, *place.flags, "-m", "assay.scanner.hook.server"],
            {name: os.environ[name] for name in PASSED if name in os.environ},
            file_actions=[(os.POSIX_SPAWN_DUP2, nothing, number) for number in (0, 1, 2)],
            setsid=True,
        )
    except OSError:
        return
    finally:
        os.close(nothing)


def _do_it_here(argv: list[str]) -> "NoReturn":
    command = [sys.executable, *Place(os.environ).flags, "-m", "assay.scanner.cli.main", "hook", "--no-server", *argv]
    os.execv(sys.executable, command)  # noqa: S606  # no shell is wanted


def run() -> "NoReturn":
    """The whole of `assay-hook`."""
    found = main(sys.argv[1:])
    if found is None:
        _do_it_here(sys.argv[1:])
    # Nothing is left to do, and Python's own end would take as long as a request. Standard error isn't buffered.
    os._exit(found)


if __name__ == "__main__":
    run()
