"""Puts many assertions to the engine at once: most of what one costs is the way into the engine and back."""

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

from assay.policies.cel import engine
from assay.policies.cel.assertion import STUMBLES, Assertion
from assay.policies.cel.given import Given, Inputs
from assay.policies.memory import Memory

Told = Literal["not applicable", "pass", "fail", "undecided"]
_TOLD: tuple[Told, ...] = ("not applicable", "pass", "fail", "undecided")
_NO, _PASS, _FAIL, _UNDECIDED = map(str, range(len(_TOLD)))


class Several:
    """Assertions about the same resources, each after the condition on which it applies, if there is one."""

    def __init__(self, asked: Sequence[tuple[Assertion | None, Assertion]]) -> None:
        self._asked = [(applies.written if applies else None, assertion.written) for applies, assertion in asked]
        self._memory: Memory[bytes, Sequence[Told]] = Memory()
        self.inputs = Inputs()
        for applies, assertion in asked:
            self.inputs |= applies.inputs | assertion.inputs if applies else assertion.inputs

    def told(self, given: Given) -> Sequence[Told] | None:
        """What `Assertion.evaluate` comes to for each; None where the engine stumbles over any of it."""
        question = given.spelled(self.inputs) if self._memory.worthwhile else None
        if question is None:
            return self._answers(given)
        found = self._memory.recall(question)
        if found is None:
            found = self._answers(given)
            if found is not None:
                self._memory.keep(question, found)
        return found

    def _answers(self, given: Given) -> Sequence[Told] | None:
        converted = given.converted(self.inputs)
        try:
            program = self._of_known if converted.whole else self._of_any
            return [_TOLD[one] for one in program.execute(converted.context)]
        except STUMBLES:
            return None

    @cached_property
    def _of_known(self) -> Any:
        """Where nothing is unknown, what isn't certainly true is false."""
        texts: list[str] = []
        for applies, assertion in self._asked:
            told = _if(assertion.certainly_true, _PASS, _FAIL)
            texts.append(_if(applies.certainly_true, told, _NO) if applies else told)
        return _program(tuple(texts))

    @cached_property
    def _of_any(self) -> Any:
        texts: list[str] = []
        for applies, assertion in self._asked:
            told = _if(assertion.certainly_true, _PASS, _if(assertion.certainly_false, _FAIL, _UNDECIDED))
            if applies:
                told = _if(applies.certainly_true, told, _if(applies.certainly_false, _NO, _UNDECIDED))
            texts.append(told)
        return _program(tuple(texts))


def _if(condition: str, then: str, otherwise: str) -> str:
    return f"({condition} ? {then} : {otherwise})"


@lru_cache(maxsize=256)
def _program(texts: tuple[str, ...]) -> Any:
    """Kept, as what is held against another version is judged twice by the same rules."""
    return engine.compile_program(f"[{', '.join(texts)}]")
