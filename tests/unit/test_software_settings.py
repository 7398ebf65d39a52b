"""What servers' settings say: on, off, and not to be seen, which is neither; and where and how they listen."""

from typing import Any

import pytest

from assay.scanner.api import Unknown
from tests.unit.software_manifests import (
    AIRFLOW,
    ARGO,
    CONFIG,
    GRAFANA,
    JUPYTER,
    MILVUS,
    MINIO,
    QDRANT,
    RAY,
    SECRET,
    TORCHSERVE,
    TRITON,
    VLLM,
    env,
    stated,
)

SETTINGS: list[tuple[str, dict[str, Any], list[str] | None]] = [
    ("vLLM trusts the model's code", VLLM | {"args": ["--trust-remote-code", "--model", "m"]}, ["remote-code"]),
    ("spelt with underscores", VLLM | {"args": ["--trust_remote_code"]}, ["remote-code"]),
    ("of a pinned revision", VLLM | {"args": ["--trust-remote-code", "--revision", "a" * 40]}, []),
    ("of a branch", VLLM | {"args": ["--trust-remote-code", "--revision", "main"]}, ["remote-code"]),
    ("adapters", VLLM | env(VLLM_ALLOW_RUNTIME_LORA_UPDATING="True"), ["runtime-adapters"]),
    ("development", VLLM | env(VLLM_SERVER_DEV_MODE="1"), ["development"]),
    ("development off", VLLM | env(VLLM_SERVER_DEV_MODE="0"), []),
    ("TGI's switch from a ConfigMap", {"image": "text-generation-inference:3"} | env(TRUST_REMOTE_CODE=CONFIG), None),
    ("Triton's models", TRITON | {"args": ["--model-control-mode=explicit"]}, ["model-control"]),
    ("polled", TRITON | {"args": ["--model-control-mode", "poll"]}, ["model-control"]),
    ("fixed", TRITON | {"args": ["--model-control-mode=none"]}, []),
    (
        "restricted on both protocols",
        TRITON
        | {
            "args": [
                "--model-control-mode=explicit",
                "--http-restricted-api=model-repository:k=v",
                "--grpc-restricted-protocol=model-repository:k=v",
            ]
        },
        ["model-control", "restricted"],
    ),
    ("on one only", TRITON | {"args": ["--http-restricted-api=model-repository:k=v"]}, []),
    ("TorchServe's image listens everywhere", TORCHSERVE, ["management"]),
    ("a variable that it may not look at", TORCHSERVE | env(TS_MANAGEMENT_ADDRESS="http://127.0.0.1:8081"), None),
    (
        "lets callers register models",
        TORCHSERVE | {"args": ["torchserve", "--start", "--enable-model-api"]},
        ["management", "model-control"],
    ),
    ("Jupyter for all pages", JUPYTER | {"args": ["start-notebook.py", "--ServerApp.allow_origin=*"]}, ["any-origin"]),
    (
        "Jupyter's check off",
        JUPYTER | {"args": ["start-notebook.py", "--ServerApp.disable_check_xsrf=True"]},
        ["request-check-off"],
    ),
    ("Gradio's link", {"image": "a:1", "command": ["gradio", "a.py"]} | env(GRADIO_SHARE="True"), ["public-link"]),
    ("Airflow's configuration", AIRFLOW | env(AIRFLOW__WEBSERVER__EXPOSE_CONFIG="True"), ["shows-configuration"]),
    ("without what is sensitive", AIRFLOW | env(AIRFLOW__WEBSERVER__EXPOSE_CONFIG="non-sensitive-only"), []),
    ("Argo's server mode", {"image": ARGO, "args": ["server", "--auth-mode=server"]}, ["server-mode"]),
    (
        "Prometheus",
        {"image": "prom/prometheus:v3", "args": ["--web.enable-admin-api", "--web.enable-lifecycle"]},
        ["admin-api", "lifecycle"],
    ),
    ("switched off in words", {"image": "prom/prometheus:v3", "args": ["--web.enable-admin-api=false"]}, []),
    ("Grafana as it comes", GRAFANA, ["default-password"]),
    ("Grafana's password", GRAFANA | env(GF_SECURITY_ADMIN_PASSWORD=SECRET), []),
    (
        "Grafana's visitors",
        GRAFANA
        | env(
            GF_AUTH_ANONYMOUS_ENABLED="true",
            GF_AUTH_ANONYMOUS_ORG_ROLE="Admin",
            GF_SECURITY_ADMIN_PASSWORD=SECRET,
        ),
        ["anonymous-admin"],
    ),
    (
        "who may only look",
        GRAFANA | env(GF_AUTH_ANONYMOUS_ENABLED="true", GF_SECURITY_ADMIN_PASSWORD=SECRET),
        [],
    ),
    ("MinIO as it comes", MINIO, ["default-password"]),
    ("MinIO's password", MINIO | env(MINIO_ROOT_USER=SECRET, MINIO_ROOT_PASSWORD=SECRET), []),
    ("MinIO's manual", MINIO | env(MINIO_ROOT_PASSWORD="minioadmin"), ["default-password"]),
    ("MinIO's file", MINIO | env(MINIO_CONFIG_ENV_FILE="/etc/config.env"), None),
    (
        "Milvus as it comes, with its login on",
        MILVUS | env(COMMON_SECURITY_AUTHORIZATIONENABLED="true"),
        ["default-password"],
    ),
    ("without a login there is no password", MILVUS, []),
    (
        "Milvus' password",
        MILVUS | env(COMMON_SECURITY_AUTHORIZATIONENABLED="true", COMMON_SECURITY_DEFAULTROOTPASSWORD=SECRET),
        [],
    ),
    (
        "Milvus' manual",
        MILVUS | env(COMMON_SECURITY_DEFAULTROOTPASSWORD="Milvus", COMMON_SECURITY_AUTHORIZATIONENABLED="1"),
        ["default-password"],
    ),
    ("Label Studio", {"image": "heartexlabs/label-studio:1"}, ["open-signup"]),
    (
        "by invitation",
        {"image": "heartexlabs/label-studio:1"} | env(LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK="true"),
        [],
    ),
    ("Open WebUI's newcomers wait", {"image": "open-webui/open-webui:1"}, []),
    ("or not", {"image": "open-webui/open-webui:1"} | env(DEFAULT_USER_ROLE="user"), ["open-signup"]),
]


