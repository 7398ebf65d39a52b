"""Remembers answers as long as that is worth it, and tells questions apart by short texts."""

import hashlib
from typing import Any, Generic, TypeVar

import msgspec

_TRIAL = 256
_WORTHWHILE = 0.1
"""Of the first `_TRIAL` questions, how many must have been asked before, or answers aren't kept."""
_LONG = 100
_DIGEST_SIZE = 20
_DIGEST = b"#"
"""Begins a digest, and no JSON."""

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """Answers by question."""

    def __init__(self) -> None:
        self.worthwhile = True
        """Whether questions come again often enough; once False, it stays so, and nothing is kept."""
        self._answers: dict[K, V] = {}
        self._asked = 0
        self._repeated = 0

    def recall(self, question: K) -> V | None:
        """What was kept; None where nothing was. Counts as asking."""
        self._asked += 1
        found = self._answers.get(question)
        if found is not None:
            self._repeated += 1
        return found

    def keep(self, question: K, answer: V) -> None:
        """For the next time that it is asked."""
        if self._asked < _TRIAL or self._repeated >= self._asked * _WORTHWHILE:
            self._answers[question] = answer
        else:
            self.worthwhile = False
            self._answers.clear()


def spelled(value: Any) -> bytes:
    """The same for equal values only: their JSON, or where that is long a digest of it."""
    text = msgspec.json.encode(value)
    return text if len(text) < _LONG else _DIGEST + hashlib.blake2b(text, digest_size=_DIGEST_SIZE).digest()
