"""Facts of Kubernetes' own NetworkPolicies."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.cluster.network.policy_objects import NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule, PolicySpec
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.selectors import requirements, requirements_or
from assay.detectors.cluster.stating import bounded, first_unknown, unresolved
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_PROTOCOLS = ("TCP", "UDP", "SCTP")
UNRANKED: Mapping[str, Any] = {"subject": None, "tier": None, "priority": None, "in_force": True}
"""Of a policy that is no administrator's."""


def state(objects: Objects) -> Iterator[Resource]:
    """`network.policy` with the engine `kubernetes`."""
    for placed in objects.of("networking.k8s.io/NetworkPolicy"):
        yield _policy(objects, placed)


def _policy(objects: Objects, placed: Placed) -> Resource:
    policy: NetworkPolicy = placed.object
    # A spec that is missing means what an empty one does; the API server takes both.
    spec = policy.spec or PolicySpec()
    directions = _directions(spec)
    facts = {
        "namespace": namespace_of(policy.metadata),
        "engine": "kubernetes",
        "pods": requirements_or(spec.pod_selector, []),
        "directions": directions,
        "allows": directions if isinstance(directions, Unknown) else bounded(_allows(spec, directions), "rules"),
        **UNRANKED,
    }
    return stated(objects, placed, "network.policy", address("NetworkPolicy", policy.metadata), facts)


def _directions(spec: PolicySpec) -> list[str] | Unknown:
    if not spec.policy_types:
        # The API server's own default: egress only where there are rules for it.
        return ["egress", "ingress"] if spec.egress else ["ingress"]
    if set(spec.policy_types) <= {"Ingress", "Egress"}:
        return sorted({direction.lower() for direction in spec.policy_types})
    return Unknown(reason="the policy has a type that Kubernetes doesn't know")


def _allows(spec: PolicySpec, directions: Sequence[str]) -> Iterator[dict[str, Any] | Unknown]:
    """Rules for a direction that the policy isn't for have no effect, and are left out."""
    if "ingress" in directions:
        for rule in spec.ingress or ():
            yield _allowance("ingress", rule, rule.peers_from)
    if "egress" in directions:
        for rule in spec.egress or ():
            yield _allowance("egress", rule, rule.peers_to)


def _allowance(direction: str, rule: PolicyRule, peers: list[PolicyPeer] | None) -> dict[str, Any]:
    return {
        "direction": direction,
        "action": "allow",
        "peers": bounded(map(_peer, peers or ()), "peers in a rule of a NetworkPolicy"),
        "ports": bounded(map(_port, rule.ports or ()), "ports in a rule of a NetworkPolicy"),
    }


def _peer(peer: PolicyPeer) -> dict[str, Any] | Unknown:
    block = peer.ip_block
    if block is not None:
        if not block.cidr or peer.pod_selector is not None or peer.namespace_selector is not None:
            return Unknown(reason="a peer of the NetworkPolicy has no range, or selectors besides one")
        if unresolved(block.cidr) or any(map(unresolved, block.excepted or ())):
            return Unknown(reason="unresolved: a range of the NetworkPolicy")
        excepted = bounded(sorted(set(block.excepted or ())), "exceptions in a range of a NetworkPolicy")
        return {"pods": None, "namespaces": None, "cidr": block.cidr, "excepted": excepted, "elsewhere": None}
    if peer.pod_selector is None and peer.namespace_selector is None:
        return Unknown(reason="a peer of the NetworkPolicy names nobody")
    pods = None if peer.pod_selector is None else requirements(peer.pod_selector)
    namespaces = None if peer.namespace_selector is None else requirements(peer.namespace_selector)
    undecided = first_unknown(pods, namespaces)
    return undecided or {"pods": pods, "namespaces": namespaces, "cidr": None, "excepted": [], "elsewhere": None}


def _port(port: PolicyPort) -> dict[str, Any] | Unknown:
    protocol = port.protocol or "TCP"
    number = port.port if isinstance(port.port, int) else _number(port.port)
    if protocol not in _PROTOCOLS or (isinstance(port.port, str) and unresolved(port.port)):
        return Unknown(reason="a port of the NetworkPolicy has no protocol or number that Kubernetes knows")
    if port.end_port is not None and (number is None or port.end_port < number):
        return Unknown(reason="a range of ports of the NetworkPolicy has no start, or ends before it")
    text = port.port if number is None else str(number)
    return {"protocol": protocol.lower(), "port": text or None, "end_port": port.end_port}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 6 else None
