"""Splits an export into its elements without holding more than one: lines, or the elements of a list.

An element is found by its braces alone and is read by a parser afterwards, so that a broken one costs nothing but
itself, and each is known by its line. A parser of events knows no lines, and ends at the first error.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from msgspec import Struct

MAX_ELEMENT = 16 << 20
"""Bytes of one asset."""
_CHUNK = 1 << 20
_TOKEN = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+([{}\[\]"])', re.DOTALL)
"""Up to the next brace or bracket that is in no string; a quote where a string goes on beyond the text."""
_LISTED = re.compile(rb'"(?:data|value|assets|results)"\s*:\s*\Z')
"""The keys under which answers of Azure's and Google's APIs list what they hold."""
_LIST_BEGINS = re.compile(_LISTED.pattern.removesuffix(rb"\Z") + rb"\[")
_BETWEEN = b" \t\r\n,"


class Element(Struct, frozen=True):
    """What may be an asset."""

    line: int
    text: bytes
    around: bool = False
    """It is what stood around a list of elements, with the list taken out."""


class Broken(Struct, frozen=True):
    """Where the export can't be read."""

    line: int
    reason: str


def elements(stream: BinaryIO) -> Iterator[Element | Broken]:
    """In the order of the file. What follows a `Broken` of a list may be missing; lines are read to the end."""
    start = stream.read(_CHUNK).removeprefix(b"\xef\xbb\xbf")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield Broken(1, "it is UTF-16; save it as UTF-8")
    elif _is_lines(start):
        yield from _lines(start, stream)
    else:
        yield from _Splitter(stream).split(start)


def _is_lines(start: bytes) -> bool:
    """Whether each line is an element: the first ends one, or the second begins one."""
    first, newline, rest = start.lstrip().partition(b"\n")
    if not newline or not first.startswith(b"{"):
        return False
    if rest.lstrip(b"\r\n").startswith(b"{"):
        return _LIST_BEGINS.search(first) is None
    split = list(_Splitter(None).split(first))
    return len(split) == 1 and isinstance(split[0], Element) and not split[0].around


def _lines(start: bytes, stream: BinaryIO) -> Iterator[Element | Broken]:
    number, rest, skipping = 0, start, False
    while True:
        *whole, rest = rest.split(b"\n")
        for line in whole:
            number += 1
            if skipping:
                skipping = False
            elif len(line) > MAX_ELEMENT:
                yield _too_large(number)
            elif line.strip():
                yield Element(number, line)
        if len(rest) > MAX_ELEMENT and not skipping:
            yield _too_large(number + 1)
            skipping = True
        if skipping:
            rest = b""
        chunk = stream.read(_CHUNK)
        if not chunk:
            break
        rest += chunk
    if rest.strip() and not skipping:
        yield Element(number + 1, rest)


class _Splitter:
    def __init__(self, stream: BinaryIO | None) -> None:
        self._stream = stream
        self._text = b""
        self._line = 1
        self._counted = 0
        """Up to where the line was counted."""
        self._depth = 0
        self._listed = 0
        """The depth inside the list whose elements are given; 0: at the top."""
        self._begun: int | None = None
        """Where the element began."""
        self._ended = 0
        """Where the last one ended."""
        self._head: tuple[int, bytes] | None = None
        """What stood before the list of an answer."""

    def split(self, start: bytes) -> Iterator[Element | Broken]:
        self._text = start
        at = 0
        while True:
            found = _TOKEN.match(self._text, at)
            if found is None or found[1] == b'"':
                at = len(self._text) if found is None else found.start(1)
                kept = self._ended if self._begun is None else self._begun
                if len(self._text) - kept > MAX_ELEMENT:
                    yield _too_large(self._line_at(kept))
                    return
                chunk = self._stream.read(_CHUNK) if self._stream else b""
                if not chunk:
                    break
                self._line_at(kept)
                self._text = self._text[kept:] + chunk
                at -= kept
                self._counted -= kept
                self._ended -= kept
                self._begun = None if self._begun is None else 0
                continue
            at = found.end()
            for given in self._brace(found[1], at - 1):
                yield given
                if isinstance(given, Broken):
                    return
        if self._depth:
            where = self._ended if self._begun is None else self._begun
            yield Broken(self._line_at(where), "the file ends in the middle of it: it was cut off")
        elif self._text[self._ended :].strip(_BETWEEN):
            yield Broken(self._line_at(self._ended), "it isn't JSON")

    def _brace(self, brace: bytes, at: int) -> Iterator[Element | Broken]:
        if brace in b"{[":
            if self._begun is None:
                if self._text[self._ended : at].strip(_BETWEEN) and self._head is None:
                    yield Broken(self._line_at(self._ended), "what stands between its assets isn't JSON")
                if brace == b"[" and self._depth == 0:
                    self._listed, self._ended = 1, at + 1
                else:
                    self._begun = at
            elif brace == b"[" and self._depth == 1 and not self._listed:
                before = self._text[max(self._begun, at - 64) : at]
                if self._head is None and _LISTED.search(before):
                    self._head = (self._line_at(self._begun), self._text[self._begun : at])
                    self._listed, self._begun, self._ended = 2, None, at + 1
            self._depth += 1
            return
        self._depth -= 1
        if self._depth < 0:
            yield Broken(self._line_at(at), "it isn't JSON: more is closed than was opened")
        elif self._begun is not None and self._depth == self._listed:
            begun, self._begun, self._ended = self._begun, None, at + 1
            text = self._text[begun : at + 1]
            if self._head is not None and not self._listed:
                line, head = self._head
                self._head = None
                yield Element(line, head + text, around=True)
            else:
                yield Element(self._line_at(begun), text)
        elif self._begun is None and self._depth == self._listed - 1:
            if self._text[self._ended : at].strip(_BETWEEN):
                yield Broken(self._line_at(self._ended), "what stands between its assets isn't JSON")
            self._listed, self._ended = 0, at + 1
            if self._head is not None:
                line, head = self._head
                self._head = (line, head + b"[]")
                self._begun = at + 1

    def _line_at(self, place: int) -> int:
        if place > self._counted:
            self._line += self._text.count(b"\n", self._counted, place)
            self._counted = place
        return self._line


def _too_large(line: int) -> Broken:
    return Broken(line, f"an asset of more than {MAX_ELEMENT >> 20} MiB is not read")
