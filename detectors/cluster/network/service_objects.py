"""Services, Ingresses and IngressClasses, decoded to what we need of them."""

from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta


class ServicePort(Struct, frozen=True, kw_only=True, rename="camel"):
    """A port of a Service."""

    name: str | None = None
    port: int | None = None
    target_port: int | str | None = None
    protocol: str | None = None
    node_port: int | None = None


class ServiceSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a Service says."""

    type: str | None = None
    selector: dict[str, str] | None = None
    ports: list[ServicePort] | None = None
    load_balancer_source_ranges: list[str] | None = None
    load_balancer_class: str | None = None
    external_name: str | None = None
    external_ips: list[str] | None = field(default=None, name="externalIPs")


class Entry(Struct, frozen=True, kw_only=True, rename="camel"):
    """An address that a load balancer got."""

    ip: str | None = None
    hostname: str | None = None


class LoadBalancer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The addresses of a load balancer."""

    ingress: list[Entry] | None = None


class ServiceStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a Service stands in a live cluster."""

    load_balancer: LoadBalancer | None = None


class Service(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Service."""

    metadata: Meta = field(default_factory=Meta)
    spec: ServiceSpec | None = None
    status: ServiceStatus | None = None


class NamedPort(Struct, frozen=True, kw_only=True, rename="camel"):
    """A port of a Service, by number or name."""

    name: str | None = None
    number: int | None = None


class BackendService(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Service as a backend."""

    name: str | None = None
    port: NamedPort | None = None


class IngressBackend(Struct, frozen=True, kw_only=True, rename="camel"):
    """A backend; the two last fields are those of versions before `v1`."""

    service: BackendService | None = None
    resource: Any = None
    service_name: str | None = None
    service_port: int | str | None = None


class IngressPath(Struct, frozen=True, kw_only=True, rename="camel"):
    """A path of a host."""

    path: str | None = None
    backend: IngressBackend | None = None


class IngressHttp(Struct, frozen=True, kw_only=True, rename="camel"):
    """The paths of a host."""

    paths: list[IngressPath] | None = None


class IngressRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """A host."""

    host: str | None = None
    http: IngressHttp | None = None


class IngressTls(Struct, frozen=True, kw_only=True, rename="camel"):
    """Hosts with a certificate."""

    hosts: list[str] | None = None


class IngressSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an Ingress says; `backend` is the default one of versions before `v1`."""

    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    backend: IngressBackend | None = None
    tls: list[IngressTls] | None = None
    rules: list[IngressRule] | None = None


class Ingress(Struct, frozen=True, kw_only=True, rename="camel"):
    """An Ingress."""

    metadata: Meta = field(default_factory=Meta)
    spec: IngressSpec | None = None
    status: ServiceStatus | None = None


class ClassSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an IngressClass says."""

    controller: str | None = None
    parameters: Any = None


class IngressClass(Struct, frozen=True, kw_only=True, rename="camel"):
    """An IngressClass."""

    metadata: Meta = field(default_factory=Meta)
    spec: ClassSpec | None = None
