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

    def touched(self, kinds: Collection[str]) -> Iterator[Rule]:
        """The rules that might say something else if there were more resources of these kinds."""
        for rule in self._book.rules.values():
            if not self._sources(rule).isdisjoint(kinds):
                yield rule

    def _sources(self, rule: Rule) -> set[str]:
        derived: Mapping[str, set[str]] = self._derived.get(rule.kind, {})
        found = {rule.kind, *derived.get(_ALL, ())}
        if derived:
            for variant in self._book.variants(rule.kind):
                if variant.compiled.rule.id == rule.id:
                    found.update(*(derived.get(field, ()) for field in variant.compiled.reads))
        return found
