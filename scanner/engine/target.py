"""What the user named, and the files that this means."""

import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path

from msgspec import Struct, structs

from assay.scanner.errors import UsageError
from assay.scanner.model.detector import Tree
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import Listing, is_unicode, list_tree

_SCHEME = re.compile(r"^[a-z][a-z0-9+-]+:(?!\\)")


class Target(Struct, frozen=True, kw_only=True):
    """One or more places of the same scheme."""

    scheme: str
    """`path` for files and folders."""
    names: tuple[str, ...]
    """As the user wrote them."""


def parse_targets(names: Sequence[str], schemes: frozenset[str]) -> Target:
    """Raises UsageError for a scheme that no detector takes, a path that isn't there, or a mixture."""
    for name in names:
        if not is_unicode(name):
            raise UsageError(f"{one_line(name, 200)}: the name is not UTF-8; rename it")
    found = {_scheme(name) for name in names}
    if len(found) > 1:
        raise UsageError(f"targets of several sorts ({', '.join(sorted(found))}); scan each in a run of its own")
    scheme = found.pop()
    if scheme not in schemes:
        raise UsageError(
            f"{one_line(names[0], 80)}: nothing in this version looks at {scheme!r} targets; "
            "`assay doctor` lists what it can scan"
        )
    if scheme == "path":
        for name in names:
            if not os.path.lexists(name):
                raise UsageError(f"{one_line(name, 200)}: no such file or folder")
            if not os.access(name, os.R_OK | (os.X_OK if os.path.isdir(name) else 0)):  # noqa: PTH112  # as lexists
                raise UsageError(f"{one_line(name, 200)}: permission denied; scan as a user who may read it")
    return Target(scheme=scheme, names=tuple(names))


def list_target(target: Target, outputs: Collection[Path] = ()) -> Listing:
    """The files of a path target, relative to the one folder, or to the deepest folder that holds them all.

    `outputs` are the files that this run writes; what the last run wrote there is not scanned.
    """
    listing = _list(target)
    root = Path(listing.tree.root)
    written = {path.resolve().relative_to(root).as_posix() for path in outputs if path.resolve().is_relative_to(root)}
    if not written:
        return listing
    files = tuple(name for name in listing.tree.files if name not in written)
    return structs.replace(listing, tree=structs.replace(listing.tree, files=files))


def counterpart(target: Target, top: Path, other: Path) -> Listing:
    """The files of a path target in another version of the repository at `top`, whose files lie at `other`.

    What that version lacks is no error: it has no files there.
    """
    here = list_root(target)
    root = other / here.relative_to(top)
    root.mkdir(parents=True, exist_ok=True)
    places = [Path(name).resolve().relative_to(here) for name in target.names]
    return _joined(root, [place for place in places if (root / place).resolve() == root / place])


def list_root(target: Target) -> Path:
    """The folder that a path target's files are relative to: the one folder, or the deepest that holds them all."""
    paths = [Path(name).resolve() for name in target.names]
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths]))


def _list(target: Target) -> Listing:
    if target.scheme != "path":
        return Listing(tree=Tree(root=os.getcwd(), files=()), links_out=(), unreadable=())  # noqa: PTH109
    root = list_root(target)
    return _joined(root, [Path(name).resolve().relative_to(root) for name in target.names])


def _joined(root: Path, places: Sequence[Path]) -> Listing:
    """What lies in files and folders below a root, each named once; a place where nothing is holds nothing."""
    files: set[str] = set()
    links: dict[str, str] = {}
    folder_links: dict[str, str] = {}
    links_out: set[str] = set()
    unreadable: set[tuple[str, str]] = set()
    for place in places:
        if not (root / place).is_dir():
            files |= {place.as_posix()} if os.path.lexists(root / place) else set()
            continue
        found = list_tree(root / place)
        prefix = "" if place == Path() else f"{place.as_posix()}/"
        files |= {prefix + name for name in found.tree.files}
        links |= {prefix + link: prefix + leads_to for link, leads_to in found.tree.links.items()}
        folder_links |= {prefix + link: prefix + leads_to for link, leads_to in found.tree.folder_links.items()}
        links_out |= {prefix + name for name in found.links_out}
        unreadable |= {(prefix + name, reason) for name, reason in found.unreadable}
    tree = Tree(root=str(root), files=tuple(sorted(files)), links=links, folder_links=folder_links)
    return Listing(tree=tree, links_out=tuple(sorted(links_out)), unreadable=tuple(sorted(unreadable)))


def _scheme(name: str) -> str:
    if _SCHEME.match(name) and not os.path.lexists(name):
        return name.split(":", 1)[0]
    return "path"
