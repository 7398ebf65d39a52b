"""Facts of namespaces."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from assay.detectors.cluster.access.tenant_objects import Profile, ProfileSpec
from assay.detectors.cluster.objects import Meta, Objects, Placed, namespace_of
from assay.detectors.cluster.platform.accelerators import names_accelerator
from assay.detectors.cluster.platform.image_policies import ImagePolicies
from assay.detectors.cluster.platform.objects import LimitRange, LimitSpec, Namespace, QuotaSpec, ResourceQuota
from assay.detectors.cluster.selectors import known_labels
from assay.detectors.cluster.stating import cluster_wide, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_PROFILE = "kubeflow.org/Profile"
_ENFORCE = "pod-security.kubernetes.io/enforce"
_LEVELS = ("privileged", "baseline", "restricted")

_SYSTEM = frozenset(
    {
        "kube-system",
        "kube-public",
        "kube-node-lease",
        # Google's, on GKE.
        "config-management-system",
        "gke-gmp-system",
        "gke-managed-cim",
        "gke-managed-system",
        "gmp-public",
        "gmp-system",
        # Microsoft's, on AKS.
        "aks-command",
        "app-routing-system",
        "azure-arc",
        # Amazon's, on EKS.
        "amazon-guardduty",
        # IBM's.
        "ibm-system",
        # What runs the network under all others.
        "calico-apiserver",
        "calico-system",
        "kube-flannel",
        "tigera-operator",
    }
)
_OPENSHIFT = "openshift-kube-apiserver"
"""Where there is this namespace, OpenShift reserves all that begin with `openshift-` for itself."""


class _Settings(Struct, frozen=True, kw_only=True):
    """What other objects say of namespaces, by namespace."""

    quotas: Mapping[str, frozenset[str]]
    """The resources that ResourceQuotas, or a Profile's, bound."""
    limited: frozenset[str]
    """Namespaces with a LimitRange that gives containers limits."""
    profiles: frozenset[str]
    openshift: bool


def state(objects: Objects) -> Iterator[Resource]:
    """`cluster.namespace`."""
    settings, signatures = _settings(objects), ImagePolicies(objects)
    for placed in objects.of("Namespace"):
        yield _namespace(objects, placed, settings, signatures)


def _is_system(name: str, openshift: bool) -> bool:
    """Kubernetes' or the provider's own, by its whole name, as anybody may choose a name that looks like one."""
    return name in _SYSTEM or (openshift and (name == "openshift" or name.startswith("openshift-")))


def has_openshift(objects: Objects) -> bool:
    """Whether the namespaces are those of an OpenShift cluster."""
    return any(placed.object.metadata.name == _OPENSHIFT for placed in objects.of("Namespace"))


def _settings(objects: Objects) -> _Settings:
    quotas: dict[str, set[str]] = defaultdict(set)
    for placed in objects.of("ResourceQuota"):
        quota: ResourceQuota = placed.object
        quotas[namespace_of(quota.metadata)].update((quota.spec or QuotaSpec()).hard or {})
    profiles = set()
    for placed in objects.of(_PROFILE):
        profile: Profile = placed.object
        profiles.add(profile.metadata.name or "")
        # Kubeflow makes a ResourceQuota of it in the namespace that has the Profile's name.
        wanted = (profile.spec or ProfileSpec()).resource_quota_spec or QuotaSpec()
        quotas[profile.metadata.name or ""].update(wanted.hard or {})
    limited = set()
    for placed in objects.of("LimitRange"):
        limits: LimitRange = placed.object
        if any(one.type == "Container" and one.default for one in (limits.spec or LimitSpec()).limits or ()):
            limited.add(namespace_of(limits.metadata))
    return _Settings(
        quotas={name: frozenset(bounded) for name, bounded in quotas.items()},
        limited=frozenset(limited),
        profiles=frozenset(profiles),
        openshift=has_openshift(objects),
    )


def _namespace(objects: Objects, placed: Placed, settings: _Settings, signatures: ImagePolicies) -> Resource:
    namespace: Namespace = placed.object
    meta = namespace.metadata
    labels = meta.labels or {}
    name = meta.name or ""
    at, aliases = cluster_wide("Namespace", meta)
    bounded = settings.quotas.get(name, frozenset())
    quotas = objects.unread("ResourceQuota")
    facts = {
        "labels": known_labels(labels),
        "enforces": _enforced(labels),
        "enforced_version": labels.get(f"{_ENFORCE}-version") or None,
        "tenant": _tenant(objects, meta, settings),
        "system": _is_system(name, settings.openshift),
        "mesh": _mesh(meta),
        "quota": _true_or_unread(bool(bounded), quotas),
        "gpu_quota": _true_or_unread(any(map(names_accelerator, bounded)), quotas),
        "default_limits": _true_or_unread(name in settings.limited, objects.unread("LimitRange")),
        "verified_images": signatures.of(meta),
    }
    return stated(objects, placed, "cluster.namespace", at, facts, aliases)


def _true_or_unread(found: bool, unread: str | None) -> bool | Unknown:
    return Unknown(reason=unread) if unread and not found else found


def _enforced(labels: Mapping[str, str]) -> str | Unknown | None:
    level = labels.get(_ENFORCE)
    if level is None or level in _LEVELS:
        return level
    return Unknown(reason=f"the label {_ENFORCE} has a value that admission doesn't know")


_TENANT_LABELS = (
    "capsule.clastix.io/tenant",
    "kubesphere.io/workspace",
    "field.cattle.io/projectId",
    "loft.sh/project",
)
_HIERARCHY = ".tree.hnc.x-k8s.io/depth"
"""Ends the labels of the hierarchical namespace controller, which begin with an ancestor's name."""


def _tenant(objects: Objects, meta: Meta, settings: _Settings) -> str | Unknown | None:
    labels = meta.labels or {}
    owners = [one.name for one in meta.owner_references or () if one.kind == "Profile"]
    if owners:
        return owners[0]
    if meta.name in settings.profiles:
        return meta.name
    for key in _TENANT_LABELS:
        if unnamed(labels.get(key)):
            # Two namespaces with the same placeholder may become two tenants'.
            return Unknown(reason="unresolved: the label that names the tenant")
        if labels.get(key):
            return labels[key]
    ancestors = [(_depth(value), key.removesuffix(_HIERARCHY)) for key, value in labels.items() if _HIERARCHY in key]
    above = sorted(one for one in ancestors if one[0] > 0)
    if above:
        return above[-1][1]
    unread = objects.unread(_PROFILE)
    return Unknown(reason=unread) if unread else None


def _depth(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else 0


def _mesh(meta: Meta) -> str | None:
    labels: dict[str, Any] = meta.labels or {}
    if labels.get("istio-injection") == "disabled":
        return None
    by_label = labels.get("istio-injection") == "enabled" or bool(labels.get("istio.io/rev"))
    if by_label or labels.get("istio.io/dataplane-mode") == "ambient":
        return "istio"
    by_annotation = (meta.annotations or {}).get("linkerd.io/inject") in ("enabled", "ingress")
    return "linkerd" if by_annotation else None
