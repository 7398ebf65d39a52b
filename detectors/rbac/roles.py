"""The roles of a source by address, with what they aggregate."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.rbac import built_in, rules
from assay.detectors.rbac.rules import NO_RULES, Rules
from assay.detectors.worlds import World, unknown_of, value
from assay.scanner.api import Resource, Unknown, is_unknown, reason_of

_MOST_STEPS = 500_000
"""Comparisons of selectors and labels, and rules handed on, in one source. A cluster with 2,000 roles needs 20,000."""
_CLUSTER_ROLE = "ClusterRole."
_TOO_MANY = "roles aggregate each other too often to be followed"


class Role(Struct, frozen=True, kw_only=True):
    """A role with all that it allows."""

    address: str
    rules: Rules
    built_in: bool | None
    """One of Kubernetes' own, unchanged; None: unknown."""


class Roles:
    """The roles of a source.

    A file is applied to a cluster that has Kubernetes' own roles, so these are there unless it declares them otherwise.
    Where files declare a role more than once, any of them may be the one that counts: it has the rules of all.
    """

    def __init__(self, world: World) -> None:
        self._unread = world.unread("rbac.role")
        self._live = world.live
        stated: dict[str, list[_Declared]] = defaultdict(list)
        for resource in world.of("rbac.role"):
            stated[resource.address].append(_declared(resource))
        self._declared = {address: _any_of(variants) for address, variants in sorted(stated.items())}
        if not world.live:
            for address, original in built_in.originals().items():
                self._declared.setdefault(address, _original(original))
        # Of a live cluster, the rules that count are those that the controller has written into the role.
        self._aggregation = None if world.live else _Aggregation(self._declared)
        self._compiled = {address: self._compile(address) for address in sorted(stated)}

    def at(self, address: str) -> Role:
        """The role at an address, `ClusterRole.view` or `Role.ml.reader`."""
        if address not in self._compiled:
            self._compiled[address] = self._compile(address) if address in self._declared else self._absent(address)
        return self._compiled[address]

    def declares(self, address: str) -> bool:
        """Whether the role is there."""
        return address in self._declared

    def _compile(self, address: str) -> Role:
        one = self._declared[address]
        found = self._aggregation.rules_of(address) if self._aggregation and one.selectors else one.rules
        return Role(address=address, rules=found, built_in=_is_built_in(address, found))

    def _absent(self, address: str) -> Role:
        if not self._live:
            reason = f"{address} isn't declared here"
        elif self._unread:
            reason = self._unread
        else:
            # The API server lets a binding refer to a role that isn't there. It grants nothing until somebody makes it.
            return Role(address=address, rules=NO_RULES, built_in=False)
        return Role(address=address, rules=rules.anything(reason), built_in=None)


class _Declared(Struct, frozen=True, kw_only=True):
    rules: Rules
    labels: Any
    """A map, or an Unknown; values may be unknown too."""
    selectors: Sequence[Any]
    """Lists of requirements, unknown anywhere in them."""


def _declared(resource: Resource) -> _Declared:
    missing = unknown_of(resource, "rules")
    # A Role doesn't aggregate, whatever it says.
    cluster_role = resource.address.startswith(_CLUSTER_ROLE)
    selectors = unknown_of(resource, "aggregates") if cluster_role else None
    return _Declared(
        rules=rules.anything(missing.reason) if missing else rules.read(value(resource, "rules", ())),
        labels=unknown_of(resource, "labels") or value(resource, "labels", {}),
        selectors=[selectors] if selectors else list(value(resource, "aggregates", ()) if cluster_role else ()),
    )


def _any_of(variants: Sequence[_Declared]) -> _Declared:
    if len(variants) == 1:
        return variants[0]
    return _Declared(
        rules=rules.joined(one.rules for one in variants),
        labels=_labels_of_any([one.labels for one in variants]),
        selectors=[selector for one in variants for selector in one.selectors],
    )


def _labels_of_any(variants: Sequence[Any]) -> Any:
    unread = next((labels for labels in variants if is_unknown(labels)), None)
    if unread is not None:
        return unread
    differ = Unknown(reason="the role is declared more than once, with other labels")
    found = {key: label for labels in variants for key, label in labels.items()}
    return {
        key: label if all(labels.get(key) == label for labels in variants) else differ for key, label in found.items()
    }


def _original(original: built_in.Original) -> _Declared:
    return _Declared(
        rules=Rules(sure=original.rules),
        labels=original.labels,
        selectors=[[{"key": key, "operator": "In", "values": ["true"]}] for key in original.aggregates],
    )


