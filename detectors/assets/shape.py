"""How an exported asset becomes resources under Terraform's names; the tables of shapes are made of these."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from assay.scanner.api import Unknown

Tree = Mapping[str, Any]
"""What an export says of an asset: Google's `resource.data` or Azure's row, without what is empty, and `_name` (its
full name), `_parent` (the name of what it lies in) and `_location`."""

NOT_COLLECTED = "not-collected: "
"""With this begins the reason of what an export can't show or doesn't hold."""


class Shape(Struct, frozen=True):
    """One resource that an asset is."""

    type: str
    """Terraform's."""
    arguments: Mapping[str, Any]
    """As of `cloud.arguments`."""
    when: Callable[[Tree], bool] = lambda _: True
    """Whether this asset is one."""


class Child(Struct, frozen=True):
    """What belongs to a resource's facts, and is an asset or a policy of its own."""

    type: str
    """Terraform's."""
    argument: str
    """By which it names the resource."""
    asset: str
    """Its type in exports, lower case; empty: the IAM policy of the resource."""
    each: bool = False
    """It is asked for resource by resource, so that one of another resource says nothing."""


def not_collected(what: str) -> Unknown:
    """A value that the export doesn't tell."""
    return Unknown(reason=f"{NOT_COLLECTED}{what}")


NOT_SAID = not_collected("the export doesn't say, and what holds then depends on the age of the resource")


def last(value: Any) -> Any:
    """`https://…/zones/us-central1-a` → `us-central1-a`."""
    return value.rpartition("/")[2] if isinstance(value, str) else value


def enabled(value: Any) -> Any:
    """`Enabled` → True."""
    if isinstance(value, str):
        return value.lower() in ("enabled", "true", "on")
    return value


def opposite(value: Any) -> Any:
    """Of a boolean."""
    return not value if isinstance(value, bool) else value


def not_empty(value: Any) -> Any:
    """None for the empty text that stands for nothing."""
    return None if value == "" else value


def pruned(value: Any) -> Any:
    """Without nulls and empty objects, which exports write for what isn't set; None where nothing is left."""
    if isinstance(value, dict):
        kept = {key: inner for key, inner in ((key, pruned(one)) for key, one in value.items()) if inner is not None}
        return kept or None
    if isinstance(value, list):
        return [one for one in (pruned(one) for one in value) if one is not None]
    return value
