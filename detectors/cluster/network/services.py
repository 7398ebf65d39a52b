"""Facts of Services."""

from collections.abc import Iterator
from typing import Any

from assay.detectors.cluster.network import load_balancers
from assay.detectors.cluster.network.service_objects import (
    LoadBalancer,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.stating import bounded, is_live, unresolved
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_RANGES = (
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "service.beta.kubernetes.io/azure-allowed-ip-ranges",
)


def state(objects: Objects) -> Iterator[Resource]:
    """`network.service`."""
    for placed in objects.of("Service"):
        yield _service(objects, placed)


def _service(objects: Objects, placed: Placed) -> Resource:
    service: Service = placed.object
    spec = service.spec or ServiceSpec()
    annotations = service.metadata.annotations or {}
    entries = ((service.status or ServiceStatus()).load_balancer or LoadBalancer()).ingress or []
    balanced = spec.type == "LoadBalancer"
    addresses = [entry.ip if not entry.hostname else None for entry in entries]
    facts = {
        "namespace": namespace_of(service.metadata),
        "type": spec.type or "ClusterIP",
        # An empty selector means the same as none, and an ExternalName's is ignored.
        "selector": dict(spec.selector) if spec.selector and spec.type != "ExternalName" else None,
        "external_name": _external_name(spec),
        "ports": bounded(map(_port, spec.ports or ()), "ports in a Service"),
        "internal": balanced
        and (load_balancers.all_private(addresses) or load_balancers.internal(annotations, spec.load_balancer_class)),
        "source_ranges": _ranges(spec, annotations),
        "external_ips": bool(spec.external_ips),
        "pending": balanced and is_live(objects) and not entries,
    }
    return stated(objects, placed, "network.service", address("Service", service.metadata), facts)


def _port(port: ServicePort) -> dict[str, Any] | Unknown:
    if port.port is None:
        return Unknown(reason="a port of the Service has no number")
    return {
        "port": port.port,
        "target": str(port.target_port or port.port),
        "protocol": (port.protocol or "TCP").lower(),
        "node_port": port.node_port or None,
        "name": port.name or None,
    }


def _external_name(spec: ServiceSpec) -> str | Unknown | None:
    if spec.type != "ExternalName":
        return None
    if not spec.external_name or unresolved(spec.external_name):
        return Unknown(reason="the Service doesn't say which host it stands for")
    return spec.external_name


def _ranges(spec: ServiceSpec, annotations: dict[str, str]) -> list[Any]:
    if spec.load_balancer_source_ranges:
        return bounded(sorted(set(spec.load_balancer_source_ranges)), "ranges of a load balancer")
    for key in _RANGES:
        if annotations.get(key):
            return bounded(load_balancers.source_ranges(annotations[key]), "ranges of a load balancer")
    return []
