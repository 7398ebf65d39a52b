"""What the engine is given of a resource: the variables that expressions read, converted once for all of them."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from assay.policies.cel import engine
from assay.policies.cel.values import code, plain
from assay.policies.cel.views import View, variable
from assay.policies.memory import spelled
from assay.scanner.model.fact import is_unknown


class Inputs(Struct, frozen=True, dict=True):
    """What the engine must be given of a resource."""

    fields: tuple[str, ...] = ()
    """As they are, sorted."""
    views: tuple[View, ...] = ()
    """Other shapes of fields, sorted by name."""
    constants: tuple[str, ...] = ()
    """Strings for which expressions have numbers, sorted."""

    def __post_init__(self) -> None:
        """What was written by another process has its numbers too."""
        for constant in self.constants:
            code(constant)

    @cached_property
    def _whole(self) -> Sequence[tuple[str, str]]:
        return [(variable(name), name) for name in self.fields]

    @cached_property
    def _plan(self) -> Sequence[tuple[str, str, Callable[[Any, list[Any]], Any]]]:
        return [(variable(view.name), view.field, view.given) for view in self.views]

    def read(self) -> Mapping[str, frozenset[str] | None]:
        """Field → what is read of the elements of the list that it is; None: it is read as a whole."""
        found: dict[str, frozenset[str] | None] = dict.fromkeys(self.fields)
        for view in self.views:
            known = found.get(view.field, frozenset())
            found[view.field] = None if known is None or not view.paths else known | set(view.keys)
        return found

    def variables(self, facts: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """Values by name, and whether all of them is known."""
        unknown: list[Any] = []
        found = {name: plain(facts[field], unknown) for name, field in self._whole}
        for name, field, given in self._plan:
            value = facts[field]
            found[name] = plain(value, unknown) if is_unknown(value) else given(value, unknown)
        return found, not unknown

    def __or__(self, other: "Inputs") -> "Inputs":
        views = {view.name: view for view in (*self.views, *other.views)}
        return Inputs(
            tuple(sorted({*self.fields, *other.fields})),
            tuple(views[name] for name in sorted(views)),
            tuple(sorted({*self.constants, *other.constants})),
        )


class Converted(Struct, frozen=True):
    """Facts as the engine takes them."""

    context: Any
    whole: bool
    """Nothing of them is unknown."""


class Given:
    """A resource's facts on their way into the engine: converted once for all expressions that are put to them."""

    def __init__(self, facts: Mapping[str, Any], inputs: Inputs | None = None) -> None:
        """Facts' values hold Unknowns anywhere. `inputs` is what all the expressions read; None: converted for each."""
        self._facts = facts
        self._inputs = inputs
        self._shared: Converted | None = None

    def converted(self, inputs: Inputs) -> Converted:
        """What the engine takes, for an expression that reads these."""
        if self._inputs is None:
            return self._convert(inputs)
        if self._shared is None:
            self._shared = self._convert(self._inputs)
        return self._shared

    def spelled(self, inputs: Inputs) -> bytes | None:
        """The same only for what is the same to an expression that reads these; None where some of it is unknown."""
        variables, whole = inputs.variables(self._facts)
        return spelled(variables) if whole else None

    def _convert(self, inputs: Inputs) -> Converted:
        variables, whole = inputs.variables(self._facts)
        return Converted(engine.Context(variables=variables), whole)
