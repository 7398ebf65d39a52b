"""Policies of Istio and Linkerd, decoded to what we need of them."""

from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.selectors import LabelSelector


class Selected(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which pods; Istio knows equalities only."""

    match_labels: dict[str, str] | None = None


class Mtls(Struct, frozen=True, kw_only=True, rename="camel"):
    """A mode of mutual TLS."""

    mode: str | None = None


class PeerSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a PeerAuthentication says."""

    selector: Selected | None = None
    mtls: Mtls | None = None
    port_level_mtls: dict[str, Mtls | None] | None = None


class PeerAuthentication(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether callers must speak mutual TLS."""

    metadata: Meta = field(default_factory=Meta)
    spec: PeerSpec | None = None


class Source(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who calls: all fields that are set must fit."""

    principals: list[str] | None = None
    not_principals: list[str] | None = None
    request_principals: list[str] | None = None
    not_request_principals: list[str] | None = None
    namespaces: list[str] | None = None
    not_namespaces: list[str] | None = None
    service_accounts: list[str] | None = None
    not_service_accounts: list[str] | None = None
    ip_blocks: list[str] | None = None
    not_ip_blocks: list[str] | None = None
    remote_ip_blocks: list[str] | None = None
    not_remote_ip_blocks: list[str] | None = None


class From(Struct, frozen=True, kw_only=True, rename="camel"):
    """One of the sources of a rule."""

    source: Source | None = None


class Condition(Struct, frozen=True, kw_only=True, rename="camel"):
    """A condition of a rule."""

    key: str | None = None
    values: list[str] | None = None
    not_values: list[str] | None = None


class AuthorizationRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule: some source, some operation, and every condition must fit."""

    sources: list[From] | None = field(default=None, name="from")
    operations: list[Any] | None = field(default=None, name="to")
    when: list[Condition] | None = None


class AuthorizationSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an AuthorizationPolicy says."""

    selector: Selected | None = None
    target_ref: Any = None
    target_refs: list[Any] | None = None
    action: str | None = None
    rules: list[AuthorizationRule] | None = None


class AuthorizationPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who may call what."""

    metadata: Meta = field(default_factory=Meta)
    spec: AuthorizationSpec | None = None


class RequestSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a RequestAuthentication says, as far as we ask."""

    selector: Selected | None = None
    target_ref: Any = None
    target_refs: list[Any] | None = None


class RequestAuthentication(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which tokens are valid."""

    metadata: Meta = field(default_factory=Meta)
    spec: RequestSpec | None = None


class ClientTls(Struct, frozen=True, kw_only=True, rename="camel"):
    """How callers do TLS."""

    mode: str | None = None


class ClientPort(Struct, frozen=True, kw_only=True, rename="camel"):
    """The port of a Service."""

    number: int | None = None


class PortTraffic(Struct, frozen=True, kw_only=True, rename="camel"):
    """How callers connect to one port; in the place of what holds for all."""

    port: ClientPort | None = None
    tls: ClientTls | None = None


class TrafficPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """How callers connect."""

    tls: ClientTls | None = None
    port_level_settings: list[PortTraffic] | None = None


class Subset(Struct, frozen=True, kw_only=True, rename="camel"):
    """Some of the pods behind a service."""

    traffic_policy: TrafficPolicy | None = None


class DestinationSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a DestinationRule says."""

    host: str | None = None
    traffic_policy: TrafficPolicy | None = None
    subsets: list[Subset] | None = None


class DestinationRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """How callers in the mesh connect to a service."""

    metadata: Meta = field(default_factory=Meta)
    spec: DestinationSpec | None = None


class LinkerdServerSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a Server of Linkerd says."""

    pod_selector: LabelSelector | None = None
    access_policy: str | None = None


class LinkerdServer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A port of some pods, to which Linkerd lets in only whom a policy names."""

    metadata: Meta = field(default_factory=Meta)
    spec: LinkerdServerSpec | None = None


class TargetRef(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a policy of Linkerd is for."""

    kind: str | None = None
    name: str | None = None


class LinkerdAuthorizationSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an AuthorizationPolicy of Linkerd says."""

    target_ref: TargetRef | None = None
    required_authentication_refs: list[TargetRef] | None = None


class LinkerdAuthorization(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom Linkerd lets in."""

    metadata: Meta = field(default_factory=Meta)
    spec: LinkerdAuthorizationSpec | None = None
