"""Facts of Istio's VirtualServices."""

from collections.abc import Iterator
from typing import Any

from assay.detectors.cluster.names import is_service
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.routes.hosts import hosts_of
from assay.detectors.cluster.routes.istio_objects import (
    Destination,
    Gateway,
    GatewaySpec,
    HttpRoute,
    ServerPort,
    ServerTls,
    VirtualService,
    VirtualServiceSpec,
)
from assay.detectors.cluster.stating import bounded, in_namespace, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown
from assay.scanner.safe.pseudonyms import in_path

_GROUP = "networking.istio.io"
_MESH = "mesh"
"""What a VirtualService names in the place of a Gateway for traffic within the mesh."""


def state(objects: Objects) -> Iterator[Resource]:
    """`network.route` of VirtualServices."""
    never_plain = {at for at, plain in _gateways(objects) if not plain}
    for placed in objects.of(f"{_GROUP}/VirtualService"):
        yield _virtual_service(objects, placed, never_plain)


def _gateways(objects: Objects) -> Iterator[tuple[str, bool]]:
    """Address, and whether requests are served in the clear: neither encrypted nor redirected."""
    for placed in objects.of(f"{_GROUP}/Gateway"):
        gateway: Gateway = placed.object
        servers = (gateway.spec or GatewaySpec()).servers or []
        plain = any(
            (one.tls or ServerTls()).https_redirect is not True
            and (one.tls or ServerTls()).mode is None
            and (one.port or ServerPort()).protocol not in ("HTTPS", "TLS")
            for one in servers
        )
        yield address("Gateway", gateway.metadata), plain or not servers


def _virtual_service(objects: Objects, placed: Placed, never_plain: set[str]) -> Resource:
    service: VirtualService = placed.object
    spec = service.spec or VirtualServiceSpec()
    namespace = namespace_of(service.metadata)
    rules = [*(spec.http or ()), *(spec.tls or ()), *(spec.tcp or ())]
    gateways = sorted({_address(name, namespace) for name in spec.gateways or () if name != _MESH})
    redirecting = [rule for rule in spec.http or () if rule.redirect and rule.redirect.scheme == "https"]
    redirects: bool | Unknown = bool(gateways) and set(gateways) <= never_plain
    redirects = redirects or (bool(rules) and len(redirecting) == len(rules))
    unread = objects.unread(f"{_GROUP}/Gateway")
    if unread and gateways and not redirects:
        redirects = Unknown(reason=unread)
    facts = {
        "namespace": namespace,
        "type": "VirtualService",
        "hosts": hosts_of(spec.hosts or ["*"]),
        "backends": bounded((one for rule in rules for one in _backends(rule, namespace)), "backends of a route"),
        "tls_hosts": [],
        "gateways": bounded(map(_told, gateways), "Gateways of a route"),
        "internal": False,
        "source_ranges": [],
        "authenticated": False,
        "redirects_to_tls": redirects,
    }
    return stated(objects, placed, "network.route", address("VirtualService", service.metadata), facts)


def _address(name: str, namespace: str) -> str:
    there, slash, rest = name.partition("/")
    return f"Gateway.{there}.{rest}" if slash else f"Gateway.{namespace}.{name}"


def _told(gateway: str) -> str | Unknown:
    """Where the VirtualService's namespace, of which a Gateway may be too, isn't known, neither is the Gateway."""
    _, namespace, name = gateway.split(".", 2)
    there = in_namespace(namespace)
    if isinstance(there, Unknown):
        return there
    return Unknown(reason="unresolved: the name of a Gateway") if unnamed(name) else gateway


def _backends(rule: HttpRoute, namespace: str) -> Iterator[dict[str, Any] | Unknown]:
    if rule.delegate is not None:
        yield Unknown(reason="the VirtualService leaves a part of its routes to another")
    matches = rule.match or []
    uri = matches[0].uri if len(matches) == 1 else None
    for one in rule.route or ():
        path = (uri.exact or uri.prefix) if uri else None
        yield _backend(one.destination or Destination(), namespace, path)


def _backend(destination: Destination, namespace: str, path: str | None) -> dict[str, Any] | Unknown:
    labels = (destination.host or "").lower().split(".")
    # Names without a dot are of the VirtualService's own namespace; others must be whole to be sure.
    if not is_service(labels[0]) or (len(labels) > 1 and labels[2:3] != ["svc"]):
        return Unknown(reason="a destination of the VirtualService isn't surely a Service of the cluster")
    port = destination.port.number if destination.port else None
    return {
        "namespace": in_namespace(labels[1] if len(labels) > 1 else namespace),
        "service": labels[0],
        "port": None if port is None else str(port),
        "host": None,
        "path": path and in_path(path),
        "granted": True,
    }
