"""Programs that get something from the network, and what they get by a given command."""

import re
from collections.abc import Iterator, Mapping, Sequence

from assay.detectors.cluster.stating import placeholder, unresolved
from assay.scanner.api import Unknown

REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HUB = re.compile(r"[A-Za-z0-9][\w.\-]{0,95}/[A-Za-z0-9][\w.\-]{0,95}")
"""`organisation/model`, as on a model hub."""
REMOTE = re.compile(
    r"(?:hf|s3|gs|gcs|https?|az|azure|abfss?|wasbs?|oci|docker|ms|r2|oss|cos|obs|swift|hdfs|kaggle|ngc)://.+"
    r"|(?:models|runs|mlflow-artifacts):/.+"
)
_NUMBERED = re.compile(r"models:/(?:[^/@]+/\d+|m-[0-9a-f]{32})(?:/.*)?")
"""A model of MLflow's registry by its version, or by its own id; anything else there is moved at will."""
_WEIGHTS = re.compile(
    r"\.(?:safetensors|bin|pt|pth|ckpt|onnx|gguf|ggml|h5|keras|pb|pkl|pickle|joblib|tflite|engine|plan|mar|nemo|npz)\b"
)
_MODEL_WORD = re.compile(r"model|weight|checkpoint|ckpt|lora|adapter|huggingface|safetensors", re.IGNORECASE)
_SCRIPT = re.compile(r"\.(?:sh|bash|py|pyz|whl|jar|zip|tgz|tar\.gz|ipynb|lua|js|pl|rb)\b")
_OF_RCLONE = re.compile(r":?[A-Za-z0-9_][\w.+@\-]*:(?!//).*")
_OF_MINIO = re.compile(r"[A-Za-z0-9_][\w.\-]*/.+")
_VERSION_OF_WANDB = re.compile(r".+:v\d+")

SHELLS = frozenset(["sh", "bash", "zsh", "dash", "ash"])
_INTERPRETERS = SHELLS | {"python", "python3", "perl", "ruby", "node"}
_FEW = 20
"""Arguments of a program that copies files."""
_COPIERS: Mapping[str, tuple[re.Pattern[str], frozenset[str]]] = {
    "s3": (REMOTE, frozenset(["cp", "sync", "mv"])),
    "gsutil": (REMOTE, frozenset(["cp", "rsync", "mv", "cat"])),
    "storage": (REMOTE, frozenset(["cp", "rsync", "mv", "cat"])),
    "s5cmd": (REMOTE, frozenset(["cp", "sync", "mv", "cat"])),
    "s3cmd": (REMOTE, frozenset(["get", "sync", "cp", "mv"])),
    "azcopy": (REMOTE, frozenset(["cp", "copy", "c", "sync", "s"])),
    "rclone": (_OF_RCLONE, frozenset(["copy", "copyto", "sync", "bisync", "move", "moveto", "cat", "mount"])),
    "mc": (_OF_MINIO, frozenset(["cp", "mirror", "get", "cat", "mv"])),
    "mcli": (_OF_MINIO, frozenset(["cp", "mirror", "get", "cat", "mv"])),
}
"""Programs that copy in both directions: how they write what is elsewhere, and the verbs by which they copy."""
_PATH_FLAGS = frozenset([
    "--config", "--config-dir", "-C", "--log-file", "--filter-from", "--include-from", "--exclude-from", "--files-from",
    "--cache-dir", "--endpoint-url", "--ca-bundle", "--credentials-file", "--s3-endpoint",
])  # fmt: skip
"""Flags of such programs whose value looks like a place to copy from or to."""
DOWNLOADERS = frozenset(["wget", "curl", "aria2c", "axel"])
_INSTALLERS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("pip", "pip3", "pip2", "pipx"), ("install",)),
    (("conda", "mamba", "micromamba"), ("install", "create", "env")),
    (("apt-get", "apt", "yum", "dnf", "microdnf", "zypper", "tdnf"), ("install",)),
    (("apk",), ("add",)),
    (("npm", "pnpm"), ("install", "i", "ci", "add")),
    (("yarn",), ("add", "install")),
    (("uv", "poetry"), ("sync", "add", "install", "pip")),
    (("gem", "cargo", "go", "brew", "luarocks"), ("install",)),
)
_RUNNERS = frozenset(["npx", "uvx", "bunx"])
PROGRAMS = (
    frozenset([
        "huggingface-cli", "hf", "ollama", "git", "git-lfs", "blob", "s3api", "oras", "kit", "modelscope", "mlflow",
        "dvc", "kaggle", "ngc", "wandb", "spacy",
    ])
    | DOWNLOADERS
    | _COPIERS.keys()
    | _RUNNERS
    | frozenset(program for programs, _ in _INSTALLERS for program in programs)
)  # fmt: skip
_REVISION_OPTIONS = ("--revision", "--model-revision", "--commit-hash", "--model_revision", "--rev")


