"""Folding: one pod for each owner and template, whatever the order in which pods come."""

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.pods.fold import PodFold
from assay.detectors.cluster.pods.objects import Folded, Pod
from tests.unit.pod_manifests import container, owned, running, spec


def fold(*pods: dict[str, Any]) -> list[Folded]:
    found = PodFold()
    for one in pods:
        found.take(msgspec.convert(one, Pod))
    return found.folded()


def test_pods_of_one_template_are_one_with_a_count_and_their_nodes() -> None:
    pods = [running(f"web-{n}", spec(), owned("ReplicaSet", "web"), node=f"n{n % 2}") for n in range(5)]
    [one] = fold(*pods)
    assert (one.count, one.nodes, one.metadata.name) == (5, ("n0", "n1"), "web-0")
    assert one.spec is not None and one.spec.node_name is None


@pytest.mark.parametrize(
    "change",
    [
        {"name": "kube-api-access-{suffix}", "projected": {"sources": [{"serviceAccountToken": {}}]}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-{number}"}},
    ],
)
def test_what_differs_between_pods_of_a_template_is_left_out(change: dict[str, Any]) -> None:
    pods = []
    for number in range(3):
        text = msgspec.json.encode(change).decode()
        volume = msgspec.json.decode(text.replace("{suffix}", f"x7k{number}p").replace("{number}", str(number)))
        labels = {"app": "web", "apps.kubernetes.io/pod-index": str(number), "controller-revision-hash": "a"}
        mounted = container(volumeMounts=[{"name": volume["name"], "mountPath": "/x"}])
        pods.append(
            running(f"web-{number}", spec(mounted, volumes=[volume]), owned("StatefulSet", "web"), labels=labels)
        )
    [one] = fold(*pods)
    assert one.count == 3 and one.metadata.labels == {"app": "web"}
    assert one.spec is not None and one.spec.volumes is not None and one.spec.containers is not None
    mounts = one.spec.containers[0].volume_mounts
    assert mounts is not None and mounts[0].name == one.spec.volumes[0].name


def test_the_claims_of_all_pods_of_a_stateful_set_are_kept() -> None:
    pods = [
        running(
            f"db-{n}",
            spec(volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": f"data-db-{n}"}}]),
            owned("StatefulSet", "db"),
        )
        for n in (2, 0, 1)
    ]
    assert fold(*pods)[0].claims == (("data", ("data-db-0", "data-db-1", "data-db-2")),)


def test_the_rank_of_a_jobs_worker_is_left_out() -> None:
    def worker(rank: int) -> dict[str, Any]:
        env = [{"name": "RANK", "value": str(rank)}, {"name": "TF_CONFIG", "value": f'{{"task":{{"index":{rank}}}}}'}]
        labels = {"app": "web", "training.kubeflow.org/replica-index": str(rank)}
        return running(
            f"train-worker-{rank}",
            spec(container(env=env)),
            owned("PyTorchJob", "train", "kubeflow.org/v1"),
            labels=labels,
        )

    assert [one.count for one in fold(worker(0), worker(1), worker(2))] == [3]


@pytest.mark.parametrize(
    "other",
    [
        {"pod": spec(container(image="app:2"))},
        {"pod": spec(container(env=[{"name": "RANK", "value": "2"}]))},
        {"pod": spec(hostNetwork=True)},
        {"labels": {"app": "other"}},
        {"owners": owned("ReplicaSet", "another")},
    ],
)
def test_pods_that_differ_in_what_counts_are_two(other: dict[str, Any]) -> None:
    one = running("a", spec(container(env=[{"name": "RANK", "value": "1"}])), owned("ReplicaSet", "web"))
    second = running(
        "b",
        other.get("pod", spec(container(env=[{"name": "RANK", "value": "1"}]))),
        other.get("owners", owned("ReplicaSet", "web")),
        **({"labels": other["labels"]} if "labels" in other else {}),
    )
    assert len(fold(one, second)) == 2


def test_an_apparmor_annotation_counts_and_others_do_not() -> None:
    def annotated(name: str, key: str, value: str) -> dict[str, Any]:
        one = running(name, spec(), owned("ReplicaSet", "web"))
        one["metadata"]["annotations"] = {key: value}
        return one

    note = "example.com/restarted-at"
    [one] = fold(annotated("a", note, "1"), annotated("b", note, "2"))
    assert one.metadata.annotations == {}
    apparmor = "container.apparmor.security.beta.kubernetes.io/main"
    assert len(fold(annotated("a", apparmor, "unconfined"), annotated("b", apparmor, "runtime/default"))) == 2


def test_finished_pods_with_an_owner_are_left_out_and_bare_ones_are_not() -> None:
    done = running("a", spec(), owned("Job", "train", "batch/v1"), phase="Succeeded")
    assert fold(done) == []
    assert [one.count for one in fold(running("b", spec(), phase="Failed"))] == [0]


def test_namespaces_are_kept_apart() -> None:
    one, two = running("a", spec()), running("a", spec())
    two["metadata"]["namespace"] = "other"
    assert len(fold(one, two)) == 2


def test_folding_what_is_folded_adds_up() -> None:
    pods = [running(f"web-{n}", spec(), owned("ReplicaSet", "web"), node=f"n{n}") for n in range(4)]
    again = PodFold()
    for half in (pods[:2], pods[2:]):
        for one in fold(*half):
            again.take(one)
    assert again.folded() == fold(*pods)


@given(st.randoms(use_true_random=False), st.integers(min_value=1, max_value=12))
def test_the_order_of_pods_changes_nothing(random: Random, count: int) -> None:
    pods = []
    for number in range(count):
        kind = random.choice(["ReplicaSet", "StatefulSet", "Node", ""])
        owners = owned(kind, random.choice(["a", "b"])) if kind else []
        volume = {"name": f"kube-api-access-x{number:04d}", "projected": {"sources": [{"serviceAccountToken": {}}]}}
        claim = {"name": "d", "persistentVolumeClaim": {"claimName": f"d-p{number}"}}
        pod = spec(container(image=random.choice(["x:1", "y:2"])), volumes=[volume, claim])
        pods.append(running(f"p{number}", pod, owners, node=f"n{number % 3}", labels={"l": random.choice("ab")}))
    shuffled = random.sample(pods, len(pods))
    assert msgspec.json.encode(fold(*shuffled)) == msgspec.json.encode(fold(*pods))
    assert sum(one.count for one in fold(*pods)) == count
