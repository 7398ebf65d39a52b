"""Patterns with stars, compared in time that grows with the text times the stars and no faster."""

import re
from functools import lru_cache

_PART = re.compile(r"\*\*|\*|\?|[^*?]+")
_LONGEST = 1_000


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text is as the pattern has it: `**` is anything, `*` anything without a slash, `?` one letter.

    A pattern or text that is longer than a name of an image can be matches nothing.
    """
    if len(pattern) > _LONGEST or len(text) > _LONGEST:
        return False
    reached = {0}
    for part in _parts(pattern):
        if part == "**":
            first = min(reached)
            reached = set(range(first, len(text) + 1))
        elif part == "*":
            reached = _without_slash(reached, text)
        elif part == "?":
            reached = {at + 1 for at in reached if at < len(text)}
        else:
            reached = {at + len(part) for at in reached if text.startswith(part, at)}
        if not reached:
            return False
    return len(text) in reached


@lru_cache(maxsize=2_000)
def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(_PART.findall(pattern))


def _without_slash(reached: set[int], text: str) -> set[int]:
    found: set[int] = set()
    for start in sorted(reached):
        at = start
        while at not in found:
            found.add(at)
            if at == len(text) or text[at] == "/":
                break
            at += 1
    return found
