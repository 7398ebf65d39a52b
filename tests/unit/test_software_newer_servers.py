"""What settings say of registries, builders of flows, and servers of models that came later."""

from typing import Any

import pytest

from tests.unit.software_manifests import CONFIG, SECRET, env, mounted, stated

REGISTRY: dict[str, Any] = {"image": "ghcr.io/kubeflow/model-registry/server:v0.3.5", "args": ["proxy"]}
UI: dict[str, Any] = {"image": "ghcr.io/kubeflow/model-registry/ui:v0.3.5"}
ZENML: dict[str, Any] = {"image": "zenmldocker/zenml-server:0.85.0"}
FLOWISE: dict[str, Any] = {"image": "flowiseai/flowise:2.2.8"}
NEO4J: dict[str, Any] = {"image": "neo4j:5.26"}
XINFERENCE: dict[str, Any] = {"image": "x/inference:1", "command": ["xinference-local", "-H", "0.0.0.0"]}
SCHEDULER: dict[str, Any] = {"image": "seldonio/seldon-scheduler:2.9.1", "command": ["/bin/scheduler"]}
COMFYUI: dict[str, Any] = {"image": "acme/comfyui:1", "command": ["python", "main.py"]}


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (REGISTRY, False),
        (UI, False),
        (UI | {"args": ["--auth-method=user_token"]}, True),
        ({"image": "bitnami/mlflow:3.1.4"}, None),
        (ZENML, True),
        (ZENML | env(ZENML_SERVER_AUTH_SCHEME="NO_AUTH"), False),
        (ZENML | env(ZENML_SERVER_AUTH_SCHEME=CONFIG), None),
        ({"image": "aimstack/aim:3", "args": ["up", "--host=0.0.0.0"]}, False),
        ({"image": "langflowai/langflow:1.4.2"}, False),
        ({"image": "langflowai/langflow:1.11.0"}, None),
        ({"image": "langflowai/langflow:latest"} | env(LANGFLOW_AUTO_LOGIN="false"), True),
        ({"image": "langflowai/langflow:1.11.0"} | env(LANGFLOW_AUTO_LOGIN="true"), False),
        (FLOWISE, False),
        (FLOWISE | env(FLOWISE_USERNAME="admin"), False),
        (FLOWISE | env(FLOWISE_USERNAME="admin", FLOWISE_PASSWORD=SECRET), True),
        ({"image": "flowiseai/flowise:3.0.4"}, True),
        ({"image": "flowiseai/flowise:latest"}, None),
        ({"image": "ghcr.io/ai-dock/comfyui:v2"}, True),
        ({"image": "ghcr.io/ai-dock/comfyui:v2"} | env(WEB_ENABLE_AUTH="false"), False),
        ({"image": "apache/zeppelin:0.12.0"}, False),
        ({"image": "localai/localai:v3"}, False),
        ({"image": "localai/localai:v3"} | env(LOCALAI_API_KEY=SECRET), True),
        (XINFERENCE, False),
        (XINFERENCE | {"args": ["--auth-config", "/etc/users.json"]}, True),
        ({"image": "x:1", "command": ["lmdeploy", "serve", "api_server", "m", "--api-keys", "$(KEY)"]}, True),
        ({"image": "x:1", "command": ["trtllm-serve", "m", "--host", "0.0.0.0"]}, False),
        ({"image": "x:1", "command": ["python", "-m", "dynamo.frontend"]}, False),
        ({"image": "vespaengine/vespa:8"}, False),
        ({"image": "vespaengine/vespa:8"} | env(VESPA_TLS_CONFIG_FILE="/tls/config.json"), None),
        (NEO4J, True),
        (NEO4J | env(NEO4J_AUTH="none"), False),
        (NEO4J | env(NEO4J_AUTH=SECRET), None),
        (NEO4J | env(NEO4J_dbms_security_auth__enabled="false"), False),
        (SCHEDULER, False),
        (SCHEDULER | {"args": ["--allow-plaintxt=$(ALLOW_PLAINTXT)"]} | env(ALLOW_PLAINTXT="false"), True),
    ],
)
def test_whether_newer_servers_ask_who_calls(container: dict[str, Any], expected: bool | None) -> None:
    assert stated(container, "authenticated") is expected


def test_zeppelin_users_that_are_mounted_are_not_seen() -> None:
    container, pod = mounted("/opt/zeppelin/conf/shiro.ini")
    assert stated({"image": "apache/zeppelin:0.12.0"} | container, "authenticated", **pod) is None


@pytest.mark.parametrize(
    ("container", "local"),
    [
        (COMFYUI, True),
        (COMFYUI | {"args": ["--listen"]}, False),
        (COMFYUI | {"args": ["--listen", "127.0.0.1"]}, True),
        ({"image": "yanwk/comfyui-boot:cu126-slim"}, None),
        ({"image": "aimstack/aim:3", "args": ["up"]}, True),
        ({"image": "aimstack/aim:3", "args": ["server"]}, False),
        ({"image": "x:1", "command": ["trtllm-serve", "m"]}, True),
        ({"image": "langflowai/langflow:1"}, False),
        ({"image": "x:1", "command": ["langflow", "run"]}, True),
    ],
)
def test_whether_newer_servers_listen_locally(container: dict[str, Any], local: bool | None) -> None:
    assert stated(container, "listens_locally") is local


@pytest.mark.parametrize(
    ("container", "settings"),
    [
        ({"image": "goharbor/harbor-core:v2"} | env(HARBOR_ADMIN_PASSWORD="Harbor12345"), ["default-password"]),
        ({"image": "goharbor/harbor-core:v2"} | env(HARBOR_ADMIN_PASSWORD=SECRET), []),
        ({"image": "langfuse/langfuse:3"}, ["open-signup"]),
        ({"image": "langfuse/langfuse:3"} | env(AUTH_DISABLE_SIGNUP="true"), []),
        ({"image": "langflowai/langflow:1"} | env(LANGFLOW_NEW_USER_IS_ACTIVE="true"), ["open-signup"]),
    ],
)
def test_which_settings_of_newer_servers_hold(container: dict[str, Any], settings: list[str]) -> None:
    assert stated(container, "settings") == settings


def test_seldons_scheduler_listens_for_certificates_only_where_plain_connections_are_off() -> None:
    assert stated(SCHEDULER, "ports") == [9002, 9004, 9005, 9008, 9044, 9055]
    assert stated(SCHEDULER | {"args": ["--allow-plaintxt=false"]}, "ports") == [9044, 9055]
