"""The shapes in which the engine is given a resource's fields, so that it takes in no more than is read."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from assay.policies.cel.values import coded, plain
from assay.scanner.model.fact import is_unknown

_ENGINE = "resource__"
"""Begins the names of the engine's variables; in an expression no name has two underscores."""
EACH = "each__"
"""Begins the names of views of single values; no kind has such a field."""

Path = tuple[str, ...]
"""From an element to what is read of it: `("declared", "seccomp")`."""


class View(Struct, frozen=True):
    """A field of the resource, in another shape."""

    field: str
    paths: tuple[Path, ...] = ()
    """What is read of a list's elements, sorted. None: the field is no list, or read as a whole, and given as a number.
    One: the list is of the values that it leads to; several: of maps with their first steps, by number."""
    coded: frozenset[Path] = frozenset()
    """Those paths that lead to strings of which numbers are given."""

    @property
    def single(self) -> bool:
        """Whether it is a list whose elements are values, not maps."""
        return len(self.paths) == 1

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields of the elements that are read, sorted; they are told apart by their place."""
        return tuple(sorted({path[0] for path in self.paths}))

    @property
    def name(self) -> str:
        """Under which the expression reads it, as if it were a field."""
        if not self.paths:
            return f"code__{self.field}"
        if self.single:
            return "__".join((f"{EACH}{self.field}", *self.paths[0], *("code" for _ in self.coded)))
        return "__".join((self.field, "", *(f"{key}__code" if (key,) in self.coded else key for key in self.keys)))

    @property
    def given(self) -> Callable[[Any, list[Any]], Any]:
        """Gives a known value this shape; what is unknown in it is added to the list."""
        if not self.paths:
            return coded
        if self.single:
            path, give = self.paths[0], coded if self.coded else plain
            return lambda value, unknown: [give(_at(element, path), unknown) for element in value]
        steps = [(number, key, coded if (key,) in self.coded else plain) for number, key in enumerate(self.keys)]
        return lambda value, unknown: [_by_number(element, steps, unknown) for element in value]


def variable(name: str) -> str:
    """The engine's variable for a field or a view; several are taken in faster than one that holds them all."""
    return _ENGINE + name


def _at(element: Any, path: Path) -> Any:
    for step in path:
        if type(element) is not dict or is_unknown(element):
            return element
        element = element[step]
    return element


def _by_number(
    element: Any, steps: Sequence[tuple[int, str, Callable[[Any, list[Any]], Any]]], unknown: list[Any]
) -> Any:
    if is_unknown(element):
        return plain(element, unknown)
    return {number: give(element[key], unknown) for number, key, give in steps if key in element}
