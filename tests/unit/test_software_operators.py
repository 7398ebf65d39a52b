"""Servers that operators make: Ray clusters, Kubeflow's notebooks, inference services."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from assay.detectors.cluster import table
from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.software.software import state
from assay.scanner.api import Resource, Unknown
from tests.unit.test_software_recognition import fact, names


def stated(api: str, spec: Mapping[str, Any], **meta: Any) -> list[Resource]:
    """What one object of this kind states."""
    document = {"metadata": {"name": "x", "namespace": "ml", **meta}, "spec": spec}
    objects = Objects("manifests")
    objects.add(api, Placed(object=msgspec.convert(document, table.struct_of(api)), place=None))
    return list(state(objects))


def pod(*containers: dict[str, Any]) -> dict[str, Any]:
    return {"template": {"spec": {"containers": [{"name": "main", **one} for one in containers]}}}


def ray(image: str = "rayproject/ray:2.53.0", env: list[dict[str, Any]] | None = None, **spec: Any) -> dict[str, Any]:
    group = pod({"image": image, "env": env or []})
    return {
        "headGroupSpec": {"rayStartParams": {}, **group},
        "workerGroupSpecs": [{"groupName": "gpu", "replicas": 2, "rayStartParams": {}, **group}],
        **spec,
    }


def test_the_head_of_a_ray_cluster_is_stated_and_the_workers_are_not() -> None:
    [head] = stated("ray.io/RayCluster", ray("acme/our-ray:7"))
    assert head.address == "RayCluster.ml.x/head#ray"
    assert fact(head, "ports") == [6379, 8265, 10001]
    assert fact(head, "authenticated") is not True


def test_jobs_and_services_of_ray_have_a_head_each() -> None:
    assert names(*stated("ray.io/RayJob", {"rayClusterSpec": ray()})) == ["ray"]
    service = stated("ray.io/RayService", {"rayClusterConfig": ray()})
    assert [one.address for one in service] == [
        "RayService.ml.x/head#ray",
        "RayService.ml.x/head#ray-serve",
        "RayService.ml.x/workers#ray-serve",
    ]


def test_the_parameters_of_the_head_are_its_flags() -> None:
    spec = ray()
    spec["headGroupSpec"]["rayStartParams"] = {"dashboard-host": "127.0.0.1", "port": "6380"}
    [head] = stated("ray.io/RayCluster", spec)
    assert fact(head, "ports") == [6380, 10001]


@pytest.mark.parametrize(
    ("image", "mode", "expected"),
    [("rayproject/ray:2.53.0", "token", True), ("rayproject/ray:2.44.1", "token", False)],
)
def test_a_ray_cluster_with_token_mode_asks_where_its_version_can(image: str, mode: str, expected: bool) -> None:
    [head] = stated("ray.io/RayCluster", ray(image, [{"name": "RAY_AUTH_MODE", "value": mode}]))
    assert fact(head, "authenticated") is expected


def test_an_older_ray_cluster_asks_nobody() -> None:
    [head] = stated("ray.io/RayCluster", ray("rayproject/ray:2.44.1"))
    assert fact(head, "authenticated") is False


@pytest.mark.parametrize(("mode", "expected"), [("token", True), ("disabled", False)])
def test_the_operator_may_be_told_to_turn_tokens_on(mode: str, expected: bool) -> None:
    options = {"mode": mode}
    for api, spec in (
        ("ray.io/RayCluster", ray(authOptions=options)),
        ("ray.io/RayJob", {"rayClusterSpec": ray(authOptions=options)}),
        ("ray.io/RayService", {"rayClusterConfig": ray(authOptions=options)}),
    ):
        head = stated(api, spec)[0]
        assert fact(head, "authenticated") is expected


def test_a_mesh_s_sidecar_may_stand_first() -> None:
    mesh = {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.26"}
    [found] = stated("kubeflow.org/Notebook", pod(mesh, {"image": "acme/our-notebook:1"}))
    assert names(found) == ["kubeflow-notebook"]


def test_kubeflow_s_notebooks_ask_nobody_themselves() -> None:
    [found] = stated("kubeflow.org/Notebook", pod({"image": "acme/our-notebook:1"}))
    assert names(found) == ["kubeflow-notebook"]
    assert fact(found, "authenticated") is False
    assert fact(found, "ports") == [8888]


def test_only_the_first_container_is_the_notebook() -> None:
    found = stated("kubeflow.org/Notebook", pod({"image": "a:1"}, {"name": "more", "image": "b:1"}))
    assert names(*found) == ["kubeflow-notebook"]


SERVICE = "serving.kserve.io/InferenceService"


def test_an_inference_service_asks_nobody_and_is_published() -> None:
    [found] = stated(SERVICE, {"predictor": {"containers": [{"name": "kserve-container", "image": "acme/risk:1"}]}})
    assert names(found) == ["kserve"]
    assert fact(found, "authenticated") is False
    assert fact(found, "settings") == []


@pytest.mark.parametrize("label", ["networking.kserve.io/visibility", "networking.knative.dev/visibility"])
def test_an_inference_service_may_stay_in_the_cluster(label: str) -> None:
    spec = {"predictor": {"containers": [{"name": "kserve-container", "image": "acme/risk:1"}]}}
    [found] = stated(SERVICE, spec, labels={label: "cluster-local"})
    assert fact(found, "settings") == ["cluster-local"]


def test_the_platform_s_proxy_asks_for_an_inference_service() -> None:
    spec = {"predictor": {"containers": [{"name": "kserve-container", "image": "acme/risk:1"}]}}
    [found] = stated(SERVICE, spec, annotations={"security.opendatahub.io/enable-auth": "true"})
    assert fact(found, "authenticated") is True


def test_what_serves_inside_an_inference_service_is_stated_too_and_its_key_counts() -> None:
    secret = {"secretKeyRef": {"name": "s", "key": "k"}}
    vllm = {
        "name": "kserve-container",
        "image": "vllm/vllm-openai:v0.9.1",
        "args": ["--port=8080"],
        "env": [{"name": "VLLM_API_KEY", "valueFrom": secret}],
        "ports": [{"containerPort": 8080}],
    }
    found = stated(SERVICE, {"predictor": {"containers": [vllm]}})
    assert names(*found) == ["vllm", "kserve"]
    assert [fact(one, "authenticated") for one in found] == [True, True]
    assert [fact(one, "ports") for one in found] == [[8080], [8080]]


def test_what_a_runtime_sets_is_unknown_where_it_is_not_declared() -> None:
    model = {"modelFormat": {"name": "huggingface"}, "args": ["--model-id=x"], "image": "vllm/vllm-openai:v0.9.1"}
    found = stated(SERVICE, {"predictor": {"model": model}})
    assert names(*found) == ["vllm", "kserve"]
    assert all(isinstance(fact(one, "authenticated"), Unknown) for one in found)


def test_seldon_s_deployments_ask_nobody() -> None:
    spec = {
        "predictors": [
            {"name": "main", "componentSpecs": [{"spec": {"containers": [{"name": "m", "image": "acme/m:1"}]}}]}
        ]
    }
    found = stated("machinelearning.seldon.io/SeldonDeployment", spec)
    assert names(*found) == ["seldon"]
    assert fact(found[0], "authenticated") is False
