"""A live cluster's control plane: what the API server tells, and what only the provider can."""

from typing import Any

import pytest

from assay.detectors.cluster.objects import Placed
from assay.detectors.cluster.platform.objects import Version
from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, cluster, facts_of, objects_of, unknown


def plane(
    *texts: str, version: str = "v1.31.4", anonymous: bool | None = False, reason: str | None = None, **options: Any
) -> dict[str, Any]:
    objects = objects_of("\n---\n".join(texts), source=LIVE, **options)
    told = Version(git_version=version, anonymous=anonymous, anonymous_reason=reason)
    objects.add("Version", Placed(object=told))
    return facts_of(cluster, objects)["ControlPlane"]


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else fact is expected or bool(fact == expected)


def test_files_declare_no_control_plane() -> None:
    assert facts_of(cluster, objects_of("")) == {}


NODE = "{apiVersion: v1, kind: Node, metadata: {name: n, labels: LABELS}, spec: {providerID: PROVIDER}}"
OPENSHIFT = "{apiVersion: v1, kind: Namespace, metadata: {name: openshift-kube-apiserver}}"


@pytest.mark.parametrize(
    ("version", "labels", "provider", "numbers", "manager"),
    [
        ("v1.31.4-eks-a1b2c3", "{}", "aws:///a/b", "1.31.4", "eks"),
        ("v1.30.5-gke.1014001", "{}", "gce://a/b", "1.30.5", "gke"),
        ("v1.31.4", "{kubernetes.azure.com/cluster: a}", "azure:///a", "1.31.4", "aks"),
        ("v1.31.4", "{}", "azure:///a", "1.31.4", None),
        ("v1.31.4", "{}", "digitalocean://1", "1.31.4", "doks"),
        ("v1.31.4+k3s1", "{}", "k3s://a", "1.31.4", None),
        ("nonsense", "{}", "a", Unknown, None),
        ("", "{}", "a", Unknown, None),
    ],
)
def test_the_version_and_who_manages_it(version: str, labels: str, provider: str, numbers: Any, manager: Any) -> None:
    facts = plane(NODE.replace("LABELS", labels).replace("PROVIDER", provider), version=version)
    assert agrees(facts["version"], numbers) and facts["managed_by"] == manager


def test_openshift_is_known_by_its_namespaces() -> None:
    assert plane(OPENSHIFT, version="v1.31.4-eks-1")["managed_by"] == "openshift"


def test_nodes_that_could_not_be_read_leave_open_who_manages_it() -> None:
    assert unknown(plane(missing={"Node": "403 Forbidden"})["managed_by"])
    assert plane(version="v1.31.4-eks-1", missing={"Node": "403 Forbidden"})["managed_by"] == "eks"


SERVER = """
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver-n, namespace: NAMESPACE, ownerReferences: [{kind: OWNER, name: n}]}
spec: {containers: [{name: kube-apiserver, command: [kube-apiserver, FLAGS]}]}
"""


def server(*flags: str, namespace: str = "kube-system", owner: str = "Node") -> str:
    listed = ", ".join(flags) or "--v=2"
    return SERVER.replace("FLAGS", listed).replace("NAMESPACE", namespace).replace("OWNER", owner)


ENCRYPTS = "--encryption-provider-config=/etc/kubernetes/enc.yaml"


@pytest.mark.parametrize(
    ("pods", "encrypted", "audited"),
    [
        ((), Unknown, Unknown),
        ((server(),), False, False),
        ((server(ENCRYPTS),), True, False),
        ((server("--encryption-provider-config", "/etc/enc.yaml"),), True, False),
        ((server("--encryption-provider-config="),), False, False),
        ((server("--audit-log-path=/var/log/a", "--audit-policy-file=/etc/p"),), False, True),
        ((server("--audit-webhook-config-file=/etc/w", "--audit-policy-file=/etc/p"),), False, True),
        ((server("--audit-log-path=/var/log/a"),), False, False),
        ((server(ENCRYPTS), server()), False, False),
        # Anybody may call a pod so in a namespace of his own, and a Deployment's pod is no static one.
        ((server(ENCRYPTS, namespace="ml"),), Unknown, Unknown),
        ((server(ENCRYPTS, owner="ReplicaSet"),), Unknown, Unknown),
    ],
)
def test_flags_of_the_api_server_where_its_pods_are_visible(
    pods: tuple[str, ...], encrypted: Any, audited: Any
) -> None:
    facts = plane(*pods)
    assert agrees(facts["secrets_encrypted"], encrypted) and agrees(facts["audit_logged"], audited)


@pytest.mark.parametrize(
    ("anonymous", "pods", "let_in"),
    [
        (True, (), True),
        (False, (), False),
        (None, (), Unknown),
        (None, (server("--anonymous-auth=false"),), False),
        (None, (server("--anonymous-auth=true"),), Unknown),
    ],
)
def test_callers_without_credentials(anonymous: bool | None, pods: tuple[str, ...], let_in: Any) -> None:
    fact = plane(*pods, anonymous=anonymous, reason="time-out")["anonymous_access"]
    assert agrees(fact, let_in) and (let_in is not Unknown or fact == Unknown(reason="time-out"))


def daemon_set(name: str, namespace: str = "kube-system", containers: str = "[]") -> str:
    return f"""
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: {name}, namespace: {namespace}}}
spec: {{template: {{spec: {{containers: {containers}}}}}}}
"""


def agent(value: str) -> str:
    return f"[{{name: aws-node}}, {{name: aws-eks-nodeagent, args: [--enable-network-policy={value}]}}]"


@pytest.mark.parametrize(
    ("sets", "enforced"),
    [
        ((), Unknown),
        ((daemon_set("calico-node", "calico-system"),), True),
        ((daemon_set("cilium"),), True),
        ((daemon_set("anetd"),), True),
        ((daemon_set("kube-flannel-ds", "kube-flannel"),), False),
        ((daemon_set("kube-flannel-ds", "kube-flannel"), daemon_set("calico-node")), True),
        ((daemon_set("aws-node", containers=agent("true")),), True),
        ((daemon_set("aws-node", containers=agent("false")),), False),
        ((daemon_set("aws-node", containers="[{name: aws-node}]"),), False),
        ((daemon_set("aws-node", containers=agent("false")), daemon_set("cilium")), True),
        ((daemon_set("kube-router", containers="[{name: a, args: [--run-firewall=false]}]"),), False),
        ((daemon_set("kube-proxy"),), Unknown),
        ((daemon_set("calico-node", "ml"),), Unknown),
    ],
)
def test_network_plug_ins_that_enforce_policies(sets: tuple[str, ...], enforced: Any) -> None:
    assert agrees(plane(*sets)["network_policy"], enforced)


def test_a_plug_in_is_known_by_its_pods_where_its_daemon_set_could_not_be_read() -> None:
    pod = """
apiVersion: v1
kind: Pod
metadata: {name: cilium-x, namespace: kube-system, ownerReferences: [{kind: DaemonSet, name: cilium}]}
spec: {containers: [{name: agent}]}
"""
    missing = {"apps/DaemonSet": "403 Forbidden"}
    assert plane(pod, missing=missing)["network_policy"] is True
    assert plane(missing=missing)["network_policy"] == Unknown(reason="403 Forbidden")
