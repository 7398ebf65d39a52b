"""Puts rules to resources, and remembers: facts that are equal are judged once.

In a large cluster most things are like many others: pods made alike, the powers of one role in all its bindings.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from operator import itemgetter
from typing import Any

import msgspec
from msgspec import Struct, field

from assay.policies import messages
from assay.policies.book import Book, Variant
from assay.policies.cel.given import Given, Inputs
from assay.policies.compiled import Compiled, Decision
from assay.policies.memory import Memory, spelled
from assay.policies.screen import Screen
from assay.scanner.model.fact import is_unknown
from assay.scanner.model.finding import Outcome

Decide = Callable[[Compiled, Mapping[str, Any], Given], Decision]
"""How a rule is put to a resource's facts."""
_NAME = "name"
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

    together: bool = False
    """Whether it is a pass that is told together with others, and has nothing but its outcome."""


class _Question(Struct, frozen=True):
    """A rule, and what its evidence shows."""

    variant: Variant
    shown: tuple[tuple[str, frozenset[str] | None], ...]
    """Facts by name; the keys of their elements that are shown, None: all of it."""
    fix: str
    """With the rule's parameters."""


class _Group(Struct):
    """The rules of a kind that read the same facts."""

    question: Callable[[Mapping[str, Any]], Any]
    """Takes out of a resource's facts what is asked about."""
    alone: bool
    """Each of them is asked by itself, as the time that it takes is limited."""
    inputs: Inputs = field(default_factory=Inputs)
    questions: list[_Question] = field(default_factory=list)
    memory: Memory[Any, tuple[Answer, ...]] = field(default_factory=Memory)
    screen: Screen | None = None

    def screened(self, facts: Mapping[str, Any], given: Given) -> Sequence[Decision | None]:
        """What is known of each question without asking it."""
        if self.alone:
            return [None] * len(self.questions)
        if self.screen is None:
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
        self._known: dict[int, bytes] = {}
        """Collections by identity, spelled."""

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
        remembering = sum(group.memory.worthwhile for group in groups)
        # Where most answers are remembered, the few others aren't worth the conversion of everything.
        shared = given if remembering * 2 < len(groups) else None
        spelling = _Spelling(facts, self._known)
        shown = _Shown(plain)
        for group in groups:
            memory = group.memory
            if not memory.worthwhile:
                found += self._answers(group, facts, shared or Given(facts, group.inputs), shown)
                continue
            question = group.question(spelling)
            answers = memory.recall(question)
            if answers is None:
                answers = self._answers(group, facts, Given(facts, group.inputs), shown)
                memory.keep(question, answers)
            found += answers
        return found

    def _answers(self, group: _Group, facts: Mapping[str, Any], given: Given, shown: "_Shown") -> tuple[Answer, ...]:
        found: list[Answer] = []
        screened = group.screened(facts, given)
        for question, known in zip(group.questions, screened, strict=True):
            decision = known or self._decide(question.variant.compiled, facts, given)
            if decision.outcome is None:
                continue
            if decision.outcome == "pass" and question.variant.compiled.rule.passes == "together":
                found.append(Answer(question.variant, decision.outcome, together=True))
            else:
                found.append(_told(question, decision, shown))
        return tuple(found)


class _Spelling(dict[str, Any]):
    """A resource's facts as they are told apart, each spelled once for all rules that read it."""

    def __init__(self, facts: Mapping[str, Any], known: dict[int, bytes]) -> None:
        super().__init__()
        self._facts = facts
        self._known = known

    def __missing__(self, name: str) -> Any:
        self[name] = found = self._spell(self._facts[name])
        return found

    def _spell(self, value: Any) -> Any:
        if type(value) in _THEMSELVES:
            return value
        if type(value) not in _COLLECTIONS:
            return spelled(value)
        if id(value) not in self._known:
            self._known[id(value)] = spelled(value)
        return self._known[id(value)]


class _Shown(dict[tuple[str, frozenset[str] | None], Any]):
    """What evidence shows of a resource's facts, each part made once for all rules that show the same."""

    def __init__(self, plain: Mapping[str, Any]) -> None:
        super().__init__()
        self._plain = plain

    def __missing__(self, part: tuple[str, frozenset[str] | None]) -> Any:
        name, keys = part
        value = self._plain[name]
        self[part] = found = value if keys is None else _narrow(value, keys)
        return found


def _grouped(variants: Iterable[Variant], guests: Set[str]) -> Sequence[_Group]:
    groups: dict[tuple[bool, tuple[str, ...]], _Group] = {}
    for variant in variants:
        compiled = variant.compiled
        reads, alone = compiled.reads, compiled.rule.id in guests
        group = groups.setdefault((alone, reads), _Group(question=_question(reads), alone=alone))
        group.inputs |= compiled.inputs
        fix = messages.fill_parameters(compiled.rule.fix.strip(), compiled.parameters)
        group.questions.append(_Question(variant, _shown(compiled.inputs), fix))
    return list(groups.values())


def _question(reads: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Any]:
    """Takes out of the facts what rules read."""
    return itemgetter(*reads) if reads else lambda _: None


def _shown(inputs: Inputs) -> tuple[tuple[str, frozenset[str] | None], ...]:
    """What is read of the facts; of a list's elements their names too, so that they can be told apart."""
    read = sorted(inputs.read().items(), key=lambda item: item[0])
    return tuple((field, None if keys is None else keys | {_NAME}) for field, keys in read)


def _told(question: _Question, decision: Decision, shown: _Shown) -> Answer:
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
    return Answer(question.variant, decision.outcome, message, question.fix, _evidence(question, decision, shown))


def _evidence(question: _Question, decision: Decision, shown: _Shown) -> dict[str, Any]:
    evidence: dict[str, Any] = {"facts": {part[0]: shown[part] for part in question.shown}}
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
