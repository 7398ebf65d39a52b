"""Facts of roles, bindings and service accounts."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assay.detectors.cloud import names as cloud_names
from assay.detectors.cluster import selectors
from assay.detectors.cluster.access.objects import (
    BindingObject,
    RoleObject,
    RoleRef,
    Rule,
    SecretObject,
    ServiceAccountObject,
    SubjectObject,
)
from assay.detectors.cluster.objects import Meta, Objects, Placed, address, namespace_of
from assay.detectors.cluster.stating import bounded, cluster_wide, in_namespace, is_live, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown, is_unknown
from assay.scanner.safe import pseudonyms

_GROUP = "rbac.authorization.k8s.io"
_BOOTSTRAPPING = "kubernetes.io/bootstrapping"
_TOKEN_OF = "kubernetes.io/service-account.name"  # noqa: S105  # an annotation's name
_DEFAULT = "default"
_TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105  # a type's name


def state(objects: Objects) -> Iterator[Resource]:
    """`rbac.role`, `rbac.binding` and `rbac.service-account`."""
    for kind in ("ClusterRole", "Role"):
        for placed in objects.of(f"{_GROUP}/{kind}"):
            yield _role(objects, placed, kind)
    for kind in ("ClusterRoleBinding", "RoleBinding"):
        for placed in objects.of(f"{_GROUP}/{kind}"):
            yield _binding(objects, placed, kind)
    tokens = _Tokens(objects)
    for placed in objects.of("ServiceAccount"):
        yield _account(objects, placed, tokens)
    yield from _accounts_of_tokens(objects, tokens)


def _role(objects: Objects, placed: Placed, kind: str) -> Resource:
    role: RoleObject = placed.object
    at, aliases, namespace = _named(kind, role.metadata)
    chosen = (role.aggregation_rule and role.aggregation_rule.cluster_role_selectors) or ()
    facts = {
        "namespace": namespace,
        "labels": _labels(role.metadata.labels or {}),
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


def _labels(labels: Mapping[str, str]) -> dict[str, Any] | Unknown:
    """They say which roles aggregate it."""
    placeholder = Unknown(reason="unresolved: a label of the role")
    if any(map(unnamed, labels)):
        return placeholder
    return {key: placeholder if unnamed(value) else value for key, value in labels.items()}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "verbs": _sorted(rule.verbs),
        "api_groups": _sorted(rule.api_groups),
        "resources": _sorted(rule.resources),
        "resource_names": _sorted(_names(rule)),
        # What doesn't begin as a path does is met by no request.
        "urls": _sorted(pseudonyms.in_path(url) for url in rule.urls or () if url.startswith(("/", "*", "$", "{"))),
    }


_OF_PEOPLE = frozenset({"identities", "uids", "userextras", "useridentitymappings", "users"})
"""Resources whose objects may be called by what people are called by."""
_NOBODYS = frozenset({"admin", "aws-auth", "cluster-admin", "coredns", "coredns-custom", "edit", "kube-dns", "view"})
"""Names of objects that rules on rights go by, which stay where a rule may be for users among others."""


def _names(rule: Rule) -> Iterable[str]:
    """Names of users and what stands for them may be people's, whatever is done with them; any with an `@` as well."""
    if not rule.resource_names:
        return
    resources = {resource.partition("/")[0] for resource in rule.resources or ()}
    impersonates = not {"impersonate", "*"}.isdisjoint(rule.verbs or ())
    people = not _OF_PEOPLE.isdisjoint(resources) or ("*" in resources and impersonates)
    for name in rule.resource_names:
        kept = unnamed(name) or ("*" in resources and name in _NOBODYS) or not (people or "@" in name)
        yield name if kept else pseudonyms.of_group(name) if resources == {"groups"} else pseudonyms.of_user(name)


def _sorted(words: Iterable[str] | None) -> list[Any]:
    return bounded(sorted(set(words or ())), "entries in a rule of a role")


