"""NetworkPolicies of one source, compiled once: who may connect to whom.

Nothing selects a pod: everything is allowed. Something selects it for a direction: only what some of these policies
lets through, whichever. A connection needs the ingress of its destination and the egress of its source. See
https://kubernetes.io/docs/concepts/services-networking/network-policies/. Administrators' policies come before and
after: `tiers`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from assay.detectors.answers import Answer, all_of, any_of
from assay.detectors.exposure import read
from assay.detectors.exposure.declared import (
    ADMIN,
    BASELINE,
    DIRECTIONS,
    ON_NODE_NETWORK,
    Allowance,
    Direction,
    Policy,
    policy,
)
from assay.detectors.exposure.endpoints import Endpoint, Namespaces, Outside, Workload
from assay.detectors.exposure.selectors import Index
from assay.detectors.exposure.tiers import Selected, decided, in_order
from assay.detectors.worlds import World
from assay.scanner.api import Unknown

MOST_POLICIES = 100
"""That select one workload for one direction, and are evaluated; beyond, what else they let through isn't known."""
MOST_TRIED = 500
"""Whose selector is tried on one workload, once those are left out that demand a label which it hasn't."""
MOST_ASKED = 1_000_000
"""Policies that are tried on workloads, of a source together."""
_ANY = ""
"""In the place of a namespace: of the whole cluster, or not known."""
_TOO_MANY = Unknown(reason=f"more than {MOST_POLICIES} NetworkPolicies may select it")
_TOO_MUCH = Unknown(reason="there are too many workloads and policies to try each on each")


class Rules(Struct, frozen=True, kw_only=True):
    """The policies that decide on one direction of a workload's traffic."""

    before: tuple[Selected, ...] = ()
    """Administrators' policies, in order; NetworkPolicies decide on what they leave."""
    after: tuple[Selected, ...] = ()
    """Those that decide where no NetworkPolicy selects, in order."""
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
        limited = self.tiered or self.certain or self.doubtful or self.more or self.undefined
        return self.enforced is False or not limited

    @property
    def identity(self) -> tuple[object, ...]:
        """Equal where the same policies decide; they live as long as whoever compiled them."""
        ranked = (tuple((id(one), selects) for one, selects in tier) for tier in (self.before, self.after))
        doubtful = tuple((id(one), doubt) for one, doubt in self.doubtful)
        certain = tuple(id(one) for one in self.certain)
        return (*ranked, certain, doubtful, self.undefined, self.more)

    @property
    def tiered(self) -> bool:
        """Administrators' policies may select it."""
        return bool(self.before or self.after)


