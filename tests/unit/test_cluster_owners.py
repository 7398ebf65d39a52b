"""Kinds of operators: which pods they make, under which names, and what only the operator knows."""

from typing import Any

import pytest

from assay.detectors.cluster.owners.owners import OWNERS
from assay.detectors.cluster.table import APIS, BY_ID
from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import LIVE, Document, container, owned, running, spec, stated, values


def custom(kind: str, version: str, body: Any, name: str = "x", **meta: Any) -> Document:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "ml", **meta}, "spec": body}


def by_role(*documents: Document, **options: Any) -> dict[str, dict[str, Any]]:
    return {resource.address: values(resource) for resource in stated(documents, **options)}


def template(*containers: Document, **fields: Any) -> Document:
    return {"metadata": {"labels": {"team": "ml"}}, "spec": spec(*containers, **fields)}


def test_every_kind_of_the_table_that_makes_pods_has_its_templates() -> None:
    assert set(OWNERS) <= set(BY_ID)
    others = {api.id for api in APIS if "workload.pods" in api.states} - set(OWNERS)
    # From these others make pods, or take what is put into them.
    assert others == {"Pod"} | {f"mlops.seldon.io/{kind}" for kind in ("Model", "SeldonConfig", "ServerConfig")}
    assert all(BY_ID[api_id].optional == ("." in api_id.partition("/")[0]) for api_id in OWNERS)


RAY = {
    "headGroupSpec": {"rayStartParams": {"dashboard-host": "0.0.0.0"}, "template": template()},
    "workerGroupSpecs": [{"groupName": "gpu", "replicas": 4, "template": template()}],
}


def test_a_ray_cluster_has_a_head_and_workers() -> None:
    found = by_role(custom("RayCluster", "ray.io/v1", RAY, "search"))
    assert list(found) == ["RayCluster.ml.search/head", "RayCluster.ml.search/workers"]
    head, workers = found.values()
    assert (head["role"], head["replicas"], workers["role"], workers["replicas"]) == ("head", 1, "workers", 4)
    assert head["controller"] == "RayCluster" and head["long_running"] is True
    assert head["labels"] == {
        "ray.io/cluster": "search", "ray.io/group": "headgroup", "ray.io/is-ray-node": "yes",
        "ray.io/node-type": "head", "team": "ml",
    }  # fmt: skip
    assert workers["labels"]["ray.io/group"] == "gpu"
    # The operator adds probes, and shared memory.
    assert head["containers"][0]["liveness_probe"] and head["containers"][0]["readiness_probe"]
    assert [one["memory"] for one in head["volumes"]] == [True]


def test_several_groups_of_workers_have_their_names_and_the_autoscaler_their_number() -> None:
    groups = [{"groupName": name, "template": template()} for name in ("cpu", "gpu")]
    body = RAY | {"workerGroupSpecs": groups, "enableInTreeAutoscaling": True}
    found = by_role(custom("RayCluster", "ray.io/v1", body))
    assert [one["role"] for one in found.values()] == ["head", "workers-cpu", "workers-gpu"]
    assert isinstance(found["RayCluster.ml.x/workers-cpu"]["replicas"], Unknown)
    autoscaler = found["RayCluster.ml.x/head"]["containers"][1]
    assert autoscaler["name"] == "autoscaler" and isinstance(autoscaler["privileged"], Unknown)


def test_ray_jobs_end_and_services_do_not() -> None:
    job = by_role(custom("RayJob", "ray.io/v1", {"rayClusterSpec": RAY, "submitterPodTemplate": template()}))
    assert [one["role"] for one in job.values()] == ["head", "submitter", "workers"]
    assert not any(one["long_running"] for one in job.values())
    service = by_role(custom("RayService", "ray.io/v1", {"rayClusterConfig": RAY}))
    assert all(one["long_running"] for one in service.values())
    assert service["RayService.ml.x/head"]["purpose"] == ["serving"]


