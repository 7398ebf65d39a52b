"""Pods of a live cluster: whose they are, that they give the same facts as their manifests, and what isn't known."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from assay.scanner.model.resource import Resource
from tests.unit.pod_manifests import (
    LIVE,
    Document,
    container,
    deployment,
    facts,
    owned,
    replica_set,
    running,
    spec,
    stated,
    values,
)

TOKEN = {"name": "kube-api-access-{}", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
WHERE = "/var/run/secrets/kubernetes.io/serviceaccount"
SERVER = ("running", "nodes", "source")


def admitted(pod: Document, suffix: str) -> Document:
    """A pod's spec as the API server stores it: defaults, and the token that admission adds."""
    token = f"kube-api-access-{suffix}"
    mount = {"name": token, "mountPath": WHERE, "readOnly": True}
    containers = [
        {
            "terminationMessagePath": "/dev/termination-log",
            "imagePullPolicy": "Always" if ":" not in one["image"] else "IfNotPresent",
            "resources": {},
            **one,
            "volumeMounts": [*one.get("volumeMounts", ()), mount],
        }
        for one in pod["containers"]
    ]
    return {
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "restartPolicy": "Always",
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}],
        **pod,
        "containers": containers,
        "volumes": [*pod.get("volumes", ()), {**TOKEN, "name": token}],
    }


def web(pod: Document, count: int = 2, **fields: Any) -> list[Document]:
    labels = {"app": "web", "pod-template-hash": "5d9c"}
    pods = [
        running(f"web-5d9c-{n}", admitted(pod, f"ab{n:03d}"), owned("ReplicaSet", "web-5d9c"), labels=labels,
                node=f"node-{n % 2}")
        for n in range(count)
    ]  # fmt: skip
    return [deployment(pod, **fields), replica_set("web-5d9c", "web"), *pods]


def by_address(*documents: Document, **options: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for resource in stated(documents, source=LIVE, **options):
        assert resource.address not in found
        found[resource.address] = values(resource)
    return found


RICH = spec(
    container(
        image="nginx",
        ports=[{"containerPort": 80}],
        env=[{"name": "DB_PASSWORD", "value": "hunter2"}],
        securityContext={"runAsUser": 1000},
        volumeMounts=[{"name": "data", "mountPath": "/data"}],
        resources={"limits": {"cpu": "1", "memory": "1Gi"}},
        livenessProbe={"httpGet": {"port": 80}},
    ),
    container(name="side", image="registry.example/side@sha256:" + "a" * 64, command=["pip", "install", "x"]),
    volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    topologySpreadConstraints=[{"maxSkew": 1}],
)


@pytest.mark.parametrize("pod", [spec(), RICH])
def test_a_live_workload_has_the_same_facts_as_its_manifest(pod: Document) -> None:
    declared = facts(deployment(pod, replicas=2))
    live = facts(*web(pod, replicas=2), source=LIVE)
    assert {name: live[name] for name in live if name not in SERVER} == {
        name: declared[name] for name in declared if name not in SERVER
    }
    assert (live["running"], live["nodes"], live["source"]) == (2, ["node-0", "node-1"], LIVE)


def test_a_live_stateful_set_has_the_claims_of_its_manifest() -> None:
    made = deployment(spec(), replicas=2, volumeClaimTemplates=[{"metadata": {"name": "data"}}]) | {
        "kind": "StatefulSet"
    }
    declared = facts(made)
    pods = [
        running(
            f"web-{n}",
            admitted(
                spec(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": f"data-web-{n}"}}]), "ab000"
            ),
            owned("StatefulSet", "web"),
            labels={"app": "web", "statefulset.kubernetes.io/pod-name": f"web-{n}"},
        )
        for n in range(2)
    ]
    live = facts(made, *pods, source=LIVE)
    assert [one["claim"] for one in live["volumes"]] == ["data-web-0", "data-web-1"]
    assert {name: live[name] for name in live if name not in (*SERVER, "volumes")} == {
        name: declared[name] for name in declared if name not in (*SERVER, "volumes")
    }
    assert [one["claim"] for one in declared["volumes"]] == ["data-web-0", "data-web-1"]


def test_what_runs_goes_before_what_is_declared() -> None:
    documents = web(spec(container(securityContext={"privileged": True})), replicas=5)
    documents[0] = deployment(spec(), replicas=5)
    found = facts(*documents, source=LIVE)
    assert found["containers"][0]["privileged"] is True
    assert found["replicas"] == 5 and found["controller"] == "Deployment"


def test_a_deployment_without_running_pods_is_stated_by_its_template() -> None:
    done = running("web-5d9c-0", spec(), owned("ReplicaSet", "web-5d9c"), phase="Failed")
    found = facts(deployment(), replica_set("web-5d9c", "web"), done, source=LIVE)
    assert found["running"] == 0 and found["nodes"] == []


def test_old_pods_of_a_rollout_are_a_second_resource_at_the_same_address() -> None:
    old = running("web-1111-0", spec(container(image="app:old")), owned("ReplicaSet", "web-1111"))
    found = stated([*web(spec()), replica_set("web-1111", "web"), old], source=LIVE)
    assert [one.address for one in found] == ["Deployment.ml.web"] * 2
    images = {values(one)["containers"][0]["image"]: values(one)["running"] for one in found}
    assert images == {"app:old": 1, "registry.example/team/app:1.2": 2}


def test_pods_of_a_cron_jobs_runs_belong_to_it() -> None:
    cron = {
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "night", "namespace": "ml"},
        "spec": {"jobTemplate": {"spec": {"template": {"metadata": {"labels": {"app": "web"}}, "spec": spec()}}}},
    }  # fmt: skip
    jobs: list[Document] = []
    for run in ("night-1", "night-2"):
        meta = {"name": run, "namespace": "ml", "ownerReferences": owned("CronJob", "night", "batch/v1")}
        jobs.append({"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": {"spec": spec()}}})
        labels = {"app": "web", "job-name": run, "batch.kubernetes.io/controller-uid": run}
        jobs.append(running(f"{run}-x", admitted(spec(), "aaaaa"), owned("Job", run, "batch/v1"), labels=labels))
    [(address, found)] = by_address(cron, *jobs).items()
    assert address == "CronJob.ml.night" and found["running"] == 2
    assert found["labels"] == {"app": "web"} and found["long_running"] is False


