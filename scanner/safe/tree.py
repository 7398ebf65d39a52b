"""Lists the files under a folder that may be hostile: no link is followed out of it, and nothing is opened."""

import os
import stat
from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from assay.scanner.model.detector import Tree

MAX_FILES = 1_000_000
_CONFIGURATION = (".bicep", ".hcl", ".json", ".template", ".tf", ".tfvars", ".yaml", ".yml")
_DOCKERFILE = "dockerfile"
_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn"})


class Listing(Struct, frozen=True, kw_only=True):
    """What lies under a folder, and what could not be listed."""

    tree: Tree
    links_out: tuple[str, ...]
    """Links whose target is outside the folder; they were not followed."""
    unreadable: tuple[tuple[str, str], ...]
    """Path and reason of every folder or name that could not be listed."""


def list_tree(root: Path, skipped: Collection[str] = ()) -> Listing:
    """Walks the folder once. `root` must be an existing directory, already resolved.

    `skipped` are names of folders that are passed over, besides those of version control.
    """
    files: list[str] = []
    links: dict[str, str] = {}
    folder_links: dict[str, str] = {}
    links_out: list[str] = []
    unreadable: list[tuple[str, str]] = []
    pending = [""]
    while pending:
        folder = pending.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda e: e.name)
        except OSError as error:
            unreadable.append((folder or ".", f"the folder cannot be listed: {error.strerror}"))
            continue
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if not is_unicode(path):
                shown = os.fsencode(path).decode("utf-8", "backslashreplace")
                unreadable.append((shown, "the name is not UTF-8; rename the file"))
                continue
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
            except OSError as error:
                unreadable.append((path, f"cannot be looked at: {error.strerror}"))
                continue
            if stat.S_ISLNK(mode):
                leads_to = _leads_to(root, path)
                if leads_to is None:
                    links_out.append(path)
                elif (root / leads_to).is_file():
                    # Whoever applies the tree reads the file by this name too, which may be another sort's.
                    files.append(path)
                    links[path] = leads_to
                elif (root / leads_to).is_dir():
                    folder_links[path] = leads_to
                elif _promises_configuration(entry.name):
                    unreadable.append((path, "the link leads to no file; put the file there, or remove the link"))
            elif stat.S_ISDIR(mode):
                if entry.name not in _SKIPPED_FOLDERS and entry.name not in skipped:
                    pending.append(path)
            elif stat.S_ISREG(mode):
                files.append(path)
            elif _promises_configuration(entry.name):
                # A socket or a pipe by another name is a program's own business.
                unreadable.append((path, f"it is {_sort_of(mode)} and no file; put a file in its place or remove it"))
        if len(files) > MAX_FILES:
            unreadable.append((".", f"more than {MAX_FILES} files; scan its folders one by one"))
            break
    tree = Tree(root=str(root), files=tuple(sorted(files)), links=links, folder_links=folder_links)
    return Listing(tree=tree, links_out=tuple(sorted(links_out)), unreadable=tuple(sorted(unreadable)))


def _promises_configuration(name: str) -> bool:
    return name.endswith(_CONFIGURATION) or _DOCKERFILE in name.lower()


def _sort_of(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def is_inside(path: str) -> bool:
    """Whether a relative path, taken as text, stays below the folder it is relative to."""
    return not path.startswith("/") and "\0" not in path and ".." not in path.split("/")


def _leads_to(root: Path, path: str) -> str | None:
    """Where a link leads to, relative to the root; None for out of it, or into what isn't listed. A link in a loop
    leads to nowhere, inside or out, and is told as itself."""
    try:
        found = (root / path).resolve(strict=False).relative_to(root)
    except ValueError:
        return None
    except (OSError, RuntimeError):
        return path
    return None if _SKIPPED_FOLDERS & set(found.parts) else found.as_posix()


def is_unicode(path: str) -> bool:
    """Whether a name that the system gave can be written down."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
