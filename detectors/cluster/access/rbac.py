"""Facts of roles, bindings and service accounts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assay.detectors.cluster import selectors
from assay.detectors.cluster.access import pseudonyms
from assay.detectors.cluster.access.objects import (
    BindingObject,
    RoleObject,
    Rule,
    SecretObject,
    ServiceAccountObject,
    SubjectObject,
)
from assay.detectors.cluster.objects import Meta, Objects, Placed, address, namespace_of
from assay.detectors.cluster.stating import bounded, cluster_wide, is_live, unresolved
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_GROUP = "rbac.authorization.k8s.io"
_BOOTSTRAPPING = "kubernetes.io/bootstrapping"
_TOKEN_OF = "kubernetes.io/service-account.name"  # noqa: S105  # an annotation's name
_TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105  # a type's name


def state(objects: Objects) -> Iterator[Resource]:
    """`rbac.role`, `rbac.binding` and `rbac.service-account`."""
    for kind in ("ClusterRole", "Role"):
        for placed in objects.of(f"{_GROUP}/{kind}"):
            yield _role(objects, placed, kind)
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        for placed in objects.of(f"{_GROUP}/{kind}"):
            yield _binding(objects, placed, kind)
    tokens = _token_counts(objects)
    for placed in objects.of("ServiceAccount"):
        yield _account(objects, placed, tokens)


def _role(objects: Objects, placed: Placed, kind: str) -> Resource:
    role: RoleObject = placed.object
    at, aliases, namespace = _named(kind, role.metadata)
    chosen = (role.aggregation_rule and role.aggregation_rule.cluster_role_selectors) or ()
    facts = {
        "namespace": namespace,
        "labels": dict(role.metadata.labels or {}),
        "rules": bounded(map(_rule, role.rules or ()), "rules in a role"),
        "aggregates": bounded(map(selectors.requirements, chosen), "selectors of aggregated roles"),
        "bootstrapped": _bootstrapped(role.metadata),
    }
    return stated(objects, placed, "rbac.role", at, facts, aliases)


def _named(kind: str, meta: Meta) -> tuple[str, tuple[str, ...], str | None]:
    if kind.startswith("Cluster"):
        at, aliases = cluster_wide(kind, meta)
        return at, aliases, None
    return address(kind, meta), (), namespace_of(meta)


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "verbs": _sorted(rule.verbs),
        "api_groups": _sorted(rule.api_groups),
        "resources": _sorted(rule.resources),
        "resource_names": _sorted(_names(rule)),
        "urls": _sorted(rule.urls),
    }


def _names(rule: Rule) -> Iterable[str]:
    """Those whom a rule lets somebody impersonate may be people."""
    names = rule.resource_names or ()
    if not {"impersonate", "*"}.intersection(rule.verbs or ()):
        return names
    users = {"users", "*"}.intersection(rule.resources or ())
    return (pseudonyms.of_user(name) if users or "@" in name else name for name in names)


def _sorted(words: Iterable[str] | None) -> list[Any]:
    return bounded(sorted(set(words or ())), "entries in a rule of a role")


def _bootstrapped(meta: Meta) -> bool:
    return (meta.labels or {}).get(_BOOTSTRAPPING) == "rbac-defaults"


def _binding(objects: Objects, placed: Placed, kind: str) -> Resource:
    binding: BindingObject = placed.object
    at, aliases, namespace = _named(kind, binding.metadata)
    nothing = Unknown(reason="the binding names no role")
    role = binding.role_ref
    name = (role and role.name) or nothing
    facts = {
        "namespace": namespace,
        "role_type": (role and role.kind) or nothing,
        "role": Unknown(reason="unresolved: the role's name") if role and unresolved(role.name) else name,
        "subjects": bounded((_subject(one, namespace) for one in binding.subjects or ()), "subjects in a binding"),
        "bootstrapped": _bootstrapped(binding.metadata),
    }
    return stated(objects, placed, "rbac.binding", at, facts, aliases)


def _subject(subject: SubjectObject, home: str | None) -> dict[str, Any] | Unknown:
    name = subject.name
    if not name or subject.kind not in ("User", "Group", "ServiceAccount"):
        return Unknown(reason="a subject of the binding has no name, or no kind that RBAC knows")
    if unresolved(name) or unresolved(subject.namespace):
        return Unknown(reason="unresolved: the name of a subject of the binding")
    if subject.kind == "User":
        return {"type": "User", "subject": pseudonyms.of_user(name), "namespace": None}
    if subject.kind == "Group":
        return {"type": "Group", "subject": pseudonyms.of_group(name), "namespace": None}
    # In a RoleBinding an account without a namespace is of the binding's own; the API server refuses it in a
    # ClusterRoleBinding, so that something must fill it in before.
    nowhere = Unknown(reason="the binding doesn't say in which namespace the account is")
    namespace = subject.namespace or home or nowhere
    return {"type": "ServiceAccount", "subject": name, "namespace": namespace}


def _token_counts(objects: Objects) -> Mapping[tuple[str, str], int]:
    """How many Secrets hold a token that never expires, by namespace and account."""
    found: Counter[tuple[str, str]] = Counter()
    for placed in objects.of("Secret"):
        secret: SecretObject = placed.object
        account = (secret.metadata.annotations or {}).get(_TOKEN_OF)
        # Of a live cluster's Secrets only the metadata is read; the annotation is set on nothing else by Kubernetes.
        if account and (secret.type == _TOKEN_TYPE or (is_live(objects) and secret.type is None)):
            found[namespace_of(secret.metadata), account] += 1
    return found


def _account(objects: Objects, placed: Placed, tokens: Mapping[tuple[str, str], int]) -> Resource:
    account: ServiceAccountObject = placed.object
    meta = account.metadata
    unread = objects.unread("Secret")
    cloud, identity = _cloud_identity(meta.annotations or {})
    facts = {
        "namespace": namespace_of(meta),
        "token_declared": account.automount_service_account_token,
        "long_lived_tokens": Unknown(reason=unread) if unread else tokens.get((namespace_of(meta), meta.name or ""), 0),
        "cloud": cloud,
        "cloud_identity": identity,
    }
    return stated(objects, placed, "rbac.service-account", address("ServiceAccount", meta), facts)


_IDENTITIES = (
    ("aws", "eks.amazonaws.com/role-arn", "arn:"),
    ("gcp", "iam.gke.io/gcp-service-account", ".gserviceaccount.com"),
    ("azure", "azure.workload.identity/client-id", "-"),
)
"""Cloud, annotation, and what a value must hold to be such an identity.

EKS Pod Identity isn't among them: its associations are kept by AWS, and nothing in the cluster shows them.
"""


def _cloud_identity(annotations: Mapping[str, str]) -> tuple[str | Unknown | None, str | Unknown | None]:
    found = [(cloud, annotations[key], sign) for cloud, key, sign in _IDENTITIES if annotations.get(key)]
    if not found:
        return None, None
    if len(found) > 1:
        several = Unknown(reason="annotations give it identities in more than one cloud")
        return several, several
    [(cloud, identity, sign)] = found
    if unresolved(identity):
        return cloud, Unknown(reason="unresolved: the annotation that names the identity")
    if sign not in identity:
        # It may be anything, a person's address too.
        return cloud, Unknown(reason="the annotation doesn't hold an identity of that cloud")
    return cloud, identity
