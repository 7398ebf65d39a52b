"""A folder of answers, each under the digest of all that it was made from. Whatever goes wrong with it is a miss."""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

MOST_BYTES = 256 << 20
"""What a store may hold before its oldest entries go."""
MOST_ENTRY_BYTES = 64 << 20
"""What is larger isn't kept."""
_MUCH = 1 << 20
_SECONDS_BETWEEN = 600.0
_TRIMMED = "trimmed"
_KEPT_BYTES = 192 << 20
"""What is left of it then, so that not every run has to look again."""
_MAGIC = b"assay-cache/1\n"
_DIGEST_BYTES = 32


class Usage(Struct, frozen=True, kw_only=True):
    """What a store holds."""

    entries: int
    bytes: int


class Store:
    """Entries are written beside, then renamed, and carry a digest of themselves; so several runs may share a folder,
    and one that ends half way leaves nothing that counts. Nothing is synced to the disk: what a power cut leaves behind
    fails its digest.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES, kept_bytes: int = _KEPT_BYTES) -> None:
        """The folder is made when something is kept."""
        self.folder = folder
        self._most_bytes = most_bytes
        self._kept_bytes = kept_bytes
        self._wrote = 0

    def refusal(self) -> str | None:
        """Why the folder is neither read nor written, if it is there; None: it may be used."""
        try:
            found = self.folder.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return error.strerror or "it can't be looked at"
        if not stat.S_ISDIR(found.st_mode):
            return "it is no folder"
        if found.st_uid != os.geteuid():
            return "it belongs to another user"
        if found.st_mode & 0o022:
            return "others may write to it"
        return None

    def get(self, key: str) -> bytes | None:
        """What was kept under a key; None where there is nothing, or nothing sound."""
        if self.refusal() is not None:
            return None
        path = self._path(key)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            with os.fdopen(descriptor, "rb") as stream:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    return None
                found = stream.read(MOST_ENTRY_BYTES + 1)
        except OSError:
            return None
        start = len(_MAGIC) + _DIGEST_BYTES
        value = found[start:]
        if found[:start] != _MAGIC + _digest(key, value):
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)  # What is used goes last.
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keeps it, if it can be kept."""
        if len(value) > MOST_ENTRY_BYTES - len(_MAGIC) - _DIGEST_BYTES or self.refusal() is not None:
            return
        import tempfile  # not for those who find everything there

        path, temporary = self._path(key), None
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            for place in (self.folder, path.parent):
                place.mkdir(mode=0o700, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")
            with os.fdopen(handle, "wb") as stream:
                stream.write(_MAGIC + _digest(key, value))
                stream.write(value)
            Path(temporary).replace(path)
            self._wrote += len(value)
        except OSError:  # a full disk, a read-only home: the answer is there all the same
            if temporary is not None:
                with suppress(OSError):
                    Path(temporary).unlink()

    def trim(self) -> None:
        """Takes the oldest entries away where there are too many; to be called once, at the end of a run.

        Looks for them after a run that wrote much, and now and then: a hook has no time to list thousands of entries.
        """
        if not self._wrote or (self._wrote < _MUCH and self._trimmed_lately()):
            return
        found = sorted(self._files(), key=lambda one: one[1].st_mtime_ns)
        held = sum(one.st_size for _, one in found)
        if held <= self._most_bytes:
            return
        for path, one in found:
            with suppress(OSError):
                path.unlink()
                held -= one.st_size
            if held <= self._kept_bytes:
                return

    def _trimmed_lately(self) -> bool:
        """Whether that is not long ago; if it is, whoever comes next takes it for done."""
        mark = self.folder / _TRIMMED
        with suppress(OSError):
            if 0 <= time.time() - mark.stat().st_mtime < _SECONDS_BETWEEN:
                return True
        with suppress(OSError):
            mark.touch()
        return False

    def usage(self) -> Usage:
        """What is there now."""
        sizes = [one.st_size for _, one in self._files()]
        return Usage(entries=len(sizes), bytes=sum(sizes))

    def clear(self) -> Usage:
        """Takes everything away, and says how much that was. Raises OSError where something stays."""
        entries = size = 0
        for path, one in self._files():
            path.unlink(missing_ok=True)
            entries, size = entries + 1, size + one.st_size
        if entries:
            (self.folder / _TRIMMED).unlink(missing_ok=True)
        return Usage(entries=entries, bytes=size)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Of our own making only, left-over temporary files included."""
        if self.refusal() is not None:
            return
        with suppress(OSError):
            for shelf in os.scandir(self.folder):
                if len(shelf.name) != 2 or not shelf.is_dir(follow_symlinks=False):  # as in _path
                    continue
                for entry in os.scandir(shelf.path):
                    with suppress(OSError):
                        if entry.is_file(follow_symlinks=False):
                            yield Path(entry.path), entry.stat(follow_symlinks=False)


def _digest(key: str, value: bytes) -> bytes:
    """Bound to the key, so that an entry under another's name is none."""
    return hashlib.blake2b(value, digest_size=_DIGEST_BYTES, key=key.encode()[:64]).digest()
