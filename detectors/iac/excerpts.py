"""The source lines that are shown with verdicts, read from the private copy and masked."""

from collections.abc import Iterable, Iterator

from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.redact import MASK, Masker
from assay.scanner.api import EngineVerdict, Excerpt, Resource

MAX_LINES = 12
"""Of one excerpt."""


def excerpts(
    verdicts: Iterable[EngineVerdict], resources: Iterable[Resource], copy: PrivateCopy, framework: str
) -> Iterator[Excerpt]:
    """One excerpt for each place that a verdict other than a pass, or a resource, speaks of, in order."""
    spoken_of = {verdict.location for verdict in verdicts if verdict.result != "pass"}
    for resource in resources:
        spoken_of |= {resource.location, *(fact.origin for fact in resource.facts.values())}
    places = {
        (place.path, place.start_line, place.end_line)
        for place in spoken_of
        if place is not None and place.start_line is not None
    }
    masker: Masker | None = None
    masked_path: str | None = None
    for path, start, end in sorted(places, key=lambda place: (place[0], place[1] or 0, place[2] or 0)):
        if path != masked_path:
            lines = copy.lines(path)
            masker, masked_path = (None if lines is None else Masker(lines)), path
        if masker is None or start is None:
            continue
        last = min(end or start, start + MAX_LINES - 1)
        # Every line that this framework speaks of holds a secret.
        shown = tuple(MASK for _ in range(start, last + 1)) if framework == "secrets" else masker.shown(start, last)
        if shown:
            yield Excerpt(path=path, start_line=start, lines=shown)
