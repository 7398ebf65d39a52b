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
    files: set[str] = set()
    linked: dict[str, str] = {}
    for name in target.names:
        place = Path(name).resolve().relative_to(here)
        if (root / place).resolve() != root / place:
            continue
        if (root / place).is_dir():
            prefix = "" if place == Path() else f"{place.as_posix()}/"
            tree = list_tree(root / place).tree
            files |= {prefix + found for found in tree.files}
            linked |= {prefix + link: prefix + leads_to for link, leads_to in tree.links.items()}
        elif (root / place).is_file():
            files.add(place.as_posix())
    tree = Tree(root=str(root), files=tuple(sorted(files)), links=linked)
    return Listing(tree=tree, links_out=(), unreadable=())


def list_root(target: Target) -> Path:
    """The folder that a path target's files are relative to: the one folder, or the deepest that holds them all."""
    paths = [Path(name).resolve() for name in target.names]
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths]))


def _list(target: Target) -> Listing:
    if target.scheme != "path":
        return Listing(tree=Tree(root=os.getcwd(), files=()), links_out=(), unreadable=())  # noqa: PTH109
    paths = [Path(name).resolve() for name in target.names]
    if len(paths) == 1 and paths[0].is_dir():
        return list_tree(paths[0])
    root = list_root(target)
    listings = [(path, list_tree(path) if path.is_dir() else None) for path in paths]
    files: set[str] = set()
    linked: dict[str, str] = {}
    links: set[str] = set()
    unreadable: set[tuple[str, str]] = set()
    for path, listing in listings:
        inside = path.relative_to(root).as_posix()
        if listing is None:
            files.add(inside)
            continue
        prefix = "" if inside == "." else f"{inside}/"
        files |= {prefix + name for name in listing.tree.files}
        linked |= {prefix + link: prefix + leads_to for link, leads_to in listing.tree.links.items()}
        links |= {prefix + name for name in listing.links_out}
        unreadable |= {(prefix + name, reason) for name, reason in listing.unreadable}
    tree = Tree(root=str(root), files=tuple(sorted(files)), links=linked)
    return Listing(tree=tree, links_out=tuple(sorted(links)), unreadable=tuple(sorted(unreadable)))


def _scheme(name: str) -> str:
    if _SCHEME.match(name) and not os.path.lexists(name):
        return name.split(":", 1)[0]
    return "path"
