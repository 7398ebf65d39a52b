"""Objects of RBAC, service accounts and Secrets, decoded to what we need of them."""

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.selectors import LabelSelector


class Rule(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule of a role."""

    verbs: list[str] | None = None
    api_groups: list[str] | None = None
    resources: list[str] | None = None
    resource_names: list[str] | None = None
    urls: list[str] | None = field(default=None, name="nonResourceURLs")


class Aggregation(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a ClusterRole takes in the rules of others."""

    cluster_role_selectors: list[LabelSelector] | None = None


class RoleObject(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Role or ClusterRole."""

    metadata: Meta = field(default_factory=Meta)
    rules: list[Rule] | None = None
    aggregation_rule: Aggregation | None = None


class RoleRef(Struct, frozen=True, kw_only=True, rename="camel"):
    """The role that a binding gives."""

    api_group: str | None = None
    kind: str | None = None
    name: str | None = None


class SubjectObject(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom a binding gives it to."""

    api_group: str | None = None
    kind: str | None = None
    name: str | None = None
    namespace: str | None = None


class BindingObject(Struct, frozen=True, kw_only=True, rename="camel"):
    """A RoleBinding or ClusterRoleBinding."""

    metadata: Meta = field(default_factory=Meta)
    role_ref: RoleRef | None = None
    subjects: list[SubjectObject] | None = None


class ServiceAccountObject(Struct, frozen=True, kw_only=True, rename="camel"):
    """A service account."""

    metadata: Meta = field(default_factory=Meta)
    automount_service_account_token: bool | None = None


class SecretObject(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Secret without its values, which are never decoded."""

    metadata: Meta = field(default_factory=Meta)
    type: str | None = None
    """None in a live cluster, which is asked for metadata only."""