def test_live_pods_of_a_ray_cluster_have_their_roles() -> None:
    pods = [
        running(f"x-{group}-{n}", spec(), owned("RayCluster", "x", "ray.io/v1"), labels={
            "ray.io/cluster": "x", "ray.io/group": group, "ray.io/is-ray-node": "yes", "ray.io/node-type": kind,
        })
        for n, group, kind in ((0, "headgroup", "head"), (0, "gpu", "worker"), (1, "gpu", "worker"))
    ]  # fmt: skip
    found = by_role(custom("RayCluster", "ray.io/v1", RAY), *pods, source=LIVE)
    assert {address: one["running"] for address, one in found.items()} == {
        "RayCluster.ml.x/head": 1, "RayCluster.ml.x/workers": 2,
    }  # fmt: skip


def test_a_notebook_gives_its_pod_its_labels() -> None:
    one = custom("Notebook", "kubeflow.org/v1", {"template": template()}, labels={"inject": "yes"})
    [(address, found)] = by_role(one).items()
    assert address == "Notebook.ml.x" and found["purpose"] == ["notebook"] and found["replicas"] == 1
    assert found["labels"] == {"inject": "yes", "notebook-name": "x", "statefulset": "x", "team": "ml"}


@pytest.mark.parametrize(
    ("kind", "field", "version"),
    [
        ("PyTorchJob", "pytorchReplicaSpecs", "v1"),
        ("TFJob", "tfReplicaSpecs", "v1"),
        ("MPIJob", "mpiReplicaSpecs", "v2beta1"),
        ("XGBoostJob", "xgbReplicaSpecs", "v1"),
        ("PaddleJob", "paddleReplicaSpecs", "v1"),
        ("JAXJob", "jaxReplicaSpecs", "v1"),
    ],
)
def test_training_jobs_have_a_workload_for_each_role(kind: str, field: str, version: str) -> None:
    body = {field: {"Worker": {"replicas": 3, "template": template()}, "Master": {"template": template()}}}
    found = by_role(custom(kind, f"kubeflow.org/{version}", body))
    assert {address: one["replicas"] for address, one in found.items()} == {
        f"{kind}.ml.x/master": 1, f"{kind}.ml.x/worker": 3,
    }  # fmt: skip
    assert all(one["purpose"] == ["training"] and not one["long_running"] for one in found.values())
    assert found[f"{kind}.ml.x/worker"]["labels"]["training.kubeflow.org/job-name"] == "x"


def test_what_a_train_jobs_runtime_decides_is_unknown() -> None:
    trainer = {"image": "acme/train:1", "numNodes": 2, "args": ["pip install x"]}
    [(address, found)] = by_role(custom("TrainJob", "trainer.kubeflow.org/v1alpha1", {"trainer": trainer})).items()
    assert address == "TrainJob.ml.x/node" and found["replicas"] == 2
    [node] = found["containers"]
    assert node["image"] == "acme/train:1" and isinstance(node["privileged"], Unknown)
    assert node["fetches_at_start"][0] == "packages" and isinstance(node["fetches_at_start"][1], Unknown)
    for name in ("host_network", "service_account", "context", "token_declared"):
        assert isinstance(found[name], Unknown), name
    assert isinstance(found["volumes"][0], Unknown)


def inference(model: Document | None = None, **predictor: Any) -> Document:
    body = {"predictor": {**predictor, **({"model": model} if model else {})}}
    return custom("InferenceService", "serving.kserve.io/v1beta1", body, "llm")


def test_an_inference_service_with_its_own_container_is_a_pod() -> None:
    one = inference(**spec(container(securityContext={"privileged": True})), minReplicas=2, serviceAccountName="s")
    [(address, found)] = by_role(one).items()
    assert address == "InferenceService.ml.llm/predictor" and found["replicas"] == 2
    assert found["containers"][0]["privileged"] is True and found["service_account"] == "s"
    assert found["labels"] == {"component": "predictor", "serving.kserve.io/inferenceservice": "llm"}
    assert found["purpose"] == ["serving"]


