"""Facts of Gateways, of the Gateway API and of Istio."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.cluster.network.front_services import FrontServices
from assay.detectors.cluster.network.load_balancers import LoadBalancers, is_public
from assay.detectors.cluster.objects import Meta, Objects, Placed, address, namespace_of
from assay.detectors.cluster.routes import gateway_objects as api
from assay.detectors.cluster.routes import istio_objects as istio
from assay.detectors.cluster.stating import bounded, is_live, unnamed, unresolved
from assay.detectors.cluster.stating import state as stated
from assay.detectors.cluster.words import words_of
from assay.scanner.api import Resource, Unknown

_API = "gateway.networking.k8s.io/Gateway"
_ISTIO = "networking.istio.io/Gateway"
_TLS = ("HTTPS", "TLS")


def state(objects: Objects) -> Iterator[Resource]:
    """`network.gateway`."""
    load_balancers = LoadBalancers(objects)
    for placed in objects.of(_API):
        yield _of_api(objects, placed, load_balancers)
    services = FrontServices(objects)
    for placed in objects.of(_ISTIO):
        yield _of_istio(objects, placed, services)


def _gateway(objects: Objects, placed: Placed, meta: Meta, facts: dict[str, Any]) -> Resource:
    stating = {"namespace": namespace_of(meta), **facts}
    return stated(objects, placed, "network.gateway", address("Gateway", meta), stating)


def _of_api(objects: Objects, placed: Placed, load_balancers: LoadBalancers) -> Resource:
    gateway: api.Gateway = placed.object
    spec = gateway.spec or api.GatewaySpec()
    addresses = [one.value for one in (gateway.status or api.GatewayStatus()).addresses or ()]
    facts = {
        "listeners": bounded(map(_listener, spec.listeners or ()), "listeners of a Gateway"),
        "internal": not (is_live(objects) and any(map(is_public, addresses)))
        and _class_internal(spec, load_balancers, addresses),
    }
    return _gateway(objects, placed, gateway.metadata, facts)


def _listener(listener: api.Listener) -> dict[str, Any] | Unknown:
    if listener.port is None or not listener.protocol:
        return Unknown(reason="a listener of the Gateway has no port or no protocol")
    tls = listener.protocol in _TLS
    by_controller = Unknown(reason="the Gateway's controller decides on versions of TLS")
    return {
        "name": listener.name or "",
        "port": listener.port,
        "protocol": listener.protocol,
        "host": _host(listener.hostname),
        "tls": tls,
        "minimum_tls": by_controller if tls else None,
    }


def _host(name: str | None) -> str | Unknown | None:
    if unresolved(name):
        return Unknown(reason="unresolved: a host name")
    return None if name in (None, "", "*") else name


_INTERNAL_CLASSES = (
    "gke-l7-rilb",
    "gke-l7-rilb-mc",
    "gke-l7-cross-regional-internal-managed-mc",
    "istio-waypoint",
)
"""GKE's internal load balancers, and what Istio puts between the pods of a mesh."""


def _class_internal(
    spec: api.GatewaySpec, load_balancers: LoadBalancers, addresses: Sequence[str | None]
) -> bool | Unknown:
    name = spec.gateway_class_name or ""
    if name in _INTERNAL_CLASSES:
        return True
    if unnamed(name):
        return Unknown(reason="unresolved: the class of the Gateway")
    annotations = (spec.infrastructure and spec.infrastructure.annotations) or {}
    told = load_balancers.declared(annotations, None, addresses)
    if told is False and {"internal", "private", "intranet"} & set(words_of(name)):
        return Unknown(reason="its class is named for a private network, but what its controller listens on isn't told")
    return told


def _of_istio(objects: Objects, placed: Placed, services: FrontServices) -> Resource:
    gateway: istio.Gateway = placed.object
    spec = gateway.spec or istio.GatewaySpec()
    listeners = (one for server in spec.servers or () for one in _server(server))
    by_annotation = (gateway.metadata.annotations or {}).get("networking.istio.io/service-type") == "ClusterIP"
    facts = {
        "listeners": bounded(listeners, "listeners of a Gateway"),
        "internal": by_annotation or services.internal(spec.selector or {}),
    }
    return _gateway(objects, placed, gateway.metadata, facts)


_VERSIONS: Mapping[str, str] = {
    "TLSV1_0": "1.0",
    "TLSV1_1": "1.1",
    "TLSV1_2": "1.2",
    "TLSV1_3": "1.3",
    # Istio's own default.
    "TLS_AUTO": "1.2",
}


def _server(server: istio.Server) -> Iterator[dict[str, Any] | Unknown]:
    port = server.port or istio.ServerPort()
    if port.number is None:
        yield Unknown(reason="a server of the Gateway has no port")
        return
    settings = server.tls or istio.ServerTls()
    protocol = (port.protocol or "").upper() or "HTTP"
    # A protocol that encrypts by its own and has no certificate here is passed through, encrypted all the same.
    tls = settings.mode is not None or protocol in _TLS
    minimum: str | Unknown | None = None
    if tls:
        version = settings.min_protocol_version or "TLS_AUTO"
        minimum = _VERSIONS.get(version, Unknown(reason="the Gateway names a version of TLS that Istio doesn't know"))
        if settings.mode in ("PASSTHROUGH", "AUTO_PASSTHROUGH"):
            minimum = Unknown(reason="what the Gateway passes through ends its own TLS")
    for host in server.hosts or ["*"]:
        yield {
            "name": server.name or port.name or "",
            "port": port.number,
            "protocol": protocol,
            # `namespace/host`, of which the namespace says whose VirtualServices may use it.
            "host": _host(host.rpartition("/")[2]),
            "tls": tls,
            "minimum_tls": minimum,
        }
