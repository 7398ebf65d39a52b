"""Label selectors, in three values."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from assay.detectors.answers import Answer, all_of
from assay.detectors.exposure import read
from assay.scanner.api import Unknown

Labels = Mapping[str, str | Unknown]
T = TypeVar("T")


class Requirement(Struct, frozen=True):
    """One requirement, its operator known."""

    key: str
    operator: str
    values: frozenset[str]

    def matches(self, labels: Labels) -> Answer:
        """Whether labels meet it. A label that isn't there meets `NotIn`."""
        here = self.key in labels
        match self.operator:
            case "Exists":
                return here
            case "DoesNotExist":
                return not here
        if not here:
            return self.operator == "NotIn"
        value = labels[self.key]
        if isinstance(value, Unknown):
            return value
        return (value in self.values) == (self.operator == "In")


class Selector(Struct, frozen=True):
    """Requirements that must all be met; none: everything is selected."""

    requirements: tuple[Requirement | Unknown, ...] = ()

    @property
    def everything(self) -> bool:
        """It selects whatever there is."""
        return not self.requirements

    @property
    def by_absence(self) -> bool:
        """It selects whatever hasn't certain labels: almost everything, and whatever is made tomorrow."""
        without = ("NotIn", "DoesNotExist")
        return all(isinstance(one, Requirement) and one.operator in without for one in self.requirements)

    def matches(self, labels: Labels | Unknown) -> Answer:
        """Whether labels are selected; labels that aren't known are, where everything is."""
        if self.everything:
            return True
        if isinstance(labels, Unknown):
            return labels
        return all_of(one if isinstance(one, Unknown) else one.matches(labels) for one in self.requirements)

    @property
    def demanded(self) -> tuple[tuple[str, str | None], ...]:
        """Labels without which nothing is selected, for an index; None stands for any value. Sorted."""
        found = (one for one in self.requirements if isinstance(one, Requirement))
        keys = {
            (one.key, next(iter(one.values)) if one.operator == "In" and len(one.values) == 1 else None)
            for one in found
            if one.operator in ("In", "Exists")
        }
        return tuple(sorted(keys, key=lambda label: (label[0], label[1] is None, label[1] or "")))


class Index(Generic[T]):
    """Things with selectors, by a label that each demands, so that not each is tried on each set of labels."""

    def __init__(self, things: Iterable[tuple[Selector | Unknown, T]]) -> None:
        self._all = [(number, *pair) for number, pair in enumerate(things)]
        self._always: list[tuple[int, T]] = []
        self._by_label: dict[tuple[str, str | None], list[tuple[int, T]]] = defaultdict(list)
        common = Counter(label for _, one, _ in self._all for label in _demanded(one))
        for number, one, thing in self._all:
            labels = _demanded(one)
            if labels:
                self._by_label[min(labels, key=lambda label: common[label])].append((number, thing))
            else:
                self._always.append((number, thing))

    def candidates(self, labels: Labels | Unknown) -> Iterator[T]:
        """All that may select them, in the order in which they were given."""
        if isinstance(labels, Unknown) or any(isinstance(one, Unknown) for one in labels.values()):
            yield from (thing for _, _, thing in self._all)
            return
        found = self._always
        held = ((key, str(value) if exact else None) for key, value in labels.items() for exact in (True, False))
        more = [one for label in held for one in self._by_label.get(label, ())]
        if more:
            found = sorted([*found, *more], key=lambda one: one[0])
        yield from (thing for _, thing in found)


def _demanded(one: Selector | Unknown) -> tuple[tuple[str, str | None], ...]:
    return () if isinstance(one, Unknown) else one.demanded


def selector(value: object) -> Selector | Unknown:
    """The selector that a fact states as a list of requirements."""
    found = read.listed(value)
    return found if isinstance(found, Unknown) else Selector(tuple(_requirement(one) for one in found))


def matches(selector: Selector | Unknown, labels: Labels | Unknown) -> Answer:
    """Whether labels are selected by what may not be known."""
    return selector if isinstance(selector, Unknown) else selector.matches(labels)


def equalities(value: Labels) -> Selector:
    """The selector that a map of labels is."""
    found: list[Requirement | Unknown] = []
    for key in sorted(value):
        one = value[key]
        found.append(one if isinstance(one, Unknown) else Requirement(key, "In", frozenset((one,))))
    return Selector(tuple(found))


def _requirement(value: object) -> Requirement | Unknown:
    found = read.mapped(value)
    if isinstance(found, Unknown):
        return found
    key, operator = read.text(read.part(found, "key")), read.text(read.part(found, "operator"))
    values = read.texts(read.part(found, "values"))
    if isinstance(key, Unknown):
        return key
    if isinstance(operator, Unknown):
        return operator
    if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
        return Unknown(reason=f"a label selector has an operator that isn't known, on {key}")
    if isinstance(values, Unknown):
        return values if operator in ("In", "NotIn") else Requirement(key, operator, frozenset())
    for one in values:
        if isinstance(one, Unknown) and operator in ("In", "NotIn"):
            return one
    return Requirement(key, operator, frozenset(one for one in values if isinstance(one, str)))
