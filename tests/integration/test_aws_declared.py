"""Accounts compared with what Terraform's states and plans declare."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aws_server.looking import populate, scan
from tests.aws_server.proxy import Fault
from tests.aws_server.running import Aws, running

RULES = ("declared-but-absent", "present-but-undeclared", "weaker-than-declared", "declared-not-compared")
SHUT = {
    "block_public_acls": True, "block_public_policy": True, "ignore_public_acls": True, "restrict_public_buckets": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with running() as found:
        populate(found)
        yield found


def bucket(name: str, *, versioned: bool, shut: bool) -> list[tuple[str, str, dict[str, Any]]]:
    """Address, type and values, as the provider leaves them in a state."""
    status = "Enabled" if versioned else "Suspended"
    rows = [
        ("aws_s3_bucket", {"arn": f"arn:aws:s3:::{name}", "bucket": name, "id": name, "policy": "",
                           "region": "eu-west-1", "versioning": [{"enabled": versioned, "mfa_delete": False}]}),
        ("aws_s3_bucket_versioning", {"bucket": name, "id": name, "versioning_configuration": [{"status": status}]}),
    ]  # fmt: skip
    if shut:
        rows.append(("aws_s3_bucket_public_access_block", {"bucket": name, "id": name, **SHUT}))
    return [(f"{type_}.{name.replace('-', '_')}", type_, values) for type_, values in rows]


ROWS = [
    *bucket("acme-patients", versioned=True, shut=True),
    *bucket("acme-scratch", versioned=True, shut=True),
    *bucket("acme-gone", versioned=True, shut=True),
]


def as_state(rows: list[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    resources = [
        {"mode": "managed", "type": type_, "name": address.partition(".")[2],
         "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
         "instances": [{"schema_version": 0, "attributes": values}]}
        for address, type_, values in rows
    ]  # fmt: skip
    return {"version": 4, "terraform_version": "1.9.0", "serial": 7, "lineage": "a", "resources": resources}


def as_shown(rows: list[tuple[str, str, dict[str, Any]]], key: str) -> dict[str, Any]:
    resources = [
        {"address": address, "mode": "managed", "type": type_, "name": "x", "values": values}
        for address, type_, values in rows
    ]
    half = len(resources) // 2
    inner = {"resources": resources[half:], "address": "module.x"}
    root = {"resources": resources[:half], "child_modules": [inner]}
    return {"format_version": "1.0", key: {"root_module": root}}


def compared(aws: Aws, tmp_path: Path, tree: Any, *more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and rule → resource → finding."""
    path = tmp_path / "terraform.tfstate"
    path.write_text(json.dumps(tree))
    done, report = scan(aws, f"declared:{path}", "--services", "s3,s3control,kms", *more, cache=tmp_path / "cache")
    found: dict[str, dict[str, Any]] = {rule: {} for rule in RULES}
    assert report is not None, done.stderr
    for finding in report["findings"]:
        if finding["rule"] in RULES:
            found[finding["rule"]][finding["resource"]["address"]] = finding
        assert finding["rule"] in RULES or "aws_s3_bucket." not in finding["resource"]["address"]
    return done.returncode, found


@pytest.mark.parametrize(
    "tree",
    [as_state(ROWS), as_shown(ROWS, "values"), as_shown(ROWS, "planned_values")],
    ids=["state", "shown-state", "plan"],
)
def test_what_differs_is_told_and_nothing_else(aws: Aws, tmp_path: Path, tree: Any) -> None:
    _, found = compared(aws, tmp_path, tree)
    assert set(found["declared-but-absent"]) == {"arn:aws:s3:::acme-gone"}
    [(weaker, finding)] = found["weaker-than-declared"].items()
    assert weaker == "arn:aws:s3:::acme-scratch"
    assert {"bucket-versioned", "bucket-public-access-blocked"} <= set(finding["evidence"]["rules"])
    assert "terraform.tfstate" in finding["message"]
    assert "arn:aws:s3:::acme-logs" in found["present-but-undeclared"]
    assert not {"arn:aws:s3:::acme-patients", "arn:aws:s3:::acme-scratch"} & set(found["present-but-undeclared"])
    assert found["declared-not-compared"] == {}


def test_what_is_not_made_yet_is_not_missing(aws: Aws, tmp_path: Path) -> None:
    planned = [("aws_s3_bucket.next", "aws_s3_bucket", {"bucket": "acme-next"})]
    _, found = compared(aws, tmp_path, as_shown(planned, "planned_values"))
    assert found["declared-but-absent"] == {}


def test_what_could_not_be_listed_is_not_said_to_be_absent(aws: Aws, tmp_path: Path) -> None:
    with aws.proxy.fault(lambda called: called.operation == "GET /", Fault(403, "AccessDenied")):
        code, found = compared(aws, tmp_path, as_state(ROWS))
    assert code == 3
    assert found["declared-but-absent"] == {}
    assert {one["outcome"] for one in found["declared-not-compared"].values()} == {"unknown"}
    assert "arn:aws:s3:::acme-gone" in found["declared-not-compared"]


def test_another_accounts_resources_are_left_alone(aws: Aws, tmp_path: Path) -> None:
    arn = "arn:aws:kms:eu-west-1:999999999999:key/1234"
    rows = [("aws_kms_key.other", "aws_kms_key", {"arn": arn, "id": "1234", "enable_key_rotation": True})]
    _, found = compared(aws, tmp_path, as_state(rows))
    assert all(arn not in ones for ones in found.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a state or a plan"),
        ('{"version": 3, "modules": []}', "is not a state of version 4"),
        ('{"version": 4, "resources": [{"mode": "managed"}]}', "is not a state or a plan"),
        ("[" * 100_000, "is not JSON"),
    ],
    ids=["cut", "list", "old", "lacking", "deep"],
)
def test_what_is_no_state_is_one_line_and_exit_3(aws: Aws, tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    done, _ = scan(aws, f"declared:{path}", "--services", "kms", cache=tmp_path / "cache")
    assert done.returncode == 3
    assert any(said in line and "x.json" in line for line in done.stderr.splitlines()), done.stderr


def test_wrong_use_is_one_line(aws: Aws, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    done, _ = scan(aws, f"declared:{path}", cache=tmp_path / "cache")
    assert (done.returncode, done.stderr) == (2, f"assay: declared:{path}: no such file\n")


def test_no_value_of_a_state_reaches_a_report(aws: Aws, tmp_path: Path) -> None:
    secret = "Registry-Summer-2023"
    arn = "arn:aws:rds:eu-west-1:123456789012:db:patients"
    rows = [
        ("aws_db_instance.a", "aws_db_instance", {"arn": arn, "id": "a", "password": secret, "tags": {"x": secret}})
    ]
    path = tmp_path / "terraform.tfstate"
    path.write_text(json.dumps(as_state(rows)))
    done, _ = scan(aws, f"declared:{path}", "--services", "rds,kms", cache=tmp_path / "cache")
    assert secret not in done.stdout + done.stderr
