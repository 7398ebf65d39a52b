"""Policies, read once: whom they select, and what they let through or keep out."""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from assay.detectors.answers import Answer, all_of, any_of, negated
from assay.detectors.exposure import read
from assay.detectors.exposure.addresses import Block, block
from assay.detectors.exposure.endpoints import NAME_LABEL, Endpoint, Namespaces, Outside, Workload
from assay.detectors.exposure.selectors import Requirement, Selector, matches, selector
from assay.scanner.api import Resource, Unknown

Direction = Literal["ingress", "egress"]
DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")
ALL = "all"
"""In the place of a protocol: all of them."""
ALLOW, DENY, PASS = "allow", "deny", "pass"
ADMIN, BASELINE = "admin", "baseline"
HIGHEST = 65535
ON_NODE_NETWORK = Unknown(reason="pods on the node's network: what NetworkPolicies mean for them is undefined")
_ELSEWHERE = Unknown(reason="a policy names nodes or host names, whose addresses aren't known")
_NAMED = Requirement(NAME_LABEL, "Exists", frozenset())
_LAST = 1 << 16
"""The priority of a policy that has none: after all others of its tier."""


class Span(Struct, frozen=True, order=True):
    """Ports of a protocol: a range, or those of a name."""

    protocol: str = ALL
    first: int = 0
    last: int = HIGHEST
    name: str = ""

    @property
    def every(self) -> bool:
        """All ports of its protocol."""
        return not self.name and self.first <= 1 and self.last >= HIGHEST

    def holds(self, port: int, protocol: str, target: Endpoint) -> Answer:
        """Whether it holds a port of the target; names are the target's."""
        if self.protocol not in (ALL, protocol):
            return False
        if not self.name:
            return self.first <= port <= self.last
        if isinstance(target, Outside):
            return False
        return any_of(one if isinstance(one, Unknown) else one == port for one in target.named(self.name, protocol))


class Peer(Struct, frozen=True):
    """Whom a rule is for: a block of addresses, or pods, or addresses that aren't known."""

    pods: Selector | None = None
    namespaces: Selector | None = None
    block: Block | None = None
    elsewhere: str | None = None

    @property
    def every_pod(self) -> bool:
        """All pods of the cluster, whatever their labels."""
        if self.block is not None or self.elsewhere is not None:
            return self.block is not None and self.block.everything
        whole = self.pods is None or self.pods.everything
        return whole and self.namespaces is not None and self.namespaces.everything

    def is_(self, other: Endpoint, home: str, namespaces: Namespaces) -> Answer:
        """Whether it is an endpoint; `home` is the policy's namespace."""
        if self.elsewhere is not None:
            on_node = isinstance(other, Workload) and other.host_network is not False
            return _ELSEWHERE if isinstance(other, Outside) or on_node else False
        if self.block is not None:
            if isinstance(other, Outside):
                return self.block.holds(other.ip)
            if self.block.everything:
                return True
            return Unknown(reason=f"pods may have addresses of {self.block.cidr}")
        if isinstance(other, Outside):
            return False
        within = self._within(other, home, namespaces)
        chosen = True if within is False or self.pods is None else self.pods.matches(other.labels)
        found = all_of((within, chosen))
        # To most network plugins such pods are the node, which no selector means.
        return found if found is False or other.host_network is False else ON_NODE_NETWORK

    def _within(self, other: Workload, home: str, namespaces: Namespaces) -> Answer:
        if self.namespaces is None:
            return other.namespace == home
        return namespaces.selected(self.namespaces, other.namespace)


