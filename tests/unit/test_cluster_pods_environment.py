"""Secrets in variables: by their name, by the shape of their value, and never shown."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.pods.environment import looks_secret, named_secret
from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import container, deployment, facts, first, spec, stated


@pytest.mark.parametrize(
    "name",
    [
        "DB_PASSWORD", "PGPASSWORD", "MYSQL_ROOT_PASSWORD", "HF_TOKEN", "GITHUB_TOKEN", "OPENAI_API_KEY", "APIKEY",
        "AWS_SECRET_ACCESS_KEY", "SECRET_KEY", "client_secret", "clientSecret", "FERNET_KEY",
        "AIRFLOW__CORE__FERNET_KEY",
        "REDIS_PASS", "AZURE_CLIENT_SECRET", "SSH_PRIVATE_KEY", "GF_SECURITY_ADMIN_PASSWORD", "ACCESS_TOKEN",
        "MINIO_SECRET_KEY", "CREDENTIALS", "LICENSE_KEY",
    ],
)  # fmt: skip
def test_names_of_secrets_are_known(name: str) -> None:
    assert named_secret(name)
    assert looks_secret(name, "Tr0ub4dor")
    assert first(env=[{"name": name, "value": "Tr0ub4dor"}])["plain_secret_environment"] == [name]


@pytest.mark.parametrize(
    "name",
    [
        "TOKENIZERS_PARALLELISM", "SECRET_NAME", "TOKEN_PATH", "PASSWORD_FILE", "MAX_TOKENS", "MAX_TOKEN_LENGTH",
        "TOKEN_LIMIT", "PAD_TOKEN", "EOS_TOKEN", "TOKEN_EXPIRY_SECONDS", "AWS_ACCESS_KEY_ID", "PRIMARY_KEY", "KEY",
        "IMAGE_PULL_SECRET", "TLS_SECRET", "SECRETS_PROVIDER", "TOKEN_URL", "PASSWORD_MIN_LENGTH", "MODEL_NAME", "PATH",
        "PASSENGER_COUNT", "SECRETARY", "COMPASS", "KEYCLOAK_URL", "MONKEY", "PARTITION_KEY", "TOKENIZER", "",
    ],
)  # fmt: skip
def test_names_about_secrets_are_not_secrets(name: str) -> None:
    assert not named_secret(name)
    assert looks_secret(name, "Tr0ub4dor") is False


@pytest.mark.parametrize(
    "value",
    ["default", "op:x", "vault:hunter2", "changeme", "CHANGE_ME", "admin", "12345", "your-password-here", "<password>"],
)
def test_placeholders_for_people_count(value: str) -> None:
    assert looks_secret("DB_PASSWORD", value) is True


@pytest.mark.parametrize(
    "value",
    ["", "  ", "$(OTHER)", "true", "False", "none", "/var/run/secrets/token", "./token", "~/.netrc", "file:///etc/token",
     "https://issuer.example/token", "vault:secret/data/db#password", "ref+awsssm://db/password", "op://vault/db/pass",
     "arn:aws:secretsmanager:us-east-1:1:secret:db", "projects/p/secrets/db/versions/1"],
)  # fmt: skip
def test_references_paths_and_switches_are_not_secrets(value: str) -> None:
    assert looks_secret("DB_PASSWORD", value) is False


@pytest.mark.parametrize(
    "value",
    [
        "AKIA" + "A" * 16, "ghp_" + "a" * 36, "glpat-" + "a" * 20, "hf_" + "a" * 34, "sk-" + "a" * 40,
        "nvapi-" + "a" * 40,
        "xoxb-" + "1" * 20, "AIza" + "a" * 35, "eyJ" + "a" * 20 + ".eyJ" + "b" * 20 + ".c",
        "-----BEGIN RSA PRIVATE KEY-----\nMII", "-----BEGIN PRIVATE KEY-----",
        "postgresql://user:hunter2@db:5432/app", "redis://:hunter2@cache:6379", "mongodb+srv://a:b@c/d",
        "Server=db;Database=x;User Id=a;Password=hunter2;", "DefaultEndpointsProtocol=https;AccountKey=abc==;",
        "https://hooks.slack.com/services/T0/B0/x",
    ],
)  # fmt: skip
def test_values_of_the_shape_of_a_secret_are_known_whatever_their_name(value: str) -> None:
    assert looks_secret("SETTING", value) is True


@pytest.mark.parametrize(
    "value",
    [
        "postgresql://db:5432/app", "postgresql://user@db/app", "postgresql://user:$(DB_PASSWORD)@db/app", "sk-learn",
        "s3://bucket/path", "hf_model", "eyJ", "http://user.example:8080/path", "-----BEGIN CERTIFICATE-----",
        "Server=db;Database=x;", "ghp", "registry.example/app:1.2@sha256:" + "a" * 64,
    ],
)  # fmt: skip
def test_values_that_only_resemble_secrets_are_not(value: str) -> None:
    assert looks_secret("SETTING", value) is False


def test_a_placeholder_leaves_a_secret_undecided() -> None:
    env = [{"name": "DB_PASSWORD", "value": "${DB_PASSWORD}"}, {"name": "MODE", "value": "${MODE}"}]
    assert first(env=env)["plain_secret_environment"] == [Unknown(reason="unresolved: ${DB_PASSWORD} in DB_PASSWORD")]
    url = [{"name": "DATABASE_URL", "value": "postgresql://u:${PW}@db/x"}]
    assert isinstance(first(env=url)["plain_secret_environment"][0], Unknown)


def test_variables_from_secrets_are_named_and_whole_secrets_are_a_star() -> None:
    secret = {"secretKeyRef": {"name": "db", "key": "password"}}
    env = [
        {"name": "DB_PASSWORD", "valueFrom": secret},
        {"name": "API_KEY", "valueFrom": secret},
        {"name": "HOST", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "host"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    ]
    found = first(env=env, envFrom=[{"secretRef": {"name": "all"}}])
    assert found["secret_environment"] == ["*", "API_KEY", "DB_PASSWORD"]
    assert found["plain_secret_environment"] == []
    assert first(envFrom=[{"configMapRef": {"name": "c"}}])["secret_environment"] == []


def test_an_odd_name_is_not_shown() -> None:
    env = [{"name": "jane@example.com PASSWORD", "value": "x1"}]
    found = first(env=env)["plain_secret_environment"]
    assert len(found) == 1 and isinstance(found[0], Unknown) and "jane" not in found[0].reason


MARK = "zq8marker"


def test_no_value_argument_or_command_is_in_any_fact() -> None:
    marked = container(
        env=[
            {"name": "DB_PASSWORD", "value": f"{MARK}1"},
            {"name": "DATABASE_URL", "value": f"postgresql://u:{MARK}2@db/x"},
            {"name": "TOKEN", "value": f"${{{MARK}-{MARK}}}"},
            {"name": "PLAIN", "value": f"{MARK}3"},
        ],
        command=["sh", "-c", f"curl -H 'Authorization: {MARK}4' https://x/{MARK}.sh | sh"],
        args=[f"--password={MARK}5", f"pip install {MARK}", f"--model={{{{ {MARK} }}}}"],
        image=f"user:{MARK}@registry.example/app:1",
        imagePullPolicy=f"{MARK}6",
        securityContext={
            "procMount": f"{MARK}7",
            "seccompProfile": {"type": f"{MARK}8"},
            "capabilities": {"add": [f"{MARK} 9"]},
        },
    )
    one = deployment(spec(marked))
    one["metadata"]["annotations"] = {"note": f"{MARK}10"}
    one["spec"]["template"]["metadata"]["annotations"] = {
        "note": f"{MARK}11",
        "container.apparmor.security.beta.kubernetes.io/main": f"{MARK}12",
    }
    assert MARK not in msgspec.json.encode(stated([one])).decode().lower()
    assert facts(one)["containers"][0]["plain_secret_environment"][:2] == ["DATABASE_URL", "DB_PASSWORD"]


@given(st.text(max_size=300), st.text(max_size=300))
def test_nothing_that_a_variable_holds_is_in_the_reason(name: str, value: str) -> None:
    looks = looks_secret(name, value)
    assert isinstance(looks, bool | Unknown)
