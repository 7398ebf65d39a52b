"""Gateways and routes of the Gateway API, and OpenShift's Routes, decoded to what we need of them."""

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta


class ListenerTls(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a listener does TLS."""

    mode: str | None = None


class Listener(Struct, frozen=True, kw_only=True, rename="camel"):
    """A port of a Gateway."""

    name: str | None = None
    port: int | None = None
    protocol: str | None = None
    hostname: str | None = None
    tls: ListenerTls | None = None


class Infrastructure(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is put on the objects that the Gateway's controller makes."""

    annotations: dict[str, str] | None = None


class GatewaySpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a Gateway says."""

    gateway_class_name: str | None = None
    listeners: list[Listener] | None = None
    infrastructure: Infrastructure | None = None


class GatewayAddress(Struct, frozen=True, kw_only=True, rename="camel"):
    """An address that a Gateway got, or a host name."""

    value: str | None = None


class GatewayStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a Gateway stands in a live cluster."""

    addresses: list[GatewayAddress] | None = None


class Gateway(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Gateway."""

    metadata: Meta = field(default_factory=Meta)
    spec: GatewaySpec | None = None
    status: GatewayStatus | None = None


class Reference(Struct, frozen=True, kw_only=True, rename="camel"):
    """A route's reference to a parent or backend."""

    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    section_name: str | None = None
    port: int | None = None
    weight: int | None = None


class PathMatch(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which paths."""

    value: str | None = None


class Match(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which requests; a path only of HTTPRoutes. Of GRPCRoutes the method isn't read."""

    path: PathMatch | None = None


class Redirect(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where callers are sent."""

    scheme: str | None = None


class Extension(Struct, frozen=True, kw_only=True, rename="camel"):
    """An object of the controller's own, of the route's namespace."""

    group: str | None = None
    kind: str | None = None
    name: str | None = None


class Filter(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is done to requests on the way."""

    type: str | None = None
    request_redirect: Redirect | None = None
    extension_ref: Extension | None = None


class Rule(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule of a route."""

    matches: list[Match] | None = None
    filters: list[Filter] | None = None
    backend_refs: list[Reference] | None = None


class RouteSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a route says."""

    parent_refs: list[Reference] | None = None
    hostnames: list[str] | None = None
    rules: list[Rule] | None = None


class Route(Struct, frozen=True, kw_only=True, rename="camel"):
    """An HTTPRoute, GRPCRoute, TLSRoute or TCPRoute."""

    metadata: Meta = field(default_factory=Meta)
    spec: RouteSpec | None = None


class GrantFrom(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who may refer to what a ReferenceGrant names."""

    group: str | None = None
    kind: str | None = None
    namespace: str | None = None


class GrantTo(Struct, frozen=True, kw_only=True, rename="camel"):
    """What may be referred to; without a name, all of the kind."""

    group: str | None = None
    kind: str | None = None
    name: str | None = None


class GrantSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a ReferenceGrant says."""

    grants_from: list[GrantFrom] | None = field(default=None, name="from")
    grants_to: list[GrantTo] | None = field(default=None, name="to")


class ReferenceGrant(Struct, frozen=True, kw_only=True, rename="camel"):
    """Lets objects of other namespaces refer to some of its own."""

    metadata: Meta = field(default_factory=Meta)
    spec: GrantSpec | None = None


class OpenShiftPort(Struct, frozen=True, kw_only=True, rename="camel"):
    """The port that an OpenShift Route leads to."""

    target_port: int | str | None = None


class OpenShiftTls(Struct, frozen=True, kw_only=True, rename="camel"):
    """How an OpenShift Route does TLS; keys and certificates are not decoded."""

    termination: str | None = None
    insecure_edge_termination_policy: str | None = None


class OpenShiftSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an OpenShift Route says."""

    host: str | None = None
    path: str | None = None
    to: Reference | None = None
    alternate_backends: list[Reference] | None = None
    port: OpenShiftPort | None = None
    tls: OpenShiftTls | None = None
    wildcard_policy: str | None = None


class OpenShiftRoute(Struct, frozen=True, kw_only=True, rename="camel"):
    """An OpenShift Route."""

    metadata: Meta = field(default_factory=Meta)
    spec: OpenShiftSpec | None = None
