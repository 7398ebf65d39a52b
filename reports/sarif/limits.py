"""Keeps a document within what code-scanning services take, and says what it left out.

GitHub: 25,000 results a run and 10 MB compressed. It also refuses several runs of one tool and category in a file
(github/codeql-action#3051), so a document that is too large is ranked and cut, not split into runs.
"""

import zlib
from collections.abc import Callable, Sequence

from assay.scanner.model.finding import SEVERITIES, Finding

MOST_RESULTS = 25_000
MOST_BYTES = 9_500_000
"""Compressed. A little under 10 MB, as the service's compressor isn't ours."""

_BLOCK, _SAMPLED = 1 << 16, 5
"""One block of so many is compressed to see whether the whole could be too large."""

Build = Callable[[Sequence[Finding], bool, Sequence[str]], bytes]
"""Failing findings, whether to show snippets, and what to say was left out → the document."""


def within_limits(
    failing: Sequence[Finding], build: Build, *, most_results: int = MOST_RESULTS, most_bytes: int = MOST_BYTES
) -> bytes:
    """The document, with all it can hold: first snippets go, then the least severe findings."""
    kept = most_severe(failing, most_results)
    document = build(kept, True, _left_out(failing, kept, snippets=True))
    size = compressed_size(document, most_bytes)
    if size <= most_bytes:
        return document
    while True:
        document = build(kept, False, _left_out(failing, kept, snippets=False))
        size = compressed_size(document, most_bytes)
        if size <= most_bytes or not kept:
            return document
        # Findings compress about alike, so this converges in a step or two; it always gets smaller.
        kept = most_severe(failing, min(int(len(kept) * most_bytes / size * 0.95), len(kept) - 1))


def most_severe(failing: Sequence[Finding], most: int) -> Sequence[Finding]:
    """At most that many, in the order given. Those that count come before suppressed ones, severe ones first."""
    if len(failing) <= most:
        return failing
    ranked = sorted(
        range(len(failing)),
        key=lambda index: (failing[index].suppressed is not None, SEVERITIES.index(failing[index].severity), index),
    )
    return [failing[index] for index in sorted(ranked[:most])]


def compressed_size(document: bytes, enough: int) -> int:
    """About the size after gzip, and never less where it matters: near the limit all of it is compressed.

    Compressing 45 MB takes as long as building them, so a document that is far from the limit is only sampled.
    """
    if len(document) <= enough:
        return len(document)
    sample = b"".join(document[start : start + _BLOCK] for start in range(0, len(document), _BLOCK * _SAMPLED))
    estimate = len(zlib.compress(sample, level=1)) * _SAMPLED
    return estimate if estimate < enough * 0.8 else len(zlib.compress(document, level=1))


def _left_out(failing: Sequence[Finding], kept: Sequence[Finding], *, snippets: bool) -> list[str]:
    said = []
    if len(kept) < len(failing):
        said.append(
            f"{len(failing)} findings fail, more than code-scanning services take: this file has the {len(kept)} most "
            "severe. The JSON report has all of them."
        )
    if not snippets:
        said.append("Source snippets were left out to keep this file under 10 MB compressed.")
    return said
