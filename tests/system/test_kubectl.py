"""kubectl against the test API server: a second client, which knows nothing of ours."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kube_server import KubeServer, faults

pytestmark = pytest.mark.system

SEEDS = """
{apiVersion: v1, kind: Namespace, metadata: {name: ml}, status: {phase: Active}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ml}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "x:1"}]}}
status: {readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rayclusters.ray.io}
spec: {group: ray.io, scope: Namespaced, names: {kind: RayCluster, plural: rayclusters}, versions: [{name: v1}]}
---
{apiVersion: ray.io/v1, kind: RayCluster, metadata: {name: training, namespace: ml}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: alice, namespace: ml}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: alice}]
"""


class Kubectl:
    """Runs kubectl as a user, with a home of its own, as it keeps discovery there."""

    def __init__(self, server: KubeServer, home: Path) -> None:
        self.server, self._home = server, home

    def __call__(self, *arguments: str, user: str = "admin", certificate: bool = False) -> tuple[int, str, str]:
        # A colon in KUBECONFIG parts one file from the next.
        path = self.server.kubeconfig(self._home / user.replace(":", "-"), user, certificate=certificate)
        environment = {**os.environ, "HOME": str(self._home), "KUBECONFIG": str(path)}
        done = subprocess.run(
            ["kubectl", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stdout, done.stderr

    def table(self, *arguments: str, user: str = "admin") -> list[list[str]]:
        code, out, error = self(*arguments, user=user)
        assert code == 0, error
        return [line.split() for line in out.splitlines()]


@pytest.fixture
def kubectl(tmp_path: Path) -> Iterator[Kubectl]:
    with KubeServer(SEEDS) as server:
        for number in range(25):
            metadata = {"name": f"p{number:02}", "namespace": "ml"}
            spec = {"containers": [{"name": "main", "image": "x:1"}]}
            server.storage.put({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        yield Kubectl(server, tmp_path)
        assert server.writes == []


def test_namespaces_are_a_table(kubectl: Kubectl) -> None:
    header, *rows = kubectl.table("get", "ns")
    assert header == ["NAME", "STATUS", "AGE"]
    assert [row[:2] for row in rows] == [
        [name, "Active"] for name in ("default", "kube-node-lease", "kube-public", "kube-system", "ml")
    ]
    assert any("as=Table" in one.accept for one in kubectl.server.log)


def test_deployments_of_all_namespaces(kubectl: Kubectl) -> None:
    header, row = kubectl.table("get", "deploy", "-A")
    assert header == ["NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert row[:5] == ["ml", "web", "1/2", "2", "1"]


def test_pods_come_in_chunks(kubectl: Kubectl) -> None:
    _, *rows = kubectl.table("get", "pods", "-n", "ml", "--chunk-size=10")
    assert [row[0] for row in rows] == [f"p{number:02}" for number in range(25)]
    pages = [one.query for one in kubectl.server.log if one.path == "/api/v1/namespaces/ml/pods"]
    assert len(pages) == 3 and all("limit=10" in query for query in pages)
    assert ["continue=" in query for query in pages] == [False, True, True]


def test_one_object_and_selected_ones(kubectl: Kubectl) -> None:
    assert kubectl("get", "pod", "p03", "-n", "ml", "-o", "jsonpath={.spec.containers[0].image}")[:2] == (0, "x:1")
    _, row = kubectl.table("get", "pods", "-n", "ml", "--field-selector", "metadata.name=p07")
    assert row[0] == "p07"
    code, _, error = kubectl("get", "pod", "gone", "-n", "ml")
    assert (code, error) == (1, 'Error from server (NotFound): pods "gone" not found\n')


def test_custom_resources_are_found_by_discovery(kubectl: Kubectl) -> None:
    assert kubectl.table("get", "rayclusters", "-A")[1][:2] == ["ml", "training"]
    assert ["rayclusters", "ray.io/v1", "true", "RayCluster"] in kubectl.table("api-resources")


def test_a_client_certificate_is_who_it_says(kubectl: Kubectl) -> None:
    assert kubectl("get", "ns", user="alice", certificate=True)[0] == 1
    assert kubectl("get", "deploy", "-n", "ml", user="alice", certificate=True)[0] == 0
    assert {one.user for one in kubectl.server.log} == {"alice"}


def test_a_denial_is_told_in_the_servers_words(kubectl: Kubectl) -> None:
    code, _, error = kubectl("get", "secrets", "-n", "ml", user="alice")
    assert (code, error) == (
        1,
        'Error from server (Forbidden): secrets is forbidden: User "alice" cannot list resource "secrets" '
        'in API group "" in the namespace "ml"\n',
    )
    code, _, error = kubectl("get", "nodes", user="alice")
    assert code == 1 and error.endswith('cannot list resource "nodes" in API group "" at the cluster scope\n')


def test_injected_failures_are_told_by_their_reasons(kubectl: Kubectl) -> None:
    kubectl.server.deny("services", 500)
    assert "(InternalError)" in kubectl("get", "services", "-A")[2]
    kubectl.server.deny("configmaps", 404)
    assert "(NotFound)" in kubectl("get", "configmaps", "-A")[2]


def test_can_i_is_answered(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "list", "pods", "-n", "ml", user="alice")[:2] == (0, "yes\n")
    assert kubectl("auth", "can-i", "get", "deployments.apps/web", "-n", "ml", user="alice")[:2] == (0, "yes\n")
    assert kubectl("auth", "can-i", "get", "pods", "--subresource=log", "-n", "ml", user="alice")[:2] == (0, "yes\n")
    for denied in (
        ["delete", "pods", "-n", "ml"],
        ["list", "pods", "-n", "default"],
        ["list", "nodes"],
        ["get", "/logs"],
    ):
        code, out, _ = kubectl("auth", "can-i", *denied, user="alice")
        assert (code, out) == (1, "no\n"), denied
    assert kubectl("auth", "can-i", "get", "/version", user="alice")[:2] == (0, "yes\n")
    assert kubectl("auth", "can-i", "*", "*", "--all-namespaces")[:2] == (0, "yes\n")
    assert {one.status for one in kubectl.server.log if one.method == "POST"} == {201}


def test_what_tests_deny_can_not_be_done(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "list", "secrets", "-A")[:2] == (0, "yes\n")
    kubectl.server.deny("secrets", 403)
    assert kubectl("auth", "can-i", "list", "secrets", "-A")[:2] == (1, "no\n")


def test_can_i_lists_what_its_user_may_do(kubectl: Kubectl) -> None:
    rows = {row[0]: row for row in kubectl.table("auth", "can-i", "--list", "-n", "ml", user="alice")}
    assert rows["deployments.apps"][-3:] == ["[get", "list", "watch]"]
    assert "secrets" not in rows and "selfsubjectreviews.authentication.k8s.io" in rows
    [everything, *_] = kubectl.table("auth", "can-i", "--list")[1:]
    assert (everything[0], everything[-1]) == ("*.*", "[*]")


def test_whoami_tells_the_user_and_every_group(kubectl: Kubectl) -> None:
    rows = kubectl.table("auth", "whoami", user="system:serviceaccount:ml:train")
    told = [" ".join(row) for row in rows[1:]]
    groups = "[system:serviceaccounts system:serviceaccounts:ml system:authenticated]"
    assert told == ["Username system:serviceaccount:ml:train", f"Groups {groups}"]


def test_too_many_requests_are_waited_for_as_the_server_asks(kubectl: Kubectl) -> None:
    kubectl.server.deny("pods", 429, retry_after=0, times=2)
    _, *rows = kubectl.table("get", "pods", "-n", "ml")
    assert len(rows) == 25
    assert [one.status for one in kubectl.server.log if one.path.endswith("/pods")] == [429, 429, 200]


def test_too_many_requests_without_a_time_to_wait_are_told(kubectl: Kubectl) -> None:
    kubectl.server.deny("pods", 429)
    code, _, error = kubectl("get", "pods", "-n", "ml")
    assert code == 1 and "(TooManyRequests)" in error


@pytest.mark.parametrize("fault", ["410", "410 with a token to go on"])
def test_a_list_that_expires_in_the_middle_is_told(kubectl: Kubectl, fault: str) -> None:
    if fault == "410":
        kubectl.server.deny("pods", 410, continued=True)
    else:
        kubectl.server.inject("pods", faults.expired(), continued=True)
    code, _, error = kubectl("get", "pods", "-n", "ml", "--chunk-size=10")
    assert code == 1 and "The provided continue parameter is too old" in error
    assert [one.status for one in kubectl.server.log if one.path.endswith("/pods")] == [200, 410]
