"""Objects that stand beside routes and ask callers who they are, decoded to what we need of them; never a secret."""

from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.selectors import Expression


class Jwt(Struct, frozen=True, kw_only=True, rename="camel"):
    """Tokens that callers must bring, unless they may do without."""

    optional: bool | None = None
    fail_open: bool | None = None


class Oidc(Struct, frozen=True, kw_only=True, rename="camel"):
    """A login by OpenID Connect; with the switch, callers with a token pass it by."""

    pass_through_auth_header: bool | None = None


class ExternalAuthorizer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A service that is asked about each request; it may be passed by where it doesn't answer."""

    fail_open: bool | None = None


class Target(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Gateway or route that a policy is for, or a part of it."""

    kind: str | None = None
    name: str | None = None
    section_name: str | None = None


class TargetSelector(Struct, frozen=True, kw_only=True, rename="camel"):
    """Gateways or routes that a policy is for, by their labels."""

    kind: str | None = None
    namespaces: Any = None
    match_labels: dict[str, str] | None = None
    match_expressions: list[Expression] | None = None


class SecuritySpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a SecurityPolicy says, as far as it is about who calls."""

    target_ref: Target | None = None
    target_refs: list[Target] | None = None
    target_selectors: list[TargetSelector] | None = None
    merge_type: str | None = None
    basic_auth: dict[str, Any] | None = None
    api_key_auth: dict[str, Any] | None = None
    jwt: Jwt | None = None
    oidc: Oidc | None = None
    ext_auth: ExternalAuthorizer | None = None
    authorization: dict[str, Any] | None = None


class SecurityPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """A SecurityPolicy of Envoy Gateway."""

    metadata: Meta = field(default_factory=Meta)
    spec: SecuritySpec | None = None


class Credentials(Struct, frozen=True, kw_only=True, rename="camel"):
    """Names and passwords, by the name of the Secret that has them."""

    secret: str | None = None


class Forwarded(Struct, frozen=True, kw_only=True, rename="camel"):
    """A service that is asked about each request."""

    address: str | None = None


class Addresses(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who may connect; with a strategy, by an address that a header tells."""

    source_range: list[str] | None = None
    ip_strategy: Any = None


class Link(Struct, frozen=True, kw_only=True, rename="camel"):
    """Another Middleware."""

    name: str | None = None
    namespace: str | None = None


class Chain(Struct, frozen=True, kw_only=True, rename="camel"):
    """Middlewares one after the other."""

    middlewares: list[Link] | None = None


class MiddlewareSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a Middleware does, as far as it is about who calls."""

    basic_auth: Credentials | None = None
    digest_auth: Credentials | None = None
    forward_auth: Forwarded | None = None
    ip_allow_list: Addresses | None = None
    ip_white_list: Addresses | None = None
    chain: Chain | None = None
    plugin: dict[str, Any] | None = None


class Middleware(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Middleware of Traefik."""

    metadata: Meta = field(default_factory=Meta)
    spec: MiddlewareSpec | None = None
