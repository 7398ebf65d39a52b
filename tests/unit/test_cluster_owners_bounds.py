"""Beyond a bound what an owner gives its pods is unknown, and up to it known."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import Document, container, deployment, facts, spec
from tests.unit.test_cluster_owners import by_role, custom, inference, runtime

ADDED = {"name": "cache", "emptyDir": {}}


def pod_defaults(number: int, **said: Any) -> list[Document]:
    body = {"selector": {}, "volumes": [ADDED], **said}
    return [custom("PodDefault", "kubeflow.org/v1alpha1", body, f"d{one:03}") for one in range(number)]


@pytest.mark.parametrize(("number", "known"), [(100, True), (101, False)])
def test_so_many_pod_defaults_of_a_namespace_are_compared_with_a_pod(number: int, known: bool) -> None:
    found = by_role(deployment(), *pod_defaults(number))["Deployment.ml.web"]
    assert ("cache" in [one["name"] for one in found["volumes"] if not isinstance(one, Unknown)]) is known
    assert isinstance(found["host_network"], Unknown) is not known


@pytest.mark.parametrize(("variables", "known"), [(10, True), (2_000, False)])
def test_so_much_is_added_to_all_pods_together(variables: int, known: bool) -> None:
    [default] = pod_defaults(1, env=[{"name": f"V{one}", "value": "x"} for one in range(variables)])
    found = by_role(default, *(deployment(name=f"web-{one:02}") for one in range(60)))
    assert isinstance(found["Deployment.ml.web-00"]["host_network"], bool)
    assert isinstance(found["Deployment.ml.web-59"]["host_network"], Unknown) is not known


@pytest.mark.parametrize(("templates", "known"), [(100, True), (1_001, False)])
def test_so_many_volumes_of_a_workflow_are_given_to_its_templates(templates: int, known: bool) -> None:
    steps = [{"name": f"s{one:04}", "container": container()} for one in range(templates)]
    volumes = [{"name": f"v{one}", "emptyDir": {}} for one in range(100)]
    workflow = custom("Workflow", "argoproj.io/v1alpha1", {"templates": steps, "volumes": volumes})
    first = by_role(workflow)["Workflow.ml.x/s0000"]
    assert len([one for one in first["volumes"] if not isinstance(one, Unknown)]) == (100 if known else 0)
    assert isinstance(first["volumes"][-1], Unknown) is not known


@pytest.mark.parametrize(("letters", "known"), [(1_000, True), (40_000, False)])
def test_a_runtime_so_large_is_copied_for_its_models(letters: int, known: bool) -> None:
    large = runtime("ServingRuntime", annotations={"a": "x" * letters})
    found = by_role(inference({"runtime": "fast"}), large)["InferenceService.ml.llm/predictor"]
    assert isinstance(found["containers"][0]["image"], Unknown) is not known


@pytest.mark.parametrize(("letters", "known"), [(1_000, True), (40_000, False)])
def test_a_configuration_of_seldon_so_large_is_copied_for_its_servers(letters: int, known: bool) -> None:
    pod = {"podSpec": spec(container(args=["x" * letters]))}
    config = custom("ServerConfig", "mlops.seldon.io/v1alpha1", pod, "big")
    [found] = by_role(custom("Server", "mlops.seldon.io/v1alpha1", {"serverConfig": "big"}), config).values()
    assert isinstance(found["containers"][0]["image"], Unknown) is not known


@pytest.mark.parametrize(("replicas", "claims"), [(3, 3), (100, 100), (10**8, 100)])
def test_so_many_claims_of_a_stateful_set_are_named(replicas: int, claims: int) -> None:
    made = deployment(replicas=replicas, volumeClaimTemplates=[{"metadata": {"name": "data"}}])
    volumes = facts({**made, "kind": "StatefulSet"})["volumes"]
    named = [one["claim"] for one in volumes if not isinstance(one["claim"], Unknown)]
    assert named == [f"data-web-{one}" for one in range(claims)]
    assert (len(volumes) > claims) is (replicas > claims)
