"""What containers get from the network as they start, and then load or run: models, code, packages."""

import re
from collections.abc import Iterator, Mapping, Sequence

from assay.detectors.cluster.pods.images import path_of, placeholder
from assay.detectors.cluster.pods.objects import Container
from assay.detectors.cluster.stating import unresolved
from assay.scanner.api import Unknown

_LONGEST = 30_000
"""Characters of a command with its arguments."""

_ARGUMENTS = 100
"""Of one command that are looked at."""

_TOKEN = re.compile(
    r"&&|\|\||[;|\n]|[^\s;|&'\"`()<>,\[\]{}$]+|\$\{[^}\s]{0,100}\}|\$\([^)\s]{0,100}\)|\{\{[^}\n]{0,100}\}\}"
)
_ENDS = frozenset(("&&", "||", ";", "\n"))
"""Between two commands; a pipe belongs to the command that it feeds."""
_REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_HUB = re.compile(r"[A-Za-z0-9][\w.\-]{0,95}/[A-Za-z0-9][\w.\-]{0,95}")
"""`organisation/model`, as on a model hub."""
_REMOTE = re.compile(r"(?:hf|s3|gs|gcs|https?|az|azure|abfss?|wasbs?|oci|ms|r2|oss|cos|models|runs|swift|hdfs)://.+")
_WEIGHTS = re.compile(
    r"\.(?:safetensors|bin|pt|pth|ckpt|onnx|gguf|ggml|h5|keras|pb|pkl|pickle|joblib|tflite|engine|plan|mar|nemo|npz)\b"
)
_MODEL_WORD = re.compile(r"model|weight|checkpoint|ckpt|lora|adapter|huggingface|safetensors", re.IGNORECASE)
_SCRIPT = re.compile(r"\.(?:sh|bash|py|pyz|whl|jar|zip|tgz|tar\.gz|ipynb|lua|js|pl|rb)\b")

_SHELLS = frozenset([
    "sh", "bash", "zsh", "dash", "ash", "python", "python3", "perl", "ruby", "node",
])  # fmt: skip
_FEW = 20
"""Arguments of a program that copies files."""
_COPIERS = frozenset(["s3", "gsutil", "storage", "blob", "rclone", "mc", "s5cmd", "azcopy"])
_DOWNLOADERS = frozenset(["wget", "curl", "aria2c", "axel"])
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
_PROGRAMS = (
    frozenset(["huggingface-cli", "hf", "ollama", "git"])
    | _DOWNLOADERS
    | _COPIERS
    | _RUNNERS
    | frozenset(program for programs, _ in _INSTALLERS for program in programs)
)
_LOADERS = re.compile(
    r"\b(?:from_pretrained|snapshot_download|hf_hub_download|load_dataset|torch\.hub\.load|hub\.load)\b"
)
_LOADS_CODE = re.compile(r"\btorch\.hub\.load\b")
_PYTHON_REVISION = re.compile(r"revision\s{0,4}=\s{0,4}\\?['\"](?:[0-9a-f]{40})")

_SERVERS: Mapping[str, tuple[str, ...]] = {
    "vllm": ("--model", "--tokenizer"),
    "text-generation-launcher": ("--model-id",),
    "text-generation-inference": ("--model-id",),
    "text-embeddings-inference": ("--model-id",),
    "text-embeddings-router": ("--model-id",),
    "sglang": ("--model-path", "--model"),
    "lmdeploy": ("--model-path",),
    "llama-server": ("-hf", "--hf-repo", "-hfr", "-mu", "--model-url"),
    "llama.cpp": ("-hf", "--hf-repo", "-hfr", "-mu", "--model-url"),
    "mlserver": ("--model-uri",),
    "huggingfaceserver": ("--model_id", "--model-id"),
    "infinity": ("--model-id",),
    "tei": ("--model-id",),
    "aphrodite": ("--model",),
    "mlflow": ("--model-uri", "-m"),
}
"""Programs, by a word of the image's path or of the command, and the options by which they are told a model."""
_SERVER = re.compile(rf"({'|'.join(map(re.escape, _SERVERS))})(?:-|\Z)")
"""None of them is another one and a hyphen, so that a word stands for one program only."""
_MODEL_VARIABLES = ("MODEL_ID", "HF_MODEL_ID", "VLLM_MODEL", "MODEL_URI", "OLLAMA_MODEL")
_REVISION_VARIABLES = ("REVISION", "HF_REVISION", "MODEL_REVISION", "VLLM_REVISION")
_PACKAGE_VARIABLES = ("EXTRA_PIP_PACKAGES", "PIP_PACKAGES", "_PIP_ADDITIONAL_REQUIREMENTS", "EXTRA_CONDA_PACKAGES",
                      "EXTRA_APT_PACKAGES")  # fmt: skip
