"""The Terraform functions that facts may need; any other leaves its expression unresolved."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.detectors.cloud.values import Reference, Template, settled, unresolved
from assay.scanner.api import Unknown


def call(name: str, arguments: Sequence[Any]) -> Any:
    """The function's value, or Unknown where it, or an argument it depends on, can't be evaluated."""
    if name in _STRUCTURAL:
        return _guarded(name, _STRUCTURAL[name], arguments)
    if name in _PLAIN:
        for argument in arguments:
            if isinstance(argument, Reference | Template | Unknown):
                return argument if isinstance(argument, Unknown) else settled(argument)
            if _holds_unknown(argument):
                return unresolved(f"{name}(…)")
        return _guarded(name, _PLAIN[name], arguments)
    return unresolved(f"{name}(…)")


def _guarded(name: str, function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    try:
        return function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, re.error, OverflowError):
        return unresolved(f"{name}(…)")


def _holds_unknown(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_unknown(element) for element in value)
    if isinstance(value, Mapping):
        return any(_holds_unknown(element) for element in value.values())
    return isinstance(value, Unknown | Reference | Template)


def _unchanged(value: Any) -> Any:
    return value


def _list(value: Any) -> Any:
    if isinstance(value, Unknown):
        return value
    if not isinstance(value, list | tuple):
        raise TypeError
    return list(value)


def _set(value: Any) -> Any:
    """Duplicates removed; elements that aren't known are kept apart."""
    value = _list(value)
    if isinstance(value, Unknown):
        return value
    result: list[Any] = []
    for element in value:
        if element not in result:
            result.append(element)
    return result


def _concat(*lists: Any) -> Any:
    result: list[Any] = []
    for value in lists:
        value = _list(value)
        if isinstance(value, Unknown):
            return value
        result.extend(value)
    return result


def _flatten(value: Any) -> Any:
    if isinstance(value, Unknown):
        return value
    result: list[Any] = []
    for element in _list(value):
        inner = _flatten(element) if isinstance(element, list | tuple) else [element]
        result.extend(inner)
    return result


def _compact(value: Any) -> Any:
    value = _list(value)
    return value if isinstance(value, Unknown) else [element for element in value if element not in (None, "")]


def _merge(*objects: Any) -> Any:
    result: dict[str, Any] = {}
    for value in objects:
        if isinstance(value, Unknown):
            return value
        if value is not None:
            result.update(value)
    return result


def _coalesce(*values: Any) -> Any:
    for value in values:
        if value not in (None, ""):
            return value
    raise ValueError


def _coalescelist(*values: Any) -> Any:
    for value in values:
        if value:
            return value
    raise ValueError


def _try(*values: Any) -> Any:
    """The first argument if it is known: whether an unresolved one would fail can't be told."""
    return values[0]


def _lookup(mapping: Any, key: Any, default: Any = None) -> Any:
    if isinstance(mapping, Unknown):
        return mapping
    if not isinstance(key, str):
        return key if isinstance(key, Unknown) else settled(key)
    return mapping.get(key, default)


def _single(value: Any) -> Any:
    """`one`, and `element` or `join` over a list of one: the parser doesn't keep the order of longer ones."""
    value = _list(value)
    if isinstance(value, Unknown):
        return value
    if len(value) > 1:
        raise ValueError
    return value[0] if value else None


def _element(value: Any, _index: Any) -> Any:
    result = _single(value)
    if result is None:
        raise IndexError
    return result


def _join(separator: Any, value: Any) -> Any:
    if isinstance(value, list) and len(value) == 1:
        return value[0]
    if isinstance(value, list) and not value:
        return ""
    raise ValueError(separator)


def _length(value: Any) -> Any:
    return value if isinstance(value, Unknown) else len(value)


def _keys(value: Any) -> Any:
    return value if isinstance(value, Unknown) else sorted(value)


def _values(value: Any) -> Any:
    return value if isinstance(value, Unknown) else [value[key] for key in sorted(value)]


def _format(pattern: str, *arguments: Any) -> str:
    if re.search(r"%[^sdv%]", pattern):
        raise ValueError
    return re.sub(r"%[dv]", "%s", pattern) % arguments


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise TypeError
    number = float(value)
    return int(number) if number.is_integer() else number


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}[value]


def _string(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


def _contains(values: list[Any], value: Any) -> bool:
    return value in values


def _replace(value: str, old: str, new: str) -> str:
    if old.startswith("/"):
        raise ValueError
    if len(value) * (len(new) + 1) > 100_000:
        raise OverflowError
    return value.replace(old, new)


_STRUCTURAL: Mapping[str, Callable[..., Any]] = {
    "jsonencode": _unchanged,
    "tolist": _list,
    "toset": _set,
    "tomap": _unchanged,
    "sensitive": _unchanged,
    "nonsensitive": _unchanged,
    "distinct": _set,
    "concat": _concat,
    "flatten": _flatten,
    "compact": _compact,
    "merge": _merge,
    "try": _try,
    "lookup": _lookup,
    "one": _single,
    "element": _element,
    "join": _join,
    "length": _length,
    "keys": _keys,
    "values": _values,
}
"""Functions that keep what they are given, so that unknown elements may stay inside."""

_PLAIN: Mapping[str, Callable[..., Any]] = {
    "coalesce": _coalesce,
    "coalescelist": _coalescelist,
    "contains": _contains,
    "endswith": lambda value, suffix: value.endswith(suffix),
    "format": _format,
    "jsondecode": json.loads,
    "lower": lambda value: value.lower(),
    "max": max,
    "min": min,
    "replace": _replace,
    "startswith": lambda value, prefix: value.startswith(prefix),
    "tobool": _bool,
    "tonumber": _number,
    "tostring": _string,
    "trimspace": lambda value: value.strip(),
    "upper": lambda value: value.upper(),
}
"""Functions of wholly known values."""
