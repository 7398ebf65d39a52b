"""Names for findings that stay the same when lines move."""

import hashlib

_EMPTY = hashlib.sha256()
"""Copied for each, as making a new one costs more than hashing."""
_BYTES = 16


class Fingerprints:
    """Hands out fingerprints that are unique within one report.

    A fingerprint depends on the rule, the path and the address, and on how many findings of the same three came
    before in the file's order; never on line numbers.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], int] = {}

    def next(self, rule: str, path: str, address: str) -> str:
        """32 hexadecimal digits. Call in the report's order."""
        key = (rule, path, address)
        ordinal = self._seen.get(key, 0)
        self._seen[key] = ordinal + 1
        digest = _EMPTY.copy()
        digest.update(f"{rule}\0{path}\0{address}\0{ordinal}".encode("utf-8", "surrogatepass"))
        return digest.digest()[:_BYTES].hex()
