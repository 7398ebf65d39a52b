"""One reading of a tree: which framework takes up which file, which are broken, and what checkov must be given."""

import os
import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from assay.detectors.iac.frameworks import (
    FRAMEWORKS,
    KUSTOMIZATION_NAMES,
    NEEDED_KEYS,
    SECRET_MAX_BYTES,
    Seen,
    is_dockerfile,
    visible,
)
from assay.detectors.iac.skips import has_skip
from assay.detectors.iac.syntax import Fault, Syntax, encoding_fault, read_syntax
from assay.scanner.api import Tree

MAX_BYTES = 50_000_000
"""The largest file that checkov is given; it gives up line numbers beyond it."""
SIDE_FILE_MAX_BYTES = 5 << 20
"""The largest file that a chart or a kustomization may bring along; Helm itself refuses larger ones."""

_DOCUMENT_SUFFIXES = (".yaml", ".yml", ".json", ".template")
_PLAIN_SUFFIXES = (".tf", ".hcl", ".tfvars", ".bicep")
_CONTENT_BLIND = frozenset({"secrets"})
"""Frameworks that take a file up for its name alone, whatever is in it."""
_GLANCE_BYTES = 1 << 20
_HELM_MARK = re.compile(rb"\{\{-?\s*\.(?:Release|Values)\.")


