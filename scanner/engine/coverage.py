"""What evidences a control, on which surfaces, and what nothing looks at."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from assay.policies.book import OWN_ENGINE, Book
from assay.scanner.model.detector import DetectorSpec
from assay.scanner.model.rule import Control, Pack


class Coverage(Struct, frozen=True, kw_only=True):
    """The evidence that this installation can bring for one control."""

    rules: Mapping[str, tuple[str, ...]]
    """Our rules → the surfaces on which they judge; none where no detector of this version states their kind."""
    checks: Mapping[str, tuple[str, ...]]
    """Engines' checks → theirs."""
    unevidenced: tuple[str, ...]
    """Safeguards of the control that no rule or check evidences on any surface."""

    @property
    def surfaces(self) -> Mapping[str, int]:
        """Surface → how many rules and checks bear on the control there."""
        found: defaultdict[str, int] = defaultdict(int)
        for surfaces in (*self.rules.values(), *self.checks.values()):
            for surface in surfaces:
                found[surface] += 1
        return dict(sorted(found.items()))

    @property
    def unlooked(self) -> tuple[str, ...]:
        """The rules that wait for a detector which states what they judge."""
        return tuple(sorted(rule for rule, surfaces in self.rules.items() if not surfaces))


class CoverageMap:
    """The coverage of every control of a book's packs."""

    def __init__(self, book: Book, specs: Sequence[DetectorSpec]) -> None:
        self._rules: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        self._checks: defaultdict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
        self._evidenced: set[str] = set()
        for rule in book.rules.values():
            surfaces = rule_surfaces(rule.kind, specs)
            self._evidenced |= set(rule.safeguards if surfaces else ())
            for control in book.controls(rule.id, rule.safeguards):
                self._rules[control][rule.id] = surfaces
        for engine in book.engines.values():
            if engine.name == OWN_ENGINE:
                continue  # What we remark on evidences nothing.
            for check in engine.checks.values():
                self._evidenced |= set(check.safeguards)
                for control in book.controls(check.id, check.safeguards):
                    self._checks[control][check.id] = check.surfaces

    def of(self, pack: Pack, control: Control) -> Coverage:
        """The coverage of one control."""
        name = f"{pack.id}:{control.id}"
        return Coverage(
            rules=self._rules.get(name, {}),
            checks=self._checks.get(name, {}),
            unevidenced=tuple(sorted(set(control.safeguards) - self._evidenced)),
        )


def rule_surfaces(kind: str, specs: Sequence[DetectorSpec]) -> tuple[str, ...]:
    """Where some detector states resources of a kind, sorted."""
    return tuple(sorted({surface for spec in specs for surface, kinds in spec.surfaces.items() if kind in kinds}))


def all_surfaces(book: Book, specs: Sequence[DetectorSpec]) -> frozenset[str]:
    """Every surface that some rule or engine judges."""
    ours = {surface for spec in specs for surface in spec.surfaces}
    engines = [engine for engine in book.engines.values() if engine.name != OWN_ENGINE]
    return frozenset(ours | {s for engine in engines for check in engine.checks.values() for s in check.surfaces})


def control_json(control: Control, coverage: Coverage) -> dict[str, Any]:
    """What the commands tell of a control, ready for JSON."""
    return {
        "id": control.id,
        "title": control.title,
        "citation": control.citation,
        "testable": control.testable,
        "requirement": control.requirement,
        "requirements": [
            {"level": one.level, "since": one.since.isoformat() if one.since else None} for one in control.requirements
        ],
        "safeguards": control.safeguards,
        "rules": len(coverage.rules) + len(coverage.checks),
        "human": control.human,
        "unverified": control.unverified,
    }
