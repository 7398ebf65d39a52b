"""How each control of each pack fared, from the findings alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set

from msgspec import Struct

from assay.policies.book import Book
from assay.scanner.engine.judge import Wanted
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.finding import ControlOutcome, ControlStatus, Finding
from assay.scanner.model.rule import EngineCheck, Pack, Rule


class _Tally(Struct):
    failed: int = 0
    passed: int = 0
    unknown: int = 0
    suppressed: int = 0


def left_open(book: Book, detectors: Iterable[DetectorOutcome], wanted: Wanted) -> frozenset[str]:
    """`pack:id` of every control on which something bears that the user chose not to look at, or not to hear of."""
    found = {
        control for outcome in detectors for surface in outcome.left_out for control in book.surface_controls(surface)
    }
    if wanted.only or wanted.skip:
        everything: list[Rule | EngineCheck] = [*book.rules.values(), *book.checks.values()]
        for one in everything:
            if one.id in wanted.skip or not wanted.judges(one.id):
                found.update(book.controls(one.id, one.safeguards))
    return frozenset(found)


def statuses(
    packs: Sequence[Pack], findings: Iterable[Finding], open_controls: Set[str] = frozenset()
) -> tuple[ControlStatus, ...]:
    """One status a control, in the packs' order. A suppressed finding is counted apart. What was left out of the scan
    by choice may hold anything, so that a control on which it bears is not satisfied."""
    tallies: defaultdict[str, _Tally] = defaultdict(_Tally)
    rules: defaultdict[str, set[str]] = defaultdict(set)
    alike = Counter((one.controls, one.rule, one.outcome, one.suppressed is not None) for one in findings)
    for (names, rule, outcome, suppressed), number in alike.items():
        for control in names:
            tally = tallies[control]
            if suppressed:
                tally.suppressed += number
                continue
            rules[control].add(rule)
            if outcome == "fail":
                tally.failed += number
            elif outcome == "pass":
                tally.passed += number
            else:
                tally.unknown += number
    return tuple(
        ControlStatus(
            pack=pack.id,
            id=control.id,
            title=control.title,
            testable=control.testable,
            status=_status(control.testable == "process-only", tallies[name], name in open_controls),
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


def _status(process_only: bool, tally: _Tally, left_open: bool) -> ControlOutcome:
    if tally.failed:
        return "violated"
    if process_only:
        return "process-only"
    if tally.unknown:
        return "unknown"
    if not tally.passed:
        return "not-assessed"
    return "unknown" if left_open else "satisfied"
