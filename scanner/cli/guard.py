"""The one place where errors become exit codes: wrong use, an interruption, a closed pipe, a bug of ours."""

import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from assay.scanner.errors import UsageError
from assay.scanner.safe.text import one_line

EXIT_USAGE, EXIT_BUG, EXIT_INTERRUPTED = 2, 4, 130


def guarded(command: str, argv: list[str]) -> int:
    """Runs `assay.scanner.cli.<command>.run(argv)`; the exit code."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)
    try:
        code = int(import_module(f"assay.scanner.cli.{command}").run(argv))
        sys.stdout.flush()
    except UsageError as error:
        _say(f"assay: {one_line(str(error), 2000)}")
        return EXIT_USAGE
    except KeyboardInterrupt:
        _say("assay: interrupted; nothing was written")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does; there is nobody to tell.
        drop_output()
        return 0
    except SystemExit as error:
        # argparse ends so: 0 after --help, 2 for wrong use.
        return error.code if isinstance(error.code, int) else EXIT_USAGE
    except OSError as error:
        drop_output()
        where = f"{error.filename}: " if error.filename else ""
        _say(
            f"assay: {one_line(f'{where}{error.strerror or error}', 2000)}; free space or mend the path, and run again"
        )
        return EXIT_USAGE
    except Exception:  # noqa: BLE001  # a bug of ours: kept for a report, never shown as a traceback
        _say(f"assay: a bug of ours; please report it with {_trace_file()}")
        return EXIT_BUG
    return code


def drop_output() -> None:
    """What is still buffered goes nowhere, so that Python doesn't complain of it at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(*_: object) -> NoReturn:
    # A cancelled CI job ends as Ctrl-C does: children stopped, nothing left behind.
    raise KeyboardInterrupt


def _trace_file() -> str:
    # Few runs have a bug to tell of, and none should wait for what that takes.
    import tempfile
    import traceback

    text = traceback.format_exc()
    try:
        handle, path = tempfile.mkstemp(prefix="assay-trace-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except OSError:
        return "this line: " + one_line(text.strip().splitlines()[-1])
    return path


def _say(line: str) -> None:
    try:
        sys.stderr.write(line + "\n")
    except OSError:
        return
