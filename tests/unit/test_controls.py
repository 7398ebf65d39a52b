"""What a control's status may rest on: a pass that says something, and nothing left out, failed or accepted."""

from pathlib import Path
from typing import Any

import pytest

from assay.policies import book as policy
from assay.policies.book import Book, PackPath
from assay.scanner.config.settings import GateSettings
from assay.scanner.config.waivers import PlacedWaiver, Waiver
from assay.scanner.engine import inventory
from assay.scanner.engine.assess import Policy, assess
from assay.scanner.engine.judge import Wanted
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Known, Location
from assay.scanner.model.finding import ControlStatus, Report
from assay.scanner.model.resource import EngineVerdict, Failure, Record, Resource

BOOK = policy.load(("hipaa",))
HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
HERE = Location(path="main.tf", start_line=1, end_line=3)
ENCRYPTION = "164.312(a)(2)(iv)"
PACK = """\
id: mine
title: Mine
version: "1"
source: us
controls:
  - {id: one, title: One, citation: here, testable: automatable, include: [bucket-versioned]}
"""


def assessed(*records: Record, left_out: tuple[str, ...] = (), book: Book = BOOK, **more: Any) -> Report:
    outcome = DetectorOutcome(id="iac", status="ok", left_out=left_out)
    return assess(inventory.build(HEADER, (outcome,), records), Policy(book=book, **more))


def control(report: Report, name: str) -> ControlStatus:
    return next(one for one in report.controls if one.id == name)


def bucket(name: str = "b", **facts: Any) -> Resource:
    stated = {field: Known(value=value) for field, value in facts.items()}
    return Resource(kind="storage.bucket", address=name, surface="terraform", facts=stated, location=HERE)


def check(identifier: str, result: Any, framework: str = "kubernetes") -> EngineVerdict:
    return EngineVerdict(
        engine="checkov", check=identifier, result=result, resource="Pod.prod.nginx", title="A title",
        framework=framework, location=HERE,
    )  # fmt: skip


def waiver(rule: str) -> PlacedWaiver:
    return PlacedWaiver(waiver=Waiver(rule=rule, address="*", reason="known"), file="w.yaml", line=2)


# A pass that any container gets for an API server's flag.


def test_a_pass_that_says_nothing_is_not_told_and_evidences_nothing() -> None:
    report = assessed(check("CKV_K8S_91", "pass"))
    assert report.findings == ()
    assert control(report, "164.312(b)").status == "not-assessed"


def test_its_failure_is_told_and_so_is_a_pass_that_says_something() -> None:
    assert [one.outcome for one in assessed(check("CKV_K8S_91", "fail")).findings] == ["fail"]
    assert [one.outcome for one in assessed(check("CKV_K8S_16", "pass")).findings] == ["pass"]


# What was left out by choice.


def test_a_control_is_satisfied_where_everything_that_bears_on_it_was_looked_at() -> None:
    assert control(assessed(bucket(encrypted_at_rest=True), wanted=Wanted()), ENCRYPTION).passed > 0
    only = Wanted(only=frozenset({"bucket-encrypted-at-rest"}))
    passing = assessed(bucket(encrypted_at_rest=True), wanted=only)
    assert (control(passing, ENCRYPTION).passed, control(passing, ENCRYPTION).status) == (1, "unknown")


def test_a_surface_that_was_left_out_keeps_its_controls_open(tmp_path: Path) -> None:
    book = own_book(tmp_path)
    seen = bucket(versioned=True)
    assert control(assessed(seen, book=book), "one").status == "satisfied"
    assert control(assessed(seen, book=book, left_out=("terraform",)), "one").status == "unknown"
    # Nothing in a Dockerfile would have borne on it.
    assert control(assessed(seen, book=book, left_out=("dockerfile",)), "one").status == "satisfied"
    failing = assessed(bucket(versioned=False), book=book, left_out=("terraform",))
    assert control(failing, "one").status == "violated"


