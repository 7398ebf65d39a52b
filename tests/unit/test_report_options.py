"""What the formats share: the registry, the options of a stream, and text that is safe to show."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.reports.options import RenderOptions, options_for
from assay.reports.registry import FORMATS, renderer
from assay.reports.source_lines import SourceLines
from assay.reports.visible_text import cut, escape_json, one_line, paragraph, sentence, source_line
from assay.scanner.model.resource import Excerpt
from tests.unit import report_builder as build


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders_bytes_that_end_in_a_newline(name: str) -> None:
    document = renderer(name)(build.mixed(), RenderOptions())
    assert document.endswith(b"\n")
    assert document == renderer(name)(build.mixed(), RenderOptions())


def test_an_unknown_format_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        renderer("word")


def test_a_file_or_a_pipe_gets_plain_text() -> None:
    options = options_for(terminal=False, columns=180, encoding="utf-8", environment={})
    assert options == RenderOptions(width=100, colour=False, unicode=False)


def test_a_terminal_gets_colour_unless_it_said_no() -> None:
    def colour(**environment: str) -> bool:
        return options_for(terminal=True, columns=80, encoding="utf-8", environment=environment).colour

    assert colour(TERM="xterm")
    assert colour(NO_COLOR="")
    assert not colour(NO_COLOR="1")
    assert not colour(NO_COLOR="0")
    assert not colour(TERM="dumb")


@pytest.mark.parametrize(("columns", "width"), [(None, 100), (0, 100), (40, 72), (80, 80), (500, 200)])
def test_the_width_of_a_terminal_is_kept_within_reason(columns: int | None, width: int) -> None:
    assert options_for(terminal=True, columns=columns, encoding="utf-8", environment={}).width == width


@pytest.mark.parametrize(("encoding", "unicode"), [("utf-8", True), ("UTF8", True), ("latin-1", False), (None, False)])
def test_only_a_terminal_that_can_show_it_gets_unicode(encoding: str | None, unicode: bool) -> None:
    assert options_for(terminal=True, columns=80, encoding=encoding, environment={}).unicode is unicode


@given(st.text(st.characters(codec=None)))
def test_shown_text_is_printable(text: str) -> None:
    assert one_line(text).isprintable()
    assert source_line(text).isprintable()
    assert all(line.isprintable() for line in paragraph(text).split("\n"))


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_printable_text_is_left_alone(text: str) -> None:
    assert one_line(text) == paragraph(text) == text


@given(st.text())
def test_escaping_a_document_keeps_its_value(text: str) -> None:
    document = json.dumps({text: text}, ensure_ascii=False).encode()
    assert json.loads(escape_json(document)) == {text: text}


def test_text_is_cut_and_ended() -> None:
    assert [cut("abcdef", 6), cut("abcdef", 5), cut("abcdef", 2, "")] == ["abcdef", "ab...", "ab"]
    assert [sentence("Done"), sentence("Done. "), sentence("Done?"), sentence("")] == ["Done.", "Done.", "Done?", ""]


def test_lines_of_overlapping_excerpts_are_found() -> None:
    source = SourceLines(
        [
            Excerpt(path="a", start_line=3, lines=("c", "d")),
            Excerpt(path="a", start_line=1, lines=("a", "b", "c")),
            Excerpt(path="a", start_line=9, lines=("i",)),
        ]
    )
    assert source.between("a", 1, 9) == ("a", "b", "c", "d")
    assert source.between("b", 1, 9) == ()
    assert source.around("a", 2, 3, 2) == (1, 4)
    assert source.around("a", 9, 9, 2) == (9, 9)
    assert (source.at("a", 9), source.at("a", 10)) == ("i", None)


def test_the_worked_example_in_the_readme_works() -> None:
    readme = (Path(__file__).parents[2] / "reports" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(example, scope)  # our own text
    lines = scope["render"](build.mixed(), RenderOptions()).decode().splitlines()
    assert lines[0] == "severity,rule,address,path,line"
    assert len(lines) == 7
