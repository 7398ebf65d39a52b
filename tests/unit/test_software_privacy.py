"""Nothing of what a container is told leaves the detector, and nothing that it is told breaks it."""

from time import process_time
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.pods.objects import Deployment
from assay.detectors.cluster.software.commands import parse
from assay.detectors.cluster.software.software import known_servers, state
from assay.scanner.kinds import registry

MARK = "zq7-PLANTED-31"


def planted(server: Any) -> dict[str, Any]:
    """A container of this server with a mark in each argument, variable and path."""
    image = next(iter(server.images), "acme/base").replace("*", "x")
    command = next((one.split() for one in server.commands if not one.startswith("-m")), [])
    flags = [
        f"--{name}={MARK}"
        for name in (
            "api-key", "model", "host", "port", "auth-mode", "app-name", "requirepass", "revision", "config",
            "upstream", "ServerApp.token", "web.config.file", "model-repository", "model-control-mode",
            "dashboard-host", "certs-dir",
        )
    ]  # fmt: skip
    variables = (
        "VLLM_API_KEY", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "JUPYTER_TOKEN", "NOTEBOOK_ARGS", "API_KEY",
        "LITELLM_MASTER_KEY", "PORT", "OLLAMA_HOST", "AIRFLOW__API__AUTH_BACKENDS",
        "AIRFLOW__WEBSERVER__EXPOSE_CONFIG", "ARGO_AUTH_MODE", "REDIS_ARGS", "GF_SECURITY_ADMIN_PASSWORD",
        "GF_AUTH_ANONYMOUS_ORG_ROLE", "GF_AUTH_ANONYMOUS_ENABLED", "GF_SERVER_HTTP_PORT",
        "QDRANT__SERVICE__API_KEY", "QDRANT__SERVICE__ENABLE_TLS", "QDRANT__SERVICE__HTTP_PORT",
        "MINIO_ROOT_PASSWORD", "COMMON_SECURITY_TLSMODE", "COMMON_SECURITY_AUTHORIZATIONENABLED",
        "POSTGRES_HOST_AUTH_METHOD", "PGPORT", "DISABLE_AUTH", "TS_MANAGEMENT_ADDRESS", "TS_INFERENCE_ADDRESS",
        "TRUST_REMOTE_CODE", "REVISION", "PREFECT_SERVER_API_AUTH_STRING", "GRADIO_SERVER_NAME", "GRADIO_SHARE",
        "WEBUI_AUTH", "DEFAULT_USER_ROLE", "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED",
    )  # fmt: skip
    return {
        "name": "main",
        "image": f"{image}:1.2.3",
        **({"command": command} if command else {}),
        "args": flags,
        "env": [{"name": name, "value": f"{MARK}-{name}"} for name in variables],
        "volumeMounts": [{"name": "v", "mountPath": f"/{MARK}"}],
    }


def of(container: Any, *others: Any) -> Objects:
    objects = Objects("manifests")
    document = {"metadata": {"name": "x"}, "spec": {"template": {"spec": {"containers": [container, *others]}}}}
    objects.add("apps/Deployment", Placed(object=msgspec.convert(document, Deployment)))
    return objects


def test_no_argument_and_no_value_of_a_variable_is_in_any_fact() -> None:
    front = {
        "name": "front",
        "image": "quay.io/oauth2-proxy/oauth2-proxy:v7",
        "args": [f"--upstream=http://127.0.0.1:{MARK}", f"--skip-auth-route={MARK}", f"--http-address={MARK}"],
    }
    seen = set()
    for server in known_servers():
        for resource in state(of(planted(server), front)):
            seen.add(server.software)
            assert MARK not in msgspec.json.encode(resource).decode()
    assert len(seen) > 40


TEXT = st.text(alphabet=st.characters(codec="utf-8"), max_size=30)
WORDS = st.one_of(
    TEXT,
    st.sampled_from(
        [
            *sorted({word for server in known_servers() for one in server.commands for word in one.split()}),
            *("--port", "--host", "-c", "sh", "bash", "exec", "env", "--", "$(X)", "${X}", "'", '"', "X=1"),
        ]
    ),
)
CONTAINERS = st.fixed_dictionaries(
    {"name": TEXT},
    optional={
        "image": st.one_of(TEXT, st.sampled_from(sorted({i for s in known_servers() for i in s.images}))),
        "command": st.lists(WORDS, max_size=8),
        "args": st.lists(WORDS, max_size=8),
        "env": st.lists(
            st.fixed_dictionaries(
                {}, optional={"name": st.one_of(TEXT, st.sampled_from(["X", "PORT", "OLLAMA_HOST"])), "value": TEXT}
            ),
            max_size=4,
        ),
        "envFrom": st.lists(st.fixed_dictionaries({}, optional={"prefix": TEXT}), max_size=2),
        "ports": st.lists(st.fixed_dictionaries({}, optional={"containerPort": st.integers() | TEXT}), max_size=2),
        "volumeMounts": st.lists(st.fixed_dictionaries({}, optional={"name": TEXT, "mountPath": TEXT}), max_size=2),
    },
)


@settings(max_examples=300, deadline=None)
@given(st.lists(CONTAINERS, min_size=1, max_size=3))
def test_any_pod_is_stated_or_not_and_never_breaks(containers: list[dict[str, Any]]) -> None:
    found = list(state(of(*containers)))
    for resource in found:
        registry.check(resource)
    assert found == list(state(of(*containers)))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_script_is_taken_apart(script: str) -> None:
    for command in parse(["sh", "-c", script], {"A": "x"}).commands:
        assert command.words[0]


def test_variables_that_name_each_other_do_not_grow_without_a_bound() -> None:
    script = "".join(f"A{n + 1}=$A{n}$A{n}$A{n}$A{n}\n" for n in range(200))
    found = parse(["sh", "-c", f"A0={'x' * 1000}\n{script}\nvllm serve $A200"], {})
    assert sum(len(word) for one in found.commands for word in one.words) < 1_000_000


def test_long_and_hostile_command_lines_are_read_quickly_or_not_at_all() -> None:
    for piece in ("'", '"', '"\\', "$(", "((((", "A=", "exec ", "env -n ", "\\\n", "#", "a'b\"", "--x ", "if "):
        script = (piece * 70_000)[:65_000]
        parse(["bash", "-c", script], {})
        parse(script.split() or ["x"], {})


def test_many_mounts_variables_and_flags_are_read_in_time_that_grows_with_their_number() -> None:
    many = range(5_000)
    container = {
        "name": "main",
        "image": "quay.io/jupyter/base-notebook",
        "args": ["start-notebook.py", *(f"--x{n}=1" for n in many)],
        "env": [{"name": f"V{n}", "value": "x"} for n in many],
        "volumeMounts": [{"name": f"v{n}", "mountPath": "/home/jovyan"} for n in many],
    }
    volumes = [{"name": f"v{n}", "persistentVolumeClaim": {"claimName": f"c{n}"}} for n in many]
    objects = Objects("manifests")
    spec = {"containers": [container], "volumes": volumes}
    document = {"metadata": {"name": "x"}, "spec": {"template": {"spec": spec}}}
    objects.add("apps/Deployment", Placed(object=msgspec.convert(document, Deployment)))
    before = process_time()
    assert len(list(state(objects))) == 1
    assert process_time() - before < 5
