"""What of the table in `dangers.py` a role's rules allow."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from msgspec import Struct

from assay.detectors.rbac.access import Rule
from assay.detectors.rbac.dangers import (
    AREAS,
    DANGERS,
    EVERYTHING,
    HARMLESS_WILDCARDS,
    WILDCARD_RESOURCES,
    WILDCARD_VERBS,
    Right,
)
from assay.detectors.rbac.matching import Line, Lines, Match

_READ = frozenset({"get", "list", "watch"})
_READ_AND_WRITE = _READ | {"create", "update", "patch", "delete", "deletecollection"}
_OF_ALL_NAMESPACES = frozenset({"create", "deletecollection"})
"""Verbs on Namespaces that are of no single one, so that no RoleBinding grants them."""
_LONGEST = 120
_MOST_ENTRIES = 4_000
"""Of one role's rules, each a right of the table that a rule allows. Beyond it each power is told once."""


class Held(Struct, frozen=True, kw_only=True):
    """A power that rules give, through one resource."""

    power: str
    verbs: tuple[str, ...]
    resource: str
    """`apps/deployments`, `pods/exec`; `*` or `apps/*` where the rule names no resource."""
    names: tuple[str, ...]
    """The only objects that it is for; empty: all."""
    rule: str
    """The rule in a line."""


def powers_of(rules: Sequence[Rule], namespace: str | None) -> tuple[Held, ...]:
    """What rules that hold in a namespace, or for None in the whole cluster, allow that is dangerous.

    Sorted by power and resource. Where they allow everything, that is the one power, and stands for all others.
    """
    whole = [rule for rule in rules if _allows_everything(rule)]
    if whole:
        rule = min(whole, key=lambda one: _plainest(one.text))
        return (Held(power=EVERYTHING, verbs=_sorted(rule.verbs), resource="*", names=(), rule=rule.text),)
    found: dict[tuple[str, str], list[Held]] = defaultdict(list)
    for count, one in enumerate(_all_held(rules, namespace)):
        found[one.power, one.resource if count < _MOST_ENTRIES else "*"].append(one)
    return tuple(_merged(resource, found[power, resource]) for power, resource in sorted(found))


