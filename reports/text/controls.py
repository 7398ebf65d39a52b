"""Shows how the controls of each pack fared."""

from collections import Counter
from collections.abc import Iterator, Sequence

from assay.reports.text.page import SEVERITY_STYLES, Page, Span
from assay.scanner.model.finding import SEVERITIES, ControlStatus, Finding, Report, Severity

MOST_VIOLATED = 12
"""Controls of a pack that are named, the worst first."""
_STATUSES = ("violated", "unknown", "satisfied", "not-assessed", "process-only")
_STYLES = {"violated": "red", "unknown": "yellow", "satisfied": "green"}


def show_controls(page: Page, report: Report, ranked: Sequence[Finding], *, verbose: bool) -> None:
    """A line for each pack, then the controls that are violated, with what violates them."""
    packs: dict[str, list[ControlStatus]] = {pack.id: [] for pack in report.packs}
    for control in report.controls:
        packs.setdefault(control.pack, []).append(control)
    if not packs:
        return
    titles = {pack.id: pack.title for pack in report.packs}
    page.heading("Controls")
    rows = [_row(pack, titles.get(pack, ""), controls) for pack, controls in packs.items()]
    page.table(("pack", *(status.replace("-", " ") for status in _STATUSES)), rows)
    for line in _reservations(report.controls):
        page.line((line, "dim"))
    worst = _worst(ranked)
    for pack, controls in packs.items():
        violated = [control for control in controls if control.status == "violated"]
        if violated:
            _show_violated(page, pack, violated, worst, verbose=verbose)


def _reservations(controls: Sequence[ControlStatus]) -> Iterator[str]:
    """What an auditor must not read into `satisfied`."""
    satisfied = [control for control in controls if control.status == "satisfied"]
    partly = sum(control.testable == "partly" for control in satisfied)
    if partly:
        yield f"satisfied: as far as it can be tested; {partly} of them also ask something of a person"
    accepted = sum(control.suppressed > 0 for control in satisfied)
    if accepted:
        yield f"satisfied: {accepted} of them but for risks that were accepted"


def _row(pack: str, title: str, controls: Sequence[ControlStatus]) -> list[Span]:
    counts = Counter(control.status for control in controls)
    cells: list[Span] = [f"{pack}  {title}" if title else pack]
    for status in _STATUSES:
        count = counts[status]  # type: ignore[index]  # mypy doesn't see that the tuple holds the literals
        cells.append((str(count), _STYLES.get(status, "")) if count else ("-", "dim"))
    return cells


def _show_violated(
    page: Page, pack: str, violated: Sequence[ControlStatus], worst: dict[str, Severity], *, verbose: bool
) -> None:
    def rank(control: ControlStatus) -> tuple[int, int]:
        severity = worst.get(f"{pack}:{control.id}", "info")
        return SEVERITIES.index(severity), -control.fail

    ordered = sorted(violated, key=rank)
    named = ordered if verbose else ordered[:MOST_VIOLATED]
    page.blank()
    page.line((f"Violated in {pack}", "bold"))
    width = min(max(len(control.id) for control in named), 22)
    digits = max(len(str(control.fail)) for control in named)
    room = page.width - width - digits - 24
    for control in named:
        severity = worst.get(f"{pack}:{control.id}")
        told = (f"{severity or '':8}  ", SEVERITY_STYLES[severity] if severity else "")
        failing = (f"{control.fail:>{digits}} failing  ", "dim")
        page.item(control.id, told, failing, page.fit(control.title, room), indent=2, width=width)
    if len(ordered) > len(named):
        page.line((f"and {len(ordered) - len(named)} more", "dim"), indent=2)


def _worst(ranked: Sequence[Finding]) -> dict[str, Severity]:
    """The severity of each control's worst failing finding; `ranked` starts with the most severe."""
    worst: dict[str, Severity] = {}
    for finding in ranked:
        for control in finding.controls:
            worst.setdefault(control, finding.severity)
    return worst
