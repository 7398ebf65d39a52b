"""How each control of each pack fared, from the findings alone."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from assay.scanner.model.finding import ControlOutcome, ControlStatus, Finding
from assay.scanner.model.rule import Pack


class _Tally(Struct):
    failed: int = 0
    passed: int = 0
    unknown: int = 0
    suppressed: int = 0


def statuses(packs: Sequence[Pack], findings: Iterable[Finding]) -> tuple[ControlStatus, ...]:
    """One status a control, in the packs' order. A suppressed finding is counted apart."""
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    rules: defaultdict[str, set[str]] = defaultdict(set)
    for finding in findings:
        for control in finding.controls:
            tally = tallies[control]
            if finding.suppressed:
                tally.suppressed += 1
                continue
            rules[control].add(finding.rule)
            if finding.outcome == "fail":
                tally.failed += 1
            elif finding.outcome == "pass":
                tally.passed += 1
            else:
                tally.unknown += 1
    return tuple(
        ControlStatus(
            pack=pack.id,
            id=control.id,
            title=control.title,
            testable=control.testable,
            status=_status(control.testable == "process-only", tallies[name]),
            rules=len(rules[name]),
            fail=tallies[name].failed,
            passed=tallies[name].passed,
            unknown=tallies[name].unknown,
            suppressed=tallies[name].suppressed,
        )
        for pack in packs
        for control in pack.controls
        for name in (f"{pack.id}:{control.id}",)
    )


def _status(process_only: bool, tally: _Tally) -> ControlOutcome:
    if tally.failed:
        return "violated"
    if process_only:
        return "process-only"
    if tally.unknown:
        return "unknown"
    return "satisfied" if tally.passed else "not-assessed"
