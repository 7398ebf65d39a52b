"""Commits of the repository that a folder lies in: their trees, and which files were renamed since.

Read with dulwich: git itself is not run, since a repository's configuration can name programs that it would start.
"""

import os
import re
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dulwich.diff_tree import RenameDetector
from dulwich.errors import (
    ApplyDeltaError,
    ChecksumMismatch,
    FileFormatException,
    MissingCommitError,
    NoIndexPresent,
    NotGitRepository,
    ObjectMissing,
    RefFormatError,
    WrongObjectException,
)
from dulwich.graph import find_merge_base
from dulwich.index import UnsupportedIndexFormat, commit_tree
from dulwich.object_store import MemoryObjectStore, OverlayObjectStore, iter_tree_contents, tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.objectspec import parse_commit, parse_object
from dulwich.repo import Repo

from assay.scanner.errors import UsageError
from assay.scanner.safe.repository import find_top
from assay.scanner.safe.text import one_line

_TYPE = 0o170000
_FOLDER = 0o040000
_LINK = 0o120000
_SUBMODULE = 0o160000
_ALIKE = 50
"""Percent of a file that stay the same where git takes it for renamed."""
_DAMAGED = (
    *(KeyError, OSError, ValueError, AssertionError, AttributeError, IndexError, TypeError, zlib.error, struct.error),
    *(ApplyDeltaError, ChecksumMismatch, FileFormatException, MissingCommitError, NoIndexPresent, NotGitRepository),
    *(ObjectMissing, RefFormatError, UnsupportedIndexFormat, WrongObjectException),
)
"""What dulwich raises where an object is missing or is not what it should be."""
_PLACES = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
"""Where git looks for a short name, the first that has it winning."""


