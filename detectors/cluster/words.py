"""Names taken apart into words."""

import re

_MAX_LENGTH = 500

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", re.ASCII)


def words_of(name: str) -> list[str]:
    """The words of a name in lower case and in order, parted where letters end or a capital begins a new word."""
    return [word.lower() for word in _WORD.findall(name[:_MAX_LENGTH])]
