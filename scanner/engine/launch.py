"""Starts a detector's host process and takes what it sends; nothing from it is trusted."""

import os
import shutil
import signal
import subprocess  # each detector runs in a process of its own
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from assay.scanner.engine import credentials, protocol
from assay.scanner.engine.interpreter import isolation_flags
from assay.scanner.kinds import registry
from assay.scanner.model.detector import DetectorOutcome, DetectorSpec, Tree
from assay.scanner.model.resource import Failure, Record, Resource
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import is_inside

_decode_record = msgspec.json.Decoder(Record).decode
_PASSED_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ")
"""The only variables of the user's environment that a detector sees, besides what its spec grants."""


class Observed(Struct, frozen=True, kw_only=True):
    """Everything one detector gave."""

    outcome: DetectorOutcome
    records: tuple[Record, ...]


class HostProcess:
    """One detector's host; `stop` may be called from another thread."""

    def __init__(self, spec: DetectorSpec, tree: Tree, only: tuple[str, ...], skip: tuple[str, ...], jobs: int) -> None:
        self._spec = spec
        self._tree = tree
        self._only = only
        self._skip = skip
        self._jobs = jobs
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def id(self) -> str:
        """The detector's id."""
        return self._spec.id

    def run(self) -> Observed:
        """Runs it to its end. Every way it can fail is in the outcome and in Failure records."""
        try:
            scratch = tempfile.mkdtemp(prefix="assay-")
        except OSError as error:
            return self._failed(f"no temporary folder can be made: {error.strerror}; set TMPDIR to one with space")
        try:
            return self._run(scratch)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def stop(self) -> None:
        """Kills the host and everything that it started."""
        if self._process is not None and self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def _run(self, scratch: str) -> Observed:
        job = protocol.Job(
            spec=self._spec, tree=self._tree, skip=self._skip, only=self._only, jobs=self._jobs, scratch=scratch
        )
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb") as answers, Path(scratch, "host.log").open("wb") as log:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, *isolation_flags(), "-m", "assay.scanner.engine.host", str(writer)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    pass_fds=(writer,),
                    env=_environment(scratch, self._spec),
                    cwd=scratch,
                    start_new_session=True,
                )
            finally:
                os.close(writer)
            try:
                assert self._process.stdin is not None  # noqa: S101  # stdin=PIPE
                try:
                    self._process.stdin.write(protocol.encode(job))
                    self._process.stdin.close()
                except BrokenPipeError:
                    pass  # It ended before reading; the missing frames tell.
                return _Receiver(self._spec, self._tree.remote is not None, Watchdog(self.stop)).receive(answers)
            finally:
                self.stop()
                self._process.wait()

    def _failed(self, reason: str) -> Observed:
        outcome = DetectorOutcome(id=self._spec.id, status="failed", reason=reason)
        return Observed(outcome=outcome, records=(Failure(detector=self._spec.id, part=self._spec.id, reason=reason),))


PLAN_SECONDS = 300.0
"""How long a host may take to plan, and again to import and copy what its parts need."""
MOST_SECONDS = 24 * 3600.0