@pytest.mark.parametrize(("_name", "container", "expected"), SETTINGS, ids=[one[0] for one in SETTINGS])
def test_which_settings_hold(_name: str, container: dict[str, Any], expected: list[str] | None) -> None:
    found = stated(container, "settings")
    if expected is None:
        assert [one for one in found if isinstance(one, Unknown)]
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("source", "read_only", "writable"),
    [
        ({"persistentVolumeClaim": {"claimName": "m"}}, False, True),
        ({"persistentVolumeClaim": {"claimName": "m"}}, True, False),
        ({"persistentVolumeClaim": {"claimName": "m", "readOnly": True}}, False, False),
        ({"hostPath": {"path": "/m"}}, False, True),
        ({"emptyDir": {}}, False, False),
        ({"configMap": {"name": "m"}}, False, False),
    ],
)
def test_whether_triton_can_write_to_its_repository(source: dict[str, Any], read_only: bool, writable: bool) -> None:
    container = TRITON | {
        "args": ["--model-repository=/models/live"],
        "volumeMounts": [{"name": "v", "mountPath": "/models", "readOnly": read_only}],
    }
    found = stated(container, "settings", volumes=[{"name": "v", **source}])
    assert ("repository-writable" in found) is writable


def test_a_repository_in_a_bucket_is_no_volume() -> None:
    assert stated(TRITON | {"args": ["--model-repository=s3://acme/models"]}, "settings") == []


