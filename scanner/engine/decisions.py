"""Puts rules to resources, and remembers: what is the same object in many resources is judged once.

Derived facts are shared by the thousand, such as the powers of one role in all its bindings.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from assay.policies.cel.kleene import Given, Inputs
from assay.policies.compiled import Compiled, Decision
from assay.scanner.model.fact import is_unknown

Decide = Callable[[Compiled, Mapping[str, Any], Given], Decision]
"""How a rule is put to a resource's facts."""
_NAME = "name"
_TRIAL = 256
_WORTHWHILE = 0.1
"""Of the first `_TRIAL` questions, how many must have been asked before, or a rule's answers aren't kept."""


class Answer(Struct, frozen=True):
    """What a rule says of some facts, and the evidence for it."""

    decision: Decision
    evidence: dict[str, Any]


class _Known(Struct):
    asked: int = 0
    repeated: int = 0
    answers: dict[tuple[int, ...], Answer] = {}


class Decisions:
    """The answers of one run. Whoever asks keeps the facts alive meanwhile, as they are told apart by identity."""

    def __init__(self, decide: Decide) -> None:
        self._decide = decide
        self._known: dict[int, _Known] = {}

    def ask(self, rule: Compiled, facts: Mapping[str, Any], given: Given, plain: Mapping[str, Any]) -> Answer:
        """`plain` are the facts as JSON has them."""
        known = self._known.get(id(rule))
        if known is None:
            known = self._known[id(rule)] = _Known(answers={})
        if known.asked >= _TRIAL and known.repeated < known.asked * _WORTHWHILE:
            known.answers.clear()
            return self._answer(rule, facts, given, plain)
        key = tuple([id(facts[name]) for name in rule.reads])
        known.asked += 1
        found = known.answers.get(key)
        if found is None:
            found = known.answers[key] = self._answer(rule, facts, given, plain)
        else:
            known.repeated += 1
        return found

    def _answer(self, rule: Compiled, facts: Mapping[str, Any], given: Given, plain: Mapping[str, Any]) -> Answer:
        decision = self._decide(rule, facts, given)
        if decision.outcome is None:
            return Answer(decision, {})
        evidence: dict[str, Any] = {"facts": _read(rule.inputs, plain)}
        if rule.parameters:
            evidence["parameters"] = dict(rule.parameters)
        if decision.offences:
            evidence["offences"] = msgspec.to_builtins(decision.offences)
        if decision.measures:
            evidence["measures"] = msgspec.to_builtins(decision.measures)
        if decision.reasons:
            evidence["unknown"] = list(decision.reasons)
        return Answer(decision, evidence)


def _read(inputs: Inputs, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What was read of the facts; a list's elements with their names, so that they can be told apart."""
    keys: dict[str, set[str]] = {}
    for view in inputs.views:
        if view.field not in inputs.fields:
            keys.setdefault(view.field, {_NAME}).update(view.keys)
    found = {name: facts[name] for name in inputs.fields}
    found |= {field: _narrow(facts[field], wanted) for field, wanted in keys.items()}
    return dict(sorted(found.items()))


def _narrow(value: Any, keys: set[str]) -> Any:
    if is_unknown(value):
        return value
    return [
        element if is_unknown(element) else {key: inner for key, inner in element.items() if key in keys}
        for element in value
    ]
