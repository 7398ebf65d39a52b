"""The slow evaluation against what Kubernetes' documentation says of each example."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.kube_server import bootstrap, slow_rbac

RBAC = "rbac.authorization.k8s.io"
LISTS_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
NAMED = {"resourceNames": ["mine"]}
DOCUMENTED = list(
    yaml.safe_load_all("""
kind: Role
apiVersion: rbac.authorization.k8s.io/v1
metadata: {namespace: default, name: pod-reader}
rules:
- {apiGroups: [""], resources: [pods], verbs: [get, watch, list]}
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: read-pods, namespace: default}
subjects: [{kind: User, name: jane, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: Role, name: pod-reader, apiGroup: rbac.authorization.k8s.io}
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: secret-reader}
rules:
- {apiGroups: [""], resources: [secrets], verbs: [get, watch, list]}
---
kind: RoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: read-secrets, namespace: development}
subjects: [{kind: User, name: dave, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: secret-reader, apiGroup: rbac.authorization.k8s.io}
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: read-secrets-global}
subjects: [{kind: Group, name: manager, apiGroup: rbac.authorization.k8s.io}]
roleRef: {kind: ClusterRole, name: secret-reader, apiGroup: rbac.authorization.k8s.io}
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: monitoring}
aggregationRule:
  clusterRoleSelectors: [{matchLabels: {rbac.example.com/aggregate-to-monitoring: "true"}}]
