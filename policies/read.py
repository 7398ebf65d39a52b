"""Reads policy files into structs; every error names the file and the line."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from assay.policies import prepared
from assay.scanner.errors import UsageError
from assay.scanner.model.finding import SEVERITIES
from assay.scanner.safe.files import read_regular

T = TypeVar("T")


Where = tuple[str | int, ...]
"""Keys and indices that lead from a document's top to something in it."""
_JSON_PATH = re.compile(r" - at (?P<key>`key` in )?`\$?(?P<path>[^`]*)`$")
_STEP = re.compile(r"\[(?:(\d+)|\.\.\.)\]|\.([^.\[\]]+)")
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<name>[^`]+)`")
_TYPES = re.compile(r"expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`")
_ENUM = "invalid enum value"
_PLAIN = {
    "str": "a text",
    "int": "a whole number",
    "float": "a decimal number",
    "bool": "true or false",
    "array": "a list",
    "object": "keys with values",
    "null": "nothing",
    "date": "a day such as 2027-01-31",
}
"""What msgspec calls a type → what people call it."""


class PolicyError(UsageError):
    """A policy file that cannot be used: `file:line: what is wrong`."""


def read(path: Path, as_type: type[T]) -> T:
    """The file's content as the struct. Raises PolicyError for an unknown key, a wrong type or broken YAML."""
    text = read_bytes(path)
    return convert(parse(text, path), as_type, text, path)


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises PolicyError where it cannot be read, isn't a regular file or is too large."""
    try:
        return read_regular(path)
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror or error}") from None


def parse(text: bytes, path: Path) -> Any:
    """The YAML value. Raises PolicyError with file and line."""
    kept = prepared.value_of(text)
    if kept is not None:
        return kept
    from assay.scanner.safe import yaml  # not where all is prepared

    try:
        return yaml.load(text)
    except yaml.YamlError as error:
        raise PolicyError(f"{path}:{error.line or 1}: {error}") from None


def convert(value: Any, as_type: type[T], text: bytes, path: Path) -> T:
    """The value as the struct. Raises PolicyError with file and line."""
    try:
        return msgspec.convert(value, as_type)
    except msgspec.ValidationError as error:
        message, where = explain_misfit(str(error), value, as_type, formal=True)
        raise at(message, text, path, where) from None


def at(message: str, text: bytes, path: Path, where: Where = ()) -> PolicyError:
    """An error placed at a path inside the document."""
    shown = ".".join(str(step) for step in where)
    line = line_at(text, where)
    message = message[:1].lower() + message[1:]
    return PolicyError(f"{path}:{line}: {shown}: {message}" if shown else f"{path}:{line}: {message}")


def explain_misfit(said: str, value: Any, as_type: Any, formal: bool = False) -> tuple[str, Where]:
    """msgspec's message on a value in plain words, with the keys or the values that fit; and where in the value.

    `formal` gives a single type's technical name too.
    """
    found = _JSON_PATH.search(said)
    message = (said[: found.start()] if found else said).removeprefix("Object ")
    message = message[:1].lower() + message[1:]
    where = _steps(found["path"], message, value) if found else ()
    kinds = _within([inspect.type_info(as_type)], where)
    choices = ", ".join(_choices(kinds))
    if field := _UNKNOWN_FIELD.search(message):
        known = [one.encode_name for kind in kinds if isinstance(kind, inspect.StructType) for one in kind.fields]
        hint = nearest(field["name"], known) or f"; the keys here are {', '.join(known)}"
        return f"unknown field `{field['name']}`{hint}", (*where, field["name"])
    if message.startswith(_ENUM) and choices:
        return f"{message}; it is one of {choices}", where
    if types := _TYPES.fullmatch(message):
        got = f"not {_PLAIN.get(types['got'], types['got'])}"
        if "str" in types["wanted"] and not choices and types["got"] in ("int", "float", "bool"):
            got += "; put it in quotes"
        if found and found["key"]:
            return f"each key is a text, {got}", where
        wanted = f"one of {choices}" if choices else _plain(types["wanted"], kinds)
        name = f"`{types['wanted']}`: " if formal and types["wanted"] in _PLAIN and not choices else ""
        return f"expected {name}{wanted}, {got}", where
    return message, where


def _steps(path: str, message: str, value: Any) -> Where:
    """msgspec's path. It writes `[...]` for a mapping's key: the first whose value the message fits, or none."""
    types = _TYPES.fullmatch(message)
    where: list[str | int] = []
    for index, name in _STEP.findall(path):
        step: str | int | None = int(index) if index else name or None
        if step is None and isinstance(value, dict):
            step = next((key for key, one in value.items() if _fits(one, message, types and types["got"])), None)
        if step is None:
            break
        where.append(step)
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            value = None
    return tuple(where)


def _fits(value: object, message: str, got: str | None) -> bool:
    """Whether msgspec may have said this of the value."""
    if got is None:
        return repr(value) == message.removeprefix(_ENUM).strip()
    return {"list": "array", "dict": "object", "NoneType": "null"}.get(
        type(value).__name__, type(value).__name__
    ) == got


def _within(kinds: Iterable[inspect.Type], where: Where) -> list[inspect.Type]:
    """The types that a value may have at a path, unions taken apart."""
    found = [one for kind in kinds for one in (kind.types if isinstance(kind, inspect.UnionType) else (kind,))]
    if not where:
        return found
    step, below = where[0], []
    for kind in found:
        match kind:
            case inspect.StructType(fields=fields) if isinstance(step, int):
                below += [fields[step].type] if step < len(fields) else []
            case inspect.StructType(fields=fields):
                below += [field.type for field in fields if field.encode_name == step]
            case inspect.DictType(value_type=inner):
                below.append(inner)
            case inspect.VarTupleType(item_type=inner) | inspect.ListType(item_type=inner):
                below.append(inner)
    return _within(below, where[1:])


def _choices(kinds: Iterable[inspect.Type]) -> list[str]:
    values = {str(value) for kind in kinds if isinstance(kind, inspect.LiteralType) for value in kind.values}
    # msgspec sorts by the alphabet; severities have an order of their own.
    return [value for value in SEVERITIES if value in values] + sorted(values.difference(SEVERITIES))


def _plain(wanted: str, kinds: Iterable[inspect.Type]) -> str:
    names = [_PLAIN.get(name, name) for name in wanted.removesuffix(" | null").split(" | ")]
    if any(isinstance(kind, inspect.VarTupleType) and isinstance(kind.item_type, inspect.StrType) for kind in kinds):
        names = ["a list of texts" if name == _PLAIN["array"] else name for name in names]
    return " or ".join(names)


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing."""
    from difflib import get_close_matches  # only for mistakes

    found = get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def line_at(text: bytes, where: Where) -> int:
    """The line of a path inside the document, counted from 1."""
    from assay.scanner.safe import yaml

    return yaml.line_of(yaml.compose(text), where) or 1
