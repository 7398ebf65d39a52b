"""The text report: what it shows, in what order, and that it fits the place it is shown in."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from assay.reports.options import RenderOptions
from assay.reports.text import render
from assay.reports.text.selection import failing, shown_in_full
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import ClusterRef, Finding, Gate, Report, Summary
from assay.scanner.model.resource import Excerpt
from tests.unit import report_builder as build

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def shown(report: Report, **options: Any) -> str:
    return render(report, RenderOptions(**options)).decode()


def test_a_small_report_reads_like_this() -> None:
    found = build.finding(severity="critical", corroborated_by=("CKV_AWS_19",))
    assert shown(build.report([found]), width=90) == (
        "Assay 0.1.0, checkov 3.3.30\n"
        "scanned  .\n"
        "by       iac (4 resources; isolation: none)\n"
        "against  gdpr 2016-679, hipaa 2013\n"
        "\n"
        "terraform/storage.tf                                                             1 failing\n"
        "------------------------------------------------------------------------------------------\n"
        "aws_s3_bucket.training  storage.bucket, lines 3-6\n"
        '    3 | resource "aws_s3_bucket" "training" {\n'
        '    4 |   bucket = "acme-training"\n'
        '    5 |   acl    = "public-read"\n'
        "    6 | }\n"
        "  CRITICAL  aws_s3_bucket.training is not encrypted with a key of yours.\n"
        "            bucket-encrypted-at-rest, also CKV_AWS_19\n"
        "            breaks  gdpr 32(1)(a); hipaa 164.312(a)(2)(iv)\n"
        "            fix     Set kms_key_id to a key that you control.\n"
        "\n"
        "Controls\n"
        "------------------------------------------------------------------------------------------\n"
        "pack                              violated  unknown  satisfied  not assessed  process only\n"
        "gdpr  General Data Protection...         1        -          -             -             1\n"
        "hipaa  HIPAA Security Rule               1        -          1             -             -\n"
        "\n"
        "Violated in gdpr\n"
        "  32(1)(a)  critical  1 failing  Title of 32(1)(a)\n"
        "\n"
        "Violated in hipaa\n"
        "  164.312(a)(2)(iv)  critical  1 failing  Title of 164.312(a)(2)(iv)\n"
        "\n"
        "Decision\n"
        "------------------------------------------------------------------------------------------\n"
        "gate     RED\n"
        "         1 findings at or above high\n"
        "\n"
        "RED: 1 failing (1 critical) in 1 file, 0 unknown, 0 passing, 0 suppressed.\n"
    )


def test_without_colour_there_is_no_escape_code_and_our_own_marks_are_ascii() -> None:
    text = shown(build.mixed())
    assert text.isascii()
    assert "\x1b" not in text


def test_colour_changes_nothing_but_the_colour() -> None:
    coloured = shown(build.mixed(), colour=True)
    assert "\x1b[1;31mCRITICAL\x1b[0m" in coloured
    assert ESCAPE.sub("", coloured) == shown(build.mixed())


def test_colour_is_not_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = shown(build.mixed())
    coloured = shown(build.mixed(), colour=True)
    for name, value in (("FORCE_COLOR", "1"), ("COLUMNS", "40"), ("TERM", "dumb"), ("TTY_COMPATIBLE", "1")):
        monkeypatch.setenv(name, value)
    assert shown(build.mixed()) == plain
    assert shown(build.mixed(), colour=True) == coloured


@pytest.mark.parametrize("width", [72, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for unicode in (False, True):
        lines = shown(build.mixed(), width=width, unicode=unicode).splitlines()
        assert max(cell_len(line) for line in lines) <= width
        assert not any(line != line.rstrip() for line in lines)


def test_hostile_names_are_spelt_out() -> None:
    text = shown(build.mixed(), width=200)
    assert "evil\\n\\x1b[31mred" in text
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("width", [20, 60, 200])
def test_no_name_is_a_command_to_a_ci_that_reads_the_page(width: int, colour: bool) -> None:
    hostile = "Group:x\n::error::all is well ::warning::y ##[error]z ##vso[task.complete]"
    found = build.finding(message=f"{hostile} may do anything", address=hostile)
    page = ESCAPE.sub("", shown(build.report([found]), width=width, verbose=True, colour=colour))
    assert "error:" in page
    assert not [line for line in page.splitlines() if line.lstrip().startswith("::") or re.search(r"##(vso)?\[", line)]


def test_findings_on_one_resource_show_its_code_and_shared_advice_once() -> None:
    findings = [build.finding(number, rule=f"CKV_AWS_{number}", engine="checkov") for number in range(5)]
    text = shown(build.report(findings))
    assert text.count('resource "aws_s3_bucket" "training"') == 1
    assert text.count("Set kms_key_id to a key that you control.") == 1
    assert [f"CKV_AWS_{number}" in text for number in range(5)] == [True] * 5


def test_the_lines_meant_are_marked_among_others() -> None:
    found = build.finding(location=Location(path="terraform/storage.tf", start_line=5, end_line=5))
    text = shown(build.report([found]))
    assert '  > 5 |   acl    = "public-read"\n' in text
    assert '    4 |   bucket = "acme-training"\n' in text


def test_a_long_resource_is_cut_and_says_so() -> None:
    found = build.finding(location=Location(path="a.tf", start_line=1, end_line=60))
    excerpt = Excerpt(path="a.tf", start_line=1, lines=tuple(f"line {number}" for number in range(1, 13)))
    text = shown(build.report([found], excerpts=(excerpt,)))
    assert "8 | line 8\n" in text
    assert "line 9" not in text
    assert "... 52 more lines" in text


def test_a_long_report_shows_the_worst_in_full_and_counts_the_rest() -> None:
    text = shown(build.large(500), width=120)
    assert len(text.splitlines()) < 400
    assert len(re.findall(r"^  CRITICAL ", text, re.MULTILINE)) == 25
    assert "475 more failing findings" in text
    assert "--format json" in text
    assert text.rstrip().endswith("suppressed.")


def test_verbose_shows_everything_in_full() -> None:
    report = build.large(100)
    text = shown(report, verbose=True)
    assert "more failing findings" not in text
    assert all(text.count(found.message.split("(")[1].rstrip(").")) for found in report.findings)


def test_a_rule_that_fails_everywhere_does_not_hide_the_others() -> None:
    many = [build.finding(number, rule="everywhere", address=f"a{number}") for number in range(50)]
    rare = [build.finding(100 + number, rule=f"rare-{number}", address=f"z{number}") for number in range(10)]
    chosen = shown_in_full(failing(build.report([*many, *rare])), 25)
    assert {found.rule for found in chosen} == {"everywhere", *(f"rare-{number}" for number in range(10))}
    assert len(chosen) == 25


def test_what_was_not_looked_at_is_told() -> None:
    text = shown(build.mixed())
    assert "Not looked at, or not decided" in text
    assert "pii   failed   killed after 60 s" in text
    assert "helm  skipped  no helm binary" in text
    assert "broken.tf:1  broken.tf did not parse" in text
    assert "the gate would be red." in " ".join(text.split())


def look_failed(number: int) -> Finding:
    return build.finding(
        number, rule="look-failed", outcome="unknown", kind="detector", address="cluster", location=None,
        title="A planned look failed", message=f"cluster: context test: list thing-{number}: denied",
    )  # fmt: skip


def test_looks_that_failed_alike_are_told_once_by_their_detector() -> None:
    outcome = DetectorOutcome(id="cluster", status="partial", reason="context test: list thing-1, thing-2: denied")
    failed = build.report([look_failed(1), look_failed(2)], detectors=(outcome,), complete=False)
    assert shown(failed).count("denied") == 1 and "thing-1, thing-2" in shown(failed)
    assert shown(failed, verbose=True).count("denied") == 3
    without = build.report([look_failed(1)], detectors=(), complete=False)
    assert shown(without).count("denied") == 1


def test_where_nothing_was_judged_no_colour_is_told() -> None:
    text = shown(build.report([look_failed(1)], complete=False, judged=False))
    assert "GREEN" not in text and "green" not in text and "NOT DECIDED: nothing was judged" in text
    assert "GREEN" in shown(build.report([look_failed(1)], complete=False))
    required = Gate(status="red", reasons=("the detector cluster, which a pack requires, did not run whole",))
    assert "RED" in shown(build.report([look_failed(1)], complete=False, judged=False, gate=required))


def test_a_cluster_is_named_by_its_context_and_version() -> None:
    clusters = (ClusterRef(source="kube:prod", version="1.33.1"), ClusterRef(source="kube:dev", version=None))
    text = shown(build.report(targets=("kube:", "kube:dev"), clusters=clusters))
    assert "cluster  prod, Kubernetes 1.33.1\ncluster  dev\n" in text


def test_suppressions_are_told_with_owner_and_end() -> None:
    text = shown(build.mixed())
    assert "2 suppressed" in text
    assert "waiver, data@acme.example, until 2027-01-31  Public by design" in text


def test_the_last_line_tells_changes_where_there_are_any() -> None:
    summary = Summary(fail=1, new=1, existing=4, fixed=2)
    assert "; 1 new, 4 there before, 2 fixed." in shown(build.report([build.finding()], summary=summary), width=120)


def test_a_report_of_nothing_is_short_and_green() -> None:
    text = shown(build.report(controls=(), packs=(), detectors=(), targets=()))
    assert "against  no pack" in text
    assert text.endswith("GREEN: 0 failing, 0 unknown, 0 passing, 0 suppressed.\n")


@settings(max_examples=60)
@given(st.text(max_size=80), st.integers(72, 120), st.booleans())
def test_no_name_can_break_the_page(name: str, width: int, unicode: bool) -> None:
    found = build.finding(
        address=name,
        title=name,
        message=name,
        fix=name,
        location=Location(path=name or "a", start_line=1, end_line=2),
    )
    excerpt = Excerpt(path=name or "a", start_line=1, lines=(name, name * 5))
    lines = shown(build.report([found], excerpts=(excerpt,)), width=width, unicode=unicode).split("\n")
    assert max(cell_len(line) for line in lines) <= width
    assert all(line.isprintable() for line in lines)


def test_a_finding_names_the_other_blocks_that_decided_it() -> None:
    other = Location(path="terraform/acl.tf", start_line=4, end_line=7)
    assert "see also terraform/acl.tf:4" in shown(build.report([build.finding(related=(other,))]), width=100)


def test_a_comparison_shows_what_came_since_and_counts_the_rest() -> None:
    findings = [build.finding(1, change="existing"), build.finding(2, change="new")]
    text = shown(build.report(findings, compared_with="main", summary=Summary(fail=2, new=1, existing=1)), width=120)
    assert "what came since main" in text
    assert ": 1 new and failing" in text and "1 new, 1 there before, 0 fixed." in text
    assert text.count(findings[1].rule) == 1


def test_satisfied_says_what_it_leaves_open() -> None:
    partly = build.control("hipaa", "164.308(a)(8)", "satisfied", testable="partly")
    accepted = build.control("hipaa", "164.312(b)", "satisfied", suppressed=2)
    text = shown(build.report(controls=(partly, accepted)), width=120)
    assert "1 of them also ask something of a person" in text
    assert "1 of them but for risks that were accepted" in text
    assert "satisfied:" not in shown(build.report(controls=(build.control("hipaa", "1", "satisfied"),)), width=120)


def test_what_was_left_out_and_warned_of_is_shown() -> None:
    left = DetectorOutcome(id="iac", status="ok", reason="left out: terraform", resources=2, files=3)
    text = shown(build.report(detectors=(left,), files=8, warnings=("--skip leaves out terraform",)), width=120)
    assert "2 resources in 3 of 8 files" in text
    assert "left out: terraform" in text and "--skip leaves out terraform" in text
