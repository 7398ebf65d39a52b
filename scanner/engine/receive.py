"""Takes what a detector's host sends; nothing from it is trusted."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import BinaryIO

import msgspec
from msgspec import Struct

from assay.scanner.cache.looks import Trace, may_be_kept
from assay.scanner.engine import protocol
from assay.scanner.kinds import registry
from assay.scanner.model.detector import DetectorOutcome, DetectorSpec, Tree
from assay.scanner.model.resource import Excerpt, Failure, InlineWaiver, Record, Resource
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import is_inside

decode_record = msgspec.json.Decoder(Record).decode


class Observed(Struct, frozen=True, kw_only=True):
    """Everything one detector gave."""

    outcome: DetectorOutcome
    records: tuple[Record, ...]


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


class Receiver:
    """Puts together what one host sends and what is known already."""

    def __init__(
        self,
        spec: DetectorSpec,
        tree: Tree,
        watchdog: Watchdog,
        trace: Trace | None = None,
        answer: Callable[[protocol.Known], None] | None = None,
        doing: Callable[[str], None] = lambda _: None,
    ) -> None:
        """With a `trace`, a plan is answered with what is known of it, and what comes is kept. `doing` is told what the
        parts are at."""
        self._spec = spec
        self._remote = tree.remote is not None
        self._only = tree.only
        self._elsewhere: set[str] = set()
        self._watchdog = watchdog
        self._trace = trace
        self._answer = answer
        self._doing = doing
        self._plan: protocol.Planned | None = None
        self._known: dict[str, tuple[str, ...]] = {}
        """Part → the files of which it needn't look."""
        self._kept = True
        """Everything so far could be kept."""
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
        """Reads to the end."""
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
        observed = Observed(outcome=self._outcome(), records=tuple(self._records))
        if self._trace and self._plan and self._plan.read and self._kept and ended and not self._failures:
            self._trace.keep_whole(self._plan.read, observed.outcome, observed.records)
        return observed

    def _read_frames(self, answers: BinaryIO) -> bool:
        while line := answers.readline(protocol.MAX_FRAME):
            match protocol.decode_frame(line):
                case protocol.Started(isolation=isolation):
                    self._isolation = one_line(isolation, 60)
                case protocol.Planned(parts=parts, seconds=seconds, reason=reason) as plan:
                    self._planned, self._plan_reason = parts, one_line(reason) if reason else None
                    self._files, self._left_out = plan.files, plan.left_out
                    self._watchdog.allow(PLAN_SECONDS + min(seconds, MOST_SECONDS))
                    self._recall(plan)
                case protocol.Doing(text=text):
                    self._doing(one_line(text, 200))
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
        found: list[tuple[bytes, Record]] = []
        for line in payload.splitlines():
            try:
                record = decode_record(line)
                self._check(record)
            except (msgspec.DecodeError, registry.KindError, ValueError) as error:
                self._fail(done.id, f"sent a record that is not valid: {one_line(str(error))}")
                self._kept = False
                break
            found.append((line, record))
        brought = [record for _, record in found]
        brought = self._take(brought)
        if done.failure:
            self._fail(done.id, one_line(done.failure))
        elif self._trace is not None and self._kept:
            self._kept = not done.again and self._keep(self._trace, done.id, found)
        whole = [one.reason for one in brought if isinstance(one, Failure) and one.location is None]
        if whole and len(whole) == len(brought):
            self._learnt_nothing[done.id] = whole[0]

    def _take(self, records: Iterable[Record]) -> list[Record]:
        """Those that count; where files were named, what failed in others is only told."""
        kept: list[Record] = []
        for record in records:
            if self._only is not None and isinstance(record, Failure) and _path_of(record) not in ("", *self._only):
                self._elsewhere.add(one_line(record.reason))
            else:
                kept.append(record)
        self._records += kept
        return kept

    def _recall(self, plan: protocol.Planned) -> None:
        """Takes what is known of the plan's parts, and tells the host."""
        if self._trace is None or self._answer is None:
            return
        self._plan = plan
        known: list[str] = []
        for part, key in plan.keys.items():
            lines = self._trace.part(part, key)
            if lines is not None:
                known.append(part)
                self._take(map(decode_record, lines))
        for part, keys in plan.file_keys.items():
            found = {path: lines for path, key in keys.items() if (lines := self._trace.part(part, key)) is not None}
            self._known[part] = tuple(found)
            self._take(decode_record(line) for lines in found.values() for line in lines)
            if keys and len(found) == len(keys):
                known.append(part)
        self._done.update(known)
        with suppress(BrokenPipeError):  # It has ended; the missing frames tell.
            self._answer(protocol.Known(parts=tuple(known), files=self._known))

    def _keep(self, trace: Trace, part: str, found: Sequence[tuple[bytes, Record]]) -> bool:
        """Whether all of it could be kept."""
        plan = self._plan
        if plan is None or not may_be_kept(record for _, record in found):
            return False
        if part in plan.keys:
            trace.keep_part(part, plan.keys[part], [line for line, _ in found])
            return True
        keys = plan.file_keys.get(part, {})
        by_file: dict[str, list[bytes]] = {path: [] for path in keys if path not in self._known[part]}
        for line, record in found:
            path = _path_of(record)
            if path not in by_file:
                return False
            by_file[path].append(line)
        for path, lines in by_file.items():
            trace.keep_part(part, keys[path], lines)
        return bool(keys)

    def _check(self, record: Record) -> None:
        if isinstance(record, Resource):
            registry.check(record)
        path = _path_of(record)
        if path and not is_inside(path):
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
            elsewhere=tuple(sorted(self._elsewhere)),
            unreached=self._unreached(),
            isolation=self._isolation,
        )


def _path_of(record: Record) -> str:
    """Empty where it is of no file."""
    place = record if isinstance(record, Excerpt | InlineWaiver) else record.location
    return place.path if place is not None else ""
