"""Namespaces: how many workloads they have, which are the cluster's own, and whether a policy denies by default."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from assay.detectors.answers import Answer, all_of, any_of, negated, stated
from assay.detectors.exposure import read
from assay.detectors.exposure.declared import DENY, DIRECTIONS, Direction, Policy
from assay.detectors.exposure.endpoints import Namespaces
from assay.detectors.worlds import World
from assay.scanner.api import Fact, Known, Resource, Unknown


class Homes:
    """Namespaces, with what is counted and denied in them."""

    def __init__(self, world: World, policies: Iterable[Policy], namespaces: Namespaces) -> None:
        self._world = world
        self._namespaces = namespaces
        self._pods_unread = world.unread("workload.pods")
        self._policies_unread = world.unread("network.policy")
        self._workloads: Counter[str] = Counter()
        self._components: dict[str, set[str]] = defaultdict(set)
        self._undecided: dict[str, str] = {}
        """Why a workload of a namespace may be a component, by namespace."""
        for resource in world.of("workload.pods"):
            namespace = read.text(read.fact(resource, "namespace"))
            if isinstance(namespace, Unknown):
                self._pods_unread = self._pods_unread or namespace.reason
            else:
                self._workloads[namespace] += 1
                self._take(namespace, read.fact(resource, "system"))
        self._denying: dict[tuple[str, Direction], list[tuple[Policy, Answer]]] = defaultdict(list)
        """By namespace, empty for all, and direction."""
        for policy in policies:
            at = policy.namespace if isinstance(policy.namespace, str) else ""
            for direction in DIRECTIONS:
                denies = _denies(policy, direction)
                if denies is not False:
                    self._denying[at, direction].append((policy, denies))

    def facts(self, namespace: Resource) -> dict[str, Fact]:
        """What is derived of a namespace."""
        name = read.name_of(self._world, namespace, "Namespace")
        unread = self._pods_unread
        return {
            "workloads": Known(value=self._workloads[name]) if unread is None else Unknown(reason=unread),
            "privileged_components": Known(value=self._privileged(name)),
            "denies_ingress": stated(self._denied(name, "ingress")),
            "denies_egress": stated(self._denied(name, "egress")),
        }

    def _take(self, namespace: str, component: object) -> None:
        if isinstance(component, Unknown):
            self._undecided.setdefault(namespace, component.reason)
        elif isinstance(component, str):
            self._components[namespace].add(component)

    def _privileged(self, namespace: str) -> list[str | Unknown]:
        unread = self._pods_unread or self._undecided.get(namespace)
        return [*sorted(self._components.get(namespace, ())), *([Unknown(reason=unread)] if unread else ())]

    def _denied(self, namespace: str, direction: Direction) -> Answer:
        found = any_of(
            all_of((policy.is_for(namespace, self._namespaces), denies))
            for at in (namespace, "")
            for policy, denies in self._denying.get((at, direction), ())
        )
        unread = self._policies_unread
        return Unknown(reason=unread) if found is False and unread is not None else found


def _denies(policy: Policy, direction: Direction) -> Answer:
    """Whether a policy selects all pods for a direction and lets nothing through by itself."""
    every = policy.selector if isinstance(policy.selector, Unknown) else policy.selector.everything
    if policy.tier is not None:
        lets = any_of(rule if isinstance(rule, Unknown) else rule.action != DENY for rule in policy.rules(direction))
        return all_of((policy.governs(direction), every, negated(lets), policy.shuts(direction), policy.in_force))
    lets = any_of(rule if isinstance(rule, Unknown) else True for rule in policy.rules(direction))
    found = all_of((policy.governs(direction), every, negated(lets)))
    if found is False:
        return False
    if policy.foreign:
        return Unknown(reason=f"{policy.address} isn't a NetworkPolicy, and isn't evaluated")
    return policy.namespace if isinstance(policy.namespace, Unknown) else found
