"""Label selectors of the API: as decoded, as requirements, and asked of labels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.cluster.names import is_label_key, is_label_value
from assay.detectors.cluster.stating import placeholder, unnamed
from assay.scanner.api import Unknown

MAX_REQUIREMENTS = 500
"""Of one selector, values counted too. The largest that anyone writes by hand has a dozen."""

_WITH_VALUES = ("In", "NotIn")
_WITHOUT_VALUES = ("Exists", "DoesNotExist")


class Expression(Struct, frozen=True, kw_only=True, rename="camel"):
    """An element of `matchExpressions`."""

    key: str | None = None
    operator: str | None = None
    values: list[str] | None = None


class LabelSelector(Struct, frozen=True, kw_only=True, rename="camel"):
    """A selector as the API has it. Empty, it takes everything; what a missing one takes depends on where it stands."""

    match_labels: dict[str, str] | None = None
    match_expressions: list[Expression] | None = None

    @property
    def empty(self) -> bool:
        """It takes everything."""
        return not self.match_labels and not self.match_expressions


_UNRESOLVED = Unknown(reason="unresolved: the label selector")
_NO_KEY = Unknown(reason="a requirement of the label selector names no label")
_ODD_OPERATOR = Unknown(reason="the label selector has an operator that Kubernetes doesn't know")
_ODD_LABEL = Unknown(reason="the label selector has a label that none may be")
_NO_VALUES = {
    operator: Unknown(
        reason=f"the label selector has {operator} {'without' if operator in _WITH_VALUES else 'with'} values"
    )
    for operator in (*_WITH_VALUES, *_WITHOUT_VALUES)
}
REFUSED = frozenset((_NO_KEY, _ODD_OPERATOR, _ODD_LABEL, *_NO_VALUES.values()))
"""Of the answers of `requirements` those for which a server takes nothing of the object."""


def requirements(selector: LabelSelector) -> list[dict[str, Any]] | Unknown:
    """The selector as a sorted list of `kinds.traffic.Requirement`s, all of which must hold.

    Unknown where the API server would refuse the selector, as then it is not known what is meant, and where a
    placeholder is left in it, which may become anything.
    """
    found: set[tuple[str, str, tuple[str, ...]]]
    found = {(key, "In", (value,)) for key, value in (selector.match_labels or {}).items()}
    for expression in selector.match_expressions or ():
        values = tuple(sorted(set(expression.values or ())))
        if not expression.key:
            return _NO_KEY
        if expression.operator not in _NO_VALUES:
            return _UNRESOLVED if unnamed(expression.operator) else _ODD_OPERATOR
        if bool(values) != (expression.operator in _WITH_VALUES):
            return _NO_VALUES[expression.operator]
        found.add((expression.key, expression.operator, values))
    if len(found) + sum(len(values) for _, _, values in found) > MAX_REQUIREMENTS:
        return Unknown(reason=f"the label selector has more than {MAX_REQUIREMENTS} requirements")
    odd = list(_odd(found))
    if odd:
        return _UNRESOLVED if any(map(unnamed, odd)) else _ODD_LABEL
    return [{"key": key, "operator": operator, "values": list(values)} for key, operator, values in sorted(found)]


def _odd(found: Iterable[tuple[str, str, tuple[str, ...]]]) -> Iterator[str]:
    """What can be no label's key or value."""
    for key, _, values in found:
        if not is_label_key(key):
            yield key
        yield from (value for value in values if not is_label_value(value))


def known_labels(labels: Mapping[str, str] | None) -> dict[str, str | Unknown] | Unknown:
    """Labels as facts have them, sorted. Values that none may have aren't shown, as they may be anything.

    A key that none may have may become any, so that no label is known to be missing either.
    """
    if not all(map(is_label_key, labels or ())):
        return Unknown(reason="unreadable: a label has no key that it may")
    return {key: value if is_label_value(value) else _odd_value(value) for key, value in sorted((labels or {}).items())}


def _odd_value(value: str) -> Unknown:
    return placeholder(value) if unnamed(value) else Unknown(reason="unreadable: a label has no value that it may")


def requirements_or(selector: LabelSelector | None, absent: Any) -> Any:
    """As `requirements`, with `absent` for a selector that isn't there."""
    return absent if selector is None else requirements(selector)


def equalities(labels: Mapping[str, str] | None) -> list[dict[str, Any]] | Unknown:
    """The requirements of a plain map of labels."""
    return requirements(LabelSelector(match_labels=dict(labels or {})))


def takes(wanted: Sequence[Mapping[str, Any]], labels: Mapping[str, str]) -> bool:
    """Whether labels meet all requirements."""
    return all(_meets(one, labels) for one in wanted)


def may_share(one: Mapping[str, str] | None, other: Mapping[str, str] | None) -> bool:
    """Whether something may have both sets of labels."""
    second = other or {}
    return all(second.get(key, value) == value for key, value in (one or {}).items())


def _meets(requirement: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement["key"])
    match requirement["operator"]:
        case "In":
            return value in requirement["values"]
        case "NotIn":
            return value not in requirement["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None
