"""What the user named, and the files that this means."""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, structs

from assay.scanner.errors import UsageError
from assay.scanner.model.detector import Narrowed, Tree
from assay.scanner.safe.text import one_line
from assay.scanner.safe.tree import Listing, is_unicode, list_tree

_SCHEME = re.compile(r"^[a-z][a-z0-9+-]+:(?!\\)")


_ASIDE = frozenset({"node_modules", ".terraform", ".serverless", ".venv", "venv", "__pycache__", ".tox", ".cache"})
"""Folders of what was fetched or made, which may hold a hundred times what was written."""

PATH = "path"
"""The scheme of files and folders."""
COMPARED_WITH = "declared"
"""The scheme of what accounts are compared with."""
ACCOUNTS = frozenset({"aws", "aws-org"})


_EVERYTHING = Narrowed()


class Target(Struct, frozen=True, kw_only=True):
    """What one run looks at."""

    names: tuple[str, ...]
    """As the user wrote them."""
    paths: tuple[str, ...] = ()
    """Those that are files and folders."""
    remote: Mapping[str, tuple[str, ...]] = {}
    """The others: scheme → what follows its colon."""
    narrowed: Narrowed = Narrowed()

    @property
    def schemes(self) -> frozenset[str]:
        """The sorts of targets that there are."""
        return frozenset(self.remote) | ({PATH} if self.paths else frozenset())


def parse_targets(
    names: Sequence[str],
    schemes: frozenset[str],
    narrowed: Narrowed = _EVERYTHING,
    files: frozenset[str] = frozenset(),
    folders: frozenset[str] = frozenset(),
) -> Target:
    """Raises UsageError for a scheme that no detector takes, or a path that isn't there.

    After the schemes that are in `files` a file is named, or a folder where they are in `folders`.
    """
    paths: list[str] = []
    remote: dict[str, list[str]] = {}
    for name in names:
        if not is_unicode(name):
            raise UsageError(f"{one_line(name, 200)}: the name is not UTF-8; rename it")
        scheme = _scheme(name)
        if scheme not in schemes:
            raise UsageError(
                f"{one_line(name, 80)}: nothing in this version looks at {scheme!r} targets; "
                "`assay doctor` lists what it can scan"
            )
        if scheme == PATH:
            _check_path(name, schemes)
            paths.append(name)
        else:
            after = name.split(":", 1)[1]
            remote.setdefault(scheme, []).append(_file(name, after, scheme in folders) if scheme in files else after)
    if COMPARED_WITH in remote and remote.keys().isdisjoint(ACCOUNTS):
        raise UsageError(f"{COMPARED_WITH}: is for accounts; name one as aws:PROFILE, or leave the target out")
    for option, given, scheme, what in (
        ("--namespaces", narrowed.namespaces, "kube", "clusters; name one as kube:CONTEXT"),
        ("--regions", narrowed.regions, "aws", "accounts; name one as aws:PROFILE"),
        ("--services", narrowed.services, "aws", "accounts; name one as aws:PROFILE"),
        ("--accounts", narrowed.accounts, "aws-org", "organisations; name one as aws-org:PROFILE"),
        ("--role", narrowed.role, "aws-org", "organisations; name one as aws-org:PROFILE"),
        ("--external-id", narrowed.external_id, "aws-org", "organisations; name one as aws-org:PROFILE"),
    ):
        if given and not any(scheme in (name, name.partition("-")[0]) for name in remote):
            raise UsageError(f"{option} is for {what}, or leave the option out")
    return Target(
        names=tuple(names),
        paths=tuple(paths),
        remote={scheme: tuple(dict.fromkeys(found)) for scheme, found in sorted(remote.items())},
        narrowed=narrowed,
    )


def _file(name: str, path: str, or_folder: bool) -> str:
    folder = or_folder and path != "" and Path(path).is_dir()
    if not folder and not Path(path).is_file():
        raise UsageError(f"{one_line(name, 200)}: no such file{' or folder' if or_folder else ''}")
    if not os.access(path, os.R_OK | (os.X_OK if folder else 0)):
        raise UsageError(f"{one_line(name, 200)}: permission denied; scan as a user who may read it")
    return str(Path(path).absolute())


def _check_path(name: str, schemes: frozenset[str]) -> None:
    if not os.path.lexists(name):
        hint = f"; write {name}: with a colon, if that is meant" if name in schemes - {PATH} else ""
        raise UsageError(f"{one_line(name, 200)}: no such file or folder{hint}")
    if not os.access(name, os.R_OK | (os.X_OK if os.path.isdir(name) else 0)):  # noqa: PTH112  # as lexists
        raise UsageError(f"{one_line(name, 200)}: permission denied; scan as a user who may read it")


def list_target(target: Target, outputs: Collection[Path] = ()) -> Listing:
    """The files of the target's paths, relative to the one folder, or to the deepest folder that holds them all.

    `outputs` are the files that this run writes; what the last run wrote there is not scanned.
    """
    if not target.paths:
        return Listing(tree=Tree(root="", files=()), links_out=(), unreadable=())
    listing = _list(target)
    root = Path(listing.tree.root)
    written = {path.resolve().relative_to(root).as_posix() for path in outputs if path.resolve().is_relative_to(root)}
    if not written:
        return listing
    files = tuple(name for name in listing.tree.files if name not in written)
    return structs.replace(listing, tree=structs.replace(listing.tree, files=files))


def counterpart(target: Target, top: Path, other: Path) -> Listing:
    """The files of the target's paths in another version of the repository at `top`, whose files lie at `other`.

    What that version lacks is no error: it has no files there.
    """
    here = list_root(target)
    root = other / here.relative_to(top)
    root.mkdir(parents=True, exist_ok=True)
    places = [Path(name).resolve().relative_to(here) for name in target.paths]
    listing = _joined(root, [place for place in places if (root / place).resolve() == root / place])
    return structs.replace(listing, tree=structs.replace(listing.tree, named=str(here)))


def list_around(root: Path, files: Sequence[str]) -> Listing:
    """The tree that files lie in, as far as its files may bear on them: what no framework looks into isn't listed,
    unless one of them lies there. What can't be listed elsewhere is no trouble of theirs."""
    found = list_tree(root, skipped=_ASIDE - {name for path in files for name in path.split("/")})
    listed = set(found.tree.files)
    odd = [path for path in files if path not in listed]
    unreadable = [one for one in found.unreadable if one[0] in odd]
    return Listing(
        tree=structs.replace(found.tree, only=tuple(files)),
        links_out=tuple(link for link in found.links_out if link in odd),
        unreadable=tuple(unreadable),
    )


def list_root(target: Target) -> Path:
    """The folder that files are relative to: the one folder, or the deepest that holds all. There are paths."""
    paths = [Path(name).resolve() for name in target.paths]
    return Path(os.path.commonpath([path if path.is_dir() else path.parent for path in paths]))


def _list(target: Target) -> Listing:
    root = list_root(target)
    return _joined(root, [Path(name).resolve().relative_to(root) for name in target.paths])


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
    return PATH
