"""Lets the engine see only what an expression reads of a list's elements.

The engine copies each element that a macro visits, so that the cost of `containers.all(c, !c.privileged)` would be that
of everything that is known of every container.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, structs

from assay.policies.cel.syntax import Macro, Name, Node, Select, children

_TO_BOOLEANS = frozenset({"all", "exists", "exists_one"})
"""Macros of which no element gets out."""


class View(Struct, frozen=True):
    """A list of the resource with some fields of its elements."""

    field: str
    keys: tuple[str, ...]
    """Sorted."""

    @property
    def name(self) -> str:
        """Under which the engine is given it."""
        return "__".join((self.field, "", *self.keys))


def narrowed(node: Node) -> tuple[Node, frozenset[View]]:
    """The same expression over views, where its macros read single fields of their elements; and these views."""
    views: set[View] = set()
    return _narrow(node, views), frozenset(views)


def _narrow(node: Node, views: set[View]) -> Node:
    changed: dict[str, Any] = {}
    for field in node.__struct_fields__:
        value = getattr(node, field)
        if isinstance(value, tuple):
            changed[field] = tuple(_narrow(item, views) for item in value)
        elif isinstance(value, Struct):
            changed[field] = _narrow(value, views)  # type: ignore[arg-type]  # a node's structs are nodes
    if changed:
        node = structs.replace(node, **changed)
    match node:
        case Macro(
            macro=macro, operand=Select(operand=Name(name="resource"), field=field), variable=variable, body=body
        ):
            keys = _keys(body, variable)
            if macro in _TO_BOOLEANS and keys:
                view = View(field, tuple(sorted(keys)))
                views.add(view)
                return structs.replace(node, operand=Select(Name("resource"), view.name))
    return node


def _keys(body: Node, variable: str) -> set[str]:
    """The fields of the element that are read; none where it is read whole."""
    used = list(_uses(body, variable))
    return set() if None in used else {key for key in used if key is not None}


def _uses(node: Node, variable: str) -> Iterator[str | None]:
    match node:
        case Select(operand=Name(name=name), field=field) if name == variable:
            yield field
        case Name(name=name) if name == variable:
            yield None
        case _:
            for child in children(node):
                yield from _uses(child, variable)
