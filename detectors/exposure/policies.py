"""NetworkPolicies of one source, compiled once: who may connect to whom.

Nothing selects a pod: everything is allowed. Something selects it for a direction: only what some of these policies
lets through, whichever. A connection needs the ingress of its destination and the egress of its source. See
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from assay.detectors.exposure import read
from assay.detectors.exposure.answers import Answer, all_of, any_of
from assay.detectors.exposure.declared import ON_NODE_NETWORK, Direction, Policy, policy
from assay.detectors.exposure.endpoints import Endpoint, Namespaces, Outside, Workload
from assay.detectors.exposure.selectors import Index
from assay.detectors.worlds import World
from assay.scanner.api import Unknown

MOST_POLICIES = 100
"""That select one workload for one direction, and are evaluated; beyond, what else they let through isn't known."""
MOST_SOURCES = 1000
"""Workloads that `sources_of` names."""
_TOO_MANY = Unknown(reason=f"more than {MOST_POLICIES} NetworkPolicies select it")


class Rules(Struct, frozen=True, kw_only=True):
    """The policies that decide on one direction of a workload's traffic."""

    certain: tuple[Policy, ...] = ()
    doubtful: tuple[tuple[Policy, Unknown], ...] = ()
    """Whether they select it isn't known."""
    more: Unknown | None = None
    """Why there may be further policies."""
    undefined: Unknown | None = None
    """Why these don't decide: another engine's policy may both let in and keep out."""
    enforced: Answer = True

    @property
    def open(self) -> bool:
        """Certainly nothing limits it."""
        return self.enforced is False or not (self.certain or self.doubtful or self.more or self.undefined)


class Sources(Struct, frozen=True, kw_only=True):
    """Who can reach a port."""

    workloads: tuple[str, ...]
    """Addresses, sorted; at most `MOST_SOURCES`."""
    namespaces: tuple[str, ...]
    """Theirs, all of them, sorted."""
    unknown: str | None
    """Why there may be more."""


