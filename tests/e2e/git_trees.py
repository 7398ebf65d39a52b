"""Makes repositories for tests, without git: a tree that is written, staged, committed and branched."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from dulwich import porcelain
from dulwich.objects import Blob, Commit, Tree
from dulwich.repo import Repo

WHO = b"Ada <ada@acme.example>"


class GitTree:
    """A working tree on the branch `main`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        Repo.init(str(path), default_branch=b"main").close()

    def write(self, files: Mapping[str, str]) -> None:
        """Writes files, making folders; nothing is staged."""
        for name, text in files.items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_symlink():
                place.unlink()
            place.write_text(text, encoding="utf-8")

    def link(self, name: str, target: str) -> None:
        """A link, in place of what stood there."""
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(target)

    def remove(self, name: str) -> None:
        place = self.path / name
        shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink()

    def rename(self, before: str, after: str) -> None:
        (self.path / after).parent.mkdir(parents=True, exist_ok=True)
        (self.path / before).rename(self.path / after)

    def stage(self) -> None:
        """Everything that differs, removed files too."""
        with Repo(str(self.path)) as repository:
            index = repository.open_index()
            gone = [path for path in index if not os.path.lexists(self.path / os.fsdecode(path))]
            present = [
                os.path.relpath(os.path.join(folder, name), self.path)
                for folder, folders, names in os.walk(self.path)
                if ".git" not in Path(folder).relative_to(self.path).parts
                for name in (*names, *(one for one in folders if Path(folder, one).is_symlink()))
                if name != ".git"
            ]
            repository.get_worktree().stage([*present, *map(os.fsdecode, gone)])

    def commit(self, files: Mapping[str, str] | None = None) -> str:
        """Writes the files, stages everything and commits; the commit's hash."""
        self.write(files or {})
        self.stage()
        with Repo(str(self.path)) as repository:
            made = repository.get_worktree().commit(
                b"A change", committer=WHO, author=WHO, commit_timestamp=1_700_000_000, commit_timezone=0,
                author_timestamp=1_700_000_000, author_timezone=0,
            )  # fmt: skip
        return made.decode()

    def branch(self, name: str) -> None:
        """A new branch here, and onto it."""
        with Repo(str(self.path)) as repository:
            reference = b"refs/heads/" + name.encode()
            repository.refs[reference] = repository.head()
            repository.refs.set_symbolic_ref(b"HEAD", reference)

    def checkout(self, name: str) -> None:
        porcelain.checkout(str(self.path), name)

    def detach(self) -> None:
        with Repo(str(self.path)) as repository:
            head = repository.head()
        (self.path / ".git/HEAD").write_bytes(head + b"\n")

    def point(self, reference: str, commit: str) -> None:
        """Makes a full reference name a commit."""
        with Repo(str(self.path)) as repository:
            repository.refs[reference.encode()] = commit.encode()

    def commit_tree(self, entries: Mapping[str, tuple[int, bytes]], reference: str = "refs/heads/odd") -> str:
        """A commit whose one tree object has these names, which may be such as git would refuse; and a ref to it."""
        with Repo(str(self.path)) as repository:
            tree = Tree()
            for name, (mode, content) in entries.items():
                if mode == 0o160000:
                    tree.add(os.fsencode(name), mode, content)
                    continue
                blob = Blob.from_string(content)
                repository.object_store.add_object(blob)
                tree.add(os.fsencode(name), mode, blob.id)
            repository.object_store.add_object(tree)
            commit = Commit()
            commit.tree = tree.id
            commit.author = commit.committer = WHO
            commit.author_time = commit.commit_time = 1_700_000_000
            commit.author_timezone = commit.commit_timezone = 0
            commit.message = b"Odd"
            repository.object_store.add_object(commit)
            repository.refs[reference.encode()] = commit.id
            return str(commit.id.decode())
