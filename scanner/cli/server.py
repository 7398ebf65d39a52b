"""`assay server`: what is known of the process that answers hooks, and how to end it."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from assay.scanner.cli.listing import print_json
from assay.scanner.cli.parser import Parser
from assay.scanner.hook.client import ACCEPTED, connect, request
from assay.scanner.hook.place import Place

_SECONDS_TO_END = 60.0


def run(argv: Sequence[str]) -> int:
    """`status` returns 0 where there is a server and 1 where there is none; `stop` returns 0 once there is none."""
    parser = Parser(prog="assay server", description="The process that answers `assay hook` without starting anew.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    status = commands.add_parser("status", help="its process id, memory and age")
    status.add_argument("--format", choices=("text", "json"), default="text")
    commands.add_parser("stop", help="end it; the next hook starts another")
    args = parser.parse_args(argv)
    place = Place(os.environ)
    refusal = place.refusal()
    found = _asked(place, "status") if refusal is None else None
    if args.command == "stop":
        return _stop(place) if found else _say("no server is running\n", 0)
    if args.format == "json":
        print_json(found or {"pid": None, "socket": place.socket, "refused": refusal})
    elif found:
        sys.stdout.write("".join(f"{name.replace('_', ' '):<13} {value}\n" for name, value in found.items()))
    else:
        sys.stdout.write(f"no server is running{f': {refusal}' if refusal else ''}\n")
    return 0 if found else 1


def _stop(place: Place) -> int:
    """Waits for its end, and so for hooks that are at work."""
    try:
        connection = connect(place)
        if connection is not None:
            connection.settimeout(_SECONDS_TO_END)
            connection.send(request(place, "stop", []))
            while connection.recv(1):
                pass
    except TimeoutError:
        return _say("it is asked to stop, and still at work\n", 1)
    except OSError:
        pass  # It has just ended.
    return _say("stopped\n", 0)


def _say(line: str, code: int) -> int:
    sys.stdout.write(line)
    return code


def _asked(place: Place, what: str) -> dict[str, Any] | None:
    """The answer; None where nobody gives one."""
    try:
        connection = connect(place)
        if connection is None:
            return None
        connection.send(request(place, what, []))
        answer = b""
        while more := connection.recv(1 << 16):
            answer += more
    except OSError:
        return None
    if not answer.startswith(ACCEPTED):
        return None
    found: dict[str, Any] = json.loads(answer[1:] or b"{}")
    return found