rules: []
---
kind: ClusterRole
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: monitoring-endpoints, labels: {rbac.example.com/aggregate-to-monitoring: "true"}}
rules:
- {apiGroups: [""], resources: [services, endpointslices, pods], verbs: [get, list, watch]}
---
kind: ClusterRoleBinding
apiVersion: rbac.authorization.k8s.io/v1
metadata: {name: monitoring}
subjects: [{kind: ServiceAccount, name: prometheus, namespace: monitoring}]
roleRef: {kind: ClusterRole, name: monitoring, apiGroup: rbac.authorization.k8s.io}
"""),
)


def bound(rule: dict[str, list[str]], everywhere: bool = True, **subject: str) -> list[dict[str, Any]]:
    """One rule, bound to a subject: in the whole cluster, or in the namespace `ml` by a RoleBinding."""
    metadata = {"name": "given"} | ({} if everywhere else {"namespace": "ml"})
    kind = "ClusterRoleBinding" if everywhere else "RoleBinding"
    reference = {"kind": "ClusterRole", "name": "given", "apiGroup": RBAC}
    return [
        {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "given"}, "rules": [rule]},
        {
            "apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata, "roleRef": reference,
            "subjects": [subject or {"kind": "User", "name": "ada"}],
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("user", "groups", "verb", "resource", "namespace", "may"),
    [
        ("jane", [], "list", "pods", "default", True),
        ("jane", [], "list", "pods", "other", False),
        ("jane", [], "list", "pods", "", False),
        ("jane", [], "delete", "pods", "default", False),
        ("Jane", [], "list", "pods", "default", False),
        ("dave", [], "get", "secrets", "development", True),
        ("dave", [], "get", "secrets", "default", False),
        ("dave", [], "get", "secrets", "", False),
        ("mia", ["manager"], "get", "secrets", "default", True),
        ("mia", ["manager"], "list", "secrets", "", True),
        ("manager", [], "get", "secrets", "default", False),
        ("system:serviceaccount:monitoring:prometheus", [], "list", "pods", "", True),
        ("system:serviceaccount:default:prometheus", [], "list", "pods", "", False),
        ("anyone", ["system:masters"], "delete", "nodes", "", True),
    ],
)
def test_the_documentations_bindings_allow_what_it_says(
    user: str, groups: list[str], verb: str, resource: str, namespace: str, may: bool
) -> None:
    assert slow_rbac.allowed(DOCUMENTED, user, groups, verb, "", resource, namespace=namespace) is may


@pytest.mark.parametrize(
    ("rule", "request_", "may"),
    [
        # "pods" doesn't include its subresources, "*" does, "*/scale" is scale of everything, "pods/*" is nothing.
        ({"resources": ["pods"]}, ("get", "", "pods", "log", ""), False),
        ({"resources": ["pods/log"]}, ("get", "", "pods", "log", ""), True),
        ({"resources": ["pods/log"]}, ("get", "", "pods", "", ""), False),
        ({"resources": ["*"]}, ("get", "", "pods", "log", ""), True),
        ({"resources": ["*/scale"]}, ("get", "", "deployments", "scale", ""), True),
        ({"resources": ["*/scale"]}, ("get", "", "deployments", "", ""), False),
        ({"resources": ["*/scale"]}, ("get", "", "deployments", "status", ""), False),
        ({"resources": ["pods/*"]}, ("get", "", "pods", "log", ""), False),
        # API groups: deployments of "extensions" aren't those of "apps"; "" is the core group, not every one.
        ({"apiGroups": ["extensions"], "resources": ["deployments"]}, ("get", "apps", "deployments", "", ""), False),
        ({"apiGroups": ["*"], "resources": ["deployments"]}, ("get", "apps", "deployments", "", ""), True),
        ({"resources": ["secrets"]}, ("get", "vault.example.com", "secrets", "", ""), False),
        # A rule with names never allows a request without one.
        ({"resources": ["configmaps"], **NAMED}, ("get", "", "configmaps", "", "mine"), True),
        ({"resources": ["configmaps"], **NAMED}, ("get", "", "configmaps", "", "other"), False),
        ({"resources": ["configmaps"], **NAMED}, ("list", "", "configmaps", "", ""), False),
        ({"resources": ["configmaps"], **NAMED}, ("create", "", "configmaps", "", ""), False),
        # … and a list with the field selector metadata.name has one.
        ({"resources": ["configmaps"], **NAMED}, ("list", "", "configmaps", "", "mine"), True),
        ({"verbs": ["get"], "resources": ["pods"]}, ("list", "", "pods", "", ""), False),
        ({"verbs": ["list"], "resources": ["pods"]}, ("watch", "", "pods", "", ""), False),
        ({"resources": ["nodes"]}, ("get", "", "nodes", "", "n1"), True),
    ],
)  # fmt: skip
def test_a_rule_allows_what_it_names(
    rule: dict[str, list[str]], request_: tuple[str, str, str, str, str], may: bool
) -> None:
    objects = bound({"apiGroups": [""], "verbs": ["*"], **rule})
    assert slow_rbac.allowed(objects, "ada", [], *request_) is may


@pytest.mark.parametrize(
    ("url", "may"),
    [("/healthz", True), ("/healthz/ready", True), ("/healthzz", False), ("/metrics", False), ("/logs/a", True)],
)
def test_paths_match_by_their_beginning_where_a_pattern_ends_in_a_star(url: str, may: bool) -> None:
    rule = {"nonResourceURLs": ["/healthz", "/healthz/*", "/logs/*"], "verbs": ["get", "post"]}
    assert slow_rbac.allowed_url(bound(rule), "ada", [], "get", url) is may
    assert not slow_rbac.allowed_url(bound(rule), "ada", [], "put", url)
    assert not slow_rbac.allowed_url(bound(rule, everywhere=False), "ada", [], "get", url)


def test_a_role_binding_gives_neither_cluster_wide_requests_nor_other_namespaces() -> None:
    objects = bound({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, everywhere=False)
    assert slow_rbac.allowed(objects, "ada", [], "delete", "", "pods", name="p", namespace="ml")
    assert slow_rbac.allowed(objects, "ada", [], "get", "", "namespaces", name="ml", namespace="ml")
    assert not slow_rbac.allowed(objects, "ada", [], "get", "", "nodes", name="n")
    assert not slow_rbac.allowed(objects, "ada", [], "list", "", "pods")


@pytest.mark.parametrize(
    ("group", "user", "may"),
    [
        ("system:authenticated", "ada", True),
        ("system:authenticated", "system:anonymous", False),
        ("system:unauthenticated", "system:anonymous", True),
        ("system:unauthenticated", "ada", False),
        ("system:serviceaccounts", "system:serviceaccount:qa:robot", True),
        ("system:serviceaccounts", "ada", False),
        ("system:serviceaccounts:qa", "system:serviceaccount:qa:robot", True),
        ("system:serviceaccounts:qa", "system:serviceaccount:prod:robot", False),
    ],
)
def test_everyone_is_in_the_groups_that_the_documentation_says(group: str, user: str, may: bool) -> None:
    objects = bound(LISTS_PODS, kind="Group", name=group)
    assert slow_rbac.allowed(objects, user, [], "list", "", "pods") is may


def test_everyone_reads_the_version_and_whoever_has_credentials_discovery_too() -> None:
    objects = bootstrap.objects()
    for user in ("ada", "system:anonymous", "system:serviceaccount:qa:robot"):
        assert slow_rbac.allowed_url(objects, user, [], "get", "/version")
        assert slow_rbac.allowed_url(objects, user, [], "get", "/apis/apps/v1") is (user != "system:anonymous")
        assert not slow_rbac.allowed_url(objects, user, [], "get", "/metrics")


def test_an_account_named_without_a_namespace_is_the_bindings_own() -> None:
    robot = "system:serviceaccount:ml:robot"
    here = bound(LISTS_PODS, everywhere=False, kind="ServiceAccount", name="robot")
    assert slow_rbac.allowed(here, robot, [], "list", "", "pods", namespace="ml")
    assert not slow_rbac.allowed(bound(LISTS_PODS, kind="ServiceAccount", name="robot"), robot, [], "list", "", "pods")
    as_user = bound(LISTS_PODS, kind="User", name=robot)
    assert slow_rbac.allowed(as_user, robot, [], "list", "", "pods")


def test_a_cluster_role_binding_to_a_role_and_a_binding_to_nothing_give_nothing() -> None:
    objects = bound(LISTS_PODS)
    objects[0] |= {"kind": "Role", "metadata": {"name": "given", "namespace": "ml"}}
    objects[1]["roleRef"]["kind"] = "Role"
    assert not slow_rbac.allowed(objects, "ada", [], "list", "", "pods", namespace="ml")
    del objects[0]["metadata"]["namespace"]
    assert not slow_rbac.allowed(objects, "ada", [], "list", "", "pods")
    assert not slow_rbac.allowed(objects[1:], "ada", [], "list", "", "pods")


def test_roles_of_another_api_group_are_none() -> None:
    objects = bound(LISTS_PODS)
    objects[0]["apiVersion"] = "rbac.example.com/v1"
    assert not slow_rbac.allowed(objects, "ada", [], "list", "", "pods")


def test_an_aggregated_role_loses_its_own_rules_and_aggregation_passes_through() -> None:
    roles = bootstrap.objects()
    view: dict[str, Any] = {"kind": "RoleBinding", "apiVersion": f"{RBAC}/v1"}
    view["metadata"] = {"name": "v", "namespace": "ml"}
    view |= {"subjects": [{"kind": "User", "name": "ada"}], "roleRef": {"kind": "ClusterRole", "name": "admin"}}
    extra: dict[str, Any] = {"kind": "ClusterRole", "apiVersion": f"{RBAC}/v1"}
    extra["metadata"] = {"name": "x", "labels": {f"{RBAC}/aggregate-to-view": "true"}}
    extra["rules"] = [{"apiGroups": ["ray.io"], "resources": ["rayclusters"], "verbs": ["get"]}]
    [admin] = [role for role in roles if role["kind"] == "ClusterRole" and role["metadata"]["name"] == "admin"]
    admin["rules"] = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    objects = [*roles, view, extra]
    # view goes into edit, and edit into admin.
    assert slow_rbac.allowed(objects, "ada", [], "get", "ray.io", "rayclusters", namespace="ml")
    assert slow_rbac.allowed(objects, "ada", [], "create", RBAC, "rolebindings", namespace="ml")
    assert not slow_rbac.allowed(objects, "ada", [], "delete", "", "nodes", namespace="ml")


def test_roles_that_take_each_other_come_to_rest_with_nothing() -> None:
    everything: list[dict[str, Any]] = [{}]
    roles = [
        {
            "kind": "ClusterRole", "apiVersion": f"{RBAC}/v1", "metadata": {"name": name},
            "aggregationRule": {"clusterRoleSelectors": everything}, "rules": [{"verbs": ["*"]}],
        }
        for name in ("one", "two")
    ]  # fmt: skip
    assert list(slow_rbac.role_rules(roles, roles[0])) == []


@pytest.mark.parametrize(
    ("requirement", "labels", "taken"),
    [
        ({"operator": "In", "values": ["x"]}, {"a": "x"}, True),
        ({"operator": "In", "values": ["x"]}, {}, False),
        ({"operator": "NotIn", "values": ["x"]}, {}, True),
        ({"operator": "NotIn", "values": ["x"]}, {"a": "x"}, False),
        ({"operator": "Exists"}, {"a": ""}, True),
        ({"operator": "Exists"}, {}, False),
        ({"operator": "DoesNotExist"}, {"a": "x"}, False),
        ({"operator": "DoesNotExist"}, {}, True),
        ({"operator": "Gt", "values": ["1"]}, {"a": "2"}, False),
    ],
)
def test_selectors_take_what_their_operators_say(
    requirement: dict[str, Any], labels: dict[str, str], taken: bool
) -> None:
    assert slow_rbac.selected({"matchExpressions": [{"key": "a", **requirement}]}, labels) is taken


@given(st.permutations(DOCUMENTED), st.sampled_from(["jane", "dave", "system:serviceaccount:monitoring:prometheus"]))
def test_order_does_not_matter(objects: list[dict[str, Any]], user: str) -> None:
    for verb, resource, namespace in (("list", "pods", "default"), ("get", "secrets", "development")):
        asked: Any = (user, [], verb, "", resource, "", "", namespace)
        assert slow_rbac.allowed(objects, *asked) is slow_rbac.allowed(DOCUMENTED, *asked)
