"""Servers for AI work: each is known by what it really is, and by nothing that only resembles it."""

from typing import Any

import msgspec
import pytest

from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.pods.objects import Deployment
from assay.detectors.cluster.software.software import known_servers, state
from assay.scanner.api import Known, Location, Resource
from assay.scanner.kinds import registry


def software(container: dict[str, Any], *others: dict[str, Any], **pod: Any) -> list[Resource]:
    """What a Deployment with these containers states."""
    containers = [{"name": "main", **container}, *others]
    template = {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": containers, **pod}}
    document = {"metadata": {"name": "x", "namespace": "ml"}, "spec": {"template": template}}
    objects = Objects("manifests")
    decoded = msgspec.convert(document, Deployment)
    objects.add("apps/Deployment", Placed(object=decoded, place=Location(path="x.yaml", start_line=1, end_line=9)))
    found = list(state(objects))
    for resource in found:
        registry.check(resource)
    return found


def fact(resource: Resource, name: str) -> Any:
    """The known value, or the Unknown."""
    found = resource.facts[name]
    return found.value if isinstance(found, Known) else found


def names(*resources: Resource) -> list[str]:
    return [fact(resource, "software") for resource in resources]


# Image, command, arguments → software.
KNOWN: list[tuple[str, str, list[str], list[str]]] = [
    ("ray", "rayproject/ray:2.44.1", ["/bin/bash", "-lc", "--"], ["ulimit -n 65536; ray start --head --block"]),
    ("ray", "registry.acme.example/images/base:1", ["ray", "start", "--head"], []),
    ("dask", "ghcr.io/dask/dask:2025.5.1", [], ["dask", "scheduler"]),
    ("dask", "acme/base:1", ["dask-scheduler", "--port", "8786"], []),
    ("spark", "apache/spark:4.0.0", ["/opt/spark/sbin/start-history-server.sh"], []),
    ("kubeflow-notebook", "ghcr.io/kubeflow/kubeflow/notebook-servers/jupyter-scipy:v1.10.0", [], []),
    ("jupyterhub-notebook", "acme/hub-user:2", ["jupyterhub-singleuser"], []),
    ("jupyterhub", "quay.io/jupyterhub/k8s-hub:4.2.0", ["jupyterhub", "--config", "/usr/local/x.py"], []),
    ("jupyter", "quay.io/jupyter/scipy-notebook:2025-01-01", [], []),
    ("jupyter", "acme/base:1", ["tini", "-g", "--", "jupyter", "lab", "--ip=0.0.0.0"], []),
    ("jupyter", "acme/base:1", ["python3.11", "-m", "jupyterlab"], []),
    ("jupyter", "acme/base:1", ["sh", "-c", "pip list && exec jupyter notebook --no-browser"], []),
    ("rstudio", "rocker/rstudio:4.4.1", [], []),
    ("code-server", "docker.io/codercom/code-server:4.100.2", [], ["--auth", "none"]),
    ("triton", "nvcr.io/nvidia/tritonserver:24.08-py3", ["tritonserver"], ["--model-repository=/models"]),
    ("torchserve", "pytorch/torchserve:0.12.0", [], []),
    ("tf-serving", "tensorflow/serving:2.18.0", [], []),
    ("bentoml", "acme/triage:1", ["bentoml", "serve", "service:svc"], []),
    ("mlserver", "seldonio/mlserver:1.6.1", [], []),
    ("vllm", "vllm/vllm-openai:v0.9.1", [], ["--model", "org/model"]),
    ("vllm", "mirror.acme.example:5000/hub/vllm/vllm-openai@sha256:" + "a" * 64, [], []),
    ("vllm", "acme/llm:1", ["python", "-m", "vllm.entrypoints.openai.api_server", "--model", "x"], []),
    ("vllm", "acme/llm:1", ["conda", "run", "-n", "llm", "vllm", "serve", "org/model"], []),
    ("vllm", "acme/llm:1", ["bash", "-ec"], ["if [ -d /m ]; then vllm serve /m; fi"]),
    ("sglang", "lmsysorg/sglang:v0.4.7", ["python3", "-m", "sglang.launch_server", "--model-path", "x"], []),
    ("tgi", "ghcr.io/huggingface/text-generation-inference:3.3.4", [], ["--model-id", "x"]),
    ("tei", "ghcr.io/huggingface/text-embeddings-inference:1.7", [], ["--model-id", "x"]),
    ("ollama", "ollama/ollama:0.9.0", [], []),
    ("llama.cpp", "ghcr.io/ggml-org/llama.cpp:server-cuda", [], ["-m", "/m.gguf"]),
    ("nim", "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8", [], []),
    ("litellm", "ghcr.io/berriai/litellm:main-stable", [], ["--config", "/app/config.yaml"]),
    ("open-webui", "ghcr.io/open-webui/open-webui:v0.6.15", [], []),
    ("gradio", "acme/demo:1", ["gradio", "app.py"], []),
    ("streamlit", "acme/demo:1", ["streamlit", "run", "app.py"], []),
    ("mlflow", "ghcr.io/mlflow/mlflow:v3.1.0", ["mlflow", "server", "--host", "0.0.0.0"], []),
    ("mlflow", "acme/tracking:1", ["mlflow"], ["ui"]),
    ("mlflow-model", "acme/model:1", ["mlflow", "models", "serve", "-m", "/model"], []),
    ("tensorboard", "tensorflow/tensorflow:2.19.0", ["tensorboard", "--logdir", "/logs", "--bind_all"], []),
    ("wandb", "wandb/local:0.70.0", [], []),
    ("clearml", "allegroai/clearml:2.1", [], ["apiserver"]),
    ("label-studio", "heartexlabs/label-studio:1.19.0", [], []),
    ("airflow", "apache/airflow:2.10.4", [], ["webserver"]),
    ("airflow", "apache/airflow:3.0.2", [], ["bash", "-c", "exec airflow api-server"]),
    ("argo-workflows", "quay.io/argoproj/argocli:v3.6.2", [], ["server"]),
    ("argo-cd", "quay.io/argoproj/argocd:v3.0.6", ["/usr/local/bin/argocd-server"], []),
    ("prefect", "prefecthq/prefect:3-latest", ["prefect", "server", "start"], []),
    ("dagster", "acme/pipelines:1", ["dagster-webserver", "-h", "0.0.0.0", "-p", "80"], []),
    ("kubeflow-pipelines", "gcr.io/ml-pipeline/api-server:2.3.0", [], []),
    ("kubeflow-dashboard", "docker.io/kubeflownotebookswg/centraldashboard:v1.8.0", [], []),
    ("flyte", "cr.flyte.org/flyteorg/flyteadmin:v1.15.3", ["flyteadmin", "serve"], []),
    ("prometheus", "quay.io/prometheus/prometheus:v3.4.1", [], ["--config.file=/etc/prometheus/prometheus.yml"]),
    ("alertmanager", "prom/alertmanager:v0.28.1", [], []),
    ("grafana", "docker.io/grafana/grafana:12.0.1", [], []),
    ("kibana", "docker.elastic.co/kibana/kibana:8.18.2", [], []),
    ("qdrant", "qdrant/qdrant:v1.14.1", [], []),
    ("qdrant", "qdrant/qdrant:v1.14.1", ["/bin/bash", "-c"], ["./entrypoint.sh"]),
    ("weaviate", "cr.weaviate.io/semitechnologies/weaviate:1.31.2", ["/bin/weaviate"], ["--host", "0.0.0.0"]),
    ("milvus", "milvusdb/milvus:v2.5.12", [], ["milvus", "run", "proxy"]),
    ("chroma", "chromadb/chroma:0.6.3", [], []),
    ("opensearch", "opensearchproject/opensearch:3.0.0", [], []),
    ("elasticsearch", "docker.elastic.co/elasticsearch/elasticsearch:8.18.2", [], []),
    ("pgvector", "pgvector/pgvector:pg17", [], []),
    ("minio", "quay.io/minio/minio:latest", [], ["server", "/data"]),
    ("minio", "minio/minio", ["/bin/sh", "-c", "mkdir -p /data && minio server /data"], []),
    ("feast", "feastdev/feature-server:0.49.0", ["feast", "serve", "-h", "0.0.0.0"], []),
    ("redis", "redis:7.4", [], []),
    ("redis", "mirror.acme.example/dockerhub/library/redis:7.4", ["redis-server"], ["--port", "6380"]),
    ("mlflow", "bitnami/mlflow:3.1.4", [], []),
    ("mlflow", "bitnami/mlflow:3.1.4", [], ["-m", "mlflow", "server"]),
    ("mlflow", "bitnami/mlflow:3.1.4", ["mlflow"], ["server", "--host=0.0.0.0"]),
    ("model-registry", "ghcr.io/kubeflow/model-registry/server:v0.3.5", ["/model-registry", "proxy"], ["--port=8080"]),
    ("model-registry", "ghcr.io/kubeflow/model-registry/server:v0.3.5", [], ["proxy"]),
    ("model-registry", "ghcr.io/kubeflow/model-registry/ui:v0.3.5", [], []),
    ("harbor", "docker.io/goharbor/harbor-core:v2.13.2", [], []),
    ("zenml", "zenmldocker/zenml-server:0.85.0", [], []),
    ("determined", "determinedai/determined-master:0.38.1", [], []),
    ("aim", "aimstack/aim:3.29.1", [], ["up", "--host", "0.0.0.0"]),
    ("aim", "acme/tracking:1", ["aim", "server"], []),
    ("katib-ui", "docker.io/kubeflowkatib/katib-ui:v0.17.0", ["./katib-ui"], ["--port=8080"]),
    ("langflow", "langflowai/langflow:1.4.2", [], []),
    ("langflow", "acme/flows:1", ["python", "-m", "langflow", "run", "--host", "0.0.0.0"], []),
    ("flowise", "flowiseai/flowise:2.2.8", [], []),
    ("comfyui", "yanwk/comfyui-boot:cu126-slim", [], []),
    ("comfyui", "acme/comfyui:1", ["python", "main.py", "--listen"], []),
    ("langfuse", "docker.io/langfuse/langfuse:3", [], []),
    ("zeppelin", "apache/zeppelin:0.12.0", [], []),
    ("localai", "quay.io/go-skynet/local-ai:v3.4.0", [], []),
    ("xinference", "acme/inference:1", ["xinference-local", "-H", "0.0.0.0"], []),
    ("lmdeploy", "openmmlab/lmdeploy:v0.9.2", ["lmdeploy", "serve", "api_server", "org/model"], []),
    ("tensorrt-llm", "nvcr.io/nvidia/tensorrt-llm/release:1.0.0", ["trtllm-serve"], ["org/model"]),
    ("dynamo", "nvcr.io/nvidia/ai-dynamo/vllm-runtime:0.5.0", ["python3", "-m", "dynamo.frontend"], []),
    ("vespa", "vespaengine/vespa:8.567.17", [], []),
    ("neo4j", "neo4j:5.26", [], []),
    ("seldon-scheduler", "docker.io/seldonio/seldon-scheduler:2.9.1", ["/bin/scheduler"], ["--allow-plaintxt=true"]),
    ("seldon-mesh", "seldonio/seldon-envoy:2.9.1", [], []),
]


@pytest.mark.parametrize(("expected", "image", "command", "args"), KNOWN)
def test_a_server_is_known_by_its_image_or_command(
    expected: str, image: str, command: list[str], args: list[str]
) -> None:
    container: dict[str, Any] = {"image": image}
    container |= ({"command": command} if command else {}) | ({"args": args} if args else {})
    assert names(*software(container)) == [expected]


@pytest.mark.parametrize(
    ("image", "command", "args"),
    [
        ("acme/xray:1", [], []),
        ("acme/array-processor:2", ["array-processor", "start", "--head"], []),
        ("acme/ray:1", [], []),
        ("acme/x-ray-viewer/ray-tracer:1", ["ray-tracer"], []),
        ("rayproject/ray:2.44.1", ["ray", "start", "--address=head:6379"], []),
        ("rayproject/ray:2.44.1", ["sleep", "infinity"], []),
        ("dask/dask:2025.5.1", ["dask", "worker", "tcp://scheduler:8786"], []),
        ("acme/jupyter-book:1", ["python", "-m", "http.server"], []),
        ("quay.io/jupyter/scipy-notebook", ["jupyter", "nbconvert", "--execute", "a.ipynb"], []),
        ("acme/base:1", ["python", "-m", "jupyter", "nbconvert"], []),
        ("acme/svllm:1", ["svllm", "serve"], []),
        ("acme/base:1", ["vllm", "bench", "serve"], []),
        ("acme/base:1", ["echo", "vllm serve"], []),
        ("acme/base:1", ["python", "-m", "vllm.entrypoints.cli.benchmark"], []),
        ("apache/airflow:2.10.4", [], ["scheduler"]),
        ("apache/airflow:2.10.4", ["airflow", "db", "migrate"], []),
        ("ghcr.io/mlflow/mlflow:v3.1.0", ["mlflow", "gc"], []),
        ("quay.io/argoproj/argocli:v3.6.2", [], ["submit", "x.yaml"]),
        ("quay.io/argoproj/argocd:v3.0.6", ["argocd-repo-server"], []),
        ("prefecthq/prefect:3-latest", ["prefect", "worker", "start"], []),
        ("minio/minio:latest", ["sh", "-c", "mc alias set a http://minio && mc mb a/b"], []),
        ("redis:7.4", ["sh", "-c", "redis-cli -h cache ping"], []),
        ("acme/redis-exporter:1", [], []),
        ("elasticsearch:8.18.2", ["sleep", "infinity"], []),
        ("wandb/local:0.70.0", ["sh", "-c", "chown -R 1000 /vol && sleep 5"], []),
        ("acme/grafana-dashboards:1", [], []),
        ("acme/prometheus-adapter:1", [], []),
        ("acme/qdrant-backup:1", ["backup"], []),
        ("bitnami/mlflow:3.1.4", ["sleep", "infinity"], []),
        ("acme/model-registry:1", [], []),
        ("acme/scheduler:1", ["/bin/scheduler"], []),
        ("acme/train:1", ["python", "main.py", "--listen"], []),
        ("aimstack/aim:3.29.1", [], ["init"]),
        ("goharbor/harbor-jobservice:v2.13.2", [], []),
        ("neo4j:5.26", ["neo4j-admin", "database", "dump"], []),
        ("${REGISTRY}/${IMAGE}", [], []),
        ("", [], []),
    ],
)
def test_what_only_resembles_a_server_is_none(image: str, command: list[str], args: list[str]) -> None:
    container: dict[str, Any] = {"image": image}
    container |= ({"command": command} if command else {}) | ({"args": args} if args else {})
    assert software(container) == []


def test_every_server_of_the_table_is_tried_here() -> None:
    tried = {name for name, *_ in KNOWN} | {"kserve", "seldon", "ray-serve"}
    assert {server.software for server in known_servers()} == tried


def test_each_container_is_stated_and_two_of_a_kind_are_told_apart() -> None:
    first = {"image": "vllm/vllm-openai:v0.9.1", "args": ["--port", "8001"]}
    second = {"name": "other", "image": "vllm/vllm-openai:v0.9.1", "args": ["--port", "8002"]}
    cache = {"name": "cache", "image": "redis:7.4"}
    found = software(first, second, cache)
    assert [one.address for one in found] == [
        "Deployment.ml.x#vllm:main",
        "Deployment.ml.x#vllm:other",
        "Deployment.ml.x#redis",
    ]
    assert [fact(one, "ports") for one in found] == [[8001], [8002], [6379]]
    assert {fact(one, "workload") for one in found} == {"Deployment.ml.x"}
    assert {one.location for one in found} == {Location(path="x.yaml", start_line=1, end_line=9)}


def test_an_init_container_is_no_server_and_a_sidecar_may_be() -> None:
    init = {"name": "first", "image": "redis:7.4"}
    assert software({"image": "acme/web:1"}, initContainers=[init]) == []
    assert names(*software({"image": "acme/web:1"}, initContainers=[{**init, "restartPolicy": "Always"}])) == ["redis"]


def test_a_script_may_start_the_server_of_a_known_image_so_that_its_settings_are_unknown() -> None:
    [found] = software({"image": "vllm/vllm-openai:v0.9.1", "command": ["/scripts/start.sh"]})
    assert found.facts["authenticated"] != Known(value=False)
    assert not isinstance(found.facts["authenticated"], Known)


@pytest.mark.parametrize("ending", ["\x00", "\\", "'", '"', "$(", "${", "`", "((", "&&&&", "|", ">"])
def test_broken_command_lines_are_read_as_far_as_they_go(ending: str) -> None:
    found = software({"image": "acme/llm:1", "command": ["sh", "-c", f"vllm serve org/model\n{ending}"]})
    assert names(*found) == ["vllm"]


def test_a_command_line_that_is_too_long_makes_the_settings_of_a_known_image_unknown() -> None:
    container = {"image": "vllm/vllm-openai:v0.9.1", "command": ["sh", "-c", "# " + "x" * 70_000]}
    [found] = software(container)
    assert not isinstance(found.facts["authenticated"], Known)
