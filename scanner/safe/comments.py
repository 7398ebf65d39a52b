"""Finds `assay:ignore` comments, in the comment syntax of whatever format a file has."""

import re
from collections.abc import Iterator, Sequence
from datetime import date

from msgspec.structs import replace

from assay.scanner.model.resource import InlineWaiver

MARK = "assay:ignore"
_COMMENT = re.compile(r"(?:#|//|/\*|<!--|--|;|%|\{\{/\*|\{\{-\s/\*)\s*assay:ignore\b(?P<rest>.*)")
_ALONE = re.compile(r"\s*(?:#|//|/\*|\*|<!--|--(?!-)|;|%|\{\{-?\s*/\*)")
"""How a line begins on which nothing but a comment stands. `---` separates YAML documents."""
_ENDS = (("-->",), ("}}", "-", "*/"), ("*/",))
"""What closes a comment, read backwards with spaces between; the dash may be missing."""
_RULES = re.compile(r"\s+(?P<rules>[A-Za-z0-9_-]+(?:,[A-Za-z0-9_-]+)*)(?=\s|$)")
_OPTION = re.compile(r'\s+(?P<name>reason|until)=(?:"(?P<quoted>[^"]*)"|(?P<bare>[^\s"]+))')
_HOW = 'write assay:ignore RULE reason="…" until=2027-01-31'
_MAX_REASON = 500


def find_ignores(lines: Sequence[str], path: str = "") -> Iterator[InlineWaiver]:
    """In the order of the lines. Linear in the text. A `problem` quotes nothing of the file; a reason isn't masked."""
    content = 0
    for index, text in enumerate(lines):
        if MARK not in text:
            continue
        found = _COMMENT.search(text)
        if found is None:
            continue
        if not _ALONE.match(text):
            yield _read(found["rest"], InlineWaiver(path=path, line=index + 1, covers=index + 1))
            continue
        # Sought from where the last search ended, so that many comments in a row cost no more than one.
        content = max(content, index + 1)
        while content < len(lines) and (not lines[content].strip() or _ALONE.match(lines[content])):
            content += 1
        covers = content if content < len(lines) else index
        yield _read(found["rest"], InlineWaiver(path=path, line=index + 1, covers=covers + 1))


def _opened(rest: str) -> str:
    """What a comment says, without what closes it."""
    text = rest.rstrip()
    for marks in _ENDS:
        left = text
        for mark in marks:
            if not left.endswith(mark) and mark != "-":
                break
            left = left.removesuffix(mark).rstrip()
        else:
            return left
    return text


def _read(rest: str, place: InlineWaiver) -> InlineWaiver:
    text = _opened(rest)
    rules = _RULES.match(text)
    if rules is None:
        return replace(place, problem=f"it names no rule; {_HOW}")
    names = tuple(dict.fromkeys(rules["rules"].split(",")))
    options: dict[str, str] = {}
    end = rules.end()
    while option := _OPTION.match(text, end):
        options[option["name"]] = option["quoted"] if option["quoted"] is not None else option["bare"]
        end = option.end()
    if text[end:].strip():
        return replace(place, rules=names, problem=f"it can't be read to its end; {_HOW}")
    reason = options.get("reason", "").strip()
    if not reason:
        return replace(place, rules=names, problem=f"it gives no reason; {_HOW}")
    until = options.get("until")
    if until is not None and not _is_date(until):
        return replace(place, rules=names, problem="its `until` is no date; write until=2027-01-31")
    return replace(place, rules=names, reason=reason[:_MAX_REASON], until=until)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