def _bootstrapped(meta: Meta) -> bool:
    return (meta.labels or {}).get(_BOOTSTRAPPING) == "rbac-defaults"


def _binding(objects: Objects, placed: Placed, kind: str) -> Resource:
    binding: BindingObject = placed.object
    at, aliases, namespace = _named(kind, binding.metadata)
    facts = {
        "namespace": namespace,
        "role_type": _role_type(binding.role_ref, namespaced=kind == "RoleBinding"),
        "role": _role_name(binding.role_ref),
        "subjects": bounded((_subject(one, namespace) for one in binding.subjects or ()), "subjects in a binding"),
        "bootstrapped": _bootstrapped(binding.metadata),
    }
    return stated(objects, placed, "rbac.binding", at, facts, aliases)


_NO_ROLE = Unknown(reason="the binding names no role")


def _role_type(role: RoleRef | None, namespaced: bool) -> str | Unknown:
    """What the API server takes, letter by letter; of anything else it isn't known what is meant."""
    if role is None or not role.kind:
        return _NO_ROLE
    if unnamed(role.kind) or unnamed(role.api_group):
        return Unknown(reason="unresolved: the sort of the binding's role")
    if role.api_group not in (None, "", _GROUP):
        return Unknown(reason="the binding's role is of a group that RBAC doesn't know")
    if role.kind == "Role" and not namespaced:
        return Unknown(reason="the binding is for the whole cluster, and refers to a Role, which is of a namespace")
    if role.kind not in ("ClusterRole", "Role"):
        return Unknown(reason="the binding's role is neither a ClusterRole nor a Role")
    return role.kind


def _role_name(role: RoleRef | None) -> str | Unknown:
    if role is None or not role.name:
        return _NO_ROLE
    return Unknown(reason="unresolved: the role's name") if unnamed(role.name) else role.name


def _subject(subject: SubjectObject, home: str | None) -> dict[str, Any] | Unknown:
    name = subject.name
    if not name or subject.kind not in _GROUPS_OF_SUBJECTS:
        return Unknown(reason="a subject of the binding has no name, or no kind that RBAC knows")
    if unnamed(name) or unnamed(subject.api_group):
        return Unknown(reason="unresolved: the name of a subject of the binding")
    if subject.api_group not in (None, "", _GROUPS_OF_SUBJECTS[subject.kind]):
        return Unknown(reason="a subject of the binding is of a group that RBAC doesn't know")
    if subject.kind == "User":
        return {"type": "User", "subject": pseudonyms.of_user(name), "namespace": None}
    if subject.kind == "Group":
        return {"type": "Group", "subject": pseudonyms.of_group(name), "namespace": None}
    # In a RoleBinding an account without a namespace is of the binding's own; the API server refuses it in a
    # ClusterRoleBinding, so that something must fill it in before.
    nowhere = Unknown(reason="the binding doesn't say in which namespace the account is")
    namespace = in_namespace(subject.namespace or home or nowhere)
    return {"type": "ServiceAccount", "subject": name, "namespace": namespace}


_GROUPS_OF_SUBJECTS = {"User": _GROUP, "Group": _GROUP, "ServiceAccount": ""}
"""Kinds of subjects with their API groups, which may be left out."""


class _Tokens:
    """How many Secrets hold a token that never expires, of which account."""

    def __init__(self, objects: Objects) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self.found: dict[tuple[str, str], Placed] = {}
        """By namespace and account, as they are written, the first of its Secrets."""
        self._unplaced: dict[str, set[str]] = defaultdict(set)
        """By account, what stands in place of its Secrets' namespaces."""
        self._unnamed: set[str] = set()
        """Namespaces of Secrets whose account isn't known."""
        for placed in objects.of("Secret"):
            secret: SecretObject = placed.object
            account, home = (secret.metadata.annotations or {}).get(_TOKEN_OF), namespace_of(secret.metadata)
            # Of a live cluster's Secrets only the metadata is read; Kubernetes sets the annotation on nothing else.
            if not account or not (secret.type == _TOKEN_TYPE or (is_live(objects) and secret.type is None)):
                continue
            self._counts[home, account] += 1
            self.found.setdefault((home, account), placed)
            placeless = is_unknown(in_namespace(home))
            if unnamed(account):
                self._unnamed.add("" if placeless else home)
            elif placeless:
                self._unplaced[account].add(home)

    def of(self, meta: Meta) -> int | Unknown:
        """Those of an account. One placeholder for the namespace of both means one namespace."""
        home, name = namespace_of(meta), meta.name or ""
        if not self._unnamed.isdisjoint((home, "")) or self._unplaced.get(name, set()) - {home}:
            return Unknown(reason="unresolved: the account or the namespace of a Secret that holds a token")
        return self._counts[home, name]

    def at_least(self, home: str, account: str) -> int:
        """Those that name it as it is written."""
        return self._counts[home, account]


