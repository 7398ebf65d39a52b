"""Containers of servers for tests, and what is stated of them."""

from typing import Any

from assay.scanner.api import Unknown
from tests.unit.test_software_recognition import fact, software

SECRET = {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
CONFIG = {"valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}
ALL = {"envFrom": [{"configMapRef": {"name": "c"}}]}
VLLM: dict[str, Any] = {"image": "vllm/vllm-openai:v0.9.1"}
JUPYTER: dict[str, Any] = {"image": "quay.io/jupyter/base-notebook:2025-01-01"}
RAY: dict[str, Any] = {"image": "rayproject/ray:2.53.0", "command": ["ray", "start", "--head"]}
MLFLOW: dict[str, Any] = {"image": "acme/mlflow:3", "command": ["mlflow", "server", "--host=0.0.0.0"]}
TRITON: dict[str, Any] = {"image": "nvcr.io/nvidia/tritonserver:24.08-py3", "command": ["tritonserver"]}
TORCHSERVE: dict[str, Any] = {"image": "pytorch/torchserve:0.12.0"}
AIRFLOW: dict[str, Any] = {"image": "apache/airflow:2.10.4", "args": ["webserver"]}
ARGO = "quay.io/argoproj/argocli:v3.6.2"
GRAFANA: dict[str, Any] = {"image": "grafana/grafana:12.0.1"}
QDRANT: dict[str, Any] = {"image": "qdrant/qdrant:v1.14.1"}
WEAVIATE: dict[str, Any] = {"image": "semitechnologies/weaviate:1.31.2"}
MILVUS: dict[str, Any] = {"image": "milvusdb/milvus:v2.5.12", "args": ["milvus", "run", "standalone"]}
MINIO: dict[str, Any] = {"image": "minio/minio:latest", "args": ["server", "/data"]}


def env(**variables: Any) -> dict[str, Any]:
    """Variables: a text, or where it comes from."""
    return {"env": [{"name": k, **(v if isinstance(v, dict) else {"value": v})} for k, v in variables.items()]}


def stated(container: dict[str, Any], name: str, **pod: Any) -> Any:
    [found] = software(container, **pod)
    value = fact(found, name)
    return None if isinstance(value, Unknown) else value


def mounted(path: str, source: dict[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a container and its pod have for a volume at this path."""
    volume = {"name": "v", **(source or {"configMap": {"name": "c"}})}
    return {"volumeMounts": [{"name": "v", "mountPath": path}]}, {"volumes": [volume]}
