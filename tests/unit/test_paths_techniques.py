"""Each technique of attack paths: rights that allow it, and rights that look like it and don't."""

from collections.abc import Sequence
from typing import Any

import pytest

from assay.scanner.api import Resource
from assay.scanner.safe import pseudonyms
from tests.unit.paths_world import (
    LIVE,
    account,
    binding,
    claim,
    listings,
    mounts,
    namespace,
    paths,
    pods,
    possible,
    resource,
    role,
    rule,
    subject,
    sure,
)

RBAC = "rbac.authorization.k8s.io"
CSR = "certificates.k8s.io"
ADMISSION = "admissionregistration.k8s.io"

BASE = [
    namespace("ml"),
    namespace("prod"),
    account("ml/train"),
    account("prod/api"),
    account("prod/old", long_lived_tokens=1),
    pods("prod/web", service_account="api", volumes=mounts("weights")),
    pods("prod/raytrain", controller="RayCluster", service_account="old"),
    claim("prod/weights", "model"),
    subject("ml/train"),
    binding("administration", "cluster-admin", ["prod/api"]),
    binding("readers", "view", ["User:user-1"], within="prod"),
]
"""`ml/train` has no rights. Whoever has `prod/api` has everything."""


def reached(*rules: Any, within: str | None = "prod", further: Sequence[Resource] = ()) -> dict[str, dict[str, Any]]:
    """What `ml/train` reaches with a role of these rules, bound in `prod` or in the whole cluster."""
    world = [*BASE, role("tested", *rules), binding("tested", "tested", ["ml/train"], within=within), *further]
    return sure(paths(world)["ServiceAccount:ml/train"])


def first(found: dict[str, dict[str, Any]], target: str) -> tuple[str, str]:
    """Technique and what it leads to, of a path's first hop."""
    hop = found[target]["hops"][0]
    return hop["technique"], hop["reached"]


def test_nothing_is_reached_without_rights() -> None:
    assert paths(BASE)["ServiceAccount:ml/train"] == []


