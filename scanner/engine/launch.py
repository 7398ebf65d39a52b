"""Starts a detector's host process, unless everything that it would say is known."""

import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from assay.scanner.cache.circumstances import PASSED_VARIABLES
from assay.scanner.cache.looks import Trace
from assay.scanner.engine import credentials, protocol
from assay.scanner.engine.interpreter import isolation_flags
from assay.scanner.engine.receive import Observed, Receiver, Watchdog, decode_record
from assay.scanner.model.detector import DetectorOutcome, DetectorSpec, Tree
from assay.scanner.model.resource import Failure


class Started(Protocol):
    """A host that runs, in a process group of its own."""

    pid: int

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        ...

    def wait(self) -> int:
        """Waits for its end."""
        ...


Start = Callable[[Mapping[str, str], str, int, int, int], Started]
"""Starts a host: with its environment, its folder, and the descriptors of its standard input, of where its answers go,
and of its log."""


class HostProcess:
    """One detector's host; `stop` may be called from another thread."""

    def __init__(
        self,
        spec: DetectorSpec,
        tree: Tree,
        only: tuple[str, ...],
        skip: tuple[str, ...],
        jobs: int,
        start: Start | None = None,
        trace: Trace | None = None,
    ) -> None:
        """`trace` is what is known of the tree; None: everything is looked at."""
        self._spec = spec
        self._tree = tree
        self._only = only
        self._skip = skip
        self._jobs = jobs
        self._begin = start or _spawn
        self._trace = trace
        self._process: Started | None = None

    @property
    def id(self) -> str:
        """The detector's id."""
        return self._spec.id

    def run(self, doing: Callable[[str], None] = lambda _: None) -> Observed:
        """Runs it to its end. Every way it can fail is in the outcome and in Failure records.

        `doing` is called with what it says that it is at.
        """
        if self._trace is not None and (known := self._trace.whole()) is not None:
            outcome, lines = known
            return Observed(outcome=outcome, records=tuple(map(decode_record, lines)))
        # Nor imported by whoever finds that nothing has changed.
        import shutil
        import tempfile

        try:
            scratch = tempfile.mkdtemp(prefix="assay-")
        except OSError as error:
            return self._failed(f"no temporary folder can be made: {error.strerror}; set TMPDIR to one with space")
        try:
            return self._run(scratch, doing)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def stop(self) -> None:
        """Kills the host and everything that it started."""
        if self._process is not None and self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                # It has not made its group yet.
                with suppress(ProcessLookupError):
                    os.kill(self._process.pid, signal.SIGKILL)

    def _run(self, scratch: str, doing: Callable[[str], None]) -> Observed:
        job = protocol.Job(
            spec=self._spec,
            tree=self._tree,
            skip=self._skip,
            only=self._only,
            jobs=self._jobs,
            scratch=scratch,
            asks=self._trace is not None,
        )
        given, questions = os.pipe()
        reader, writer = os.pipe()
        with (
            os.fdopen(questions, "wb") as told,
            os.fdopen(reader, "rb") as answers,
            Path(scratch, "host.log").open("wb") as log,
        ):
            try:
                environment = _environment(scratch, self._spec)
                self._process = self._begin(environment, scratch, given, writer, log.fileno())
            finally:
                os.close(writer)
                os.close(given)
            try:

                def tell(line: bytes) -> None:
                    told.write(line + b"\n")
                    told.flush()

                with suppress(BrokenPipeError):  # It ended before reading; the missing frames tell.
                    tell(protocol.encode(job))
                watchdog = Watchdog(self.stop)
                receiver = Receiver(
                    self._spec,
                    self._tree,
                    watchdog,
                    self._trace,
                    lambda known: tell(protocol.encode(known)),
                    doing,
                )
                return receiver.receive(answers)
            finally:
                self.stop()
                self._process.wait()

    def _failed(self, reason: str) -> Observed:
        outcome = DetectorOutcome(id=self._spec.id, status="failed", reason=reason)
        return Observed(outcome=outcome, records=(Failure(detector=self._spec.id, part=self._spec.id, reason=reason),))


def _spawn(environment: Mapping[str, str], folder: str, given: int, writer: int, log: int) -> Started:
    """A new interpreter."""
    import subprocess

    return subprocess.Popen(
        [sys.executable, *isolation_flags(), "-m", "assay.scanner.engine.host", str(writer)],
        stdin=given,
        stdout=log,
        stderr=log,
        pass_fds=(writer,),
        env=environment,
        cwd=folder,
        start_new_session=True,
    )


def _environment(scratch: str, spec: DetectorSpec) -> Mapping[str, str]:
    log_in = credentials.environment() if "credentials" in spec.capabilities else {}
    kept = {name: os.environ[name] for name in PASSED_VARIABLES if name in os.environ}
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
