"""The test API server, driven by the official client and by plain HTTPS: what other tests rely on."""

import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from kubernetes import client, config

from tests.kube_server import KubeServer, custom
from tests.kube_server.storage import UnknownKindError

METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
SEEDS = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Namespace, metadata: {name: ml}}
- {apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: ml}, data: {token: c2VjcmV0}, type: Opaque}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, namespace: ml}
  spec:
    replicas: 2
    selector: {matchLabels: {app: web}}
    template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "x:1"}]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: pod-reader}
rules: [{apiGroups: [""], resources: [pods], verbs: [list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: alice, namespace: ml}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: pod-reader}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: alice}
- {kind: ServiceAccount, name: robot, namespace: ml}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: viewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: viewers}]
"""


def pod(number: int, namespace: str = "ml", **labels: str) -> dict[str, Any]:
    metadata = {"name": f"p{number:04}", "namespace": namespace, "labels": labels}
    spec = {"containers": [{"name": "main", "image": "x:1"}], "nodeName": f"n{number % 2}"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": {"phase": "Running"}}


@pytest.fixture
def server() -> Iterator[KubeServer]:
    with KubeServer(SEEDS) as made:
        for number in range(25):
            made.storage.put(pod(number, "ml" if number % 5 else "web", tier="ab"[number % 2]))
        yield made


class Http:
    """Plain requests: no retries and no redirects."""

    def __init__(self, server: KubeServer, token: str | None) -> None:
        context = ssl.create_default_context(cadata=server.ca.decode())
        self._pool = urllib3.PoolManager(ssl_context=context, retries=False, timeout=10)
        self._url = server.url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, accept: str = "application/json", method: str = "GET", **query: str) -> Any:
        target = f"{self._url}{path}?{urlencode(query)}" if query else self._url + path
        return self._pool.request(method, target, headers={**self._headers, "Accept": accept}, redirect=False)

    def list(self, path: str, **query: str) -> dict[str, Any]:
        answer = self.get(path, **query)
        assert answer.status == 200, answer.data
        return dict(json.loads(answer.data))


@pytest.fixture
def http(server: KubeServer) -> Http:
    return Http(server, server.token("admin", ["system:masters"]))


def connect(server: KubeServer, folder: Path, user: str | None = "admin", **more: Any) -> client.ApiClient:
    path = server.kubeconfig(folder / f"config-{len(list(folder.iterdir()))}", user, **more)
    return config.new_client_from_config(str(path))


def test_typed_pages_hold_every_pod_once(server: KubeServer, tmp_path: Path) -> None:
    api = client.CoreV1Api(connect(server, tmp_path))
    names, remaining, token = [], [], None
    while token != "":
        page = api.list_pod_for_all_namespaces(limit=10, _continue=token)
        names += [one.metadata.name for one in page.items]
        remaining.append(page.metadata.remaining_item_count)
        token = page.metadata._continue or ""
    assert sorted(names) == [f"p{number:04}" for number in range(25)]
    assert remaining == [15, 5, None]
    assert len([one for one in server.log if one.path == "/api/v1/pods"]) == 3
    assert {one.user for one in server.log} == {"admin"}


def test_typed_reads_of_many_kinds(server: KubeServer, tmp_path: Path) -> None:
    connection = connect(server, tmp_path)
    assert [one.metadata.name for one in client.AppsV1Api(connection).list_namespaced_deployment("ml").items] == ["web"]
    assert client.CoreV1Api(connection).read_namespaced_pod("p0001", "ml").spec.node_name == "n1"
    roles = client.RbacAuthorizationV1Api(connection).list_cluster_role().items
    [admin] = [role for role in roles if role.metadata.name == "admin"]
    assert any("rolebindings" in rule.resources for rule in admin.rules), "aggregated rules are filled in"
    assert client.VersionApi(connection).get_code().git_version == "v1.33.1"
    assert [one.name for one in client.ApisApi(connection).get_api_versions().groups if one.name == "apps"] == ["apps"]
    with pytest.raises(client.ApiException) as caught:
        client.CoreV1Api(connection).read_namespaced_pod("gone", "ml")
    assert (caught.value.status, json.loads(caught.value.body)["message"]) == (404, 'pods "gone" not found')


def test_a_page_shows_the_snapshot_that_the_list_began_with(server: KubeServer, http: Http) -> None:
    first = http.list("/api/v1/pods", limit="20")
    server.storage.put(pod(9999, "zzz"))
    server.storage.remove(pod(24, "ml"))
    rest = http.list("/api/v1/pods", limit="20", **{"continue": first["metadata"]["continue"]})
    assert len(first["items"] + rest["items"]) == 25
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    assert len(http.list("/api/v1/pods")["items"]) == 25


def test_a_continue_that_is_too_old_is_410_and_offers_to_go_on(server: KubeServer, http: Http) -> None:
    first = http.list("/api/v1/pods", limit="20")
    server.storage.compact()
    answer = http.get("/api/v1/pods", limit="20", **{"continue": first["metadata"]["continue"]})
    body = json.loads(answer.data)
    assert (answer.status, body["kind"], body["reason"]) == (410, "Status", "Expired")
    assert body["message"].startswith("The provided continue parameter is too old")
    rest = http.list("/api/v1/pods", limit="20", **{"continue": body["metadata"]["continue"]})
    assert len(rest["items"]) == 5


@pytest.mark.parametrize("token", ["x", "e30", "!!", "bnVsbA", "W10"])
def test_a_malformed_continue_is_400(http: Http, token: str) -> None:
    answer = http.get("/api/v1/pods", limit="2", **{"continue": token})
    assert (answer.status, json.loads(answer.data)["reason"]) == (400, "BadRequest")


def test_resource_version_0_ignores_the_limit(http: Http) -> None:
    assert len(http.list("/api/v1/pods", limit="2", resourceVersion="0")["items"]) == 25
    first = http.list("/api/v1/pods", limit="2", resourceVersion="")
    token = first["metadata"]["continue"]
    assert http.get("/api/v1/pods", resourceVersion="7", **{"continue": token}).status == 400


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"labelSelector": "tier=a"}, 13),
        ({"labelSelector": "tier!=a"}, 12),
        ({"labelSelector": "tier in (a, b),tier notin (b)"}, 13),
        ({"labelSelector": "!tier"}, 0),
        ({"labelSelector": "tier"}, 25),
        ({"fieldSelector": "metadata.name=p0003"}, 1),
        ({"fieldSelector": "metadata.namespace=web"}, 5),
        ({"fieldSelector": "spec.nodeName==n1,status.phase!=Pending"}, 12),
    ],
)
def test_selectors_choose(http: Http, query: dict[str, str], count: int) -> None:
    assert len(http.list("/api/v1/pods", **query)["items"]) == count
    page = http.list("/api/v1/pods", limit="1", **query)
    assert "remainingItemCount" not in page["metadata"], "the real server doesn't count what a selector would take"


@pytest.mark.parametrize("query", [{"fieldSelector": "spec.secret=x"}, {"labelSelector": "a b c"}, {"limit": "many"}])
def test_queries_that_are_not_understood_are_400(http: Http, query: dict[str, str]) -> None:
    assert http.get("/api/v1/pods", **query).status == 400


def test_a_denial_is_worded_as_the_real_servers(server: KubeServer, tmp_path: Path) -> None:
    api = client.CoreV1Api(connect(server, tmp_path, "alice"))
    assert len(api.list_namespaced_pod("ml").items) == 20
    said = {}
    for name, ask in (
        ("all", api.list_pod_for_all_namespaces),
        ("one", lambda: api.read_namespaced_pod("p0001", "ml")),
        ("deployments", client.AppsV1Api(api.api_client).list_deployment_for_all_namespaces),
    ):
        with pytest.raises(client.ApiException) as caught:
            ask()
        body = json.loads(caught.value.body)
        assert (caught.value.status, body["kind"], body["reason"]) == (403, "Status", "Forbidden")
        said[name] = body["message"]
    assert said == {
        "all": 'pods is forbidden: User "alice" cannot list resource "pods" in API group "" at the cluster scope',
        "one": 'pods "p0001" is forbidden: User "alice" cannot get resource "pods" in API group "" '
        'in the namespace "ml"',
        "deployments": 'deployments.apps is forbidden: User "alice" cannot list resource "deployments" '
        'in API group "apps" at the cluster scope',
    }  # fmt: skip


@pytest.mark.parametrize(
    ("user", "more", "status"),
    [
        ("admin", {}, 200),
        ("admin", {"certificate": True}, 200),
        ("ada", {"groups": ["viewers"], "certificate": True}, 200),
        ("ada", {"groups": ["viewers"]}, 200),
        ("ada", {}, 403),
        ("system:serviceaccount:ml:robot", {}, 200),
        ("system:serviceaccount:web:robot", {}, 403),
        (None, {}, 403),
    ],
)
def test_everyone_gets_what_they_are_bound_to(
    server: KubeServer, tmp_path: Path, user: str | None, more: dict[str, Any], status: int
) -> None:
    api = client.CoreV1Api(connect(server, tmp_path, user, **more))
    if status == 200:
        assert len(api.list_namespaced_pod("ml").items) == 20
    else:
        with pytest.raises(client.ApiException) as caught:
            api.list_namespaced_pod("ml")
        assert caught.value.status == status
    assert server.log[-1].user == (user or "system:anonymous")


def test_a_binding_that_is_taken_away_gives_nothing_any_more(server: KubeServer) -> None:
    alice = Http(server, server.token("alice"))
    assert alice.get("/api/v1/namespaces/ml/pods").status == 200
    [binding] = [one for one in server.storage.rbac() if one["metadata"]["name"] == "alice"]
    server.storage.remove(binding)
    assert alice.get("/api/v1/namespaces/ml/pods").status == 403


def test_bad_and_revoked_tokens_are_401_and_so_is_nobody_where_that_is_switched_off(server: KubeServer) -> None:
    token = server.token("alice")
    assert Http(server, token).get("/version").status == 200
    server.identities.revoke(token)
    assert Http(server, token).get("/version").status == 401
    assert Http(server, "made-up").get("/version").status == 401
    assert Http(server, None).get("/version").status == 200
    assert Http(server, None).get("/apis").status == 403
    with KubeServer(anonymous=False) as strict:
        assert Http(strict, None).get("/version").status == 401
        assert strict.log[-1].user is None


def test_access_reviews_tell_what_requests_meet(server: KubeServer, tmp_path: Path) -> None:
    api = client.AuthorizationV1Api(connect(server, tmp_path, "alice"))

    def may(verb: str, resource: str, namespace: str | None = None, group: str = "") -> bool:
        asked = {"verb": verb, "resource": resource, "namespace": namespace, "group": group}
        review = {"spec": {"resourceAttributes": asked}}
        return bool(api.create_self_subject_access_review(review).status.allowed)

    assert may("list", "pods", "ml") and not may("list", "pods") and not may("list", "pods", "ml", "metrics.k8s.io")
    server.deny("pods", namespace="ml", verbs=["list"])
    assert not may("list", "pods", "ml")
    server.heal()
    server.deny("pods", namespace="ml", reviewed=False)
    assert may("list", "pods", "ml")
    rules = api.create_self_subject_rules_review({"spec": {"namespace": "ml"}}).status
    assert [rule.verbs for rule in rules.resource_rules if "pods" in rule.resources] == [["list"]]
    admin = client.AuthorizationV1Api(connect(server, tmp_path))
    spec = {"user": "bob", "groups": ["viewers"], "resourceAttributes": {"verb": "get", "resource": "pods"}}
    assert admin.create_subject_access_review({"spec": spec}).status.allowed
    urls = {"user": "bob", "groups": [], "nonResourceAttributes": {"verb": "get", "path": "/apis"}}
    assert not admin.create_subject_access_review({"spec": urls}).status.allowed, "no group is added"
    with pytest.raises(client.ApiException) as caught:
        api.create_subject_access_review({"spec": spec})
    assert caught.value.status == 403
    assert not server.writes and {one.method for one in server.log} == {"POST"}


def test_writes_are_refused_and_logged(server: KubeServer, tmp_path: Path) -> None:
    api = client.CoreV1Api(connect(server, tmp_path))
    for write in (
        lambda: api.delete_namespaced_pod("p0001", "ml"),
        lambda: api.create_namespace({"metadata": {"name": "x"}}),
        lambda: api.patch_namespaced_pod("p0001", "ml", {"metadata": {"labels": {"a": "b"}}}),
    ):
        with pytest.raises(client.ApiException) as caught:
            write()
        assert caught.value.status == 405
    assert [one.method for one in server.writes] == ["DELETE", "POST", "PATCH"]
    assert len(api.list_namespaced_pod("ml").items) == 20


def test_metadata_alone_is_served_where_it_is_asked_for(http: Http) -> None:
    answer = http.get("/api/v1/secrets", accept=f"{METADATA},application/json;q=0.5")
    assert json.loads(answer.data)["kind"] == "PartialObjectMetadataList" and b"c2VjcmV0" not in answer.data
    assert [one["metadata"]["name"] for one in json.loads(answer.data)["items"]] == ["keys"]
    assert b"c2VjcmV0" in http.get("/api/v1/secrets").data


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/vnd.kubernetes.protobuf", 406),
        ("application/yaml", 406),
        ("application/json;as=Unheard;g=meta.k8s.io;v=v1", 406),
        ("application/vnd.kubernetes.protobuf,application/json", 200),
        ("*/*", 200),
        ("", 200),
    ],
)
def test_json_is_all_there_is(http: Http, accept: str, status: int) -> None:
    assert http.get("/api/v1/pods", accept=accept).status == status


def test_what_is_not_served_is_404_405_or_415(server: KubeServer, http: Http) -> None:
    assert http.get("/api/v1/unicorns").status == 404
    assert http.get("/apis/ray.io/v1/rayclusters").status == 404
    assert http.get("/apis/ray.io").status == 404
    assert http.get("/api/v1/namespaces/ml/nodes").status == 404
    assert http.get("/api/v1/pods", watch="true").status == 405
    assert http.get("/version", method="POST").status == 405
    pool = urllib3.PoolManager(ssl_context=ssl.create_default_context(cadata=server.ca.decode()), retries=False)
    headers = {"Authorization": f"Bearer {server.token('ada')}", "Content-Type": "application/cbor"}
    url = f"{server.url}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert pool.request("POST", url, body=b"\xa0", headers=headers).status == 415
    for media, body in (("application/json", b"["), ("application/vnd.kubernetes.protobuf", b"k8s\0")):
        assert pool.request("POST", url, body=body, headers={**headers, "Content-Type": media}).status == 400


def test_both_discoveries_list_the_same_resources(http: Http) -> None:
    aggregated, legacy = set(), set()
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    for path in ("/api", "/apis"):
        for group in json.loads(http.get(path, accept=accept).data)["items"]:
            for version in group["versions"]:
                name = group["metadata"].get("name", "")
                aggregated |= {(name, version["version"], one["resource"]) for one in version["resources"]}
    for group in http.list("/apis")["groups"]:
        [version] = group["versions"]
        found = http.list(f"/apis/{version['groupVersion']}")["resources"]
        legacy |= {(group["name"], version["version"], one["name"]) for one in found}
    legacy |= {("", "v1", one["name"]) for one in http.list("/api/v1")["resources"]}
    assert aggregated == legacy and ("apps", "v1", "deployments") in legacy


def test_custom_resources_are_served_once_they_are_declared(tmp_path: Path) -> None:
    ray = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r", "namespace": "ml"}, "spec": {}}
    with pytest.raises(UnknownKindError, match="CustomResourceDefinition"):
        KubeServer([ray])
    spec = {"group": "ray.io", "scope": "Namespaced", "names": {"kind": "RayCluster", "plural": "rayclusters"}}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
    definition |= {"metadata": {"name": "rayclusters.ray.io"}, "spec": {**spec, "versions": [{"name": "v1"}]}}
    for made in (KubeServer([definition, ray]), KubeServer([ray], apis=[custom("ray.io/v1", "RayCluster")])):
        with made as server:
            api = client.CustomObjectsApi(connect(server, tmp_path))
            [found] = api.list_cluster_custom_object("ray.io", "v1", "rayclusters")["items"]
            assert (found["kind"], found["apiVersion"], found["metadata"]["name"]) == ("RayCluster", "ray.io/v1", "r")


def test_a_kubeconfig_holds_several_contexts_and_no_one_else_can_read_it(server: KubeServer, tmp_path: Path) -> None:
    path = server.kubeconfig(tmp_path / "config", context="one")
    server.kubeconfig(path, "alice", "two", namespace="ml")
    contexts, current = config.list_kube_config_contexts(str(path))
    assert [one["name"] for one in contexts] == ["one", "two"] and current["name"] == "one"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_readmes_example_runs(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[1] / "kube_server" / "README.md").read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {"objects_or_yaml": SEEDS, "tmp_path": tmp_path})
