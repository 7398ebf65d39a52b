"""Builds reports for the tests of the renderers: small, sound, and each with what one test needs."""

import hashlib
from collections.abc import Sequence
from typing import Any

from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import (
    ControlStatus,
    Finding,
    Gate,
    PackRef,
    Report,
    Repository,
    ResourceRef,
    RuleRef,
    Summary,
    Suppression,
    Tool,
)
from assay.scanner.model.resource import Excerpt

HOSTILE = "evil\n\x1b[31mred\x1b[0m\r\x9b2J\u202egnp.exe\u2028`*[click](1)*` <img src=x> {0} ${x} |&|"
"""A name as a scanned tree may hold it."""

BUCKET = (
    'resource "aws_s3_bucket" "training" {',
    '  bucket = "acme-training"',
    '  acl    = "public-read"',
    "}",
)


def finding(number: int = 0, **changes: Any) -> Finding:
    """A failing finding on a bucket in `storage.tf`, with a fingerprint of its own."""
    address = changes.pop("address", "aws_s3_bucket.training")
    kind = changes.pop("kind", "storage.bucket")
    fields: dict[str, Any] = {
        "rule": "bucket-encrypted-at-rest",
        "outcome": "fail",
        "severity": "high",
        "title": "A bucket is encrypted at rest",
        "message": f"{address} is not encrypted with a key of yours.",
        "resource": ResourceRef(kind=kind, address=address),
        "location": Location(path="terraform/storage.tf", start_line=3, end_line=6),
        "safeguards": ("encryption-at-rest",),
        "controls": ("gdpr:32(1)(a)", "hipaa:164.312(a)(2)(iv)"),
        "fix": "Set kms_key_id to a key that you control.",
        "fingerprint": hashlib.sha256(str(number).encode()).hexdigest(),
    }
    return Finding(**{**fields, **changes})


def control(pack: str, identifier: str, status: str = "violated", **changes: Any) -> ControlStatus:
    """A control's status; violated by one finding unless told otherwise."""
    fields: dict[str, Any] = {
        "title": f"Title of {identifier}",
        "testable": "automatable",
        "rules": 1,
        "fail": 1 if status == "violated" else 0,
        "passed": 1 if status == "satisfied" else 0,
        "unknown": 1 if status == "unknown" else 0,
    }
    return ControlStatus(**{"pack": pack, "id": identifier, "status": status, **fields, **changes})


def report(findings: Sequence[Finding] = (), **changes: Any) -> Report:
    """A complete report of the findings, with the counts and the rules that follow from them."""
    fails = [found for found in findings if found.outcome == "fail" and found.suppressed is None]
    fields: dict[str, Any] = {
        "tool": Tool(version="0.1.0", engines={"checkov": "3.3.30"}),
        "targets": (".",),
        "detectors": (DetectorOutcome(id="iac", status="ok", resources=4, seconds=1.25),),
        "findings": tuple(findings),
        "controls": (
            control("gdpr", "32(1)(a)"),
            control("gdpr", "33(1)", "process-only", testable="process-only"),
            control("hipaa", "164.312(a)(2)(iv)"),
            control("hipaa", "164.312(b)", "satisfied"),
        ),
        "summary": Summary(
            fail=len(fails),
            passed=sum(found.outcome == "pass" for found in findings),
            unknown=sum(found.outcome == "unknown" for found in findings),
            suppressed=sum(found.suppressed is not None for found in findings),
        ),
        "gate": Gate(
            status="red" if fails else "green",
            reasons=(f"{len(fails)} findings at or above high",) if fails else (),
        ),
        "complete": True,
        "packs": (
            PackRef(
                id="gdpr", title="General Data Protection Regulation", version="2016-679", source="CELEX 32016R0679"
            ),
            PackRef(
                id="hipaa", title="HIPAA Security Rule", version="2013", source="https://www.ecfr.gov/title-45 Part 164"
            ),
        ),
        "rules": {found.rule: rule(found) for found in findings},
        "excerpts": (Excerpt(path="terraform/storage.tf", start_line=2, lines=("", *BUCKET, "")),),
        "repository": Repository(uri="git@github.com:acme/ai.git", revision="a" * 40, branch="main"),
        "started": "2026-11-22T13:00:00Z",
        "finished": "2026-11-22T13:00:02.5+00:00",
        "exit_code": 1 if fails else 0,
    }
    return Report(**{**fields, **changes})