def test_a_model_without_a_known_runtime_leaves_its_container_unknown() -> None:
    model = {"modelFormat": {"name": "huggingface"}, "storageUri": "hf://org/model"}
    [found] = by_role(inference(model)).values()
    fetcher, server = found["containers"]
    assert fetcher["type"] == "init" and fetcher["fetches_at_start"][0] == "model"
    assert server["name"] == "kserve-container"
    for name in ("image", "image_pinned", "privileged", "runs_as_root", "cpu_limited", "liveness_probe"):
        assert isinstance(server[name], Unknown), name
    assert isinstance(found["host_network"], Unknown)


def runtime(kind: str, **fields: Any) -> Document:
    serving = container(name="kserve-container", image="acme/server:1", securityContext={"runAsNonRoot": True})
    return custom(kind, "serving.kserve.io/v1alpha1", {"containers": [serving], **fields}, "fast")


@pytest.mark.parametrize("kind", ["ServingRuntime", "ClusterServingRuntime"])
def test_a_model_gets_its_runtimes_container_with_its_own_settings(kind: str) -> None:
    model = {"runtime": "fast", "storageUri": "pvc://models/llm", "resources": {"limits": {"nvidia.com/gpu": 1}}}
    found = by_role(inference(model), runtime(kind, hostIPC=True))
    one = found["InferenceService.ml.llm/predictor"]
    [server] = one["containers"]
    assert server["image"] == "acme/server:1" and server["runs_as_root"] is False and server["gpus"] == 1
    assert one["host_ipc"] is True
    assert [(volume["claim"], server["mounts"][0]["read_only"]) for volume in one["volumes"]] == [("models", True)]
    alone = found["ServingRuntime.ml.fast" if kind == "ServingRuntime" else "ClusterServingRuntime.fast"]
    assert isinstance(alone["replicas"], Unknown)
    assert isinstance(alone["namespace"], Unknown) == (kind == "ClusterServingRuntime")


def test_what_stands_beside_a_model_is_added_to_its_runtimes_pod() -> None:
    beside = {"containers": [container(name="log", image="acme/log:1")], "volumes": [{"name": "logs", "emptyDir": {}}]}
    cache = runtime("ServingRuntime", volumes=[{"name": "cache", "emptyDir": {}}])
    found = by_role(inference({"runtime": "fast"}, **beside), cache)["InferenceService.ml.llm/predictor"]
    assert [one["image"] for one in found["containers"]] == ["acme/server:1", "acme/log:1"]
    assert [one["name"] for one in found["volumes"]] == ["cache", "logs"]


def test_seldons_prepackaged_servers_are_unknown_and_its_own_pods_are_not() -> None:
    graph = {"name": "clf", "implementation": "SKLEARN_SERVER", "modelUri": "gs://b/m", "children": []}
    body = {
        "predictors": [
            {"name": "main", "replicas": 2, "graph": graph},
            {"name": "own", "graph": {"name": "m"}, "componentSpecs": [{"spec": spec(container(name="m"))}]},
        ]
    }
    found = by_role(custom("SeldonDeployment", "machinelearning.seldon.io/v1", body))
    assert list(found) == ["SeldonDeployment.ml.x/main-clf", "SeldonDeployment.ml.x/own"]
    packaged, own = found.values()
    assert packaged["replicas"] == 2 and isinstance(packaged["containers"][1]["privileged"], Unknown)
    assert packaged["containers"][0]["fetches_at_start"][0] == "model"
    assert own["containers"][0]["privileged"] is False and own["labels"]["seldon-deployment-id"] == "x"


def test_knative_probes_its_container() -> None:
    [found] = by_role(custom("Service", "serving.knative.dev/v1", {"template": template()})).values()
    assert found["containers"][0]["readiness_probe"] is True and isinstance(found["replicas"], Unknown)
    assert found["labels"]["serving.knative.dev/service"] == "x"


