"""Whether a YAML or JSON file is one, what it says at its top, and whether a parser may safely be given it.

checkov drops a file that does not parse without a word, and a nested or self-multiplying one takes its whole runner
down with it, so every such file is read here first, by the C parsers and within bounds.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml
from msgspec import Struct, structs

from assay.detectors.iac.templating import explains_error

MAX_DEPTH = 100
"""checkov's composers recurse about three Python frames a level, under a limit of 1000."""
MAX_NODES = 1_000_000
"""With every alias written out, as checkov's graph builders copy aliased nodes."""

MAX_EXPANDED = 64 << 20
"""Characters that a file's aliases may repeat."""

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_LENIENT_MAX = 2_000_000
"""Characters; the pattern below may look at each more than once."""
_SLOW_MAX = 100_000
"""Characters, of which the slow parser takes a second to read."""
_LISTED = 100
"""Of a JSON document's list, so many entries are looked at."""
_SPACE = re.compile(r"\s*")
_JSON_COMMENT = re.compile(
    r'(?P<kept>"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))|//[^\n]*|/\*.*?\*/|(?P<open>/\*.*)|,(?=\s*[\]}])', re.DOTALL
)
"""What never ends is taken in one piece, to the end, and not tried again at each of its characters."""


class Fault(Struct, frozen=True, kw_only=True):
    """Why a file is not what its name says."""

    reason: str
    """Never quotes the file."""
    line: int | None = None
    """Where, counted from 1; None where it is the whole file."""
    advice: str = "correct the file, then scan again"
    """What to do next."""
    hostile: bool = False
    """checkov must not be given it: it would take down the whole runner, or be passed over without a word."""
    has_lines: bool = True
    """Whether the file is text."""
    framework: str | None = None
    """The only framework that it stops; None: all that take the file up."""


NOT_REGULAR = Fault(
    reason="it is not a regular file", advice="put a file in its place, then scan again", hostile=True, has_lines=False
)
VANISHED = Fault(reason="it vanished during the scan", advice="scan again", hostile=True)


def unreadable(error: OSError) -> Fault:
    """Of a file that the system does not give out."""
    reason = f"it cannot be read: {error.strerror}"
    return Fault(reason=reason, advice="let the scan read it, then scan again", hostile=True)


class Syntax(Struct, frozen=True, kw_only=True):
    """What the reading of one file gave."""

    documents: tuple[frozenset[str] | None, ...] = ()
    """The top-level keys of each document; None for one that is not a mapping."""
    listed: tuple[frozenset[str], ...] = ()
    """The keys of the mappings that are a JSON document's list."""
    fault: Fault | None = None
    templated: bool = False
    """A template language explains the fault: its file name is a promise for after the rendering."""
    odd_key: Fault | None = None
    """What is valid YAML and no value of Python's, such as the `{{ name }}` of a template."""
    marked: bool = False
    """A value in it holds `{{`, which is more than a comment that does."""
    half_characters: bool = False
    """It holds lone surrogates, which no output can be encoded with."""


def read_syntax(name: str, content: bytes) -> Syntax:
    """Reads a file that is named as YAML or JSON."""
    if fault := encoding_fault(content):
        return Syntax(fault=fault)
    text = _decode(content)
    is_json = name.endswith(".json")
    syntax = _read_json(text) if is_json else _read_yaml(text)
    fault = syntax.fault or syntax.odd_key
    if fault is None or fault.hostile:
        return syntax
    line = fault.line and max(1, min(fault.line, len(text.removesuffix("\n").split("\n"))))
    fault = structs.replace(fault, line=line, reason=fault.reason + (f" at line {line}" if line else ""))
    parses = _parses_as_json if is_json else _parses_as_yaml
    templated = len(text) <= _LENIENT_MAX and explains_error(text, line, parses)
    named = {"fault": fault} if syntax.fault else {"odd_key": fault}
    return structs.replace(syntax, **named, templated=templated)


