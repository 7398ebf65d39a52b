"""The detector of exports: what clouds say of themselves in files, one part for each file or folder that was named."""

import importlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from assay.detectors.assets import age, blocks
from assay.detectors.assets.files import ENDINGS, Place, places
from assay.detectors.assets.gathering import Export, Trouble, cut_off, finish, gather
from assay.scanner.api import Emit, Failure, Location, Part, Plan, Tree
from assay.scanner.safe.text import one_line

DETECTOR = "asset"
_SECONDS = 3600.0
_STATING = ("azure_ai", "azure_database", "azure_identity", "azure_network", "azure_storage", "gcp_ai", "gcp_iam")


class AssetsDetector:
    """States what exports tell. Reads files, and nothing else."""

    def __init__(self, now: datetime | None = None) -> None:
        self._now = now or datetime.now(UTC)

    def plan(self, tree: Tree) -> Plan:
        """All files of what was named are one export, since resources and policies come in files of their own."""
        names = tree.remote.names if tree.remote else ()
        if not names:
            return Plan(reason="no export was named")
        return Plan(parts=(Part(id=DETECTOR, seconds=_SECONDS),), files=sum(1 for _ in places(names)))

    def preload(self, parts: Sequence[Part]) -> None:  # noqa: ARG002  # all parts need the same
        """Imports what states."""
        for module in _STATING:
            importlib.import_module(f"assay.detectors.cloud.{module}")

    def observe(self, tree: Tree, part: Part, emit: Emit) -> None:
        """Reads the files to their end. What of them can't be read is in failures, by file and line."""
        names = tree.remote.names if tree.remote else ()
        export, wanted = Export(), list(places(names))
        for place in wanted:
            if place.amiss:
                emit(_failure(part, place.shown, Trouble(None, place.amiss)))
                continue
            for trouble in gather(export, place.path, must_be_one=place.itself or len(wanted) == 1):
                emit(_failure(part, place.shown, trouble))
        finish(export)
        shown = one_line(", ".join(Path(name).name for name in names), 200)
        for said in _amiss(export, wanted):
            emit(Failure(detector=DETECTOR, part=part.id, reason=f"{shown}: {said}"))
        for resource in age.facts(export, shown, self._now):
            emit(resource)
        for resource in blocks.resources(export, tree.remote.kinds if tree.remote else None):
            emit(resource)


def _amiss(export: Export, wanted: Sequence[Place]) -> Iterator[str]:
    """What is wrong with the export as a whole."""
    if not wanted:
        yield f"no file in it ends in {', '.join(ENDINGS[:3])} or these with .gz; name the export itself"
    elif not export.counts and len(wanted) > 1:
        yield f"none of its {len(wanted)} files holds assets"
    if cut_off(export):
        yield "the answer is cut off, and no further page is here; ask for the pages that follow, by --skip-token"


def _failure(part: Part, name: str, trouble: Trouble) -> Failure:
    place = f"{name}:{trouble.line}" if trouble.line else name
    return Failure(
        detector=DETECTOR,
        part=part.id,
        reason=one_line(f"{place}: {trouble.reason}"),
        location=Location(path=name, start_line=trouble.line, end_line=trouble.line),
    )
