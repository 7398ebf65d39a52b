"""Pods as a page of a list has them, with containers and volumes still encoded: nothing is lost or taken on trust."""

import json
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.live import pages
from assay.detectors.cluster.live.gathering import gathering
from assay.detectors.cluster.live.trouble import Unanswered
from assay.detectors.cluster.pods.fold import PodFold
from assay.detectors.cluster.pods.objects import Folded, Pod
from assay.detectors.cluster.table import BY_ID
from tests.unit.pod_manifests import Document, container, owned, running, spec

POD = BY_ID["Pod"]
pages.prepare([POD])


def listed(*pods: Document) -> pages.Page:
    body = {"kind": "PodList", "items": [*pods]}
    return pages.decode(POD, json.dumps(body, separators=(",", ":")).encode(), 100_000)


def gathered(*pods: Document) -> list[Folded]:
    """As a live cluster's pods are: folded as they are read, and once more as facts are stated."""
    found = gathering(POD)
    for one in listed(*pods).objects:
        found.take(one)
    return folded(*found.gathered())


def folded(*pods: Pod) -> list[Folded]:
    fold = PodFold()
    for one in pods:
        fold.take(one)
    return fold.folded()


def shuffled(value: Any, random: Random) -> Any:
    """The same value, with the fields of its mappings in another order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key], random) for key in random.sample([*value], len(value))}
    return [shuffled(one, random) for one in value] if isinstance(value, list) else value


@given(st.randoms(use_true_random=False), st.integers(min_value=1, max_value=12))
def test_pods_are_folded_as_if_all_had_been_decoded(random: Random, count: int) -> None:
    pods = []
    for number in range(count):
        kind = random.choice(["ReplicaSet", "DaemonSet", "StatefulSet", "Job", "Node", ""])
        token = f"kube-api-access-x{number:04d}"
        mounts = [{"name": token, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}]
        env = [{"name": random.choice(["RANK", "MODE"]), "value": str(number % 2)}]
        main = container(image=random.choice(["x:1", "y:2"]), volumeMounts=mounts, env=env)
        if random.random() < 0.3:
            main = shuffled(main, random)
        volumes = [
            {"name": token, "projected": {"sources": [{"serviceAccountToken": {}}]}},
            {"name": "d", "persistentVolumeClaim": {"claimName": f"d-p{number}" if kind == "StatefulSet" else "d"}},
        ]
        pod = spec(main, volumes=volumes, initContainers=random.choice([[], None, [container(name="first")]]))
        pod["hostname"] = f"p{number}"
        owners = owned(kind, random.choice(["a", "b"])) if kind else []
        phase = random.choice(["Running", "Running", "Succeeded"])
        pods.append(running(f"p{number}", pod, owners, node=f"n{number % 3}", phase=phase))
    random.shuffle(pods)
    decoded = folded(*(msgspec.convert(one, Pod) for one in pods))
    assert msgspec.json.encode(gathered(*pods)) == msgspec.json.encode(decoded)


def test_one_pod_of_each_template_is_decoded() -> None:
    asked: list[str | None] = []

    def whole(pod: Pod) -> Pod:
        asked.append(pod.metadata.name)
        decoded: Pod = pages.whole(POD, pod)
        return decoded

    pods = [running(f"{app}-{n}", spec(), owned("ReplicaSet", app), node=f"n{n}") for app in "ab" for n in range(5)]
    fold = PodFold(whole)
    for one in listed(*pods).objects:
        fold.take(one)
    assert asked == ["a-0", "b-0"]
    assert [one.count for one in fold.folded()] == [5, 5]


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"containers": [{"name": 7}]}, "$.spec.containers[0].name"),
        ({"initContainers": [{"env": [{"name": "A", "value": 1}]}]}, "$.spec.initContainers[0].env[0].value"),
        ({"ephemeralContainers": ["x"]}, "$.spec.ephemeralContainers[0]"),
        ({"volumes": [{"hostPath": "/"}]}, "$.spec.volumes[0].hostPath"),
    ],
)
@pytest.mark.parametrize("phase", ["Running", "Succeeded"])
def test_a_pod_of_another_shape_is_refused_and_leaves_the_others(
    changed: dict[str, Any], where: str, phase: str
) -> None:
    good = [running(f"web-{n}", spec(), owned("ReplicaSet", "web"), node=f"n{n}") for n in range(2)]
    bad = running("web-2", spec(**changed) | changed, owned("ReplicaSet", "web"), phase=phase)
    found = gathering(POD)
    first, odd, last = listed(good[0], bad, good[1]).objects
    found.take(first)
    with pytest.raises(msgspec.ValidationError) as refused:
        found.take(odd)
    assert f"`{where}`" in str(refused.value)
    found.take(last)
    assert [one.count for one in found.gathered()] == [2]


@pytest.mark.parametrize("lists", [{"containers": None}, {"containers": {}}, {"volumes": "x"}, {"initContainers": 1}])
def test_what_should_be_a_list_and_is_none_is_told_with_the_page(lists: dict[str, Any]) -> None:
    page = listed(running("a", spec()), running("b", {**spec(), **lists}))
    assert (len(page.objects), page.misfits) == (1, 1)


def test_a_container_that_is_not_text_is_no_answer() -> None:
    pod = json.dumps(running("a", spec(container(image="IMAGE"))), separators=(",", ":")).encode()
    body = b'{"kind":"PodList","items":[%s]}' % pod.replace(b"IMAGE", b"\xff")
    found = gathering(POD)
    with pytest.raises(Unanswered):
        for one in pages.decode(POD, body, 1000).objects:
            found.take(one)
