"""Shows failing findings: the lines they are about once, and below them what is wrong, what it breaks and the fix."""

from collections import Counter
from collections.abc import Sequence

from assay.reports.source_lines import SourceLines
from assay.reports.text.page import SEVERITY_STYLES, Page, Span
from assay.reports.text.selection import Block, FileGroup, path_of, severity_counts
from assay.reports.visible_text import one_line, paragraph, source_line
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import SEVERITIES, Finding, Severity

LABEL = 8
"""Columns for `CRITICAL`."""
MOST_LINES = 8
MOST_RELATED = 4
MOST_CONTROLS = 2
"""Named of one pack."""
MOST_FILES, MOST_RULES = 20, 10


def show_files(page: Page, groups: Sequence[FileGroup], source: SourceLines) -> None:
    """Every file that has something to show in full."""
    for group in groups:
        page.heading(group.path or "Not in a file", f"{group.failing} failing")
        for number, block in enumerate(group.blocks):
            if number:
                page.blank()
            _show_block(page, block, source)


def show_rest(page: Page, rest: Sequence[Finding]) -> None:
    """What isn't shown in full: how much, where, and how to see it."""
    if not rest:
        return
    page.heading(f"{len(rest)} more failing findings", "not shown in full")
    files: dict[str, list[Finding]] = {}
    for finding in rest:
        files.setdefault(path_of(finding), []).append(finding)
    used = tuple(severity_counts(rest))
    rows = [_count_row(path or "not in a file", found, used) for path, found in list(files.items())[:MOST_FILES]]
    page.table(("file", *used), rows)
    if len(files) > MOST_FILES:
        page.line((f"and {len(files) - MOST_FILES} more files", "dim"))
    rules = Counter((SEVERITIES.index(finding.severity), finding.rule, finding.title) for finding in rest)
    page.blank()
    page.line(("The rules that fail most often among them:", "dim"))
    often = sorted(rules.items(), key=lambda item: (-item[1], item[0]))[:MOST_RULES]
    for (severity, rule, title), count in often:
        page.item(f"{count}x", *_title(SEVERITIES[severity], title, rule), indent=1, width=4)
    page.blank()
    page.line("All of them: --format json, --output sarif=FILE, or --verbose for this report in full.")


def _count_row(path: str, findings: Sequence[Finding], severities: Sequence[Severity]) -> list[Span]:
    counts = severity_counts(findings)
    cells: list[Span] = [path]
    for severity in severities:
        count = counts.get(severity, 0)
        cells.append((str(count), SEVERITY_STYLES[severity]) if count else ("-", "dim"))
    return cells


def _show_block(page: Page, block: Block, source: SourceLines) -> None:
    page.line((block.address, "bold"), (f"  {block.kind}{_lines(block)}", "dim"))
    _show_code(page, block, source)
    shared: dict[tuple[tuple[str, ...], str], list[Finding]] = {}
    for finding in block.findings:
        shared.setdefault((finding.controls, finding.fix), []).append(finding)
    for (controls, fix), findings in shared.items():
        # Checks of an engine often share their controls and their fix: these are said once, below the last.
        for finding in findings:
            _show_finding(page, finding)
        if controls:
            page.item("breaks", _controls(controls), indent=LABEL + 4, width=6, style="dim")
        for number, line in enumerate(paragraph(fix).split("\n") if fix else ()):
            page.item("" if number else "fix", line, indent=LABEL + 4, width=6, style="dim")
    if block.more:
        page.item("", (f"and {block.more} more on this resource", "dim"), indent=2, width=LABEL)


def _show_finding(page: Page, finding: Finding) -> None:
    style = SEVERITY_STYLES[finding.severity]
    notes = [finding.rule]
    if finding.corroborated_by:
        notes.append("also " + " ".join(finding.corroborated_by))
    if finding.change in ("new", "worsened"):
        notes.append(finding.change)
    # A rule's title says how things should be; under a failing mark it would read as praise.
    said = finding.title if _says_no_more(finding) else one_line(finding.message)
    spans: list[Span] = [(said, "bold"), ("  " + ", ".join(notes), "blue")]
    page.item(finding.severity.upper(), *spans, indent=2, width=LABEL, style=style)
    if finding.related:
        places = ", ".join(_place(place) for place in finding.related[:MOST_RELATED])
        page.item("", (f"see also {places}", "dim"), indent=2, width=LABEL)


def _place(place: Location) -> str:
    return f"{one_line(place.path)}:{place.start_line}" if place.start_line is not None else one_line(place.path)


def _title(severity: Severity, title: str, rule: str) -> list[Span]:
    return [(f"{severity:8}", SEVERITY_STYLES[severity]), f"  {title}  ", (rule, "blue")]


def _show_code(page: Page, block: Block, source: SourceLines) -> None:
    """The lines of the widest finding, those that belong to any finding marked. A long resource is cut short."""
    ranges = [_range(finding) for finding in block.findings]
    known = [found for found in ranges if found is not None]
    path = path_of(block.findings[0])
    if not known or source.at(path, min(first for first, _ in known)) is None:
        return
    start, end = min(first for first, _ in known), max(last for _, last in known)
    first, last = source.around(path, start, end, 1) if end - start < MOST_LINES - 2 else (start, end)
    if first < start and not (source.at(path, first) or "").strip():
        first = start
    if last > end and not (source.at(path, last) or "").strip():
        last = end
    lines = source.between(path, first, min(last, first + MOST_LINES - 1))
    gutter = len(str(first + len(lines)))
    marked = [any(a <= number <= b for a, b in known) for number in range(first, first + len(lines))]
    for number, (text, mark) in enumerate(zip(lines, marked, strict=True), first):
        # Where every line is meant, marks would say nothing.
        page.code(str(number), source_line(text), marked=mark and not all(marked), gutter=gutter)
    left = end - (first + len(lines) - 1)
    if left > 0:
        page.code("", f"{page.ellipsis} {left} more lines", marked=False, gutter=gutter)


def _range(finding: Finding) -> tuple[int, int] | None:
    location = finding.location
    if location is None or location.start_line is None:
        return None
    return location.start_line, max(location.end_line or location.start_line, location.start_line)


def _lines(block: Block) -> str:
    known = [found for found in map(_range, block.findings) if found is not None]
    if not known:
        return ""
    start, end = min(first for first, _ in known), max(last for _, last in known)
    return f", line {start}" if start == end else f", lines {start}-{end}"


def _controls(controls: Sequence[str]) -> str:
    """`gdpr 32(1)(a), 25(2); hipaa 164.312(b)`."""
    packs: dict[str, list[str]] = {}
    for control in controls:
        pack, _, identifier = control.partition(":")
        packs.setdefault(pack, []).append(identifier)
    told = []
    for pack, ids in packs.items():
        more = len(ids) - MOST_CONTROLS
        told.append(f"{pack} {', '.join(ids[:MOST_CONTROLS])}" + (f" and {more} more" if more > 0 else ""))
    return "; ".join(told)


def _says_no_more(finding: Finding) -> bool:
    """Whether the message is only the title and the address, as those of engines are."""
    message = finding.message.removeprefix(f"{finding.resource.address}: ")
    return one_line(message).strip(" .").lower() in ("", one_line(finding.title).strip(" .").lower())
