"""What the policies of a workload leave open, port by port: to pods of which namespaces, and to addresses outside."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from assay.detectors.answers import Answer, all_of, any_of, each_reason
from assay.detectors.exposure.addresses import reach_internet
from assay.detectors.exposure.declared import ALL, Allowance, Peer, Policy, Span
from assay.detectors.exposure.endpoints import Namespaces, Workload, named
from assay.detectors.exposure.origins import Origins, Within
from assay.detectors.exposure.policies import Rules, Traffic, settle
from assay.scanner.api import Unknown

WITHIN = ("namespace", "namespaces", "cluster")
"""Origins within a cluster, the narrowest first."""
MOST_SPANS = 200
"""Different port specifications of one policy, and of all that select one workload."""
_TOO_MANY = Unknown(reason=f"more than {MOST_SPANS} different ports in NetworkPolicies")


class Opening(Struct, frozen=True, kw_only=True):
    """What one specification of ports is open to."""

    span: Span
    within: str | None = None
    """The widest origin within the cluster."""
    wider: Unknown | None = None
    """Why pods of any namespace may come in besides."""
    outside: Answer = False
    """Whether it is open to addresses outside; those of a few blocks only are unknown, as a load balancer may put the
    node's address in the place of the caller's."""


Admits = Callable[[Opening], Answer]


class Openings:
    """Computed once for each set of policies that selects something together."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._origins = Origins(traffic.namespaces)
        self._by_policy: dict[int, tuple[Policy, tuple[Opening | Unknown, ...]]] = {}
        self._by_policies: dict[tuple[int, ...], tuple[Opening | Unknown, ...]] = {}

    def of(self, policies: Sequence[Policy]) -> tuple[Opening | Unknown, ...]:
        """What policies leave open together, sorted; Unknown where a rule can't be read."""
        if len(policies) == 1:
            return self._alone(policies[0])
        key = tuple(id(one) for one in policies)
        if key not in self._by_policies:
            self._by_policies[key] = _merged(found for one in policies for found in self._alone(one))
        return self._by_policies[key]

    def into(self, workload: Workload, rules: Rules) -> tuple[Opening | Unknown, ...]:
        """What all policies that are for a workload leave open to pods, sorted."""
        if not rules.tiered:
            return self.of(rules.certain)
        return tuple(_opening(one) for one in self._origins.of(rules, workload))

    def within(self, workload: Workload, port: int, protocol: str, home: str | None) -> Answer:
        """Whether the proxy of a route, such as an ingress controller, reaches a port from within the cluster.

        Where some namespaces are let in, its own is taken to be among them, as the route would lead nowhere otherwise.
        `home` is the namespace of the route's Gateway, where the proxy may well run; None: it may run anywhere.
        """

        def admits(opening: Opening) -> Answer:
            if opening.within in ("cluster", "namespaces"):
                return True
            if opening.within == "namespace" and home in (None, workload.namespace):
                return Unknown(reason="only pods of its own namespace are let in, and where the proxy runs isn't known")
            return opening.wider or False

        rules = self._traffic.rules(workload, "ingress")
        if rules.tiered and not rules.open:
            return any_of(_through(self.into(workload, rules), admits, workload, port, protocol))
        return self._settled(workload, port, protocol, admits)

    def outside(self, workload: Workload, port: int, protocol: str) -> Answer:
        """Whether a load balancer or node outside of the cluster's pods reaches a port. Administrators' policies for
        what comes in know pods only."""
        return self._settled(workload, port, protocol, lambda opening: opening.outside)

    def _settled(self, workload: Workload, port: int, protocol: str, admits: Admits) -> Answer:
        rules = self._traffic.rules(workload, "ingress")

        def lets(policies: Sequence[Policy]) -> Answer:
            return any_of(_through(self.of(policies), admits, workload, port, protocol))

        return settle(rules, lets(rules.certain), [lets([one]) for one, _ in rules.doubtful])

    def _alone(self, policy: Policy) -> tuple[Opening | Unknown, ...]:
        if id(policy) not in self._by_policy:
            found = _merged(one for rule in policy.ingress for one in _openings(policy, rule, self._traffic.namespaces))
            # The policy is kept too, so that its id isn't given to another.
            self._by_policy[id(policy)] = (policy, found)
        return self._by_policy[id(policy)][1]


def _through(
    found: Iterable[Opening | Unknown], admits: Admits, workload: Workload, port: int, protocol: str
) -> Iterator[Answer]:
    for one in found:
        yield one if isinstance(one, Unknown) else all_of((admits(one), one.span.holds(port, protocol, workload)))


