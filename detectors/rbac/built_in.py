"""Kubernetes' own roles and bindings, told by what they hold and not by their names alone.

The table is the union over versions, so that a role which an older or newer cluster has is its own too; kubeadm's roles
are in it, as kubeadm is part of Kubernetes. Those that clouds add are judged as anybody's: they publish no such list.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product
from math import prod
from pathlib import Path

import msgspec
from msgspec import Struct

from assay.detectors.rbac.access import Rule
from assay.detectors.rbac.rules import of_parts

_MOST_ATOMS = 10_000
"""Of one role's rules, each a verb on a resource of a group. The largest in the table has 600."""


class Original(Struct, frozen=True, kw_only=True):
    """A role as Kubernetes makes it."""

    labels: Mapping[str, str]
    aggregates: tuple[str, ...]
    """Labels; ClusterRoles that have one of them with the value `true` are aggregated."""
    rules: tuple[Rule, ...]
    """Of the newest version; none of its own where it aggregates."""
    ever: tuple[Rule, ...]
    """Of all versions."""


def originals() -> Mapping[str, Original]:
    """By address: `ClusterRole.admin`, `Role.kube-system.kube-proxy`."""
    return _tables()[0]


def unchanged(address: str, rules: Iterable[Rule]) -> bool:
    """Whether a role so named has no rights but those that Kubernetes gives it, aggregated ones included."""
    allowed = _allowed(address)
    if allowed is None:
        return False
    odd = [rule for rule in rules if not any(_contains(other, rule) for other in allowed)]
    if sum(map(_atom_count, odd)) > _MOST_ATOMS:
        return False
    return all(any(_contains(other, atom) for other in allowed) for rule in odd for atom in _atoms(rule))


def expects(binding: str, role: str, subject: str) -> bool:
    """Whether Kubernetes itself binds the role to the subject (`Group:system:masters`) so."""
    found = _tables()[1].get(binding)
    return found is not None and found.role == role and subject in found.subjects


def own_account(subject: str) -> bool:
    """Whether a service account (`kube-system/coredns`) is one that Kubernetes binds rights to."""
    return f"ServiceAccount:{subject}" in _tables()[2]


def own_group(name: str) -> bool:
    """Whether it is a group that Kubernetes binds rights to."""
    return f"Group:{name}" in _tables()[2]


class _Role(Struct):
    labels: dict[str, str]
    aggregates: tuple[str, ...]
    rules: tuple[str, ...]
    before: tuple[str, ...]


class _Binding(Struct):
    role: str
    subjects: frozenset[str]


class _Table(Struct):
    versions: tuple[str, ...]
    roles: dict[str, _Role]
    bindings: dict[str, _Binding]


@cache
def _tables() -> tuple[Mapping[str, Original], Mapping[str, _Binding], frozenset[str]]:
    table = msgspec.json.decode(Path(__file__).with_name("built_in.json").read_bytes(), type=_Table)
    roles = {
        address: Original(
            labels=role.labels,
            aggregates=role.aggregates,
            rules=tuple(map(_rule, role.rules)),
            ever=tuple(map(_rule, (*role.rules, *role.before))),
        )
        for address, role in table.roles.items()
    }
    subjects = frozenset(subject for binding in table.bindings.values() for subject in binding.subjects)
    return roles, table.bindings, subjects


def _rule(text: str) -> Rule:
    parts = [part.split(",") for part in text.split("|")]
    if len(parts) == 2:
        return of_parts(verbs=parts[0], urls=parts[1])
    groups = ["" if group == "core" else group for group in parts[1]]
    return of_parts(verbs=parts[0], groups=groups, resources=parts[2], names=parts[3] if len(parts) == 4 else ())


@cache
def _allowed(address: str) -> tuple[Rule, ...] | None:
    """A role's own rules of all versions, and those of all that it aggregates."""
    roles = originals()
    if address not in roles:
        return None
    taken = [address]
    for one in taken:
        for name, role in roles.items():
            if name not in taken and any(role.labels.get(key) == "true" for key in roles[one].aggregates):
                taken.append(name)
    return tuple(rule for one in taken for rule in roles[one].ever)


def _atom_count(rule: Rule) -> int:
    things = prod(map(len, (rule.verbs, rule.groups, rule.resources, rule.names or {""})))
    return things + len(rule.verbs) * len(rule.urls)


def _atoms(rule: Rule) -> Iterator[Rule]:
    for verb, group, resource in product(rule.verbs, rule.groups, rule.resources):
        for name in rule.names or (None,):
            yield of_parts([verb], [group], [resource], () if name is None else [name])
    for verb, url in product(rule.verbs, rule.urls):
        yield of_parts([verb], urls=[url])


def _contains(outer: Rule, inner: Rule) -> bool:
    """Whether one rule alone allows all that another does; False for some that take a closer look."""
    if not ("*" in outer.verbs or inner.verbs <= outer.verbs):
        return False
    if not all(outer.allows_url(url) for url in inner.urls):
        return False
    if not (inner.groups and inner.resources):
        return True
    if outer.names and not (inner.names and inner.names <= outer.names):
        return False
    if not ("*" in outer.groups or inner.groups <= outer.groups):
        return False
    return all(outer.covers(*resource.split("/", 1)) for resource in inner.resources)
