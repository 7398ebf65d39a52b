"""Facts of volumes: their types, the node's folders, images, and what can be written to."""

from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import LIVE, container, deployment, facts, facts_of, running, spec

VOLUMES = [
    {"name": "host", "hostPath": {"path": "/var/run"}},
    {"name": "shm", "emptyDir": {"medium": "Memory"}},
    {"name": "scratch", "emptyDir": {}},
    {"name": "models", "persistentVolumeClaim": {"claimName": "models", "readOnly": True}},
    {"name": "big", "ephemeral": {"volumeClaimTemplate": {}}},
    {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}},
    {"name": "bundle", "projected": {"sources": [{"configMap": {"name": "ca"}}]}},
    {"name": "tls", "secret": {"secretName": "tls"}},
    {"name": "old", "secret": {"secretName": "default-token-x7k2p"}},
    {"name": "csi", "csi": {"driver": "secrets-store.csi.k8s.io"}},
    {"name": "fields", "downwardAPI": {}},
    {"name": "nothing"},
]


def test_volumes_are_typed_as_the_api_does() -> None:
    found = facts_of(spec(volumes=VOLUMES))["volumes"]
    assert [(one["name"], one["type"]) for one in found] == [
        ("host", "hostPath"), ("shm", "emptyDir"), ("scratch", "emptyDir"), ("models", "persistentVolumeClaim"),
        ("big", "ephemeral"), ("token", "projected"), ("bundle", "projected"), ("tls", "secret"), ("old", "secret"),
        ("csi", "csi"), ("fields", "downwardAPI"), ("nothing", "emptyDir"),
    ]  # fmt: skip
    assert [one["name"] for one in found if one["token"]] == ["token", "old"]
    assert [one["name"] for one in found if one["memory"]] == ["shm"]
    assert {one["name"]: one["host_path"] for one in found if one["host_path"] is not None} == {"host": "/var/run"}
    claims = {one["name"]: one["claim"] for one in found if one["claim"] is not None}
    assert claims == {"models": "models", "big": "web-*-big"}


def test_mounts_are_read_only_where_they_or_their_volume_say_so() -> None:
    names = ["host", "models", "tls", "scratch"]
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in names]
    mounts.append({"name": "host", "mountPath": "/ro", "readOnly": True})
    found = facts_of(spec(container(volumeMounts=mounts), volumes=VOLUMES))["containers"][0]["mounts"]
    assert [(one["path"], one["read_only"]) for one in found] == [
        ("/host", False), ("/models", True), ("/tls", True), ("/scratch", False), ("/ro", True),
    ]  # fmt: skip
    assert found[0]["volume"] == "host"


def test_a_bare_pods_ephemeral_claim_has_the_pods_name() -> None:
    pod = running("job", spec(volumes=VOLUMES[4:5]), labels={"a": "b"})
    assert facts(pod)["volumes"][0]["claim"] == "job-big"


@pytest.mark.parametrize(
    ("volume", "known"),
    [
        ({"name": "a"}, "emptyDir"),
        ({"name": "a", "emptyDir": None}, "emptyDir"),
        ({"name": "a", "newDisk": None}, "emptyDir"),
        ({"name": "a", "newDisk": {"size": 1}}, None),
        ({"name": "a", "hostpath": {"path": "/"}}, None),
        ({"name": "a", "emptyDir": {}, "newDisk": {}}, None),
        ({"name": "a", "newDisk": False}, None),
    ],
)
def test_a_source_that_isnt_known_is_no_empty_directory(volume: dict[str, Any], known: str | None) -> None:
    [found] = facts_of(spec(volumes=[volume]))["volumes"]
    assert found["type"] == known if known else isinstance(found["type"], Unknown)


def test_a_live_cluster_names_a_source_for_each_volume() -> None:
    """The API server fills in `emptyDir`; without it there is a source that was not decoded."""
    pod = spec(volumes=[{"name": "a", "emptyDir": {}}, {"name": "b", "newDisk": {}}, {"name": "c"}])
    found = facts(running("web", pod), source=LIVE)["volumes"]
    assert found[0]["type"] == "emptyDir"
    assert all(isinstance(one["type"], Unknown) for one in found[1:])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/run/", "/var/run"),
        ("//var//run/./docker.sock/", "/var/run/docker.sock"),
        ("/data/../var/run", "/var/run"),
        ("/../..", "/"),
        ("run/docker.sock", "/run/docker.sock"),
        ("/", "/"),
        (r"\\.\pipe\docker_engine", r"\\.\pipe\docker_engine"),
        ("C:\\data", "C:\\data"),
        ("${DIR}/x", None),
        ("", None),
        (None, None),
    ],
)
def test_folders_of_the_node_are_told_as_the_node_finds_them(path: str | None, expected: str | None) -> None:
    [found] = facts_of(spec(volumes=[{"name": "a", "hostPath": {"path": path}}]))["volumes"]
    assert found["type"] == "hostPath"
    assert found["host_path"] == expected if expected else isinstance(found["host_path"], Unknown)


