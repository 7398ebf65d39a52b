"""The decision: green or red, and why."""

from collections import Counter
from collections.abc import Sequence

from assay.scanner.model.finding import SEVERITIES, Finding, Gate, Severity
from assay.scanner.model.rule import Pack

EXIT_GREEN, EXIT_RED, EXIT_USAGE, EXIT_INCOMPLETE, EXIT_BUG = range(5)


def decide(findings: Sequence[Finding], packs: Sequence[Pack], fail_on: Severity) -> Gate:
    """Red where an unsuppressed failing finding is at least as severe as `fail_on`, or a pack wants no unknowns."""
    counted = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    failing: Counter[Severity] = Counter()
    undecided: Counter[str] = Counter()
    strict = tuple(f"{pack.id}:" for pack in packs if pack.unknown == "fail")
    for finding in findings:
        if finding.suppressed:
            continue
        if finding.outcome == "fail" and finding.severity in counted:
            failing[finding.severity] += 1
        elif finding.outcome == "unknown" and strict:
            undecided.update({c.split(":", 1)[0] for c in finding.controls if c.startswith(strict)})
    reasons = [f"{failing[s]} failing at {s} severity" for s in SEVERITIES if failing[s]]
    reasons += [
        f"{count} undecided, which the pack {pack} counts as failing" for pack, count in sorted(undecided.items())
    ]
    if reasons:
        return Gate(status="red", reasons=tuple(reasons))
    if not findings:
        return Gate(status="green", reasons=("nothing was there to be judged",))
    return Gate(status="green", reasons=(f"nothing failing at {fail_on} severity or above",))


def exit_code(gate: Gate, complete: bool, allow_incomplete: bool) -> int:
    """An incomplete scan wins over red: neither colour can be trusted. A user may let the gate alone decide."""
    if not complete and not allow_incomplete:
        return EXIT_INCOMPLETE
    return EXIT_RED if gate.status == "red" else EXIT_GREEN
