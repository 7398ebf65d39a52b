"""What a look will call and what that takes is told beforehand, and holds."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from policy_sentry.querying.actions import get_actions_for_service

from assay.detectors.aws.calls import MANAGED_LIMIT, compact, policies
from assay.detectors.aws.permissions import permission
from assay.detectors.aws.reads.table import COLLECTORS
from tests.aws_server.looking import ASSAY, REGION, populate
from tests.aws_server.running import running


def assay(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [ASSAY, *arguments], env={**os.environ, **environment}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_every_permission_is_one_of_iams() -> None:
    """By the copy of AWS's service authorization reference that comes with policy_sentry."""
    needed = {permission(call) for one in COLLECTORS for call in one.calls}
    known = {action.lower() for name in needed for action in get_actions_for_service(name.partition(":")[0])}
    assert {one for one in needed if one.lower() not in known} == set()


def test_a_dry_run_tells_every_call_and_makes_none(tmp_path: Path) -> None:
    with running() as aws:
        populate(aws)
        aws.proxy.calls.clear()
        told = json.loads(assay("scan", "aws:", "--dry-run", "--format", "json", **aws.environment))
        assert aws.proxy.calls == []
        assay("scan", "aws:", "--regions", REGION, "--cache", str(tmp_path), "--quiet", **aws.environment)
        made = {one.operation for one in aws.proxy.calls if " " not in one.operation}
    operations = {row["call"].partition(":")[2] for row in told["calls"]}
    assert made and made <= operations
    assert set(told["permissions"]) == {row["permission"] for row in told["calls"]} - {None}


def test_only_what_the_rules_need_is_told() -> None:
    whole = json.loads(assay("scan", "aws:", "--dry-run", "--format", "json"))
    one = json.loads(assay("scan", "aws:", "--dry-run", "--format", "json", "--only", "bucket-versioned"))
    assert {row["call"] for row in one["calls"]} < {row["call"] for row in whole["calls"]}
    assert "s3:GetBucketVersioning" in {row["call"] for row in one["calls"]}
    assert "s3:GetBucketPolicy" not in {row["call"] for row in one["calls"]}


def test_the_policy_allows_what_the_dry_run_asks_and_nothing_else() -> None:
    told = json.loads(assay("scan", "aws:", "--dry-run", "--format", "json", "--pack", "gdpr", "--pack", "hipaa"))
    made = json.loads(assay("aws", "policy", "--pack", "gdpr", "--pack", "hipaa"))
    documents = made if isinstance(made, list) else [made]
    allowed = {action for one in documents for statement in one["Statement"] for action in statement["Action"]}
    assert allowed == set(told["permissions"])
    assert all(len(compact(one)) <= MANAGED_LIMIT for one in documents)


def test_an_organisations_policy_lists_accounts_and_assumes_one_role() -> None:
    made = json.loads(assay("aws", "policy", "--organization", "--role", "auditor", "--services", "s3"))
    documents = made if isinstance(made, list) else [made]
    statements = [statement for one in documents for statement in one["Statement"]]
    assert "organizations:ListAccounts" in statements[0]["Action"]
    [assumes] = [one for one in statements if one["Action"] == "sts:AssumeRole"]
    assert assumes["Resource"] == "arn:aws:iam::*:role/auditor"


def test_the_roles_template_is_one_that_cfn_lint_takes(tmp_path: Path) -> None:
    text = assay("aws", "role", "--trust", "111122223333", "--external-id", "acme-1")
    template = yaml.safe_load(text)
    [role] = [one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
    [statement] = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "acme-1"}}
    path = tmp_path / "role.yaml"
    path.write_text(text)
    lint = Path(ASSAY).with_name("cfn-lint")
    done = subprocess.run([lint, path], capture_output=True, text=True, timeout=120, check=False)
    # W3037 says that it doesn't know an action; whether they are right is asked above.
    lines = [line for line in done.stdout.splitlines() if line[:1] in "EW" and not line.startswith("W3037")]
    assert lines == []


@pytest.mark.parametrize("count", [0, 1, 200, 900])
def test_policies_are_split_at_iams_limit(count: int) -> None:
    names = {f"service{number}:DescribeThings{number}" for number in range(count)}
    documents = policies(names)
    assert all(len(compact(one)) <= MANAGED_LIMIT for one in documents)
    assert {action for one in documents for action in one["Statement"][0]["Action"]} == names
    assert sum(len(one["Statement"][0]["Action"]) for one in documents) == count
