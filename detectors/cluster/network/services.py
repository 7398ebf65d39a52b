"""Facts of Services."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from assay.detectors.cluster.names import is_label_key, is_label_value, is_port, is_service
from assay.detectors.cluster.network.load_balancers import LoadBalancers, ranges, source_ranges
from assay.detectors.cluster.network.service_objects import (
    LoadBalancer,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.stating import bounded, is_live, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_HOST = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9._:]{0,252}[A-Za-z0-9])?\.?")
_RANGES = (
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "service.beta.kubernetes.io/azure-allowed-ip-ranges",
)


def state(objects: Objects) -> Iterator[Resource]:
    """`network.service`."""
    load_balancers = LoadBalancers(objects)
    for placed in objects.of("Service"):
        yield _service(objects, placed, load_balancers)


def _service(objects: Objects, placed: Placed, load_balancers: LoadBalancers) -> Resource:
    service: Service = placed.object
    spec = service.spec or ServiceSpec()
    annotations = service.metadata.annotations or {}
    entries = ((service.status or ServiceStatus()).load_balancer or LoadBalancer()).ingress or []
    balanced = spec.type == "LoadBalancer"
    facts = {
        "namespace": namespace_of(service.metadata),
        "type": _type(spec.type),
        # An empty selector means the same as none, and an ExternalName's is ignored.
        "selector": _selector(spec.selector) if spec.selector and spec.type != "ExternalName" else None,
        "external_name": _external_name(spec),
        "ports": bounded(map(_port, spec.ports or ()), "ports in a Service"),
        "internal": balanced and load_balancers.internal(service),
        "source_ranges": _ranges(spec, annotations),
        "external_ips": bool(spec.external_ips),
        "pending": balanced and is_live(objects) and not entries,
    }
    return stated(objects, placed, "network.service", address("Service", service.metadata), facts)


def _type(given: str | None) -> str | Unknown:
    if not given or given in _TYPES:
        return given or "ClusterIP"
    return _unlike(given, "the type of the Service")


def _selector(given: Mapping[str, str]) -> dict[str, str | Unknown] | Unknown:
    odd = next((key for key in given if not is_label_key(key)), None)
    if odd is not None:
        return _unlike(odd, "a label in the Service's selector")
    what = "a value in the Service's selector"
    return {key: value if is_label_value(value) else _unlike(value, what) for key, value in given.items()}


def _port(port: ServicePort) -> dict[str, Any] | Unknown:
    if port.port is None or not is_port(str(port.port)):
        return Unknown(reason="a port of the Service has no number that it may")
    target, protocol, name = str(port.target_port or port.port), port.protocol or "TCP", port.name or None
    return {
        "port": port.port,
        "target": target if is_port(target) else _unlike(target, "where a port of the Service leads"),
        "protocol": protocol.lower() if protocol in _PROTOCOLS else _unlike(protocol, "a port's protocol"),
        "node_port": port.node_port or None,
        "name": name if name is None or is_service(name) else _unlike(name, "a port's name"),
    }


def _unlike(text: str, what: str) -> Unknown:
    """Why a text isn't what Kubernetes would take; it isn't shown, as it may be anything."""
    if unnamed(text):
        return Unknown(reason=f"unresolved: {what}")
    return Unknown(reason=f"{what} is not as Kubernetes has it")


def _external_name(spec: ServiceSpec) -> str | Unknown | None:
    if spec.type != "ExternalName":
        return None
    if not spec.external_name or not _HOST.fullmatch(spec.external_name):
        return Unknown(reason="the Service doesn't say which host it stands for")
    return spec.external_name


def _ranges(spec: ServiceSpec, annotations: dict[str, str]) -> list[Any]:
    if spec.load_balancer_source_ranges:
        return bounded(ranges(spec.load_balancer_source_ranges), "ranges of a load balancer")
    for key in _RANGES:
        if annotations.get(key):
            return bounded(source_ranges(annotations[key]), "ranges of a load balancer")
    return []