WORKFLOW: Document = {
    "serviceAccountName": "runner",
    "volumes": [{"name": "all", "emptyDir": {}}],
    "volumeClaimTemplates": [{"metadata": {"name": "work"}}],
    "templates": [
        {"name": "all", "steps": [[{"name": "a", "template": "train"}]]},
        {"name": "train", "container": {"image": "app:1", "command": ["pip", "install", "x"]},
         "sidecars": [container(name="side")]},
        {"name": "clean", "script": {"image": "python:3", "command": ["python"], "source": "torch.hub.load('a')"},
         "serviceAccountName": "cleaner", "automountServiceAccountToken": False},
        {"name": "both", "containerSet": {"containers": [container(name="a"), container(name="b")]}},
        {"name": "hole", "container": {"image": "{{inputs.parameters.image}}"}},
    ],
}  # fmt: skip


def test_each_template_of_a_workflow_that_runs_containers_is_a_workload() -> None:
    found = by_role(custom("Workflow", "argoproj.io/v1alpha1", WORKFLOW))
    assert list(found) == [f"Workflow.ml.x/{name}" for name in ("both", "clean", "hole", "train")]
    train, clean = found["Workflow.ml.x/train"], found["Workflow.ml.x/clean"]
    assert [one["name"] for one in train["containers"]] == ["main", "side"]
    assert (train["service_account"], clean["service_account"]) == ("runner", "cleaner")
    assert (train["token_declared"], clean["token_declared"]) == (None, False)
    assert train["containers"][0]["fetches_at_start"] == ["packages"]
    assert clean["containers"][0]["fetches_at_start"] == ["code", "model"]
    assert [one["type"] for one in train["volumes"]] == ["emptyDir", "ephemeral"]
    assert isinstance(found["Workflow.ml.x/hole"]["containers"][0]["image"], Unknown)
    assert train["labels"] == {"workflows.argoproj.io/workflow": "x"} and train["purpose"] == ["pipeline"]


def test_templates_and_crons_of_workflows_are_read_alike() -> None:
    for kind in ("WorkflowTemplate", "ClusterWorkflowTemplate"):
        found = by_role(custom(kind, "argoproj.io/v1alpha1", WORKFLOW))
        assert len(found) == 4 and all(one["labels"] == {} for one in found.values())
    cron = by_role(custom("CronWorkflow", "argoproj.io/v1alpha1", {"workflowSpec": WORKFLOW}))
    assert "CronWorkflow.ml.x/train" in cron


def test_a_patched_workflow_is_unknown_in_what_it_does_not_set() -> None:
    body = {"podSpecPatch": "hostNetwork: true", "templates": WORKFLOW["templates"][1:2]}
    [found] = by_role(custom("Workflow", "argoproj.io/v1alpha1", body)).values()
    assert isinstance(found["host_network"], Unknown) and isinstance(found["containers"][0]["privileged"], Unknown)


def test_a_rollout_is_like_a_deployment_or_refers_to_one() -> None:
    [found] = by_role(custom("Rollout", "argoproj.io/v1alpha1", {"replicas": 3, "template": template()})).values()
    assert (found["replicas"], found["update_strategy"]) == (3, "RollingUpdate")
    assert by_role(custom("Rollout", "argoproj.io/v1alpha1", {"workloadRef": {"name": "web"}})) == {}


def test_groups_of_jobs_have_a_workload_for_each_part() -> None:
    volcano = custom("Job", "batch.volcano.sh/v1alpha1", {"tasks": [{"name": "ps", "template": template()}]})
    assert list(by_role(volcano)) == ["Job.ml.x/ps"]
    inner = {"spec": {"template": template()}}
    jobs = custom(
        "JobSet", "jobset.x-k8s.io/v1alpha2", {"replicatedJobs": [{"name": "w", "replicas": 2, "template": inner}]}
    )
    found = by_role(jobs)["JobSet.ml.x/w"]
    assert found["replicas"] == 2 and found["labels"]["jobset.sigs.k8s.io/jobset-name"] == "x"
    groups = {"leaderWorkerTemplate": {"leaderTemplate": template(), "workerTemplate": template()}, "replicas": 2}
    sets = by_role(custom("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1", groups))
    assert [(one["role"], one["long_running"]) for one in sets.values()] == [("leader", True), ("worker", True)]


