"""Judges a resource by many rules that read the same, asking for all their outcomes at once."""

from collections.abc import Mapping, Sequence
from typing import Any

from assay.policies.cel.given import Given
from assay.policies.cel.several import Several
from assay.policies.compiled import Compiled, CompiledRule, Decision

_PASS = Decision("pass")
_NOT_APPLICABLE = Decision(None)


class Screen:
    """Decides what the rules' own `decide` would, where that can be known from the outcome alone."""

    def __init__(self, rules: Sequence[Compiled]) -> None:
        """Rules in another language than CEL are decided one by one, by `decide`."""
        self._rules = [one if isinstance(one, CompiledRule) else None for one in rules]
        self._several = Several([one.asked for one in self._rules if one])

    def decisions(self, facts: Mapping[str, Any], given: Given) -> list[Decision | None]:
        """In the rules' order; None: the rule itself must be asked."""
        told = self._several.told(given)
        if told is None:
            return [None] * len(self._rules)
        found: list[Decision | None] = []
        outcomes = iter(told)
        for rule in self._rules:
            match next(outcomes) if rule else "undecided":
                case "not applicable":
                    found.append(_NOT_APPLICABLE)
                case "pass":
                    found.append(_PASS)
                case "fail" if rule:
                    found.append(rule.failure(facts, given))
                case _:
                    found.append(None)
        return found