def rule(found: Finding) -> RuleRef:
    """What explains the rule of a finding."""
    return RuleRef(
        title=found.title,
        severity=found.severity,
        safeguards=found.safeguards,
        controls=found.controls,
        why="Data at rest outlives the machine it lies on.",
        fix=found.fix,
        references=("https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html",),
    )


def mixed() -> Report:
    """A report with something of everything: severities, suppressions, changes, unknowns, no file, hostile names."""
    waived = Suppression(by="waiver", reason="Public by design", owner="data@acme.example", until="2027-01-31")
    inline = Suppression(by="inline", reason="Test bucket")
    live = "arn:aws:s3:::acme-live"
    one_line = Location(path="terraform/storage.tf", start_line=4, end_line=4)
    hostile = Location(path=f"a:b/{HOSTILE}.tf", start_line=1, end_line=2)
    broken = Location(path="broken.tf", start_line=1, end_line=1)
    logging = "Ensure the S3 bucket has access logging enabled"
    return report(
        [
            finding(1, severity="critical", rule="bucket-not-public", title="A bucket is not public", change="new"),
            finding(2, corroborated_by=("CKV_AWS_19",), change="worsened"),
            finding(3, rule="CKV_AWS_18", engine="checkov", severity="low", title=logging, message=logging),
            finding(4, severity="medium", suppressed=waived, address="aws_s3_bucket.site", change="existing"),
            finding(5, severity="info", suppressed=inline, location=one_line),
            finding(6, location=None, address=live),
            finding(7, location=hostile, address=HOSTILE, message=HOSTILE, fix=HOSTILE, title=HOSTILE),
            finding(8, location=Location(path="data/patients.csv"), kind="dataset.table", controls=()),
            finding(9, outcome="unknown", message="aws_s3_bucket.logs: unresolved var.kms_key"),
            finding(
                10,
                outcome="unknown",
                rule="file-read",
                title="Every file can be read",
                message="broken.tf did not parse",
                location=broken,
                controls=("gdpr:99", "gdpr:32(1)(a)"),
            ),
            finding(11, outcome="pass", address="aws_s3_bucket.good"),
        ],
        detectors=(
            DetectorOutcome(id="helm", status="skipped", reason="no helm binary; pip install 'assay-scanner[helm]'"),
            DetectorOutcome(id="iac", status="partial", reason="broken.tf did not parse", resources=4, seconds=1.25),
            DetectorOutcome(id="pii", status="failed", reason="killed after 60 s"),
        ),
        complete=False,
        exit_code=3,
    )


def large(count: int, rules: int = 300, controls: int = 149) -> Report:
    """A report of many findings, with as much variety as a real one: 8 findings a resource, 20 resources a file."""
    severities = ("critical", "high", "medium", "low", "info")
    names = [f"hipaa:164.{number}" if number % 2 else f"gdpr:{number}" for number in range(controls)]
    findings = []
    for number in range(count):
        resource, check = number // 8, number % rules
        line = 1 + 14 * (resource % 20)
        address = f"module.m{resource % 40}.aws_s3_bucket.b{digest(resource)}"
        findings.append(
            finding(
                number,
                rule=f"rule-number-{check}" if check % 3 else f"CKV_AWS_{check}",
                engine=None if check % 3 else "checkov",
                severity=severities[check % 5],
                title=f"Rule number {check} holds for every storage bucket",
                message=f"{address} is not encrypted with a key of yours ({digest(number)}).",
                address=address,
                location=Location(
                    path=f"infra/env{resource % 7}/part{resource // 20}.tf", start_line=line, end_line=line + 9
                ),
                controls=tuple(sorted(names[(check * 7 + step * 11) % controls] for step in range(11))),
            )
        )
    excerpts = [
        Excerpt(
            path=f"infra/env{resource % 7}/part{resource // 20}.tf",
            start_line=1 + 14 * (resource % 20),
            lines=tuple(f'  attribute_{step} = "{digest(resource * 100 + step)}"' for step in range(10)),
        )
        for resource in range(count // 8 + 1)
    ]
    return report(
        findings,
        excerpts=tuple(excerpts),
        controls=tuple(control(*name.split(":")) for name in names),
    )


def digest(number: int) -> str:
    """12 digits that compress badly, as real names do."""
    return hashlib.sha256(f"d{number}".encode()).hexdigest()[:12]