class Allowance(Struct, frozen=True):
    """One rule, whatever its action."""

    everyone: bool
    peers: tuple[Peer | Unknown, ...]
    spans: tuple[Span | Unknown, ...]
    action: str = ALLOW

    def fits(
        self, other: Endpoint, port: int, protocol: str, target: Endpoint, home: str, namespaces: Namespaces
    ) -> Answer:
        """Whether it is for a connection: both a peer and a port must fit."""
        ports = any_of(one if isinstance(one, Unknown) else one.holds(port, protocol, target) for one in self.spans)
        if ports is False or self.everyone:
            return ports
        peer = any_of(one if isinstance(one, Unknown) else one.is_(other, home, namespaces) for one in self.peers)
        return all_of((ports, peer))

    @property
    def whole(self) -> bool:
        """It is for all pods, on every port."""
        peers = self.everyone or any(isinstance(one, Peer) and one.every_pod for one in self.peers)
        return peers and any(isinstance(one, Span) and one.protocol == ALL and one.every for one in self.spans)


class Policy(Struct, frozen=True, kw_only=True):
    """A NetworkPolicy, an administrator's policy, or one of another engine, whose rules mean nothing here."""

    address: str
    namespace: str | Unknown | None
    foreign: bool
    selector: Selector | Unknown
    directions: tuple[str | Unknown, ...]
    tier: str | None = None
    """`ADMIN` or `BASELINE`; None for what is no administrator's."""
    priority: int = 0
    subject: Selector | Unknown | None = None
    in_force: Answer = True
    ingress: tuple[Allowance | Unknown, ...] = ()
    egress: tuple[Allowance | Unknown, ...] = ()

    def governs(self, direction: Direction) -> Answer:
        """Whether it is for a direction."""
        return any_of(one if isinstance(one, Unknown) else one == direction for one in self.directions)

    def selects(self, workload: Workload, direction: Direction, namespaces: Namespaces) -> Answer:
        """Whether it is for a workload's traffic of a direction."""
        if isinstance(self.namespace, str) and self.namespace != workload.namespace:
            return False
        chosen = matches(self.selector, workload.labels)
        if self.tier is None and isinstance(self.namespace, str) and direction in self.directions:
            # Nothing else is to be asked of most policies, of each of which each workload is asked.
            return chosen
        within = self.namespace if isinstance(self.namespace, Unknown) else self.is_for(workload.namespace, namespaces)
        # Administrators' policies leave pods on the node's network alone.
        spared = False if self.tier is None else workload.host_network
        return all_of((self.governs(direction), chosen, within, negated(spared), self.in_force))

    def is_for(self, namespace: str, namespaces: Namespaces) -> Answer:
        """Whether an administrator's policy is for pods of a namespace; others are as far as their own goes."""
        if self.subject is None or isinstance(self.subject, Unknown):
            return self.subject or True
        return namespaces.selected(self.subject, namespace)

    def shuts(self, direction: Direction) -> Answer:
        """Whether an administrator's policy keeps all pods out, or in, but for those that its other rules name."""
        return any_of(
            one if isinstance(one, Unknown) else one.action == DENY and one.whole for one in self.rules(direction)
        )

    def rules(self, direction: Direction) -> tuple[Allowance | Unknown, ...]:
        """Its rules for a direction, in their order."""
        return self.ingress if direction == "ingress" else self.egress


def policy(resource: Resource) -> Policy:
    """A `network.policy`, compiled."""
    directions = read.texts(read.fact(resource, "directions"))
    namespace = read.optional_text(read.fact(resource, "namespace"))
    engine = read.text(read.fact(resource, "engine"))
    rules = tuple(_rules(resource))
    ranked = _ranked(resource) if engine == "admin" and namespace is None else None
    return Policy(
        address=resource.address,
        namespace=namespace,
        # Kubernetes' own have a namespace; only other engines' may do without.
        foreign=ranked is None and (engine != "kubernetes" or namespace is None),
        tier=ranked[0] if ranked else None,
        priority=ranked[1] if ranked else 0,
        subject=_of_namespaces(read.fact(resource, "subject")) if ranked else None,
        in_force=read.boolean(read.fact(resource, "in_force")) if ranked else True,
        selector=selector(read.fact(resource, "pods")),
        directions=(directions,) if isinstance(directions, Unknown) else directions,
        ingress=tuple(rule for direction, rule in rules if direction != "egress"),
        egress=tuple(rule for direction, rule in rules if direction != "ingress"),
    )


