"""From an inventory to findings, control statuses and the gate: pure, so tested on values."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.policies import book as policy
from assay.scanner.engine import controls, gate, inventory
from assay.scanner.engine.gate import Demands
from assay.scanner.engine.judge import LOOK_FAILED, judge
from assay.scanner.engine.report import make_report
from assay.scanner.errors import UsageError
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Fact, Known, Location, Unknown
from assay.scanner.model.finding import Finding, Suppression
from assay.scanner.model.resource import EngineVerdict, Excerpt, Failure, Record, Resource

BOOK = policy.load(("gdpr", "hipaa"))
HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
OK = DetectorOutcome(id="iac", status="ok")


def at(line: int, path: str = "main.tf") -> Location:
    return Location(path=path, start_line=line, end_line=line + 2)


def bucket(name: str, line: int = 1, **facts: Any) -> Resource:
    stated: dict[str, Fact] = {k: v if isinstance(v, Unknown) else Known(value=v) for k, v in facts.items()}
    return Resource(kind="storage.bucket", address=name, surface="terraform", facts=stated, location=at(line))


def verdict(check: str, resource: str, result: Any = "fail", line: int = 1, **more: Any) -> EngineVerdict:
    return EngineVerdict(
        engine="checkov", check=check, result=result, resource=resource, title="A title", framework="terraform",
        location=at(line), **more,
    )  # fmt: skip


def judged(*records: Record) -> tuple[Finding, ...]:
    return judge(inventory.build(HEADER, (OK,), records), BOOK)


def of(findings: tuple[Finding, ...], rule: str) -> list[Finding]:
    return [finding for finding in findings if finding.rule == rule]


def test_a_failing_fact_is_a_finding_with_line_controls_and_fix() -> None:
    [found] = of(judged(bucket("b", 7, encrypted_at_rest=False)), "bucket-encrypted-at-rest")
    assert (found.outcome, found.location, found.engine) == ("fail", at(7), None)
    assert "hipaa:164.312(a)(2)(iv)" in found.controls
    assert "gdpr:32(1)(a)" in found.controls
    assert found.fix and found.message and found.title


def test_a_fact_that_was_not_collected_is_unknown_and_says_so() -> None:
    [found] = of(judged(bucket("b")), "bucket-encrypted-at-rest")
    assert found.outcome == "unknown"
    assert "not collected" in found.message


def test_an_engine_that_says_the_same_of_the_same_resource_is_folded_in() -> None:
    findings = judged(bucket("b", versioned=False), verdict("CKV_AWS_21", "b"))
    [found] = of(findings, "bucket-versioned")
    assert found.corroborated_by == ("CKV_AWS_21",)
    assert of(findings, "CKV_AWS_21") == []


@pytest.mark.parametrize(
    "other",
    [
        verdict("CKV_AWS_21", "another"),
        verdict("CKV_AWS_21", "b", "pass"),
        verdict("CKV_AWS_18", "b"),
        verdict("CKV_AWS_21", "b", "skipped", reason="because"),
        msgspec.structs.replace(verdict("CKV_AWS_21", "b"), location=at(1, "other.tf")),
    ],
)
def test_an_engine_that_says_anything_else_keeps_its_own_finding(other: EngineVerdict) -> None:
    findings = judged(bucket("b", versioned=False), other)
    assert of(findings, "bucket-versioned")[0].corroborated_by == ()
    assert len(of(findings, other.check)) == 1


def test_a_skip_comment_is_shown_and_suppresses() -> None:
    findings = judged(verdict("CKV_AWS_18", "b", "skipped", reason="accepted in 2024"))
    [found] = findings
    assert found.outcome == "fail"
    assert found.suppressed == Suppression(by="engine", reason="accepted in 2024")
    assert gate.decide(findings, (), (), BOOK.packs, Demands(fail_on="info")).status == "green"


def test_a_failed_look_is_unknown_and_leaves_its_controls_undecided() -> None:
    failure = Failure(detector="iac", part="terraform", reason="line 3: not HCL", location=Location(path="a.tf"))
    findings = judged(failure, bucket("b", encrypted_at_rest=True))
    [found] = of(findings, LOOK_FAILED)
    assert found.outcome == "unknown"
    statuses = {f"{c.pack}:{c.id}": c.status for c in controls.statuses(BOOK.packs, findings)}
    assert statuses["gdpr:32(1)(a)"] == "unknown"


def test_an_incomplete_scan_exits_3_whatever_the_gate_says() -> None:
    failure = Failure(detector="iac", part="terraform", reason="r")
    seen = inventory.build(HEADER, (OK,), (failure, bucket("b", encrypted_at_rest=False)))
    report = make_report(seen, judge(seen, BOOK), BOOK, Demands(), allow_incomplete=False)
    assert (report.exit_code, report.complete, report.gate.status) == (3, False, "red")
    assert make_report(seen, judge(seen, BOOK), BOOK, Demands(), allow_incomplete=True).exit_code == 1


def test_a_check_that_the_catalogue_lacks_still_has_a_severity_and_a_safeguard() -> None:
    [found] = judged(verdict("CKV_NEW_1", "b"))
    assert found.safeguards and found.evidence == {"catalogued": False}


def test_a_remark_of_our_own_is_explained_under_our_name() -> None:
    remark = msgspec.structs.replace(
        verdict("remote-reference", "module.m", "unknown", reason="remote"), engine="assay"
    )
    seen = inventory.build(HEADER, (OK,), (remark,))
    report = make_report(seen, judge(seen, BOOK), BOOK, Demands(), allow_incomplete=False)
    assert report.findings[0].engine is None
    assert "None" not in report.rules["remote-reference"].why


def test_two_findings_of_one_rule_on_one_address_have_two_fingerprints() -> None:
    findings = judged(verdict("CKV_AWS_18", "b", line=1), verdict("CKV_AWS_18", "b", line=9))
    assert len({found.fingerprint for found in findings}) == 2


def test_moving_lines_changes_no_fingerprint() -> None:
    before = judged(verdict("CKV_AWS_18", "b", line=1), bucket("b", 1, versioned=False))
    after = judged(verdict("CKV_AWS_18", "b", line=41), bucket("b", 41, versioned=False))
    assert {f.fingerprint for f in before} == {f.fingerprint for f in after}


def test_fail_on_decides_what_reddens_the_gate() -> None:
    findings = judged(verdict("CKV_AWS_18", "b"))
    severity = findings[0].severity
    assert gate.decide(findings, (), (), BOOK.packs, Demands(fail_on=severity)).status == "red"
    assert gate.decide(findings, (), (), BOOK.packs, Demands(fail_on="critical")).status == "green"


def test_a_pack_that_wants_no_unknowns_reddens_the_gate_with_one() -> None:
    strict = [msgspec.structs.replace(pack, unknown="fail") for pack in BOOK.packs]
    findings = judged(bucket("b"))
    assert gate.decide(findings, (), (), BOOK.packs, Demands(fail_on="high")).status == "green"
    assert gate.decide(findings, (), (), strict, Demands(fail_on="high")).status == "red"


records = st.lists(
    st.one_of(
        st.builds(
            bucket,
            st.sampled_from("abc"),
            st.integers(1, 3),
            versioned=st.booleans(),
            access_logged=st.booleans(),
            kms_key=st.just(Unknown(reason="unresolved: var.k")),
        ),
        st.builds(
            verdict,
            st.sampled_from(["CKV_AWS_18", "CKV_AWS_21", "CKV_AWS_145"]),
            st.sampled_from("abc"),
            st.sampled_from(["fail", "pass", "unknown", "skipped"]),
            st.integers(1, 3),
        ),
        st.builds(Failure, detector=st.just("iac"), part=st.just("terraform"), reason=st.sampled_from("xy")),
        st.builds(Excerpt, path=st.just("main.tf"), start_line=st.integers(1, 3), lines=st.just(("x",))),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(records, st.randoms(use_true_random=False))
def test_the_order_in_which_records_arrive_changes_no_byte(given_records: list[Record], shuffle: random.Random) -> None:
    def report_bytes(some: list[Record]) -> bytes:
        seen = inventory.build(HEADER, (OK,), some)
        return msgspec.json.encode(make_report(seen, judge(seen, BOOK), BOOK, Demands(), allow_incomplete=False))

    shuffled = list(given_records)
    shuffle.shuffle(shuffled)
    assert report_bytes(given_records) == report_bytes(shuffled)


@settings(max_examples=60, deadline=None)
@given(records)
def test_a_saved_inventory_reads_back_and_judges_the_same(given_records: list[Record]) -> None:
    seen = inventory.build(HEADER, (OK,), given_records)
    saved = b"".join(inventory.dump(seen))
    again = inventory.load(iter(saved.splitlines(keepends=True)), "saved")
    assert b"".join(inventory.dump(again)) == saved
    first, second = (
        msgspec.json.encode(make_report(s, judge(s, BOOK), BOOK, Demands(), allow_incomplete=False))
        for s in (seen, again)
    )
    assert first == second


@settings(max_examples=60, deadline=None)
@given(records)
def test_the_report_keeps_its_promises(given_records: list[Record]) -> None:
    seen = inventory.build(HEADER, (OK,), given_records)
    report = make_report(seen, judge(seen, BOOK), BOOK, Demands(), allow_incomplete=False)
    prints = [finding.fingerprint for finding in report.findings]
    assert len(prints) == len(set(prints))
    failing = {c for f in report.findings if f.outcome == "fail" and not f.suppressed for c in f.controls}
    for control in report.controls:
        assert (control.status == "violated") == (f"{control.pack}:{control.id}" in failing)
        if control.status == "satisfied":
            assert control.passed and not control.fail and not control.unknown
    for finding in report.findings:
        assert finding.safeguards and finding.title and finding.message and finding.fix


@settings(max_examples=100, deadline=None)
@given(records)
def test_folding_loses_no_failure_of_an_engine_and_makes_none(given_records: list[Record]) -> None:
    findings = judged(*given_records)
    told = {
        (check, finding.resource.address, finding.location.path if finding.location else "")
        for finding in findings
        if finding.outcome == "fail" and not finding.suppressed
        for check in ((finding.rule,) if finding.engine else finding.corroborated_by)
    }
    stated = {
        (one.check, one.resource, one.location.path if one.location else "")
        for one in given_records
        if isinstance(one, EngineVerdict) and one.result == "fail"
    }
    assert told == stated


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda lines: lines[:-1], "cut short"),
        (lambda lines: lines[1:], "not an inventory"),
        (lambda lines: [*lines[:1], *lines[2:]], "were written"),
        (lambda lines: [*lines[:1], b"garbage\n", *lines[1:]], "saved:2: not a line"),
        (lambda lines: [], "cut short"),
        (lambda lines: [lines[0].replace(b"assay-inventory/1", b"assay-inventory/9"), *lines[1:]], "the schema is"),
    ],
)
def test_a_damaged_inventory_is_refused(damage: Any, said: str) -> None:
    lines = list(inventory.dump(inventory.build(HEADER, (OK,), (bucket("b"),))))
    with pytest.raises(UsageError, match=said):
        inventory.load(iter(damage(lines)), "saved")


def test_a_failure_tells_the_number_that_could_mend_it() -> None:
    group = Resource(
        kind="service.log-group",
        address="g",
        surface="terraform",
        facts={"retention_days": Known(value=30)},
        location=at(1),
    )
    found = judge(inventory.build(HEADER, (OK,), (group,)), BOOK)
    kept = [one for one in found if one.rule == "log-group-kept-long-enough" and one.outcome == "fail"]
    assert kept
    assert all(one.evidence["measures"] == {"retention_days": {"value": 30, "more_is_better": True}} for one in kept)
