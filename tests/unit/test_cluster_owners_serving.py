"""Kinds of KServe, Kubeflow and Seldon Core 2 that serve models or add to pods."""

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import Document, container, spec
from tests.unit.test_cluster_owners import by_role, custom


def test_a_service_of_a_language_model_is_made_from_its_template_and_the_operators_configuration() -> None:
    body = {
        "model": {"uri": "hf://org/model", "lora": {"adapters": [{"uri": "s3://acme/adapter"}, {}]}},
        "replicas": 3,
        "template": spec(container(name="main", image="vllm/vllm-openai:v0.11")),
        "worker": spec(container(name="main")),
        "prefill": {"scaling": {}, "template": spec(container(name="main"))},
        "router": {"route": {}, "scheduler": {}},
    }
    found = by_role(custom("LLMInferenceService", "serving.kserve.io/v1alpha1", body))
    at = "LLMInferenceService.ml.x"
    assert list(found) == [at, f"{at}/prefill", f"{at}/scheduler", f"{at}/worker"]
    assert found[at]["replicas"] == 3 and isinstance(found[f"{at}/prefill"]["replicas"], Unknown)
    assert found[at]["labels"]["app.kubernetes.io/name"] == "x"
    assert [one["name"] for one in found[at]["containers"]] == ["storage-initializer"] * 2 + ["main"]
    assert found[at]["containers"][0]["fetches_at_start"][0] == "model"
    assert found[at]["containers"][2]["image"] == "vllm/vllm-openai:v0.11"
    assert isinstance(found[at]["containers"][2]["readiness_probe"], Unknown)
    assert isinstance(found[f"{at}/scheduler"]["containers"][0]["image"], Unknown)


def test_a_language_model_without_a_template_has_pods_all_the_same() -> None:
    found = by_role(custom("LLMInferenceService", "serving.kserve.io/v1alpha2", {"model": {"uri": "pvc://models/llm"}}))
    [pods] = found.values()
    known = [one for one in pods["volumes"] if not isinstance(one, Unknown)]
    assert pods["purpose"] == ["serving"] and [one["claim"] for one in known] == ["models"]
    assert isinstance(pods["containers"][0]["privileged"], Unknown)


def test_an_inference_graph_is_one_router() -> None:
    [pods] = by_role(custom("InferenceGraph", "serving.kserve.io/v1alpha1", {"nodes": {"root": {}}})).values()
    assert (pods["role"], pods["labels"]["serving.kserve.io/inferencegraph"]) == ("router", "x")
    assert isinstance(pods["containers"][0]["image"], Unknown)


@pytest.mark.parametrize(
    ("path", "claim"), [("pvc://logs/run1", "logs"), ("/logs", "tb-volume"), ("s3://acme/logs", None)]
)
def test_a_tensorboard_mounts_the_claim_of_its_logs_read_only(path: str, claim: str | None) -> None:
    body = {"logspath": path}
    [pods] = by_role(custom("Tensorboard", "tensorboard.kubeflow.org/v1alpha1", body, "runs")).values()
    assert pods["labels"] == {"app": "runs"}
    [board] = pods["containers"]
    assert [one["number"] for one in board["ports"] if not isinstance(one, Unknown)] == [6006]
    known = [one for one in pods["volumes"] if not isinstance(one, Unknown)]
    assert [one["claim"] for one in known] == ([] if claim is None else [claim])
    assert all(one["read_only"] for one in board["mounts"] if not isinstance(one, Unknown))


SELDON = "mlops.seldon.io/v1alpha1"
SERVER_POD = spec(
    container(name="rclone", image="rclone/rclone:1.68"),
    container(
        name="agent",
        image="seldonio/seldon-agent:2.9",
        env=[{"name": "SELDON_SERVER_CAPABILITIES", "value": "mlserver,sklearn"}],
    ),
    container(name="mlserver", image="seldonio/mlserver:1.6"),
)


def test_a_seldon_server_is_its_configuration_with_its_own_laid_over_and_the_models_that_it_may_load() -> None:
    body = {
        "serverConfig": "mlserver",
        "replicas": 2,
        "podSpec": {"serviceAccountName": "own"},
        "imageOverrides": {"agent": {"image": "mirror/seldon-agent:2.9"}},
    }
    models = (
        custom("Model", SELDON, {"storageUri": "gs://acme/iris", "requirements": ["sklearn"]}, "iris"),
        custom("Model", SELDON, {"storageUri": "gs://acme/net", "requirements": ["triton"]}, "net"),
        custom("Model", SELDON, {"storageUri": "gs://acme/other", "server": "other"}, "other"),
    )
    config = custom("ServerConfig", SELDON, {"podSpec": SERVER_POD}, "mlserver")
    [pods] = by_role(custom("Server", SELDON, body), config, *models).values()
    assert (pods["replicas"], pods["service_account"]) == (2, "own")
    assert pods["labels"]["seldon-server-name"] == "x"
    images = {one["name"]: one["image"] for one in pods["containers"]}
    assert images["agent"] == "mirror/seldon-agent:2.9" and images["mlserver"] == "seldonio/mlserver:1.6"
    fetchers = [one for one in pods["containers"] if one["name"] == "storage-initializer"]
    assert [one["fetches_at_start"][0] for one in fetchers] == ["model"]