def test_spark_has_a_driver_and_executors_and_limits_their_memory() -> None:
    body: Document = {
        "image": "apache/spark:3.5", "driver": {"serviceAccount": "spark", "envVars": {"DB_PASSWORD": "x1"}},
        "executor": {"instances": 5, "gpu": {"name": "nvidia.com/gpu", "quantity": 1}, "coreLimit": "2"},
    }  # fmt: skip
    found = by_role(custom("SparkApplication", "sparkoperator.k8s.io/v1beta2", body))
    driver, executor = found["SparkApplication.ml.x/driver"], found["SparkApplication.ml.x/executor"]
    # Whether executors have the driver's account depends on the version.
    assert driver["service_account"] == "spark" and isinstance(executor["service_account"], Unknown)
    assert driver["containers"][0]["plain_secret_environment"][0] == "DB_PASSWORD"
    assert executor["replicas"] == 5 and executor["containers"][0]["gpus"] == 1
    limits = [
        (one["containers"][0]["memory_limited"], one["containers"][0]["cpu_limited"]) for one in (driver, executor)
    ]
    assert limits == [(True, False), (True, True)]
    assert driver["containers"][0]["privileged"] is False
    again = custom("ScheduledSparkApplication", "sparkoperator.k8s.io/v1beta2", {"template": body})
    assert len(by_role(again)) == 2


@pytest.mark.parametrize(("kind", "name"), [("Prometheus", "prometheus"), ("Alertmanager", "alertmanager")])
def test_the_prometheus_operators_pods_are_known_in_part(kind: str, name: str) -> None:
    body = {"replicas": 2, "hostNetwork": True, "containers": [{"name": name, "securityContext": {"privileged": True}}]}
    [found] = by_role(custom(kind, "monitoring.coreos.com/v1", body)).values()
    assert found["replicas"] == 2 and found["host_network"] is True and found["purpose"] == ["monitoring"]
    [one] = found["containers"]
    assert one["privileged"] is True and isinstance(one["image"], Unknown)
    assert found["labels"]["app.kubernetes.io/name"] == name and isinstance(found["service_account"], Unknown)


def test_grafana_and_milvus_are_known_in_part() -> None:
    patch = {"deployment": {"spec": {"template": {"spec": spec(container(name="grafana"))}}}}
    [found] = by_role(custom("Grafana", "grafana.integreatly.org/v1beta1", patch)).values()
    assert found["purpose"] == ["monitoring"] and isinstance(found["containers"][0]["privileged"], Unknown)
    [found] = by_role(custom("Grafana", "grafana.integreatly.org/v1beta1", {})).values()
    assert isinstance(found["containers"][0]["image"], Unknown)
    body = {"components": {"image": "milvusdb/milvus:v2.4"}}
    [found] = by_role(custom("Milvus", "milvus.io/v1beta1", body)).values()
    assert found["purpose"] == ["vector-store"] and found["containers"][0]["image_tag"] == "v2.4"


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("Prometheus", "monitoring.coreos.com/v1"),
        ("Alertmanager", "monitoring.coreos.com/v1"),
        ("Grafana", "grafana.integreatly.org/v1beta1"),
        ("Milvus", "milvus.io/v1beta1"),
    ],
)
def test_operators_give_pods_nothing_of_the_nodes_unasked(kind: str, version: str) -> None:
    [found] = by_role(custom(kind, version, {})).values()
    assert [found[name] for name in ("host_network", "host_pid", "host_ipc", "host_users")] == [False] * 3 + [True]


def test_a_deployment_config_rolls() -> None:
    body = {"template": template(), "strategy": {"type": "Rolling"}}
    [resource] = stated([custom("DeploymentConfig", "apps.openshift.io/v1", body)])
    assert values(resource)["update_strategy"] == "RollingUpdate" and resource.aliases == ("Pod.ml.x.team-ml",)


@pytest.mark.parametrize("api_id", sorted(OWNERS))
def test_an_empty_object_of_any_kind_states_nothing_false(api_id: str) -> None:
    group, _, kind = api_id.rpartition("/")
    empty: Document = {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": {},
    }
    for one in by_role(empty, empty | {"spec": None}).values():
        for made in one["containers"]:
            assert isinstance(made["image"], Unknown)