class Traffic:
    """Asked about connections. Workloads with the same labels in the same namespace are looked at once."""

    def __init__(self, world: World) -> None:
        self.namespaces = Namespaces(world)
        self._unread = world.unread("network.policy")
        self._enforced = _enforced(world)
        self.policies = tuple(policy(one) for one in sorted(world.of("network.policy"), key=lambda one: one.address))
        """All of them, by address."""
        own = [one for one in self.policies if not one.foreign and one.tier is None]
        ranked = [one for one in self.policies if one.tier is not None]
        foreign = [one for one in self.policies if one.foreign]
        self._own = {direction: _by_namespace(own, direction) for direction in DIRECTIONS}
        self._ranked = {direction: _by_namespace(ranked, direction) for direction in DIRECTIONS}
        self._foreign = {direction: _by_namespace(foreign, direction) for direction in DIRECTIONS}
        self._rules: dict[tuple[object, ...], Rules] = {}
        self._left = MOST_ASKED

    def allowed(self, src: Endpoint, dst: Endpoint, port: int, protocol: str) -> bool | None:
        """Whether a connection to a port is let through; `protocol` in lower case. None: it isn't known."""
        answer = self.decide(src, dst, port, protocol)
        return None if isinstance(answer, Unknown) else answer

    def decide(self, src: Endpoint, dst: Endpoint, port: int, protocol: str) -> Answer:
        """As `allowed`, with the reason why it isn't known."""
        answers: list[Answer] = []
        if isinstance(dst, Workload):
            answers.append(self.admits(dst, src, port, protocol))
        if isinstance(src, Workload):
            answers.append(self.lets_out(src, dst, port, protocol))
        found = all_of(answers)
        on_node = any(isinstance(one, Workload) and one.host_network is not False for one in (src, dst))
        # A pod may always talk to its own node, and that may be this one.
        return ON_NODE_NETWORK if found is False and on_node and not _one_is_outside(src, dst) else found

    def admits(self, workload: Workload, src: Endpoint, port: int, protocol: str) -> Answer:
        """Whether a workload's own policies let a connection in, whatever those of the other side say."""
        return self._passes(workload, "ingress", src, port, protocol, workload)

    def lets_out(self, workload: Workload, dst: Endpoint, port: int, protocol: str) -> Answer:
        """Whether a workload's own policies let a connection out, whatever those of the other side say."""
        return self._passes(workload, "egress", dst, port, protocol, dst)

    def isolates(self, workload: Workload, direction: Direction) -> Answer:
        """Whether a policy for a direction selects it, enforced or not.

        An administrator's policy isolates where it keeps out whoever its other rules don't name, as NetworkPolicies do.
        """
        rules = self.rules(workload, direction)
        if rules.certain and workload.host_network is False:
            return True
        doubts = (rules.undefined, rules.more, *(doubt for _, doubt in rules.doubtful))
        shut = (all_of((selects, one.shuts(direction))) for one, selects in (*rules.before, *rules.after))
        found = any_of((*shut, *(one for one in doubts if one is not None)))
        return ON_NODE_NETWORK if rules.certain and found is False else found

    def rules(self, workload: Workload, direction: Direction) -> Rules:
        """The policies that select a workload."""
        key = (direction, *workload.like)
        if key not in self._rules:
            self._rules[key] = self._find(workload, direction)
        return self._rules[key]

    def _find(self, workload: Workload, direction: Direction) -> Rules:
        selecting, too_many = self._selecting(self._own[direction], workload, direction)
        ranked, overly = self._selecting(self._ranked[direction], workload, direction)
        certain = [one for one, selects in selecting if selects is True]
        doubtful = [(one, selects) for one, selects in selecting if isinstance(selects, Unknown)]
        undefined = self._touching(workload, direction) or overly
        more = Unknown(reason=self._unread) if self._unread else too_many
        if workload.host_network is not False and (certain or doubtful or more):
            undefined = undefined or ON_NODE_NETWORK
        return Rules(
            before=in_order(one for one in ranked if one[0].tier == ADMIN),
            after=in_order(one for one in ranked if one[0].tier == BASELINE),
            certain=tuple(certain),
            doubtful=tuple(doubtful),
            more=more,
            undefined=undefined,
            enforced=self._enforced,
        )

    def _selecting(
        self, policies: Mapping[str, Index[Policy]], workload: Workload, direction: Direction
    ) -> tuple[list[Selected], Unknown | None]:
        """Those that select it or may, and why there may be more of them than are looked at."""
        found: list[Selected] = []
        for tried, one in enumerate(_candidates(policies, workload)):
            self._left -= 1
            if self._left < 0:
                return found, _TOO_MUCH
            if tried >= MOST_TRIED or len(found) >= MOST_POLICIES:
                return found, _TOO_MANY
            selects = one.selects(workload, direction, self.namespaces)
            if selects is not False:
                found.append((one, selects))
        return found, None

    def _touching(self, workload: Workload, direction: Direction) -> Unknown | None:
        """Why what another engine has declared may decide instead."""
        for tried, one in enumerate(_candidates(self._foreign[direction], workload)):
            if tried >= MOST_TRIED:
                return Unknown(reason=f"more than {MOST_TRIED} policies of other engines may select it")
            if one.selects(workload, direction, self.namespaces) is not False:
                return Unknown(reason=f"{one.address} isn't a NetworkPolicy, and isn't evaluated")
        return None

    def _passes(
        self, one: Workload, direction: Direction, other: Endpoint, port: int, protocol: str, target: Endpoint
    ) -> Answer:
        rules = self.rules(one, direction)
        if rules.open:
            return True

        def fits(whose: Policy, rule: Allowance) -> Answer:
            home = whose.namespace if isinstance(whose.namespace, str) else one.namespace
            return rule.fits(other, port, protocol, target, home, self.namespaces)

        def lets(policies: Iterable[Policy]) -> Iterator[Answer]:
            for each in policies:
                for rule in each.rules(direction):
                    yield rule if isinstance(rule, Unknown) else fits(each, rule)

        def by_policies() -> Answer:
            otherwise = decided(rules.after, direction, fits, lambda: True)
            return settle(
                rules, any_of(lets(rules.certain)), [any_of(lets([each])) for each, _ in rules.doubtful], otherwise
            )

        return sure(rules, decided(rules.before, direction, fits, by_policies) if rules.before else by_policies())


def settle(rules: Rules, certain: Answer, doubtful: Sequence[Answer], otherwise: Answer = True) -> Answer:
    """What NetworkPolicies come to, from what the certain ones let through together, and each of the doubtful ones.

    `otherwise` is the answer where none of them selects.
    """
    if rules.open:
        return True
    doubts = [doubt for _, doubt in rules.doubtful]
    if rules.certain:
        found = certain
        if found is False:
            found = any_of(doubt for doubt, lets in zip(doubts, doubtful, strict=True) if lets is not False)
    elif rules.more is not None:
        found = rules.more
    else:
        # One that doesn't let it through keeps it out if it selects; if none selects, the answer is `otherwise`.
        found = all_of(lets if lets is True else doubt for doubt, lets in zip(doubts, doubtful, strict=True))
        if found is True and otherwise is not True:
            found = next(iter(doubts), otherwise)
    return sure(rules, found)


def sure(rules: Rules, found: Answer) -> Answer:
    """The answer, unless what isn't known of the policies themselves may make it another."""
    if rules.undefined is not None:
        return rules.undefined
    if found is not True and isinstance(rules.enforced, Unknown):
        return rules.enforced
    return rules.more if found is False and rules.more is not None else found


def _by_namespace(policies: Iterable[Policy], direction: Direction) -> Mapping[str, Index[Policy]]:
    """Those that may be for a direction."""
    found: dict[str, list[Policy]] = defaultdict(list)
    for one in policies:
        if one.governs(direction) is not False:
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