_REVISION_OPTIONS = ("--revision", "--model-revision", "--commit-hash", "--model_revision")
_FETCHING_IMAGES = ("git-sync", "gitsync", "alpine/git", "bitnami/git")
_INITIALIZERS = ("storage-initializer", "-model-initializer")


def fetches(container: Container, repository: str) -> list[str | Unknown]:
    """What one container gets, by kind, sorted; `repository` is its image's."""
    text = "\n".join((*(container.command or ()), *(container.args or ())))
    if len(text) > _LONGEST:
        return [Unknown(reason="its command is longer than is looked at")]
    tokens = _TOKEN.findall(text.replace("\\\n", " "))
    path = path_of(repository)[1] if repository else ""
    found: set[str | Unknown] = set()
    # What was given as a list of arguments is one command; a script within one argument has commands of its own.
    words = [word for word in tokens if not word.isspace()]
    for command in _commands(_script_lines(container)):
        found.update(_of_command(command))
    found.update(_of_server(words, path, container))
    found.update(_of_python(text))
    found.update(_of_image(path, container, words))
    found.update(_of_variables(container))
    known = {one for one in found if isinstance(one, str)}
    reasons = sorted({one.reason for one in found if isinstance(one, Unknown)})
    return [*sorted(known), *(Unknown(reason=reason) for reason in reasons[:5])]


def reference(uri: str) -> str | Unknown | None:
    """Whether what an address or name of a model stands for is always the same: `model-pinned`, or `model`.

    None: it isn't fetched from the network.
    """
    if unresolved(uri):
        return placeholder(uri)
    if uri.startswith("hf://"):
        return "model-pinned" if _REVISION.fullmatch(uri.rpartition(":")[2].rpartition("@")[2]) else "model"
    if uri.startswith("oci://"):
        return "model-pinned" if "@sha256:" in uri else "model"
    if _REMOTE.fullmatch(uri):
        return "model"
    return "model" if _HUB.fullmatch(uri) else None


def _script_lines(container: Container) -> list[str]:
    """The tokens of what is run: the list of arguments as one line, with scripts in it taken apart."""
    tokens: list[str] = []
    for argument in (*(container.command or ()), *(container.args or ())):
        tokens.extend(_TOKEN.findall(argument.replace("\\\n", " ")))
    return tokens


def _commands(tokens: Sequence[str]) -> Iterator[list[str]]:
    current: list[str] = []
    for token in tokens:
        if token in _ENDS:
            if current:
                yield current
            current = []
        else:
            current.append(token)
    if current:
        yield current


def _of_command(words: Sequence[str]) -> Iterator[str | Unknown]:
    """What one command fetches, by the first word in it that tells."""
    for index, word in enumerate(words):
        name = word.rpartition("/")[2]
        if name not in _PROGRAMS:
            continue
        fetched = list(_of_program(name, words[index + 1 : index + 1 + _ARGUMENTS]))
        yield from fetched
        if fetched or name in _DOWNLOADERS:
            return


def _of_program(name: str, rest: Sequence[str]) -> Iterator[str | Unknown]:
    if name in ("huggingface-cli", "hf") and "download" in rest[:3]:
        yield "model-pinned" if _revision(rest) else "model"
    elif name == "ollama" and rest and rest[0] in ("pull", "run"):
        yield "model"
    elif name == "git" and "clone" in rest[:6]:
        yield "code"
        if any("huggingface.co/" in word for word in rest):
            yield "model"
    elif name in _DOWNLOADERS:
        yield from _downloaded(rest)
    elif name in _COPIERS:
        few = rest[:_FEW]
        if any(_REMOTE.fullmatch(word) for word in few) and _MODEL_WORD.search(" ".join(few)):
            yield "model"
    elif name in _RUNNERS or (_installs(name, rest) and "--no-index" not in rest):
        yield "packages"