def _ranked(resource: Resource) -> tuple[str, int] | None:
    """Tier and priority of an administrator's policy; None: they aren't known, so that it can't be evaluated."""
    tier, priority = read.text(read.fact(resource, "tier")), read.optional_number(read.fact(resource, "priority"))
    if tier not in (ADMIN, BASELINE) or isinstance(priority, Unknown):
        return None
    return str(tier), _LAST if priority is None else priority


def _rules(resource: Resource) -> Iterator[tuple[str, Allowance | Unknown]]:
    """Each with its direction, which is empty where it isn't known."""
    allows = read.listed(read.fact(resource, "allows"))
    for stated in (allows,) if isinstance(allows, Unknown) else allows:
        rule = read.mapped(stated)
        if isinstance(rule, Unknown):
            yield "", rule
            continue
        direction, action = read.text(read.part(rule, "direction")), read.text(read.part(rule, "action"))
        if isinstance(direction, Unknown):
            yield "", direction
        elif isinstance(action, Unknown):
            yield direction, action
        else:
            yield direction, _allowance(rule, action)


def _allowance(rule: Mapping[str, object], action: str) -> Allowance:
    peers, ports = read.listed(read.part(rule, "peers")), read.listed(read.part(rule, "ports"))
    return Allowance(
        action=action,
        everyone=peers == (),
        peers=(peers,) if isinstance(peers, Unknown) else tuple(_peer(one) for one in peers),
        spans=(ports,) if isinstance(ports, Unknown) else tuple(_span(one) for one in ports) or (Span(),),
    )


def _peer(stated: object) -> Peer | Unknown:
    peer = read.mapped(stated)
    if isinstance(peer, Unknown):
        return peer
    cidr = read.optional_text(read.part(peer, "cidr"))
    if isinstance(cidr, Unknown):
        return cidr
    if cidr is not None:
        excepted = read.texts(read.part(peer, "excepted"))
        if isinstance(excepted, Unknown):
            return excepted
        for one in excepted:
            if isinstance(one, Unknown):
                return one
        found = block(cidr, (one for one in excepted if isinstance(one, str)))
        return Peer(block=found) if found else Unknown(reason="a block of addresses that can't be read")
    elsewhere = read.optional_text(read.part(peer, "elsewhere"))
    if elsewhere is not None:
        return elsewhere if isinstance(elsewhere, Unknown) else Peer(elsewhere=elsewhere)
    pods, namespaces = _optional(read.part(peer, "pods")), _of_namespaces(read.part(peer, "namespaces"))
    if isinstance(pods, Unknown):
        return pods
    return namespaces if isinstance(namespaces, Unknown) else Peer(pods, namespaces)


def _optional(value: object) -> Selector | Unknown | None:
    return None if value is None else selector(value)


def _of_namespaces(value: object) -> Selector | Unknown | None:
    """Without the demand for a label that every namespace has."""
    found = _optional(value)
    return Selector(tuple(one for one in found.requirements if one != _NAMED)) if isinstance(found, Selector) else found


def _span(stated: object) -> Span | Unknown:
    span = read.mapped(stated)
    if isinstance(span, Unknown):
        return span
    protocol, port = read.text(read.part(span, "protocol")), read.optional_text(read.part(span, "port"))
    end = read.optional_number(read.part(span, "end_port"))
    if isinstance(protocol, Unknown):
        return protocol
    if isinstance(port, Unknown):
        return port
    if isinstance(end, Unknown):
        return end
    protocol = protocol.lower()
    if port is None:
        return Span(protocol)
    if not (port.isascii() and port.isdigit()):
        return Span(protocol, 0, 0, port)
    if len(port) > len(str(HIGHEST)):
        return Unknown(reason="a port beyond the highest there is")
    return Span(protocol, int(port), int(port) if end is None else end)
