"""Principals and what they are granted."""

from msgspec import Struct


class Principal(Struct, frozen=True, kw_only=True):
    """A role, user, service account or managed identity."""

    provider: str
    type: str
    """`role`, `user`, `group`, `service-account` or `managed-identity`."""
    identifier: str | None
    """What tells it from others of its account: a role's name, the first part of a service account's address, a
    managed identity's client id. None: of users, as it may be a person's."""
    account: str | None
    """The account or project that it is in; None: its identifier needs none."""
    assumable_by_anyone: bool
    """Its trust policy takes every principal with no condition, or the tokens of an identity provider that serves
    everyone with no condition on whose they are."""
    assumable_by: list[str]
    """Principals that its trust policy names, as written."""
    long_lived_keys: bool
    """Has access keys that do not expire."""
    password: bool
    """Can log in with a password of its own."""
    mfa: bool
    """Has a second factor for its password."""
    key_age_days: int | None
    """Since the oldest of its active access keys was made; None: it has none."""
    key_unused_days: int | None
    """Since the active access key that lies idle longest was last used, or made; None: it has none."""
    password_unused_days: int | None
    """Since its password was last used, or made; None: it has none."""
    permission_boundary: str | None
    """Reference of the boundary; None: none."""
    tags: dict[str, str]


class PodAccounts(Struct, frozen=True, kw_only=True):
    """Service accounts of a cluster, as a cloud speaks of them."""

    by: str
    """`token`: a token of the cluster shows who it is; `association`: EKS Pod Identity vouches for it."""
    cluster: str | None
    """As written: a cluster's name, its issuer, or the pool of its identities; None: any."""
    subject: str
    """`namespace:name`; a pattern, in which `*` is anything and `?` is one character."""


class Trust(Struct, frozen=True, kw_only=True):
    """Who may act as an identity: a role's trust policy, an association, a credential, or a binding on the identity."""

    provider: str
    identity: str
    """The identity: an address and a place, `aws_iam_role.a (main.tf:3)`, where it is declared in the same source; else
    as the cloud names it, such as an ARN, or `role/name` in an account that isn't stated."""
    given: bool
    """The service accounts need nothing else for it; False: of theirs, only those may whom an annotation gives the
    token for it (a role's trust policy)."""
    limited: bool
    """Only some of its rights, which a session policy names."""
    accounts: list[PodAccounts]
    """Service accounts of clusters."""
    holders: list[str]
    """Identities of machines, as of `identity`, and services such as `ec2.amazonaws.com`. People aren't among them. An
    account of AWS is `arn:aws:iam::111122223333:root`, or `root` where it is the identity's own; `*`: anyone."""


class Passing(Struct, frozen=True, kw_only=True):
    """Roles that may be handed to services."""

    role: str
    """As an element of `Grant.acts_as`."""
    services: list[str]
    """Such as `ec2.amazonaws.com`; patterns; `*`: any."""


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
    holders: list[str]
    """Identities of machines that are granted, as of `Trust.holders`, wherever the same source attaches it to them. Of
    a policy of Google's with several roles: those that get the most powerful one."""
    accounts: list[PodAccounts]
    """Service accounts of clusters that are granted it themselves; else as `holders`."""
    acts_as: list[str]
    """Roles that the holder may ask to act as, with no condition (AWS): as of `Trust.identity`, or patterns of ARNs.
    Their trust policies have to allow it, too."""
    passes: list[Passing]
    """Roles that it may hand to services (AWS)."""
    starts: list[str]
    """Services in which it can start what runs as a role that is handed over, with code of its own or calls of its
    choice (AWS)."""
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