def _is_built_in(address: str, found: Rules) -> bool | None:
    if not built_in.unchanged(address, found.sure):
        return False
    return None if found.unknown else True


class _Aggregation:
    """Which ClusterRoles have the rules of which others, through any number of steps."""

    def __init__(self, declared: Mapping[str, _Declared]) -> None:
        self._roles = {address: one for address, one in declared.items() if address.startswith(_CLUSTER_ROLE)}
        self._by_label: dict[str, list[str]] = defaultdict(list)
        self._unlabelled: list[str] = []
        """Roles whose labels could not be read, so that any selector may take them."""
        for address, one in sorted(self._roles.items()):
            if is_unknown(one.labels):
                self._unlabelled.append(address)
            else:
                for key in one.labels:
                    self._by_label[key].append(address)
        self._steps = 0
        self._edges: dict[str, tuple[tuple[str, bool], ...]] = {}

    def rules_of(self, address: str) -> Rules:
        """All that the role at the address allows."""
        try:
            return rules.joined(self._parts(address))
        except _TooManyError:
            return rules.anything(_TOO_MANY)

    def _parts(self, address: str) -> Iterator[Rules]:
        surely = self._reached([address], sure=True)
        for one in surely:
            yield from self._own(one, sure=True)
        for one in self._reached(surely, sure=False):
            if one not in surely:
                yield from self._own(one, sure=False)

    def _own(self, address: str, sure: bool) -> Iterator[Rules]:
        role = self._roles[address]
        for selector in role.selectors:
            if is_unknown(selector):
                yield rules.anything(reason_of(selector))
        if role.selectors:
            # The controller overwrites what a role that aggregates says of its own.
            return
        self._step(len(role.rules.all))
        if sure:
            yield role.rules
        else:
            unread = f"whether {address} is aggregated isn't known"
            yield Rules(maybe=role.rules.all, unknown=role.rules.unknown or unread)

    def _reached(self, start: Iterable[str], sure: bool) -> dict[str, None]:
        """The roles that these take, themselves included; with `sure`, only those that are taken for certain."""
        found = dict.fromkeys(start)
        pending = list(found)
        while pending:
            for other, certain in self._takes(pending.pop()):
                if other not in found and (certain or not sure):
                    found[other] = None
                    pending.append(other)
        return found

    def _takes(self, address: str) -> tuple[tuple[str, bool], ...]:
        if address not in self._edges:
            found: dict[str, bool] = {}
            for selector in self._roles[address].selectors:
                if not is_unknown(selector):
                    for other, certain in self._selected(selector):
                        found[other] = found.get(other, False) or certain
            self._edges[address] = tuple(sorted(found.items()))
        self._step(len(self._edges[address]))
        return self._edges[address]

    def _selected(self, selector: Sequence[Any]) -> Iterator[tuple[str, bool]]:
        for address in self._candidates(selector):
            self._step(1 + len(selector))
            taken = _takes(selector, self._roles[address].labels)
            if taken is not False:
                yield address, taken is True

    def _candidates(self, selector: Sequence[Any]) -> Sequence[str]:
        for one in selector:
            if not is_unknown(one) and one["operator"] in ("In", "Exists") and isinstance(one["key"], str):
                return [*self._by_label.get(one["key"], ()), *self._unlabelled]
        return list(self._roles)

    def _step(self, count: int) -> None:
        self._steps += count
        if self._steps > _MOST_STEPS:
            raise _TooManyError


class _TooManyError(Exception):
    pass


def _takes(selector: Sequence[Any], labels: Any) -> bool | None:
    """Whether a selector takes something with these labels; None: that can't be told."""
    decided: bool | None = True
    for one in selector:
        met = _meets(one, labels)
        if met is False:
            return False
        if met is None:
            decided = None
    return decided


def _meets(requirement: Any, labels: Any) -> bool | None:
    if is_unknown(requirement) or is_unknown(labels):
        return None
    key, operator, values = requirement["key"], requirement["operator"], requirement["values"]
    if is_unknown(key) or is_unknown(operator) or is_unknown(values):
        return None
    if operator in ("Exists", "DoesNotExist"):
        return bool((key in labels) == (operator == "Exists"))
    if key not in labels:
        return bool(operator == "NotIn")
    if is_unknown(labels[key]):
        return None
    if any(is_unknown(one) for one in values) and labels[key] not in values:
        return None
    return bool((labels[key] in values) == (operator == "In"))
