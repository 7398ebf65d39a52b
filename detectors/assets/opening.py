"""Opens what the user named as an export: regular files only, unpacked as they are read, and never without end."""

import gzip
import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO, cast

MAX_BYTES = 8 << 30
"""Of one file, unpacked."""
_GZIP = b"\x1f\x8b"


class NotReadError(Exception):
    """Says in one line why."""


class Bounded:
    """A stream that ends with an error once it has given too much."""

    def __init__(self, inner: BinaryIO, limit: int = MAX_BYTES) -> None:
        self._inner = inner
        self._left = limit

    def read(self, size: int = -1) -> bytes:
        """Raises NotReadError where the file can't be unpacked or is too large."""
        try:
            found = self._inner.read(size)
        except (OSError, EOFError, ValueError) as error:
            raise NotReadError(f"it can't be read to its end ({type(error).__name__})") from None
        except zlib.error:
            raise NotReadError("it can't be unpacked to its end") from None
        self._left -= len(found)
        if self._left < 0:
            raise NotReadError(f"it holds more than {MAX_BYTES >> 30} GiB; export it in parts")
        return found

    def close(self) -> None:
        """Closes the file."""
        self._inner.close()


def opened(path: Path) -> BinaryIO:
    """The text of a file. Raises NotReadError."""
    try:
        # Without O_NONBLOCK, opening a pipe would wait for a writer that never comes.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotReadError(f"it can't be opened: {error.strerror}") from None
    stream = os.fdopen(file, "rb")
    if not stat.S_ISREG(os.fstat(file).st_mode):
        stream.close()
        raise NotReadError("it is no regular file")
    packed = stream.peek(2)[:2] == _GZIP
    return cast(BinaryIO, Bounded(cast(BinaryIO, gzip.GzipFile(fileobj=stream)) if packed else stream))