def encoding_fault(content: bytes) -> Fault | None:
    """What checkov, which reads UTF-8, would pass over without a word."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        reason = "it is UTF-16 or binary, and nothing reads it"
        return Fault(reason=reason, advice="save it as UTF-8, then scan again", hostile=True, has_lines=False)
    return None


def _decode(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _read_json(text: str) -> Syntax:
    try:
        values = [json.loads(text)]
    except RecursionError:
        return Syntax(fault=_too_deep())
    except ValueError as error:
        lenient = _read_lenient_json(text)
        if lenient is None:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else None
            return Syntax(fault=Fault(reason="it is not valid JSON", line=line))
        values = lenient
    if any(_is_too_deep(value) for value in values):
        return Syntax(fault=_too_deep())
    keys = tuple(frozenset(value) if isinstance(value, dict) else None for value in values)
    # Only where an escape may stand for half a character is it worth writing the value out again.
    halves = _ESCAPED_HALF.search(text) is not None and _has_half(json.dumps(values, ensure_ascii=False))
    lists = [value[:_LISTED] for value in values if isinstance(value, list)]
    listed = {frozenset(one) for entries in lists for one in entries if isinstance(one, dict)}
    return Syntax(documents=keys, listed=tuple(listed), marked="{{" in text, half_characters=halves)


def _has_half(text: str) -> bool:
    return not text.isascii() and _HALF_CHARACTER.search(text) is not None


def _read_lenient_json(text: str) -> list[Any] | None:
    # Comments and trailing commas (tsconfig), one value a line (data sets), and nothing at all are no mistakes.
    if len(text) > _LENIENT_MAX:
        return None
    try:
        stripped = _JSON_COMMENT.sub(lambda match: match["kept"] or match["open"] or "", text).strip()
        return [json.loads(stripped)] if stripped else []
    except (ValueError, RecursionError):
        pass
    decoder, values, at = json.JSONDecoder(), [], 0
    try:
        while (at := _SPACE.match(text, at).end()) < len(text):  # type: ignore[union-attr]  # it matches nothing, too
            value, at = decoder.raw_decode(text, at)
            values.append(value)
    except (ValueError, RecursionError):
        return None
    return values


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True


def _parses_as_json(text: str) -> bool:
    return _read_json(text).fault is None


def _parses_as_yaml(text: str) -> bool:
    # Without the second try of `_read_yaml`, whose parser is slow.
    try:
        syntax = _walk(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        return syntax.fault is None and syntax.odd_key is None
    except (yaml.YAMLError, ValueError, RecursionError):
        return False


def _read_yaml(text: str) -> Syntax:
    # The C parser refuses a little of what the one that checkov uses takes, and that one is slow.
    loaders = [getattr(yaml, "CSafeLoader", yaml.SafeLoader), *([yaml.SafeLoader] if len(text) <= _SLOW_MAX else [])]
    for loader in loaders:
        try:
            return _walk(yaml.parse(text, Loader=loader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            fault = Fault(reason="it is not valid YAML", line=mark.line + 1 if mark else None)
        except yaml.reader.ReaderError:
            forbidden = yaml.reader.Reader.NON_PRINTABLE.search(text)
            line = text.count("\n", 0, forbidden.start()) + 1 if forbidden else None
            fault = Fault(reason="it holds a character that YAML forbids", line=line)
        except (yaml.YAMLError, ValueError):
            fault = Fault(reason="it is not valid YAML")
        except RecursionError:
            fault = _too_deep()
    return Syntax(fault=fault)


def _walk(events: Iterator[Any]) -> Syntax:
    documents: list[frozenset[str] | None] = []
    keys: set[str] | None = None
    anchors: dict[str, _Size | None] = {}
    open_ones: list[_Open] = []
    repeated = _NOTHING
    halves = marked = False
    odd_key: Fault | None = None
    for event in events:
        size = _Size(1, 0)
        is_key = False
        if open_ones and isinstance(event, _STARTS_VALUE):
            is_key = open_ones[-1].starts_key()
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            is_mapping = isinstance(event, yaml.MappingStartEvent)
            if not open_ones and is_mapping:
                keys = set()
            if is_key and odd_key is None:
                mark = event.start_mark
                odd_key = Fault(reason="a key in it is a mapping or a list", line=mark.line + 1 if mark else None)
            open_ones.append(_Open(size, event.anchor, True if is_mapping else None))
            if event.anchor:
                anchors[event.anchor] = None
            if len(open_ones) > MAX_DEPTH:
                return Syntax(fault=_too_deep())
            continue
        if isinstance(event, yaml.DocumentStartEvent):
            keys, anchors = None, {}
            continue
        if isinstance(event, yaml.DocumentEndEvent):
            documents.append(None if keys is None else frozenset(keys))
            continue
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            ended = open_ones.pop()
            size = ended.size
            if ended.anchor:
                anchors[ended.anchor] = size
        elif isinstance(event, yaml.AliasEvent):
            found = anchors.get(event.anchor or "", _NOTHING)
            if found is None:
                return Syntax(fault=Fault(reason="one of its aliases stands for what holds it", hostile=True))
            size, repeated = found, repeated.plus(found)
        elif isinstance(event, yaml.ScalarEvent):
            size = _Size(1, len(event.value))
            halves = halves or _has_half(event.value)
            marked = marked or "{{" in event.value
            if event.anchor:
                anchors[event.anchor] = size
            if is_key and keys is not None and len(open_ones) == 1:
                keys.add(event.value)
        else:
            continue
        if open_ones:
            whole = open_ones[-1].size = open_ones[-1].size.plus(size)
            if whole.nodes > MAX_NODES or repeated.nodes > MAX_NODES:
                return Syntax(fault=Fault(reason="its aliases multiply beyond a million nodes", hostile=True))
            if repeated.characters > MAX_EXPANDED:
                return Syntax(fault=Fault(reason="its aliases multiply beyond 64 MB", hostile=True))
    return Syntax(documents=tuple(documents), odd_key=odd_key, marked=marked, half_characters=halves)


class _Open:
    """A mapping or list that has not ended yet."""

    __slots__ = ("_expects_key", "anchor", "size")

    def __init__(self, size: "_Size", anchor: str | None, expects_key: bool | None) -> None:
        self.size = size
        self.anchor = anchor
        self._expects_key = expects_key
        """None in a list."""

    def starts_key(self) -> bool:
        """Whether what comes next in it is a key; to be asked once for each thing in it."""
        if self._expects_key is None:
            return False
        self._expects_key = not self._expects_key
        return not self._expects_key


_STARTS_VALUE = (yaml.ScalarEvent, yaml.AliasEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent)


class _Size(NamedTuple):
    """Of a value, with every alias in it written out."""

    nodes: int
    characters: int

    def plus(self, other: "_Size") -> "_Size":
        return _Size(self.nodes + other.nodes, self.characters + other.characters)


_NOTHING = _Size(0, 0)


def _too_deep() -> Fault:
    return Fault(reason=f"it is nested more than {MAX_DEPTH} levels deep", hostile=True)