def reference(uri: str) -> str | Unknown | None:
    """Whether what an address or name of a model stands for is always the same: `model-pinned`, or `model`.

    None: it isn't fetched from the network.
    """
    if unresolved(uri):
        return placeholder(uri)
    if uri.startswith("hf://"):
        return "model-pinned" if REVISION.fullmatch(uri.rpartition(":")[2].rpartition("@")[2]) else "model"
    if uri.startswith(("oci://", "docker://")):
        return "model-pinned" if "@sha256:" in uri else "model"
    if REMOTE.fullmatch(uri):
        return "model-pinned" if _NUMBERED.fullmatch(uri) else "model"
    return "model" if _HUB.fullmatch(uri) else None


def fetched(name: str, rest: Sequence[str]) -> Iterator[str | Unknown]:
    """What one of `PROGRAMS` gets, given the words after its name."""
    if name in ("huggingface-cli", "hf", "modelscope") and "download" in rest[:3]:
        yield "model-pinned" if pinned(rest) else "model"
    elif name == "ollama" and rest and rest[0] in ("pull", "run"):
        yield "model"
    elif name in ("git", "git-lfs"):
        yield from _by_git(name, rest)
    elif name in DOWNLOADERS:
        yield from _downloaded(rest)
    elif name in _COPIERS:
        if _gets(name, rest[:_FEW]) and _speaks_of_models(rest[:_FEW]):
            yield "model"
    elif name in _TOLD:
        yield from _TOLD[name](rest)
    elif name in _RUNNERS or (_installs(name, rest) and "--no-index" not in rest):
        yield "packages"


def values(words: Sequence[str], option: str) -> Iterator[str]:
    """The values of an option, as `--name value` or `--name=value`."""
    for index, word in enumerate(words):
        if word == option and index + 1 < len(words):
            yield words[index + 1]
        elif word.startswith(f"{option}="):
            yield word[len(option) + 1 :]


def pinned(words: Sequence[str]) -> bool:
    """Whether an option names a revision by its hash."""
    return any(REVISION.fullmatch(value) for option in _REVISION_OPTIONS for value in values(words, option))


def _by_git(name: str, rest: Sequence[str]) -> Iterator[str]:
    verbs = rest[:6]
    if "clone" in verbs:
        yield "code"
        if any("huggingface.co/" in word for word in rest):
            yield "model"
    if (name == "git-lfs" or "lfs" in verbs) and ("pull" in verbs or "fetch" in verbs):
        yield "model"
    elif name == "git" and "pull" in verbs:
        yield "code"


def _gets(name: str, words: Sequence[str]) -> bool:
    """Whether a program that copies in both directions copies from elsewhere: the last place that is named is where to.

    It does too where that can't be told.
    """
    remote, verbs = _COPIERS[name]
    at = next((index for index, word in enumerate(words) if word in verbs), None)
    if at is None:
        return False
    places = list(_places(words[at + 1 :], remote))
    distant = [bool(remote.fullmatch(word)) for word in places]
    return any(distant) and (len(places) == 1 or not distant[-1] or sum(distant) > 1)


def _places(words: Sequence[str], remote: re.Pattern[str]) -> Iterator[str]:
    """The words that are neither flags nor, as far as that can be told, their values."""
    before = ""
    for word in words:
        flag, before = before, word
        if word.startswith("-") and len(word) > 1:
            continue
        valued = flag.startswith("-") and len(flag) > 1 and "=" not in flag
        is_place = remote.fullmatch(word) is not None or word.startswith(("/", ".", "~"))
        if not valued or (is_place and flag not in _PATH_FLAGS):
            yield word


def _speaks_of_models(words: Sequence[str]) -> bool:
    text = " ".join(words)
    return _MODEL_WORD.search(text) is not None or _WEIGHTS.search(text) is not None


