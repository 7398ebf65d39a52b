"""Facts of Kubernetes' own NetworkPolicies."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.cluster.names import HIGHEST_PORT, is_port
from assay.detectors.cluster.network.load_balancers import is_range
from assay.detectors.cluster.network.policy_objects import NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule, PolicySpec
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.selectors import REFUSED, requirements, requirements_or
from assay.detectors.cluster.stating import bounded, first_unknown, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_PROTOCOLS = ("TCP", "UDP", "SCTP")
_NO_RANGE = Unknown(reason="a peer of the NetworkPolicy has no range, or selectors besides one")
_ODD_RANGE = Unknown(reason="a peer of the NetworkPolicy has a range that is none")
_NOBODY = Unknown(reason="a peer of the NetworkPolicy names nobody")
_ODD_PORT = Unknown(reason="a port of the NetworkPolicy has no protocol or number that Kubernetes knows")
_ODD_END = Unknown(reason="a range of ports of the NetworkPolicy has no start, or ends where none may")
_REFUSED = REFUSED.union((_NO_RANGE, _ODD_RANGE, _NOBODY, _ODD_PORT, _ODD_END))
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
    allows = directions if isinstance(directions, Unknown) else bounded(_allows(spec, directions), "rules")
    refused = None if isinstance(allows, Unknown) else next(filter(_REFUSED.__contains__, _unknown_of(allows)), None)
    facts = {
        "namespace": namespace_of(policy.metadata),
        "engine": "kubernetes",
        "pods": requirements_or(spec.pod_selector, []),
        # A server takes nothing of an object of which it refuses a part, so that it isolates nothing either.
        "directions": refused or directions,
        "allows": allows,
        **UNRANKED,
    }
    return stated(objects, placed, "network.policy", address("NetworkPolicy", policy.metadata), facts)


def _unknown_of(allows: Iterable[dict[str, Any] | Unknown]) -> Iterator[Unknown]:
    """What isn't known of peers and ports."""
    for rule in allows:
        for one in () if isinstance(rule, Unknown) else (*rule["peers"], *rule["ports"]):
            if isinstance(one, Unknown):
                yield one


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
            return _NO_RANGE
        if unnamed(block.cidr) or any(map(unnamed, block.excepted or ())):
            return Unknown(reason="unresolved: a range of the NetworkPolicy")
        if not all(map(_is_block, (block.cidr, *(block.excepted or ())))):
            return _ODD_RANGE
        excepted = bounded(sorted(set(block.excepted or ())), "exceptions in a range of a NetworkPolicy")
        return {"pods": None, "namespaces": None, "cidr": block.cidr, "excepted": excepted, "elsewhere": None}
    if peer.pod_selector is None and peer.namespace_selector is None:
        return _NOBODY
    pods = None if peer.pod_selector is None else requirements(peer.pod_selector)
    namespaces = None if peer.namespace_selector is None else requirements(peer.namespace_selector)
    undecided = first_unknown(pods, namespaces)
    return undecided or {"pods": pods, "namespaces": namespaces, "cidr": None, "excepted": [], "elsewhere": None}


def _port(port: PolicyPort) -> dict[str, Any] | Unknown:
    protocol = port.protocol or "TCP"
    number = port.port if isinstance(port.port, int) else _number(port.port)
    if unnamed(protocol) or (isinstance(port.port, str) and unnamed(port.port)):
        return Unknown(reason="unresolved: a port of the NetworkPolicy")
    if protocol not in _PROTOCOLS or (port.port is not None and not is_port(str(port.port))):
        return _ODD_PORT
    if port.end_port is not None and (number is None or not number <= port.end_port <= HIGHEST_PORT):
        return _ODD_END
    text = port.port if number is None else str(number)
    return {"protocol": protocol.lower(), "port": text or None, "end_port": port.end_port}


def _is_block(text: str) -> bool:
    """One address alone is none."""
    return "/" in text and is_range(text)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 6 else None
