"""Which commit of which repository a folder is, read from git's own files.

git itself is not run: a repository's configuration can name programs that it would start (core.fsmonitor and others).
"""

import re
from pathlib import Path

from assay.scanner.model.finding import Repository
from assay.scanner.safe.files import read_inside
from assay.scanner.safe.text import one_line

_MAX_BYTES = 1 << 20
_HASH = re.compile(r"^[0-9a-f]{40}(?:[0-9a-f]{24})?$")
_REF = re.compile(r"^ref: (refs/[^\s\\:?*\[~^]+)$")
_SCP = re.compile(r"^[\w.-]+@([\w.-]+):(?![:/])(\S+)$")


def read_repository(folder: Path) -> Repository | None:
    """The repository that a folder, which must be resolved, lies in; None where it lies in none."""
    try:
        top = find_top(folder)
        place = top / ".git" if top else None
        if top is None or place is None or place.is_symlink():
            return None
        git = place if place.is_dir() else _worktree(place)
    except OSError:
        return None
    return _described(git, folder.relative_to(top).as_posix()) if git else None


def find_top(folder: Path) -> Path | None:
    """The working tree that a resolved folder lies in, by the `.git` at its top; None outside one.

    What merely looks like a bare repository is none: a scanned tree can hold one, with any history that it likes.
    """
    for candidate in (folder, *folder.parents):
        control = candidate / ".git"
        if control.is_file() or (control / "objects").is_dir():
            return candidate
    return None


def _described(git: Path, path: str) -> Repository:
    common = git.parent.parent if git.parent.name == "worktrees" else git
    head = _read(git, "HEAD").strip()
    ref = _REF.match(head)
    revision = head if _HASH.match(head) else None
    branch = None
    if ref and ".." not in ref[1]:
        branch = ref[1].removeprefix("refs/heads/")
        revision = _resolve(common, ref[1])
    return Repository(
        uri=_remote(_read(common, "config")),
        revision=revision,
        branch=branch and one_line(branch, 200),
        path="" if path == "." else path,
    )


def _worktree(place: Path) -> Path | None:
    """Where git keeps what belongs to a further working tree. The two must name each other, as git makes them do, or a
    scanned tree could have any folder read."""
    named = _read(place.parent, ".git").strip().removeprefix("gitdir: ")
    git = Path(named)
    if not git.is_absolute() or git.parent.name != "worktrees" or git.resolve() != git:
        return None
    return git if _read(git, "gitdir").strip() == str(place) else None


def _resolve(common: Path, ref: str) -> str | None:
    loose = _read(common, ref).strip()
    if _HASH.match(loose):
        return loose
    for line in _read(common, "packed-refs").splitlines():
        value, _, name = line.partition(" ")
        if name == ref and _HASH.match(value):
            return value
    return None


def _remote(config: str) -> str | None:
    """The URL of `origin` as https, credentials and queries removed; None where there is none that can be shown."""
    section = ""
    for line in config.splitlines():
        stripped = line.strip()
        if stripped.startswith("["):
            section = stripped
        elif section == '[remote "origin"]' and stripped.partition("=")[0].strip() == "url":
            return _public(stripped.partition("=")[2].strip())
    return None


def _public(url: str) -> str | None:
    scp = _SCP.match(url)
    if scp and "://" not in url:
        url = f"https://{scp[1]}/{scp[2]}"
    found = re.match(r"^(?:https?|ssh|git)://(?:[^@/]*@)?([\w.-]+)(?::\d+)?/([^?#\s]+)", url)
    return f"https://{found[1]}/{found[2].removesuffix('.git')}" if found else None


def _read(root: Path, path: str) -> str:
    try:
        return read_inside(root, path, _MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