def _from_blob(rest: Sequence[str]) -> Iterator[str]:
    """Azure's `az storage blob download`, which names containers instead of addresses."""
    if _verb(rest) in ("download", "download-batch") and _speaks_of_models(rest[:_FEW]):
        yield "model"


def _from_s3api(rest: Sequence[str]) -> Iterator[str]:
    if _verb(rest) == "get-object" and _speaks_of_models(rest[:_FEW]):
        yield "model"


def _from_oci(rest: Sequence[str]) -> Iterator[str]:
    """Artifacts of a registry, by `oras` or by KitOps, which holds nothing but models."""
    if _verb(rest) in ("pull", "unpack", "copy", "cp", "blob"):
        yield "model-pinned" if any("@sha256:" in word for word in rest) else "model"


def _from_mlflow(rest: Sequence[str]) -> Iterator[str | Unknown]:
    if list(rest[:2]) != ["artifacts", "download"]:
        return
    told = [value for option in ("--artifact-uri", "-u") for value in values(rest, option)]
    # What a run holds may be written to again.
    yield from (reference(value) or "model" for value in told or ("runs:/",))


def _from_dvc(rest: Sequence[str]) -> Iterator[str]:
    """DVC doesn't compare what it gets with the hash that it asked for unless the remote's `verify` is set.

    See: https://dvc.org/doc/command-reference/remote/modify
    """
    verb = _verb(rest)
    if verb in ("pull", "fetch"):
        targets = [word for word in rest[1:_FEW] if not word.startswith("-")]
        if not targets or _speaks_of_models(targets):
            yield "model"
    elif verb in ("get", "get-url", "import", "import-url", "update") and _speaks_of_models(rest[:_FEW]):
        yield "model-pinned" if pinned(rest) else "model"


def _from_kaggle(rest: Sequence[str]) -> Iterator[str]:
    """Kaggle numbers the versions of a model itself; without a number the newest is meant."""
    few = rest[:6]
    if few and few[0] in ("models", "m") and "download" in few:
        handle = next((word for word in rest[few.index("download") + 1 :] if not word.startswith("-")), "")
        yield "model-pinned" if re.fullmatch(r"(?:[^/]+/){4}\d+", handle) else "model"


def _from_ngc(rest: Sequence[str]) -> Iterator[str]:
    """The name of a version there is the publisher's, who may delete it and give it to something else."""
    if "model" in rest[:4] and any(word in ("download-version", "download") for word in rest[:5]):
        yield "model"


def _from_wandb(rest: Sequence[str]) -> Iterator[str]:
    """Weights & Biases numbers versions itself (`:v3`); any other alias is moved at will."""
    if list(rest[:2]) == ["artifact", "get"]:
        yield "model-pinned" if any(_VERSION_OF_WANDB.fullmatch(word) for word in rest[2:6]) else "model"


def _from_spacy(rest: Sequence[str]) -> Iterator[str]:
    if _verb(rest) == "download":
        yield "model"


def _verb(rest: Sequence[str]) -> str:
    return next((word for word in rest[:_FEW] if not word.startswith("-")), "")


_TOLD = {
    "blob": _from_blob, "s3api": _from_s3api, "oras": _from_oci, "kit": _from_oci, "mlflow": _from_mlflow,
    "dvc": _from_dvc, "kaggle": _from_kaggle, "ngc": _from_ngc, "wandb": _from_wandb, "spacy": _from_spacy,
}  # fmt: skip


def _installs(name: str, rest: Sequence[str]) -> bool:
    return any(name in programs and any(word in verbs for word in rest[:3]) for programs, verbs in _INSTALLERS)


def _downloaded(rest: Sequence[str]) -> Iterator[str | Unknown]:
    addresses = [word for word in rest if "://" in word]
    if any(_WEIGHTS.search(word) or "huggingface.co/" in word for word in rest):
        yield "model"
    piped = any(
        word == "|"
        and position + 1 < len(rest)
        and any(one.rpartition("/")[2] in _INTERPRETERS for one in rest[position + 1 :][:3])
        for position, word in enumerate(rest)
    )
    if piped or any(_SCRIPT.search(word.partition("?")[0]) for word in addresses):
        yield "code"
    elif any(_MODEL_WORD.search(word) for word in addresses):
        yield "model"
