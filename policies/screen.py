"""Judges a resource by many rules that read the same, asking for all their outcomes at once."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.policies.cel.assertion import Elements
from assay.policies.cel.each import EachElement
from assay.policies.cel.given import Given
from assay.policies.cel.several import Several, Told
from assay.policies.compiled import Compiled, CompiledRule, Decision

_PASS = Decision("pass")
_NOT_APPLICABLE = Decision(None)
_ALWAYS: Told = "pass"


class Screen:
    """Decides what the rules' own `decide` would, where that can be known from the outcome alone."""

    def __init__(self, rules: Sequence[Compiled]) -> None:
        """Rules in another language than CEL are decided one by one, by `decide`."""
        self._count = len(rules)
        whole: dict[int, CompiledRule] = {}
        lists: dict[str, dict[int, tuple[CompiledRule, Elements]]] = {}
        for place, rule in enumerate(rules):
            if isinstance(rule, CompiledRule):
                if rule.elements and rule.elements.written.alone:
                    lists.setdefault(rule.elements.written.field, {})[place] = rule, rule.elements
                else:
                    whole[place] = rule
        self._parts: list[_Whole | _OfElements] = [
            *([_Whole(whole)] if whole else []),
            *map(_OfElements, lists.values()),
        ]

    def decisions(self, facts: Mapping[str, Any], given: Given) -> list[Decision | None]:
        """In the rules' order; None: the rule itself must be asked."""
        found: list[Decision | None] = [None] * self._count
        for part in self._parts:
            for place, decision in part.decided(facts, given):
                found[place] = decision
        return found


class _Whole:
    """Rules that are asked as they are."""

    def __init__(self, rules: Mapping[int, CompiledRule]) -> None:
        """By their place."""
        self._rules = rules
        self._several = Several([(rule.applies, rule.asserts) for rule in rules.values()])

    def decided(self, facts: Mapping[str, Any], given: Given) -> Iterator[tuple[int, Decision]]:
        told = self._several.told(given)
        if told is None:
            return
        for (place, rule), outcome in zip(self._rules.items(), told, strict=True):
            match outcome:
                case "not applicable":
                    yield place, _NOT_APPLICABLE
                case "pass":
                    yield place, _PASS
                case "fail":
                    yield place, rule.failure(facts, given)


class _OfElements:
    """Rules that assert something of each element of one list."""

    def __init__(self, rules: Mapping[int, tuple[CompiledRule, Elements]]) -> None:
        """By their place."""
        conditions = {rule.applies.written.source: rule.applies for rule, _ in rules.values() if rule.applies}
        numbers = {source: number for number, source in enumerate(conditions)}
        self._rules = [
            (place, rule, numbers[rule.applies.written.source] if rule.applies else None)
            for place, (rule, _) in rules.items()
        ]
        self._conditions = Several([(None, one) for one in conditions.values()])
        self._each = EachElement([elements for _, elements in rules.values()])

    def decided(self, facts: Mapping[str, Any], given: Given) -> Iterator[tuple[int, Decision]]:
        conditions = self._conditions.told(Given(facts, self._conditions.inputs))
        if conditions is None:
            return
        elements = facts[self._each.field]
        told = self._each.told(elements) if isinstance(elements, list | tuple) else None
        for number, (place, rule, condition) in enumerate(self._rules):
            applies = _ALWAYS if condition is None else conditions[condition]
            if applies == "fail":
                yield place, _NOT_APPLICABLE
            elif applies == "pass" and told is not None:
                if told.fails >> number & 1:
                    yield place, rule.failure(facts, given, told.failing(number))
                elif not told.undecided >> number & 1:
                    yield place, _PASS
