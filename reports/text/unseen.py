"""Shows what could not be looked at or decided, and what is suppressed: what a green report must not hide."""

from collections.abc import Collection, Sequence

from assay.reports.text.page import Page
from assay.scanner.model.finding import Finding, Report

MOST_RULES, MOST_EXAMPLES, MOST_SUPPRESSED = 12, 4, 10


def show_unseen(page: Page, report: Report, *, verbose: bool) -> None:
    """Detectors that are not ok or left something out, with their reasons, then the undecided findings by rule."""
    troubled = [outcome for outcome in report.detectors if outcome.status != "ok" or outcome.reason]
    tell = {outcome.id for outcome in troubled}
    unknown = [
        finding
        for finding in report.findings
        # A look that failed as a whole is told by its detector, in one line with those that are alike.
        if finding.outcome == "unknown" and (verbose or not _is_of_detector(finding, tell))
    ]
    if not troubled and not unknown:
        return
    page.heading("Not looked at, or not decided", "unknown is not a pass")
    width = max([len(outcome.id) for outcome in troubled], default=0)
    for outcome in troubled:
        style = "red" if outcome.status == "failed" else "yellow"
        page.item(outcome.id, (f"{outcome.status:9}", style), outcome.reason or "", indent=0, width=width, style="bold")
    if troubled and unknown:
        page.blank()
    by_rule: dict[str, list[Finding]] = {}
    for finding in unknown:
        by_rule.setdefault(finding.rule, []).append(finding)
    rules = sorted(by_rule.values(), key=lambda found: (len(found), found[0].rule))
    for found in rules if verbose else rules[:MOST_RULES]:
        _show_rule(page, found, len(found) if verbose else MOST_EXAMPLES)
    if not verbose and len(rules) > MOST_RULES:
        rest = sum(len(found) for found in rules[MOST_RULES:])
        page.line((f"and {rest} more of {len(rules) - MOST_RULES} rules", "dim"))


def show_suppressed(page: Page, report: Report, *, verbose: bool) -> None:
    """Who accepted what, why, and until when."""
    suppressed = [finding for finding in report.findings if finding.suppressed is not None]
    if not suppressed:
        return
    page.heading(f"{len(suppressed)} suppressed", "accepted risks")
    named = suppressed if verbose else suppressed[:MOST_SUPPRESSED]
    for finding in named:
        accepted = finding.suppressed
        assert accepted is not None, "filtered above"  # noqa: S101
        facts = [accepted.by, accepted.owner, f"until {accepted.until}" if accepted.until else None]
        page.line((finding.rule, "blue"), f"  {finding.resource.address}")
        page.line((", ".join(fact for fact in facts if fact), "dim"), f"  {accepted.reason}", indent=2, hang=2)
    if len(suppressed) > len(named):
        page.line((f"and {len(suppressed) - len(named)} more", "dim"))


def _is_of_detector(finding: Finding, detectors: Collection[str]) -> bool:
    return finding.resource.kind == "detector" and finding.resource.address.partition("/")[0] in detectors


def _show_rule(page: Page, found: Sequence[Finding], most: int) -> None:
    page.line((f"{len(found)} unknown", "yellow"), f"  {found[0].title}  ", (found[0].rule, "blue"))
    for finding in found[:most]:
        place = finding.location
        where = path = finding.resource.address if place is None else place.path
        if place is not None and place.start_line is not None:
            where += f":{place.start_line}"
        page.line((where, "bold"), f"  {finding.message.removeprefix(f'{path}: ')}", indent=2, hang=2)
    if len(found) > most:
        page.line((f"and {len(found) - most} more", "dim"), indent=2)
