"""The cluster detector: what runs in live clusters, read through their APIs, one part for each context."""

import gc
import importlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from assay.detectors.cluster.live import pages, telling
from assay.detectors.cluster.live.connection import Connection, NotConnected
from assay.detectors.cluster.live.kubeconfig import connect
from assay.detectors.cluster.live.limits import Limits
from assay.detectors.cluster.live.reader import read
from assay.detectors.cluster.resources import resources
from assay.detectors.cluster.table import APIS
from assay.scanner.api import Emit, Part, Plan, Remote, Tree
from assay.scanner.safe.text import one_line

_PACKAGES = ("kubernetes.client", "kubernetes.config", "yaml")
_MORE_SECONDS = 180.0
"""What a part may take for stating facts, besides reading."""


class ClusterDetector:
    """States what the APIs of clusters tell. Reads, and asks what it may read, and changes nothing."""

    def __init__(self, limits: Limits | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._limits = limits or Limits()
        self._environ = environ

    def plan(self, tree: Tree) -> Plan:
        """A part for each context, the first of them by the surface's name, with which the others go."""
        names = tree.remote.names if tree.remote else ()
        if not names:
            return Plan(reason="no cluster was named")
        seconds = self._limits.seconds + self._limits.log_in_seconds + _MORE_SECONDS
        first, *others = dict.fromkeys(names)
        parts = [Part(id=telling.DETECTOR, options={"context": first}, seconds=seconds)]
        for number, name in enumerate(others, 2):
            shown = one_line(name, 100) or str(number)
            taken = any(part.id == f"{telling.DETECTOR}:{shown}" for part in parts)
            part_id = f"{telling.DETECTOR}:{shown}{f' ({number})' if taken else ''}"
            parts.append(Part(id=part_id, of=telling.DETECTOR, options={"context": name}, seconds=seconds))
        return Plan(parts=tuple(parts))

    def preload(self, parts: Sequence[Part]) -> None:  # noqa: ARG002  # all parts need the same
        """Imports what reads and states."""
        pages.prepare(APIS)
        with suppress(ImportError):  # Where the package isn't installed, each part says so.
            for package in _PACKAGES:
                importlib.import_module(package)

    def observe(self, tree: Tree, part: Part, emit: Emit) -> None:
        """Reads one cluster. What can't be read is in failures, in listings, and in the facts that rest on it."""
        remote = tree.remote or Remote(names=())
        with _collector_paused():
            try:
                connection = self._connect(str(part.options["context"]))
            except NotConnected as error:
                emit(telling.failure(part.id, str(error)))
                return
            if not part.options["context"] and connection.name in remote.names:
                return  # The current context was named as well, and is another part's.
            try:
                self._read(connection, remote, part, emit)
            except NotConnected as error:
                emit(telling.failure(part.id, str(error)))

    def _read(self, connection: Connection, remote: Remote, part: Part, emit: Emit) -> None:
        reading = read(connection, remote.kinds, remote.narrowed.namespaces, self._limits)
        for text in reading.failures:
            emit(telling.failure(part.id, f"context {connection.name}: {text}"))
        for listed in reading.listed:
            for failure in telling.failures(listed, connection, part.id):
                emit(failure)
        for resource in resources(reading.objects):
            if remote.kinds is None or resource.kind in remote.kinds:
                emit(resource)
        # Last: what is cut short above must not look as if everything had been stated.
        for listed in reading.listed:
            emit(telling.listing(listed, connection, remote.kinds, remote.narrowed.namespaces))

    def _connect(self, context: str) -> Connection:
        """As `connect`, and within its time: the log-in program that a kubeconfig names may wait for a person."""
        found: list[Connection | Exception] = []

        def look() -> None:
            try:
                found.append(connect(context, self._environ))
            except ImportError:
                found.append(NotConnected("live clusters need a package; pip install 'assay-scanner[cluster]'"))
            except NotConnected as error:
                found.append(error)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        thread.join(self._limits.log_in_seconds)
        if not found and thread.is_alive():
            raise NotConnected(
                f"context {one_line(context, 200) or '(current)'}: logging in took more than "
                f"{self._limits.log_in_seconds:.0f} s; run `kubectl get namespaces` once, and then again"
            )
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Decoded objects hold no cycles, and looking for them takes more than half of the time of decoding."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
