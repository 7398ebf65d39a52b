"""Facts of tenants: Kubeflow's Profiles, with whom they are shared.

People's addresses are compared here, as Kubeflow names owners and contributors by them, and are never stated.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.access.objects import BindingObject
from assay.detectors.cluster.access.tenant_objects import Profile, ProfileOwner, ProfileSpec
from assay.detectors.cluster.mesh.objects import AuthorizationPolicy, AuthorizationRule, AuthorizationSpec
from assay.detectors.cluster.objects import Objects, Placed, namespace_of
from assay.detectors.cluster.platform.objects import QuotaSpec, ResourceQuota
from assay.detectors.cluster.stating import cluster_wide
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_PROFILE = "kubeflow.org/Profile"
_BINDING = "rbac.authorization.k8s.io/RoleBinding"
_POLICY = "security.istio.io/AuthorizationPolicy"
_EDITING = frozenset({"admin", "cluster-admin", "edit", "kubeflow-admin", "kubeflow-edit"})
"""ClusterRoles that let whoever has them change what runs in a namespace."""

_EVERYONE = frozenset({"system:authenticated", "system:unauthenticated", "system:serviceaccounts"})
_USER_HEADER = "request.headers[kubeflow-userid]"


class _Shared(Struct):
    """What else there is in a Profile's namespace."""

    editors: set[tuple[str, str]] = field(default_factory=set)
    open: bool = False
    quota: bool = False


def state(objects: Objects) -> Iterator[Resource]:
    """`ai.tenant`."""
    found = objects.of(_PROFILE)
    if not found:
        return
    shared: dict[str, _Shared] = defaultdict(_Shared)
    for binding in objects.of(_BINDING):
        _add_binding(shared[namespace_of(binding.object.metadata)], binding.object)
    for policy in objects.of(_POLICY):
        there = shared[namespace_of(policy.object.metadata)]
        there.open = there.open or _lets_in_everyone(policy.object)
    for quota in objects.of("ResourceQuota"):
        there = shared[namespace_of(quota.object.metadata)]
        there.quota = there.quota or _bounds(quota.object)
    for placed in found:
        yield _tenant(objects, placed, shared[placed.object.metadata.name or ""])


def _bounds(quota: ResourceQuota) -> bool:
    return bool((quota.spec or QuotaSpec()).hard)


def _add_binding(shared: _Shared, binding: BindingObject) -> None:
    subjects = [(one.kind, one.name) for one in binding.subjects or () if one.kind in ("User", "Group") and one.name]
    # Even to read is to use: notebooks' and experiments' names and logs are the tenant's.
    shared.open = shared.open or any(kind == "Group" and name in _EVERYONE for kind, name in subjects)
    role = binding.role_ref
    if role is not None and role.kind == "ClusterRole" and role.name in _EDITING:
        shared.editors.update((kind or "", name or "") for kind, name in subjects)


def _lets_in_everyone(policy: AuthorizationPolicy) -> bool:
    spec = policy.spec or AuthorizationSpec()
    if (spec.action or "ALLOW") != "ALLOW" or (spec.selector and spec.selector.match_labels):
        return False
    return any(map(_is_open, spec.rules or ()))


def _is_open(rule: AuthorizationRule) -> bool:
    """It asks nothing of callers, or only that they are somebody; some paths alone, as for probes, are no way in."""
    if rule.operations or rule.sources:
        return False
    conditions = rule.when or ()
    return all(one.key == _USER_HEADER and "*" in (one.values or ()) for one in conditions)


def _tenant(objects: Objects, placed: Placed, shared: _Shared) -> Resource:
    profile: Profile = placed.object
    spec = profile.spec or ProfileSpec()
    owner = spec.owner or ProfileOwner()
    others = shared.editors - {(owner.kind or "User", owner.name or "")}
    declared = bool((spec.resource_quota_spec or QuotaSpec()).hard)
    opened = shared.open or (owner.kind == "Group" and owner.name in _EVERYONE)
    at, aliases = cluster_wide("Profile", profile.metadata)
    facts = {
        "namespace": profile.metadata.name or Unknown(reason="the Profile has no name"),
        "contributors": _or_unread(objects, len(others), (_BINDING,)),
        "open_to_everyone": opened or _or_unread(objects, False, (_BINDING, _POLICY)),
        "quota": declared or shared.quota or _or_unread(objects, False, ("ResourceQuota",)),
    }
    return stated(objects, placed, "ai.tenant", at, facts, aliases)


def _or_unread(objects: Objects, value: Any, kinds: Sequence[str]) -> Any:
    unread = objects.unread(*kinds)
    return Unknown(reason=unread) if unread else value
