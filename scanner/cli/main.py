"""The entry point: finds the command, and turns every way it can end into an exit code.

Until it knows what to do it imports the standard library only, and little of that.
"""

import os
import sys

TYPE_CHECKING = False  # as typing has it, which takes longer to import than all else here
if TYPE_CHECKING:
    from typing import NoReturn

COMMANDS = {
    "scan": "look at targets, judge them, report",
    "hook": "judge the files that a commit changes, at once",
    "observe": "look at targets, and save what was seen as an inventory",
    "judge": "judge a saved inventory, offline",
    "baseline": "keep what is there now, so that later scans tell what is new",
    "explain": "what a rule, an engine's check or a control is about, and how to mend it",
    "rules": "list the rules and engine checks",
    "packs": "list the policy packs and their controls",
    "cluster": "the least role that a scan of a live cluster needs",
    "aws": "the least policy and role that a scan of live accounts needs",
    "cache": "what is kept of earlier looks at files",
    "server": "the process that answers hooks without starting anew",
    "doctor": "what this installation can scan, what it can't, and the line that would mend it",
}

_USAGE = """\
usage: assay [--version] [--help] COMMAND …

Policy-driven security and compliance scanner for AI infrastructure.

commands:
{commands}

`assay COMMAND --help` tells a command's options. Exit codes: 0 gate green, 1 gate red, 2 wrong use or
configuration, 3 the scan is incomplete, 4 a bug of ours, 130 interrupted.
"""


def main(argv: list[str] | None = None) -> None:
    """Runs one command and exits the process."""
    _leave_python_path()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a character gets its escape, not a traceback. A closed stream is None.
        getattr(stream, "reconfigure", lambda **_: None)(errors="backslashreplace")
    _end(run(sys.argv[1:] if argv is None else argv))


def run(argv: list[str]) -> int:
    """Runs one command; returns the exit code."""
    if sys.stdout is None:
        sys.stderr.write("assay: standard output is closed; give it a file, a pipe or /dev/null\n")
        return 2
    first = argv[0] if argv else "--help"
    if first in ("--help", "-h", "help"):
        width = max(map(len, COMMANDS))
        return _print(_USAGE.format(commands="\n".join(f"  {n:<{width}}  {text}" for n, text in COMMANDS.items())))
    if first in ("--version", "-V"):
        from assay.scanner.version import __version__

        return _print(f"assay {__version__}\n")
    if first not in COMMANDS:
        sys.stderr.write(f"assay: no command is named {first!r}; the commands are {', '.join(COMMANDS)}\n")
        return 2
    if first == "hook":
        from assay.scanner.hook import client

        code = client.main(argv[1:])
        if code is not None:
            return code
    import gc

    from assay.scanner.cli.guard import guarded

    # One command a process: what it makes is held to the end, and has hardly any cycles. Looking for some among the
    # hundreds of thousands of facts and findings of a large cluster would be a third of the work.
    gc.disable()
    return guarded(first, argv[1:])


def _print(text: str) -> int:
    """Writes to standard output; the exit code."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        from assay.scanner.cli.guard import drop_output

        drop_output()
        if isinstance(error, BrokenPipeError):
            return 0  # The reader has gone, as `head` does; there is nobody to tell.
        sys.stderr.write(f"assay: standard output: {error.strerror}\n")
        return 2
    return 0


def _end(code: int) -> "NoReturn":
    """Ends the process at once: to take apart what it made, object by object, would be an eighth of a short run."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # whoever wrote said it; None is a closed one
            continue
    os._exit(code)


def _leave_python_path() -> None:
    """Starts over without PYTHONPATH: it may name a tree that is being scanned, with an `assay` folder of its own."""
    if os.environ.get("PYTHONPATH") and not sys.flags.ignore_environment:
        from assay.scanner.engine.interpreter import isolation_flags

        command = [sys.executable, *isolation_flags(), "-m", "assay.scanner.cli.main", *sys.argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()
