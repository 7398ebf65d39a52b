"""Has the secrets engine look at a long line of YAML once, and not once for each of the values that stand on it."""

import importlib
import re
from typing import Any

from msgspec import Struct

_COMMENT = re.compile(r"(?<!\s)\s+#[\S ]*")
"""What the engine's own expression finds, without beginning anew at each blank of a run."""
_KEPT = 500
"""Characters of a line's comment that go with each value but the first. A mark that silences the engine may be lost
behind them; a secret is not, as the first value brings the whole comment along."""


class _Found(Struct, frozen=True):
    """As much of a match as the engine asks for."""

    text: str

    def group(self, _: int) -> str:
        return self.text


class Comments:
    """In the place of the engine's expression for comments: asked line by line, for each value of a line in turn."""

    def __init__(self) -> None:
        self._line: str | None = None
        self._comment: str | None = None

    def search(self, line: str) -> _Found | None:
        """The comment of the line, if it has one; after the first time, its beginning."""
        if line == self._line:
            return None if self._comment is None else _Found(self._comment[:_KEPT])
        found = _COMMENT.search(line)
        self._line, self._comment = line, found and found.group(0)
        return None if self._comment is None else _Found(self._comment)


def look_once() -> None:
    """For the process of one part, as it changes the engine's module."""
    module: Any = importlib.import_module("detect_secrets.transformers.yaml")
    comments = Comments()
    module._yaml_comment_regex = lambda: comments
