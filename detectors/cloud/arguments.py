"""How what another source says of a resource is laid out as Terraform's arguments, by which facts are stated."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from assay.scanner.api import Unknown


class Each(Struct, frozen=True):
    """A nested block for each element at a path; one where the path holds an object."""

    path: str
    arguments: Mapping[str, Any]


class Or(Struct, frozen=True):
    """A property with what the source does where it is absent, if that differs from Terraform."""

    path: str
    default: Any


class By(Struct, frozen=True):
    """A property whose value is written differently."""

    path: str
    change: Callable[[Any], Any]


Shape = tuple[str, Mapping[str, Any]]


def arguments(shape: Mapping[str, Any], properties: Any) -> dict[str, Any]:
    """Terraform's arguments from evaluated properties."""
    result: dict[str, Any] = {}
    for name, source in shape.items():
        value = _read(source, properties)
        if value is not None:
            result[name] = value
    return result


def _read(source: Any, properties: Any) -> Any:
    if isinstance(source, str):
        return pick(properties, source)
    if isinstance(source, Or):
        value = pick(properties, source.path)
        return source.default if value is None else value
    if isinstance(source, By):
        value = pick(properties, source.path)
        return value if value is None or isinstance(value, Unknown) else source.change(value)
    if isinstance(source, Each):
        value = pick(properties, source.path)
        if value is None or isinstance(value, Unknown):
            return value
        listed = value if isinstance(value, list) else [value]
        return [
            arguments(source.arguments, element) if isinstance(element, Mapping) else Unknown(reason="unreadable")
            for element in listed
        ]
    return source


def pick(tree: Any, path: str) -> Any:
    """What lies at a dotted path; None where a step is absent, Unknown where one is."""
    for step in path.split(".") if path else ():
        if isinstance(tree, Unknown):
            return tree
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(step)
    return tree
