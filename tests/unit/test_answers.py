"""Answers that may be unknown, put together: an unknown one decides nothing that it could still change."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.answers import Answer, all_of, any_of
from assay.scanner.model.fact import Unknown

FIRST, SECOND = Unknown(reason="first"), Unknown(reason="second")
ANSWERS = st.lists(st.sampled_from([True, False, FIRST, SECOND]), max_size=5)


def possible(answers: list[Answer]) -> list[list[bool]]:
    """What the answers may turn out to be."""
    return [list(one) for one in product(*([True, False] if isinstance(one, Unknown) else [one] for one in answers))]


@given(ANSWERS)
def test_an_answer_is_known_where_every_possible_world_agrees(answers: list[Answer]) -> None:
    for asked, exactly in ((all_of, all), (any_of, any)):
        worlds = {exactly(world) for world in possible(answers)}
        found = asked(answers)
        assert isinstance(found, Unknown) if len(worlds) > 1 else {found} == worlds


def test_the_first_doubt_is_told_and_of_nothing_all_is_true() -> None:
    assert all_of([True, FIRST, SECOND]) is FIRST and any_of([False, SECOND, FIRST]) is SECOND
    assert all_of([]) is True and any_of([]) is False
