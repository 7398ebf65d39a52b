"""Severities of our own rules: by the written scale, and the same as those of the checks that a rule takes along."""

import re
from typing import Any

import pytest
import yaml

from assay.policies import book as policy
from assay.policies.scale import Scale
from assay.scanner.model.finding import SEVERITIES

BOOK = policy.load([])
FILES = {path.stem: path for path in sorted((policy.HOME / "rules").rglob("*.yaml"))}
CHECKS = BOOK.engines["checkov"].checks
EXPLANATION = (policy.HOME / "engines" / "SEVERITY.md").read_text(encoding="utf-8")

EXCEPTIONS = {
    ("database-backed-up", "CKV_AWS_360"): "DocumentDB is always backed up; the check asks for a longer history",
    ("database-backed-up", "CKV_AWS_361"): "Neptune is always backed up; the check asks for a longer history",
    ("database-identity-login", "CKV2_AZURE_27"): "Azure SQL's passwords can be tried from the internet",
    ("database-identity-login", "CKV_AZURE_140"): "Cosmos DB's keys can be used from the internet",
    ("database-not-public", "CKV_GCP_15"): "a dataset that is shared with everyone asks for no login; a server does",
    ("database-tls-required", "CKV_AWS_6"): "the traffic between the nodes only, which doesn't leave the provider",
    (
        "endpoint-not-public",
        "CKV2_GCP_33",
    ): "Vertex AI's address is Google's own, which asks every caller for an identity",
    ("repository-not-public", "CKV_AWS_32"): "a policy for everyone may let them push images as well",
    ("workspace-customer-managed-key", "CKV2_GCP_26"): "a tensorboard holds measurements, other workspaces data",
}
"""Rule and check whose severities differ, with the reason."""


def written(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(FILES[name].read_bytes(), yaml.CSafeLoader)
    return loaded


@pytest.mark.parametrize("name", FILES)
def test_a_built_in_rule_has_the_severity_that_the_scale_makes_of_its_factors(name: str) -> None:
    rule = written(name)
    assert "severity" not in rule
    assert BOOK.rules[name].severity == Scale(*rule["scale"]).severity


def test_a_rule_and_the_checks_that_it_takes_along_are_equally_severe() -> None:
    differing = {
        (rule.id, check)
        for rule in BOOK.rules.values()
        for check in rule.equivalents
        if CHECKS[check].severity != rule.severity
    }
    assert differing == set(EXCEPTIONS)


@pytest.mark.parametrize(
    "name",
    [
        "bucket-not-publicly-readable",
        "bucket-not-publicly-writable",
        "boundary-no-admin-ports-open",
        "boundary-not-wide-open",
        "grant-not-administrator",
        "bucket-encrypted-at-rest",
        "database-encrypted-at-rest",
        "file-system-encrypted-at-rest",
        "volume-encrypted-at-rest",
    ],
)
def test_what_the_default_gate_must_stop_is_at_least_high(name: str) -> None:
    assert SEVERITIES.index(BOOK.rules[name].severity) <= SEVERITIES.index("high")


@pytest.mark.parametrize("safeguard", ["audit-logging", "monitoring", "availability", "change-management"])
def test_what_only_detects_or_keeps_order_is_never_above_medium(safeguard: str) -> None:
    for rule in BOOK.rules.values():
        if rule.safeguards[0] == safeguard:
            assert SEVERITIES.index(rule.severity) >= SEVERITIES.index("medium"), rule.id


def test_a_key_of_ones_own_is_never_above_medium_and_no_evidence_of_encryption() -> None:
    own = [rule for rule in BOOK.rules.values() if rule.id.endswith("-customer-managed-key")]
    assert len(own) > 10
    for rule in own:
        assert SEVERITIES.index(rule.severity) >= SEVERITIES.index("medium"), rule.id
        assert "encryption-at-rest" not in rule.safeguards, rule.id


def test_the_rules_among_the_examples_of_the_explanation_are_as_it_says() -> None:
    examples = re.findall(r"^\| ([a-z-]+) \| .* \| (\w+), (\w+), (\w+) \| (\w+) \|$", EXPLANATION, re.M)
    assert len(examples) > 3
    for name, *factors, severity in examples:
        assert written(name)["scale"] == factors
        assert BOOK.rules[name].severity == severity
