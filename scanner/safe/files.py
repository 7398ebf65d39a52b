"""Reads files that a stranger may have put there: no link is followed, only regular files, nothing too large."""

import os
import stat
from pathlib import Path

MAX_BYTES = 8 << 20


class UnsafeFileError(OSError):
    """A path that is not read: a link, a device, a pipe, something outside, or too large."""


def read_inside(root: Path, path: str, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file below `root`, which must be a resolved folder.

    Raises UnsafeFileError where a step of the path is a link or leads up, or the file isn't a regular one of at most
    `limit` bytes; FileNotFoundError and other OSErrors as they come.
    """
    steps = path.split("/")
    if path.startswith("/") or any(step in ("", ".", "..") for step in steps) or "\0" in path:
        raise UnsafeFileError(f"{path!r} leads out of the folder")
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for step in steps[:-1]:
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
            deeper = os.open(step, flags, dir_fd=folder)
            os.close(folder)
            folder = deeper
        # Without O_NONBLOCK, opening a pipe would wait for a writer that never comes.
        file = os.open(steps[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)
    return _read(file, path, limit)


def read_regular(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file that the operator named; links are followed. Raises as `read_inside`."""
    return _read(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), str(path), limit)


def _read(file: int, name: str, limit: int) -> bytes:
    with os.fdopen(file, "rb") as stream:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise UnsafeFileError(f"{name!r} is not a regular file")
        text = stream.read(limit + 1)
    if len(text) > limit:
        raise UnsafeFileError(f"{name!r} is larger than {limit >> 20} MiB")
    return text
