"""Calls that are refused, throttled or cut off: nothing looks better for it, and each is told."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.detectors.aws.reads.table import COLLECTORS
from assay.scanner.api import Record
from assay.scanner.model.fact import is_unknown
from tests.aws_server.looking import failures, look, populate, resources, scan
from tests.aws_server.proxy import Called, Fault
from tests.aws_server.running import Aws, running

SERVICES = {
    "s3": ("s3", "s3control"),
    "es": ("opensearch",),
    "elasticfilesystem": ("efs",),
    "access-analyzer": ("accessanalyzer",),
    "account": ("iam",),
    "monitoring": ("cloudwatch",),
    "bedrock": ("bedrock", "bedrock-agent"),
}
"""botocore's names of services that are signed for by another."""


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with running() as found:
        populate(found)
        yield found


@pytest.fixture(scope="module")
def sound(aws: Aws) -> list[Record]:
    # S3 Control is filled by way of the proxy, too.
    aws.proxy.calls.clear()
    return look(aws)


@pytest.fixture(scope="module")
def operations(aws: Aws, sound: list[Record]) -> list[tuple[str, str]]:
    """Service and operation of every call that a look makes after the first ones. Where regions were chosen, whether
    they are on needn't be known."""
    assert not failures(sound)
    first = ("GetCallerIdentity", "DescribeRegions")
    return sorted({(one.service, one.operation) for one in aws.proxy.calls if one.operation not in first})


def is_no_better(now: list[Record], before: list[Record]) -> None:
    """Every fact is as it was, or unknown; what is missing is told of."""
    was, told = resources(before), resources(now)
    assert set(told) <= set(was)
    for key, facts in told.items():
        for name, value in facts.items():
            known = was[key][name]
            if key[0] == "cloud.listing" and name in ("regions", "incomplete"):
                # What was listed whole is less, and what wasn't is more.
                less, more = (value, known) if name == "regions" else (known, value)
                assert set(less) <= set(more), (key, name, value, known)
                continue
            assert _fits(value, known), (key, name, value, known)
    assert failures(now)


def _fits(now: Any, before: Any) -> bool:
    if is_unknown(now) or now == before:
        return True
    if isinstance(now, dict) and isinstance(before, dict) and now.get("fact") != "unknown":
        return now.keys() == before.keys() and all(_fits(value, before[name]) for name, value in now.items())
    if isinstance(now, dict):
        return True
    if isinstance(now, list) and isinstance(before, list) and len(now) == len(before) and now:
        return all(_fits(one, was) for one, was in zip(now, before, strict=True))
    return isinstance(now, list) and any(is_unknown(one) for one in now)


def test_a_denied_call_makes_nothing_look_better(
    aws: Aws, sound: list[Record], operations: list[tuple[str, str]]
) -> None:
    """Each in turn: the facts that rest on it are unknown, all others are as they were, and the call is named."""
    assert len(operations) > 60
    for service, operation in operations:

        def this(called: Called, service: str = service, operation: str = operation) -> bool:
            return (called.service, called.operation) == (service, operation)

        with aws.proxy.fault(this, Fault(403, "AccessDenied")):
            now = look(aws, services=SERVICES.get(service, (service,)))
        assert any("denied (AccessDenied)" in one for one in failures(now)), operation
        is_no_better(now, sound)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(400, "ThrottlingException"), "throttled to the end"),
        (Fault(503, "SlowDown"), "throttled to the end"),
        (Fault(500, "InternalError"), "refused (InternalError)"),
        (Fault(200, "", cut=True), "the proxy could not be reached"),
        (Fault(400, "ExpiredTokenException"), "the credentials have expired"),
    ],
)
def test_however_a_call_fails_nothing_looks_better(aws: Aws, sound: list[Record], fault: Fault, said: str) -> None:
    with aws.proxy.fault(lambda called: called.operation == "DescribeTable", fault):
        now = look(aws)
    is_no_better(now, sound)
    assert any(said in one for one in failures(now)), failures(now)


def test_what_is_throttled_for_a_while_is_asked_again(aws: Aws, sound: list[Record]) -> None:
    with aws.proxy.fault(lambda called: called.operation == "ListTables", Fault(400, "ThrottlingException", times=1)):
        assert look(aws) == sound


def test_credentials_that_expire_on_the_way_end_the_account_and_say_so_once_for_each_call(aws: Aws) -> None:
    expired = Fault(400, "ExpiredTokenException")
    with aws.proxy.fault(lambda called: called.service in ("kms", "sagemaker", "rds"), expired):
        told = failures(look(aws))
    assert any("the credentials have expired (ExpiredTokenException)" in one for one in told)
    assert all("log in again" in one or "denied" in one for one in told)


def test_without_its_regions_only_the_home_is_read_and_that_is_told(aws: Aws) -> None:
    denied = Fault(403, "UnauthorizedOperation")
    with aws.proxy.fault(lambda called: called.operation == "DescribeRegions", denied):
        told = failures(look(aws, regions=(), services=("logs",)))
    assert len(told) == 1 and "only eu-west-1 was looked at" in told[0]


def test_who_is_nobody_learns_nothing(aws: Aws) -> None:
    with aws.proxy.fault(lambda called: called.service == "sts", Fault(403, "InvalidClientTokenId")):
        records = look(aws)
    assert len(records) == 1
    assert "sts:GetCallerIdentity" in failures(records)[0]


def test_a_denial_is_in_the_report_and_in_the_exit_code(aws: Aws, tmp_path: Path) -> None:
    with aws.proxy.fault(lambda called: called.operation == "ListKeys", Fault(400, "AccessDeniedException")):
        done, report = scan(aws, cache=tmp_path)
    assert done.returncode == 3 and not report["complete"]
    reasons = [one["message"] for one in report["findings"] if one["rule"] == "look-failed"]
    assert len(reasons) == 1
    assert "kms:ListKeys: denied (AccessDeniedException); allow kms:ListKeys" in reasons[0]
    passed = [one for one in report["findings"] if one["outcome"] == "pass"]
    assert not [one for one in passed if one["resource"]["kind"] == "crypto.key"]


def test_every_collector_is_reached_by_the_fixture(sound: list[Record]) -> None:
    kinds = {kind for kind, _ in resources(sound)}
    missing = {kind for one in COLLECTORS for kind in one.kinds} - kinds
    assert missing == {"ai.training-job"}  # moto has none of the sorts that are read
