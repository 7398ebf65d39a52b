"""Which files of a tree may bear on what is found in some of them, told without parsing the rest.

Terraform: the module's folder, the folders that it calls, those that call it, as their arguments decide its values, and
what lies below these.
Charts and kustomizations: what they are built from. Manifests: each other, as policies and accounts stand in files of
their own. Everything else is judged file by file.
"""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from msgspec import structs

from assay.detectors.iac.frameworks import KUSTOMIZATION_NAMES
from assay.scanner.api import Tree

_TERRAFORM = (".tf", ".tf.json", ".hcl", ".tfvars", ".tfvars.json")
_DOCUMENTS = (".yaml", ".yml", ".json")
_MOST_BYTES = 2 << 20
"""Of one file that is searched for references."""
_MOST_BELOW = 300
"""Files below modules that are taken in; where there are more, a hook would parse most of a large repository."""
_SOURCE = re.compile(rb"""["']?\bsource["']?\s*[=:]\s*["'](\.{1,2}/?[^"'\n$%]*)["']""")
"""A local module's, in HCL and in its JSON form."""
_ITEM = re.compile(rb"""(?m)^\s*-\s*(?:path:\s*)?["']?([^\s"'#:]+)["']?\s*(?:#.*)?$""")
"""An item of a list in a kustomization: a file or a folder, if it is a reference at all."""


def bearing_on(tree: Tree) -> Tree:
    """The tree with those files alone that may bear on what is found in `tree.only`."""
    if tree.only is None:
        return tree
    named = {path for path in tree.only if path in set(tree.files)}
    wanted = set(named)
    if any(path.endswith(_TERRAFORM) for path in named):
        wanted |= _of_modules(tree, named)
    if any(path.endswith(_DOCUMENTS) for path in named) or _in_bundles(tree, named):
        wanted |= _of_bundles(tree, named)
        wanted |= _of_manifests(tree, named)
    return structs.replace(
        tree,
        files=tuple(path for path in tree.files if path in wanted),
        links={link: leads_to for link, leads_to in tree.links.items() if link in wanted},
    )


def _of_modules(tree: Tree, named: Collection[str]) -> set[str]:
    by_folder: dict[str, list[str]] = defaultdict(list)
    for path in tree.files:
        if path.endswith(_TERRAFORM):
            by_folder[_folder(path)].append(path)

    def calls(folder: str) -> Iterator[str]:
        for path in by_folder[folder]:
            for source in _SOURCE.findall(_read(tree, path)):
                yield _joined(folder, os.fsdecode(source), tree.folder_links)

    start = {_folder(path) for path in named if path.endswith(_TERRAFORM)}
    connected = _connected(start, by_folder, calls)
    found = {path for folder in connected for path in by_folder[folder]}
    # checkov looks a name up that its folder doesn't declare in the folders below, Packer's variables among them.
    around = {other: {*_above(f"{other}/x"), other} for other in by_folder}
    below = {path for folder, paths in by_folder.items() if connected & around[folder] for path in paths} - found
    return found | below if len(below) <= _MOST_BELOW else found


def _of_bundles(tree: Tree, named: Collection[str]) -> set[str]:
    """Everything below the charts and kustomizations that take in one of the files, or that are built upon these."""
    charts = {_folder(path) for path in tree.files if _name(path) == "Chart.yaml"}
    built: dict[str, list[str]] = defaultdict(list)
    for path in tree.files:
        if _name(path) in KUSTOMIZATION_NAMES:
            built[_folder(path)].append(path)

    def refers(folder: str) -> Iterator[str]:
        for path in built[folder]:
            for reference in _ITEM.findall(_read(tree, path)):
                target = _joined(folder, os.fsdecode(reference), tree.folder_links)
                yield target if target in built else _folder(target)

    folders = {chart for chart in charts if any(_is_below(path, chart) for path in named)}
    start = {folder for path in named for folder in (_folder(path), *_above(path))}
    folders |= _connected(start, built, refers)
    return {path for path in tree.files if any(_is_below(path, folder) for folder in folders)} if folders else set()


def _of_manifests(tree: Tree, named: Collection[str]) -> set[str]:
    if not any(_is_manifest(tree, path) for path in named):
        return set()
    return {path for path in tree.files if _is_manifest(tree, path)}


def _connected(start: Iterable[str], known: Collection[str], leads_to: Callable[[str], Iterable[str]]) -> set[str]:
    """Every known folder that some of these lead to, or from which one is led to these."""
    around: dict[str, set[str]] = defaultdict(set)
    for folder in known:
        for other in leads_to(folder):
            if other in known:
                around[folder].add(other)
                around[other].add(folder)
    found: set[str] = set()
    pending = [folder for folder in start if folder in known]
    while pending:
        folder = pending.pop()
        if folder not in found:
            found.add(folder)
            pending += around[folder]
    return found


def _in_bundles(tree: Tree, named: Collection[str]) -> bool:
    bundles = {_folder(path) for path in tree.files if _name(path) in ("Chart.yaml", *KUSTOMIZATION_NAMES)}
    return any(folder in bundles for path in named for folder in (_folder(path), *_above(path), ""))


def _is_manifest(tree: Tree, path: str) -> bool:
    if not path.endswith(_DOCUMENTS):
        return False
    content = _read(tree, path)
    return b"apiVersion" in content and b"kind" in content


def _read(tree: Tree, path: str) -> bytes:
    """The beginning of a file, which is read as it is for the scan itself; nothing where it can't be read."""
    try:
        descriptor = os.open(f"{tree.root}/{tree.links.get(path, path)}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            return stream.read(_MOST_BYTES)
    except OSError:
        return b""


def _joined(folder: str, reference: str, links: Mapping[str, str]) -> str:
    found = os.path.normpath(os.path.join(folder, reference))  # noqa: PTH118  # as text, whatever lies there
    found = "" if found == "." else found
    return links.get(found, found)


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _above(path: str) -> Iterator[str]:
    folder = _folder(path)
    while folder:
        folder = _folder(folder)
        yield folder


def _is_below(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")
