"""Runs work that can't be interrupted from within, such as a compiled expression, in a fork that a timer kills.

It is CPU time that is limited, as a busy machine isn't the work's fault.
"""

import os
import resource
import signal
from collections.abc import Callable
from pathlib import Path

MORE_BYTES = 2 << 30
"""Of address space that the work may take besides what the process has, most of which is only reserved."""


class TimeLimitError(Exception):
    """The work took too long, or ended without an answer."""


def limited(work: Callable[[], bytes], seconds: float) -> bytes:
    """What the work returns. Raises TimeLimitError. For a process without other threads at work."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os._exit(_answer(work, writer, seconds))
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        sent = stream.read()
    _, status = os.waitpid(child, 0)
    if status == 0:
        return sent
    if took_too_long(status):
        raise TimeLimitError(f"took longer than {seconds:g} s")
    raise TimeLimitError("ended before it was done")


def start_timer(seconds: float) -> None:
    """Has this process killed once it has used so much CPU time from now on; 0: not any more."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def took_too_long(status: int) -> bool:
    """Whether a child's wait status says that its timer killed it."""
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGPROF


def settle_fork() -> None:
    """For a fork that runs strangers' work: bounds its memory, and lets it say nothing when it dies."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = _address_space() + MORE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 2)
    os.close(silent)


def _address_space() -> int:
    """In bytes; where the system doesn't tell, as much as no ordinary process has."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 1 << 36


def _answer(work: Callable[[], bytes], writer: int, seconds: float) -> int:
    try:
        settle_fork()
        start_timer(seconds)
        sent = work()
        with os.fdopen(writer, "wb") as stream:
            stream.write(sent)
    except BaseException:  # noqa: BLE001  # a fork must not return into its parent's code
        return 1
    return 0