def test_a_jobs_pods_have_its_name_as_a_label_declared_or_running() -> None:
    job = deployment() | {"apiVersion": "batch/v1", "kind": "Job"}
    expected = {"app": "web", "job-name": "web", "batch.kubernetes.io/job-name": "web"}
    assert facts(job)["labels"] == expected
    pod = running("web-x", spec(), owned("Job", "web", "batch/v1"), labels={**expected, "controller-uid": "1"})
    assert facts(job, pod, source=LIVE)["labels"] == expected


def test_static_pods_belong_to_their_node_and_are_one() -> None:
    proxies = [
        running(f"kube-proxy-{n}", spec(), owned("Node", n, "v1"), node=n, labels={"k": "p"}) for n in ("n1", "n2")
    ]
    [(address, found)] = by_address(*proxies).items()
    assert address == "Pod.ml.kube-proxy-n1" and found["controller"] == "Node"
    assert found["nodes"] == ["n1", "n2"] and found["running"] == 2


def test_bare_pods_that_are_alike_are_one() -> None:
    pods = [running(f"p{n}", admitted(spec(), f"aaaa{n}"), labels={"run": "x"}) for n in range(3)]
    other = running("q", admitted(spec(), "bbbbb"), labels={"run": "y"})
    found = by_address(*pods, other)
    assert {address: one["running"] for address, one in found.items()} == {"Pod.ml.p0": 3, "Pod.ml.q": 1}


def test_pods_of_an_operator_that_is_not_known_are_its_own() -> None:
    pod = running("es-0", spec(), owned("Elastic", "logs", "elastic.example/v1"))
    [(address, found)] = by_address(pod).items()
    assert address == "Elastic.ml.logs" and found["controller"] == "Elastic"
    assert isinstance(found["replicas"], Unknown)
    owner = deployment()
    owner["metadata"]["ownerReferences"] = owned("Elastic", "logs", "elastic.example/v1")
    assert list(by_address(owner)) == ["Deployment.ml.web"]


