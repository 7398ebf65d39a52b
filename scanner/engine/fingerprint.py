"""Names for findings that stay the same when lines move."""

import hashlib
from collections import Counter


class Fingerprints:
    """Hands out fingerprints that are unique within one report.

    A fingerprint depends on the rule, the path and the address, and on how many findings of the same three came
    before in the file's order; never on line numbers.
    """

    def __init__(self) -> None:
        self._seen: Counter[tuple[str, str, str]] = Counter()

    def next(self, rule: str, path: str, address: str) -> str:
        """32 hexadecimal digits. Call in the report's order."""
        key = (rule, path, address)
        ordinal = self._seen[key]
        self._seen[key] += 1
        text = "\0".join((*key, str(ordinal)))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