def test_a_seldon_server_whose_configuration_is_not_there_is_mostly_unknown() -> None:
    [pods] = by_role(custom("Server", SELDON, {"serverConfig": "triton"})).values()
    assert isinstance(pods["containers"][0]["image"], Unknown) and pods["replicas"] == 1


def test_a_seldon_runtime_has_the_parts_of_its_configuration_or_those_that_are_known() -> None:
    runtime = {"seldonConfig": "default", "overrides": [{"name": "hodometer", "disable": True}]}
    alone = by_role(custom("SeldonRuntime", SELDON, runtime))
    at = "SeldonRuntime.ml.x"
    assert f"{at}/seldon-scheduler" in alone and f"{at}/hodometer" not in alone
    [scheduler] = alone[f"{at}/seldon-scheduler"]["containers"]
    assert {one["number"] for one in scheduler["ports"] if not isinstance(one, Unknown)} >= {9002, 9004}
    assert alone[f"{at}/seldon-scheduler"]["labels"] == {"app.kubernetes.io/name": "seldon-scheduler"}
    parts = [{"name": "seldon-envoy", "replicas": 2, "podSpec": spec(container(name="envoy", image="e:1"))}]
    config = custom("SeldonConfig", SELDON, {"components": parts}, "default")
    [envoy] = by_role(custom("SeldonRuntime", SELDON, runtime), config).values()
    assert (envoy["role"], envoy["replicas"]) == ("seldon-envoy", 2)
    assert envoy["containers"][0]["image"] == "e:1" and envoy["containers"][0]["privileged"] is False


def test_what_was_not_listed_of_seldon_leaves_open_what_is_made_of_it() -> None:
    config = custom("ServerConfig", SELDON, {"podSpec": SERVER_POD}, "mlserver")
    server = custom("Server", SELDON, {"serverConfig": "mlserver"})
    [whole] = by_role(server, config).values()
    [pods] = by_role(server, config, missing={"mlops.seldon.io/Model": "403"}).values()
    assert [one["name"] for one in pods["containers"]] == ["model", *(one["name"] for one in whole["containers"])]
    assert isinstance(pods["containers"][0]["image"], Unknown)
    runtime = custom("SeldonRuntime", SELDON, {"seldonConfig": "default"})
    [part] = by_role(runtime, missing={"mlops.seldon.io/SeldonConfig": "403"}).values()
    assert part["role"] == "" and isinstance(part["containers"][0]["image"], Unknown)


def test_models_and_configurations_of_seldon_make_no_pods_by_themselves() -> None:
    model = custom("Model", SELDON, {"storageUri": "gs://acme/iris"})
    assert by_role(model, custom("ServerConfig", SELDON, {"podSpec": SERVER_POD})) == {}


def test_a_pod_default_is_added_to_the_pods_that_its_selector_takes() -> None:
    body = {
        "selector": {"matchLabels": {"access-minio": "true"}},
        "env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "minio", "key": "k"}}}, {"name": "HOME"}],
        "serviceAccountName": "trusted",
        "volumes": [{"name": "creds", "secret": {"secretName": "minio"}}],
        "volumeMounts": [{"name": "creds", "mountPath": "/creds"}],
    }
    default = custom("PodDefault", "kubeflow.org/v1alpha1", body, "minio")

    def notebook(name: str, **labels: str) -> Document:
        own = spec(container(env=[{"name": "HOME", "value": "/h"}]))
        return custom("Notebook", "kubeflow.org/v1", {"template": {"spec": own}}, name, labels=labels)

    found = by_role(default, notebook("a", **{"access-minio": "true"}), notebook("b"))
    taken, other = found["Notebook.ml.a"], found["Notebook.ml.b"]
    assert (taken["service_account"], other["service_account"]) == ("trusted", "default")
    assert (
        taken["containers"][0]["secret_environment"] == ["KEY"] and other["containers"][0]["secret_environment"] == []
    )
    assert [one["path"] for one in taken["containers"][0]["mounts"]] == ["/creds"]
    assert [one["type"] for one in taken["volumes"]] == ["secret"] and other["volumes"] == []


def test_a_pod_default_of_another_namespace_is_not() -> None:
    body = {"selector": {}, "serviceAccountName": "trusted"}
    default = custom("PodDefault", "kubeflow.org/v1alpha1", body, namespace="web")
    [found] = by_role(default, custom("Notebook", "kubeflow.org/v1", {"template": {"spec": spec()}})).values()
    assert found["service_account"] == "default"
