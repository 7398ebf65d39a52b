"""Looks again where checkov crashed: finds the files at which it does, and looks at all others without them.

checkov's runners handle all files of a framework in one go, so one file takes the findings of all of them along. Each
try is a fork of its own, for which the files left out are not in the copy.
"""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from traceback import walk_tb
from types import TracebackType

from msgspec import Struct, json

from assay.detectors.iac.syntax import Fault
from assay.scanner.api import Record

MAX_TRIES = 60
"""A few culprits among thousands of files take about ten tries each."""
_ADVICE = "simplify it, then scan again"
_CHECKOV = f"{os.sep}checkov{os.sep}"

Attempt = Callable[[frozenset[str]], Iterable[Record]]
"""What is found with only these files."""
InHand = Callable[[TracebackType | None], str | None]
"""The file that was worked on when something was raised."""


class Crash(Struct, frozen=True, kw_only=True):
    """How a try ended early."""

    fault: Fault
    file: str | None = None
    """What was worked on, where that is known."""


class Pieces(Struct, frozen=True, kw_only=True):
    """What came of all tries."""

    records: tuple[Record, ...] = ()
    culprits: Mapping[str, Fault]
    """The files that could not be looked at."""
    apart: bool = False
    """Whether the others could only be looked at in groups, so that nothing is known of what spans them."""


class _Tries:
    def __init__(self, attempt: Attempt, in_hand: InHand, deadline: float) -> None:
        self._attempt = attempt
        self._in_hand = in_hand
        self._deadline = deadline
        self._left = MAX_TRIES

    def are_left(self) -> bool:
        return self._left > 0 and time.monotonic() < self._deadline

    def of(self, files: Iterable[str]) -> bytes | Crash:
        """What a try sends, one record a line."""
        self._left -= 1
        folder = tempfile.mkdtemp(prefix="try-")
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            self._answer(frozenset(files), folder, writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as answers:
            answer = answers.read()
        _, status = os.waitpid(child, 0)
        shutil.rmtree(folder, ignore_errors=True)
        whole, _, end = answer.rpartition(b"\n")
        if os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            return Crash(fault=Fault(reason=f"checkov is ended by {name} at it", advice=_ADVICE))
        if end == b"+":
            return whole
        try:
            return json.decode(end, type=Crash)
        except ValueError:
            return Crash(fault=Fault(reason="checkov ends at it without a word", advice=_ADVICE))

    def _answer(self, files: frozenset[str], folder: str, writer: int) -> None:
        """In the child, which ends here: a line for each record, then `+` or the crash."""
        tempfile.tempdir = folder
        os.environ["TMPDIR"] = folder
        try:
            with os.fdopen(writer, "wb", buffering=1 << 16) as out:
                try:
                    for record in self._attempt(files):
                        out.write(json.encode(record) + b"\n")
                    out.write(b"\n+")
                except BaseException as error:  # noqa: BLE001  # a fork must not return into its parent's code
                    crash = Crash(fault=_fault(error), file=self._in_hand(error.__traceback__))
                    out.write(b"\n" + json.encode(crash))
        finally:
            os._exit(0)


def look_in_pieces(files: Sequence[str], attempt: Attempt, in_hand: InHand, seconds: float) -> Pieces:
    """Everything that can be found. After `seconds` nothing more is divided, and what still crashes is given up."""
    tries = _Tries(attempt, in_hand, time.monotonic() + seconds)
    culprits: dict[str, Fault] = {}
    rest = sorted(files)
    while True:
        found = tries.of(rest)
        if isinstance(found, bytes):
            return Pieces(records=_records([found]), culprits=culprits)
        # Most crashes tell what they happen at; that it crashes by itself proves it.
        if found.file not in rest or not tries.are_left():
            break
        alone = tries.of([found.file])
        if isinstance(alone, bytes):
            break
        culprits[found.file] = alone.fault
        rest = [file for file in rest if file != found.file]
    sound = _divide(rest, found, tries, culprits)
    together = tries.of([file for file in rest if file not in culprits])
    if isinstance(together, bytes):
        return Pieces(records=_records([together]), culprits=culprits)
    return Pieces(records=_records(sound), culprits=culprits, apart=True)


def _divide(files: Sequence[str], crash: Crash, tries: _Tries, culprits: dict[str, Fault]) -> list[bytes]:
    """What is found in the groups that don't crash. Adds the single files that do to the culprits."""
    sound: list[bytes] = []
    waiting = [(files, crash)]
    while waiting:
        group, why = waiting.pop(0)
        if len(group) == 1 or not tries.are_left():
            culprits.update(dict.fromkeys(group, why.fault))
            continue
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            found = tries.of(half)
            if isinstance(found, bytes):
                sound.append(found)
            else:
                waiting.append((half, found))
    return sound


def _records(sent: Iterable[bytes]) -> tuple[Record, ...]:
    decoder = json.Decoder(Record)
    return tuple(decoder.decode(line) for lines in sent for line in lines.splitlines() if line)


def _fault(error: BaseException) -> Fault:
    if isinstance(error, MemoryError):
        return Fault(reason="it takes more memory than a part of the scan may have", advice=_ADVICE)
    if isinstance(error, RecursionError):
        return Fault(reason="it is nested too deeply for checkov", advice=_ADVICE)
    frames = list(walk_tb(error.__traceback__))
    place = f" ({Path(frames[-1][0].f_code.co_filename).name}:{frames[-1][1]})" if frames else ""
    if any(_CHECKOV in frame.f_code.co_filename for frame, _ in frames):
        return Fault(reason=f"checkov crashes at it{place}", advice=_ADVICE)
    return Fault(reason=f"Assay crashes at it{place}", advice="report this mistake of ours")
