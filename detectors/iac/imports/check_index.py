"""The index of checkov's checks: which module makes which check, and for which types of resource it is asked.

It is made from an import of everything (`index_writer.py`) and comes with the package. Where the installed checkov is
another version, or its folders of checks hold other files, there is no index, and everything is imported.
"""

import functools
import hashlib
import os
from collections.abc import Iterable, Mapping
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

import msgspec
from msgspec import Struct

FILE = Path(__file__).parent.parent / "tables" / "checks.json"


class IndexedCheck(Struct, frozen=True, array_like=True):
    """A check as one registry knows it; no two of a registry have both module and id in common."""

    module: str
    """That of its class."""
    id: str
    types: tuple[str, ...]
    """The types of resource, or patterns of them, for which the registry keeps it; none where it refuses it."""


class CheckIndex(Struct, frozen=True, kw_only=True):
    """All registries of the frameworks that a scan can run."""

    checkov: str
    """The version."""
    folders: Mapping[str, str]
    """Package of checks, in the order in which checkov imports them → digest of its files' names and sizes."""
    made_in: Mapping[str, str]
    """Module of a check's class → module whose import makes the check, where that is another."""
    brought_by: Mapping[str, str]
    """Module of a check → the module of a check that imports it before its turn, where one does."""
    registries: Mapping[str, tuple[IndexedCheck, ...]]
    """`module:name` → what it is offered once everything is imported."""


class Listed(Struct, frozen=True):
    """An index that fits the installed checkov."""

    index: CheckIndex
    ranks: Mapping[str, float]
    """Module → its place in the order in which checkov would import it here, which is that of the file system."""

    def source(self, check: IndexedCheck) -> str:
        """The module whose import makes the check."""
        return self.index.made_in.get(check.module, check.module)

    def in_order(self, checks: Iterable[IndexedCheck]) -> list[IndexedCheck]:
        """As a full import would register them."""
        return sorted(checks, key=lambda check: self.ranks[self.source(check)])


@functools.cache
def read_index() -> Listed | None:
    """The index, if it is that of the installed checkov; read once."""
    root = checkov_folder()
    try:
        return fitting(FILE.read_bytes(), root, installed_version()) if root else None
    except OSError:
        return None


def fitting(content: bytes, root: str, version: str) -> Listed | None:
    """The index in a file, if it is that of the checkov of this version in this folder."""
    try:
        index = msgspec.json.decode(content, type=CheckIndex)
    except msgspec.DecodeError:
        return None
    if version != index.checkov:
        return None
    ranks: dict[str, float] = {}
    for package, digest in index.folders.items():
        try:
            names, found = listing(root, package)
        except OSError:
            return None
        if found != digest:
            return None
        for name in names:
            ranks[f"{package}.{name}"] = len(ranks)
    for module, importer in index.brought_by.items():
        ranks[module] = min(ranks[module], ranks[importer] - 0.5)
    return Listed(index, ranks)


def checkov_folder() -> str | None:
    """The folder of the installed package, which is not imported."""
    spec = PathFinder.find_spec("checkov") or find_spec("checkov")
    return next(iter(spec.submodule_search_locations or ()), None) if spec else None


def installed_version() -> str:
    """Of the checkov that would be imported."""
    from checkov.version import version

    return str(version)


def listing(root: str, package: str) -> tuple[list[str], str]:
    """The modules of a package of checks in the order in which `glob` gives them, and a digest of names and sizes."""
    names, sizes = [], []
    with os.scandir(os.path.join(root, *package.split(".")[1:])) as entries:  # noqa: PTH118  # for each scan
        for entry in entries:
            if entry.name.endswith(".py") and not entry.name.startswith("__init__"):
                names.append(entry.name[:-3])
                sizes.append(f"{entry.name} {entry.stat().st_size}\n")
    return names, hashlib.sha256("".join(sorted(sizes)).encode()).hexdigest()[:16]
