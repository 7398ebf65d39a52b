"""Puts rules to resources, and remembers: facts that are equal are judged once.

In a large cluster most things are like many others: pods made alike, the powers of one role in all its bindings.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any

import msgspec
from msgspec import Struct, field

from assay.policies import messages
from assay.policies.book import Book, Variant
from assay.policies.cel.given import Given, Inputs
from assay.policies.compiled import Compiled, Decision
from assay.policies.screen import Screen
from assay.scanner.model.fact import is_unknown
from assay.scanner.model.finding import Outcome

Decide = Callable[[Compiled, Mapping[str, Any], Given], Decision]
"""How a rule is put to a resource's facts."""
_NAME = "name"
_TRIAL = 256
_WORTHWHILE = 0.1
"""Of the first `_TRIAL` questions, how many must have been asked before, or a group's answers aren't kept."""
_OFTEN = 16
"""How often a group is asked before its rules are compiled into one more program."""
_DIGEST_SIZE = 20
_THEMSELVES = frozenset({str, bool, type(None)})
"""Types of which no two equal values differ in anything, given a field."""
_COLLECTIONS = frozenset({list, tuple, dict})


class Answer(Struct, frozen=True):
    """What a rule that applies says of some facts, whatever the resource is called that has them."""

    variant: Variant
    outcome: Outcome
    message: tuple[str, ...] = ()
    """In pieces, between which the resource's address belongs."""
    fix: str = ""
    evidence: dict[str, Any] = {}

    @property
    def together(self) -> bool:
        """Whether it is told together with others, and has nothing but its outcome."""
        return self.outcome == "pass" and self.variant.compiled.rule.passes == "together"


class _Question(Struct, frozen=True):
    """A rule, and what its evidence shows."""

    variant: Variant
    shown: tuple[tuple[str, frozenset[str] | None], ...]
    """Facts by name; the keys of their elements that are shown, None: all of it."""


class _Group(Struct):
    """The rules of a kind that read the same facts."""

    reads: tuple[str, ...]
    alone: bool
    """Each of them is asked by itself, as the time that it takes is limited."""
    inputs: Inputs = field(default_factory=Inputs)
    questions: list[_Question] = field(default_factory=list)
    remembers: bool = True
    asked: int = 0
    repeated: int = 0
    answers: dict[tuple[Any, ...], tuple[Answer, ...]] = field(default_factory=dict)
    unscreened: int = 0
    screen: Screen | None = None

    def screened(self, facts: Mapping[str, Any], given: Given) -> Sequence[Decision | None]:
        """What is known of each question without asking it."""
        if self.screen is None:
            self.unscreened += 1
            if self.unscreened < _OFTEN or self.alone or len(self.questions) == 1:
                return [None] * len(self.questions)
            self.screen = Screen([question.variant.compiled for question in self.questions])
        return self.screen.decisions(facts, given)


class Decisions:
    """The answers of one run. Whoever asks keeps the facts alive meanwhile, as they are told apart by identity."""

    def __init__(self, book: Book, judges: Callable[[str], bool], decide: Decide) -> None:
        """`judges` chooses among the book's rules."""
        self._book = book
        self._judges = judges
        self._decide = decide
        self._groups: dict[str, Sequence[_Group]] = {}
        self._spelled: dict[int, bytes] = {}

    def groups(self, kind: str) -> Sequence[_Group]:
        """The rules of a kind; none: there is nothing to ask of its resources."""
        if kind not in self._groups:
            chosen = (one for one in self._book.variants(kind) if self._judges(one.compiled.rule.id))
            self._groups[kind] = _grouped(chosen, self._book.guests)
        return self._groups[kind]

    def ask(self, kind: str, facts: Mapping[str, Any], given: Given, plain: Mapping[str, Any]) -> list[Answer]:
        """The answers of those of a kind's rules that apply. `plain` are the facts as JSON has them."""
        found: list[Answer] = []
        groups = self.groups(kind)
        remembering = sum(group.remembers for group in groups)
        # Where most answers are remembered, the few others aren't worth the conversion of everything.
        shared = given if remembering * 2 < len(groups) else None
        for group in groups:
            if group.remembers:
                found += self._remembered(group, facts, plain)
            else:
                found += self._answers(group, facts, shared or Given(facts, group.inputs), plain)
        return found

    def _remembered(self, group: _Group, facts: Mapping[str, Any], plain: Mapping[str, Any]) -> tuple[Answer, ...]:
        values = [facts[name] for name in group.reads]
        key = tuple([value if type(value) in _THEMSELVES else self._spelling(value) for value in values])
        group.asked += 1
        found = group.answers.get(key)
        if found is not None:
            group.repeated += 1
            return found
        found = group.answers[key] = self._answers(group, facts, Given(facts, group.inputs), plain)
        if group.asked >= _TRIAL and group.repeated < group.asked * _WORTHWHILE:
            group.remembers = False
            group.answers.clear()
        return found

    def _spelling(self, value: Any) -> bytes:
        """The same for equal values only: their JSON, or what stands for it."""
        if type(value) not in _COLLECTIONS:
            return msgspec.json.encode(value)
        if id(value) not in self._spelled:
            text = msgspec.json.encode(value)
            short = len(text) < _DIGEST_SIZE
            self._spelled[id(value)] = text if short else hashlib.blake2b(text, digest_size=_DIGEST_SIZE).digest()
        return self._spelled[id(value)]

    def _answers(
        self, group: _Group, facts: Mapping[str, Any], given: Given, plain: Mapping[str, Any]
    ) -> tuple[Answer, ...]:
        found: list[Answer] = []
        screened = group.screened(facts, given)
        for question, known in zip(group.questions, screened, strict=True):
            decision = known or self._decide(question.variant.compiled, facts, given)
            if decision.outcome is None:
                continue
            answer = Answer(question.variant, decision.outcome)
            found.append(answer if answer.together else _told(question, decision, plain))
        return tuple(found)


def _grouped(variants: Iterable[Variant], guests: Set[str]) -> Sequence[_Group]:
    groups: dict[tuple[bool, tuple[str, ...]], _Group] = {}
    for variant in variants:
        reads, alone = variant.compiled.reads, variant.compiled.rule.id in guests
        group = groups.setdefault((alone, reads), _Group(reads=reads, alone=alone))
        group.inputs |= variant.compiled.inputs
        group.questions.append(_Question(variant, _shown(variant.compiled.inputs)))
    return list(groups.values())


def _shown(inputs: Inputs) -> tuple[tuple[str, frozenset[str] | None], ...]:
    """What is read of the facts; of a list's elements their names too, so that they can be told apart."""
    read = sorted(inputs.read().items(), key=lambda item: item[0])
    return tuple((field, None if keys is None else keys | {_NAME}) for field, keys in read)


def _told(question: _Question, decision: Decision, plain: Mapping[str, Any]) -> Answer:
    compiled = question.variant.compiled
    rule = compiled.rule
    assert decision.outcome is not None  # noqa: S101  # only rules that apply answer
    match decision.outcome:
        case "fail":
            message = messages.fill(rule.message, {**compiled.parameters, **decision.shown})
        case "unknown":
            message = (f"not decided: {'; '.join(decision.reasons[:3])}",)
        case "pass":
            message = (rule.title,)
    return Answer(
        question.variant,
        decision.outcome,
        message,
        messages.fill_parameters(rule.fix.strip(), compiled.parameters),
        _evidence(question, decision, plain),
    )


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
