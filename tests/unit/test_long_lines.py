"""A long line of YAML is looked at once, and nothing on it is lost for that."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.iac.long_lines import Comments

ENGINES = re.compile(r"(\s+#[\S ]*)")
"""The engine's own expression."""


def asked(line: str) -> str | None:
    found = Comments().search(line)
    return found and found.group(0)


@given(st.text(alphabet=" \t#ab'\"\u00a0", max_size=40))
def test_the_comment_is_the_engines_own(line: str) -> None:
    own = ENGINES.search(line)
    assert asked(line) == (own and own.group(0))


def test_the_first_value_of_a_line_brings_its_whole_comment_and_the_others_its_beginning() -> None:
    comments = Comments()
    line = "a: b  # " + "secret " * 1000
    first, second = comments.search(line), comments.search(line)
    assert first and second and line.endswith(first.group(0))
    assert first.group(0).startswith(second.group(0)) and len(second.group(0)) < 1000
    other = comments.search("c: d # e")
    assert other and other.group(0) == " # e"
    assert comments.search("c: d") is None


@pytest.mark.parametrize("line", [" " * 1_000_000, "{a: b}, " * 100_000, "  #" * 200_000])
def test_many_values_on_a_long_line_cost_no_more_than_one(line: str) -> None:
    comments = Comments()
    started = time.process_time()
    for _ in range(2_000):
        comments.search(line)
    assert time.process_time() - started < 5
