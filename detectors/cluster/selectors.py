"""Label selectors of the API: as decoded, as requirements, and asked of labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

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


def requirements(selector: LabelSelector) -> list[dict[str, Any]] | Unknown:
    """The selector as a sorted list of `kinds.traffic.Requirement`s, all of which must hold.

    Unknown where the API server would refuse the selector, as then it is not known what is meant.
    """
    found: set[tuple[str, str, tuple[str, ...]]]
    found = {(key, "In", (value,)) for key, value in (selector.match_labels or {}).items()}
    for expression in selector.match_expressions or ():
        values = tuple(sorted(set(expression.values or ())))
        if not expression.key:
            return Unknown(reason="a requirement of the label selector names no label")
        if expression.operator not in (*_WITH_VALUES, *_WITHOUT_VALUES):
            return Unknown(reason="the label selector has an operator that Kubernetes doesn't know")
        if bool(values) != (expression.operator in _WITH_VALUES):
            wrong = "without values" if expression.operator in _WITH_VALUES else "with values"
            return Unknown(reason=f"the label selector has {expression.operator} {wrong}")
        found.add((expression.key, expression.operator, values))
    if len(found) + sum(len(values) for _, _, values in found) > MAX_REQUIREMENTS:
        return Unknown(reason=f"the label selector has more than {MAX_REQUIREMENTS} requirements")
    return [{"key": key, "operator": operator, "values": list(values)} for key, operator, values in sorted(found)]


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
