"""Kubernetes' role-based access control, written for the reader: one loop for each sentence of the documentation.

It answers for the test server, and fast implementations are compared with it, so nothing here is cached or clever.

See: https://kubernetes.io/docs/reference/access-authn-authz/rbac/
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]
"""A Kubernetes object as JSON or YAML has it. What is no role or binding of RBAC's own API group counts for nothing."""

RBAC = "rbac.authorization.k8s.io"
MASTERS = "system:masters"
ANONYMOUS = "system:anonymous"
_ACCOUNT = "system:serviceaccount:"


def allowed(
    objects: Iterable[Object],
    user: str,
    groups: Sequence[str],
    verb: str,
    group: str,
    resource: str,
    subresource: str = "",
    name: str = "",
    namespace: str = "",
) -> bool:
    """May the user do this to a resource?

    `name` is empty for what concerns no single object: create, deletecollection, and list and watch without the field
    selector `metadata.name=…`. `namespace` is empty for cluster-wide requests and for resources without a namespace,
    other than a single Namespace, whose namespace is its own name. The implicit groups are added to `groups`.
    """
    groups = all_groups(user, groups)
    return allowed_exactly(list(objects), user, groups, verb, group, resource, subresource, name, namespace)


def allowed_url(objects: Iterable[Object], user: str, groups: Sequence[str], verb: str, url: str) -> bool:
    """May the user do this to a path that is no resource? `verb` is the HTTP method in lower case."""
    return url_allowed_exactly(list(objects), user, all_groups(user, groups), verb, url)


def all_groups(user: str, groups: Sequence[str]) -> list[str]:
    """With the groups that a user is in without anyone having said so."""
    implicit = []
    if user.startswith(_ACCOUNT):
        implicit.append("system:serviceaccounts")
        implicit.append("system:serviceaccounts:" + user.removeprefix(_ACCOUNT).split(":")[0])
    if user == ANONYMOUS:
        implicit.append("system:unauthenticated")
    else:
        implicit.append("system:authenticated")
    return [*groups, *(one for one in implicit if one not in groups)]


def allowed_exactly(
    objects: Sequence[Object],
    user: str,
    groups: Sequence[str],
    verb: str,
    group: str,
    resource: str,
    subresource: str,
    name: str,
    namespace: str,
) -> bool:
    """As `allowed`, for these groups and no others: what a SubjectAccessReview asks."""
    if MASTERS in groups:
        return True
    rules = rules_for(objects, user, groups, namespace)
    return any(rule_allows(rule, verb, group, resource, subresource, name) for rule in rules)


def url_allowed_exactly(objects: Sequence[Object], user: str, groups: Sequence[str], verb: str, url: str) -> bool:
    """As `allowed_url`, for these groups and no others."""
    if MASTERS in groups:
        return True
    # A path has no namespace, so only what is bound for the whole cluster counts.
    return any(rule_allows_url(rule, verb, url) for rule in rules_for(objects, user, groups, ""))


def rules_for(objects: Sequence[Object], user: str, groups: Sequence[str], namespace: str) -> Iterator[Object]:
    """The rules that the user holds in a namespace; for an empty one those that hold in the whole cluster."""
    for binding in _of(objects, "ClusterRoleBinding"):
        if _binds(binding, user, groups, ""):
            yield from _bound_rules(objects, binding, "")
    for binding in _of(objects, "RoleBinding"):
        if namespace and _namespace(binding) == namespace and _binds(binding, user, groups, namespace):
            yield from _bound_rules(objects, binding, namespace)


def _binds(binding: Object, user: str, groups: Sequence[str], namespace: str) -> bool:
    return any(_is_subject(subject, user, groups, namespace) for subject in binding.get("subjects") or ())


def _is_subject(subject: Object, user: str, groups: Sequence[str], namespace: str) -> bool:
    """`namespace` is that of the binding; a RoleBinding's service account without a namespace is of the binding's."""
    if subject.get("kind") == "User":
        return bool(subject.get("name") == user)
    if subject.get("kind") == "Group":
        return subject.get("name") in groups
    if subject.get("kind") == "ServiceAccount":
        home = subject.get("namespace") or namespace
        return bool(home) and user == f"{_ACCOUNT}{home}:{subject.get('name')}"
    return False


