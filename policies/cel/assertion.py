"""Evaluates three-valued expressions, as `kleene.py` wrote them for the engine."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from assay.policies.cel import engine
from assay.policies.cel.error import CelError
from assay.policies.cel.given import Given
from assay.policies.cel.written import FAILS, Written, WrittenElements
from assay.scanner.model.fact import is_unknown, reason_of

STUMBLES = (TypeError, ValueError, KeyError, RuntimeError, ArithmeticError, OverflowError, IndexError)
"""How the engine says that it can't evaluate an expression."""


class Verdict(Struct, frozen=True):
    """Three-valued outcome; `error` where a wholly known resource could still not be decided."""

    value: bool | None
    error: str | None = None


_DECIDED = {True: Verdict(True), False: Verdict(False)}


class Elements:
    """The elements of the list in `list.all(x, …)`, each for itself."""

    def __init__(self, written: WrittenElements) -> None:
        self.written = written
        self.inputs = written.inputs

    @cached_property
    def _program(self) -> Any:
        return engine.compile_program(self.written.told)

    def failing(self, given: Given) -> list[bool] | None:
        """One for each element; None where the engine stumbles over one of them."""
        try:
            told = self._program.execute(given.converted(self.inputs).context)
        except STUMBLES:
            return None
        return [one == FAILS for one in told]


class Assertion:
    """A three-valued expression."""

    def __init__(self, written: Written) -> None:
        self.written = written
        self.inputs = written.inputs

    def compile(self) -> None:
        """Raises CelError where the engine refuses it. Whatever wasn't compiled is so when it is first evaluated."""
        for _ in (self._true, self._false):
            pass

    @cached_property
    def _true(self) -> Any:
        return _compiled(self.written.certainly_true)

    @cached_property
    def _false(self) -> Any:
        return _compiled(self.written.certainly_false)

    def reasons(self, facts: Mapping[str, Any]) -> list[str]:
        """`where: reason` for each Unknown among what it reads."""
        found: list[str] = []
        for name, keys in sorted(self.inputs.read().items(), key=lambda item: item[0]):
            value = facts[name]
            if keys is None or is_unknown(value):
                found += unknowns(value, name)
                continue
            for index, element in enumerate(value):
                where = f"{name}[{index}]"
                if is_unknown(element):
                    found.append(f"{where}: {reason_of(element)}")
                else:
                    found += [line for key in sorted(keys) for line in unknowns(element.get(key), f"{where}.{key}")]
        return found

    def evaluate(self, given: Given) -> Verdict:
        """True or False only where no unknown could change it."""
        error: str | None = None
        converted = given.converted(self.inputs)
        for value in (True, False):
            try:
                program = self._true if value else self._false
                if program.execute(converted.context) is True:
                    return _DECIDED[value]
                if converted.whole:
                    return _DECIDED[not value]
            except STUMBLES as found:
                error = error or f"{type(found).__name__}: {found}"
        return Verdict(None, error)


def _compiled(text: str) -> Any:
    try:
        return engine.compile_program(text)
    except ValueError as error:
        raise CelError(f"the engine refuses it: {str(error)[:200]}") from None


def unknowns(value: Any, where: str) -> list[str]:
    """`where: reason` for each Unknown inside a value, in order, for the evidence of an unknown finding."""
    if is_unknown(value):
        return [f"{where}: {reason_of(value)}"]
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in unknowns(inner, f"{where}.{key}")]
    if isinstance(value, list | tuple):
        return [line for i, inner in enumerate(value) for line in unknowns(inner, f"{where}[{i}]")]
    return []
