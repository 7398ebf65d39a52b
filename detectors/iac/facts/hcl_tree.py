"""The tree of a Terraform expression."""

from typing import Any

from msgspec import Struct


class Unsupported(ValueError):
    """An expression this reader doesn't understand, or whose meaning was lost with its parentheses."""


class Literal(Struct, frozen=True):
    """A constant."""

    value: Any


class Text(Struct, frozen=True):
    """A string with interpolations: strings and expressions in turn; `sources` are the latter's texts."""

    parts: tuple[Any, ...]


class Interpolation(Struct, frozen=True):
    """`${…}` inside a string."""

    source: str
    tree: Any


class Path(Struct, frozen=True):
    """A name with what follows it: attribute names, `Index` and `Splat`."""

    root: str
    steps: tuple[Any, ...]
    source: str


class Index(Struct, frozen=True):
    """`[key]`."""

    key: Any


class Splat(Struct, frozen=True):
    """`[*]` or `.*`."""


class Call(Struct, frozen=True):
    """A function call, with what follows it."""

    name: str
    arguments: tuple[Any, ...]
    steps: tuple[Any, ...]


class ListOf(Struct, frozen=True):
    """`[…]`."""

    items: tuple[Any, ...]


class ObjectOf(Struct, frozen=True):
    """`{…}`, keys and values in turn."""

    pairs: tuple[tuple[Any, Any], ...]


class For(Struct, frozen=True):
    """`[for v in c : value if condition]` or `{for k, v in c : key => value if condition}`."""

    names: tuple[str, ...]
    collection: Any
    key: Any
    """None in the form that makes a list."""
    value: Any
    condition: Any


class Operation(Struct, frozen=True):
    """A unary or binary operator."""

    operator: str
    operands: tuple[Any, ...]


class Ambiguous(Struct, frozen=True):
    """Logical operators whose parentheses are lost: every reading, the natural one first."""

    readings: tuple[Any, ...]


class Conditional(Struct, frozen=True):
    """`condition ? then : otherwise`."""

    condition: Any
    then: Any
    otherwise: Any
