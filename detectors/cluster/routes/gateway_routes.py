"""Facts of the Gateway API's routes."""

from collections.abc import Iterator, Sequence
from typing import Any

from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.routes.gateway_objects import (
    Filter,
    Gateway,
    GatewaySpec,
    Reference,
    Route,
    RouteSpec,
    Rule,
)
from assay.detectors.cluster.routes.hosts import hosts_of
from assay.detectors.cluster.stating import bounded, unresolved
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_GROUP = "gateway.networking.k8s.io"
_KINDS = ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute")


def state(objects: Objects) -> Iterator[Resource]:
    """`network.route` of HTTPRoutes and their like."""
    encrypted = set(_encrypted_sections(objects))
    for kind in _KINDS:
        for placed in objects.of(f"{_GROUP}/{kind}"):
            yield _route(objects, placed, kind, encrypted)


def _encrypted_sections(objects: Objects) -> Iterator[tuple[str, str]]:
    """Gateway and name of the listeners that speak TLS only."""
    for placed in objects.of(f"{_GROUP}/Gateway"):
        gateway: Gateway = placed.object
        for listener in (gateway.spec or GatewaySpec()).listeners or ():
            if listener.protocol in ("HTTPS", "TLS") and listener.name:
                yield address("Gateway", gateway.metadata), listener.name


def _route(objects: Objects, placed: Placed, kind: str, encrypted: set[tuple[str, str]]) -> Resource:
    route: Route = placed.object
    spec = route.spec or RouteSpec()
    namespace = namespace_of(route.metadata)
    parents = [(_gateway_of(one, namespace), one.section_name or "") for one in _gateways(spec)]
    hosts = hosts_of(spec.hostnames or [None])
    # It names listeners that speak TLS, and no others, so that nothing of it is served in the clear.
    only_encrypted = bool(parents) and all(parent in encrypted for parent in parents)
    rules = spec.rules or []
    redirects: bool | Unknown = only_encrypted or (bool(rules) and all(map(_redirects, rules)))
    unread = objects.unread(f"{_GROUP}/Gateway")
    tls_hosts: list[Any] | Unknown = hosts if only_encrypted else []
    if unread and parents and not only_encrypted:
        tls_hosts = Unknown(reason=unread)
        redirects = redirects or tls_hosts
    backends = (one for rule in rules for one in _backends(rule, namespace))
    facts = {
        "namespace": namespace,
        "type": kind,
        "hosts": hosts,
        "backends": bounded(backends, "backends of a route"),
        "tls_hosts": tls_hosts,
        "gateways": bounded(sorted({gateway for gateway, _ in parents}), "Gateways of a route"),
        "internal": False,
        "source_ranges": [],
        "authenticated": _authenticated(rules),
        "redirects_to_tls": redirects,
    }
    return stated(objects, placed, "network.route", address(kind, route.metadata), facts)


def _gateways(spec: RouteSpec) -> Iterator[Reference]:
    """Parents that are Gateways; a Service as parent is for traffic within a mesh."""
    for parent in spec.parent_refs or ():
        if (parent.kind or "Gateway") == "Gateway" and (parent.group if parent.group is not None else _GROUP) == _GROUP:
            yield parent


def _gateway_of(parent: Reference, namespace: str) -> str:
    return f"Gateway.{parent.namespace or namespace}.{parent.name or ''}"


def _backends(rule: Rule, namespace: str) -> Iterator[dict[str, Any] | Unknown]:
    paths = {match.path.value for match in rule.matches or () if match.path and match.path.value}
    # With several, the backends stand once without a path: each with each could be far too many.
    path = paths.pop() if len(paths) == 1 and len(rule.matches or ()) == 1 else None
    for backend in rule.backend_refs or ():
        if backend.weight != 0:
            yield _backend(backend, namespace, path)


def _backend(backend: Reference, namespace: str, path: str | None) -> dict[str, Any] | Unknown:
    if (backend.kind or "Service") != "Service" or backend.group or not backend.name:
        return Unknown(reason="a backend of the route is something other than a Service")
    if unresolved(backend.name) or unresolved(backend.namespace):
        return Unknown(reason="unresolved: a backend of the route")
    port = None if backend.port is None else str(backend.port)
    # Hosts of such a route are for all its backends, and stand with the route.
    there = {"namespace": backend.namespace or namespace, "service": backend.name, "port": port}
    return {**there, "host": None, "path": path}


def _authenticated(rules: Sequence[Rule]) -> bool | Unknown:
    by_rule = [[one.type for one in rule.filters or ()] for rule in rules]
    if by_rule and all("ExternalAuth" in types for types in by_rule):
        return True
    if any("ExtensionRef" in types for types in by_rule):
        return Unknown(reason="a filter of the Gateway's controller decides, which may ask for a login")
    return False


def _redirects(rule: Rule) -> bool:
    return any(map(_to_tls, rule.filters or ()))


def _to_tls(one: Filter) -> bool:
    return one.type == "RequestRedirect" and one.request_redirect is not None and one.request_redirect.scheme == "https"
