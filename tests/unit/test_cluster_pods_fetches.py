"""What containers fetch as they start: models, pinned or not, code and packages."""

import time
from typing import Any

import pytest

from assay.detectors.cluster.pods.fetch_programs import reference
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
        ("rclone copy s3:b/models /models", ["model"]),
        ("rclone --config /etc/r.conf sync -P models:weights /m --transfers 8", ["model"]),
        ("mc cp minio/models /models", ["model"]),
        ("mc mirror --overwrite minio/models/llm /models", ["model"]),
        ("s3cmd get s3://acme/model.pt /m", ["model"]),
        ("az storage blob download-batch -s models -d /m", ["model"]),
        ("aws s3api get-object --bucket acme --key model.onnx /m/model.onnx", ["model"]),
        ("oras pull reg/model:1", ["model"]),
        ("oras pull reg/llm@sha256:" + "a" * 64, ["model-pinned"]),
        ("kit unpack reg/llm:1 -d /m", ["model"]),
        ("modelscope download --model org/model", ["model"]),
        (f"modelscope download --model org/model --revision {COMMIT}", ["model-pinned"]),
        ("mlflow artifacts download --artifact-uri models:/risk@champion -d /m", ["model"]),
        ("mlflow artifacts download --artifact-uri models:/risk/7 -d /m", ["model-pinned"]),
        ("mlflow artifacts download --run-id abc", ["model"]),
        ("dvc pull", ["model"]),
        ("dvc pull models/net.dvc", ["model"]),
        ("dvc get https://git.example/a models/net --rev main", ["model"]),
        (f"dvc get https://git.example/a models/net --rev {COMMIT}", ["model-pinned"]),
        ("kaggle models download google/gemma/pytorch/7b", ["model"]),
        ("kaggle models instances versions download google/gemma/pytorch/7b/2", ["model-pinned"]),
        ("ngc registry model download-version org/team/model:1.0", ["model"]),
        ("wandb artifact get acme/risk/model:latest", ["model"]),
        ("wandb artifact get acme/risk/model:v12", ["model-pinned"]),
        ("git lfs pull", ["model"]),
        ("git -C /src pull", ["code"]),
        ("python -m spacy download en_core_web_trf", ["model"]),
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
        "aws s3 cp /models s3://acme-models/today",
        "mc cp /models/net minio/models/",
        "rclone sync /models s3:acme/models --config /etc/rclone.conf",
        "mlflow server --host 0.0.0.0",
        "dvc pull data/cohort.dvc",
        "oras push reg/model:1 model.onnx",
        "kaggle datasets download acme/scans",
        "wandb login",
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
        ({"image": "nvcr.io/nvidia/tritonserver:1", "args": ["--model-repository=s3://acme/models"]}, ["model"]),
        ({"image": "nvcr.io/nvidia/tritonserver:1", "args": ["--model-repository=/models"]}, []),
        ({"image": "tensorflow/serving:2", "args": ["--model_base_path=gs://acme/net"]}, ["model"]),
        ({"image": "pytorch/torchserve:1", "args": ["--models", "net=https://example.com/net.mar"]}, ["model"]),
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
        ("models:/risk/3", "model-pinned"), ("models:/risk/Production", "model"),
        ("models:/m-" + "a" * 32, "model-pinned"),
        ("runs:/abc/model", "model"), ("oci://r/m:1", "model"), ("oci://r/m@sha256:" + "a" * 64, "model-pinned"),
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


PULL = "oras pull reg/model:1"
VERIFY = "cosign verify-blob --key k.pub --bundle b /m/model.onnx"


