"""`assay:ignore` comments: read in the syntax of every format, and in linear time."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.skips import inline_waivers
from assay.scanner.model.resource import InlineWaiver
from assay.scanner.safe.comments import find_ignores

SAYS = 'assay:ignore bucket-versioned reason="kept elsewhere" until=2027-01-31'
ALONE = {
    "hcl #": f"# {SAYS}",
    "hcl //": f"  // {SAYS}",
    "hcl /* */": f"/* {SAYS} */",
    "yaml": f"    # {SAYS}",
    "yaml, no space": f"#{SAYS}",
    "dockerfile": f"# {SAYS}",
    "html": f"<!-- {SAYS} -->",
    "markdown, tight": f"<!--{SAYS}-->",
    "sql": f"-- {SAYS}",
    "bicep": f"// {SAYS}",
    "ini": f"; {SAYS}",
    "helm": f"{{{{/* {SAYS} */}}}}",
    "helm, trimmed": f"{{{{- /* {SAYS} */ -}}}}",
    "carriage return": f"# {SAYS}\r",
}
FULL = InlineWaiver(path="", line=1, covers=3, rules=("bucket-versioned",), reason="kept elsewhere", until="2027-01-31")


def only(*lines: str) -> InlineWaiver:
    [found] = find_ignores(lines)
    return found


@pytest.mark.parametrize("line", ALONE.values(), ids=ALONE)
def test_a_comment_on_its_own_line_speaks_of_the_next_line_with_content(line: str) -> None:
    assert only(line, "", 'resource "aws_s3_bucket" "b" {', "}") == FULL


@pytest.mark.parametrize("opening", ["#", "//", "/*", "--", "<!--"])
def test_a_comment_at_the_end_of_a_line_speaks_of_that_line(opening: str) -> None:
    closing = {"/*": " */", "<!--": " -->"}.get(opening, "")
    found = only("x = 1", f"acl = 2 {opening} {SAYS}{closing}", "y")
    assert (found.line, found.covers, found.reason) == (2, 2, "kept elsewhere")


def test_other_comments_and_blank_lines_may_stand_between() -> None:
    found = only(f"# {SAYS}", "# another", "", "  // and one more", "---", "kind: Pod")
    assert found.covers == 5  # `---` ends a YAML document and is no comment


def test_a_comment_that_nothing_follows_speaks_of_itself() -> None:
    assert only("a", f"# {SAYS}", "", "# end").covers == 2


def test_several_rules_share_a_comment_and_a_rule_counts_once() -> None:
    assert only("# assay:ignore a-rule,CKV_AWS_1,a-rule reason=known", "x").rules == ("a-rule", "CKV_AWS_1")


@pytest.mark.parametrize(
    ("rest", "problem"),
    [
        ("", "names no rule"),
        ('reason="r"', "names no rule"),
        ("a,,b reason=x", "names no rule"),
        ("a.b reason=x", "names no rule"),
        ("* reason=x", "names no rule"),
        ("a-rule", "gives no reason"),
        ('a-rule reason=""', "gives no reason"),
        ('a-rule reason="  "', "gives no reason"),
        ("a-rule because I say so", "can't be read to its end"),
        ("a-rule, b-rule reason=x", "names no rule"),
        ('a-rule reason="unclosed', "can't be read to its end"),
        ("a-rule reason=one two", "can't be read to its end"),
        ("a-rule reason=x owner=me", "can't be read to its end"),
        ("a-rule reason=x until=tomorrow", "no date"),
        ("a-rule reason=x until=2027-02-30", "no date"),
        ("a-rule reason=x until=20270131", "no date"),
        ("a-rule reason=x until=2027-W04-7", "no date"),
        ('a-rule reason=x until=""', "no date"),
    ],
)
def test_what_cannot_be_read_says_why_and_has_no_reason(rest: str, problem: str) -> None:
    found = only(f"# assay:ignore {rest}", "x")
    assert found.problem is not None and problem in found.problem
    assert found.reason is None


@pytest.mark.parametrize(
    "line", ["assay:ignore a reason=x", "# assay:ignored a reason=x", "# see assay:ignore a reason=x"]
)
def test_text_that_is_no_such_comment_is_none(line: str) -> None:
    assert list(find_ignores([line, "x"])) == []


HOSTILE = {
    "spaces before a quote": '# assay:ignore X reason="' + " " * 1_000_000 + 'a"x',
    "closings": '# assay:ignore X reason="a" ' + "*/ " * 350_000 + "x",
    "dashes": "-" * 1_000_000 + " assay:ignore X",
    "openings": "# " * 500_000 + "assay:ignore X",
    "leading spaces": " " * 1_000_000 + "assay:ignore X",
    "rules": "# assay:ignore " + "a," * 500_000 + "!",
    "options": "# assay:ignore X " + "reason=a " * 110_000,
    "braces": "{{/*" * 250_000 + "assay:ignore X reason=a",
    "marks": "# assay:ignore " * 66_000,
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_a_line_of_a_megabyte_is_read_in_linear_time(line: str) -> None:
    began = time.process_time()
    list(find_ignores([line, "x"]))
    assert time.process_time() - began < 2


def test_many_comments_in_a_row_are_read_in_linear_time() -> None:
    began = time.process_time()
    found = list(find_ignores(["# assay:ignore X reason=y"] * 50_000 + ["x"]))
    assert time.process_time() - began < 5
    assert {one.covers for one in found} == {50_001}


@given(st.lists(st.text(alphabet='#/*-<!>{} ax="\t,;%:\r', max_size=40), max_size=8))
def test_any_lines_at_all_give_places_within_them(lines: list[str]) -> None:
    marked = [line.replace("a", "assay:ignore X ") for line in lines]
    for found in find_ignores(marked):
        assert 1 <= found.line <= found.covers <= len(marked)
        assert (found.problem is None) == (found.reason is not None)


def test_a_secret_in_a_reason_is_masked_and_the_reason_is_cut(tmp_path: Path) -> None:
    secret = "AKIAZ5XQ7MPLK2WN4RTY"
    tf = f'# assay:ignore X reason="key {secret} {"long " * 300}"\nx = 1\n'
    (tmp_path / "main.tf").write_text(tf)
    [found] = inline_waivers(["main.tf", "missing.tf"], PrivateCopy(root=str(tmp_path)))
    assert found.reason is not None and secret not in found.reason
    assert len(found.reason) <= 520
    assert (found.path, found.line, found.covers) == ("main.tf", 1, 2)


def test_a_problem_quotes_nothing_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("-- assay:ignore X until=AKIAZ5XQ7MPLK2WN4RTY reason=a\nselect 1\n")
    [found] = inline_waivers(["a.sql"], PrivateCopy(root=str(tmp_path)))
    assert "AKIA" not in str(found)
