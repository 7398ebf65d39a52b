"""Kubernetes' role-based access control: roles, bindings, who holds what."""

from msgspec import Struct

from assay.scanner.kinds.paths import Path
from assay.scanner.kinds.traffic import Requirement


class PolicyRule(Struct, frozen=True, kw_only=True):
    """A rule of a role, as written, each list sorted."""

    verbs: list[str]
    api_groups: list[str]
    resources: list[str]
    """`pods`, `pods/exec`, `*`, `*/scale` …"""
    resource_names: list[str]
    """Empty: all."""
    urls: list[str]
    """Paths that are no resources, such as `/metrics`."""


class Role(Struct, frozen=True, kw_only=True):
    """A Role or ClusterRole."""

    source: str
    """As of `workload.pods`."""
    namespace: str | None
    """None: a ClusterRole."""
    labels: dict[str, str]
    rules: list[PolicyRule]
    aggregates: list[list[Requirement]]
    """It has the rules of all ClusterRoles that one of these selectors takes, besides; empty: it doesn't aggregate."""
    bootstrapped: bool
    """Says of itself that the API server made it. `built_in` says whether that is so."""
    built_in: bool
    """Derived: one of Kubernetes' own roles, with the rules that Kubernetes gives it."""


class SubjectRef(Struct, frozen=True, kw_only=True):
    """A subject of a binding."""

    type: str
    """`User`, `Group` or `ServiceAccount`."""
    subject: str
    """Its name; for users that are not `system:` ones a pseudonym, as that may be a person's name or address."""
    namespace: str | None
    """Of a service account."""


class Binding(Struct, frozen=True, kw_only=True):
    """A RoleBinding or ClusterRoleBinding."""

    source: str
    namespace: str | None
    """None: a ClusterRoleBinding."""
    role_type: str
    """`Role` or `ClusterRole`."""
    role: str
    subjects: list[SubjectRef]
    bootstrapped: bool


class ServiceAccount(Struct, frozen=True, kw_only=True):
    """A service account. In files, one also that nothing but the Secret with its token names."""

    source: str
    namespace: str
    token_declared: bool | None
    """`automountServiceAccountToken`; None: not set, which mounts it."""
    long_lived_tokens: int
    """Secrets that hold a token of it which never expires."""
    cloud: str | None
    """`aws`, `gcp` or `azure`, where an annotation gives its pods an identity there."""
    cloud_identity: str | None
    """That identity: role ARN, service-account address, client id."""
    default_account: bool
    """Derived: its namespace's `default`, which every pod runs as that names none."""
    cloud_identities: list[str]
    """Derived: all that its pods may act as in a cloud, by that annotation, by what the clouds scanned along with it
    let it be, or by being granted something there itself; sorted."""


class Power(Struct, frozen=True, kw_only=True):
    """Something dangerous that a grant allows."""

    power: str
    """Kebab; the list is in `detectors/rbac/dangers.py`."""
    verbs: list[str]
    resource: str
    """`group/resource` as asked for, such as `apps/deployments` or `pods/exec`; a URL for non-resource rules; `*`, or
    `apps/*`, where the rule names no resource."""
    names: list[str]
    """The only objects that it is for; empty: all."""
    rule: str
    """The role's rule, told in a line."""
    here: bool
    """What makes it dangerous is there: EKS for `write-aws-auth`, which isn't told of clusters known to be others'.
    True of all other powers."""


class Grant(Struct, frozen=True, kw_only=True):
    """What one subject gets through one binding. Derived, all of it."""

    source: str
    namespace: str | None
    """None: in the whole cluster."""
    subject_type: str
    subject: str
    """As of `SubjectRef`, a service account as `namespace/name`."""
    role: str
    """Its address."""
    expected: bool
    """Binding, subject and role are Kubernetes' own and unchanged."""
    everyone: str | None
    """`anonymous` where the subject is or includes callers without credentials, `authenticated` where it is everyone
    with any, `service-accounts` where it is every pod; None otherwise."""
    default_account: bool
    """The subject is a namespace's `default` service account."""
    powers: list[Power]
    """`everything` stands for all others. An Unknown at the end stands for what may be in a role, or a part of one,
    that could not be read."""
    holds: list[str]
    """The powers that it has for certain, by name, sorted; known where `powers` holds unknowns too."""
    areas: list[str]
    """What those are over: `roles`, `identities`, `secrets`, `shells`, `workloads`, `records`, `nodes`, `admission`,
    `guards`, `configuration`, `network`, `deletion`, `wildcards` or `everything`; sorted."""
    unread: bool
    """Its role, or a part of it, could not be read, so that it may have any power besides. Never unknown."""


class PowerTogether(Struct, frozen=True, kw_only=True):
    """A power that takes several rights, which several grants give together."""

    power: str
    """As of `Power`."""
    namespace: str | None
    """Where; None: in the whole cluster."""
    grants: list[str]
    """Addresses of bindings that suffice; sorted."""
    told: str
    """The rights with their bindings, in one line, for a message."""


class Subject(Struct, frozen=True, kw_only=True):
    """A group, user or service account, and what it can do through all its grants. Derived, all of it."""

    source: str
    type: str
    """`User`, `Group` or `ServiceAccount`."""
    human: bool
    """A user or group that isn't one of Kubernetes' own."""
    expected: bool
    """One of Kubernetes' own subjects that has nothing but Kubernetes' own grants."""
    grants: list[str]
    """Addresses of the bindings that name it or a group that it is in; sorted."""
    used_by: list[str]
    """Addresses of the workloads that run as it; sorted."""
    together: list[PowerTogether]
    """Powers that no grant of its own or of its groups gives alone, and several give together, its own among them: what
    groups have by themselves is told of the group. Sorted, each in the widest place only. An Unknown at the end stands
    for what may be so by something that could not be read."""
    paths: list[Path]
