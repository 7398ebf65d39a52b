"""Kubeflow's Profiles, decoded to what we need of them."""

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.platform.objects import QuotaSpec


class ProfileOwner(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose a Profile is: a person, whose address is compared and never stated, or a group."""

    kind: str | None = None
    name: str | None = None


class ProfileSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a Profile says."""

    owner: ProfileOwner | None = None
    resource_quota_spec: QuotaSpec | None = None


class Profile(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Profile, from which Kubeflow makes a namespace of the same name."""

    metadata: Meta = field(default_factory=Meta)
    spec: ProfileSpec | None = None
