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

MAX_DEPTH = 100
"""checkov's composers recurse about three Python frames a level, under a limit of 1000."""
MAX_NODES = 1_000_000
"""With every alias written out, as checkov's graph builders copy aliased nodes."""

MAX_EXPANDED = 64 << 20
"""Characters that a file's aliases may repeat."""

_TEMPLATE_MARK = re.compile(r"\{\{|\{%|%\{|<%")
"""Of Helm, Jinja, Terraform's `templatefile` and ERB."""
_EXPRESSION = re.compile(r"[^}\n?(\"]*[?(\"]")
"""After a `${`, of `templatefile` too. A plain `${NAME}` is left to the shell that runs the file."""
_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")
_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_LENIENT_MAX = 2_000_000
"""Characters; the pattern below may look at each more than once."""
_SPACE = re.compile(r"\s*")
_JSON_COMMENT = re.compile(
    r'(?P<kept>"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))|//[^\n]*|/\*.*?\*/|(?P<open>/\*.*)|,(?=\s*[\]}])', re.DOTALL
)
"""What never ends is taken in one piece, to the end, and not tried again at each of its characters."""


class Fault(Struct, frozen=True, kw_only=True):
    """Why a file is not what its name says."""

    reason: str
    """Never quotes the file."""
    hostile: bool = False
    """checkov must not be given it: it would take down the whole runner, or be passed over without a word."""


class Syntax(Struct, frozen=True, kw_only=True):
    """What the reading of one file gave."""

    documents: tuple[frozenset[str] | None, ...] = ()
    """The top-level keys of each document; None for one that is not a mapping."""
    fault: Fault | None = None
    templated: bool = False
    """It holds the marks of a template language, and its file name may be a promise for after the rendering."""
    half_characters: bool = False
    """It holds lone surrogates, which no output can be encoded with."""


def read_syntax(name: str, content: bytes) -> Syntax:
    """Reads a file that is named as YAML or JSON."""
    if fault := encoding_fault(content):
        return Syntax(fault=fault)
    text = _decode(content)
    syntax = _read_json(text) if name.endswith(".json") else _read_yaml(text)
    return structs.replace(syntax, templated=_is_templated(text))


def encoding_fault(content: bytes) -> Fault | None:
    """What checkov, which reads UTF-8, would pass over without a word."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        return Fault(reason="it is UTF-16 or binary, and nothing reads it; save it as UTF-8", hostile=True)
    return None


def _is_templated(text: str) -> bool:
    return _TEMPLATE_MARK.search(text) is not None or any(_EXPRESSION.match(part) for part in text.split("${")[1:])


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
            line = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
            return Syntax(fault=Fault(reason=f"it is not valid JSON{line}"))
        values = lenient
    if any(_is_too_deep(value) for value in values):
        return Syntax(fault=_too_deep())
    keys = tuple(frozenset(value) if isinstance(value, dict) else None for value in values)
    # Only where an escape may stand for half a character is it worth writing the value out again.
    halves = _ESCAPED_HALF.search(text) is not None and _has_half(json.dumps(values, ensure_ascii=False))
    return Syntax(documents=keys, half_characters=halves)


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


def _read_yaml(text: str) -> Syntax:
    try:
        return _walk(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except (yaml.YAMLError, ValueError, RecursionError):
        pass
    # The C parser refuses a little of what the one that checkov uses takes.
    try:
        return _walk(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return Syntax(fault=Fault(reason="it is not valid YAML" + (f" at line {mark.line + 1}" if mark else "")))
    except (yaml.YAMLError, ValueError):
        return Syntax(fault=Fault(reason="it is not valid YAML"))
    except RecursionError:
        return Syntax(fault=_too_deep())


def _walk(events: Iterator[Any]) -> Syntax:
    documents: list[frozenset[str] | None] = []
    keys: set[str] | None = None
    anchors: dict[str, _Size | None] = {}
    sizes: list[_Size] = []
    names: list[str | None] = []
    repeated = _NOTHING
    expects_key = halves = False
    for event in events:
        size = _Size(1, 0)
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if not sizes and isinstance(event, yaml.MappingStartEvent):
                keys, expects_key = set(), True
            elif len(sizes) == 1:
                expects_key = not expects_key
            sizes.append(size)
            names.append(event.anchor)
            if event.anchor:
                anchors[event.anchor] = None
            if len(sizes) > MAX_DEPTH:
                return Syntax(fault=_too_deep())
            continue
        if isinstance(event, yaml.DocumentStartEvent):
            keys, anchors, expects_key = None, {}, False
            continue
        if isinstance(event, yaml.DocumentEndEvent):
            documents.append(None if keys is None else frozenset(keys))
            continue
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            size, anchor = sizes.pop(), names.pop()
            if anchor:
                anchors[anchor] = size
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            if isinstance(event, yaml.AliasEvent):
                found = anchors.get(event.anchor or "", _NOTHING)
                if found is None:
                    return Syntax(fault=Fault(reason="one of its aliases stands for what holds it", hostile=True))
                size, repeated = found, repeated.plus(found)
            else:
                size = _Size(1, len(event.value))
                halves = halves or _has_half(event.value)
                if event.anchor:
                    anchors[event.anchor] = size
            if len(sizes) == 1 and keys is not None:
                if expects_key and isinstance(event, yaml.ScalarEvent):
                    keys.add(event.value)
                expects_key = not expects_key
        else:
            continue
        if sizes:
            sizes[-1] = sizes[-1].plus(size)
            if sizes[-1].nodes > MAX_NODES or repeated.nodes > MAX_NODES:
                return Syntax(fault=Fault(reason="its aliases multiply beyond a million nodes", hostile=True))
            if repeated.characters > MAX_EXPANDED:
                return Syntax(fault=Fault(reason="its aliases multiply beyond 64 MB", hostile=True))
    return Syntax(documents=tuple(documents), half_characters=halves)


class _Size(NamedTuple):
    """Of a value, with every alias in it written out."""

    nodes: int
    characters: int

    def plus(self, other: "_Size") -> "_Size":
        return _Size(self.nodes + other.nodes, self.characters + other.characters)


_NOTHING = _Size(0, 0)


def _too_deep() -> Fault:
    return Fault(reason=f"it is nested more than {MAX_DEPTH} levels deep", hostile=True)
