"""Runs a renderer that is installed here, in bounds of its own: time, memory, and what it may print or write."""

import os
import resource
import select
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence

from msgspec import Struct

MAX_OUTPUT = 64 << 20
_MAX_COMPLAINT = 20_000
_CHUNK_BYTES = 1 << 20


class ProgramError(Exception):
    """A program that did not end as it should; the text is one line that quotes nothing."""


class Ended(Struct, frozen=True, kw_only=True):
    """How a program ended by itself."""

    status: int
    output: bytes
    complaint: bytes
    """The beginning of its standard error. It may quote what the program read."""


def run_program(
    arguments: Sequence[str], environment: Mapping[str, str], seconds: float, memory: int, folder: str | None = None
) -> Ended:
    """Waits for its end. Raises ProgramError where it goes too far. What it starts itself ends with our own process."""

    def confine() -> None:
        lower_limit(resource.RLIMIT_AS, memory)
        lower_limit(resource.RLIMIT_FSIZE, MAX_OUTPUT)  # of its standard error, too

    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(
                arguments,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=complaints,
                preexec_fn=confine,
            )
        except (OSError, subprocess.SubprocessError):
            raise ProgramError("cannot be started") from None
        assert process.stdout is not None  # noqa: S101  # stdout=PIPE
        try:
            output = read_bounded(process.stdout.fileno(), seconds)
            status = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise ProgramError(f"takes longer than {seconds:.0f} seconds") from None
        finally:
            process.stdout.close()
            process.kill()
            process.wait()
        complaints.seek(0)
        return Ended(status=status, output=output, complaint=complaints.read(_MAX_COMPLAINT))


def read_bounded(reader: int, seconds: float) -> bytes:
    """Everything up to the end. Raises ProgramError where that is too much or takes too long."""
    answer = bytearray()
    deadline = time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([reader], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise ProgramError(f"takes longer than {seconds:.0f} seconds")
        chunk = os.read(reader, _CHUNK_BYTES)
        if not chunk:
            return bytes(answer)
        answer += chunk
        if len(answer) > MAX_OUTPUT:
            raise ProgramError(f"renders to more than {MAX_OUTPUT >> 20} MB")


def lower_limit(what: int, value: int) -> None:
    """Sets a soft limit, or leaves a hard one that is lower."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
