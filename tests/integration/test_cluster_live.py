"""Reading a live cluster: everything that is there, nothing more than that, and every gap with its reason."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.detectors.cluster.live.limits import Limits
from assay.detectors.cluster.live.role import documents
from assay.detectors.cluster.live.wanted import wanted
from assay.detectors.cluster.table import APIS
from assay.scanner.api import Known, Unknown
from tests.integration.cluster_live import failures, incomplete, listings, look, of_kind
from tests.kube_server import KubeServer, faults

NETWORK = "networkpolicies.networking.k8s.io"


def pod(name: str, namespace: str = "ml", **metadata: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "main", "image": "registry.example/serve:1"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "spec": spec,
    }


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def policy(name: str, where: str) -> dict[str, Any]:
    spec = {"podSelector": {}, "policyTypes": ["Ingress"]}
    metadata = {"name": name, "namespace": where}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


SEEDS = (
    *map(namespace, ("ml", "team-a")),
    *(pod(f"pod-{number:02}") for number in range(25)),
    *(policy(f"deny-{number}", "ml") for number in range(7)),
    policy("deny", "team-a"),
    {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "model-registry",
            "namespace": "ml",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"data":"S3CRET-APPLIED"}'},
        },
        "data": {"password": "UzNDUkVULVZBTFVF"},
    },
)


@pytest.fixture
def server() -> Iterator[KubeServer]:
    with KubeServer(SEEDS) as started:
        yield started


@pytest.fixture
def kubeconfig(server: KubeServer, tmp_path: Path) -> Path:
    return server.kubeconfig(tmp_path / "config")


def count(records: list[Any], address: str) -> object:
    return listings(records)[address].facts["objects"]


def test_every_resource_of_the_table_has_a_listing(kubeconfig: Path) -> None:
    records = look(kubeconfig)
    assert failures(records) == []
    assert set(listings(records)) == {api.name for api in APIS}
    assert incomplete(records) == {}
    assert count(records, "pods") == Known(value=25)
    assert {one.surface for one in listings(records).values()} == {"cluster"}
    assert listings(records)["pods"].facts["source"] == Known(value="kube:test")


def test_a_custom_resource_that_is_not_served_is_known_to_be_absent(kubeconfig: Path) -> None:
    facts = listings(look(kubeconfig))["ciliumnetworkpolicies.cilium.io"].facts
    assert (facts["served"], facts["complete"], facts["objects"]) == (
        Known(value=False),
        Known(value=True),
        Known(value=0),
    )


def test_nothing_is_written_but_access_reviews(server: KubeServer, kubeconfig: Path) -> None:
    look(kubeconfig)
    assert server.writes == []
    assert {one.method for one in server.log} == {"GET", "POST"}
    assert {one.path for one in server.log if one.method == "POST"} == {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    }


def test_at_most_four_requests_are_in_flight(server: KubeServer, kubeconfig: Path) -> None:
    server.inject("*", lambda request, usual: usual(request)._replace(wait=0.02))
    look(kubeconfig)
    assert 1 < server.most_at_once <= 4


def test_lists_are_read_in_pages(server: KubeServer, kubeconfig: Path) -> None:
    records = look(kubeconfig, limits=Limits(page_objects=3))
    pages = [one.query for one in server.log if one.path.endswith("/networkpolicies")]
    assert len(pages) == 3 and all("limit=3" in query for query in pages)
    assert count(records, NETWORK) == Known(value=8)
    assert all("limit=" in one.query for one in server.log if one.path == "/api/v1/pods")


def test_only_what_the_kinds_rest_on_is_read_and_stated(server: KubeServer, kubeconfig: Path) -> None:
    records = look(kubeconfig, kinds=["network.policy"])
    assert set(listings(records)) == {api.name for api in wanted(["network.policy"])}
    assert not any(one.path.endswith(("/pods", "/secrets", "/clusterroles")) for one in server.log)
    assert {one.kind for one in records if hasattr(one, "kind")} == {"network.policy", "cluster.listing"}
    assert all(one.facts["kinds"] == Known(value=["network.policy"]) for one in listings(records).values())


@pytest.mark.parametrize("honest", [True, False])
def test_values_of_secrets_are_never_asked_for_and_never_decoded(
    server: KubeServer, kubeconfig: Path, honest: bool
) -> None:
    if not honest:
        server.inject("secrets", faults.whole_objects())
    records = look(kubeconfig)
    asked = [one.accept for one in server.log if one.path == "/api/v1/secrets"]
    assert asked and all("as=PartialObjectMetadataList" in accept and "," not in accept for accept in asked)
    assert count(records, "secrets") == Known(value=1)
    assert "UzNDUkVU" not in repr(records) and "S3CRET" not in repr(records)


@pytest.mark.parametrize("code", [403, 404, 410, 429, 500, 503])
def test_each_denial_makes_its_own_listing_unknown_and_no_other(
    server: KubeServer, kubeconfig: Path, code: int
) -> None:
    for api in APIS:
        if not api.optional:
            server.deny(api.name, code, reviewed=False, retry_after=0 if code in (429, 503) else None)
            records = look(kubeconfig, kinds=api.states)
            server.heal()
            assert list(incomplete(records)) == [api.name]
            assert incomplete(records)[api.name].startswith(f"list {api.name}: {code} ")
            [failure] = failures(records)
            assert failure.startswith(f"context test: list {api.name}: {code} ")
            assert ("`assay cluster role`" in failure) == (code == 403)


def test_what_an_access_review_denies_is_not_tried(server: KubeServer, kubeconfig: Path) -> None:
    server.deny(NETWORK)
    records = look(kubeconfig, kinds=["network.policy"])
    assert incomplete(records) == {NETWORK: f"list {NETWORK}: denied to these credentials, by an access review"}
    assert not any(one.path.endswith(f"/{NETWORK.split('.')[0]}") and "k8s.io" in one.path for one in server.log[5:])
    assert not any(one.status == 403 for one in server.log if one.user == "admin")


def test_where_reviews_themselves_fail_everything_is_tried(server: KubeServer, kubeconfig: Path) -> None:
    server.deny("selfsubjectaccessreviews.authorization.k8s.io", 403)
    records = look(kubeconfig)
    assert incomplete(records) == {}


def test_a_list_that_expires_on_the_way_is_started_again(server: KubeServer, kubeconfig: Path) -> None:
    server.inject(NETWORK, faults.expired(), continued=True, times=1)
    records = look(kubeconfig, limits=Limits(page_objects=3))
    assert incomplete(records) == {}
    assert count(records, NETWORK) == Known(value=8)
    assert len(of_kind(records, "network.policy")) == 8


def test_a_list_that_always_expires_is_unknown(server: KubeServer, kubeconfig: Path) -> None:
    injection = server.inject(NETWORK, faults.expired(), continued=True)
    records = look(kubeconfig, limits=Limits(page_objects=3))
    assert incomplete(records) == {NETWORK: f"list {NETWORK}: 410 Gone"}
    assert injection.hits == 3


def test_a_wait_that_the_server_asks_for_is_kept(server: KubeServer, kubeconfig: Path) -> None:
    server.deny(NETWORK, 429, times=2, retry_after=0)
    assert incomplete(look(kubeconfig, kinds=["network.policy"])) == {}


def test_a_server_that_asks_to_wait_for_ever_is_not_waited_for(server: KubeServer, kubeconfig: Path) -> None:
    server.deny(NETWORK, 429, retry_after=100000)
    found = incomplete(look(kubeconfig, kinds=["network.policy"]))
    assert found == {NETWORK: f"list {NETWORK}: 429 Too Many Requests, and it asks to wait for 100000 s"}


def test_a_connection_that_breaks_once_is_tried_again(server: KubeServer, kubeconfig: Path) -> None:
    server.inject(NETWORK, faults.reset(), times=1, verbs=["list"])
    assert incomplete(look(kubeconfig, kinds=["network.policy"])) == {}
    server.inject(NETWORK, faults.reset(), verbs=["list"])
    assert incomplete(look(kubeconfig, kinds=["network.policy"])) == {
        NETWORK: f"list {NETWORK}: the connection broke off"
    }


def test_chosen_namespaces_are_listed_one_by_one_and_the_rest_as_ever(server: KubeServer, kubeconfig: Path) -> None:
    records = look(kubeconfig, namespaces=["team-a", "default"])
    assert failures(records) == []
    found = listings(records)
    assert found[NETWORK].facts["namespaces"] == Known(value=["default", "team-a"])
    assert found[NETWORK].facts["objects"] == Known(value=1)
    assert found["namespaces"].facts["namespaces"] == Known(value=None)
    assert found["clusterroles.rbac.authorization.k8s.io"].facts["objects"] == Known(value=10)
    assert "/api/v1/pods" not in {one.path for one in server.log}


def test_a_namespace_that_is_not_there_is_a_failure(kubeconfig: Path) -> None:
    records = look(kubeconfig, namespaces=["team-a", "tema-b"])
    assert failures(records) == ["context test: no namespace is named tema-b; name one that is there"]


def test_a_namespace_of_which_nobody_tells_whether_it_is_there_is_a_failure(server: KubeServer, tmp_path: Path) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config")
    server.deny("namespaces", 403)
    told = failures(look(kubeconfig, kinds=["network.policy"], namespaces=["team-a", "tema-b"]))
    assert [line for line in told if "tema-b" in line] == [
        "context test: whether a namespace is named tema-b is not known (403 Forbidden); allow `get` on it"
    ]
    assert any("team-a" in line for line in told)


def test_a_namespace_that_may_be_read_and_not_listed_is_known_to_be_there(server: KubeServer, kubeconfig: Path) -> None:
    server.inject("namespaces", faults.refuse(403), verbs=["list"])
    told = failures(look(kubeconfig, kinds=["network.policy"], namespaces=["team-a", "tema-b"]))
    assert told == ["context test: no namespace is named tema-b; name one that is there"]


def test_an_answer_that_is_no_list_of_namespaces_does_not_say_that_one_is_there(
    server: KubeServer, kubeconfig: Path
) -> None:
    body = b'{"kind":"PodList","items":[{"metadata":{"name":"tema-b"}}]}'
    server.inject("namespaces", lambda request, usual: usual(request)._replace(body=body), verbs=["list"])
    told = failures(look(kubeconfig, kinds=["network.policy"], namespaces=["tema-b"]))
    assert told == [
        "context test: whether a namespace is named tema-b is not known (the answer is not a list of namespaces); "
        "allow `get` on it"
    ]


def test_a_denial_in_one_namespace_names_it(server: KubeServer, kubeconfig: Path) -> None:
    server.deny("pods", namespace="ml")
    records = look(kubeconfig, namespaces=["ml", "team-a"])
    assert incomplete(records) == {"pods": "list pods in ml: denied to these credentials, by an access review"}


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_without_discovery_everything_is_tried_and_the_scan_is_incomplete(
    server: KubeServer, kubeconfig: Path, path: str
) -> None:
    server.deny(path, 403)
    records = look(kubeconfig)
    found = incomplete(records)
    assert "pods" not in found and NETWORK not in found
    assert any("discovery of" in line for line in failures(records))
    if path == "/apis":
        assert found["ciliumnetworkpolicies.cilium.io"] == "list ciliumnetworkpolicies.cilium.io: 404 Not Found"


def test_a_server_without_aggregated_discovery_is_asked_group_by_group(server: KubeServer, kubeconfig: Path) -> None:
    plain = lambda request, usual: usual(request._replace(accept="application/json"))  # noqa: E731
    server.inject("/api", plain)
    server.inject("/apis", plain)
    records = look(kubeconfig)
    assert incomplete(records) == {} and failures(records) == []
    assert "/apis/networking.k8s.io/v1" in {one.path for one in server.log}
    assert listings(records)["ciliumnetworkpolicies.cilium.io"].facts["served"] == Known(value=False)


def reader(server: KubeServer, rules: list[dict[str, Any]], path: Path) -> Path:
    """A kubeconfig of a user who has these rules and nothing else."""
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "assay"}}
    with_binding = documents(None, (), "assay", ("User", "auditor"))
    server.storage.put({**role, "rules": rules})
    server.storage.put(dict(with_binding[1]))
    return server.kubeconfig(path, user="auditor")


def rules_of_the_role() -> list[dict[str, Any]]:
    [role] = documents(None, (), "assay", None)
    return list(role["rules"])


def test_the_printed_role_suffices(tmp_path: Path) -> None:
    with KubeServer(SEEDS) as server:
        records = look(reader(server, rules_of_the_role(), tmp_path / "config"))
        assert failures(records) == [] and incomplete(records) == {}
        assert server.writes == []


def test_each_resource_that_the_role_lacks_loses_its_own_listing(tmp_path: Path) -> None:
    resources = [(rule["apiGroups"][0], plural) for rule in rules_of_the_role() for plural in rule["resources"]]
    assert len(resources) == len(APIS)
    with KubeServer(SEEDS) as server:
        for group, plural in resources:
            api = next(api for api in APIS if (api.group, api.plural) == (group, plural))
            rules = [
                {
                    **rule,
                    "resources": [one for one in rule["resources"] if (rule["apiGroups"][0], one) != (group, plural)],
                }
                for rule in rules_of_the_role()
            ]
            records = look(reader(server, rules, tmp_path / "config"), kinds=api.states)
            assert list(incomplete(records)) == ([] if api.optional else [api.name])


def test_a_role_for_namespaces_suffices_for_these(tmp_path: Path) -> None:
    with KubeServer(SEEDS) as server:
        for document in documents(None, ("ml", "team-a"), "assay", ("User", "auditor")):
            server.storage.put(dict(document))
        kubeconfig = server.kubeconfig(tmp_path / "config", user="auditor")
        records = look(kubeconfig, namespaces=["ml", "team-a"])
        assert failures(records) == [] and incomplete(records) == {}
        assert "pods" in incomplete(look(kubeconfig, namespaces=["ml", "default"]))


def test_several_contexts_are_told_apart(tmp_path: Path) -> None:
    with KubeServer(SEEDS) as first, KubeServer([pod("lonely")]) as second:
        kubeconfig = first.kubeconfig(tmp_path / "config", context="prod")
        second.kubeconfig(kubeconfig, context="dev")
        records = look(kubeconfig, ["prod", "dev"], kinds=["workload.pods"])
        pods = [one.facts for one in of_kind(records, "cluster.listing") if one.address == "pods"]
        assert [(facts["source"], facts["objects"]) for facts in pods] == [
            (Known(value="kube:prod"), Known(value=25)),
            (Known(value="kube:dev"), Known(value=1)),
        ]
        again = look(kubeconfig, ["", "prod"], kinds=["workload.pods"])
        assert len(of_kind(again, "cluster.listing")) == len(wanted(["workload.pods"]))


THREADS = """
import sys, threading
from assay.detectors.cluster.live import pages
from assay.detectors.cluster.table import APIS
sys.setswitchinterval(1e-6)
pages.prepare(APIS)
gate = threading.Barrier(4)
def decode(first):
    gate.wait()
    for api in APIS[first::4]:
        item = b'{"metadata":{"labels":{"a":"b"},"ownerReferences":[{"kind":"a","name":"b"}]}}'
        pages.decode(api, b'{"kind":"%sList","items":[%s]}' % (api.kind.encode(), item), 100)
