"""Facts as they come, checked to be of the type that they should be; whatever is not is Unknown."""

from collections.abc import Mapping

from assay.detectors.worlds import World
from assay.scanner.api import NOT_COLLECTED, Known, Resource, Unknown, is_unknown, reason_of

_NOT_AS_EXPECTED = Unknown(reason="what was stated is not of the expected form")


def fact(resource: Resource, field: str) -> object:
    """A fact's value, or Unknown."""
    stated = resource.facts.get(field)
    if stated is None:
        return Unknown(reason=NOT_COLLECTED)
    return as_unknown(stated.value) if isinstance(stated, Known) else stated


def as_unknown(value: object) -> object:
    """The value; an Unknown as a struct even where it comes from JSON."""
    if isinstance(value, dict) and is_unknown(value):
        return Unknown(reason=reason_of(value))
    return value


def boolean(value: object) -> bool | Unknown:
    """True, False or Unknown."""
    value = as_unknown(value)
    return value if isinstance(value, bool | Unknown) else _NOT_AS_EXPECTED


def text(value: object) -> str | Unknown:
    """A string or Unknown."""
    value = as_unknown(value)
    return value if isinstance(value, str | Unknown) else _NOT_AS_EXPECTED


def optional_text(value: object) -> str | Unknown | None:
    """A string, None or Unknown."""
    return None if value is None else text(value)


def number(value: object) -> int | Unknown:
    """An integer or Unknown."""
    value = as_unknown(value)
    if isinstance(value, bool) or not isinstance(value, int | Unknown):
        return _NOT_AS_EXPECTED
    return value


def optional_number(value: object) -> int | Unknown | None:
    """An integer, None or Unknown."""
    return None if value is None else number(value)


def listed(value: object) -> tuple[object, ...] | Unknown:
    """The elements of a list, each of which may be Unknown."""
    value = as_unknown(value)
    if isinstance(value, list | tuple):
        return tuple(as_unknown(one) for one in value)
    return value if isinstance(value, Unknown) else _NOT_AS_EXPECTED


def texts(value: object) -> tuple[str | Unknown, ...] | Unknown:
    """The strings of a list, each of which may be Unknown."""
    found = listed(value)
    return found if isinstance(found, Unknown) else tuple(text(one) for one in found)


def mapped(value: object) -> Mapping[str, object] | Unknown:
    """A map or struct; its values may be Unknown."""
    value = as_unknown(value)
    return value if isinstance(value, dict | Unknown) else _NOT_AS_EXPECTED


def labels(value: object) -> Mapping[str, str | Unknown] | Unknown:
    """Labels; a value may be Unknown."""
    found = mapped(value)
    return found if isinstance(found, Unknown) else {key: text(one) for key, one in found.items()}


def part(value: Mapping[str, object], name: str) -> object:
    """A field of a struct, or Unknown."""
    return as_unknown(value[name]) if name in value else Unknown(reason=NOT_COLLECTED)


def bare(world: World, address: str) -> str:
    """An address without the context that stands before it where several clusters were looked at."""
    prefix = f"{world.source.removeprefix('kube:')}/"
    return address.removeprefix(prefix) if world.live else address


def name_of(world: World, resource: Resource, kind: str, namespace: str | None = None) -> str:
    """An object's name, from its address `Kind.namespace.name` or `Kind.name`."""
    start = f"{kind}.{namespace}." if namespace is not None else f"{kind}."
    return bare(world, resource.address).removeprefix(start)
