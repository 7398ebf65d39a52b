"""Reads policy files into structs; every error names the file and the line."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from assay.policies import prepared
from assay.scanner.errors import UsageError
from assay.scanner.safe import yaml
from assay.scanner.safe.files import read_regular

T = TypeVar("T")


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
    try:
        return prepared.value_of(text)
    except yaml.YamlError as error:
        raise PolicyError(f"{path}:{error.line or 1}: {error}") from None


def convert(value: Any, as_type: type[T], text: bytes, path: Path) -> T:
    """The value as the struct. Raises PolicyError with file and line."""
    try:
        return msgspec.convert(value, as_type)
    except msgspec.ValidationError as error:
        raise at(str(error), text, path) from None


_JSON_PATH = re.compile(r" - at `\$?(?P<path>[^`]*)`$")
_UNKNOWN_FIELD = re.compile(r"unknown field `(?P<field>[^`]+)`")


def at(message: str, text: bytes, path: Path, where: tuple[str | int, ...] = ()) -> PolicyError:
    """An error placed at a path inside the document; msgspec's own path in the message is understood too."""
    found = _JSON_PATH.search(message)
    if found:
        steps = re.findall(r"\[(\d+)\]|\.([^.\[\]]+)", found["path"])
        where = tuple(int(index) if index else name for index, name in steps)
        message = message[: found.start()]
    field = _UNKNOWN_FIELD.search(message)
    where = (*where, field["field"]) if field else where
    shown = ".".join(str(step) for step in where)
    line = line_at(text, where)
    message = message[:1].lower() + message[1:]
    return PolicyError(f"{path}:{line}: {shown}: {message}" if shown else f"{path}:{line}: {message}")


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing."""
    found = get_close_matches(name, list(known), n=1)
    return f"; did you mean {found[0]!r}?" if found else ""


def line_at(text: bytes, where: tuple[str | int, ...]) -> int:
    """The line of a path inside the document, counted from 1."""
    return yaml.line_of(yaml.compose(text), where) or 1
