"""What containers get from the network as they start, and then load or run: models, code, packages."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import chain, islice

from assay.detectors.cluster.pods import signature_checks
from assay.detectors.cluster.pods.fetch_programs import (
    DOWNLOADERS,
    PROGRAMS,
    REMOTE,
    REVISION,
    fetched,
    pinned,
    reference,
    values,
)
from assay.detectors.cluster.pods.images import parse, path_of
from assay.detectors.cluster.pods.objects import Container, PodSpec
from assay.detectors.cluster.pods.signature_checks import Checked, Step
from assay.detectors.cluster.stating import unresolved
from assay.scanner.api import Unknown

Fetched = str | Unknown
"""A kind of what is fetched, as `kinds.workload.Container.fetches_at_start` has them."""

_LONGEST = 30_000
"""Characters of a command with its arguments."""

_ARGUMENTS = 100
"""Of one command that are looked at."""
_UNVOUCHED = "model"
"""The one kind that checks after it bear on: a model that isn't pinned."""
_LATER = 20
"""Init containers after one that fetches a model, among which one that checks it is looked for."""

_TOKEN = re.compile(
    r"&&|\|\||[;|\n]|[^\s;|&'\"`()<>,\[\]{}$]+|\$\{[^}\s]{0,100}\}|\$\([^)\s]{0,100}\)|\{\{[^}\n]{0,100}\}\}"
)
_ENDS = frozenset(("&&", "||", ";", "\n"))
"""Between two commands; a pipe belongs to the command that it feeds."""
_LOADERS = re.compile(
    r"\b(?:from_pretrained|snapshot_download|hf_hub_download|load_dataset|torch\.hub\.load|hub\.load|model_download"
    r"|download_artifacts|use_artifact)\b"
)
_LOADS_CODE = re.compile(r"\btorch\.hub\.load\b")
"""One of the loaders."""
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
_FOLDERS: Mapping[str, tuple[str, ...]] = {
    "tritonserver": ("--model-repository", "--model-store"),
    "torchserve": ("--models", "--model-store"),
    "tensorflow_model_server": ("--model_base_path",),
    "serving": ("--model_base_path",),
}
"""Likewise, of programs that take a folder, or the address of one."""
_SERVER = re.compile(rf"({'|'.join(map(re.escape, _SERVERS))})(?:-|\Z)")
"""None of them is another one and a hyphen, so that a word stands for one program only."""
_MODEL_VARIABLES = ("MODEL_ID", "HF_MODEL_ID", "VLLM_MODEL", "MODEL_URI", "OLLAMA_MODEL")
_REVISION_VARIABLES = ("REVISION", "HF_REVISION", "MODEL_REVISION", "VLLM_REVISION")
_PACKAGE_VARIABLES = ("EXTRA_PIP_PACKAGES", "PIP_PACKAGES", "_PIP_ADDITIONAL_REQUIREMENTS", "EXTRA_CONDA_PACKAGES",
                      "EXTRA_APT_PACKAGES")  # fmt: skip
_FETCHING_IMAGES = ("/git-sync", "/gitsync", "/alpine/git", "/bitnami/git")
"""By the end of their path."""
_INITIALIZERS = ("storage-initializer", "-model-initializer")


def fetches(container: Container, repository: str, spec: PodSpec | None = None) -> list[str | Unknown]:
    """What one container gets, by kind, sorted; `repository` is its image's, and `spec` its pod's."""
    text = _text(container)
    if text is None:
        return [Unknown(reason="its command is longer than is looked at")]
    path = path_of(repository)[1] if repository else ""
    # What was given as a list of arguments is one command; a script within one argument has commands of its own.
    words = [word for word in _tokens(text) if not word.isspace()]
    steps = _steps(container, path)
    by_step = [tuple(_of_command(step.words)) for step in steps]
    by_python = tuple(_of_python(text))
    others = (*_of_server(words, path, container), *_of_image(path, container, words), *_of_variables(container))
    found = {*chain.from_iterable(by_step), *by_python, *others}
    if _UNVOUCHED in found:
        later = _checked_later(container, spec)
        found = {*_as_checked(steps, by_step, by_python, later), *(_vouched(kind, later) for kind in others)}
    known = {one for one in found if isinstance(one, str)}
    reasons = sorted({one.reason for one in found if isinstance(one, Unknown)})
    return [*sorted(known), *(Unknown(reason=reason) for reason in reasons[:5])]


def _as_checked(
    steps: Sequence[Step], by_step: Sequence[Sequence[Fetched]], by_python: Sequence[Fetched], later: Checked
) -> Iterator[Fetched]:
    """What the steps fetch, as the checks after each leave it."""
    checked = signature_checks.checks(steps)
    after = _after(checked, later)
    named: set[str] = set()
    for number, step in enumerate(steps):
        # What was checked by the name by which it is fetched afterwards counts as well.
        signed = "model-signed" if named and not named.isdisjoint(step.words) else None
        yield from (_vouched(kind, signed or after[number]) for kind in by_step[number])
        if checked[number] == "model-signed":
            named.update(word for word in step.words if "/" in word and not word.startswith(("-", "/", ".")))
    at = next((number for number, step in enumerate(steps) if _LOADERS.search(" ".join(step.words))), None)
    yield from (_vouched(kind, later if at is None else after[at]) for kind in by_python)


