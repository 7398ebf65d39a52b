"""What AI work a workload does: by its kind of owner, its images, its commands and its labels."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from assay.detectors.cluster.pods.images import parse, path_of
from assay.detectors.cluster.pods.templates import Template

_OWNERS: Mapping[str, str] = {
    "Alertmanager": "monitoring",
    "ClusterServingRuntime": "serving",
    "ClusterWorkflowTemplate": "pipeline",
    "CronWorkflow": "pipeline",
    "Grafana": "monitoring",
    "InferenceGraph": "serving",
    "InferenceService": "serving",
    "JAXJob": "training",
    "LLMInferenceService": "serving",
    "MPIJob": "training",
    "Milvus": "vector-store",
    "Notebook": "notebook",
    "PaddleJob": "training",
    "Prometheus": "monitoring",
    "PyTorchJob": "training",
    "RayCluster": "training",
    "RayJob": "training",
    "RayService": "serving",
    "SeldonDeployment": "serving",
    "SeldonRuntime": "serving",
    "Server": "serving",
    "ServingRuntime": "serving",
    "SparkApplication": "pipeline",
    "ScheduledSparkApplication": "pipeline",
    "TFJob": "training",
    "Tensorboard": "monitoring",
    "TrainJob": "training",
    "Workflow": "pipeline",
    "WorkflowTemplate": "pipeline",
    "XGBoostJob": "training",
}

_IMAGES: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (purpose, re.compile(pattern))
    for purpose, pattern in (
        (
            "serving",
            r"vllm(?:-[\w\-]+)?|text-generation-inference|text-embeddings-inference|tgi|tritonserver|torchserve(?:-kfs)?"
            r"|sglang|ollama|llama\.cpp|llama-cpp-python|mlserver|bentoml|bento-server|lmdeploy|localai|local-ai|litellm"
            r"|ray-llm|huggingfaceserver|sklearnserver|xgbserver|lgbserver|paddleserver|pmmlserver|kserve|nim"
            r"|open-webui|langflow|flowise|comfyui[\w\-]*|xinference|tensorrt-llm|ai-dynamo"
            r"|seldon-(?:envoy|scheduler|modelgateway|pipelinegateway)|tensorflow-model-server|openvino[_\-]model[_\-]server|model_server|aphrodite-engine|infinity",
        ),
        (
            "notebook",
            r"jupyter(?:hub|lab|-[\w\-]+)?|[\w\-]+-notebook|notebook|k8s-singleuser-sample|k8s-hub|code-server|rstudio"
            r"|rstudio-[\w\-]+|kubeflownotebookswg|zeppelin|codeserver[\w\-]*",
        ),
        (
            "pipeline",
            r"airflow|argoexec|argocli|workflow-controller|prefect|dagster[\w\-]*|flyte[\w\-]*|ml-pipeline"
            r"|kfp-[\w\-]+|spark(?:-[\w\-]+)?|mage-?ai|metaflow[\w\-]*|luigi",
        ),
        (
            "registry",
            r"mlflow(?:-[\w\-]+)?|model-registry|clearml(?:-server)?|wandb-local"
            r"|zenml-server|determined-master|aimstack",
        ),
        (
            "vector-store",
            r"qdrant|weaviate|milvus|chroma(?:db|-core)?|pgvector|pgvecto-rs|vespa|vespaengine|lancedb",
        ),
        (
            "monitoring",
            r"prometheus|grafana(?:-[\w\-]+)?|alertmanager|thanos|kube-state-metrics|loki|mimir|tempo|jaeger"
            r"|victoria-metrics|dcgm-exporter|evidently[\w\-]*|langfuse|phoenix",
        ),
        (
            "training",
            r"pytorch-training|tensorflow-training|huggingface-pytorch-training|axolotl|llama-?factory|deepspeed|horovod"
            r"|nemo|katib[\w\-]*|trainer",
        ),
    )
)
"""Whole parts of an image's path, such as `vllm-openai` of `vllm/vllm-openai`; a part that only contains one isn't."""
_PATHS: Mapping[str, str] = {
    "tensorflow/serving": "serving",
    "wandb/local": "registry",
    "pytorch/torchserve": "serving",
}

_COMMANDS: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (purpose, re.compile(rf"(?<![\w\-.]){pattern}(?![\w\-])"))
    for purpose, pattern in (
        (
            "serving",
            r"(?:vllm\s{1,9}serve|vllm\.entrypoints[\w.]{0,60}|text-generation-launcher|tritonserver|torchserve"
            r"|tensorflow_model_server|sglang\.launch_server|ollama\s{1,9}serve|llama-server|mlflow\s{1,9}models\s{1,9}serve"
            r"|serve\s{1,9}run|bentoml\s{1,9}serve|mlserver\s{1,9}start)",
        ),
        (
            "notebook",
            r"(?:jupyter[\s\-](?:lab|notebook|server)|jupyterhub|start-notebook\.(?:sh|py)|start-singleuser\.sh)",
        ),
        (
            "pipeline",
            r"(?:airflow\s{1,9}\w+|prefect\s{1,9}(?:server|worker|agent)|dagster(?:-webserver|-daemon)?|spark-submit)",
        ),
        ("registry", r"mlflow\s{1,9}(?:server|ui)"),
        (
            "training",
            r"(?:torchrun|torch\.distributed\.(?:run|launch)|accelerate\s{1,9}launch|deepspeed|horovodrun"
            r"|(?:[\w./\-]{0,80}/)?(?:train|training|finetune|fine_tune|pretrain|train_[\w]{1,40}|finetune_[\w]{1,40})\.py)",
        ),
    )
)
_LOOKED_AT = 4_000
"""Characters of a command."""
_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/component", "app", "component")
_NAMED = frozenset(["training", "serving", "notebook"])
"""Purposes that a label may name."""


def purposes(template: Template) -> list[str]:
    """Sorted, often none."""
    found = {_OWNERS[template.controller]} if template.controller in _OWNERS else set()
    for container in template.spec.containers or ():
        repository = parse(container.image).repository
        if repository:
            found |= _of_path(path_of(repository)[1])
        text = " ".join((*(container.command or ()), *(container.args or ())))[:_LOOKED_AT]
        found |= _of_command(text)
    found |= {value for label in _LABELS if (value := template.labels.get(label, "")) in _NAMED}
    return sorted(found)


@lru_cache(maxsize=5_000)
def _of_path(path: str) -> frozenset[str]:
    found = {purpose for ending, purpose in _PATHS.items() if path == ending or path.endswith(f"/{ending}")}
    return frozenset(found) | {
        purpose for part in path.split("/")[:8] for purpose, pattern in _IMAGES if pattern.fullmatch(part)
    }


@lru_cache(maxsize=1_000)
def _of_command(text: str) -> frozenset[str]:
    return frozenset(purpose for purpose, pattern in _COMMANDS if pattern.search(text))
