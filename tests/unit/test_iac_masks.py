"""The masking of lines passes over its patterns only where they can match nothing."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors import redact, redact_commands

KEYED = (redact._ASSIGNMENT, redact._POSITIONAL, redact._SAID, redact._NAMED_PAIR)
FLAGS = (redact_commands._LOGIN, redact_commands._PASSWORD_FLAG, redact_commands._LISTED_FLAG, redact._FLAG_ALONE)
ADDRESSES = (redact._URL_CREDENTIALS, redact._EMAIL)


@given(st.one_of([st.from_regex(pattern) for pattern in KEYED]))
@settings(deadline=None)
def test_a_line_with_a_secret_looking_key_holds_a_hint(line: str) -> None:
    assert redact._HINT.search(line)


@given(st.one_of([st.from_regex(pattern) for pattern in FLAGS]))
@settings(deadline=None)
def test_a_line_with_a_flag_holds_a_dash(line: str) -> None:
    assert "-" in line


@given(st.one_of([st.from_regex(pattern) for pattern in ADDRESSES]))
@settings(deadline=None)
def test_a_line_with_an_address_holds_its_sign(line: str) -> None:
    assert "@" in line


@given(st.from_regex(re.compile(redact._KEY, re.IGNORECASE), fullmatch=True))
@settings(deadline=None)
def test_every_secret_looking_key_is_a_hint(key: str) -> None:
    assert redact._HINT.search(key)