def _account(objects: Objects, placed: Placed, tokens: _Tokens) -> Resource:
    account: ServiceAccountObject = placed.object
    meta = account.metadata
    unread = objects.unread("Secret")
    cloud, identity = _cloud_identity(meta.annotations or {})
    facts = {
        "namespace": namespace_of(meta),
        "token_declared": account.automount_service_account_token,
        "long_lived_tokens": Unknown(reason=unread) if unread else tokens.of(meta),
        "cloud": cloud,
        "cloud_identity": identity,
    }
    return stated(objects, placed, "rbac.service-account", address("ServiceAccount", meta), facts)


def _accounts_of_tokens(objects: Objects, tokens: _Tokens) -> Iterator[Resource]:
    """Those that Secrets with their tokens name and nothing declares. In a live cluster each account that there is was
    listed, unless the list could not be read."""
    unread = objects.unread("ServiceAccount")
    if is_live(objects) and not unread:
        return
    declared = {(namespace_of(one.object.metadata), one.object.metadata.name) for one in objects.of("ServiceAccount")}
    for home, name in sorted(tokens.found.keys() - declared):
        at = address("ServiceAccount", Meta(name=name, namespace=home))
        # Kubernetes makes the account `default` in each namespace, with nothing set.
        unsaid = None if name == _DEFAULT and not unread else Unknown(reason=unread or f"{at} isn't declared here")
        facts = {
            "namespace": home,
            "token_declared": unsaid,
            "long_lived_tokens": tokens.at_least(home, name),
            "cloud": unsaid,
            "cloud_identity": unsaid,
        }
        yield stated(objects, tokens.found[home, name], "rbac.service-account", at, facts)


_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_ROLE_PATH = re.compile(r"[\w+=,.:/-]{1,700}", re.ASCII)
"""Without `@`, which a role's name may hold: that may be a person's address."""
_IDENTITIES = (
    ("aws", "eks.amazonaws.com/role-arn", (cloud_names.ROLE, _ROLE_PATH)),
    ("gcp", "iam.gke.io/gcp-service-account", (cloud_names.SERVICE_ACCOUNT,)),
    ("azure", "azure.workload.identity/client-id", (_GUID,)),
)
"""Cloud, annotation, and what a value is if it is such an identity.

EKS Pod Identity isn't among them: its associations are kept by AWS, and nothing in the cluster shows them. A scan of
what declares them does; `cloud_identities` has both.
"""


def _cloud_identity(annotations: Mapping[str, str]) -> tuple[str | Unknown | None, str | Unknown | None]:
    found = [(cloud, annotations[key], shapes) for cloud, key, shapes in _IDENTITIES if annotations.get(key)]
    if not found:
        return None, None
    if len(found) > 1:
        several = Unknown(reason="annotations give it identities in more than one cloud")
        return several, several
    [(cloud, identity, shapes)] = found
    if unnamed(identity):
        return cloud, Unknown(reason="unresolved: the annotation that names the identity")
    if not all(shape.fullmatch(identity) for shape in shapes):
        # It may be anything, a person's address too.
        return cloud, Unknown(reason="the annotation doesn't hold an identity of that cloud")
    return cloud, identity