def test_the_way_up_ends_at_the_owner_that_somebody_declared() -> None:
    service: Document = {
        "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
        "metadata": {"name": "llm", "namespace": "ml"}, "spec": {"predictor": spec()},
    }  # fmt: skip
    documents = web(spec())
    documents[0]["metadata"]["ownerReferences"] = owned("InferenceService", "llm", "serving.kserve.io/v1beta1")
    found = by_address(service, *documents)
    assert list(found) == ["InferenceService.ml.llm/predictor"]
    assert found["InferenceService.ml.llm/predictor"]["running"] == 2
    # Scaled to nothing, it is stated once, by its own template.
    assert list(by_address(service, *documents[:2])) == ["InferenceService.ml.llm/predictor"]


def test_knatives_own_steps_are_passed_over() -> None:
    documents = web(spec())
    meta = documents[0]["metadata"]
    meta["ownerReferences"] = owned("Revision", "llm-0001", "serving.knative.dev/v1")
    meta["labels"] = {"serving.knative.dev/service": "llm"}
    service: Document = {
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "llm", "namespace": "ml"},
        "spec": {"template": {"spec": spec()}},
    }  # fmt: skip
    assert list(by_address(service, *documents)) == ["Service.ml.llm"]


DENIED = "list replicasets.apps: 403 Forbidden"


def test_without_replica_sets_the_root_is_guessed_by_name_and_unknown() -> None:
    documents = [one for one in web(spec(), replicas=2) if one["kind"] != "ReplicaSet"]
    [(address, found)] = by_address(*documents, missing={"apps/ReplicaSet": DENIED}).items()
    assert address == "Deployment.ml.web" and found["running"] == 2
    assert found["controller"] == Unknown(reason=DENIED)


def test_without_deployments_what_rests_on_them_is_unknown() -> None:
    reason = "list deployments.apps: 403 Forbidden"
    [(address, found)] = by_address(*web(spec())[1:], missing={"apps/Deployment": reason}).items()
    assert address == "Deployment.ml.web" and found["containers"][0]["name"] == "main"
    for name in ("controller", "replicas", "update_strategy"):
        assert found[name] == Unknown(reason=reason), name
    assert found["long_running"] is True


def test_without_pods_what_runs_is_unknown() -> None:
    reason = "list pods: 403 Forbidden"
    found = facts(deployment(), source=LIVE, missing={"Pod": reason})
    assert found["running"] == Unknown(reason=reason) and found["nodes"] == Unknown(reason=reason)
    assert found["replicas"] == 1


def test_an_owner_that_is_gone_leaves_its_replicas_unknown() -> None:
    [(address, found)] = by_address(running("web-5d9c-0", spec(), owned("ReplicaSet", "web-5d9c"))).items()
    assert address == "ReplicaSet.ml.web-5d9c" and isinstance(found["controller"], Unknown)
    assert isinstance(found["replicas"], Unknown)


def test_a_pod_keeps_the_token_that_its_account_would_no_longer_get() -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "ml"}}
    assert facts(*web(spec()), account, source=LIVE)["volumes"] == []
    kept = facts(*web(spec()), {**account, "automountServiceAccountToken": False}, source=LIVE)["volumes"]
    assert [one["token"] for one in kept] == [True]


def test_pods_that_wait_for_a_node_do_not_run() -> None:
    waiting = running("p", spec(), phase="Pending")
    del waiting["spec"]["nodeName"]
    found = facts(waiting, source=LIVE)
    assert found["running"] == 0 and found["nodes"] == []


def test_finished_bare_pods_are_stated_without_running() -> None:
    found = facts(running("p", spec(), phase="Succeeded"), source=LIVE)
    assert found["running"] == 0 and found["nodes"] == []


def test_the_order_of_objects_changes_nothing() -> None:
    documents = [*web(spec(), count=5), running("bare", spec()), deployment(name="other")]
    forwards: list[Resource] = stated(documents, source=LIVE)
    assert forwards == stated(documents[::-1], source=LIVE)


def test_a_circle_of_owners_ends() -> None:
    documents = [deployment(name="a"), deployment(name="b")]
    documents[0]["metadata"]["ownerReferences"] = owned("Deployment", "b")
    documents[1]["metadata"]["ownerReferences"] = owned("Deployment", "a")
    pod = running("p", spec(), owned("Deployment", "a"))
    assert stated([*documents, pod], source=LIVE)
