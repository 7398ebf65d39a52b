"""Facts of Ingresses."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from assay.detectors.cluster.names import is_service
from assay.detectors.cluster.network.load_balancers import published
from assay.detectors.cluster.network.service_objects import (
    Ingress,
    IngressBackend,
    IngressHttp,
    IngressSpec,
    Service,
    ServiceStatus,
)
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.routes import ingress_settings as settings
from assay.detectors.cluster.routes.hosts import all_covered, hosts_of
from assay.detectors.cluster.routes.ingress_controllers import Controllers
from assay.detectors.cluster.routes.middlewares import Middlewares
from assay.detectors.cluster.stating import bounded, in_namespace, is_live, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown
from assay.scanner.safe.pseudonyms import in_path

_BACKEND_CONFIGS = ("cloud.google.com/backend-config", "beta.cloud.google.com/backend-config")
_ACTION = "alb.ingress.kubernetes.io/actions."


def state(objects: Objects) -> Iterator[Resource]:
    """`network.route` of Ingresses."""
    controllers, middlewares = Controllers(objects), Middlewares(objects)
    configured = set(_with_backend_config(objects))
    for placed in objects.of("networking.k8s.io/Ingress"):
        yield _ingress(objects, placed, controllers, middlewares, configured)


def _with_backend_config(objects: Objects) -> Iterator[tuple[str, str]]:
    for placed in objects.of("Service"):
        service: Service = placed.object
        if any((service.metadata.annotations or {}).get(key) for key in _BACKEND_CONFIGS):
            yield namespace_of(service.metadata), service.metadata.name or ""


def _ingress(
    objects: Objects,
    placed: Placed,
    controllers: Controllers,
    middlewares: Middlewares,
    configured: set[tuple[str, str]],
) -> Resource:
    ingress: Ingress = placed.object
    spec = ingress.spec or IngressSpec()
    namespace = namespace_of(ingress.metadata)
    annotations = ingress.metadata.annotations or {}
    unread = objects.unread("networking.k8s.io/IngressClass")
    routed = list(_backends(spec, namespace, annotations))
    named = middlewares.named(annotations.get(settings.MIDDLEWARES, ""))
    reading = settings.Reading(
        serving=controllers.serving(ingress),
        annotations=annotations,
        middleware_login=middlewares.login(named),
        middleware_ranges=middlewares.ranges(named),
        backend_config=any(isinstance(one, dict) and (namespace, one["service"]) in configured for one in routed),
    )
    hosts = hosts_of([rule.host for rule in spec.rules or ()] + ([None] if _default(spec) else []))
    without_hosts: list[str | None] = [None]
    tls_hosts = hosts_of([host for entry in spec.tls or () for host in (entry.hosts or without_hosts)])
    if settings.certificates(reading):
        tls_hosts = ["*"]
    covered = all_covered(hosts, tls_hosts)
    in_public = is_live(objects) and published((ingress.status or ServiceStatus()).load_balancer)
    redirected = any(isinstance(one, _Redirect) for one in routed)
    facts = {
        "namespace": namespace,
        "type": "Ingress",
        "hosts": hosts,
        "backends": bounded((one for one in routed if not isinstance(one, _Redirect)), "backends of an Ingress"),
        "tls_hosts": tls_hosts,
        "gateways": [],
        "internal": not in_public and settings.internal(reading),
        "source_ranges": bounded(settings.ranges(reading), "ranges of an Ingress"),
        "authenticated": settings.authenticated(reading),
        "redirects_to_tls": redirected or settings.redirects(reading, covered),
    }
    if unread and reading.serving.controller is None:
        undecided = Unknown(reason=unread)
        facts |= dict.fromkeys(("source_ranges", "authenticated", "redirects_to_tls"), undecided)
        facts["internal"] = not in_public and undecided
    services_unread = objects.unread("Service")
    if services_unread and reading.serving.controller == "gce":
        facts |= dict.fromkeys(("source_ranges", "authenticated"), Unknown(reason=services_unread))
    return stated(objects, placed, "network.route", address("Ingress", ingress.metadata), facts)


class _Redirect(Struct, frozen=True):
    """An action of the AWS controller that sends the caller to HTTPS."""


def _default(spec: IngressSpec) -> IngressBackend | None:
    return spec.default_backend or spec.backend


def _backends(
    spec: IngressSpec, namespace: str, annotations: Mapping[str, str]
) -> Iterator[dict[str, Any] | Unknown | _Redirect]:
    default = _default(spec)
    if default is not None:
        yield from _backend(default, namespace, None, None, annotations)
    for rule in spec.rules or ():
        for path in (rule.http or IngressHttp()).paths or ():
            if path.backend is None:
                yield Unknown(reason="a path of the Ingress has no backend")
            else:
                yield from _backend(path.backend, namespace, rule.host or None, path.path or None, annotations)


def _backend(
    backend: IngressBackend, namespace: str, host: str | None, path: str | None, annotations: Mapping[str, str]
) -> Iterator[dict[str, Any] | Unknown | _Redirect]:
    service = backend.service.name if backend.service else backend.service_name
    port = backend.service.port if backend.service else None
    number = port.number if port else backend.service_port
    name = port.name if port else None
    text = str(number) if number is not None else name
    if text == "use-annotation":
        yield from _action(annotations.get(f"{_ACTION}{service or ''}"))
    elif not service:
        yield Unknown(reason="a backend of the Ingress is something other than a Service")
    elif not is_service(service) or (text and not text.isdecimal() and not is_service(text)) or unnamed(host):
        yield Unknown(reason="unresolved: a backend or host of the Ingress")
    else:
        there = {"namespace": in_namespace(namespace), "service": service, "port": text or None}
        yield {**there, "host": host, "path": path and in_path(path), "granted": True}


class _RedirectConfig(Struct, frozen=True, kw_only=True):
    Protocol: str | None = None
    protocol: str | None = None


class _Action(Struct, frozen=True, kw_only=True):
    Type: str | None = None
    type: str | None = None
    RedirectConfig: _RedirectConfig | None = None
    redirectConfig: _RedirectConfig | None = None


def _action(text: str | None) -> Iterator[Unknown | _Redirect]:
    """What the AWS controller does in the place of a backend, by an annotation whose keys begin large or small."""
    try:
        action = msgspec.json.decode(text or "", type=_Action)
    except (msgspec.DecodeError, ValueError, RecursionError):
        yield Unknown(reason="the annotation that says what a path of the Ingress does can't be read")
        return
    what = action.type or action.Type
    to = action.redirectConfig or action.RedirectConfig or _RedirectConfig()
    if what == "redirect" and (to.protocol or to.Protocol) == "HTTPS":
        yield _Redirect()
    elif what not in ("redirect", "fixed-response"):
        yield Unknown(reason="an annotation says where a path of the Ingress leads")