def _opening(found: Within | Unknown) -> Opening | Unknown:
    return found if isinstance(found, Unknown) else Opening(span=found.span, within=found.origin, wider=found.wider)


def doubts(rules: Rules) -> Iterator[Unknown]:
    """Why more may come in than what the certain policies of some leave open."""
    yield from (doubt for _, doubt in rules.doubtful)
    if rules.more is not None:
        yield rules.more
    if isinstance(rules.enforced, Unknown):
        yield rules.enforced


def _openings(policy: Policy, rule: Allowance | Unknown, namespaces: Namespaces) -> Iterator[Opening | Unknown]:
    if isinstance(rule, Unknown):
        yield rule
        return
    within, wider, outside = _to_whom(policy, rule, namespaces)
    for span in rule.spans:
        yield span if isinstance(span, Unknown) else Opening(span=span, within=within, wider=wider, outside=outside)


def _to_whom(policy: Policy, rule: Allowance, namespaces: Namespaces) -> tuple[str | None, Unknown | None, Answer]:
    if rule.everyone:
        return "cluster", None, True
    within: set[str] = set()
    wider: Unknown | None = None
    outside: Answer = False
    for peer in rule.peers:
        if isinstance(peer, Unknown):
            wider, outside = wider or peer, any_of((outside, peer))
        elif peer.block is None:
            origin = _origin(policy, peer, namespaces)
            if isinstance(origin, Unknown):
                wider = wider or origin
            elif origin:
                within.add(origin)
        elif peer.block.everything:
            within.add("cluster")
            outside = True
        else:
            doubt = Unknown(reason=f"{policy.address} lets in {peer.block.cidr}, which may be addresses of pods")
            wider = wider or doubt
            behind = Unknown(reason=f"{policy.address} lets in {peer.block.cidr}, which may be addresses of nodes")
            outside = any_of((outside, True if reach_internet([peer.block]) else behind))
    return max(within, key=WITHIN.index, default=None), wider, outside


def _origin(policy: Policy, peer: Peer, namespaces: Namespaces) -> str | Unknown | None:
    """Of which namespaces a peer lets pods in. Which pods isn't asked: whoever makes a pod chooses its labels."""
    home = policy.namespace if isinstance(policy.namespace, str) else ""
    selector = peer.namespaces
    if selector is None:
        return "namespace"
    if selector.by_absence:
        return "cluster"
    names = named(selector)
    if names is None and namespaces.unread is not None:
        return Unknown(reason=namespaces.unread)
    if names is None and not namespaces.closed:
        # Other namespaces, which aren't declared here, may have such labels.
        return "namespaces"
    candidates = set(namespaces.candidates(selector)) if names is None else set(names)
    if namespaces.closed:
        candidates &= namespaces.names
    doubt: Unknown | None = None
    chosen: set[str] = set()
    for name in sorted(candidates):
        answer = namespaces.selected(selector, name)
        if answer is True:
            chosen.add(name)
        elif isinstance(answer, Unknown):
            doubt = doubt or answer
    inhabited = namespaces.inhabited
    everyone = len(chosen) == len(namespaces.names) or (len(inhabited) > 1 and inhabited <= chosen)
    if names is None and len(chosen) > 1 and everyone:
        return "cluster"
    if chosen - {home}:
        return "namespaces"
    return doubt or ("namespace" if chosen else None)


def _merged(found: Iterable[Opening | Unknown]) -> tuple[Opening | Unknown, ...]:
    by_span: dict[Span, Opening] = {}
    unknown: list[Unknown] = []
    for one in found:
        if isinstance(one, Unknown):
            unknown.append(one)
        elif one.span in by_span:
            by_span[one.span] = _wider(by_span[one.span], one)
        elif len(by_span) < MOST_SPANS:
            by_span[one.span] = one
        else:
            unknown.append(_TOO_MANY)
    sure = [one for one in by_span.values() if one.within or one.wider or one.outside is not False]
    every = by_span.get(Span(ALL))
    if every is not None and every.within == WITHIN[-1] and every.outside is True:
        sure = [every]
    return (*sorted(sure, key=lambda one: one.span), *each_reason(unknown))


def _wider(one: Opening, other: Opening) -> Opening:
    within = max((each.within for each in (one, other) if each.within), key=WITHIN.index, default=None)
    return Opening(
        span=one.span,
        within=within,
        wider=one.wider or other.wider,
        outside=any_of((one.outside, other.outside)),
    )
