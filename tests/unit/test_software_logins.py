"""Whether servers ask who calls: by what is set, and not known where that isn't seen."""

from typing import Any

import pytest

from tests.unit.software_manifests import (
    AIRFLOW,
    ALL,
    ARGO,
    CONFIG,
    GRAFANA,
    JUPYTER,
    MILVUS,
    MINIO,
    MLFLOW,
    QDRANT,
    RAY,
    SECRET,
    TORCHSERVE,
    TRITON,
    VLLM,
    WEAVIATE,
    env,
    mounted,
    stated,
)

AUTHENTICATED: list[tuple[str, dict[str, Any], bool | None]] = [
    ("Ray asks nobody by default", RAY, False),
    ("Ray with token mode", RAY | env(RAY_AUTH_MODE="token"), True),
    ("Ray before 2.52 ignores it", RAY | env(RAY_AUTH_MODE="token") | {"image": "rayproject/ray:2.44.1"}, False),
    ("Ray's mode from a ConfigMap", RAY | env(RAY_AUTH_MODE=CONFIG), None),
    ("Ray's mode may be among others", RAY | ALL, None),
    ("Dask", {"image": "dask/dask:2025.5.1", "args": ["dask", "scheduler"]}, False),
    (
        "Dask with certificates",
        {"image": "dask/dask:1", "args": ["dask", "scheduler", "--tls-ca-file=a", "--tls-cert=b", "--no-dashboard"]},
        True,
    ),
    (
        "whose pages ask nobody",
        {"image": "dask/dask:1", "args": ["dask", "scheduler", "--tls-ca-file=a", "--tls-cert=b"]},
        False,
    ),
    ("Jupyter makes a token", JUPYTER, True),
    ("Jupyter's token is empty", JUPYTER | {"args": ["start-notebook.sh", "--NotebookApp.token="]}, False),
    ("quoted as in a shell", JUPYTER | {"args": ["start-notebook.py", "--ServerApp.token=''"]}, False),
    (
        "a password in its place",
        JUPYTER | {"args": ["start-notebook.py", "--ServerApp.token=", "--ServerApp.password=argon2:x"]},
        True,
    ),
    ("flags in NOTEBOOK_ARGS", JUPYTER | env(NOTEBOOK_ARGS="--IdentityProvider.token=''"), False),
    ("NOTEBOOK_ARGS from elsewhere", JUPYTER | env(NOTEBOOK_ARGS=CONFIG), None),
    ("a token from a Secret", JUPYTER | env(JUPYTER_TOKEN=SECRET), True),
    (
        "a token by a variable",
        JUPYTER | {"args": ["start-notebook.py", "--ServerApp.token=$(T)"]} | env(T=SECRET),
        True,
    ),
    (
        "unauthenticated access is allowed",
        JUPYTER | {"args": ["start-notebook.py", "--ServerApp.allow_unauthenticated_access=True"]},
        False,
    ),
    ("a Hub's notebook", {"image": "acme/n:1", "command": ["jupyterhub-singleuser"]}, True),
    ("the Hub", {"image": "acme/h:1", "command": ["jupyterhub"]}, True),
    ("the Hub's file", {"image": "acme/h:1", "command": ["jupyterhub", "-f", "/hub.py"]}, None),
    (
        "the Hub's dummy",
        {"image": "acme/h:1", "command": ["jupyterhub", "--JupyterHub.authenticator_class=dummy"]},
        False,
    ),
    ("RStudio", {"image": "rocker/rstudio:4.4.1"}, True),
    ("RStudio without", {"image": "rocker/rstudio:4.4.1"} | env(DISABLE_AUTH="true"), False),
    ("RStudio from a ConfigMap", {"image": "rocker/rstudio:4.4.1"} | env(DISABLE_AUTH=CONFIG), None),
    ("code-server", {"image": "codercom/code-server:4.1"}, True),
    ("code-server without", {"image": "codercom/code-server:4.1", "args": ["--auth", "none"]}, False),
    ("linuxserver's code-server", {"image": "lscr.io/linuxserver/code-server:4.1.1"}, False),
    ("with a password", {"image": "lscr.io/linuxserver/code-server:4.1.1"} | env(PASSWORD=SECRET), True),
    ("Triton", TRITON, False),
    ("TorchServe from 0.11.1 on", TORCHSERVE, True),
    ("TorchServe before", {"image": "pytorch/torchserve:0.11.0"}, False),
    ("TorchServe of no version", {"image": "pytorch/torchserve:latest-gpu"}, None),
    ("a variable that it may not look at", TORCHSERVE | env(TS_DISABLE_TOKEN_AUTHORIZATION="true"), None),
    ("TorchServe's file", TORCHSERVE | {"args": ["torchserve", "--ts-config=/c"]}, None),
    ("by a flag", TORCHSERVE | {"args": ["torchserve", "--start", "--disable-token-auth"]}, False),
    ("TF Serving", {"image": "tensorflow/serving:2.18.0"}, False),
    ("TF Serving with a file", {"image": "tensorflow/serving:2.18.0", "args": ["--ssl_config_file=/c"]}, None),
    ("vLLM", VLLM, False),
    ("vLLM's key by a flag", VLLM | {"args": ["--api-key", "k"]}, True),
    ("from a Secret", VLLM | env(VLLM_API_KEY=SECRET), True),
    ("an empty one", VLLM | env(VLLM_API_KEY=""), False),
    ("perhaps among others", VLLM | {"envFrom": [{"secretRef": {"name": "s"}}]}, None),
    ("others with another prefix", VLLM | {"envFrom": [{"prefix": "APP_", "secretRef": {"name": "s"}}]}, False),
    ("perhaps in a file", VLLM | {"args": ["--config", "/etc/vllm.yaml"]}, None),
    ("perhaps in more arguments", VLLM | {"args": ["--model", "m", "$(EXTRA)"]} | env(EXTRA=CONFIG), None),
    ("arguments that are known", VLLM | {"args": ["--model", "m", "$(EXTRA)"]} | env(EXTRA="--seed=1"), False),
    ("SGLang", {"image": "lmsysorg/sglang:v0.4.7", "command": ["python3", "-m", "sglang.launch_server"]}, False),
    ("TGI's key", {"image": "huggingface/text-generation-inference:3.3"} | env(API_KEY=SECRET), True),
    ("Ollama", {"image": "ollama/ollama:0.9.0"}, False),
    ("llama.cpp's key", {"image": "ggml-org/llama.cpp:server", "args": ["--api-key-file", "/k"]}, True),
    ("LiteLLM's key", {"image": "berriai/litellm:main"} | env(LITELLM_MASTER_KEY=SECRET), True),
    ("LiteLLM's file", {"image": "berriai/litellm:main", "args": ["--config", "/c.yaml"]}, None),
    ("LiteLLM alone", {"image": "berriai/litellm:main"}, False),
    ("Open WebUI", {"image": "open-webui/open-webui:v0.6"}, True),
    ("Open WebUI without accounts", {"image": "open-webui/open-webui:v0.6"} | env(WEBUI_AUTH="False"), False),
    (
        "Open WebUI that believes a header",
        {"image": "open-webui/open-webui:v0.6"} | env(WEBUI_AUTH_TRUSTED_EMAIL_HEADER="X-Email"),
        False,
    ),
    ("Gradio's program decides", {"image": "acme/d:1", "command": ["gradio", "app.py"]}, None),
    ("MLflow", MLFLOW, False),
    ("MLflow with a login", MLFLOW | {"args": ["--app-name", "basic-auth"]}, True),
    ("MLflow with a plug-in", MLFLOW | {"args": ["--app-name=acme-sso"]}, None),
    ("ClearML", {"image": "allegroai/clearml:2.1"}, False),
    ("Airflow", AIRFLOW, True),
    ("its API for everyone", AIRFLOW | env(AIRFLOW__API__AUTH_BACKENDS="airflow.api.auth.backend.default"), False),
    (
        "one of two backends",
        AIRFLOW | env(AIRFLOW__API__AUTH_BACKENDS="airflow.api.auth.backend.session,airflow.api.auth.backend.default"),
        False,
    ),
    ("Airflow 3 for all", AIRFLOW | env(AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True"), False),
    ("Argo's default", {"image": ARGO, "args": ["server"]}, True),
    ("Argo's default of old", {"image": "argoproj/argocli:v2.12.13", "args": ["server"]}, False),
    ("Argo's server mode", {"image": ARGO, "args": ["server", "--auth-mode=server"]}, False),
    ("one of two modes", {"image": ARGO, "args": ["server", "--auth-mode", "sso", "--auth-mode", "server"]}, False),
    ("Argo's single sign-on", {"image": ARGO, "args": ["server", "--auth-mode=sso"]}, True),
    ("Argo's mode from elsewhere", {"image": ARGO, "args": ["server"]} | env(ARGO_AUTH_MODE=CONFIG), None),
    ("Argo CD without", {"image": "a/b:1", "command": ["argocd-server", "--disable-auth"]}, False),
    ("Prefect", {"image": "a/b:1", "command": ["prefect", "server", "start"]}, False),
    (
        "Prefect's password",
        {"image": "a/b:1", "command": ["prefect", "server", "start"]} | env(PREFECT_SERVER_API_AUTH_STRING=SECRET),
        True,
    ),
    ("Dagster", {"image": "a/b:1", "command": ["dagster-webserver"]}, False),
    ("Prometheus", {"image": "prom/prometheus:v3.4.1"}, False),
    ("Prometheus' file", {"image": "prom/prometheus:v3.4.1", "args": ["--web.config.file=/w.yml"]}, None),
    ("Grafana", GRAFANA, True),
    ("Grafana for everyone", GRAFANA | env(GF_AUTH_ANONYMOUS_ENABLED="true"), False),
    ("Grafana that believes a header", GRAFANA | env(GF_AUTH_PROXY_ENABLED="true"), False),
    (
        "from listed addresses",
        GRAFANA | env(GF_AUTH_PROXY_ENABLED="true", GF_AUTH_PROXY_WHITELIST="10.0.0.1"),
        True,
    ),
    ("Kibana's store decides", {"image": "kibana/kibana:8.1.0"}, None),
    ("Qdrant", QDRANT, False),
    ("Qdrant's file", QDRANT | {"args": ["qdrant", "--config-path", "/c.yaml"]}, None),
    ("Qdrant's key", QDRANT | env(QDRANT__SERVICE__API_KEY=SECRET), True),
    ("Weaviate", WEAVIATE, False),
    ("Weaviate's keys", WEAVIATE | env(AUTHENTICATION_APIKEY_ENABLED="true"), True),
    (
        "keys, and everyone",
        WEAVIATE | env(AUTHENTICATION_APIKEY_ENABLED="true", AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED="true"),
        False,
    ),
    ("Milvus", MILVUS, False),
    ("Milvus' login", MILVUS | env(COMMON_SECURITY_AUTHORIZATIONENABLED="true"), True),
    ("Chroma's login", {"image": "chromadb/chroma:0.6.3"} | env(CHROMA_SERVER_AUTHN_PROVIDER="x"), True),
    ("which 1.0 has no more", {"image": "chromadb/chroma:1.0.13"} | env(CHROMA_SERVER_AUTHN_PROVIDER="x"), False),
    ("of no version", {"image": "chromadb/chroma:latest"} | env(CHROMA_SERVER_AUTHN_PROVIDER="x"), None),
    ("OpenSearch", {"image": "opensearchproject/opensearch:3.0.0"}, True),
    ("without", {"image": "opensearchproject/opensearch:3.0.0"} | env(DISABLE_SECURITY_PLUGIN="true"), False),
    ("Elasticsearch 8", {"image": "elasticsearch:8.18.2"}, True),
    ("without, by an argument", {"image": "elasticsearch:8.18.2", "args": ["-Expack.security.enabled=false"]}, False),
    ("Elasticsearch 7", {"image": "elasticsearch:7.17.0"}, False),
    ("PostgreSQL", {"image": "pgvector/pgvector:pg17"}, True),
    ("trusts everyone", {"image": "pgvector/pgvector:pg17"} | env(POSTGRES_HOST_AUTH_METHOD="trust"), False),
    ("MinIO", MINIO, True),
    ("Redis", {"image": "redis:7.4"}, False),
    ("Redis' password", {"image": "redis:7.4", "args": ["--requirepass", "$(P)"]} | env(P=SECRET), True),
    ("a variable that Redis ignores", {"image": "redis:7.4"} | env(REDIS_PASSWORD=SECRET), False),
    ("and Bitnami's script doesn't", {"image": "bitnami/redis:7.4"} | env(REDIS_PASSWORD=SECRET), True),
    ("flags of the stack", {"image": "redis/redis-stack:7.4"} | env(REDIS_ARGS="--requirepass x"), True),
    ("its file", {"image": "redis:7.4", "args": ["/etc/redis.conf"]}, None),
    ("Feast", {"image": "feastdev/feature-server:0.49.0"}, False),
]


@pytest.mark.parametrize(("_name", "container", "expected"), AUTHENTICATED, ids=[one[0] for one in AUTHENTICATED])
def test_whether_a_server_asks_who_calls(_name: str, container: dict[str, Any], expected: bool | None) -> None:
    assert stated(container, "authenticated") is expected


@pytest.mark.parametrize(
    ("container", "path"),
    [
        (QDRANT, "/qdrant/config"),
        (QDRANT, "/qdrant/config/production.yaml"),
        (MILVUS, "/milvus/configs/user.yaml"),
        (JUPYTER, "/etc/jupyter"),
        (TORCHSERVE, "/home/model-server/config.properties"),
        (AIRFLOW, "/opt/airflow/webserver_config.py"),
        (GRAFANA, "/etc/grafana"),
        ({"image": "allegroai/clearml:2.1"}, "/opt/clearml/config"),
        ({"image": "elasticsearch:8.18.2"}, "/usr/share/elasticsearch/config/elasticsearch.yml"),
        ({"image": "redis:7.4"}, "/usr/local/etc/redis"),
    ],
)
def test_a_mounted_configuration_that_is_not_seen_makes_it_unknown(container: dict[str, Any], path: str) -> None:
    more, pod = mounted(path)
    assert stated(container | more, "authenticated", **pod) is None


def test_a_mounted_home_is_no_configuration() -> None:
    more, pod = mounted("/home/jovyan", {"persistentVolumeClaim": {"claimName": "home"}})
    assert stated(JUPYTER | more, "authenticated", **pod) is True


def test_a_variable_wins_over_a_mounted_configuration() -> None:
    more, pod = mounted("/qdrant/config")
    assert stated(QDRANT | more | env(QDRANT__SERVICE__API_KEY=SECRET), "authenticated", **pod) is True
