"""What a failing resource is told: the rule's message, with the facts that its placeholders name filled in."""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from functools import cache
from typing import Any

from assay.scanner.model.fact import is_unknown

Fails = Callable[[Any], bool]
"""Whether an element alone makes the rule fail."""
_ADDRESS = frozenset({"address"})
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_STRETCH = re.compile(r"\{(\w+)\}(?:-\{(\w+)\})?")
_UNKNOWN = "unknown"
_MOST_ELEMENTS = 200
_MOST_SHOWN = 3
_LONGEST = 100


@cache
def placeholders(message: str) -> frozenset[str]:
    """The names that a message wants filled in."""
    return frozenset(_PLACEHOLDER.findall(message))


def offending(elements: Sequence[Any], fails: Fails, known: Sequence[bool] | None = None) -> list[Any]:
    """The elements that make a rule fail; of a very long list only those near its beginning.

    `known` says it of each, where all were asked at once.
    """
    near = elements[:_MOST_ELEMENTS]
    if known is not None and len(known) == len(elements):
        return [element for element, failing in zip(near, known, strict=False) if failing]
    return [element for element in near if not is_unknown(element) and fails(element)]


def shown_of(
    found: Sequence[Any], variable: str, fails: Fails, wanted: Set[str], reads: Set[str] | None
) -> dict[str, Any]:
    """What to show of offending elements: the wanted fields of the first one, or all where they have none.

    Of a list inside it only what makes it fail is kept, so that an office's address isn't shown beside `0.0.0.0/0`.
    `reads` are the fields of an element on which it depends whether it fails; None: any.
    """
    first = found[0]
    if not isinstance(first, dict):
        return {variable: found}
    shown = {name: value for name, value in first.items() if name in wanted}
    for name, value in shown.items():
        # Of a list that is not read, or that holds one thing, nothing can be left out.
        if isinstance(value, list | tuple) and len(value) > 1 and (reads is None or name in reads):
            kept = [one for one in value[:_MOST_ELEMENTS] if not is_unknown(one) and fails({**first, name: [one]})]
            shown[name] = kept or value
    return {**shown, _MORE: len(found) - 1}


_MORE = "more elements"
"""No placeholder can be called so."""


def fill_parameters(fix: str, parameters: Mapping[str, Any]) -> str:
    """A fix with the parameters that it names; other braces are code."""
    if not parameters:
        return fix
    return _PLACEHOLDER.sub(lambda match: _shown(parameters[match[1]]) if match[1] in parameters else match[0], fix)


def fill(message: str, values: Mapping[str, Any]) -> tuple[str, ...]:
    """The message in pieces, between which the address belongs; a range from a number to itself is that number."""
    wanted = placeholders(message)
    shown = {name: _shown(values[name]) for name in wanted if name in values}
    pieces = [_filled(piece, shown) for piece in _pieces(message)]
    more = values.get(_MORE, 0)
    if more and wanted - _ADDRESS:
        pieces[-1] += f" (and {more} more)"
    return tuple(pieces)


@cache
def _pieces(message: str) -> Sequence[Sequence[str | None]]:
    """Of each piece: a text, then by threes a placeholder, the other end of its range if it has one, and a text."""
    return [_STRETCH.split(piece) for piece in message.split("{address}")]


def _filled(piece: Sequence[str | None], shown: Mapping[str, str]) -> str:
    found = [piece[0] or ""]
    for name, end, text in zip(piece[1::3], piece[2::3], piece[3::3], strict=True):
        told = shown.get(name or "", _UNKNOWN)
        found.append(told)
        if end is not None and (name not in shown or told != shown.get(end)):
            found.append(f"-{shown.get(end, _UNKNOWN)}")
        found.append(text or "")
    return "".join(found)


def _shown(value: Any) -> str:
    if is_unknown(value):
        return _UNKNOWN
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        rest = len(value) - _MOST_SHOWN
        return ", ".join(_shown(one) for one in value[:_MOST_SHOWN]) + (f" and {rest} more" if rest > 0 else "")
    text = str(value)
    if not text.isprintable():
        text = "".join(letter for letter in text if letter.isprintable())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
