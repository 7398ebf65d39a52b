"""Facts of OpenShift's Routes."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.detectors.cluster.names import is_service
from assay.detectors.cluster.network.load_balancers import source_ranges
from assay.detectors.cluster.network.service_objects import Service, ServiceSpec
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.routes.gateway_objects import (
    OpenShiftPort,
    OpenShiftRoute,
    OpenShiftSpec,
    OpenShiftTls,
    Reference,
)
from assay.detectors.cluster.routes.hosts import hosts_of
from assay.detectors.cluster.stating import bounded, in_namespace, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown
from assay.scanner.safe.pseudonyms import in_path

_RANGES = ("haproxy.router.openshift.io/ip_allowlist", "haproxy.router.openshift.io/ip_whitelist")

Services = Mapping[tuple[str, str], Service]


def state(objects: Objects) -> Iterator[Resource]:
    """`network.route` of OpenShift's Routes."""
    found = objects.of("route.openshift.io/Route")
    if not found:
        return
    services: Services = {
        (namespace_of(one.object.metadata), one.object.metadata.name or ""): one.object for one in objects.of("Service")
    }
    for placed in found:
        yield _route(objects, placed, services)


def _route(objects: Objects, placed: Placed, services: Services) -> Resource:
    route: OpenShiftRoute = placed.object
    spec = route.spec or OpenShiftSpec()
    namespace = namespace_of(route.metadata)
    annotations = route.metadata.annotations or {}
    host = f"*.{(spec.host or '').partition('.')[2]}" if spec.wildcard_policy == "Subdomain" else spec.host
    tls = spec.tls if spec.tls and spec.tls.termination else None
    given = next((annotations[key] for key in _RANGES if annotations.get(key)), None)
    # Without a host the cluster gives it one of its own, so that it isn't for all hosts.
    named = hosts_of([host]) if host else [Unknown(reason="the cluster gives the Route its host name")]
    targets = [spec.to, *(spec.alternate_backends or ())]
    facts = {
        "namespace": namespace,
        "type": "Route",
        "hosts": named,
        "backends": bounded(
            (_backend(one, spec, namespace, services) for one in targets if one), "backends of a Route"
        ),
        "tls_hosts": ["*"] if tls and not host else (named if tls else []),
        "gateways": [],
        "internal": False,
        "source_ranges": bounded(source_ranges(given), "ranges of a Route"),
        "authenticated": False,
        "redirects_to_tls": tls is not None and _closed_to_plain(tls),
    }
    return stated(objects, placed, "network.route", address("Route", route.metadata), facts)


def _closed_to_plain(tls: OpenShiftTls) -> bool:
    return (tls.insecure_edge_termination_policy or "None") in ("None", "Redirect")


def _backend(target: Reference, spec: OpenShiftSpec, namespace: str, services: Services) -> dict[str, Any] | Unknown:
    if (target.kind or "Service") != "Service" or not target.name:
        return Unknown(reason="a backend of the Route is something other than a Service")
    if not is_service(target.name):
        return Unknown(reason="unresolved: a backend of the Route")
    wanted = (spec.port or OpenShiftPort()).target_port
    port = _port(wanted, services.get((namespace, target.name)))
    there = {"namespace": in_namespace(namespace), "service": target.name, "port": port}
    return {**there, "host": spec.host, "path": in_path(spec.path or "") or None, "granted": True}


def _port(wanted: int | str | None, service: Service | None) -> str | Unknown | None:
    """The Service's port, for which a Route names the pods' port by number, or the Service's by name."""
    if isinstance(wanted, str) and unnamed(wanted):
        return Unknown(reason="unresolved: the port of the Route")
    if wanted is None or isinstance(wanted, str):
        return wanted
    for port in ((service and service.spec) or ServiceSpec()).ports or ():
        if port.port is not None and (port.target_port or port.port) == wanted:
            return str(port.port)
    return Unknown(reason="the Route names a port of the pods, and which port of the Service that is can't be told")
