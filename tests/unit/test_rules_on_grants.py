"""What the rules on grants say together: what allows everything is told of once, and nothing that is sure is lost."""

from pathlib import Path

import pytest

from assay.policies import book as policy
from assay.policies.compiled import compile_rule, prepare
from tests.unit.facts_source import terraform_resources

RULES = [rule for rule in policy.load([]).rules.values() if rule.kind == "identity.grant"]
OTHERS = {"grant-not-administrator", "grant-not-public"}
NARROWER = {
    "grant-no-free-role-passing",
    "grant-no-service-wildcard",
    "grant-not-reading-all-data",
    "grant-not-self-escalating",
}


def said(folder: Path, statements: str) -> dict[str, str]:
    """Rule → outcome for a policy of these statements."""
    (folder / "main.tf").write_text(
        f"""
variable "actions" {{}}
resource "aws_iam_role_policy" "p" {{
  role   = "r"
  policy = jsonencode({{ Statement = [{statements}] }})
}}
"""
    )
    [resource] = terraform_resources(folder)
    facts, context = prepare(resource)
    return {rule.id: compile_rule(rule).decide(facts, context).outcome or "not-applicable" for rule in RULES}


def allow(actions: str, key: str = "Action") -> str:
    return f'{{ Effect = "Allow", {key} = {actions}, Resource = "*" }}'


def test_every_rule_on_grants_is_narrower_or_not() -> None:
    assert {rule.id for rule in RULES} == OTHERS | NARROWER


@pytest.mark.parametrize("statements", [allow('"*"'), allow('["*:*", "s3:*"]'), allow('"aws-portal:*"', "NotAction")])
def test_what_allows_everything_is_told_of_once(statements: str, tmp_path: Path) -> None:
    found = said(tmp_path, statements)
    assert found["grant-not-administrator"] == "fail"
    assert {name for name, outcome in found.items() if outcome == "not-applicable"} == NARROWER


def test_everything_but_iam_is_nearly_everything(tmp_path: Path) -> None:
    found = said(tmp_path, allow('"iam:*"', "NotAction"))
    assert found["grant-not-administrator"] == "fail"
    assert found["grant-no-service-wildcard"] == "pass"
    assert found["grant-not-reading-all-data"] == "fail"
    assert found["grant-not-self-escalating"] == "pass"


def test_where_it_isnt_known_whether_everything_is_allowed_what_is_sure_still_fails(tmp_path: Path) -> None:
    sure = allow('["s3:*", "iam:PassRole", "iam:PutRolePolicy"]')
    found = said(tmp_path, f"{allow('var.actions')}, {sure}")
    assert found["grant-not-administrator"] == "unknown"
    assert {found[name] for name in NARROWER} == {"fail"}


def test_a_single_service_is_the_service_wildcards(tmp_path: Path) -> None:
    found = said(tmp_path, allow('"sagemaker:*"'))
    assert (found["grant-not-administrator"], found["grant-no-service-wildcard"]) == ("pass", "fail")