threads = [threading.Thread(target=decode, args=(first,)) for first in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_threads_that_decode_for_the_first_time_do_not_get_in_each_others_way() -> None:
    runs = [subprocess.run([sys.executable, "-c", THREADS], capture_output=True, timeout=60) for _ in range(4)]
    assert [(run.returncode, run.stderr) for run in runs] == [(0, b"")] * 4


def test_two_looks_say_the_same(kubeconfig: Path) -> None:
    assert look(kubeconfig) == look(kubeconfig)


def test_what_is_not_read_in_time_is_unknown(server: KubeServer, kubeconfig: Path) -> None:
    server.inject(NETWORK, faults.hang(), verbs=["list"])
    records = look(kubeconfig, limits=Limits(seconds=2, silent_seconds=60))
    assert incomplete(records) == {NETWORK: f"list {NETWORK}: not read within 2 s"}


def test_a_server_that_answers_nothing_in_time_makes_everything_unknown(server: KubeServer, kubeconfig: Path) -> None:
    server.inject("*", faults.hang(), verbs=["list"])
    records = look(kubeconfig, limits=Limits(seconds=2, silent_seconds=60))
    served = {api.name for api in APIS if not api.optional}
    assert incomplete(records) == {name: f"list {name}: not read within 2 s" for name in served}


@pytest.mark.parametrize("anonymous", [True, False])
def test_whether_anonymous_callers_are_let_in_is_found_out(tmp_path: Path, anonymous: bool) -> None:
    with KubeServer(SEEDS, anonymous=anonymous) as server:
        records = look(server.kubeconfig(tmp_path / "config", certificate=True))
    [plane] = of_kind(records, "cluster.control-plane")
    assert plane.facts["anonymous_access"] == Known(value=anonymous)
    assert plane.facts["version"] == Known(value="1.33.1")


def test_a_version_that_cannot_be_read_is_unknown(server: KubeServer, kubeconfig: Path) -> None:
    server.deny("/version", 403)
    records = look(kubeconfig)
    assert any("get /version: 403 Forbidden" in line for line in failures(records))
    [plane] = of_kind(records, "cluster.control-plane")
    assert isinstance(plane.facts["version"], Unknown)