@pytest.mark.parametrize(
    ("container", "ports"),
    [
        (VLLM | {"args": ["--port", "9000"]}, [9000]),
        (VLLM | {"args": ["--port=$(PORT)"]} | env(PORT="8123"), [8123]),
        (RAY, [6379, 10001]),
        (RAY | {"command": ["ray", "start", "--head", "--dashboard-host=0.0.0.0"]}, [6379, 8265, 10001]),
        (QDRANT, [6333, 6334]),
        (MINIO | {"args": ["server", "/data", "--console-address", ":9090"]}, [9000, 9090]),
        ({"image": "prom/prometheus:v3", "args": ["--web.listen-address=0.0.0.0:9095"]}, [9095]),
        ({"image": "ollama/ollama:1"} | env(OLLAMA_HOST="0.0.0.0:8080"), [8080]),
        ({"image": "ollama/ollama:1"} | env(OLLAMA_HOST="0.0.0.0"), [11434]),
    ],
)
def test_on_which_ports_it_listens(container: dict[str, Any], ports: list[int]) -> None:
    assert stated(container, "ports") == ports


def test_a_port_from_elsewhere_is_unknown() -> None:
    [port] = stated(VLLM | {"args": ["--port", "$(PORT)"]} | env(PORT=CONFIG), "ports")
    assert isinstance(port, Unknown)


def test_a_start_that_is_not_seen_keeps_the_usual_port_where_it_is_declared() -> None:
    script = VLLM | {"command": ["/start.sh"]}
    assert stated(script | {"ports": [{"containerPort": 8000}]}, "ports") == [8000]
    [port] = stated(script | {"ports": [{"containerPort": 9000}]}, "ports")
    assert isinstance(port, Unknown)


@pytest.mark.parametrize(
    ("container", "tls"),
    [
        (VLLM, False),
        (VLLM | {"args": ["--ssl-certfile=/c", "--ssl-keyfile=/k"]}, True),
        (QDRANT | env(QDRANT__SERVICE__ENABLE_TLS="true"), True),
        (QDRANT | env(QDRANT__SERVICE__ENABLE_TLS=CONFIG), None),
        (MILVUS | env(COMMON_SECURITY_TLSMODE="2"), True),
        ({"image": ARGO, "args": ["server"]}, True),
        ({"image": ARGO, "args": ["server", "--secure=false"]}, False),
        ({"image": "elasticsearch:8.18.2"}, True),
        (VLLM | {"readinessProbe": {"httpGet": {"port": 8000, "scheme": "HTTPS"}}}, True),
        (VLLM | {"readinessProbe": {"httpGet": {"port": 8000, "scheme": "HTTP"}}}, False),
        ({"image": "redis:7.4", "args": ["--tls-port", "6379", "--port", "0"]}, True),
        ({"image": "redis:7.4", "args": ["--tls-port", "6380"]}, False),
    ],
)
def test_whether_it_speaks_tls(container: dict[str, Any], tls: bool | None) -> None:
    assert stated(container, "tls") is tls


@pytest.mark.parametrize(
    ("container", "local"),
    [
        (VLLM, False),
        (VLLM | {"args": ["--host", "127.0.0.1"]}, True),
        (VLLM | {"args": ["--host", "localhost"]}, True),
        (VLLM | {"args": ["--host", "$(H)"]} | env(H=CONFIG), None),
        ({"image": "a:1", "command": ["jupyter", "lab"]}, True),
        (JUPYTER, False),
        ({"image": "a:1", "command": ["mlflow", "server"]}, True),
        ({"image": "a:1", "command": ["tensorboard", "--bind_all"]}, False),
        ({"image": "a:1", "command": ["ollama", "serve"]}, True),
        ({"image": "a:1", "command": ["gradio", "app.py"]}, None),
        ({"image": "a:1", "command": ["gradio", "app.py"]} | env(GRADIO_SERVER_NAME="127.0.0.1"), True),
        (TRITON | {"args": ["--http-address=127.0.0.1"]}, False),
        (TRITON | {"args": ["--http-address=127.0.0.1", "--grpc-address=127.0.0.1"]}, True),
        ({"image": "redis:7.4", "args": ["--protected-mode", "yes"]}, True),
        ({"image": "a:1", "command": ["ollama", "serve"]} | env(OLLAMA_HOST="0.0.0.0"), False),
    ],
)
def test_whether_it_listens_locally(container: dict[str, Any], local: bool | None) -> None:
    assert stated(container, "listens_locally") is local
