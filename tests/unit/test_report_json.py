"""The contract of `assay-report/1`: every key of shared/DESIGN.md, nulls included, in a stable order."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.reports.json_report import pieces, render
from assay.reports.options import RenderOptions
from assay.scanner.model.fact import Unknown
from assay.scanner.model.finding import Report
from tests.unit import report_builder as build

TOP = ["schema", "tool", "targets", "detectors", "findings", "controls", "summary", "gate"]
DETECTOR = ["id", "status", "reason", "resources", "seconds"]
FINDING = [
    "rule", "engine", "corroborated_by", "outcome", "severity", "title", "message", "resource", "location",
    "safeguards", "controls", "evidence", "fix", "fingerprint", "change", "suppressed", "related",
]  # fmt: skip
CONTROL = ["pack", "id", "title", "testable", "status", "rules", "fail", "pass", "unknown", "suppressed"]
SUMMARY = ["fail", "pass", "unknown", "suppressed", "new", "existing", "fixed", "worsened"]


def told(report: Report) -> dict[str, Any]:
    return dict(json.loads(render(report, RenderOptions())))


def test_every_key_of_the_contract_is_there_first_and_in_order() -> None:
    document = told(build.mixed())
    assert list(document)[: len(TOP)] == TOP
    assert document["schema"] == "assay-report/1"
    assert document["tool"]["version"] == "0.1.0"
    assert all(list(found)[: len(DETECTOR)] == DETECTOR for found in document["detectors"])
    assert all(list(found) == FINDING for found in document["findings"])
    assert all(list(found) == CONTROL for found in document["controls"])
    assert list(document["summary"]) == SUMMARY
    assert list(document["gate"]) == ["status", "reasons"]


def test_what_the_report_knows_besides_comes_after() -> None:
    document = told(build.mixed())
    assert list(document)[len(TOP) :] == [
        "complete", "warnings", "compared_with", "packs", "rules", "excerpts", "repository", "folder", "files",
        "started", "finished", "exit_code", "clusters", "judged",
    ]  # fmt: skip


def test_a_location_has_all_three_keys_or_is_null() -> None:
    findings = {found["fingerprint"]: found for found in told(build.mixed())["findings"]}
    by_number = {number: findings[build.finding(number).fingerprint]["location"] for number in (1, 6, 8)}
    assert by_number[1] == {"path": "terraform/storage.tf", "start_line": 3, "end_line": 6}
    assert by_number[6] is None
    assert by_number[8] == {"path": "data/patients.csv", "start_line": None, "end_line": None}


def test_suppressed_is_null_or_has_all_four_keys() -> None:
    suppressed = [found["suppressed"] for found in told(build.mixed())["findings"]]
    assert suppressed[0] is None
    assert list(suppressed[3]) == ["by", "reason", "owner", "until"]
    assert suppressed[4] == {"by": "inline", "reason": "Test bucket", "owner": None, "until": None}


def test_a_map_is_sorted_whatever_order_it_was_made_in() -> None:
    one = build.report([build.finding(evidence={"b": 1, "a": {"d": 1, "c": Unknown(reason="denied")}})])
    two = build.report([build.finding(evidence={"a": {"c": Unknown(reason="denied"), "d": 1}, "b": 1})])
    assert render(one, RenderOptions()) == render(two, RenderOptions())


def test_it_is_indented_and_ends_in_a_newline() -> None:
    document = render(build.report(), RenderOptions())
    assert document.startswith(b'{\n  "schema": "assay-report/1",\n')
    assert document.endswith(b"}\n")


def test_numbers_and_names_that_json_cannot_carry_do_not_break_it() -> None:
    found = build.finding(address="b\udce9b\udce9", evidence={"huge": 2**80, "odd": float("nan")})
    (shown,) = told(build.report([found]))["findings"]
    assert shown["resource"]["address"] == "b\\udce9b\\udce9"
    assert shown["evidence"] == {"huge": 2**80, "odd": None}


@given(st.text())
def test_a_name_is_kept_and_moves_no_cursor(name: str) -> None:
    document = render(build.report([build.finding(address=name, message="m")]), RenderOptions())
    assert json.loads(document)["findings"][0]["resource"]["address"] == name
    assert not any((ord(char) < 0x20 and char != "\n") or 0x7F <= ord(char) <= 0x9F for char in document.decode())
    assert not any(char in document.decode() for char in "\u202e\u2066\u2028\u200b\ufeff")


@pytest.mark.parametrize("count", [0, 1, 499, 500, 501, 1001])
def test_however_many_findings_are_told_piece_by_piece_they_are_one_document(count: int) -> None:
    findings = [build.finding(address=f"bucket.b{number}") for number in range(count)]
    parts = list(pieces(build.report(findings), RenderOptions()))
    whole = b"".join(parts)
    document = json.loads(whole)
    assert [one["resource"]["address"] for one in document["findings"]] == [one.resource.address for one in findings]
    lines = whole.decode().splitlines()
    assert sum(line.startswith('    {"rule":"') for line in lines) == count  # each is a line of its own
    assert max(map(len, parts)) < 500 * 4_000
