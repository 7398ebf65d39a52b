"""Facts of what Istio declares for those who call: TLS that a DestinationRule asks of them, or switches off.

See https://istio.io/latest/docs/reference/config/networking/destination-rule/#ClientTLSSettings
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assay.detectors.cluster.mesh.objects import (
    ClientPort,
    ClientTls,
    DestinationRule,
    DestinationSpec,
    TrafficPolicy,
)
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.stating import bounded, in_namespace, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

NOT_OF_CALLERS: Mapping[str, Any] = {"host": None, "plain_ports": []}
"""Of a policy for those who are called."""
_MODES: Mapping[str, str] = {
    "DISABLE": "DISABLE",
    "ISTIO_MUTUAL": "STRICT",
    "MUTUAL": "STRICT",
    "SIMPLE": "SIMPLE",
}
_ODD_MODE = Unknown(reason="the DestinationRule has a mode of TLS that Istio doesn't know")
_OFF = "DISABLE"

Mode = str | Unknown | None


def state(objects: Objects) -> Iterator[Resource]:
    """`network.mesh-policy` of DestinationRules."""
    for placed in objects.of("networking.istio.io/DestinationRule"):
        yield _rule(objects, placed)


def _rule(objects: Objects, placed: Placed) -> Resource:
    rule: DestinationRule = placed.object
    spec = rule.spec or DestinationSpec()
    policies = [spec.traffic_policy, *(one.traffic_policy for one in spec.subsets or ())]
    found = [one for policy in policies if policy is not None for one in _settings(policy)]
    whole = {mode for port, mode in found if port is None}
    ports = [port for port, mode in found if mode == _OFF and port is not None] if _OFF not in whole else []
    namespace = namespace_of(rule.metadata)
    facts = {
        "namespace": namespace,
        "type": "DestinationRule",
        "mesh": "istio",
        "whole_mesh": False,
        "pods": [],
        "mutual_tls": _worst(mode for _, mode in found),
        "requires_identity": False,
        "host": _host(spec.host, namespace),
        "plain_ports": bounded(sorted(set(ports)), "ports of a DestinationRule"),
    }
    return stated(objects, placed, "network.mesh-policy", address("DestinationRule", rule.metadata), facts)


def _settings(policy: TrafficPolicy) -> Iterator[tuple[int | None, Mode]]:
    """The modes that are set, each with its port; None: for all ports that have no setting of their own."""
    if policy.tls is not None:
        yield None, _mode(policy.tls)
    for one in policy.port_level_settings or ():
        if one.tls is not None:
            yield (one.port or ClientPort()).number, _mode(one.tls)


def _mode(tls: ClientTls) -> Mode:
    # A section without a mode is what its first value is.
    return _MODES.get(tls.mode or _OFF, _ODD_MODE)


def _worst(modes: Iterable[Mode]) -> Mode:
    found = list(modes)
    for one in (_OFF, _ODD_MODE, "SIMPLE", "STRICT"):
        if one in found:
            return one
    return None


def _host(host: str | None, namespace: str) -> str | Unknown:
    """A name without a dot is a Service of the rule's own namespace."""
    if not host or unnamed(host):
        return Unknown(reason="the DestinationRule names no host that can be read")
    if "." in host or host == "*":
        return host.lower()
    there = in_namespace(namespace)
    return there if isinstance(there, Unknown) else f"{host.lower()}.{there}.svc.cluster.local"
