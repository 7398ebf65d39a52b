"""How files declare that accelerators are shared, and between whom."""

from typing import Any

import pytest

from assay.detectors.cluster.platform import device_plugins
from assay.detectors.cluster.pods import workloads
from assay.detectors.exposure.derive import derive
from assay.scanner.model.fact import Known, Unknown
from tests.unit.cluster_manifests import LIVE, add, facts_of, objects_of

SLICED = "version: v1\nsharing:\n  timeSlicing:\n    resources:\n    - {name: nvidia.com/gpu, replicas: 4}\n"
MPS = SLICED.replace("timeSlicing", "mps")
NONE = "version: v1\nflags: {migStrategy: single}\n"
OPERATOR: dict[str, Any] = {
    "apiVersion": "nvidia.com/v1", "kind": "ClusterPolicy", "metadata": {"name": "cluster-policy"},
    "spec": {"devicePlugin": {"config": {"name": "plugin", "default": "any"}}},
}  # fmt: skip


def config(name: str = "plugin", **data: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "gpu"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def daemon(**env: str) -> dict[str, Any]:
    container = {"name": "plugin", "image": "nvcr.io/nvidia/k8s-device-plugin:v0.17.1",
                 "env": [{"name": key, "value": value} for key, value in env.items()]}  # fmt: skip
    pod = {"containers": [container], "volumes": [{"name": "c", "configMap": {"name": "plugin"}}]}
    meta = {"name": "plugin", "namespace": "gpu"}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta, "spec": {"template": {"spec": pod}}}


def gpu_pod(namespace: str) -> dict[str, Any]:
    container = {"name": "a", "image": "a:1", "resources": {"limits": {"nvidia.com/gpu": 1}}}
    meta = {"name": "a", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [container]}}


def stated(*documents: dict[str, Any], source: str = "manifests") -> dict[str, dict[str, Any]]:
    objects = objects_of("", source=source)
    for document in documents:
        add(objects, document)
    return facts_of(device_plugins.state, objects)


@pytest.mark.parametrize(
    ("text", "sharing"),
    [
        (SLICED, "time-slicing"),
        (MPS, "mps"),
        (NONE, None),
        (SLICED.replace("replicas: 4", "replicas: 1"), None),
        (SLICED.replace("replicas: 4", "replicas: '${REPLICAS}'"), "time-slicing"),
        ("version: v1\nsharing: &a [*a]\nmps: x", "unknown"),
        ("version: v1\nsharing: [timeSlicing]\n", "unknown"),
    ],
)
def test_what_a_configuration_shares(text: str, sharing: str | None) -> None:
    [found] = stated(config(any=text)).values()
    assert isinstance(found["sharing"], Unknown) if sharing == "unknown" else found["sharing"] == sharing


@pytest.mark.parametrize(
    "text", ["version: 2\nmps: 1", "mps: 3", "a: b", "version: v1\nmps: on", "version: v3\nsharing: {mps: {}}"]
)
def test_other_config_maps_are_not_looked_at(text: str) -> None:
    assert stated(config(any=text, number=3)) == {}


def test_a_server_is_not_asked_and_its_config_maps_say_nothing() -> None:
    assert stated(config(any=SLICED), source=LIVE) == {}


def test_the_operators_default_is_for_all_nodes_and_other_keys_for_those_that_are_labelled() -> None:
    found = stated(config(any=SLICED, other=MPS), OPERATOR)
    assert {at: facts["everywhere"] for at, facts in found.items()} == {
        "ConfigMap.gpu.plugin/any": True,
        "ConfigMap.gpu.plugin/other": False,
    }


@pytest.mark.parametrize(
    ("env", "data", "everywhere"),
    [
        ({"DEFAULT_CONFIG": ""}, {"a": SLICED}, [True]),
        ({"DEFAULT_CONFIG": ""}, {"a": SLICED, "default": NONE}, [False, True]),
        ({"DEFAULT_CONFIG": "a"}, {"a": SLICED, "default": NONE}, [True, False]),
        ({"CONFIG_FILE": "/config/config.yaml"}, {"config.yaml": SLICED}, [True]),
    ],
)
def test_the_plugin_alone_uses_its_default_the_only_key_or_the_one_that_is_named_so(
    env: dict[str, str], data: dict[str, str], everywhere: list[bool]
) -> None:
    assert [facts["everywhere"] for facts in stated(config(**data), daemon(**env)).values()] == everywhere


def test_a_configuration_that_nothing_names_may_be_used_or_not() -> None:
    [found] = stated(config(any=SLICED)).values()
    assert isinstance(found["everywhere"], Unknown)


def tenants(*documents: dict[str, Any]) -> Any:
    objects = objects_of("")
    for document in documents:
        add(objects, document)
    made = [*device_plugins.state(objects), *workloads.state(objects)]
    [found] = [one for one in derive(made) if one.kind == "cluster.device-plugin"]
    fact = found.facts["tenants"]
    assert isinstance(fact, Known)
    return fact.value


def test_all_namespaces_that_ask_for_accelerators_share_what_is_for_all_nodes() -> None:
    pods = [gpu_pod("radiology"), gpu_pod("oncology")]
    assert tenants(config(any=SLICED), OPERATOR, *pods) == ["oncology", "radiology"]
    assert tenants(config(any=SLICED), OPERATOR, pods[0]) == ["radiology"]


def test_who_shares_what_is_for_some_nodes_is_unknown_unless_there_is_one_only() -> None:
    pods = [gpu_pod("radiology"), gpu_pod("oncology")]
    assert isinstance(tenants(config(any=SLICED), *pods)[0], Unknown)
    assert isinstance(tenants(config(other=SLICED), OPERATOR, *pods)[0], Unknown)
    assert tenants(config(any=SLICED), pods[0]) == ["radiology"]