ACCOUNT, NODE, WORKLOAD = "ServiceAccount:prod/api", "any node", "Deployment.prod.web"
POSITIVE = {
    "everything": ([rule("*", "*", "*")], None, "cluster-admin", ("cluster-admin", "cluster-admin")),
    "everything in a namespace": ([rule("*", "*", "*")], "prod", "cluster-admin", ("create-pods", ACCOUNT)),
    "pods": ([rule("create", "pods")], "prod", "cluster-admin", ("create-pods", ACCOUNT)),
    "pods, to a node": ([rule("create", "pods")], "prod", "nodes", ("create-pods", NODE)),
    "pods, with any volume": (
        [rule("create", "pods")], "prod", "data-volumes", ("create-pods", "PersistentVolumeClaim.prod.weights"),
    ),
    "pods, with any Secret": ([rule("create", "pods")], "prod", "secrets", ("create-pods", "secrets in prod")),
    "deployments": ([rule("patch", "deployments", "apps")], "prod", "cluster-admin", ("create-pods", ACCOUNT)),
    "one deployment": (
        [rule("update", "deployments", "apps", ["web"])], "prod", "cluster-admin", ("create-pods", ACCOUNT),
    ),
    "cron jobs": ([rule("create", "cronjobs", "batch")], "prod", "nodes", ("create-pods", NODE)),
    "replication controllers": ([rule("create", "replicationcontrollers")], "prod", "nodes", ("create-pods", NODE)),
    "a custom kind": ([rule("create", "rayclusters", "ray.io")], "prod", "nodes", ("create-pods", NODE)),
    "exec": ([rule("create", "pods/exec")], "prod", "other-tenant", ("exec", WORKLOAD)),
    "exec by WebSocket": ([rule("get", "pods/exec")], "prod", "other-tenant", ("exec", WORKLOAD)),
    "attach": ([rule("create", "*/attach")], "prod", "other-tenant", ("exec", WORKLOAD)),
    "exec in one pod": ([rule("create", "pods/exec", names=["web-0"])], "prod", "other-tenant", ("exec", WORKLOAD)),
    "ephemeral containers": (
        [rule("patch", "pods/ephemeralcontainers")], "prod", "other-tenant", ("ephemeral-containers", WORKLOAD),
    ),
    "images": ([rule("patch", "pods")], "prod", "other-tenant", ("change-image", WORKLOAD)),
    "secrets": ([rule("list", "secrets")], "prod", "secrets", ("read-secrets", "secrets in prod")),
    "all secrets": ([rule("get", "secrets")], None, "secrets", ("read-secrets", "secrets in every namespace")),
    "new token secrets": (
        [rule("create,get", "secrets")], "prod", "cluster-admin", ("token-secret", ACCOUNT),
    ),
    "token requests": (
        [rule("create", "serviceaccounts/token")], "prod", "cluster-admin", ("token-request", ACCOUNT),
    ),
    "a token request": (
        [rule("create", "serviceaccounts/token", names=["api"])], "prod", "cluster-admin", ("token-request", ACCOUNT),
    ),
    "impersonation of accounts": (
        [rule("impersonate", "serviceaccounts")], "prod", "cluster-admin", ("impersonate", ACCOUNT),
    ),
    "impersonation of groups": (
        [rule("impersonate", "groups,users")], None, "cluster-admin", ("impersonate", "Group:system:masters"),
    ),
    "escalation": (
        [rule("escalate,patch", "clusterroles", RBAC)], None, "cluster-admin", ("escalate", "cluster-admin"),
    ),
    "escalation of its own role": (
        [rule("escalate,patch", "clusterroles", RBAC, ["tested"])], None, "cluster-admin",
        ("escalate", "cluster-admin"),
    ),
    "binding": (
        [rule("bind", "clusterroles", RBAC), rule("create", "clusterrolebindings", RBAC)], None, "cluster-admin",
        ("bind", "cluster-admin"),
    ),
    "binding one role": (
        [rule("bind", "clusterroles", RBAC, ["cluster-admin"]), rule("create", "clusterrolebindings", RBAC)], None,
        "cluster-admin", ("bind", "ClusterRole.cluster-admin in the whole cluster"),
    ),
    "binding in a namespace": (
        [rule("bind", "clusterroles", RBAC), rule("create", "rolebindings", RBAC)], "prod", "secrets",
        ("bind", "every right in prod"),
    ),
    "the kubelet's API": ([rule("get", "nodes/proxy")], None, "cluster-admin", ("node-proxy", WORKLOAD)),
    "certificates": (
        [rule("create", "certificatesigningrequests", CSR), rule("update", "certificatesigningrequests/approval", CSR),
         rule("approve", "signers", CSR)], None, "nodes", ("sign-certificate", NODE),
    ),
    "mutating webhooks": (
        [rule("patch", "mutatingwebhookconfigurations", ADMISSION)], None, "cluster-admin",
        ("mutating-webhook", "cluster-admin"),
    ),
    "validating webhooks": (
        [rule("create", "validatingwebhookconfigurations", ADMISSION)], None, "secrets",
        ("validating-webhook", "secrets in every namespace"),
    ),
    "served API groups": (
        [rule("update", "apiservices", "apiregistration.k8s.io")], None, "cluster-admin",
        ("serve-api", "cluster-admin"),
    ),
    "conversion webhooks": (
        [rule("patch", "customresourcedefinitions", "apiextensions.k8s.io", ["rayclusters.ray.io"])], None,
        "other-tenant", ("convert-objects", "RayCluster.prod.raytrain"),
    ),
    "the ConfigMap of EKS": (
        [rule("update", "configmaps", names=["aws-auth"])], "kube-system", "cluster-admin",
        ("aws-auth", "cluster-admin"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", POSITIVE)
def test_a_technique_leads_to_its_target(case: str) -> None:
    rules, within, target, expected = POSITIVE[case]
    assert first(reached(*rules, within=within), target) == expected


NEGATIVE = {
    "reading pods": ([rule("get,list,watch", "pods")], None),
    "a look-alike API group": ([rule("create", "pods", "metrics.k8s.io"), rule("get", "secrets", "vault.io")], None),
    "creating pods of one name": ([rule("create", "pods", names=["web"])], None),
    "forwarding ports": ([rule("create", "pods/portforward")], None),
    "scaling": ([rule("patch", "*/scale", "apps")], None),
    "evicting": ([rule("create", "pods/eviction"), rule("patch", "pods/status,nodes/status,nodes")], None),
    "a wildcard that the API server doesn't know": ([rule("create", "pods/*")], None),
    "reading one Secret": ([rule("get", "secrets", names=["train-config"])], "ml"),
    "creating Secrets without reading them": ([rule("create", "secrets")], "prod"),
    "a token of another account": ([rule("create", "serviceaccounts/token", names=["nobody"])], "prod"),
    "creating accounts": ([rule("create", "serviceaccounts")], "prod"),
    "impersonating groups without a user": ([rule("impersonate", "groups")], None),
    "impersonating users by a RoleBinding": ([rule("impersonate", "users,groups")], "prod"),
    "escalation without writing": ([rule("escalate", "clusterroles", RBAC)], None),
    "escalation of a role that it hasn't got": ([rule("escalate,patch", "clusterroles", RBAC, ["other"])], None),
    "binding without bindings": ([rule("bind", "clusterroles", RBAC)], None),
    "bindings without binding": ([rule("create,patch", "clusterrolebindings,rolebindings", RBAC)], None),
    "binding a harmless role": (
        [rule("bind", "clusterroles", RBAC, ["harmless"]), rule("create", "clusterrolebindings", RBAC)], None,
    ),
    "signing without approval": (
        [rule("create", "certificatesigningrequests", CSR), rule("approve", "signers", CSR)], None,
    ),
    "approval for a signer of others": (
        [rule("create", "certificatesigningrequests", CSR), rule("update", "certificatesigningrequests/approval", CSR),
         rule("approve", "signers", CSR, ["example.com/mesh"])], None,
    ),
    "the kubelet's API by a RoleBinding": ([rule("get", "nodes/proxy")], "prod"),
    "webhooks by a RoleBinding": ([rule("patch", "mutatingwebhookconfigurations", ADMISSION)], "prod"),
    "volumes without pods": ([rule("create", "persistentvolumes")], None),
    "labels without pods": ([rule("patch", "namespaces")], None),
    "ConfigMaps where nothing is of EKS": ([rule("update", "configmaps")], None),
    "aws-auth of another namespace": ([rule("update", "configmaps", names=["aws-auth"])], "prod"),
    "definitions of a kind that makes no pods": (
        [rule("patch", "customresourcedefinitions", "apiextensions.k8s.io", ["tables.example.com"])], None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", NEGATIVE)
def test_what_looks_like_a_technique_leads_nowhere(case: str) -> None:
    rules, within = NEGATIVE[case]
    harmless = role("harmless", rule("get", "pods"))
    assert reached(*rules, within=within, further=[harmless, namespace("kube-system")]) == {}


def test_its_own_namespaces_secrets_are_no_target() -> None:
    assert "secrets" not in reached(rule("get,list", "secrets"), within="ml")


def test_a_long_lived_token_is_read_from_its_secret() -> None:
    further = [binding("more", "cluster-admin", ["prod/old"])]
    hop = reached(rule("get", "secrets"), further=further)["cluster-admin"]["hops"][0]
    assert (hop["technique"], hop["reached"]) == ("read-secrets", "ServiceAccount:prod/old")


def test_a_named_secret_is_a_token_if_it_is_called_so() -> None:
    further = [binding("more", "cluster-admin", ["prod/old"])]
    found = reached(rule("get", "secrets", names=["old-token-x7k2p"]), further=further)
    assert first(found, "cluster-admin") == ("read-secrets", "ServiceAccount:prod/old")


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_enforced_pod_security_keeps_new_pods_from_the_node(level: str) -> None:
    world = [one for one in BASE if one.address not in ("Namespace.prod", "ClusterRoleBinding.administration")]
    world += [namespace("prod", enforces=level), role("r", rule("create", "pods"))]
    world += [binding("b", "r", ["ml/train"], within="prod")]
    found = sure(paths(world)["ServiceAccount:ml/train"])
    assert "nodes" not in found and "other-tenant" in found


@pytest.mark.parametrize(
    ("more", "technique"),
    [
        (rule("create", "persistentvolumes"), "host-path-volume"),
        (rule("patch", "namespaces", names=["prod"]), "lift-pod-security"),
    ],
)
def test_pod_security_doesnt_help_where_it_can_be_gone_around(more: Any, technique: str) -> None:
    world = [one for one in BASE if one.address not in ("Namespace.prod", "ClusterRoleBinding.administration")]
    world += [namespace("prod", enforces="restricted"), namespace("kube-system", enforces="restricted")]
    world += [role("pods", rule("create", "pods")), binding("p", "pods", ["ml/train"], within="prod")]
    assert "nodes" not in sure(paths(world)["ServiceAccount:ml/train"])
    world += [role("more", more), binding("m", "more", ["ml/train"])]
    found = sure(paths(world)["ServiceAccount:ml/train"])
    assert first(found, "nodes") == (technique, NODE)
    objects = found["nodes"]["hops"][0]["objects"]
    assert {"ClusterRoleBinding.m", "RoleBinding.prod.p"} <= set(objects)


def test_lifting_pod_security_of_another_namespace_doesnt_help() -> None:
    world = [one for one in BASE if one.address not in ("Namespace.prod", "ClusterRoleBinding.administration")]
    world += [namespace("prod", enforces="restricted")]
    world += [role("pods", rule("create", "pods")), binding("p", "pods", ["ml/train"], within="prod")]
    world += [role("more", rule("patch", "namespaces", names=["ml"])), binding("m", "more", ["ml/train"])]
    assert "nodes" not in sure(paths(world)["ServiceAccount:ml/train"])


def test_rights_of_several_bindings_count_together() -> None:
    further = [
        role("other", rule("create", "clusterrolebindings", RBAC)),
        binding("other", "other", ["Group:system:serviceaccounts:ml"]),
    ]
    found = reached(rule("bind", "clusterroles", RBAC), within=None, further=further)
    assert first(found, "cluster-admin") == ("bind", "cluster-admin")
    assert len(found["cluster-admin"]["cut"]) == 1


def test_a_user_that_a_role_binding_lets_be_impersonated_is_none_that_a_group_can_be_added_to() -> None:
    further = [role("other", rule("impersonate", "users")), binding("other", "other", ["ml/train"], within="prod")]
    assert reached(rule("impersonate", "groups"), within=None, further=further) == {}
    further[1] = binding("other", "other", ["ml/train"])
    found = reached(rule("impersonate", "groups"), within=None, further=further)
    assert first(found, "cluster-admin")[0] == "impersonate"


def test_a_role_that_may_be_changed_must_be_ones_own() -> None:
    rules = [rule("escalate,update", "roles", RBAC)]
    assert "secrets" not in reached(*rules)
    own = [
        role("mine", rule("get", "pods"), within="prod"),
        binding("mine", "mine", ["ml/train"], within="prod", role_type="Role"),
    ]
    assert first(reached(*rules, further=own), "secrets") == ("escalate", "every right in prod")


def test_a_user_of_kubernetes_own_leads_to_everything() -> None:
    found = reached(rule("impersonate", "users"), within=None)
    assert found["cluster-admin"]["hops"][0]["technique"] == "impersonate"


def test_pods_of_kube_system_lead_to_everything() -> None:
    found = reached(rule("create", "pods"), within="kube-system")
    assert found["cluster-admin"]["hops"][0]["reached"] == (
        "ServiceAccount:kube-system/clusterrole-aggregation-controller"
    )
    assert found["cluster-admin"]["cut"] == ["RoleBinding.kube-system.tested"]


def test_masters_need_no_binding() -> None:
    found = sure(paths([*BASE, subject("Group:system:masters")])["Group:system:masters"])
    assert found["cluster-admin"]["length"] == 1 and found["cluster-admin"]["cut"] == []


def test_eks_is_known_by_its_identities() -> None:
    aws = account("ml/loader", cloud="aws", cloud_identity="arn:aws:iam::1:role/loader")
    rules = [rule("patch", "configmaps")]
    assert first(reached(*rules, within="kube-system", further=[aws]), "cluster-admin")[0] == "aws-auth"


@pytest.mark.parametrize(
    ("group", "resource", "target"),
    [
        ("kaito.sh", "workspaces", "cluster-admin"),
        ("actions.summerwind.dev", "runners", "nodes"),
        ("elasticsearch.k8s.elastic.co", "elasticsearches", "secrets"),
        ("kubevirt.io", "virtualmachines", "cluster-admin"),
        ("kafka.strimzi.io", "kafkas", "secrets"),
        ("upgrade.cattle.io", "plans", "nodes"),
    ],
)
def test_custom_resources_of_which_operators_make_pods_lead_where_pods_do(
    group: str, resource: str, target: str
) -> None:
    assert target in reached(rule("create", resource, group))


@pytest.mark.parametrize(
    ("group", "resource", "within", "target"),
    [
        ("argoproj.io", "applications", "prod", "cluster-admin"),
        ("helm.toolkit.fluxcd.io", "helmreleases", "prod", "cluster-admin"),
        ("kustomize.toolkit.fluxcd.io", "kustomizations", "prod", "cluster-admin"),
        ("core.oam.dev", "applications", "prod", "cluster-admin"),
        ("pkg.crossplane.io", "providers", None, "cluster-admin"),
        ("kubeflow.org", "profiles", None, "nodes"),
        ("kafka.strimzi.io", "kafkas", "prod", "nodes"),
    ],
)
def test_what_a_controller_may_do_that_is_not_seen_leaves_open_what_it_leads_to(
    group: str, resource: str, within: str | None, target: str
) -> None:
    world = [*BASE, role("tested", rule("patch", resource, group)), binding("b", "tested", ["ml/train"], within=within)]
    found = paths(world)["ServiceAccount:ml/train"]
    assert target in possible(found) and target not in sure(found)


def test_the_images_of_gpu_drivers_are_the_nodes() -> None:
    assert first(reached(rule("patch", "clusterpolicies", "nvidia.com"), within=None), "nodes") == (
        "node-software", NODE,
    )  # fmt: skip
    assert reached(rule("patch", "clusterpolicies", "nvidia.com")) == {}


def test_a_wildcard_does_not_say_that_a_controller_is_there() -> None:
    world = [*BASE, role("t", rule("*", "*", "*")), binding("b", "t", ["ml/train"], within="ml")]
    assert "cluster-admin" not in possible(paths(world)["ServiceAccount:ml/train"])


@pytest.mark.parametrize(
    ("group", "resource"),
    [("cert-manager.io", "certificates"), ("kueue.x-k8s.io", "workloads"), ("external-secrets.io", "externalsecrets")],
)
def test_other_custom_resources_start_nothing(group: str, resource: str) -> None:
    world = [*BASE, role("t", rule("create", resource, group)), binding("b", "t", ["ml/train"])]
    assert paths(world)["ServiceAccount:ml/train"] == []


def test_whoever_edits_a_profile_administers_its_namespace() -> None:
    tenant = resource("ai.tenant", "Profile.prod", namespace="prod")
    found = reached(rule("patch", "profiles", "kubeflow.org"), within=None, further=[tenant])
    assert "cluster-admin" in found  # by an account in it


def test_the_kubelets_of_files_give_nodes_and_pods_that_are_not_declared() -> None:
    world = [account("ml/x"), subject("ml/x"), role("t", rule("get", "nodes/proxy")), binding("b", "t", ["ml/x"])]
    assert {"nodes", "other-tenant"} <= sure(paths(world)["ServiceAccount:ml/x"]).keys()


def test_an_ephemeral_container_may_be_privileged_where_pods_run() -> None:
    patch = rule("patch", "pods/ephemeralcontainers")
    assert first(reached(patch), "nodes") == ("ephemeral-containers", NODE)
    assert first(reached(patch, within=None), "nodes") == ("ephemeral-containers", NODE)
    assert first(reached(rule("patch", "pods")), "nodes") == ("change-image", WORKLOAD)
    empty = [namespace("ml"), account("ml/x"), subject("ml/x"), role("t", patch), binding("b", "t", ["ml/x"], "ml")]
    assert "nodes" in possible(paths(empty)["ServiceAccount:ml/x"])
    guarded = [namespace("ml", enforces="baseline"), *empty[1:], pods("ml/web")]
    found = paths(guarded)["ServiceAccount:ml/x"]
    assert "nodes" not in sure(found) and "nodes" not in possible(found)


@pytest.mark.parametrize(("version", "opens"), [("1.34.9", True), ("1.35.0", False), ("1.36.0-rc.1", False)])
def test_get_opens_shells_of_servers_before_one_thirty_five_only(version: str, opens: bool) -> None:
    plane = resource("cluster.control-plane", "ControlPlane", LIVE, version=version, managed_by=None)
    common = [
        *listings(), plane, namespace("ml", LIVE), namespace("prod", LIVE),
        account("ml/x", LIVE), subject("ml/x", LIVE), pods("prod/web", LIVE),
    ]  # fmt: skip
    for verb, expected in (("get", opens), ("create", True)):
        given = [role("t", rule(verb, "pods/exec"), source=LIVE), binding("b", "t", ["ml/x"], "prod", source=LIVE)]
        found = sure(paths([*common, *given])["ServiceAccount:ml/x"])
        assert ("other-tenant" in found) is expected


def test_writing_every_config_map_is_the_cluster_on_eks_alone() -> None:
    patch = [role("t", rule("patch", "configmaps")), binding("b", "t", ["ml/x"], within="kube-system")]
    common = [account("ml/x"), subject("ml/x"), *patch]
    assert "cluster-admin" in possible(paths(common)["ServiceAccount:ml/x"])
    elsewhere = paths([*common, account("ml/y", cloud="gcp")])["ServiceAccount:ml/x"]
    assert "cluster-admin" not in possible(elsewhere) and "cluster-admin" not in sure(elsewhere)
    assert "cluster-admin" in sure(paths([*common, account("ml/y", cloud="aws")])["ServiceAccount:ml/x"])


def test_a_group_whose_name_stands_beside_users_names_is_impersonated_all_the_same() -> None:
    names = [pseudonyms.of_user("admins"), pseudonyms.of_user("jane")]
    world = [
        account("ml/x"), subject("ml/x"), binding("admins", "cluster-admin", ["Group:admins"]),
        role("t", rule("impersonate", "users,groups", names=names)), binding("b", "t", ["ml/x"]),
    ]  # fmt: skip
    assert "cluster-admin" in sure(paths(world)["ServiceAccount:ml/x"])
