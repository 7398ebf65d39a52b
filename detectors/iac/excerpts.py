"""The source lines that are shown with verdicts, read from the private copy and masked."""

from collections.abc import Iterable, Iterator

from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.redact import MASK, Masker
from assay.scanner.api import EngineVerdict, Excerpt

MAX_LINES = 12
"""Of one excerpt."""


def excerpts(verdicts: Iterable[EngineVerdict], copy: PrivateCopy, framework: str) -> Iterator[Excerpt]:
    """One excerpt for each place that a verdict other than a pass speaks of, in order."""
    places = {
        (verdict.location.path, verdict.location.start_line, verdict.location.end_line)
        for verdict in verdicts
        if verdict.result != "pass" and verdict.location is not None and verdict.location.start_line is not None
    }
    masker: Masker | None = None
    masked_path: str | None = None
    for path, start, end in sorted(places):
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
