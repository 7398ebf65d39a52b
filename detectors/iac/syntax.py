"""Whether a YAML or JSON file is one, what it says at its top, and whether a parser may safely be given it.

checkov drops a file that does not parse without a word, and a nested or self-multiplying one takes its whole runner
down with it, so every such file is read here first, by the C parsers and within bounds.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct

MAX_DEPTH = 100
"""checkov's composers recurse about three Python frames a level, under a limit of 1000."""
MAX_NODES = 1_000_000
"""With every alias written out, as checkov's graph builders copy aliased nodes."""

_TEMPLATE_MARK = re.compile(r"\{\{|\{%|%\{|<%|\$\{[^}\n]*[?(\"]")
"""Of Helm, Jinja, Terraform's `templatefile` and ERB. A plain `${NAME}` is left to the shell that runs the file."""
_LENIENT_MAX = 2_000_000
"""Characters; the pattern below may look at each more than once."""
_SPACE = re.compile(r"\s*")
_JSON_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/|,(?=\s*[\]}])', re.DOTALL)


class Fault(Struct, frozen=True, kw_only=True):
    """Why a file is not what its name says."""

    reason: str
    """Never quotes the file."""
    hostile: bool = False
    """It would exhaust a parser's stack or memory."""


class Syntax(Struct, frozen=True, kw_only=True):
    """What the reading of one file gave."""

    documents: tuple[frozenset[str] | None, ...] = ()
    """The top-level keys of each document; None for one that is not a mapping."""
    fault: Fault | None = None
    templated: bool = False
    """It holds the marks of a template language, and its file name may be a promise for after the rendering."""


def read_syntax(name: str, content: bytes) -> Syntax:
    """Reads a file that is named as YAML or JSON."""
    text = _decode(content)
    if "\0" in text:
        return Syntax(fault=Fault(reason="it is not a text file"))
    syntax = _read_json(text) if name.endswith(".json") else _read_yaml(text)
    return Syntax(
        documents=syntax.documents,
        fault=syntax.fault,
        templated=_TEMPLATE_MARK.search(text) is not None,
    )


def _decode(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
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
    return Syntax(documents=keys)


def _read_lenient_json(text: str) -> list[Any] | None:
    # Comments and trailing commas (tsconfig), one value a line (data sets), and nothing at all are no mistakes.
    if len(text) > _LENIENT_MAX:
        return None
    try:
        stripped = _JSON_COMMENT.sub(lambda match: match[1] or "", text).strip()
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
    anchors: dict[str, int] = {}
    sizes: list[int] = []
    names: list[str | None] = []
    expects_key = False
    for event in events:
        size = 1
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            if not sizes and isinstance(event, yaml.MappingStartEvent):
                keys, expects_key = set(), True
            elif len(sizes) == 1:
                expects_key = not expects_key
            sizes.append(1)
            names.append(event.anchor)
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
                size = anchors.get(event.anchor or "", 1)
            elif event.anchor:
                anchors[event.anchor] = 1
            if len(sizes) == 1 and keys is not None:
                if expects_key and isinstance(event, yaml.ScalarEvent):
                    keys.add(event.value)
                expects_key = not expects_key
        else:
            continue
        if sizes:
            sizes[-1] += size
            if sizes[-1] > MAX_NODES:
                return Syntax(fault=Fault(reason="its aliases multiply beyond a million nodes", hostile=True))
    return Syntax(documents=tuple(documents))


def _too_deep() -> Fault:
    return Fault(reason=f"it is nested more than {MAX_DEPTH} levels deep", hostile=True)
