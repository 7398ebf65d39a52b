"""NetworkPolicies of one source, compiled once: who may connect to whom.

Nothing selects a pod: everything is allowed. Something selects it for a direction: only what some of these policies
lets through, whichever. A connection needs the ingress of its destination and the egress of its source. See
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from assay.detectors.exposure import read
from assay.detectors.exposure.answers import Answer, all_of, any_of
from assay.detectors.exposure.declared import DIRECTIONS, ON_NODE_NETWORK, Direction, Policy, policy
from assay.detectors.exposure.endpoints import Endpoint, Namespaces, Outside, Workload
from assay.detectors.exposure.selectors import Index
from assay.detectors.worlds import World
from assay.scanner.api import Unknown

MOST_POLICIES = 100
"""That select one workload for one direction, and are evaluated; beyond, what else they let through isn't known."""
MOST_TRIED = 500
"""Whose selector is tried on one workload, once those are left out that demand a label which it hasn't."""
MOST_SOURCES = 1000
"""Workloads that `sources_of` names."""
_ANY = ""
"""In the place of a namespace: of the whole cluster, or not known."""
_TOO_MANY = Unknown(reason=f"more than {MOST_POLICIES} NetworkPolicies may select it")


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
        self.policies = tuple(policy(one) for one in sorted(world.of("network.policy"), key=lambda one: one.address))
        """All of them, by address."""
        self._own = {direction: _by_namespace(self.policies, False, direction) for direction in DIRECTIONS}
        self._foreign = {direction: _by_namespace(self.policies, True, direction) for direction in DIRECTIONS}
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
        certain: list[Policy] = []
        doubtful: list[tuple[Policy, Unknown]] = []
        too_many = False
        for tried, one in enumerate(_candidates(self._own[direction], workload)):
            if tried >= MOST_TRIED or len(certain) + len(doubtful) >= MOST_POLICIES:
                too_many = True
                break
            selects = one.selects(workload, direction)
            if isinstance(selects, Unknown):
                doubtful.append((one, selects))
            elif selects:
                certain.append(one)
        undefined = self._touching(workload, direction)
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

    def _touching(self, workload: Workload, direction: Direction) -> Unknown | None:
        """Why what another engine has declared may decide instead."""
        for tried, one in enumerate(_candidates(self._foreign[direction], workload)):
            if tried >= MOST_TRIED:
                return Unknown(reason=f"more than {MOST_TRIED} policies of other engines may select it")
            if one.selects(workload, direction) is not False:
                return Unknown(reason=f"{one.address} isn't a NetworkPolicy, and isn't evaluated")
        return None

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


def _by_namespace(policies: Iterable[Policy], foreign: bool, direction: Direction) -> Mapping[str, Index[Policy]]:
    """Other engines' or Kubernetes' own that may be for a direction."""
    found: dict[str, list[Policy]] = defaultdict(list)
    for one in policies:
        if one.foreign == foreign and one.governs(direction) is not False:
            found[one.namespace if isinstance(one.namespace, str) else _ANY].append(one)
    return {namespace: Index((one.selector, one) for one in those) for namespace, those in found.items()}


def _candidates(policies: Mapping[str, Index[Policy]], workload: Workload) -> Iterator[Policy]:
    for namespace in (_ANY, workload.namespace):
        if namespace in policies:
            yield from policies[namespace].candidates(workload.labels)


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