class Watchdog:
    """Stops a host that takes too long, whatever it does; it can't be argued with from inside the host."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._timer: threading.Timer | None = None
        self.fired = False
        self.seconds = 0.0

    def allow(self, seconds: float) -> None:
        """From now on, this long."""
        self.stop()
        self.seconds = seconds
        self._timer = threading.Timer(seconds, self._fire)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        """Goes back to sleep."""
        if self._timer is not None:
            self._timer.cancel()

    def _fire(self) -> None:
        self.fired = True
        self._stop()


class _Receiver:
    def __init__(self, spec: DetectorSpec, remote: bool, watchdog: "Watchdog") -> None:
        self._spec = spec
        self._remote = remote
        self._watchdog = watchdog
        self._records: list[Record] = []
        self._planned: tuple[str, ...] | None = None
        self._plan_reason: str | None = None
        self._done: set[str] = set()
        self._failures: list[str] = []
        self._isolation = "none"
        self._files: int | None = None
        self._left_out: tuple[str, ...] = ()
        self._learnt_nothing: dict[str, str] = {}
        """Part → why."""
        self._started = time.monotonic()

    def receive(self, answers: BinaryIO) -> Observed:
        self._watchdog.allow(PLAN_SECONDS)
        try:
            ended = self._read_frames(answers)
        except (msgspec.DecodeError, ValueError, EOFError) as error:
            ended = False
            self._fail(self._spec.id, f"sent garbage ({type(error).__name__}); what followed is lost")
        self._watchdog.stop()
        if self._watchdog.fired:
            self._fail(self._spec.id, f"took longer than {self._watchdog.seconds:.0f} s and was stopped")
        elif not ended and not self._failures:
            self._fail(self._spec.id, "ended before it was done")
        for part in self._planned or ():
            if part not in self._done and not ended:
                self._fail(part, "was not looked at: the detector's process ended first")
        for part in (self._spec.id,) if self._planned is None else self._planned:
            if part not in self._done and self._failures:
                self._learnt_nothing[part] = self._failures[0]
        return Observed(outcome=self._outcome(), records=tuple(self._records))

    def _read_frames(self, answers: BinaryIO) -> bool:
        while line := answers.readline(protocol.MAX_FRAME):
            match protocol.decode_frame(line):
                case protocol.Started(isolation=isolation):
                    self._isolation = one_line(isolation, 60)
                case protocol.Planned(parts=parts, seconds=seconds, reason=reason) as plan:
                    self._planned, self._plan_reason = parts, one_line(reason) if reason else None
                    self._files, self._left_out = plan.files, plan.left_out
                    self._watchdog.allow(PLAN_SECONDS + min(seconds, MOST_SECONDS))
                case protocol.PartDone() as done:
                    self._take_part(done, answers)
                case protocol.Broken(reason=reason):
                    self._fail(self._spec.id, one_line(reason))
                    return False
                case protocol.End():
                    return self._done == set(self._planned or ())
        return False

    def _take_part(self, done: protocol.PartDone, answers: BinaryIO) -> None:
        if done.bytes > self._spec.output_bytes or done.bytes < 0:
            raise ValueError("a part claims more than it may send")
        if done.id not in (self._planned or ()) or done.id in self._done:
            raise ValueError("a part that was not planned")
        payload = answers.read(done.bytes)
        if len(payload) < done.bytes:
            raise EOFError
        self._done.add(done.id)
        before = len(self._records)
        for line in payload.splitlines():
            try:
                record = _decode_record(line)
                self._check(record)
            except (msgspec.DecodeError, registry.KindError, ValueError) as error:
                self._fail(done.id, f"sent a record that is not valid: {one_line(str(error))}")
                break
            self._records.append(record)
        if done.failure:
            self._fail(done.id, one_line(done.failure))
        brought = self._records[before:]
        whole = [one.reason for one in brought if isinstance(one, Failure) and one.location is None]
        if whole and len(whole) == len(brought):
            self._learnt_nothing[done.id] = whole[0]

    def _check(self, record: Record) -> None:
        if isinstance(record, Resource):
            registry.check(record)
        path = getattr(record, "path", None) or getattr(getattr(record, "location", None), "path", None)
        if path is not None and not is_inside(path):
            raise ValueError("a path that leaves the target")

    def _fail(self, part: str, reason: str) -> None:
        self._failures.append(f"{part} {reason}" if part != self._spec.id else reason)
        self._records.append(Failure(detector=self._spec.id, part=part, reason=reason))

    def _unseen(self) -> Sequence[str]:
        """What the parts say that they could not look at: files by their number, as each has a finding of its own."""
        failed = [record for record in self._records if isinstance(record, Failure)]
        files = {record.location.path for record in failed if record.location}
        told = [f"{len(files)} {'file' if len(files) == 1 else 'files'} could not be looked at"] if files else []
        # Those of the engine itself have their words already.
        own = set(self._failures)
        rest = [
            record
            for record in failed
            if record.location is None and not own & {f"{record.part} {record.reason}", record.reason}
        ]
        return [*told, *dict.fromkeys(self._together(rest))]

    def _together(self, failures: Sequence[Failure]) -> Iterator[str]:
        """A line for all failures that differ only in what could not be looked at."""
        alike: dict[tuple[str, str, str], list[str]] = {}
        for one in failures:
            before, what, after = one.reason.partition(one.what) if one.what else (one.reason, "", "")
            alike.setdefault((one.part, before, after), []).append(what)
        for (part, before, after), named in alike.items():
            said = one_line(f"{before}{', '.join(dict.fromkeys(named))}{after}", 4000)
            yield said if part == self._spec.id else f"{part}: {said}"

    def _unreached(self) -> tuple[str, ...]:
        """Each context of a cluster is a target; the files of all paths are one, of which each part sees something."""
        nothing = self._learnt_nothing
        if not self._remote and len(nothing) < len(self._planned or ()):
            return ()
        return tuple(one_line(reason) for reason in dict.fromkeys(nothing.values()))

    def _outcome(self) -> DetectorOutcome:
        reason: str | None
        unseen = self._unseen()
        if self._failures:
            status = "partial" if self._done else "failed"
            reason = "; ".join([*self._failures, *unseen])
        elif unseen:
            status = "partial" if len(self._learnt_nothing) < len(self._planned or ()) else "failed"
            reason = "; ".join(unseen)
        elif not self._planned:
            status, reason = "skipped", self._plan_reason or "nothing here for it to look at"
        else:
            status, reason = "ok", None
        if self._left_out:
            told = f"left out: {', '.join(one_line(part, 60) for part in self._left_out)}"
            reason = f"{reason}; {told}" if reason else told
        return DetectorOutcome(
            id=self._spec.id,
            status=status,  # type: ignore[arg-type]  # one of the four literals above
            reason=reason,
            resources=sum(isinstance(record, Resource) for record in self._records),
            seconds=round(time.monotonic() - self._started, 3),
            files=self._files,
            left_out=tuple(one_line(part, 60) for part in self._left_out),
            unreached=self._unreached(),
            isolation=self._isolation,
        )


def _environment(scratch: str, spec: DetectorSpec) -> Mapping[str, str]:
    log_in = credentials.environment() if "credentials" in spec.capabilities else {}
    kept = {name: os.environ[name] for name in _PASSED_VARIABLES if name in os.environ}
    return {
        "LANG": "C.UTF-8",
        **kept,
        "HOME": scratch,
        "TMPDIR": scratch,
        "XDG_CACHE_HOME": scratch,
        "XDG_CONFIG_HOME": scratch,
        # Sets iterate in the same order in every run, so that an engine's own loose ends cannot show.
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        **log_in,
    }
