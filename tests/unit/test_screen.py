"""All rules of a kind asked at once decide what each decides alone."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from assay.policies import book as policy
from assay.policies.cel.given import Given
from assay.policies.compiled import complete
from assay.policies.rule_files import example_resource
from assay.policies.screen import Screen
from assay.scanner.model.fact import Unknown

BOOK = policy.load(("gdpr", "hipaa"))
KINDS = sorted({rule.kind for rule in BOOK.rules.values()})


def cases(kind: str) -> Iterator[Mapping[str, Any]]:
    """The facts of all examples of a kind's rules, and each again with one of them unknown."""
    for rule in (one for one in BOOK.rules.values() if one.kind == kind):
        for example in rule.examples:
            resource = example_resource(rule, example)
            facts = complete(kind, resource.facts)
            yield facts
            for name in resource.facts:
                yield {**facts, name: Unknown(reason="unresolved: var.x")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_screen_decides_as_its_rules_do_or_leaves_it_to_them(kind: str) -> None:
    rules = [variant.compiled for variant in BOOK.variants(kind)]
    screen = Screen(rules)
    asked = decided = 0
    for facts in cases(kind):
        found = screen.decisions(facts, Given(facts))
        for rule, decision in zip(rules, found, strict=True):
            expected = rule.decide(facts, Given(facts))
            assert decision in (expected, None), rule.rule.id
            asked += expected.outcome != "unknown"
            decided += decision is not None
    # An index into a map that lacks the key stops the engine, and with it what is asked together.
    assert decided > asked * (0.1 if kind == "dataset.table" else 0.9)


def test_rules_in_another_language_are_left_to_themselves() -> None:
    class Foreign:
        rule, reads, inputs, parameters, showable = None, (), None, {}, frozenset()

    facts = complete("storage.bucket", {})
    assert Screen([Foreign()]).decisions(facts, Given(facts)) == [None]