def _installs(name: str, rest: Sequence[str]) -> bool:
    return any(name in programs and any(word in verbs for word in rest[:3]) for programs, verbs in _INSTALLERS)


def _downloaded(rest: Sequence[str]) -> Iterator[str | Unknown]:
    addresses = [word for word in rest if "://" in word]
    if any(_WEIGHTS.search(word) or "huggingface.co/" in word for word in rest):
        yield "model"
    piped = any(
        word == "|"
        and position + 1 < len(rest)
        and any(one.rpartition("/")[2] in _SHELLS for one in rest[position + 1 :][:3])
        for position, word in enumerate(rest)
    )
    if piped or any(_SCRIPT.search(word.partition("?")[0]) for word in addresses):
        yield "code"
    elif any(_MODEL_WORD.search(word) for word in addresses):
        yield "model"


def _of_server(words: Sequence[str], path: str, container: Container) -> Iterator[str | Unknown]:
    names = {word.rpartition("/")[2].partition(".")[0] for word in words[:8]} | set(re.split(r"[/_]", path))
    for program in sorted({known[1] for name in names if (known := _SERVER.match(name))}):
        options = _SERVERS[program]
        told = [value for option in options for value in _values(words, option)]
        if program == "vllm" and "serve" in words:
            told += words[words.index("serve") + 1 :][:1]
        for model in told:
            fetched = reference(model)
            if fetched is not None:
                yield (
                    "model-pinned"
                    if fetched == "model" and _revision(words) and not _REMOTE.fullmatch(model)
                    else fetched
                )
        if not told:
            yield from _told_by_variables(container)


def _told_by_variables(container: Container) -> Iterator[str | Unknown]:
    variables = {one.name: one for one in container.env or ()}
    for name in _MODEL_VARIABLES:
        one = variables.get(name)
        if one is None:
            continue
        if one.value is None:
            yield Unknown(reason=f"which model it loads stands outside the template, in {name}")
            continue
        fetched = reference(one.value)
        revisions = [variables[other].value or "" for other in _REVISION_VARIABLES if other in variables]
        pinned = any(_REVISION.fullmatch(revision) for revision in revisions)
        if fetched is not None:
            yield "model-pinned" if fetched == "model" and pinned else fetched


def _of_python(text: str) -> Iterator[str]:
    """Code in arguments, `python -c '…'`."""
    if _LOADERS.search(text):
        yield "model-pinned" if _PYTHON_REVISION.search(text) else "model"
    if _LOADS_CODE.search(text):
        yield "code"


def _of_image(path: str, container: Container, words: Sequence[str]) -> Iterator[str | Unknown]:
    if any(path == name or path.endswith(f"/{name}") for name in _FETCHING_IMAGES):
        yield "code"
    if path.endswith("/storage-initializer") or (container.name or "").endswith(_INITIALIZERS):
        # KServe and Seldon give pairs of an address and a folder.
        yield from (kind for word in words if (kind := _stored(word)) is not None)


def _stored(word: str) -> str | Unknown | None:
    return reference(word) if _REMOTE.fullmatch(word) or unresolved(word) else None


def _of_variables(container: Container) -> Iterator[str]:
    for one in container.env or ():
        if one.name in _PACKAGE_VARIABLES and (one.value or one.value_from is not None):
            yield "packages"


def _values(words: Sequence[str], option: str) -> Iterator[str]:
    for index, word in enumerate(words):
        if word == option and index + 1 < len(words):
            yield words[index + 1]
        elif word.startswith(f"{option}="):
            yield word[len(option) + 1 :]


def _revision(words: Sequence[str]) -> bool:
    return any(_REVISION.fullmatch(value) for option in _REVISION_OPTIONS for value in _values(words, option))
