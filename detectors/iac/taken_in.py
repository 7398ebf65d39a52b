"""Which files of a tree charts and kustomizations really take in, so that they are no manifests by themselves.

A folder says nothing: a kustomization may name none of the files around it, and somebody may apply these as they are.
"""

import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from assay.detectors.iac.frameworks import KUSTOMIZATION_NAMES, visible
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.survey import is_below, templates_of
from assay.scanner.safe.yaml import YamlError, load

_RESOURCES = ("resources", "bases", "components")
"""Lists of files and folders, whose objects are in what is built. `crds` and `configurations` only say how to build."""
_PATCHES = ("patches", "patchesJson6902", "patchesStrategicMerge", "replacements")
"""Lists of files that are parts of objects, or of mappings with the `path` of one."""
_BUILT_NAMES = KUSTOMIZATION_NAMES[:2]
"""Those that checkov begins with; one of another name is built where it is a base of these."""


def taken_in(charts: Sequence[str], kustomizations: Sequence[str], paths: Sequence[str], copy: PrivateCopy) -> set[str]:
    """Those of the paths that some chart renders, or some kustomization that is built refers to."""
    referred_to = _referred_to(frozenset(kustomizations), copy)
    rendered = [(chart, _ignored(chart, copy)) for chart in charts]
    return {
        path
        for path in paths
        if path in referred_to or any(_renders(chart, ignored, path) for chart, ignored in rendered)
    }


def _renders(chart: str, ignored: Sequence[str], path: str) -> bool:
    """Whether a path is a template whose output Helm prints, where the values don't keep it from it."""
    if not is_below(path, templates_of(chart)) or path.rpartition("/")[2].startswith("_"):
        return False
    names = (path.removeprefix(f"{chart}/") if chart else path).split("/")
    inner = ["/".join(names[:depth]) for depth in range(1, len(names) + 1)]
    # A name is matched too often rather than too seldom: then it is read in both ways.
    return not any(fnmatchcase(one, pattern) for pattern in ignored for one in (*inner, *names))


def _ignored(chart: str, copy: PrivateCopy) -> Sequence[str]:
    """The patterns of the chart's `.helmignore`."""
    lines = copy.lines(f"{chart}/.helmignore" if chart else ".helmignore") or []
    patterns = (line.strip().strip("/") for line in lines[:_MOST_PATTERNS])
    return [pattern for pattern in patterns if pattern and not pattern.startswith(("#", "!"))]


_MOST_PATTERNS = 500


def _referred_to(folders: frozenset[str], copy: PrivateCopy) -> set[str]:
    """The files that are taken in by the kustomizations that checkov builds, and by those that they build upon."""
    waiting = [folder for folder in folders if any(_is_begun_with(folder, name, copy) for name in _BUILT_NAMES)]
    seen: set[str] = set()
    found: set[str] = set()
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        for reference in _references(folder, copy):
            target = os.path.normpath(os.path.join(folder, reference))  # noqa: PTH118
            target = "" if target == "." else target
            if target in folders:
                waiting.append(target)
            else:
                found.add(target)
    return found


def _is_begun_with(folder: str, name: str, copy: PrivateCopy) -> bool:
    path = f"{folder}/{name}" if folder else name
    return visible(path) and Path(copy.root, path).is_file()


def _references(folder: str, copy: PrivateCopy) -> Iterator[str]:
    for name in KUSTOMIZATION_NAMES:
        try:
            content = load(Path(copy.root, folder, name).read_bytes())
        except (OSError, YamlError):
            continue  # Where it can't be built, the part that builds it says so.
        if not isinstance(content, dict):
            continue
        for key in (*_RESOURCES, *_PATCHES):
            yield from _names(content.get(key), key in _PATCHES)


def _names(entries: Any, with_paths: bool) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("path") if with_paths and isinstance(entry, dict) else entry
        if isinstance(name, str):
            yield name
