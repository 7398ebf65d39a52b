"""One reading of a tree: which framework takes up which file, which are broken, and what checkov must be given."""

import os
import re
import stat
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field, structs

from assay.detectors.iac.frameworks import (
    FRAMEWORKS,
    KUSTOMIZATION_NAMES,
    NEEDED_KEYS,
    SECRET_MAX_BYTES,
    Seen,
    is_dockerfile,
    is_surely,
    visible,
)
from assay.detectors.iac.skips import has_skip
from assay.detectors.iac.syntax import NOT_REGULAR, VANISHED, Fault, Syntax, encoding_fault, read_syntax, unreadable
from assay.scanner.api import Tree
from assay.scanner.safe.digest import FileDigest

MAX_BYTES = 50_000_000
"""The largest file that checkov is given; it gives up line numbers beyond it."""
SIDE_FILE_MAX_BYTES = 5 << 20
"""The largest file that a chart or a kustomization may bring along; Helm itself refuses larger ones."""

_BUNDLE_NAMES = ("Chart.yaml", *KUSTOMIZATION_NAMES)
_DOCUMENT_SUFFIXES = (".yaml", ".yml", ".json", ".template")
_PLAIN_SUFFIXES = (".tf", ".hcl", ".tfvars", ".bicep")
_CONTENT_BLIND = frozenset({"secrets"})
"""Frameworks that take a file up for its name alone, whatever is in it."""
_OF_MARKS = frozenset(
    {
        "ansible",
        "argo_workflows",
        "azure_pipelines",
        "bitbucket_pipelines",
        "circleci_pipelines",
        "github_actions",
        "gitlab_ci",
        "serverless",
        "terraform_json",
    }
)
"""Frameworks whose own files hold `{{ }}`, `${{ }}` or `${ }`."""
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
    digests: Mapping[str, str] = field(default_factory=dict)
    """Of the files whose content was read whole."""


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
    digests: dict[str, str] = {}
    for path in tree.files:
        content, size, fault, skips, digest = _read(tree.root, path, tree.links.get(path, path))
        if digest is not None:
            digests[path] = digest
        if skips:
            skipping.add(path)
        seen = Seen(path=path, absolute=f"{tree.named or tree.root}/{path}", content=content)
        takers = {framework.id for framework in FRAMEWORKS if framework.reads(seen)}
        in_chart_templates = any(is_below(path, templates_of(chart)) for chart in charts)
        if in_chart_templates and _HELM_MARK.search(content):
            takers.discard("kubernetes")  # It stands aside for such files, and Helm's part renders them.
        if fault is None and content and not in_chart_templates:
            syntaxes[path] = syntax = read_syntax(path, content)
            read = _judge(path, syntax, content, takers)
            takers, fault = read.takers, read.fault
            if read.unrendered:
                unrendered.add(path)
        if fault is None and size > MAX_BYTES and takers - _CONTENT_BLIND:
            reason = f"it is larger than {MAX_BYTES // 1_000_000} MB"
            fault = Fault(reason=reason, advice="split it, then scan again", hostile=True)
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
        digests=digests,
    )


def without(whole: Survey, excluded: frozenset[str]) -> Survey:
    """As if the files had not been there."""
    gone = {path.rpartition("/")[0] for path in excluded if path.rpartition("/")[2] in _BUNDLE_NAMES}
    return structs.replace(
        whole,
        claims={framework: paths - excluded for framework, paths in whole.claims.items()},
        faults={path: fault for path, fault in whole.faults.items() if path not in excluded},
        wanted=tuple(path for path in whole.wanted if path not in excluded),
        charts=tuple(folder for folder in whole.charts if folder not in gone),
        kustomizations=tuple(folder for folder in whole.kustomizations if folder not in gone),
    )


def templates_of(chart: str) -> str:
    """The folder of what a chart renders."""
    return f"{chart}/templates" if chart else "templates"


def is_below(path: str, folder: str) -> bool:
    """Whether a relative path lies under a relative folder, `""` being the root."""
    return not folder or path.startswith(f"{folder}/")


