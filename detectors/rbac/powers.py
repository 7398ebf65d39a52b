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

_READ = frozenset({"get", "list", "watch"})
_READ_AND_WRITE = _READ | {"create", "update", "patch", "delete", "deletecollection"}
_OF_NO_OBJECT = frozenset({"create", "deletecollection"})
"""Verbs whose requests name no object, so that no rule for certain names allows them; but `create` on a subresource is
of the object that has it."""
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


def weight(rules: Sequence[Rule]) -> int:
    """How much work `powers_of` has with them, in entries looked at."""
    everything = len(_lines()["*"])
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
        for one in _candidates(rule):
            if (held := _held(one, rule, namespace)) is None:
                continue
            if len(DANGERS[one.danger].rights) == 1:
                yield held
            elif len(parts[one.danger][one.part]) < _MOST_ENTRIES:
                parts[one.danger][one.part].append(held)
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


class _Line(Struct, frozen=True):
    """A thing of the table, by its places in it."""

    danger: int
    part: int
    right: Right
    group: str
    resource: str


@cache
def _lines() -> Mapping[str, Sequence[_Line]]:
    """By resource as rules write it; `*/SUBRESOURCE` for those that such a rule takes, and `*` for all."""
    found: dict[str, list[_Line]] = defaultdict(list)
    for number, danger in enumerate(DANGERS):
        for part, right in enumerate(danger.rights):
            for group, resource in right.things:
                line = _Line(number, part, right, group, resource)
                found["*"].append(line)
                found[resource].append(line)
                if "/" in resource:
                    found[f"*/{resource.split('/')[1]}"].append(line)
    return dict(found)


def _candidates(rule: Rule) -> Iterator[_Line]:
    """Those of the table's things that the rule's resources take, each once."""
    lines = _lines()
    if "*" in rule.resources:
        yield from lines["*"]
        return
    seen: set[tuple[int, int, str, str]] = set()
    for resource in sorted(rule.resources):
        anything = f"{resource.split('/')[0]}/*" if "/" in resource else ""
        for line in (*lines.get(resource, ()), *(lines.get(anything, ()) if anything != resource else ())):
            key = (line.danger, line.part, line.group, line.resource)
            if key not in seen:
                seen.add(key)
                yield line


def _held(line: _Line, rule: Rule, namespace: str | None) -> Held | None:
    right = line.right
    if line.group not in rule.groups and "*" not in rule.groups:
        return None
    if namespace is not None and (right.cluster or (right.namespaces and namespace not in right.namespaces)):
        return None
    verbs = {verb for verb in right.verbs if verb in rule.verbs or "*" in rule.verbs}
    names = rule.names
    if names:
        verbs -= _OF_NO_OBJECT if "/" not in line.resource else {"deletecollection"}
        names = _dangerous(names, right, namespace)
        if not names:
            return None
    if right.own_namespace and namespace is not None:
        verbs -= _OF_NO_OBJECT
    if not verbs:
        return None
    power = DANGERS[line.danger].power
    return Held(power=power, verbs=_sorted(verbs), resource=_told(line, rule), names=_sorted(names), rule=rule.text)


def _told(line: _Line, rule: Rule) -> str:
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
