"""Tells a report to a person: the findings with their lines, the controls, what was not seen, and the decision."""

from collections.abc import Sequence

from assay.reports.options import RenderOptions
from assay.reports.source_lines import SourceLines
from assay.reports.text.controls import show_controls
from assay.reports.text.findings import show_files, show_rest
from assay.reports.text.page import SEVERITY_STYLES, Page, Span
from assay.reports.text.selection import (
    NO_FILE,
    SHOWN_IN_FULL,
    by_file,
    failing,
    path_of,
    severity_counts,
    shown_in_full,
)
from assay.reports.text.unseen import show_suppressed, show_unseen
from assay.reports.visible_text import one_line
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.finding import Finding, Report


def render(report: Report, options: RenderOptions) -> bytes:
    """UTF-8 text, which ends with the line that a reader of the last screen needs: the decision and the counts."""
    page = Page(options)
    ranked = failing(report)
    shown = shown_in_full(ranked, None if options.verbose else SHOWN_IN_FULL)
    in_full = {id(finding) for finding in shown}
    _show_header(page, report)
    show_files(page, by_file(shown, ranked), SourceLines(report.excerpts))
    show_rest(page, [finding for finding in ranked if id(finding) not in in_full])
    show_suppressed(page, report, verbose=options.verbose)
    show_controls(page, report, ranked, verbose=options.verbose)
    show_unseen(page, report, verbose=options.verbose)
    _show_decision(page, report, ranked)
    return page.encode()


def _show_header(page: Page, report: Report) -> None:
    engines = "".join(f", {name} {version}" for name, version in sorted(report.tool.engines.items()))
    page.line((f"Assay {report.tool.version}", "bold"), (engines, "dim"))
    page.item("scanned", ", ".join(report.targets) or "nothing", indent=0, width=7, style="dim")
    for cluster in report.clusters:
        runs = f", Kubernetes {cluster.version}" if cluster.version else ""
        page.item("cluster", f"{cluster.source.removeprefix('kube:')}{runs}", indent=0, width=7, style="dim")
    looked = [
        f"{outcome.id} ({_extent(outcome, report.files)}; isolation: {outcome.isolation})"
        for outcome in report.detectors
        if outcome.status != "skipped"
    ]
    page.item("by", ", ".join(looked) or "no detector", indent=0, width=7, style="dim")
    if report.compared_with is not None:
        since = f"what came since {report.compared_with}, or got worse; the rest is counted only"
        page.item("shown", since, indent=0, width=7, style="dim")
    packs = [f"{pack.id} {pack.version}" for pack in report.packs]
    page.item("against", ", ".join(packs) or "no pack", indent=0, width=7, style="dim")


def _extent(outcome: DetectorOutcome, files: int) -> str:
    """`22 resources in 31 of 80 files`: what it took up, and so what it passed over."""
    seen = f"{outcome.resources} resource{'' if outcome.resources == 1 else 's'}"
    if outcome.files is None:
        return seen
    # What isn't a tree has no other files.
    return f"{seen} in {outcome.files} of {files} files" if files else f"{seen} in {outcome.files} files"


def _show_decision(page: Page, report: Report, ranked: Sequence[Finding]) -> None:
    style = "bold green" if report.gate.status == "green" else "bold red"
    page.heading("Decision")
    if _has_colour(report):
        page.item("gate", (report.gate.status.upper(), style), indent=0, width=7, style="dim")
        for reason in report.gate.reasons:
            page.item("", reason, indent=0, width=7)
    else:
        page.item("gate", ("NOT DECIDED", "bold yellow"), ": nothing was judged", indent=0, width=7, style="dim")
    if not report.complete:
        page.item(
            "scan", ("INCOMPLETE", "bold yellow"), ": a planned look failed, see above", indent=0, width=7, style="dim"
        )
    for warning in report.warnings:
        page.item("warning", one_line(warning), indent=0, width=7, style="yellow")
    page.blank()
    page.line(*_summary(report, ranked, style))


def _summary(report: Report, ranked: Sequence[Finding], style: str) -> list[Span]:
    """`RED: 8 failing (2 critical, 6 high) in 3 files, 1 unknown, 12 passing, 2 suppressed.`"""
    summary = report.summary
    headline: Span = (report.gate.status.upper(), style) if report.complete else ("INCOMPLETE", "bold yellow")
    new = " new and failing" if report.compared_with is not None else " failing"
    spans: list[Span] = [headline, f": {len(ranked)}{new}"]
    counts = severity_counts(ranked)
    for number, (severity, count) in enumerate(counts.items()):
        spans += [", " if number else " (", (f"{count} {severity}", SEVERITY_STYLES[severity])]
    files = len({path_of(finding) for finding in ranked} - {NO_FILE})
    spans.append((")" if counts else "") + (f" in {files} file{'s' if files != 1 else ''}" if files else ""))
    spans.append(f", {summary.unknown} unknown, {summary.passed} passing, {summary.suppressed} suppressed")
    if report.compared_with is not None or summary.new or summary.existing or summary.fixed:
        worse = f"{summary.worsened} worse, " if summary.worsened else ""
        spans.append(f"; {summary.new} new, {worse}{summary.existing} there before, {summary.fixed} fixed")
    if report.complete:
        spans.append(".")
    else:
        spans.append(f"; the gate would be {report.gate.status}." if _has_colour(report) else "; nothing was judged.")
    return spans


def _has_colour(report: Report) -> bool:
    """Whether the gate's colour says anything: green of an incomplete scan without a judgement would be praise."""
    return report.complete or report.judged or report.gate.status == "red"
