"""Chooses and arranges the failing findings: by file, within a file by resource, most severe first."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from assay.scanner.model.finding import SEVERITIES, Finding, Report, Severity

SHOWN_IN_FULL = 25
SHOWN_OF_A_RULE = 3
"""In full, of one rule, as long as other rules have something to show."""
NO_FILE = ""
"""Stands for the file of what was seen in a live account or cluster."""


class Block(Struct, frozen=True, kw_only=True):
    """The findings on one resource, most severe first."""

    address: str
    kind: str
    findings: tuple[Finding, ...]
    more: int
    """Failing findings on the same resource that aren't shown in full."""


class FileGroup(Struct, frozen=True, kw_only=True):
    """The blocks of one file."""

    path: str
    blocks: tuple[Block, ...]
    failing: int
    """All failing findings in the file, shown or not."""


def failing(report: Report) -> list[Finding]:
    """The failing findings that count, most severe first; of a change those that it brought or made worse."""
    found = [finding for finding in report.findings if finding.outcome == "fail" and finding.suppressed is None]
    if report.compared_with is not None:
        found = [finding for finding in found if finding.change != "existing"]
    return sorted(found, key=_rank)


def shown_in_full(ranked: Sequence[Finding], most: int | None) -> list[Finding]:
    """At most that many, most severe first, so chosen that a rule which fails everywhere doesn't hide the others."""
    if most is None or len(ranked) <= most:
        return list(ranked)
    seen: Counter[str] = Counter()
    first: list[int] = []
    later: list[int] = []
    for index, finding in enumerate(ranked):
        seen[finding.rule] += 1
        (first if seen[finding.rule] <= SHOWN_OF_A_RULE else later).append(index)
    return [ranked[index] for index in sorted((first + later)[:most])]


def by_file(shown: Iterable[Finding], ranked: Sequence[Finding]) -> list[FileGroup]:
    """The shown findings in groups. Files and resources stand in the order of their worst finding."""
    in_file = Counter(path_of(finding) for finding in ranked)
    on_resource = Counter((path_of(finding), finding.resource.address) for finding in ranked)
    files: dict[str, dict[str, list[Finding]]] = {}
    for finding in shown:
        files.setdefault(path_of(finding), {}).setdefault(finding.resource.address, []).append(finding)
    return [
        FileGroup(
            path=path,
            blocks=tuple(
                Block(
                    address=address,
                    kind=findings[0].resource.kind,
                    findings=tuple(findings),
                    more=on_resource[path, address] - len(findings),
                )
                for address, findings in blocks.items()
            ),
            failing=in_file[path],
        )
        for path, blocks in files.items()
    ]


def path_of(finding: Finding) -> str:
    """The file of a finding, or NO_FILE."""
    return finding.location.path if finding.location is not None else NO_FILE


def severity_counts(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many of each severity, most severe first; those that occur."""
    counts = Counter(finding.severity for finding in findings)
    return {severity: counts[severity] for severity in SEVERITIES if counts[severity]}


def _rank(finding: Finding) -> tuple[int, bool, str, int, str, str]:
    line = finding.location.start_line if finding.location is not None else None
    return (
        SEVERITIES.index(finding.severity),
        finding.change == "existing",
        path_of(finding),
        line or 0,
        finding.resource.address,
        finding.rule,
    )
