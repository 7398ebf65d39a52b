"""Puts rules to resources, and remembers: what is the same object in many resources is judged once.

Derived facts are shared by the thousand, such as the powers of one role in all its bindings.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from assay.policies.book import Book, Variant
from assay.policies.cel.kleene import Given, Inputs
from assay.policies.compiled import Compiled, Decision
from assay.scanner.model.fact import is_unknown

Decide = Callable[[Compiled, Mapping[str, Any], Given], Decision]
"""How a rule is put to a resource's facts."""
_NAME = "name"
_TRIAL = 256
_WORTHWHILE = 0.1
"""Of the first `_TRIAL` questions, how many must have been asked before, or a group's answers aren't kept."""


class Answer(Struct, frozen=True):
    """What a rule that applies says of some facts, and the evidence for it."""

    variant: Variant
    decision: Decision
    evidence: dict[str, Any]
    """Empty for a pass that is told together with others."""


class _Question(Struct, frozen=True):
    """A rule, and what its evidence shows."""

    variant: Variant
    shown: tuple[tuple[str, frozenset[str] | None], ...]
    """Facts by name; the keys of their elements that are shown, None: all of it."""


class _Group(Struct):
    """The rules that read the same facts."""

    reads: tuple[str, ...]
    questions: list[_Question]
    asked: int = 0
    repeated: int = 0
    answers: dict[tuple[int, ...], tuple[Answer, ...]] = {}


class Decisions:
    """The answers of one run. Whoever asks keeps the facts alive meanwhile, as they are told apart by identity."""

    def __init__(self, book: Book, judges: Callable[[str], bool], decide: Decide) -> None:
        """`judges` chooses among the book's rules."""
        self._book = book
        self._judges = judges
        self._decide = decide
        self._groups: dict[str, Sequence[_Group]] = {}

    def groups(self, kind: str) -> Sequence[_Group]:
        """The rules of a kind; none: there is nothing to ask of its resources."""
        if kind not in self._groups:
            chosen = (one for one in self._book.variants(kind) if self._judges(one.compiled.rule.id))
            self._groups[kind] = _grouped(chosen)
        return self._groups[kind]

    def ask(self, kind: str, facts: Mapping[str, Any], given: Given, plain: Mapping[str, Any]) -> list[Answer]:
        """The answers of those of a kind's rules that apply. `plain` are the facts as JSON has them."""
        found: list[Answer] = []
        for group in self.groups(kind):
            found += self._of(group, facts, given, plain)
        return found

    def _of(
        self, group: _Group, facts: Mapping[str, Any], given: Given, plain: Mapping[str, Any]
    ) -> tuple[Answer, ...]:
        if group.asked >= _TRIAL and group.repeated < group.asked * _WORTHWHILE:
            group.answers.clear()
            return self._answers(group, facts, given, plain)
        key = tuple([id(facts[name]) for name in group.reads])
        group.asked += 1
        found = group.answers.get(key)
        if found is None:
            found = group.answers[key] = self._answers(group, facts, given, plain)
        else:
            group.repeated += 1
        return found

    def _answers(
        self, group: _Group, facts: Mapping[str, Any], given: Given, plain: Mapping[str, Any]
    ) -> tuple[Answer, ...]:
        found: list[Answer] = []
        for question in group.questions:
            decision = self._decide(question.variant.compiled, facts, given)
            if decision.outcome is None:
                continue
            alone = decision.outcome != "pass" or question.variant.compiled.rule.passes == "each"
            evidence = _evidence(question, decision, plain) if alone else {}
            found.append(Answer(question.variant, decision, evidence))
        return tuple(found)


def _grouped(variants: Iterable[Variant]) -> Sequence[_Group]:
    groups: dict[tuple[str, ...], _Group] = {}
    for variant in variants:
        reads = variant.compiled.reads
        group = groups.setdefault(reads, _Group(reads=reads, questions=[], answers={}))
        group.questions.append(_Question(variant, _shown(variant.compiled.inputs)))
    return list(groups.values())


def _shown(inputs: Inputs) -> tuple[tuple[str, frozenset[str] | None], ...]:
    """What is read of the facts; of a list's elements their names too, so that they can be told apart."""
    found: dict[str, frozenset[str] | None] = dict.fromkeys(inputs.fields)
    for view in inputs.views:
        if view.field not in inputs.fields:
            found[view.field] = (found.get(view.field) or frozenset({_NAME})) | set(view.keys)
    return tuple(sorted(found.items(), key=lambda item: item[0]))


def _evidence(question: _Question, decision: Decision, plain: Mapping[str, Any]) -> dict[str, Any]:
    facts = {name: plain[name] if keys is None else _narrow(plain[name], keys) for name, keys in question.shown}
    evidence: dict[str, Any] = {"facts": facts}
    if question.variant.compiled.parameters:
        evidence["parameters"] = dict(question.variant.compiled.parameters)
    if decision.offences:
        evidence["offences"] = msgspec.to_builtins(decision.offences)
    if decision.measures:
        evidence["measures"] = msgspec.to_builtins(decision.measures)
    if decision.reasons:
        evidence["unknown"] = list(decision.reasons)
    return evidence


def _narrow(value: Any, keys: frozenset[str]) -> Any:
    if is_unknown(value):
        return value
    return [
        element if is_unknown(element) else {key: inner for key, inner in element.items() if key in keys}
        for element in value
    ]
