"""What containers fetch as they start: models, pinned or not, code and packages."""

import time
from typing import Any

import pytest

from assay.detectors.cluster.pods.start_fetches import reference
from assay.scanner.model.fact import Unknown
from tests.unit.pod_manifests import container, facts_of, first, spec

COMMIT = "0123456789abcdef" * 2 + "01234567"


def script(text: str) -> Any:
    return first(command=["/bin/sh", "-c"], args=[text])["fetches_at_start"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("huggingface-cli download meta-llama/Llama-3 --local-dir /models", ["model"]),
        ("hf download org/model", ["model"]),
        (f"hf download org/model --revision {COMMIT}", ["model-pinned"]),
        (f"huggingface-cli download org/model --revision={COMMIT}", ["model-pinned"]),
        ("huggingface-cli download org/model --revision main", ["model"]),
        ("python -c \"from transformers import AutoModel; AutoModel.from_pretrained('org/model')\"", ["model"]),
        (f"python -c \"AutoModel.from_pretrained('org/model', revision='{COMMIT}')\"", ["model-pinned"]),
        ("python -c \"import torch; torch.hub.load('pytorch/vision', 'resnet50')\"", ["code", "model"]),
        ("ollama pull llama3", ["model"]),
        ("wget -O /m/model.safetensors https://example.com/model.safetensors", ["model"]),
        ("curl -L https://example.com/weights/x.gguf -o /m/x.gguf", ["model"]),
        ("aws s3 sync s3://acme-models/llm /models", ["model"]),
        ("gsutil -m cp -r gs://acme/checkpoints/1 /ckpt", ["model"]),
        ("git clone https://github.com/acme/train.git && python train/run.py", ["code"]),
        ("git clone https://huggingface.co/org/model", ["code", "model"]),
        ("curl -sSL https://example.com/install.sh | bash", ["code"]),
        ("wget https://example.com/run.py; python run.py", ["code"]),
        ("pip install -r requirements.txt && python main.py", ["packages"]),
        ("python3 -m pip install torch", ["packages"]),
        ("apt-get update && apt-get install -y curl", ["packages"]),
        ("apk add --no-cache git && git clone https://github.com/a/b", ["code", "packages"]),
        ("npx serve", ["packages"]),
        ("uv pip install vllm", ["packages"]),
    ],
)
def test_commands_that_fetch_are_known(text: str, expected: list[str]) -> None:
    assert script(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "python train.py --data /data",
        "curl -sf http://localhost:8080/health",
        "wget -qO- http://service/ready",
        "pip install --no-index --find-links /wheels app",
        "pip list && pip check",
        "git status",
        "aws s3 cp /out s3://acme-logs/today",
        "./hf-server --port 80",
        "echo done",
        "ollama serve",
    ],
)
def test_commands_that_fetch_nothing_to_run_are_not(text: str) -> None:
    assert script(text) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image": "vllm/vllm-openai:v0.6", "args": ["--model", "org/model"]}, ["model"]),
        ({"image": "vllm/vllm-openai:v0.6", "args": ["--model=org/model", "--revision", COMMIT]}, ["model-pinned"]),
        ({"image": "vllm/vllm-openai:v0.6", "args": ["--model", "/models/llm"]}, []),
        ({"image": "app:1", "command": ["vllm", "serve", "org/model"]}, ["model"]),
        ({"image": "ghcr.io/huggingface/text-generation-inference:2", "args": ["--model-id", "org/model"]}, ["model"]),
        ({"image": "ghcr.io/huggingface/text-generation-inference:2", "env": [{"name": "MODEL_ID", "value": "o/m"}]},
         ["model"]),
        ({"image": "ghcr.io/huggingface/text-generation-inference:2",
          "env": [{"name": "MODEL_ID", "value": "o/m"}, {"name": "REVISION", "value": COMMIT}]}, ["model-pinned"]),
        ({"image": "app:1", "env": [{"name": "MODEL_ID", "value": "o/m"}]}, []),
        ({"image": "app:1", "args": ["--model", "org/model"]}, []),
        ({"image": "registry.k8s.io/git-sync/git-sync:v4", "args": ["--repo=https://github.com/a/b"]}, ["code"]),
        ({"image": "kserve/storage-initializer:v0.13", "args": ["s3://acme/model", "/mnt/models"]}, ["model"]),
        ({"image": "kserve/storage-initializer:v0.13", "args": [f"hf://org/model:{COMMIT}", "/mnt/models"]},
         ["model-pinned"]),
        ({"image": "apache/airflow:2", "env": [{"name": "_PIP_ADDITIONAL_REQUIREMENTS", "value": "boto3"}]},
         ["packages"]),
        ({"image": "apache/airflow:2", "env": [{"name": "_PIP_ADDITIONAL_REQUIREMENTS", "value": ""}]}, []),
    ],
)  # fmt: skip
def test_servers_are_told_their_models(fields: dict[str, Any], expected: list[str]) -> None:
    assert first(**fields)["fetches_at_start"] == expected


def test_a_model_that_is_a_placeholder_is_unknown() -> None:
    [found] = first(image="vllm/vllm-openai:v1", args=["--model", "${MODEL}"])["fetches_at_start"]
    assert found == Unknown(reason="unresolved: ${MODEL}")
    env = [{"name": "MODEL_ID", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "model"}}}]
    [found] = first(image="ghcr.io/huggingface/text-generation-inference:2", env=env)["fetches_at_start"]
    assert isinstance(found, Unknown)


def test_each_container_has_its_own() -> None:
    setup = container(name="setup", command=["git", "clone", "https://github.com/a/b"])
    found = facts_of(spec(container(), initContainers=[setup]))["containers"]
    assert [one["fetches_at_start"] for one in found] == [["code"], []]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("pvc://models/llm", None), ("/models/llm", None), ("./llm", None), ("llm", None), ("org/model", "model"),
        ("gs://b/m", "model"), ("hf://org/model", "model"), (f"hf://org/model:{COMMIT}", "model-pinned"),
        ("oci://r/m:1", "model"), ("oci://r/m@sha256:" + "a" * 64, "model-pinned"),
    ],
)  # fmt: skip
def test_an_address_says_whether_it_is_always_the_same(uri: str, expected: str | None) -> None:
    assert reference(uri) == expected


@pytest.mark.parametrize(
    "text", ["${" * 15_000, "pip " * 7_000, "curl " * 6_000, "$(" * 15_000, "{{" * 15_000, "a/" * 15_000]
)
def test_hostile_commands_take_no_long_time(text: str) -> None:
    began = time.process_time()
    script(text[:29_000])
    assert time.process_time() - began < 5


def test_a_command_that_is_too_long_is_unknown() -> None:
    assert isinstance(script("x" * 40_000)[0], Unknown)
