"""What rules say of lists is put together from what they say of each element; those alike are asked once."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.policies import book as policy
from assay.policies.cel.assertion import Elements
from assay.policies.cel.each import EachElement
from assay.policies.cel.given import Given
from assay.policies.compiled import CompiledRule, complete
from assay.policies.memory import Memory, spelled
from assay.policies.screen import Screen
from assay.scanner.model.fact import Unknown

BOOK = policy.load(("gdpr", "hipaa"))
RULES = [one.compiled for one in BOOK.variants("rbac.grant") if isinstance(one.compiled, CompiledRule)]
OVER_LISTS = [(one, one.elements.written) for one in RULES if one.elements]
ABOUT_POWERS = [one for one, said in OVER_LISTS if said.alone and said.field == "powers"]
SAID: list[Elements] = [one.elements for one in ABOUT_POWERS if one.elements]
UNREAD = Unknown(reason="403")
POWER = {
    "power": "read-secrets",
    "verbs": ["get"],
    "resource": "secrets",
    "names": [],
    "rule": "get secrets",
    "here": True,
}


def powers() -> st.SearchStrategy[Any]:
    """Of which many are alike, some differ in what no rule reads, and some can't be read in whole or in part."""
    names = st.sampled_from(["read-secrets", "everything", "write-aws-auth", "read-pod-logs", UNREAD])
    one = st.builds(
        lambda power, named, rule, here: {**POWER, "power": power, "names": named, "rule": rule, "here": here},
        names,
        st.sampled_from([[], ["a"], [UNREAD], UNREAD]),
        st.sampled_from(["get secrets", "get,list secrets"]),
        st.sampled_from([True, False, UNREAD]),
    )
    return st.lists(one | st.just(UNREAD), max_size=6)


FACTS = st.fixed_dictionaries(
    {
        "expected": st.sampled_from([False, False, True, UNREAD]),
        "unread": st.booleans(),
        "holds": st.sampled_from([["everything", "read-secrets"], ["read-pod-logs"], UNREAD]),
        "areas": st.sampled_from([["secrets", "everything"], ["records", "configuration"], UNREAD]),
        "powers": powers() | st.just(UNREAD),
        "namespace": st.sampled_from([None, "ml"]),
        "everyone": st.sampled_from([None, "anonymous"]),
    }
)
EACH = EachElement(SAID)
SCREEN = Screen(ABOUT_POWERS)


@settings(max_examples=300, deadline=None)
@given(FACTS)
def test_remembered_elements_decide_as_the_rules_do(stated: dict[str, Any]) -> None:
    facts = {**complete("rbac.grant", {}), **stated}
    found = SCREEN.decisions(facts, Given(facts))
    for rule, decision in zip(ABOUT_POWERS, found, strict=True):
        expected = rule.decide(facts, Given(facts))
        if expected.outcome == "unknown":
            assert decision is None
        else:
            assert decision == expected


@settings(max_examples=100, deadline=None)
@given(powers())
def test_a_list_fails_where_an_element_does_and_is_undecided_where_one_is(elements: list[Any]) -> None:
    told = EACH.told(elements)
    alone = [EachElement(SAID).told([one]) for one in elements]
    assert told is not None
    fails = undecided = 0
    for one in alone:
        assert one is not None
        fails, undecided = fails | one.fails, undecided | one.undecided
    assert (told.fails, told.undecided) == (fails, undecided)
    assert list(told.each) == [one.fails for one in alone if one]


def test_an_empty_list_fails_nothing_and_leaves_nothing_open() -> None:
    told = EACH.told([])
    assert told is not None
    assert (told.fails, told.undecided) == (0, 0)


def test_a_list_of_which_all_elements_are_new_is_told_as_well_once_nothing_is_remembered() -> None:
    each = EachElement(SAID)
    secrets = next(number for number, rule in enumerate(ABOUT_POWERS) if "secret-reading" in rule.rule.id)
    for number in range(600):
        told = each.told([{**POWER, "names": [f"n{number}"]}, POWER if number % 2 else UNREAD])
        assert told is not None
        assert told.failing(secrets) == [False, bool(number % 2)]


def test_answers_are_kept_only_while_questions_come_again() -> None:
    same: Memory[int, str] = Memory()
    other: Memory[int, str] = Memory()
    for number in range(300):
        for memory, question in ((same, number % 7), (other, number)):
            if memory.recall(question) is None:
                memory.keep(question, str(question))
    assert (same.worthwhile, other.worthwhile) == (True, False)
    assert same.recall(3) == "3"
    assert other.recall(3) is None


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0, False), (None, "null"), ("1", 1), ([], {})])
def test_what_an_expression_may_tell_apart_is_spelled_apart(one: Any, other: Any) -> None:
    for value, like in ((one, other), ([one] * 80, [other] * 80)):
        assert spelled(value) != spelled(like)
        assert spelled(value) == spelled(value)


def test_a_digest_is_no_json() -> None:
    assert spelled("x" * 500).startswith(b"#")
    assert spelled("x" * 500) != spelled("x" * 501)