def test_a_rule_that_was_left_out_keeps_its_controls_open(tmp_path: Path) -> None:
    seen = bucket(versioned=True)
    book = own_book(tmp_path)
    other = Wanted(skip=frozenset({"bucket-encrypted-at-rest"}))
    assert control(assessed(seen, book=book, wanted=other), "one").status == "satisfied"
    both = (check("CKV_AWS_145", "pass", "terraform"), bucket(encrypted_at_rest=True))
    assert control(assessed(*both, wanted=other), ENCRYPTION).status != "satisfied"


# A look that failed bears on a control that only includes rules, too.


def own_book(folder: Path) -> Book:
    (folder / "mine.yaml").write_text(PACK)
    return policy.load((PackPath(path=folder / "mine.yaml", trusted=True),))


@pytest.mark.parametrize(
    ("part", "status"), [("terraform", "unknown"), ("cloudformation", "unknown"), ("dockerfile", "satisfied")]
)
def test_a_failed_look_leaves_open_what_the_surface_bears_on(part: str, status: str, tmp_path: Path) -> None:
    failed = Failure(detector="iac", part=part, reason="not valid", location=HERE)
    report = assessed(bucket(versioned=True), failed, book=own_book(tmp_path))
    assert control(report, "one").status == status


# Accepted risks.


def test_a_gate_that_wants_a_control_satisfied_takes_no_accepted_risk(tmp_path: Path) -> None:
    book = own_book(tmp_path)
    wants = GateSettings(controls={"mine:one": "satisfied"})
    records = (bucket("sound", versioned=True), bucket("open", versioned=False))
    accepted = assessed(*records, book=book, gate=wants, waivers=(waiver("bucket-versioned"),))
    assert (control(accepted, "one").status, control(accepted, "one").suppressed) == ("satisfied", 1)
    assert accepted.gate.status == "red" and "accepted risks" in accepted.gate.reasons[0]
    assert assessed(records[0], book=book, gate=wants).gate.status == "green"
    assessed_only = GateSettings(controls={"mine:one": "assessed"})
    waived = (waiver("bucket-versioned"),)
    assert assessed(*records, book=book, gate=assessed_only, waivers=waived).gate.status == "green"


def test_a_waiver_for_what_was_not_judged_is_not_called_useless() -> None:
    useless = [line for line in assessed(waivers=(waiver("CKV_K8S_16"),)).warnings if "matches nothing" in line]
    assert len(useless) == 1
    for more in ({"left_out": ("kubernetes",)}, {"wanted": Wanted(skip=frozenset({"CKV_K8S_16"}))}):
        report = assessed(waivers=(waiver("CKV_K8S_16"),), **more)
        assert not any("matches nothing" in line for line in report.warnings)
    assert assessed(waivers=(waiver("CKV_K8S_16"),), left_out=("secrets",)).warnings


# What a finding tells.


def test_a_secret_is_named_by_its_file_and_not_by_its_hash() -> None:
    [found] = assessed(check("CKV_SECRET_2", "fail", "secrets")).findings
    assert found.message == "a secret in main.tf: A title"


def test_a_failing_list_tells_what_in_it_fails() -> None:
    opening = {"direction": "ingress", "protocol": "tcp", "described": True}
    opened = [
        {**opening, "from_port": 22, "to_port": 22, "cidrs": ["0.0.0.0/0"]},
        {**opening, "from_port": 443, "to_port": 443, "cidrs": ["0.0.0.0/0"]},
    ]
    facts = {"openings": Known(value=opened), "governs_ingress": Known(value=True)}
    boundary = Resource(kind="network.boundary", address="sg", surface="terraform", facts=facts, location=HERE)
    [found] = [one for one in assessed(boundary).findings if one.rule == "boundary-no-admin-ports-open"]
    assert [one["from_port"] for one in found.evidence["offences"]] == [22]
    assert "tcp 22 from 0.0.0.0/0" in found.message
