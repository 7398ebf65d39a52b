"""NetworkPolicies, read once: whom they select, and what they let through."""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from assay.detectors.exposure import read
from assay.detectors.exposure.addresses import Block, block
from assay.detectors.exposure.answers import Answer, all_of, any_of
from assay.detectors.exposure.endpoints import Endpoint, Namespaces, Outside, Workload
from assay.detectors.exposure.selectors import Selector, selector
from assay.scanner.api import Resource, Unknown

Direction = Literal["ingress", "egress"]
DIRECTIONS: tuple[Direction, ...] = ("ingress", "egress")
ALL = "all"
"""In the place of a protocol: all of them."""
HIGHEST = 65535
ON_NODE_NETWORK = Unknown(reason="pods on the node's network: what NetworkPolicies mean for them is undefined")


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
    """Whom a rule is for: a block of addresses, or pods."""

    pods: Selector | None = None
    namespaces: Selector | None = None
    block: Block | None = None

    def is_(self, other: Endpoint, home: str, namespaces: Namespaces) -> Answer:
        """Whether it is an endpoint; `home` is the policy's namespace."""
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
    """One rule."""

    everyone: bool
    peers: tuple[Peer | Unknown, ...]
    spans: tuple[Span | Unknown, ...]

    def lets(
        self, other: Endpoint, port: int, protocol: str, target: Endpoint, home: str, namespaces: Namespaces
    ) -> Answer:
        """Whether it lets a connection through: both a peer and a port must fit."""
        ports = any_of(one if isinstance(one, Unknown) else one.holds(port, protocol, target) for one in self.spans)
        if ports is False or self.everyone:
            return ports
        peer = any_of(one if isinstance(one, Unknown) else one.is_(other, home, namespaces) for one in self.peers)
        return all_of((ports, peer))


class Policy(Struct, frozen=True, kw_only=True):
    """A policy of Kubernetes' own sort, or one of another engine, which has no rules here."""

    address: str
    namespace: str | Unknown | None
    foreign: bool
    selector: Selector | Unknown
    directions: tuple[str | Unknown, ...]
    ingress: tuple[Allowance | Unknown, ...] = ()
    egress: tuple[Allowance | Unknown, ...] = ()

    def governs(self, direction: Direction) -> Answer:
        """Whether it is for a direction."""
        return any_of(one if isinstance(one, Unknown) else one == direction for one in self.directions)

    def selects(self, workload: Workload, direction: Direction) -> Answer:
        """Whether it is for a workload's traffic of a direction."""
        if isinstance(self.namespace, str) and self.namespace != workload.namespace:
            return False
        chosen = self.selector if isinstance(self.selector, Unknown) else self.selector.matches(workload.labels)
        within = self.namespace if isinstance(self.namespace, Unknown) else True
        return all_of((self.governs(direction), chosen, within))

    def rules(self, direction: Direction) -> tuple[Allowance | Unknown, ...]:
        """Its rules for a direction."""
        return self.ingress if direction == "ingress" else self.egress


def policy(resource: Resource) -> Policy:
    """A `network.policy`, compiled."""
    directions = read.texts(read.fact(resource, "directions"))
    namespace = read.optional_text(read.fact(resource, "namespace"))
    engine = read.text(read.fact(resource, "engine"))
    rules = tuple(_rules(resource))
    return Policy(
        address=resource.address,
        namespace=namespace,
        # Kubernetes' own have a namespace; only other engines' may do without.
        foreign=engine != "kubernetes" or namespace is None,
        selector=selector(read.fact(resource, "pods")),
        directions=(directions,) if isinstance(directions, Unknown) else directions,
        ingress=tuple(rule for direction, rule in rules if direction != "egress"),
        egress=tuple(rule for direction, rule in rules if direction != "ingress"),
    )


def _rules(resource: Resource) -> Iterator[tuple[str, Allowance | Unknown]]:
    """Each with its direction, which is empty where it isn't known."""
    allows = read.listed(read.fact(resource, "allows"))
    for stated in (allows,) if isinstance(allows, Unknown) else allows:
        rule = read.mapped(stated)
        if isinstance(rule, Unknown):
            yield "", rule
            continue
        direction = read.text(read.part(rule, "direction"))
        if isinstance(direction, Unknown):
            yield "", direction
        else:
            yield direction, _allowance(rule)


def _allowance(rule: Mapping[str, object]) -> Allowance:
    peers, ports = read.listed(read.part(rule, "peers")), read.listed(read.part(rule, "ports"))
    return Allowance(
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
    pods, namespaces = _optional(read.part(peer, "pods")), _optional(read.part(peer, "namespaces"))
    if isinstance(pods, Unknown):
        return pods
    return namespaces if isinstance(namespaces, Unknown) else Peer(pods, namespaces)


def _optional(value: object) -> Selector | Unknown | None:
    return None if value is None else selector(value)


def _span(stated: object) -> Span | Unknown:
    span = read.mapped(stated)
    if isinstance(span, Unknown):
        return span
    protocol, port = read.text(read.part(span, "protocol")), read.optional_text(read.part(span, "port"))
    end = read.optional_number(read.part(span, "end_port"))
    for one in (protocol, port, end):
        if isinstance(one, Unknown):
            return one
    protocol = str(protocol).lower()
    if port is None:
        return Span(protocol)
    if not (str(port).isascii() and str(port).isdigit()):
        return Span(protocol, 0, 0, str(port))
    if len(str(port)) > len(str(HIGHEST)):
        return Unknown(reason="a port beyond the highest there is")
    first = int(str(port))
    return Span(protocol, first, end if isinstance(end, int) else first)