class History:
    """A repository, opened for reading."""

    def __init__(self, repository: Any, top: Path) -> None:
        self._repository = repository
        self.top = top
        """The folder of the working tree, resolved."""

    def commit(self, ref: str) -> str:
        """The commit that a branch, tag, remote branch or hash names, as hexadecimal digits. Raises UsageError."""
        self._refuse_ambiguous(re.split(r"[~^@:]", ref)[0])
        try:
            # dulwich takes short hashes in the one, and steps such as `main~2` in the other.
            steps = any(sign in ref for sign in "~^@:")
            found = parse_object(self._repository, ref.encode()).id if steps else ref.encode()
            return str(parse_commit(self._repository, found).id.decode())
        except _DAMAGED:
            raise UsageError(
                f"no commit is named {one_line(ref, 100)!r} in {self.top}; fetch it first (in CI: the full history)"
            ) from None

    def _refuse_ambiguous(self, name: str) -> None:
        # Who may push a tag but not the branch could name the tag `origin/main`, and tags go first.
        found: dict[str, str] = {}
        for place in _PLACES if name else ():
            full = place.format(name)
            try:
                target = self._repository.refs[full.encode()]
                found[full] = str(parse_commit(self._repository, target).id.decode())
            except _DAMAGED:
                continue
        if name != "HEAD" and len(set(found.values())) > 1:
            raise UsageError(
                f"{one_line(name, 100)!r} names several commits in {self.top} "
                f"({one_line(', '.join(sorted(found)), 300)}); give the full name"
            )

    def has(self, ref: str, path: str) -> bool:
        """Whether a file, named from the top, is in a commit."""
        try:
            tree = self._commit(self.commit(ref)).tree
            mode, _ = tree_lookup_path(self._repository.__getitem__, tree, os.fsencode(path))
        except _DAMAGED:
            return False
        return mode & _TYPE != _FOLDER

    def merge_base(self, ref: str) -> str:
        """The newest commit that HEAD and the named commit share. Raises UsageError where there is none."""
        both = [ObjectID(self.commit(name).encode()) for name in ("HEAD", ref)]
        try:
            found = find_merge_base(self._repository, both)
        except _DAMAGED:
            found = []
        if not found:
            raise UsageError(
                f"HEAD and {one_line(ref, 100)} share no commit in {self.top}; fetch the full history (in CI: depth 0)"
            )
        return str(found[0].decode())

    def write(self, commit: str, target: Path) -> tuple[str, ...]:
        """Writes a commit's files below an empty folder, those of submodules that are checked out too; returns the
        paths of such submodules as can't be read.

        Links are made last, so that no file is written through one. Raises UsageError for a tree that can't be read.
        """
        links: list[tuple[str, bytes]] = []
        unread: list[str] = []
        made = {target}
        for path, mode, name in self._files(commit):
            place = target / path
            if mode & _TYPE == _SUBMODULE:
                unread += self._write_submodule(path, name.decode(), place)
            elif mode & _TYPE == _LINK:
                links.append((path, self._content(commit, name)))
            else:
                if place.parent not in made:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    made.add(place.parent)
                place.write_bytes(self._content(commit, name))
        for path, leads_to in links:
            place = target / path
            above = [folder for folder in place.parents if folder.is_relative_to(target)]
            if any(folder.is_symlink() for folder in above) or os.path.lexists(place) or b"\0" in leads_to:
                continue  # Only a tree that git would not have made holds something below a link, or a name twice.
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(os.fsdecode(leads_to))
        return tuple(unread)

    def _write_submodule(self, path: str, commit: str, place: Path) -> list[str]:
        """A submodule's files as of the commit that this one names, from where git keeps its objects.

        A folder that is no repository of its own was not checked out: then nothing of it is in the working tree either.
        """
        here = self.top / path
        if not os.path.lexists(here / ".git"):
            return []
        try:
            repository = Repo(str(here))
            kept = Path(repository.controldir()).resolve()
            ours = Path(self._repository.commondir()).resolve()
            if not (kept.is_relative_to(ours) or kept == here.resolve() / ".git"):
                return [path]  # A folder can name any other one as its repository.
            with repository:
                place.mkdir(parents=True, exist_ok=True)
                inner = History(repository, here).write(commit, place)
        except (*_DAMAGED, UsageError):
            return [path]
        return [f"{path}/{one}" for one in inner]

    def renamed_since(self, commit: str) -> Mapping[str, str]:
        """Present path → the path in the commit, for every file that git takes for renamed; staged files count."""
        try:
            staged = MemoryObjectStore(object_format=self._repository.object_store.object_format)
            store = OverlayObjectStore([staged, self._repository.object_store], add_store=staged)
            now = commit_tree(
                store,
                ((path, entry.sha, entry.mode) for path, entry in self._repository.open_index().iteritems()),
            )
            then = self._commit(commit).tree
            changes = RenameDetector(store, rename_threshold=_ALIKE).changes_with_renames(then, now)
        except _DAMAGED:
            return {}  # Then nothing is known to be renamed, and what moved counts as new.
        return {
            os.fsdecode(change.new.path): os.fsdecode(change.old.path)
            for change in changes
            if change.type == "rename" and change.new and change.old
        }

    def _commit(self, commit: str) -> Commit:
        found = self._repository[commit.encode()]
        if not isinstance(found, Commit):
            raise KeyError(commit)
        return found

    def _files(self, commit: str) -> Iterator[tuple[str, int, bytes]]:
        store = self._repository.object_store
        try:
            for entry in iter_tree_contents(store, self._commit(commit).tree):
                path = os.fsdecode(entry.path)
                steps = path.split("/")
                if {"", ".", "..", ".git"} & {step.lower() for step in steps} or "\0" in path:
                    continue  # git itself refuses such a name, so nobody has the file.
                yield path, entry.mode, entry.sha
        except _DAMAGED:
            raise self._unreadable(commit) from None

    def _content(self, commit: str, name: bytes) -> bytes:
        try:
            found = self._repository[name]
            if isinstance(found, Blob):
                return bytes(found.as_raw_string())
        except _DAMAGED:
            raise self._unreadable(commit) from None
        raise self._unreadable(commit)

    def _unreadable(self, commit: str) -> UsageError:
        return UsageError(f"{self.top}: the commit {commit[:12]} cannot be read whole; fetch its full history")


@contextmanager
def open_history(folder: Path) -> Iterator[History]:
    """The repository that a folder lies in. Raises UsageError where it lies in none."""
    try:
        top = find_top(folder.resolve())
        if top is None:
            raise NotGitRepository(str(folder))
        repository = Repo(str(top))
    except _DAMAGED:
        raise UsageError(f"{folder}: not in a git repository that can be read") from None
    with repository:
        yield History(repository, Path(repository.path).resolve())
