"""Which kinds the facts come from that rules read, derived ones included."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from assay.policies.book import Book
from assay.scanner.model.detector import Derivation
from assay.scanner.model.rule import Rule

_ALL = "*"


class Lineage:
    """The sources of the facts that a book's rules read."""

    def __init__(self, book: Book, derivations: Sequence[Derivation]) -> None:
        self._book = book
        self._of_rule: dict[str, frozenset[str]] = {}
        self._derived: dict[str, dict[str, set[str]]] = {}
        for one in derivations:
            for kind, by_field in one.states.items():
                known = self._derived.setdefault(kind, {})
                for field, kinds in by_field.items():
                    known.setdefault(field, set()).update(kinds)

    def needed(self, judges: Callable[[str], bool] = lambda _: True) -> tuple[str, ...]:
        """The kinds that must be observed for rules to be judged, sorted; all rules, unless `judges` chooses."""
        chosen = (rule for rule in self._book.rules.values() if judges(rule.id))
        return tuple(sorted({kind for rule in chosen for kind in self._sources(rule)}))

    def fields(self, judges: Callable[[str], bool] = lambda _: True) -> Mapping[str, tuple[str, ...]]:
        """Kind → the facts of it that rules read, sorted; a kind from which others are derived isn't in it, as all of
        it may count."""
        derived_from = {kind for by_field in self._derived.values() for kinds in by_field.values() for kind in kinds}
        found: dict[str, set[str]] = {}
        for kind in {rule.kind for rule in self._book.rules.values()} - derived_from:
            compiled = (variant.compiled for variant in self._book.variants(kind))
            found[kind] = {name for one in compiled if judges(one.rule.id) for name in one.reads}
        return {kind: tuple(sorted(names)) for kind, names in sorted(found.items())}

    def touched(self, kinds: Collection[str]) -> Iterator[Rule]:
        """The rules that might say something else if there were more resources of these kinds."""
        for rule in self._book.rules.values():
            if not self._sources(rule).isdisjoint(kinds):
                yield rule

    def _sources(self, rule: Rule) -> frozenset[str]:
        if rule.kind not in self._derived:
            return frozenset({rule.kind})
        if rule.id not in self._of_rule:
            # All rules of the kind at once, as they are compiled together.
            derived = self._derived[rule.kind]
            for variant in self._book.variants(rule.kind):
                compiled = variant.compiled
                read = (kind for field in (_ALL, *compiled.reads) for kind in derived.get(field, ()))
                self._of_rule[compiled.rule.id] = frozenset({rule.kind, *read})
        return self._of_rule[rule.id]


def sources(kinds: Collection[str], derivations: Sequence[Derivation]) -> frozenset[str]:
    """The kinds themselves, and those that any field of theirs is derived from."""
    fields = [by_field for one in derivations for kind, by_field in one.states.items() if kind in kinds]
    return frozenset(kinds).union(*(read for by_field in fields for read in by_field.values()))
