"""Istio's Gateways and VirtualServices, decoded to what we need of them."""

from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta


class ServerPort(Struct, frozen=True, kw_only=True, rename="camel"):
    """A port of a server."""

    number: int | None = None
    name: str | None = None
    protocol: str | None = None


class ServerTls(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a server does TLS."""

    mode: str | None = None
    https_redirect: bool | None = None
    min_protocol_version: str | None = None


class Server(Struct, frozen=True, kw_only=True, rename="camel"):
    """A port of a Gateway with its hosts."""

    name: str | None = None
    port: ServerPort | None = None
    hosts: list[str] | None = None
    tls: ServerTls | None = None


class GatewaySpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a Gateway says; `selector` takes the pods that serve it."""

    selector: dict[str, str] | None = None
    servers: list[Server] | None = None


class Gateway(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Gateway of Istio."""

    metadata: Meta = field(default_factory=Meta)
    spec: GatewaySpec | None = None


class DestinationPort(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Service's port."""

    number: int | None = None


class Destination(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Service, by its name in the mesh."""

    host: str | None = None
    port: DestinationPort | None = None


class Weighted(Struct, frozen=True, kw_only=True, rename="camel"):
    """A destination among several."""

    destination: Destination | None = None


class UriMatch(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which paths; one of the fields."""

    exact: str | None = None
    prefix: str | None = None
    regex: str | None = None


class RequestMatch(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which requests."""

    uri: UriMatch | None = None


class HttpRedirect(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where callers are sent."""

    scheme: str | None = None


class HttpRoute(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule for requests, or for connections where it stands under `tls` or `tcp`."""

    match: list[RequestMatch] | None = None
    route: list[Weighted] | None = None
    redirect: HttpRedirect | None = None
    delegate: Any = None


class VirtualServiceSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a VirtualService says."""

    hosts: list[str] | None = None
    gateways: list[str] | None = None
    http: list[HttpRoute] | None = None
    tls: list[HttpRoute] | None = None
    tcp: list[HttpRoute] | None = None


class VirtualService(Struct, frozen=True, kw_only=True, rename="camel"):
    """A VirtualService."""

    metadata: Meta = field(default_factory=Meta)
    spec: VirtualServiceSpec | None = None
