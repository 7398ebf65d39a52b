"""Expressions as they were written for the engine: all that it takes to evaluate them, and no trees.

Made by `kleene.py`, and kept for the built-in rules, so that a run parses, checks and rewrites none of them.
"""

from msgspec import Struct

from assay.policies.cel.given import Inputs


class Written(Struct, frozen=True):
    """A three-valued expression."""

    source: str
    """What it says, parameters filled in."""
    paths: tuple[str, ...]
    """Fields of the resource that it reads, sorted."""
    inputs: Inputs
    certainly_true: str
    """In CEL, over its inputs' variables."""
    certainly_false: str


class WrittenElements(Struct, frozen=True):
    """The elements of the list in `resource.list.all(x, …)`, each for itself."""

    field: str
    """The field of the resource that the list is."""
    alone: bool
    """Whether what is said of an element depends on nothing but the element."""
    inputs: Inputs
    told: str
    """In CEL, over its inputs' variables: a list with `PASSES` for each element that certainly passes, `FAILS` for each
    that certainly fails, and `UNDECIDED` for the others."""


class WrittenRange(Struct, frozen=True):
    """A `resource.list.all(x, …)` that a rule asserts, alone or before a `&&`."""

    field: str
    """The list."""
    variable: str
    """`x`"""
    each: Written
    elements: WrittenElements
    alone: bool
    """Whether nothing follows it."""


class WrittenRule(Struct, frozen=True):
    """What a rule asks, with its parameters."""

    asserts: Written
    applies: Written | None
    """When it does; None: always."""
    over: WrittenRange | None
    """None: it asserts something else."""


PASSES, FAILS, UNDECIDED = range(3)
"""What the elements of a list come to."""