def _bound_rules(objects: Sequence[Object], binding: Object, namespace: str) -> Iterator[Object]:
    """The rules of the role that a binding refers to. A role that isn't there grants nothing."""
    reference = binding.get("roleRef") or {}
    if reference.get("kind") == "ClusterRole":
        for role in _of(objects, "ClusterRole"):
            if _name(role) == reference.get("name"):
                yield from role_rules(objects, role)
    # A ClusterRoleBinding can't refer to a Role: a Role has a namespace, and the binding has none.
    if reference.get("kind") == "Role" and namespace:
        for role in _of(objects, "Role"):
            if _name(role) == reference.get("name") and _namespace(role) == namespace:
                yield from role.get("rules") or ()


def role_rules(objects: Sequence[Object], role: Object) -> Iterator[Object]:
    """The rules of a ClusterRole, once the controller that fills in aggregated roles has come to rest.

    An aggregated role has no rules of its own: the controller overwrites them. The roles that it takes may be
    aggregated themselves (`edit` goes into `admin`); roles that take each other add nothing to each other.
    """
    taken = [role]
    for one in taken:
        for selector in selectors_of(one):
            for other in _of(objects, "ClusterRole"):
                labels = (other.get("metadata") or {}).get("labels") or {}
                if selected(selector, labels) and not any(other is known for known in taken):
                    taken.append(other)
    for one in taken:
        if not selectors_of(one):
            yield from one.get("rules") or ()


def selectors_of(role: Object) -> Sequence[Object]:
    """The selectors of the ClusterRoles that a role aggregates; the API server refuses an aggregation without any."""
    return (role.get("aggregationRule") or {}).get("clusterRoleSelectors") or ()


def selected(selector: Object, labels: Mapping[str, str]) -> bool:
    """Does a label selector take an object with these labels? An empty one takes everything."""
    for key, wanted in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != wanted:
            return False
    for requirement in selector.get("matchExpressions") or ():
        key, operator, values = requirement.get("key"), requirement.get("operator"), requirement.get("values") or ()
        if operator == "In" and labels.get(key) not in values:
            return False
        if operator == "NotIn" and key in labels and labels[key] in values:
            return False
        if operator == "Exists" and key not in labels:
            return False
        if operator == "DoesNotExist" and key in labels:
            return False
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist"):
            return False
    return True


def rule_allows(rule: Object, verb: str, group: str, resource: str, subresource: str, name: str) -> bool:
    """One rule must allow all of it: nothing is put together from two rules."""
    verbs = rule.get("verbs") or ()
    groups = rule.get("apiGroups") or ()
    resources = rule.get("resources") or ()
    names = rule.get("resourceNames") or ()
    if not ("*" in verbs or verb in verbs):
        return False
    if not ("*" in groups or group in groups):
        return False
    # `pods` doesn't include `pods/log`, `*` includes every subresource, and `pods/*` is no wildcard at all.
    if subresource:
        if not ("*" in resources or f"{resource}/{subresource}" in resources or f"*/{subresource}" in resources):
            return False
    elif not ("*" in resources or resource in resources):
        return False
    # A request that names no object is never allowed by a rule that names some.
    return not names or name in names


def rule_allows_url(rule: Object, verb: str, url: str) -> bool:
    """A path ends in `*` to mean everything that begins so; a `*` elsewhere is an ordinary character."""
    verbs = rule.get("verbs") or ()
    if not ("*" in verbs or verb in verbs):
        return False
    for pattern in rule.get("nonResourceURLs") or ():
        if pattern in ("*", url):
            return True
        if pattern.endswith("*") and url.startswith(pattern.rstrip("*")):
            return True
    return False


def _of(objects: Sequence[Object], kind: str) -> Iterator[Object]:
    for one in objects:
        if one.get("kind") == kind and str(one.get("apiVersion")).split("/")[0] == RBAC:
            yield one


def _name(one: Object) -> str:
    return str((one.get("metadata") or {}).get("name") or "")


def _namespace(one: Object) -> str:
    return str((one.get("metadata") or {}).get("namespace") or "")
