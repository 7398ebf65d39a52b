"""Principals and what they are granted."""

from msgspec import Struct


class Principal(Struct, frozen=True, kw_only=True):
    """A role, user, service account or managed identity."""

    provider: str
    type: str
    """`role`, `user`, `group`, `service-account` or `managed-identity`."""
    assumable_by_anyone: bool
    """Its trust policy takes every principal with no condition, or the tokens of an identity provider that serves
    everyone with no condition on whose they are."""
    assumable_by: list[str]
    """Principals that its trust policy names, as written."""
    long_lived_keys: bool
    """Has access keys that do not expire."""
    permission_boundary: str | None
    """Reference of the boundary; None: none."""
    tags: dict[str, str]


class Statement(Struct, frozen=True, kw_only=True):
    """One allowing statement of a grant."""

    actions: list[str]
    """As written: `s3:GetObject`, `*`, `roles/storage.admin`."""
    resources: list[str]
    """As written; `*` is everything."""
    conditional: bool


class Grant(Struct, frozen=True, kw_only=True):
    """A policy or a binding: who may do what on which resources."""

    provider: str
    principals: list[str]
    """Who is granted, as written; empty where the source attaches it elsewhere."""
    public: bool
    """Granted to everyone (`*`, `allUsers`, `allAuthenticatedUsers`)."""
    administrator: bool
    """Allows every action on every resource, or is the provider's owner or administrator role.

    All but a few actions or resources is everything too, unless something of IAM is left out."""
    surely_administrator: bool
    """Whether `administrator` is known to be true. Never unknown itself, so that the narrower rules can leave such a
    grant to the one that says everything, without losing what they are sure of in any other."""
    whole_services: list[str]
    """Services of which every action is allowed on every resource, with no condition; `*`: all, or all but a few.

    An ARN that names no resource, such as `arn:aws:s3:::*`, is every resource."""
    passes_any_role: bool
    """Any role can be handed to a service, with no condition (AWS)."""
    self_escalating: bool
    """The holder can give itself further rights: change policies, role bindings or other identities' credentials."""
    reads_all_data: bool
    """The contents of a whole store (all objects, items or secrets) can be read, with no condition."""
    statements: list[Statement]
    """Allowing statements only."""