class Survey(Struct, frozen=True, kw_only=True):
    """What one reading of a tree gave."""

    claims: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Framework → the files that its runner takes up; frameworks without any are missing."""
    syntax: Mapping[str, Syntax] = field(default_factory=dict)
    """By file, for YAML and JSON."""
    faults: Mapping[str, Fault] = field(default_factory=dict)
    """Files that could not be read or parsed."""
    unrendered: frozenset[str] = frozenset()
    """Templates of manifests that no chart renders: as they stand they are not what will be applied."""
    skipping: frozenset[str] = frozenset()
    """Files that may tell checkov to leave out a check."""
    wanted: tuple[str, ...] = ()
    """The files that checkov must be given, sorted."""
    charts: tuple[str, ...] = ()
    """Folders of Helm charts, relative to the root and sorted; `""` is the root itself."""
    kustomizations: tuple[str, ...] = ()
    """Folders of kustomizations, likewise."""


def survey(tree: Tree) -> Survey:
    """Reads names, and the contents of YAML and JSON."""
    charts = _folders(tree.files, ("Chart.yaml",))
    # Hidden ones too, and those whose name checkov does not know: others may be built upon them.
    kustomizations = _folders(tree.files, KUSTOMIZATION_NAMES, hidden=True)
    bundles = {*charts, *kustomizations}
    claims: dict[str, set[str]] = {}
    syntaxes: dict[str, Syntax] = {}
    faults: dict[str, Fault] = {}
    unrendered: set[str] = set()
    skipping: set[str] = set()
    wanted: list[str] = []
    for path in tree.files:
        content, size, fault, skips = _read(tree.root, path)
        if skips:
            skipping.add(path)
        seen = Seen(path=path, absolute=f"{tree.root}/{path}", content=content)
        takers = {framework.id for framework in FRAMEWORKS if framework.reads(seen)}
        in_chart_templates = any(is_below(path, f"{chart}/templates" if chart else "templates") for chart in charts)
        if _HELM_MARK.search(content) and "kubernetes" in takers:
            if in_chart_templates:
                takers.remove("kubernetes")  # It stands aside for such files, and Helm's part renders them.
            else:
                unrendered.add(path)
        if fault is None and content and not in_chart_templates:
            syntaxes[path] = syntax = read_syntax(path, content)
            fault = _fault_of(path, syntax, content)
            if syntax.fault is None:
                takers -= {taker for taker in takers & NEEDED_KEYS.keys() if not _has_any(syntax, NEEDED_KEYS[taker])}
            elif fault is None and takers - _CONTENT_BLIND and syntax.templated:
                unrendered.add(path)
            if fault is None and syntax.half_characters and takers - _CONTENT_BLIND:
                fault = Fault(reason="it holds half of a character (a lone surrogate)", hostile=True)
        if fault is None and size > MAX_BYTES and takers - _CONTENT_BLIND:
            fault = Fault(reason=f"it is larger than {MAX_BYTES // 1_000_000} MB", hostile=True)
        if fault is not None:
            faults[path] = fault
        unrendered -= set() if takers - _CONTENT_BLIND else {path}
        for taker in takers:
            claims.setdefault(taker, set()).add(path)
        if (fault is None or not fault.hostile) and _is_wanted(path, size, takers, bundles):
            wanted.append(path)
    return Survey(
        claims={framework: frozenset(paths) for framework, paths in claims.items()},
        syntax=syntaxes,
        faults=faults,
        unrendered=frozenset(unrendered),
        skipping=frozenset(skipping),
        wanted=tuple(wanted),
        charts=charts,
        kustomizations=kustomizations,
    )


def is_below(path: str, folder: str) -> bool:
    """Whether a relative path lies under a relative folder, `""` being the root."""
    return not folder or path.startswith(f"{folder}/")


def _read(root: str, path: str) -> tuple[bytes, int, Fault | None, bool]:
    """The content where a rule asks for it, the size, what stood in the way, and whether a comment may skip checks."""
    try:
        found = os.stat(f"{root}/{path}", follow_symlinks=False)  # noqa: PTH116  # once a file; a Path is dearer
        if not stat.S_ISREG(found.st_mode):
            return b"", 0, Fault(reason="it is no longer a regular file", hostile=True), False
        is_plain = path.endswith(_PLAIN_SUFFIXES) or is_dockerfile(path.rpartition("/")[2])
        if not (is_plain or path.endswith(_DOCUMENT_SUFFIXES)) or "node_modules" in path:
            return b"", found.st_size, None, False
        with Path(root, path).open("rb") as file:
            content = file.read(MAX_BYTES if found.st_size <= MAX_BYTES else _GLANCE_BYTES)
        # `.template` is any template's suffix, that of a binary too.
        is_ours = not path.endswith(".template") or b"AWSTemplateFormatVersion" in content.replace(b"\0", b"")
        if is_ours and _is_seen(path) and (fault := encoding_fault(content)):
            return b"", found.st_size, fault, False
        return b"" if is_plain else content, found.st_size, None, has_skip(content)
    except FileNotFoundError:
        return b"", 0, Fault(reason="it vanished during the scan", hostile=True), False
    except OSError as error:
        return b"", 0, Fault(reason=f"it cannot be read: {error.strerror}", hostile=True), False


def _is_seen(path: str) -> bool:
    return visible(path, ".github", ".circleci", ".gitlab-ci.yml", ".gitlab-ci.yaml")


def _has_any(syntax: Syntax, keys: frozenset[str]) -> bool:
    return any(document is not None and document & keys for document in syntax.documents)


def _fault_of(path: str, syntax: Syntax, content: bytes) -> Fault | None:
    if syntax.fault is None or not _is_seen(path):
        return None
    if syntax.fault.hostile:
        return syntax.fault
    # A template of a YAML file is not one yet, and `.template` is any template's suffix.
    if syntax.templated or (path.endswith(".template") and b"AWSTemplateFormatVersion" not in content):
        return None
    return syntax.fault


def _is_wanted(path: str, size: int, takers: set[str], bundles: set[str]) -> bool:
    if size > MAX_BYTES:
        return False
    if takers - _CONTENT_BLIND:
        return True
    if "secrets" in takers and size <= SECRET_MAX_BYTES:
        return True
    if ".terraform/" in path or "node_modules/" in path:
        return False
    # Modules in hidden folders are found through a module's source, and tfvars through the module beside them.
    if path.endswith(_PLAIN_SUFFIXES):
        return True
    return size <= SIDE_FILE_MAX_BYTES and any(folder in bundles for folder in ("", *_above(path)))


def _above(path: str) -> list[str]:
    """Every folder that a path lies in, except the root."""
    names = path.split("/")
    return ["/".join(names[:depth]) for depth in range(1, len(names))]


def _folders(files: Sequence[str], names: tuple[str, ...], hidden: bool = False) -> tuple[str, ...]:
    found = (path.rpartition("/") for path in files if hidden or visible(path))
    return tuple(sorted({folder for folder, _, name in found if name in names}))
