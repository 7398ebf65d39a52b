"""Facts of administrators' policies, which decide before Kubernetes' own or after them.

AdminNetworkPolicy and BaselineAdminNetworkPolicy are their first form, ClusterNetworkPolicy is the second, which has
both tiers. See https://network-policy-api.sigs.k8s.io/api-overview/
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.detectors.cluster.names import is_port
from assay.detectors.cluster.network.policy_objects import (
    AdminNumber,
    AdminPeer,
    AdminPods,
    AdminPolicy,
    AdminPort,
    AdminProtocol,
    AdminRange,
    AdminRule,
    AdminSpec,
    AdminStatus,
    AdminTransport,
    DestinationPort,
)
from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.selectors import LabelSelector, requirements
from assay.detectors.cluster.stating import bounded, cluster_wide, first_unknown, is_live, unresolved
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_GROUP = "policy.networking.k8s.io"
_TIERS: Mapping[str, str | None] = {
    "AdminNetworkPolicy": "admin",
    "BaselineAdminNetworkPolicy": "baseline",
    "ClusterNetworkPolicy": None,
}
"""By kind; None: each says it itself."""
_ACTIONS = {"Accept": "allow", "Allow": "allow", "Deny": "deny", "Pass": "pass"}
_PROTOCOLS = ("tcp", "udp", "sctp")
_BY_STATUS = Unknown(reason="nothing in the policy's status says that the network plugin acts on it")
_NO_SUBJECT = Unknown(reason="the administrator's policy doesn't say for whom it is")


def state(objects: Objects) -> Iterator[Resource]:
    """`network.policy` with the engine `admin`."""
    for kind in _TIERS:
        for placed in objects.of(f"{_GROUP}/{kind}"):
            yield _policy(objects, placed, kind)


def _policy(objects: Objects, placed: Placed, kind: str) -> Resource:
    policy: AdminPolicy = placed.object
    spec = policy.spec or AdminSpec()
    at, aliases = cluster_wide(kind, policy.metadata)
    namespaces, pods = _subject(spec)
    conditions = (policy.status or AdminStatus()).conditions or ()
    acted_on = not is_live(objects) or any(one.status == "True" for one in conditions)
    facts = {
        "namespace": None,
        "engine": "admin",
        "pods": pods,
        "subject": namespaces,
        "directions": [name for name, rules in (("egress", spec.egress), ("ingress", spec.ingress)) if rules],
        "allows": bounded(_rules(spec), "rules"),
        "tier": _TIERS[kind] or _tier(spec),
        "priority": None if kind == "BaselineAdminNetworkPolicy" else _priority(spec),
        "in_force": True if acted_on else _BY_STATUS,
    }
    return stated(objects, placed, "network.policy", at, facts, aliases)


def _tier(spec: AdminSpec) -> str | Unknown:
    known = spec.tier in ("Admin", "Baseline")
    return (spec.tier or "").lower() if known else Unknown(reason="the policy has a tier that isn't known")


def _priority(spec: AdminSpec) -> int | Unknown:
    return Unknown(reason="the administrator's policy has no priority") if spec.priority is None else spec.priority


def _subject(spec: AdminSpec) -> tuple[Any, Any]:
    """Selectors of the namespaces and of the pods that it is for."""
    subject = spec.subject
    if subject is not None and subject.namespaces is not None and subject.pods is None:
        return requirements(subject.namespaces), []
    if subject is not None and subject.pods is not None and subject.namespaces is None:
        return _selectors(subject.pods)
    return _NO_SUBJECT, _NO_SUBJECT


def _selectors(pods: AdminPods) -> tuple[Any, Any]:
    nothing = LabelSelector()
    return requirements(pods.namespace_selector or nothing), requirements(pods.pod_selector or nothing)


def _rules(spec: AdminSpec) -> Iterator[dict[str, Any] | Unknown]:
    for rule in spec.ingress or ():
        yield _rule("ingress", rule, rule.peers_from)
    for rule in spec.egress or ():
        yield _rule("egress", rule, rule.peers_to)


def _rule(direction: str, rule: AdminRule, peers: list[AdminPeer] | None) -> dict[str, Any] | Unknown:
    action = _ACTIONS.get(rule.action or "")
    if action is None:
        return Unknown(reason="a rule of the administrator's policy has an action that isn't known")
    if not peers:
        return Unknown(reason="a rule of the administrator's policy names nobody")
    named = (one for peer in peers for one in _peers(peer))
    ports = (*(_port(one) for one in rule.ports or ()), *(_protocol(one) for one in rule.protocols or ()))
    return {
        "direction": direction,
        "action": action,
        "peers": bounded(named, "peers in a rule of an administrator's policy"),
        "ports": bounded((one for several in ports for one in several), "ports in a rule of an administrator's policy"),
    }


def _peers(peer: AdminPeer) -> Iterator[dict[str, Any] | Unknown]:
    """One, or for blocks of addresses one each."""
    fields = (peer.namespaces, peer.pods, peer.nodes, peer.networks, peer.domain_names)
    if sum(one is not None for one in fields) != 1:
        yield Unknown(reason="a peer of the administrator's policy isn't of one known sort")
    elif peer.networks is not None:
        for cidr in peer.networks:
            yield Unknown(reason="unresolved: a range of the policy") if unresolved(cidr) else _peer(cidr=cidr)
    elif peer.nodes is not None or peer.domain_names is not None:
        yield _peer(elsewhere="names" if peer.nodes is None else "nodes")
    else:
        namespaces, pods = (requirements(peer.namespaces), None) if peer.namespaces else _selectors(peer.pods or _ALL)
        yield first_unknown(namespaces, pods) or _peer(namespaces=namespaces, pods=pods)


_ALL = AdminPods()


def _peer(**given: Any) -> dict[str, Any]:
    return {"pods": None, "namespaces": None, "cidr": None, "excepted": [], "elsewhere": None, **given}


def _port(port: AdminPort) -> Iterator[dict[str, Any] | Unknown]:
    """Of v1alpha1."""
    if port.named_port:
        yield from _named(port.named_port)
    elif port.port_range is not None:
        yield _range((port.port_range.protocol or "TCP").lower(), port.port_range)
    else:
        number = port.port_number or AdminNumber()
        yield _range((number.protocol or "TCP").lower(), AdminRange(start=number.port, end=number.port))


def _protocol(protocol: AdminProtocol) -> Iterator[dict[str, Any] | Unknown]:
    """Of v1alpha2."""
    if protocol.destination_named_port:
        yield from _named(protocol.destination_named_port)
        return
    stated_for = [name for name in _PROTOCOLS if getattr(protocol, name) is not None]
    if len(stated_for) != 1:
        yield Unknown(reason="a rule of the administrator's policy has a protocol that isn't known")
        return
    [name] = stated_for
    transport: AdminTransport = getattr(protocol, name)
    ports = transport.destination_port
    if ports is None:
        yield {"protocol": name, "port": None, "end_port": None}
    else:
        yield _range(name, _bounds(ports))


def _bounds(ports: DestinationPort) -> AdminRange:
    return ports.range or AdminRange(start=ports.number, end=ports.number)


def _named(name: str) -> Iterator[dict[str, Any] | Unknown]:
    """A name is a container's port, of whichever protocol."""
    if not is_port(name):
        yield Unknown(reason="a rule of the administrator's policy names a port as none may be named")
        return
    for protocol in _PROTOCOLS:
        yield {"protocol": protocol, "port": name, "end_port": None}


def _range(protocol: str, ports: AdminRange) -> dict[str, Any] | Unknown:
    if protocol not in _PROTOCOLS or ports.start is None or ports.end is None or ports.end < ports.start:
        return Unknown(reason="a rule of the administrator's policy has ports that can't be read")
    return {"protocol": protocol, "port": str(ports.start), "end_port": ports.end if ports.end > ports.start else None}