def rights_of(rules: Sequence[Rule], cluster: bool) -> Mapping[int, Mapping[int, str]]:
    """Of powers that take several rights, which of these the rules give, by their places in the table, each with the
    plainest rule that does. `cluster`: in the whole cluster, or else in some namespace."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for rule in rules:
        for match in _lines_of_several().met(rule):
            place = match.line.place
            if (cluster or not place.right.cluster) and (held := _held(match, rule, None)) is not None:
                told = found[place.danger].get(place.part, held.rule)
                found[place.danger][place.part] = min(told, held.rule, key=_plainest)
    return found


def weight(rules: Sequence[Rule]) -> int:
    """How much work `powers_of` has with them, in entries looked at."""
    everything = len(_lines().all)
    return sum(
        len(rule.resources) + len(rule.names) + len(rule.verbs) + (everything if "*" in rule.resources else 1)
        for rule in rules
    )


def places_told_apart(rules: Sequence[Rule]) -> frozenset[str]:
    """The namespaces where the rules may give something else than in any other."""
    named = {name for rule in rules if rule.covers("namespaces") for name in rule.names}
    return frozenset(named.union(*(right.namespaces for danger in DANGERS for right in danger.rights)))


def areas_of(powers: Iterable[str]) -> list[str]:
    """What powers are over, sorted."""
    return sorted({AREAS[power] for power in powers})


def _allows_everything(rule: Rule) -> bool:
    verbs = "*" in rule.verbs or rule.verbs >= _READ_AND_WRITE
    return verbs and "*" in rule.groups and "*" in rule.resources and not rule.names


def _all_held(rules: Sequence[Rule], namespace: str | None) -> Iterator[Held]:
    parts: dict[int, dict[int, list[Held]]] = defaultdict(lambda: defaultdict(list))
    for rule in rules:
        yield from _wildcards(rule)
        for match in _lines().met(rule):
            if (held := _held(match, rule, namespace)) is None:
                continue
            place = match.line.place
            if len(DANGERS[place.danger].rights) == 1:
                yield held
            elif len(parts[place.danger][place.part]) < _MOST_ENTRIES:
                parts[place.danger][place.part].append(held)
    for danger, found in sorted(parts.items()):
        if len(found) == len(DANGERS[danger].rights):
            for part in sorted(found):
                yield from found[part]


def _wildcards(rule: Rule) -> Iterator[Held]:
    groups = rule.groups - HARMLESS_WILDCARDS if rule.verbs <= _READ else rule.groups
    if not groups or not rule.resources or not rule.verbs:
        return
    names = _sorted(rule.names)
    if "*" in rule.verbs:
        listed = ",".join(sorted(rule.resources))
        told = listed if len(listed) <= _LONGEST else f"{listed[:_LONGEST]}…"
        yield Held(power=WILDCARD_VERBS, verbs=("*",), resource=told, names=names, rule=rule.text)
    if "*" in rule.resources:
        for group in sorted(groups):
            told = "*" if group == "*" else f"{group or 'core'}/*"
            verbs = _sorted(rule.verbs)
            yield Held(power=WILDCARD_RESOURCES, verbs=verbs, resource=told, names=names, rule=rule.text)


class _Place(Struct, frozen=True):
    """Where in the table a line stands."""

    danger: int
    part: int
    right: Right


@cache
def _lines() -> Lines[_Place]:
    return Lines(
        Line(_Place(number, part, right), frozenset(right.verbs), group, resource)
        for number, danger in enumerate(DANGERS)
        for part, right in enumerate(danger.rights)
        for group, resource in right.things
    )


@cache
def _lines_of_several() -> Lines[_Place]:
    """Those of powers that take several rights."""
    return Lines(line for line in _lines().all if len(DANGERS[line.place.danger].rights) > 1)


def _held(match: Match[_Place], rule: Rule, namespace: str | None) -> Held | None:
    line, verbs, right = match.line, match.verbs, match.line.place.right
    if namespace is not None and (right.cluster or (right.namespaces and namespace not in right.namespaces)):
        return None
    names = _dangerous(rule.names, right, namespace) if rule.names else rule.names
    if rule.names and not names:
        return None
    if right.own_namespace and namespace is not None:
        verbs -= _OF_ALL_NAMESPACES
    if not verbs:
        return None
    power = DANGERS[line.place.danger].power
    return Held(power=power, verbs=_sorted(verbs), resource=_told(line, rule), names=_sorted(names), rule=rule.text)


def _told(line: Line[_Place], rule: Rule) -> str:
    """Through `*`, as the rule writes it: a line for each resource that it includes would say no more."""
    if "*" in rule.resources:
        return "*" if "*" in rule.groups else f"{line.group or 'core'}/*"
    return f"{line.group}/{line.resource}" if line.group else line.resource


def _dangerous(names: frozenset[str], right: Right, namespace: str | None) -> frozenset[str]:
    if right.own_namespace and namespace is not None:
        names &= {namespace}
    if right.names:
        names &= set(right.names)
    return names - set(right.harmless)


def _merged(resource: str, found: Sequence[Held]) -> Held:
    """One for all rules that give it; where some are for all objects, those that are for certain ones add nothing."""
    wide = [one for one in found if not one.names]
    told = wide or found
    return Held(
        power=found[0].power,
        verbs=_sorted({verb for one in told for verb in one.verbs}),
        resource=resource,
        names=() if wide else _sorted({name for one in found for name in one.names}),
        rule=min((one.rule for one in told), key=_plainest),
    )


def _plainest(text: str) -> tuple[int, str]:
    return len(text), text


def _sorted(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(words))