def _vouched(kind: Fetched, checked: Checked) -> Fetched:
    """A model that isn't pinned, as the checks after it leave it."""
    return checked if kind == _UNVOUCHED and checked is not None else kind


def _after(checked: Sequence[Checked], later: Checked) -> list[Checked]:
    """For each step, the best of what the steps after it check, and what other containers check `later`."""
    found = [later]
    for one in reversed(checked[1:]):
        found.append(_better(one, found[-1]))
    return found[::-1]


def _better(one: Checked, other: Checked) -> Checked:
    return max(one, other, key=lambda checked: (isinstance(checked, str), checked is not None, str(checked)))


def _checked_later(container: Container, spec: PodSpec | None) -> Checked:
    """What init containers check that come after this one, which is itself one that ends before they begin."""
    initial = [one for one in (spec.init_containers if spec is not None else None) or () if one.restart_policy is None]
    at = next((index for index, one in enumerate(initial) if one is container), None)
    if at is None:
        return None
    found: Checked = None
    for one in islice(initial, at + 1, at + 1 + _LATER):
        repository = parse(one.image).repository
        path = path_of(repository)[1] if repository else ""
        if _text(one) is not None:
            found = reduce(_better, signature_checks.checks(_steps(one, path)), found)
    return found


def _text(container: Container) -> str | None:
    """All that it runs; None where that is longer than is looked at."""
    text = "\n".join((*(container.command or ()), *(container.args or ())))
    return text if len(text) <= _LONGEST else None


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text.replace("\\\n", " "))


def _steps(container: Container, path: str) -> list[Step]:
    """The commands: the list of arguments as one line, with scripts in it taken apart."""
    tokens = list(signature_checks.named_by(path)) if not container.command else []
    for argument in (*(container.command or ()), *(container.args or ())):
        tokens.extend(_tokens(argument))
    found: list[Step] = []
    current: list[str] = []
    for token in (*tokens, ""):
        if token and token not in _ENDS:
            current.append(token)
        elif current:
            found.append(Step(tuple(current), token))
            current = []
    # A new line after the last command ends it, and nothing follows.
    return [*found[:-1], Step(found[-1].words, "")] if found else []


def _of_command(words: Sequence[str]) -> Iterator[str | Unknown]:
    """What one command fetches, by the first word in it that tells."""
    for index, word in enumerate(words):
        name = word.rpartition("/")[2]
        if name not in PROGRAMS:
            continue
        got = list(fetched(name, words[index + 1 : index + 1 + _ARGUMENTS]))
        yield from got
        if got or name in DOWNLOADERS:
            return


def _of_server(words: Sequence[str], path: str, container: Container) -> Iterator[str | Unknown]:
    names = {word.rpartition("/")[2].partition(".")[0] for word in words[:8]} | set(path.replace("_", "/").split("/"))
    for program in sorted({known[1] for name in names if (known := _SERVER.match(name))}):
        options = _SERVERS[program]
        told = [value for option in options for value in values(words, option)]
        if program == "vllm" and "serve" in words:
            told += words[words.index("serve") + 1 :][:1]
        for model in told:
            kind = reference(model)
            if kind is not None:
                yield "model-pinned" if kind == "model" and pinned(words) and not REMOTE.fullmatch(model) else kind
        if not told:
            yield from _told_by_variables(container)
    for program in sorted(names & _FOLDERS.keys()):
        for folder in (value for option in _FOLDERS[program] for value in values(words, option)):
            address = folder.partition("=")[2] if program == "torchserve" and "=" in folder else folder
            kind = _stored(address)
            if kind is not None:
                yield kind


def _told_by_variables(container: Container) -> Iterator[str | Unknown]:
    variables = {one.name: one for one in container.env or ()}
    for name in _MODEL_VARIABLES:
        one = variables.get(name)
        if one is None:
            continue
        if one.value is None:
            yield Unknown(reason=f"which model it loads stands outside the template, in {name}")
            continue
        kind = reference(one.value)
        revisions = [variables[other].value or "" for other in _REVISION_VARIABLES if other in variables]
        fixed = any(REVISION.fullmatch(revision) for revision in revisions)
        if kind is not None:
            yield "model-pinned" if kind == "model" and fixed else kind


def _of_python(text: str) -> Iterator[str]:
    """Code in arguments, `python -c '…'`."""
    if _LOADERS.search(text):
        yield "model-pinned" if _PYTHON_REVISION.search(text) else "model"
        if _LOADS_CODE.search(text):
            yield "code"


def _of_image(path: str, container: Container, words: Sequence[str]) -> Iterator[str | Unknown]:
    if f"/{path}".endswith(_FETCHING_IMAGES):
        yield "code"
    if path.endswith("/storage-initializer") or (container.name or "").endswith(_INITIALIZERS):
        # KServe and Seldon give pairs of an address and a folder.
        yield from (kind for word in words if (kind := _stored(word)) is not None)


def _stored(word: str) -> str | Unknown | None:
    return reference(word) if REMOTE.fullmatch(word) or unresolved(word) else None


def _of_variables(container: Container) -> Iterator[str]:
    for one in container.env or ():
        if one.name in _PACKAGE_VARIABLES and (one.value or one.value_from is not None):
            yield "packages"
