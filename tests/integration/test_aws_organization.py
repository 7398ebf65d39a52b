"""An organisation of four accounts: each is looked at with a role, and one that can't be is said so."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from assay.scanner.api import EngineVerdict, Narrowed, Resource
from tests.aws_server.looking import ASSAY, REGION, failures, look, populate_organization
from tests.aws_server.proxy import Fault
from tests.aws_server.running import ACCOUNT, Aws, running

EXTERNAL_ID = "acme-audit-2026"


@pytest.fixture(scope="module")
def cloud() -> Iterator[tuple[Aws, dict[str, str]]]:
    with running() as aws:
        yield aws, populate_organization(aws)


def _look(aws: Aws, **more: object) -> list[object]:
    organization = Narrowed(external_id=EXTERNAL_ID, **more)
    return look(aws, kinds=("storage.bucket", "crypto.key"), scheme="aws-org", organization=organization)


def test_every_account_is_looked_at_and_no_other(cloud: tuple[Aws, dict[str, str]]) -> None:
    aws, members = cloud
    aws.proxy.calls.clear()
    records = _look(aws)
    assert failures(records) == []
    owners = {one.address.split(":")[4] for one in records if isinstance(one, Resource) and one.kind == "crypto.key"}
    assert owners == set(members.values())
    assumed = [one for one in aws.proxy.calls if one.operation == "AssumeRole"]
    assert len(assumed) == len(members)


def test_accounts_are_chosen_by_their_ids(cloud: tuple[Aws, dict[str, str]]) -> None:
    aws, members = cloud
    chosen = members["acme-research"]
    records = _look(aws, accounts=(chosen, "999999999999"))
    owners = {one.address.split(":")[4] for one in records if isinstance(one, Resource) and one.kind == "crypto.key"}
    assert owners == {chosen}
    [missing] = failures(records)
    assert missing == f"account 999999999999 is not in the organisation of account {ACCOUNT}"


def test_an_account_that_refuses_the_role_is_told_and_the_others_are_read(cloud: tuple[Aws, dict[str, str]]) -> None:
    aws, members = cloud
    with aws.proxy.fault(lambda called: called.operation == "AssumeRole", Fault(403, "AccessDenied", times=1)):
        records = _look(aws)
    [said] = failures(records)
    assert "sts:AssumeRole: denied (AccessDenied)" in said
    assert "--external-id" in said
    owners = {one.address.split(":")[4] for one in records if isinstance(one, Resource) and one.kind == "crypto.key"}
    assert len(owners) == len(members) - 1


def test_an_organisation_that_cannot_be_listed_is_one_failure(cloud: tuple[Aws, dict[str, str]]) -> None:
    aws, _ = cloud
    with aws.proxy.fault(lambda called: called.operation == "ListAccounts", Fault(403, "AccessDeniedException")):
        records = _look(aws)
    [said] = failures(records)
    assert "organizations:ListAccounts: denied" in said
    assert not any(isinstance(one, Resource) for one in records)


def test_a_closed_account_is_unknown_and_not_asked(cloud: tuple[Aws, dict[str, str]]) -> None:
    aws, members = cloud
    closed = members["acme-security"]
    aws.client("organizations").close_account(AccountId=closed)
    records = _look(aws)
    assert failures(records) == []
    [verdict] = [one for one in records if isinstance(one, EngineVerdict)]
    assert (verdict.check, verdict.result, verdict.resource) == ("account-closed", "unknown", f"account {closed}")


def test_the_command_scans_an_organisation(cloud: tuple[Aws, dict[str, str]], tmp_path: Path) -> None:
    aws, members = cloud
    done = subprocess.run(
        [ASSAY, "scan", "aws-org:", "--regions", REGION, "--external-id", EXTERNAL_ID, "--cache", str(tmp_path),
         "--services", "s3,s3control,kms", "--format", "json"],
        env={**os.environ, **aws.environment}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    text = json.dumps(json.loads(done.stdout)["findings"])
    assert members["acme-research"] in text
    assert EXTERNAL_ID not in done.stdout


def test_options_of_organisations_need_one(tmp_path: Path) -> None:
    done = subprocess.run(
        [ASSAY, "scan", "aws:", "--role", "auditor"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        2, "assay: --role is for organisations; name one as aws-org:PROFILE, or leave the option out\n",
    )  # fmt: skip


def test_a_terminal_is_told_how_far_it_is(cloud: tuple[Aws, dict[str, str]], tmp_path: Path) -> None:
    aws, members = cloud
    reader, writer = os.openpty()
    environment = {**os.environ, **aws.environment, "COLUMNS": "200"}
    aws.proxy.latency = 0.2
    try:
        process = subprocess.Popen(
            [ASSAY, "scan", "aws-org:", "--regions", REGION, "--accounts", members["acme-research"],
             "--cache", tmp_path],
            env=environment, stdout=subprocess.DEVNULL, stderr=writer,
        )  # fmt: skip
        os.close(writer)
        said = b""
        with suppress(OSError):  # how a terminal says that nobody writes any more
            while chunk := os.read(reader, 1 << 16):
                said += chunk
        assert process.wait(timeout=120) == 1
    finally:
        aws.proxy.latency = 0.0
        os.close(reader)
    lines = said.decode().split("\r\x1b[K")
    account = f"aws: 1 of 1: account {members['acme-research']} (acme-research), 1 region: "
    assert any(line.startswith(account) and " listings, last " in line for line in lines)
    assert lines[-1].strip() == ""
