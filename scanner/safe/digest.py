"""Digests of files: the same for a detector that read one and for whoever asks later whether it is still the same."""

import hashlib
import os
import stat

_BYTES = 16
_CHUNK = 1 << 20


class FileDigest:
    """Takes a file's content piece by piece."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=_BYTES)

    def update(self, piece: bytes) -> None:
        """The next bytes."""
        self._digest.update(piece)

    def text(self) -> str:
        """In hexadecimal digits."""
        return self._digest.hexdigest()


def digest_of(path: str) -> str | None:
    """That of a regular file, of which no link, pipe or device takes the place; None where it can't be read."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    digest = FileDigest()
    try:
        with os.fdopen(descriptor, "rb", buffering=0) as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            while piece := stream.read(_CHUNK):
                digest.update(piece)
    except OSError:
        return None
    return digest.text()


def digest_of_texts(texts: "list[str]") -> str:
    """Of texts in their order."""
    digest = hashlib.blake2b(digest_size=_BYTES)
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.hexdigest()
