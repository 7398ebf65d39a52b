"""Tells how the run went: times, exit code, and a notification for everything that could not be looked at."""

from collections.abc import Sequence
from datetime import UTC, datetime

from assay.reports.sarif.results import ResultBuilder, logical_location
from assay.reports.sarif.values import Json, plain_message
from assay.reports.visible_text import cut, one_line, paragraph, sentence
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.finding import Finding, Report

MOST_NOTIFICATIONS = 1000
"""Unknown findings told one by one; how many more there are is told in one."""

_EXIT_CODES = {
    0: "The gate is green.",
    1: "The gate is red.",
    2: "Wrong use or configuration.",
    3: "The scan is incomplete: something could not be looked at.",
    4: "An error of Assay's own.",
}
_ABOUT: tuple[tuple[str, str, str, str], ...] = (
    ("unknown", "UndecidedRule", "A rule could not be decided on a resource.",
     "A fact that the rule needs could not be read or resolved. Unknown is never a pass: the controls that the rule "
     "evidences are not satisfied."),
    ("detector", "DetectorNotOk", "A detector could not look at everything.",
     "A detector failed, was skipped, or saw a part only. What it didn't see is not judged."),
    ("policy", "PolicyWarning", "Something in the policy is of no use.",
     "A waiver that matches nothing, or a comment that can't be read, suppresses nothing; it is best removed."),
    ("left-out", "LeftOut", "Something was left out of this file.",
     "Code-scanning services take 25,000 results and 10 MB compressed. The report in JSON has everything."),
)  # fmt: skip
_INDEXES = {about[0]: index for index, about in enumerate(_ABOUT)}


def notification_descriptors() -> list[Json]:
    """What `tool.driver.notifications` says of the notifications below."""
    return [
        {
            "id": identifier,
            "name": name,
            "shortDescription": {"text": short},
            "fullDescription": {"text": full},
            "help": {"text": full},
        }
        for identifier, name, short, full in _ABOUT
    ]


def invocation(
    report: Report,
    unknown: Sequence[Finding],
    builder: ResultBuilder,
    rule_indexes: dict[str, int],
    left_out: Sequence[str],
) -> Json:
    """The one invocation of the run. `executionSuccessful` says that everything planned was looked at."""
    execution = [_notification("left-out", "warning", text) for text in left_out]
    configuration = [_notification("policy", "warning", sentence(one_line(text))) for text in report.warnings]
    for outcome in report.detectors:
        if outcome.status == "skipped" or (outcome.status == "ok" and outcome.reason):
            configuration.append(_detector(outcome, "note"))
        elif outcome.status != "ok":
            execution.append(_detector(outcome, "error" if outcome.status == "failed" else "warning"))
    execution += [_undecided(finding, builder, rule_indexes) for finding in unknown[:MOST_NOTIFICATIONS]]
    more = len(unknown) - MOST_NOTIFICATIONS
    if more > 0:
        execution.append(_notification("left-out", "warning", f"{more} more unknown findings are in the JSON report."))
    told: Json = {
        "executionSuccessful": report.complete,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": execution,
        "toolConfigurationNotifications": configuration,
    }
    if report.exit_code in _EXIT_CODES:
        told["exitCodeDescription"] = _EXIT_CODES[report.exit_code]
    for key, time in (("startTimeUtc", report.started), ("endTimeUtc", report.finished)):
        if time is not None:
            told[key] = _utc(time)
    return told


def _detector(outcome: DetectorOutcome, level: str) -> Json:
    reason = cut(paragraph(outcome.reason or "no reason given"), 2000)
    return _notification("detector", level, f"Detector {one_line(outcome.id)}, {outcome.status}: {sentence(reason)}")


def _undecided(finding: Finding, builder: ResultBuilder, rule_indexes: dict[str, int]) -> Json:
    rule = one_line(finding.rule)
    text = sentence(cut(one_line(finding.message).strip() or one_line(finding.title), 1000))
    told = _notification("unknown", "warning", text)
    told["associatedRule"] = {"id": rule, "index": rule_indexes[rule]}
    # Services take no result without a file, but a notification need not pretend to have one.
    placed = finding.location is not None
    told["locations"] = builder.locations(finding) if placed else [logical_location(finding.resource)]
    return told


def _notification(kind: str, level: str, text: str) -> Json:
    return {
        "descriptor": {"id": kind, "index": _INDEXES[kind]},
        "level": level,
        "message": {"text": plain_message(text)},
    }


def _utc(time: str) -> str:
    """SARIF wants UTC, with a Z."""
    moment = datetime.fromisoformat(time)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
