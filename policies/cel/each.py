"""Puts assertions about each element of a list to the engine, for elements that it wasn't asked about before.

What roles allow, how containers are set and where paths lead is much the same in thousands of lists.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from assay.policies.cel import engine
from assay.policies.cel.assertion import STUMBLES, Elements
from assay.policies.cel.given import Given, Inputs
from assay.policies.cel.written import FAILS, UNDECIDED
from assay.policies.memory import Memory, spelled
from assay.scanner.model.fact import is_unknown

_UNKNOWN = b"?"
"""The question of an element that is unknown; no JSON."""


class Told(Struct, frozen=True):
    """What a list comes to. In each number, the bit 1 << n is that of the nth assertion."""

    fails: int
    undecided: int
    """A list that fails may have it set too."""
    each: Sequence[int]
    """Which assertions each of the elements fails."""

    def failing(self, number: int) -> list[bool]:
        """Whether it is this element that fails the assertion, for each."""
        return [bool(fails >> number & 1) for fails in self.each]


class EachElement:
    """Several `resource.list.all(x, …)` over the same list, each about nothing but the element."""

    def __init__(self, asked: Sequence[Elements]) -> None:
        self._asked = asked
        self._inputs = Inputs()
        for one in asked:
            self._inputs |= one.inputs
        [(self.field, keys)] = self._inputs.read().items()
        self._keys = None if keys is None else sorted(keys)
        self._memory: Memory[bytes, tuple[int, int]] = Memory()

    def told(self, elements: Sequence[Any]) -> Told | None:
        """None where the engine stumbles over one of the elements."""
        bits = self._recalled(elements) if self._memory.worthwhile else self._answers(elements)
        if bits is None:
            return None
        fails = undecided = 0
        for failing, open_ in bits:
            fails |= failing
            undecided |= open_
        return Told(fails, undecided, [failing for failing, _ in bits])

    def _recalled(self, elements: Sequence[Any]) -> Sequence[tuple[int, int]] | None:
        questions = [self._question(element) for element in elements]
        known: dict[bytes, tuple[int, int]] = {}
        new: dict[bytes, Any] = {}
        for question, element in zip(questions, elements, strict=True):
            found = self._memory.recall(question)
            if found is None:
                new[question] = element
            else:
                known[question] = found
        if new:
            answers = self._answers(list(new.values()))
            if answers is None:
                return None
            for question, answer in zip(new, answers, strict=True):
                known[question] = answer
                self._memory.keep(question, answer)
        return [known[question] for question in questions]

    def _question(self, element: Any) -> bytes:
        if is_unknown(element):
            return _UNKNOWN
        if self._keys is None or type(element) is not dict:
            return spelled(element)
        return spelled({key: element[key] for key in self._keys if key in element})

    def _answers(self, elements: Sequence[Any]) -> Sequence[tuple[int, int]] | None:
        """For each element: which assertions it fails, and for which that can't be told."""
        try:
            told = self._program.execute(Given({self.field: elements}).converted(self._inputs).context)
        except STUMBLES:
            return None
        return [(_bits(one, FAILS), _bits(one, UNDECIDED)) for one in zip(*told, strict=True)]

    @cached_property
    def _program(self) -> Any:
        return engine.compile_program(f"[{', '.join(one.written.told for one in self._asked)}]")


def _bits(answers: Iterable[int], wanted: int) -> int:
    return sum(1 << number for number, answer in enumerate(answers) if answer == wanted)
