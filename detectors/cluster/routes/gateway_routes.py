"""Facts of the Gateway API's routes."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.answers import any_of
from assay.detectors.cluster.names import is_service
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.routes.gateway_objects import (
    Extension,
    Filter,
    Gateway,
    GatewaySpec,
    Reference,
    Route,
    RouteSpec,
    Rule,
)
from assay.detectors.cluster.routes.grants import Granted, Grants
from assay.detectors.cluster.routes.hosts import hosts_of
from assay.detectors.cluster.routes.middlewares import Middlewares
from assay.detectors.cluster.routes.security_policies import SecurityPolicies
from assay.detectors.cluster.stating import bounded, in_namespace, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown
from assay.scanner.safe.pseudonyms import in_path

_GROUP = "gateway.networking.k8s.io"
_KINDS = ("GRPCRoute", "HTTPRoute", "TCPRoute", "TLSRoute")


def state(objects: Objects) -> Iterator[Resource]:
    """`network.route` of HTTPRoutes and their like."""
    beside = _Beside(
        encrypted=frozenset(_encrypted_sections(objects)),
        grants=Grants(objects),
        policies=SecurityPolicies(objects),
        middlewares=Middlewares(objects),
    )
    for kind in _KINDS:
        for placed in objects.of(f"{_GROUP}/{kind}"):
            yield _route(objects, placed, kind, beside)


class _Beside(Struct, frozen=True, kw_only=True):
    """What bears on routes besides themselves."""

    encrypted: frozenset[tuple[str, str]]
    grants: Grants
    policies: SecurityPolicies
    middlewares: Middlewares


def _encrypted_sections(objects: Objects) -> Iterator[tuple[str, str]]:
    """Gateway and name of the listeners that speak TLS only."""
    for placed in objects.of(f"{_GROUP}/Gateway"):
        gateway: Gateway = placed.object
        for listener in (gateway.spec or GatewaySpec()).listeners or ():
            if listener.protocol in ("HTTPS", "TLS") and listener.name:
                yield address("Gateway", gateway.metadata), listener.name


def _route(objects: Objects, placed: Placed, kind: str, beside: _Beside) -> Resource:
    route: Route = placed.object
    spec = route.spec or RouteSpec()
    namespace = namespace_of(route.metadata)
    parents = [(_gateway_of(one, namespace), one.section_name or "") for one in _gateways(spec)]
    told = {_told(one, namespace) for one in _gateways(spec)}
    hosts = hosts_of(spec.hostnames or [None])
    # It names listeners that speak TLS, and no others, so that nothing of it is served in the clear.
    only_encrypted = bool(parents) and all(parent in beside.encrypted for parent in parents)
    rules = spec.rules or []
    redirects: bool | Unknown = only_encrypted or (bool(rules) and all(map(_redirects, rules)))
    unread = objects.unread(f"{_GROUP}/Gateway")
    tls_hosts: list[Any] | Unknown = hosts if only_encrypted else []
    if unread and parents and not only_encrypted:
        tls_hosts = Unknown(reason=unread)
        redirects = redirects or tls_hosts
    grants = beside.grants.to(kind, namespace)
    backends = (one for rule in rules for one in _backends(rule, namespace, grants))
    above = [(one.namespace or namespace, one) for one in _gateways(spec)]
    login = beside.policies.login(kind, route.metadata, above)
    facts = {
        "namespace": namespace,
        "type": kind,
        "hosts": hosts,
        "backends": bounded(backends, "backends of a route"),
        "tls_hosts": tls_hosts,
        "gateways": bounded(sorted(told, key=repr), "Gateways of a route"),
        "internal": False,
        "source_ranges": [],
        "authenticated": any_of((login, _authenticated(rules, namespace, beside.middlewares))),
        "redirects_to_tls": redirects,
    }
    return stated(objects, placed, "network.route", address(kind, route.metadata), facts)


def _gateways(spec: RouteSpec) -> Iterator[Reference]:
    """Parents that are Gateways; a Service as parent is for traffic within a mesh."""
    for parent in spec.parent_refs or ():
        if (parent.kind or "Gateway") == "Gateway" and (parent.group if parent.group is not None else _GROUP) == _GROUP:
            yield parent


def _told(parent: Reference, namespace: str) -> str | Unknown:
    there, name = in_namespace(parent.namespace or namespace), parent.name or ""
    if isinstance(there, Unknown):
        return there
    return Unknown(reason="unresolved: the name of a Gateway") if unnamed(name) else _gateway_of(parent, namespace)


def _gateway_of(parent: Reference, namespace: str) -> str:
    return f"Gateway.{parent.namespace or namespace}.{parent.name or ''}"


def _backends(rule: Rule, namespace: str, grants: Granted) -> Iterator[dict[str, Any] | Unknown]:
    paths = {match.path.value for match in rule.matches or () if match.path and match.path.value}
    # With several, the backends stand once without a path: each with each could be far too many.
    path = paths.pop() if len(paths) == 1 and len(rule.matches or ()) == 1 else None
    for backend in rule.backend_refs or ():
        if backend.weight != 0:
            yield _backend(backend, namespace, path, grants)


def _backend(backend: Reference, namespace: str, path: str | None, grants: Granted) -> dict[str, Any] | Unknown:
    if (backend.kind or "Service") != "Service" or backend.group or not backend.name:
        return Unknown(reason="a backend of the route is something other than a Service")
    if not is_service(backend.name):
        return Unknown(reason="unresolved: a backend of the route")
    port = None if backend.port is None else str(backend.port)
    # Hosts of such a route are for all its backends, and stand with the route.
    there = {"namespace": in_namespace(backend.namespace or namespace), "service": backend.name, "port": port}
    return {
        **there,
        "host": None,
        "path": path and in_path(path),
        "granted": grants(backend.namespace or namespace, backend.name),
    }


def _authenticated(rules: Sequence[Rule], namespace: str, middlewares: Middlewares) -> bool | Unknown:
    """Whether filters of every rule ask callers who they are."""
    found = [_asks(rule, namespace, middlewares) for rule in rules]
    if found and all(one is True for one in found):
        return True
    return next((one for one in found if isinstance(one, Unknown)), False)


def _asks(rule: Rule, namespace: str, middlewares: Middlewares) -> bool | Unknown:
    if any(one.type == "ExternalAuth" for one in rule.filters or ()):
        return True
    extensions = [one.extension_ref or Extension() for one in rule.filters or () if one.type == "ExtensionRef"]
    ours = [(namespace, one.name or "") for one in extensions if (one.group, one.kind) == _MIDDLEWARE]
    asks = middlewares.login(ours)
    others = any((one.group, one.kind) not in (_MIDDLEWARE, _NO_LOGIN) for one in extensions)
    return _BY_FILTER if others and asks is False else asks


_MIDDLEWARE = ("traefik.io", "Middleware")
_NO_LOGIN = ("gateway.envoyproxy.io", "HTTPRouteFilter")
"""It changes requests and responses."""
_BY_FILTER = Unknown(reason="a filter of the Gateway's controller decides, which may ask for a login")


def _redirects(rule: Rule) -> bool:
    return any(map(_to_tls, rule.filters or ()))


def _to_tls(one: Filter) -> bool:
    return one.type == "RequestRedirect" and one.request_redirect is not None and one.request_redirect.scheme == "https"