@pytest.mark.parametrize(
    "text",
    [
        f"{PULL} && {VERIFY} && exec serve",
        f"{PULL} && {VERIFY}",
        f"{PULL} && model_signing verify key /m --public-key k.pub --signature s",
        f"{PULL} && python3 -m model_signing verify sigstore /m --signature s --identity a --identity-provider b",
        f"set -euo pipefail\n{PULL}\n{VERIFY}\nexec serve",
        f"{PULL}\n{VERIFY} || exit 1\nexec serve",
        f"{PULL}; {VERIFY} && echo sound || exit 1; exec serve",
        "cosign verify --key k.pub reg/model:1 && oras pull reg/model:1 && serve",
        f"{PULL} && gpg --verify model.sig model.onnx && serve",
        f"{PULL} && sudo notation verify reg/model:1 && serve",
    ],
)
def test_a_signature_that_is_checked_before_anything_else_runs_counts(text: str) -> None:
    assert script(text) == ["model-signed"]


@pytest.mark.parametrize(
    "text",
    [
        f"{PULL}; {VERIFY}; exec serve",
        f"{PULL} && {VERIFY} || true",
        f"{PULL} && {VERIFY} || echo bad; serve",
        f"{PULL} && {VERIFY} || exit 0",
        f"{PULL} && {VERIFY} && echo sound; serve",
        f"set -e\n{PULL}\n{VERIFY} && echo sound\nserve",
        f"{VERIFY} && {PULL} && serve",
        f"{PULL} && echo {VERIFY}",
        f"{PULL} && cosign sign-blob /m/model.onnx",
        f"{PULL} && cosign verify-blob --certificate-identity-regexp '.*' --certificate-oidc-issuer x /m/model.onnx",
    ],
)
def test_a_check_that_stops_nothing_or_checks_nothing_does_not_count(text: str) -> None:
    assert script(text) == ["model"]


def test_a_check_whose_outcome_is_handled_otherwise_is_unknown() -> None:
    [found] = script(f"{PULL}\nif ! {VERIFY}\nthen echo bad; exit 1\nfi\nserve")
    assert isinstance(found, Unknown)


def test_a_digest_in_the_command_pins_and_one_in_a_file_is_not_seen() -> None:
    fetch = "curl -sLo /m/net.onnx https://example.com/net.onnx"
    assert script(f"{fetch} && echo '{'a' * 64}  /m/net.onnx' | sha256sum -c -") == ["model-pinned"]
    [found] = script(f"{fetch} && sha256sum --check /m/SHA256SUMS")
    assert isinstance(found, Unknown)


def test_a_shell_that_stops_at_errors_is_known_by_its_flags() -> None:
    lines = f"{PULL}\n{VERIFY}\nexec serve"
    for command in (["sh", "-ec"], ["bash", "-e", "-c"], ["bash", "-euo", "pipefail", "-c"]):
        assert first(command=command, args=[lines])["fetches_at_start"] == ["model-signed"]
    assert first(command=["bash", "-c"], args=[lines])["fetches_at_start"] == ["model"]


def test_a_later_init_container_checks_what_an_earlier_one_fetched() -> None:
    get = container(name="get", command=["oras", "pull", "reg/model:1"])
    check = container(name="check", image="ghcr.io/sigstore/cosign/cosign:v3", args=["verify-blob", "--key", "k", "/m"])
    lax = container(name="check", command=["sh", "-c", f"{VERIFY} || true"])
    server = container(image="vllm/vllm-openai:v1", args=["--model", "org/model"])

    def found(*initial: Any) -> list[Any]:
        return [one["fetches_at_start"] for one in facts_of(spec(server, initContainers=[*initial]))["containers"]]

    assert found(get, check) == [["model-signed"], [], ["model"]]
    assert found(check, get) == [[], ["model"], ["model"]]
    assert found(get, lax)[0] == ["model"]
    assert found(get, {**check, "restartPolicy": "Always"})[0] == ["model"]


@pytest.mark.parametrize(
    "text",
    ["oras pull r/m;" * 2000, "cosign verify r/m && " * 1400, "set -e;" * 4000, "| " * 14000, "python -m " * 2900],
)
def test_hostile_checks_take_no_long_time(text: str) -> None:
    began = time.process_time()
    script(text[:29_000])
    assert time.process_time() - began < 5