class Traffic:
    """Asked about connections. Workloads with the same labels in the same namespace are looked at once."""

    def __init__(self, world: World, workloads: Sequence[Workload] = ()) -> None:
        self.namespaces = Namespaces(world)
        self._unread = world.unread("network.policy")
        self._enforced = _enforced(world)
        self._by_namespace: dict[str, Index[Policy]] = {}
        """Kubernetes' own, of one namespace."""
        self._elsewhere: list[Policy] = []
        """Other engines', and those whose namespace isn't known."""
        own: dict[str, list[Policy]] = defaultdict(list)
        self.policies = tuple(policy(one) for one in sorted(world.of("network.policy"), key=lambda one: one.address))
        """All of them, by address."""
        for found in self.policies:
            if found.foreign or not isinstance(found.namespace, str):
                self._elsewhere.append(found)
            else:
                own[found.namespace].append(found)
        for namespace, policies in own.items():
            self._by_namespace[namespace] = Index((one.selector, one) for one in policies)
        self._alike: dict[tuple[object, ...], list[Workload]] = defaultdict(list)
        for workload in workloads:
            self._alike[workload.like].append(workload)
        self._rules: dict[tuple[object, ...], Rules] = {}

    def allowed(self, src: Endpoint, dst: Endpoint, port: int, protocol: str) -> bool | None:
        """Whether a connection to a port is let through; `protocol` in lower case. None: it isn't known."""
        answer = self.decide(src, dst, port, protocol)
        return None if isinstance(answer, Unknown) else answer

    def decide(self, src: Endpoint, dst: Endpoint, port: int, protocol: str) -> Answer:
        """As `allowed`, with the reason why it isn't known."""
        answers: list[Answer] = []
        if isinstance(dst, Workload):
            answers.append(self._passes(dst, "ingress", src, port, protocol, dst))
        if isinstance(src, Workload):
            answers.append(self._passes(src, "egress", dst, port, protocol, dst))
        found = all_of(answers)
        on_node = any(isinstance(one, Workload) and one.host_network is not False for one in (src, dst))
        # A pod may always talk to its own node, and that may be this one.
        return ON_NODE_NETWORK if found is False and on_node and not _one_is_outside(src, dst) else found

    def sources_of(self, workload: Workload, port: int, protocol: str = "tcp") -> Sources:
        """Which of the workloads that were given at the start can reach a port of one."""
        found: list[Workload] = []
        doubt: str | None = None
        for like in self._alike.values():
            answer = self.decide(like[0], workload, port, protocol)
            if answer is True:
                found += like
            elif isinstance(answer, Unknown):
                doubt = min(doubt or answer.reason, answer.reason)
        names = sorted({one.address for one in found})
        if len(names) > MOST_SOURCES:
            doubt = doubt or f"{len(names)} workloads reach it, and {MOST_SOURCES} are named"
        return Sources(
            workloads=tuple(names[:MOST_SOURCES]),
            namespaces=tuple(sorted({one.namespace for one in found})),
            unknown=doubt,
        )

    def isolates(self, workload: Workload, direction: Direction) -> Answer:
        """Whether a policy for a direction selects it, enforced or not."""
        rules = self.rules(workload, direction)
        if rules.certain and workload.host_network is False:
            return True
        doubts = (rules.undefined, rules.more, *(doubt for _, doubt in rules.doubtful))
        found = any_of(one for one in doubts if one is not None)
        return ON_NODE_NETWORK if rules.certain and found is False else found

    def rules(self, workload: Workload, direction: Direction) -> Rules:
        """The policies that select a workload."""
        key = (direction, *workload.like)
        if key not in self._rules:
            self._rules[key] = self._find(workload, direction)
        return self._rules[key]

    def _find(self, workload: Workload, direction: Direction) -> Rules:
        index = self._by_namespace.get(workload.namespace)
        own = index.candidates(workload.labels) if index else iter(())
        certain: list[Policy] = []
        doubtful: list[tuple[Policy, Unknown]] = []
        undefined: Unknown | None = None
        for one in self._elsewhere:
            selects = one.selects(workload, direction)
            if one.foreign and selects is not False:
                undefined = undefined or Unknown(reason=f"{one.address} isn't a NetworkPolicy, and isn't evaluated")
            elif isinstance(selects, Unknown):
                doubtful.append((one, selects))
        too_many = False
        for one in own:
            selects = one.selects(workload, direction)
            if selects is False:
                continue
            if len(certain) + len(doubtful) >= MOST_POLICIES:
                too_many = True
                break
            if isinstance(selects, Unknown):
                doubtful.append((one, selects))
            else:
                certain.append(one)
        more = Unknown(reason=self._unread) if self._unread else _TOO_MANY if too_many else None
        if workload.host_network is not False and (certain or doubtful or more):
            undefined = undefined or ON_NODE_NETWORK
        return Rules(
            certain=tuple(certain),
            doubtful=tuple(doubtful),
            more=more,
            undefined=undefined,
            enforced=self._enforced,
        )

    def _passes(
        self, one: Workload, direction: Direction, other: Endpoint, port: int, protocol: str, target: Endpoint
    ) -> Answer:
        rules = self.rules(one, direction)

        def lets(policies: Iterable[Policy]) -> Iterator[Answer]:
            for each in policies:
                home = each.namespace if isinstance(each.namespace, str) else one.namespace
                for rule in each.rules(direction):
                    if isinstance(rule, Unknown):
                        yield rule
                    else:
                        yield rule.lets(other, port, protocol, target, home, self.namespaces)

        return settle(rules, any_of(lets(rules.certain)), [any_of(lets([each])) for each, _ in rules.doubtful])


def settle(rules: Rules, certain: Answer, doubtful: Sequence[Answer]) -> Answer:
    """What a direction's policies come to, from what the certain ones let through, and each of the doubtful ones."""
    if rules.open:
        return True
    if rules.undefined is not None:
        return rules.undefined
    doubts = [doubt for _, doubt in rules.doubtful]
    if rules.certain:
        found = certain
        if found is False:
            found = any_of(doubt for doubt, lets in zip(doubts, doubtful, strict=True) if lets is not False)
        if found is False and rules.more is not None:
            found = rules.more
    elif rules.more is not None:
        found = rules.more
    else:
        # One that doesn't let it through keeps it out if it selects; if none selects, everything is let through.
        found = all_of(lets if lets is True else doubt for doubt, lets in zip(doubts, doubtful, strict=True))
    if found is not True and isinstance(rules.enforced, Unknown):
        return rules.enforced
    return found


def _enforced(world: World) -> Answer:
    """Whether the network plugin enforces policies. Files are taken as declared."""
    if not world.live:
        return True
    unread = world.unread("cluster.control-plane")
    stated = [read.boolean(read.fact(one, "network_policy")) for one in world.of("cluster.control-plane")]
    if unread or not stated:
        return Unknown(reason=unread or "whether NetworkPolicies are enforced isn't known")
    return any_of(stated)


def _one_is_outside(src: Endpoint, dst: Endpoint) -> bool:
    return isinstance(src, Outside) or isinstance(dst, Outside)
