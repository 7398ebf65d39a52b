"""An export is split into its elements, whatever it is written like, and each is known by its line."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.assets import splitting
from assay.detectors.assets.splitting import Broken, Element, elements

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(st.sampled_from(["name", 'q"}{', "x"]), JSON, max_size=3), max_size=5)


def split(text: str | bytes) -> list[Element | Broken]:
    return list(elements(io.BytesIO(text if isinstance(text, bytes) else text.encode())))


def values(text: str) -> list[object]:
    return [json.loads(one.text) for one in split(text) if isinstance(one, Element) and not one.around]


@given(OBJECTS, st.sampled_from([None, 1]), st.sampled_from([7, 64, 1 << 20]))
def test_every_way_of_writing_gives_the_same_elements(found, indent, chunk):
    before = splitting._CHUNK
    splitting._CHUNK = chunk
    try:
        assert values(json.dumps(found, indent=indent)) == found
        assert values(json.dumps({"count": 1, "data": found, "skip_token": None}, indent=indent)) == found
        assert values("".join(json.dumps(one) + "\n" for one in found)) == found
        if all(found):  # An empty first one would look like a line.
            assert values("\n".join(json.dumps(one, indent=indent) for one in found)) == found
    finally:
        splitting._CHUNK = before


@pytest.mark.parametrize("key", ["data", "value", "assets", "results"])
def test_what_stands_around_a_list_is_told_without_it(key):
    *_, around = split(json.dumps({"count": 1, key: [{"id": "a"}], "nextLink": "x"}))
    assert isinstance(around, Element) and around.around
    assert json.loads(around.text) == {"count": 1, key: [], "nextLink": "x"}


def test_lines_are_counted():
    assert [one.line for one in split('[\n {"a": 1},\n\n {"b":\n 2}\n]')] == [2, 4]
    assert [one.line for one in split('{"a": 1}\n\n{broken\n{"b": 2}\n')] == [1, 3, 4]


def test_a_broken_line_costs_itself_only():
    assert [one.text for one in split(b'{"a":"\n{"b":1}\n') if isinstance(one, Element)] == [b'{"a":"', b'{"b":1}']


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"a": 1}, {"b":', "cut off"),
        ('{"data": [{"a": 1}', "cut off"),
        ("[1, 2]", "isn't JSON"),
        ('[{"a": 1} x {"b": 2}]', "isn't JSON"),
        ("]", "more is closed"),
        ("hello", "isn't JSON"),
        ("[" * 100_000, "cut off"),
        (b"\xff\xfe[\x00]\x00", "UTF-16"),
    ],
)
def test_what_cannot_be_split_is_told(text, said):
    last = split(text)[-1]
    assert isinstance(last, Broken)
    assert said in last.reason


def test_a_byte_order_mark_is_passed_over():
    assert values('﻿[{"a": 1}]') == [{"a": 1}]


def test_elements_that_are_too_large_are_told_and_lines_after_them_read(monkeypatch):
    monkeypatch.setattr(splitting, "MAX_ELEMENT", 100)
    monkeypatch.setattr(splitting, "_CHUNK", 64)
    long = json.dumps({"a": "x" * 500})
    found = split('{"b": 1}\n' + long + '\n{"c": 2}\n')
    assert [type(one) for one in found] == [Element, Broken, Element]
    assert [one.line for one in found] == [1, 2, 3]
    assert isinstance(split(f"[{long}]")[-1], Broken)
