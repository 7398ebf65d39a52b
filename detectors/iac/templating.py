"""Whether a template language explains why a file is not the YAML or JSON that its name says.

A mark alone explains nothing: GitHub's, Ansible's and CloudFormation's own files are full of `{{ }}`, and a broken one
would go for a template. It is one only if it parses once the marks are out of it, or if the parser stopped at a line
that begins with one.
"""

import re
from collections.abc import Callable

_OPENING = re.compile(r"\{\{|\{%|%\{|<%|\$\{")
_CLOSING = {"{{": "}}", "{%": "%}", "%{": "}", "<%": "%>", "${": "}"}
"""Of Helm and Jinja, of Jinja, of Terraform's `templatefile`, of ERB, of `templatefile`."""
_STATEMENTS = frozenset({"{%", "%{", "<%"})
_STATEMENT = re.compile(r"\s*(?:\{%|%\{|<%|\{\{)")
_WIDEST = 200
"""Characters around a mark that are looked at, so that a long line of marks is not read once for each."""


def explains_error(text: str, line: int | None, parses: Callable[[str], bool]) -> bool:
    """Whether a file that does not parse, beginning with `line`, is a template. `parses`: whether another text does."""
    if line is not None and _STATEMENT.match(text.split("\n", line)[line - 1]):
        return True
    plain = _without_marks(text)
    return plain != text and parses(plain)


def _without_marks(text: str) -> str:
    """The text with each mark struck out where it is a statement or has a line to itself, and a 0 in its place where it
    is a value."""
    pieces: list[str] = []
    at = 0
    unclosed: set[str] = set()
    while mark := _OPENING.search(text, at):
        opening = mark[0]
        end = -1 if opening in unclosed else text.find(_CLOSING[opening], mark.end())
        if end < 0:
            # There is none further on either, so no mark of the sort is looked for again.
            unclosed.add(opening)
            pieces.append(text[at : mark.end()])
            at = mark.end()
            continue
        end += len(_CLOSING[opening])
        pieces.append(text[at : mark.start()])
        if opening not in _STATEMENTS and not _has_line_to_itself(text, mark.start(), end):
            pieces.append("0")
        at = end
    pieces.append(text[at:])
    return "".join(pieces)


def _has_line_to_itself(text: str, start: int, end: int) -> bool:
    before = text.rfind("\n", max(0, start - _WIDEST), start) + 1
    after = text.find("\n", end, end + _WIDEST)
    rest = text[end : after if after >= 0 else end + _WIDEST]
    return not text[before:start].strip() and not rest.strip()
