"""Terraform's states and plans, as JSON: what was applied last, or what is to be.

Formats: `terraform.tfstate` and `terraform state pull` (version 4), `terraform show -json` of a state or a plan.
See: https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

_MOST_BYTES = 256 << 20
_STATE = 4
"""The version of a state's own format; older ones were written before 2019."""


class Unreadable(Exception):
    """What is wrong with a file, and what to do, in one line; quotes nothing of it."""


class Declared(Struct, frozen=True):
    """One resource of a state or a plan."""

    address: str
    type: str
    values: Mapping[str, Any]
    """By Terraform's names. Empty texts, by which providers say that nothing is set, are left out."""


def read(path: Path) -> list[Declared]:
    """The managed resources, in their order. Raises Unreadable."""
    try:
        with path.open("rb") as stream:
            text = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"can't be read: {error.strerror}") from None
    if len(text) > _MOST_BYTES:
        raise Unreadable(f"is larger than {_MOST_BYTES >> 20} MiB; give the states of its parts")
    try:
        tree = msgspec.json.decode(text)
        return list(_resources(tree))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Unreadable("is not JSON; give terraform.tfstate, or what `terraform show -json` prints") from None
    except (AttributeError, TypeError, KeyError):
        raise Unreadable("is not a state or a plan of Terraform's; give what `terraform show -json` prints") from None


def _resources(tree: Any) -> Iterator[Declared]:
    if tree.get("version") == _STATE and "resources" in tree:
        yield from _of_state(tree["resources"])
    elif "planned_values" in tree or "values" in tree:
        root = (tree.get("planned_values") or tree.get("values") or {}).get("root_module", {})
        yield from _of_module(root)
    elif "format_version" in tree:
        return  # A state in which nothing is.
    else:
        raise Unreadable("is not a state of version 4, nor what `terraform show -json` prints")


def _of_state(resources: list[Any]) -> Iterator[Declared]:
    for one in resources:
        if one.get("mode") != "managed":
            continue
        prefix = f"{one['module']}." if one.get("module") else ""
        for instance in one["instances"]:
            if instance.get("deposed"):
                continue  # About to be destroyed; what replaces it is another instance.
            key = instance.get("index_key")
            index = "" if key is None else f'["{key}"]' if isinstance(key, str) else f"[{key}]"
            yield _declared(f"{prefix}{one['type']}.{one['name']}{index}", one["type"], instance["attributes"])


def _of_module(module: Mapping[str, Any]) -> Iterator[Declared]:
    # A module may hold others; a list of those that are still to be looked at can't be too deep.
    waiting = [module]
    while waiting:
        here = waiting.pop()
        for one in here.get("resources", ()):
            if one["mode"] == "managed":
                yield _declared(one["address"], one["type"], one["values"])
        waiting += reversed(here.get("child_modules", ()))


def _declared(address: str, type_: str, values: Mapping[str, Any]) -> Declared:
    return Declared(str(address), str(type_), {name: value for name, value in values.items() if value != ""})
