"""What is known of one property of a resource, or why it isn't known."""

from typing import Any

from msgspec import Struct


class Location(Struct, frozen=True, kw_only=True):
    """A place in a file of the target."""

    path: str
    """POSIX path relative to the scanned folder."""
    start_line: int | None = None
    """First line, counted from 1; None only for files without lines."""
    end_line: int | None = None
    """Last line, inclusive."""


class Known(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="fact", tag="known"):
    """A property that was read. The value may hold `Unknown` deeper inside, where only a part could be read."""

    value: Any
    origin: Location | None = None
    """Where it was read; None means the resource's own location."""


class Unknown(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="fact", tag="unknown"):
    """A property that could not be read or decided. Never a pass, never silence."""

    reason: str
    """One line for a person: what stood in the way, with its source (`unresolved: var.kms_key`)."""
    origin: Location | None = None


Fact = Known | Unknown

NOT_COLLECTED = "not collected"
"""The reason of a fact that the detector did not look for."""


def is_unknown(value: object) -> bool:
    """Whether a value inside a fact is an Unknown, as a struct or as it reads back from JSON."""
    sort = type(value)
    return sort is Unknown or (sort is dict and value.get("fact") == "unknown")  # type: ignore[attr-defined]  # a dict


def reason_of(value: object) -> str:
    """The reason of a value for which `is_unknown` holds."""
    if isinstance(value, Unknown):
        return value.reason
    return str(value.get("reason", "")) if isinstance(value, dict) else ""
