"""A line for each finding, as linters tell them: `path:line: severity: what [rule]`, and last the decision."""

from collections.abc import Iterator

from assay.reports.options import RenderOptions
from assay.reports.visible_text import no_command, one_line
from assay.scanner.model.finding import SEVERITIES, Finding, Report


def render(report: Report, options: RenderOptions) -> bytes:
    """UTF-8. What passes, is accepted or was there before has no line.

    Without `--verbose` neither has what is undecided, but as a count. What could not be looked at always has one.
    """
    lines = [no_command(one_line(line)) for line in _lines(report, verbose=options.verbose)]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")


def _lines(report: Report, *, verbose: bool) -> Iterator[str]:
    shown = [
        one
        for one in report.findings
        if one.suppressed is None
        and one.change != "existing"
        and (one.outcome == "fail" or (one.outcome == "unknown" and (verbose or _unseen(one))))
    ]
    for finding in sorted(shown, key=_order):
        yield _line(finding)
        if verbose and finding.outcome == "fail":
            yield f"    breaks: {', '.join(finding.controls) or 'no control of the packs'}"
            yield f"    fix: {' '.join(finding.fix.split())}"
    yield from (f"warning: {warning}" for warning in report.warnings)
    yield _decision(report)


def _line(finding: Finding) -> str:
    place = finding.location
    where = f"{place.path}:{place.start_line}" if place and place.start_line else place.path if place else "assay"
    severity = finding.severity if finding.outcome == "fail" else "unknown"
    worse = " (worsened)" if finding.change == "worsened" else ""
    # An engine's message is its title behind the address; ours tells what of it is wrong.
    said = finding.message if finding.title in finding.message else f"{finding.message}: {finding.title}"
    return f"{where}: {severity}{worse}: {said} [{finding.rule}]"


def _decision(report: Report) -> str:
    summary = report.summary
    told = [f"{summary.fail} failing", f"{summary.unknown} unknown", f"{summary.passed} passing"]
    if any(one.change for one in report.findings):
        told.append(f"{summary.new} new, {summary.worsened} worsened, {summary.existing} there before")
    if report.summary.suppressed:
        told.append(f"{report.summary.suppressed} accepted")
    if not report.complete:
        told.append("INCOMPLETE: a planned look failed")
    return f"{report.gate.status.upper()}: {', '.join(told)}"


def _unseen(finding: Finding) -> bool:
    return finding.rule == "look-failed"


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.location
    return (
        place.path if place else "",
        (place.start_line or 0) if place else 0,
        SEVERITIES.index(finding.severity),
        finding.rule,
        finding.message,
    )
