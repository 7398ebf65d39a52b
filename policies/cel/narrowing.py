"""Lets the engine see only what an expression reads of a list's elements.

Facts are converted for the engine, and it copies each element that a macro visits: the cost of `containers.all(c,
!c.privileged)` would be that of everything that is known of every container. Where a macro reads one thing of each
element, the engine is given a list of just these.
"""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, structs

from assay.policies.cel.syntax import Macro, Name, Node, Select, children

_TO_BOOLEANS = frozenset({"all", "exists", "exists_one"})
"""Macros of which no element gets out."""
_EACH = "each__"
"""Begins the names of views of single values; no kind has such a field."""

Path = tuple[str, ...]
"""From an element to what is read of it: `("declared", "seccomp")`."""


class View(Struct, frozen=True):
    """A list of the resource with what is read of its elements."""

    field: str
    paths: tuple[Path, ...]
    """Sorted. One: the list is of the values that it leads to; several: of elements with their first steps."""

    @property
    def single(self) -> bool:
        """Whether its elements are values, not structs."""
        return len(self.paths) == 1

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields of the elements that are read, sorted."""
        return tuple(sorted({path[0] for path in self.paths}))

    @property
    def name(self) -> str:
        """Under which the engine is given it."""
        if self.single:
            return _EACH + "__".join((self.field, *self.paths[0]))
        return "__".join((self.field, "", *self.keys))


def is_single(operand: Node) -> bool:
    """Whether a macro's list is one of single values."""
    return isinstance(operand, Select) and operand.field.startswith(_EACH)


class Narrowed(Struct, frozen=True):
    """An expression that means the same over views."""

    node: Node
    views: frozenset[View]
    lists: frozenset[str]
    """The spelling of every list in it."""


def narrowed(node: Node, lists: frozenset[str]) -> Narrowed:
    """The expression over views, where its macros read single fields of their elements."""
    views: set[View] = set()
    known = set(lists)
    return Narrowed(_narrow(node, views, known), frozenset(views), frozenset(known))


def _narrow(node: Node, views: set[View], lists: set[str]) -> Node:
    node = _rebuilt(node, lambda child: _narrow(child, views, lists))
    match node:
        case Macro(macro=macro, operand=Select(operand=Name(name="resource"), field=field)) if macro in _TO_BOOLEANS:
            paths = _paths(node.body, node.variable)
            if paths:
                view = View(field, tuple(sorted(paths)))
                views.add(view)
                node = structs.replace(node, operand=Select(Name("resource"), view.name))
                return _of_values(node, view, lists) if view.single else node
    return node


def _of_values(node: Macro, view: View, lists: set[str]) -> Node:
    # A name of its own, as the spelling of a list must mean the same everywhere.
    value = f"{view.name}__value"
    if ".".join((node.variable, *view.paths[0])) in lists:
        lists.add(value)
    return structs.replace(node, variable=value, body=_replaced(node.body, node.variable, value))


def _rebuilt(node: Node, change: Any) -> Node:
    changed: dict[str, Any] = {}
    for field in node.__struct_fields__:
        value = getattr(node, field)
        if isinstance(value, tuple):
            changed[field] = tuple(change(item) for item in value)
        elif isinstance(value, Struct):
            changed[field] = change(value)
    return structs.replace(node, **changed) if changed else node


def _paths(body: Node, variable: str) -> set[Path]:
    """What is read of the element; nothing where it is read whole."""
    used = set(_uses(body, variable))
    return set() if () in used else used


def _uses(node: Node, variable: str) -> Iterator[Path]:
    path = _path(node, variable)
    if path is not None:
        yield path
    elif isinstance(node, Macro) and node.variable == variable:
        yield ()  # Another variable of the same name: left as it is.
    else:
        for child in children(node):
            yield from _uses(child, variable)


def _path(node: Node, variable: str) -> Path | None:
    """The path that `c.a.b` is; () for `c` itself, None for anything else."""
    match node:
        case Name(name=name) if name == variable:
            return ()
        case Select(operand=operand, field=field):
            above = _path(operand, variable)
            return None if above is None else (*above, field)
    return None


def _replaced(node: Node, variable: str, value: str) -> Node:
    """The body with another variable in the place of what was read of the element."""
    if _path(node, variable):
        return Name(value)
    return _rebuilt(node, lambda child: _replaced(child, variable, value))