def _read(root: str, path: str, place: str) -> tuple[bytes, int, Fault | None, bool, str | None]:
    """The content where a rule asks for it, the size, what stood in the way, whether a comment may skip checks, and the
    digest, where it was read whole."""
    try:
        found = os.stat(f"{root}/{place}", follow_symlinks=False)  # noqa: PTH116  # once a file; a Path is dearer
        if not stat.S_ISREG(found.st_mode):
            return b"", 0, NOT_REGULAR, False, None
        is_plain = path.endswith(_PLAIN_SUFFIXES) or is_dockerfile(path.rpartition("/")[2])
        if not (is_plain or path.endswith(_DOCUMENT_SUFFIXES)) or "node_modules" in path:
            return b"", found.st_size, None, False, None
        with Path(root, place).open("rb") as file:
            content = file.read(MAX_BYTES if found.st_size <= MAX_BYTES else _GLANCE_BYTES)
            whole = FileDigest()
            whole.update(content)
            digest = whole.text() if not file.read(1) else None
        content = content.removeprefix(BOM_UTF8)  # As the private copy is without.
        # `.template` is any template's suffix, that of a binary too.
        is_ours = not path.endswith(".template") or b"AWSTemplateFormatVersion" in content.replace(b"\0", b"")
        if is_ours and _is_seen(path) and (fault := encoding_fault(content)):
            return b"", found.st_size, fault, False, digest
        return b"" if is_plain else content, found.st_size, None, has_skip(content), digest
    except FileNotFoundError:
        return b"", 0, VANISHED, False, None
    except OSError as error:
        return b"", 0, unreadable(error), False, None


def _is_seen(path: str) -> bool:
    return visible(path, ".github", ".circleci", ".gitlab-ci.yml", ".gitlab-ci.yaml")


class _Judged(Struct, frozen=True, kw_only=True):
    """What the syntax of a file says of it."""

    takers: set[str]
    fault: Fault | None = None
    unrendered: bool = False


def _judge(path: str, syntax: Syntax, content: bytes, takers: set[str]) -> _Judged:
    # What is written in such marks itself is no template for it, and broken where it does not parse.
    templated = syntax.templated and not takers & _OF_MARKS
    if syntax.fault is not None:
        if not _is_seen(path):
            return _Judged(takers=takers, unrendered=templated)
        # `.template` is any template's suffix.
        other = path.endswith(".template") and b"AWSTemplateFormatVersion" not in content
        excused = not syntax.fault.hostile and (templated or other)
        return _Judged(takers=takers, fault=None if excused else syntax.fault, unrendered=templated and excused)
    lacking = {taker for taker in takers & NEEDED_KEYS.keys() if not _has_any(syntax, NEEDED_KEYS[taker])}
    if listed := {taker for taker in lacking if is_surely(taker, syntax.listed)}:
        fault = Fault(reason="it is a list, and checkov only looks at a mapping", advice="split it, then scan again")
        return _Judged(takers=takers - (lacking - listed), fault=fault)
    takers = takers - lacking
    if syntax.half_characters and takers - _CONTENT_BLIND:
        fault = Fault(reason="it holds half of a character (a lone surrogate)", hostile=True)
        return _Judged(takers=takers, fault=fault)
    mark = _HELM_MARK.search(content) if "kubernetes" in takers else None
    if mark and not syntax.marked and syntax.odd_key is None:
        reason = "checkov takes it for a chart's template, because of a comment"
        line = content.count(b"\n", 0, mark.start()) + 1
        advice = "change the comment, then scan again"
        return _Judged(takers=takers, fault=Fault(reason=reason, line=line, advice=advice, framework="kubernetes"))
    if mark or not takers - _CONTENT_BLIND:
        return _Judged(takers=takers, unrendered=mark is not None)
    if syntax.odd_key is not None:
        return _Judged(takers=takers, fault=None if templated else syntax.odd_key, unrendered=templated)
    return _Judged(takers=takers)


def _has_any(syntax: Syntax, keys: frozenset[str]) -> bool:
    return any(document is not None and document & keys for document in syntax.documents)


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