@given(st.lists(st.sampled_from(["..", ".", "", "run", "docker.sock", "a"]), max_size=8))
def test_a_folder_has_one_spelling(parts: list[str]) -> None:
    def told(path: str) -> Any:
        return facts_of(spec(volumes=[{"name": "a", "hostPath": {"path": path}}]))["volumes"][0]["host_path"]

    once = told("/" + "/".join(parts))
    assert told(once) == once == told(once + "/") == told("/" + once)
    assert once == "/" or all(part not in ("", ".", "..") for part in once[1:].split("/"))


def image(name: str, reference: str | None) -> dict[str, Any]:
    return {"name": name, "image": {"reference": reference}}


DIGEST = "@sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("reference", "tag", "pinned"),
    [
        ("registry.example/models/llm:latest", "latest", False),
        ("registry.example/models/llm", None, False),
        ("registry.example/models/llm:v3", "v3", False),
        ("registry.example/models/llm:v3" + DIGEST, "v3", True),
        ("registry.example/models/llm" + DIGEST, None, True),
    ],
)
def test_an_image_as_a_volume_is_told_as_that_of_a_container(reference: str, tag: str | None, pinned: bool) -> None:
    found = facts_of(spec(volumes=[image("weights", reference)]))
    assert found["image_volumes"] == [{"name": "weights", "image": reference, "image_tag": tag, "image_pinned": pinned}]
    assert found["volumes"][0]["type"] == "image"


@pytest.mark.parametrize("reference", [None, "", "${MODEL}", "not an image"])
def test_an_image_that_cant_be_read_is_not_known(reference: str | None) -> None:
    [found] = facts_of(spec(volumes=[image("weights", reference)]))["image_volumes"]
    assert isinstance(found["image"], Unknown) and isinstance(found["image_pinned"], Unknown)


@pytest.mark.parametrize(
    ("volume", "path", "expected"),
    [
        (image("weights", "registry.example/a/b:1"), "/data", ["model"]),
        (image("data", "registry.example/a/b:1"), "/models", ["model"]),
        (image("data", "registry.example/models/b:1"), "/data", ["model"]),
        (image("data", "registry.example/models/b" + DIGEST), "/data", ["model-pinned"]),
        (image("tools", "registry.example/a/b:1"), "/opt/tools", []),
        ({"name": "models", "persistentVolumeClaim": {"claimName": "models"}}, "/models", []),
    ],
)
def test_a_model_that_is_mounted_as_an_image_is_fetched_at_start(
    volume: dict[str, Any], path: str, expected: list[str]
) -> None:
    mounts = [{"name": volume["name"], "mountPath": path}]
    found = facts_of(spec(container(volumeMounts=mounts), container(name="other"), volumes=[volume]))["containers"]
    assert found[0]["fetches_at_start"] == expected
    assert found[1]["fetches_at_start"] == []


def test_a_mounted_model_of_an_image_that_isnt_known_may_be_pinned_or_not() -> None:
    mounts = [{"name": "model", "mountPath": "/m"}]
    pod = spec(container(volumeMounts=mounts), volumes=[image("model", "${MODEL}")])
    [found] = facts_of(pod)["containers"][0]["fetches_at_start"]
    assert isinstance(found, Unknown)


def test_thousands_of_containers_and_volumes_are_not_compared_with_each_other() -> None:
    many = [image(f"model-{number}", "registry.example/a/b:1") for number in range(10_000)]
    mounts = [{"name": f"model-{number}", "mountPath": "/m"} for number in range(10_000)]
    others = [container(name=f"c{number}", volumeMounts=mounts[:1]) for number in range(1_900)]
    started = process_time()
    found = facts(deployment(spec(container(volumeMounts=mounts), *others, volumes=many)))
    assert process_time() - started < 10
    assert found["containers"][0]["fetches_at_start"] == found["containers"][1900]["fetches_at_start"] == ["model"]
    assert isinstance(found["image_volumes"][-1], Unknown)
