"""Live accounts, read from moto's server: what is told of sound things and of faulty twins, and by which calls."""

import re
from collections.abc import Iterator

import pytest

from assay.detectors.aws.permissions import permission
from assay.detectors.aws.reads.table import COLLECTORS
from assay.scanner.api import Record, Unknown
from tests.aws_server.looking import failures, look, populate, resources
from tests.aws_server.proxy import Called
from tests.aws_server.running import ACCOUNT, Aws, running

_READ = re.compile(r"(List|Describe|Get|BatchGet|Lookup)[A-Z]\w*")
_LISTED_BY_POST = re.compile(
    r"POST (/agents/|/detector/\w+/findings/statistics|/standards/get|/status/batch/get|/finding|/getAlternateContact)"
)
"""REST calls that list, and yet are sent so."""
NO_READ_BY_NAME = frozenset({"GenerateCredentialReport"})
"""It changes nothing: IAM writes down when keys and passwords were last used, and a report is read only so."""


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with running() as found:
        populate(found)
        yield found


@pytest.fixture(scope="module")
def seen(aws: Aws) -> tuple[list[Record], list[Called]]:
    aws.proxy.calls.clear()
    records = look(aws)
    return records, list(aws.proxy.calls)


def test_everything_is_read_and_nothing_fails(seen: tuple[list[Record], list[Called]]) -> None:
    assert failures(seen[0]) == []


def test_no_call_is_anything_but_a_read(seen: tuple[list[Record], list[Called]]) -> None:
    odd = {
        one.operation
        for one in seen[1]
        if not _READ.fullmatch(one.operation)
        and not one.operation.startswith(("GET ", "HEAD "))
        and not _LISTED_BY_POST.fullmatch(one.operation)
        and one.operation not in NO_READ_BY_NAME
    }
    assert odd == set()


def test_every_declared_call_is_a_read_and_none_reads_data() -> None:
    calls = {call for one in COLLECTORS for call in one.calls}
    odd = {call.operation for call in calls if not _READ.fullmatch(call.operation)}
    assert odd <= NO_READ_BY_NAME
    data = {"s3:GetObject", "dynamodb:GetItem", "secretsmanager:GetSecretValue", "ssm:GetParameter", "kms:Decrypt"}
    assert data.isdisjoint(map(str, calls))
    assert data.isdisjoint(map(permission, calls))


def test_ids_of_collectors_are_unique() -> None:
    ids = [one.id for one in COLLECTORS]
    assert len(ids) == len(set(ids))


def test_no_call_is_made_twice(seen: tuple[list[Record], list[Called]]) -> None:
    lists = [one for one in seen[1] if one.operation.startswith(("List", "Describe")) and one.service in ("ec2", "iam")]
    lists = [one for one in lists if one.operation != "DescribeSnapshotAttribute"]  # one for each that is listed
    assert len(lists) == len(set(lists))


def test_twins_are_told_apart(seen: tuple[list[Record], list[Called]]) -> None:
    """Field by field: what is sound of the one is not of the other, and is stated of both."""
    told = resources(seen[0])
    for kind, sound, faulty, fields in (
        ("storage.bucket", "acme-patients", "acme-scratch", {
            "encryption_declared": (True, False), "public_access_blocked": (True, False), "public_read": (False, True),
            "tls_required": (True, False), "versioned": (True, False), "access_logged": (True, False),
            "retention_days": (365, None), "region": ("eu-west-1", "eu-west-1"), "replica_regions": ([], []),
        }),
        ("database.instance", "patients", "scratch", {
            "encrypted_at_rest": (True, False), "public": (False, True), "transit_encrypted": (True, False),
            "backup_days": (14, 0), "deletion_protected": (True, False), "audit_logged": (True, False),
            "iam_authentication": (True, False), "multi_zone": (True, False),
        }),
        ("database.instance", "table/visits", "table/clicks", {
            "point_in_time_recovery": (True, False), "deletion_protected": (True, False),
        }),
        ("service.cluster", "cluster/training", "cluster/scratch", {
            "public_endpoint": (False, True), "secrets_encrypted": (True, False), "audit_logged": (True, False),
        }),
        ("service.image-repository", "repository/trainer", "repository/scratch", {
            "immutable_tags": (True, False), "scanned_on_push": (True, False), "public": (False, True),
        }),
        ("service.log-group", "/acme/flows", "/acme/scratch", {"retention_days": (2192, None)}),
        ("service.trail", "trail/all", "trail/stopped", {
            "active": (True, False), "multi_region": (True, False), "validated": (True, False),
            "data_events": (True, False),
        }),
        ("identity.principal", "role/trainer", "role/anyones", {"assumable_by_anyone": (False, True)}),
        ("ai.notebook", "notebook-instance/patients", "notebook-instance/scratch", {
            "public": (False, True), "root_access": (False, True), "in_private_network": (True, False),
        }),
    ):  # fmt: skip
        good, bad = told[kind, sound], told[kind, faulty]
        assert {name: (good[name], bad[name]) for name in fields} == fields, (kind, sound)


def test_keys_of_the_customer_and_keys_of_the_provider_are_told_apart(
    aws: Aws, seen: tuple[list[Record], list[Called]]
) -> None:
    told = resources(seen[0])
    keys = {
        (kind, name): facts["kms_key"] for (kind, name), facts in told.items() if "kms_key" in facts and "/" in name
    }
    own = [key for key in keys.values() if key]
    assert own and all(":key/" in key for key in own)
    assert told["storage.bucket", "acme-patients"]["kms_key"] in own
    # What names a key that AWS keeps for the account has none of the customer's.
    ec2, kms = aws.client("ec2"), aws.client("kms")
    volume = ec2.create_volume(AvailabilityZone="eu-west-1a", Size=1, Encrypted=True)
    managed = {one["TargetKeyId"] for one in kms.list_aliases()["Aliases"] if one["AliasName"] == "alias/aws/ebs"}
    assert volume["KmsKeyId"].rpartition("/")[2] in managed
    facts = resources(look(aws, services=("ec2",)))["storage.volume", f"volume/{volume['VolumeId']}"]
    ec2.delete_volume(VolumeId=volume["VolumeId"])
    assert (facts["encrypted_at_rest"], facts["kms_key"]) == (True, None)


def test_access_keys_of_users_are_found(seen: tuple[list[Record], list[Called]]) -> None:
    users = [one for (kind, name), one in resources(seen[0]).items() if name == "user/scientist"]
    assert [one["long_lived_keys"] for one in users if "long_lived_keys" in one] == [True]


def test_the_accounts_own_block_covers_its_buckets(aws: Aws) -> None:
    control = aws.client("s3control")
    shut = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    control.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=shut)
    told = resources(look(aws, services=("s3", "s3control")))
    control.delete_public_access_block(AccountId=ACCOUNT)
    assert told["storage.bucket", "acme-scratch"]["public_access_blocked"] is True


def test_what_no_rule_reads_is_not_asked_for_and_not_known(aws: Aws) -> None:
    aws.proxy.calls.clear()
    told = resources(look(aws, kinds=("storage.bucket",), fields={"storage.bucket": ("versioned",)}))
    asked = [one.operation for one in aws.proxy.calls if one.service == "s3"]
    assert any("?versioning" in one for one in asked)
    assert not any("?acl" in one or "?policy" in one or "?logging" in one for one in asked)
    facts = told["storage.bucket", "acme-scratch"]
    assert facts["versioned"] is False
    assert all(isinstance(facts[name], Unknown) for name in ("public_read", "access_logged", "tls_required"))
    assert {one.service for one in aws.proxy.calls} == {"sts", "ec2", "kms", "s3"}


def test_only_the_chosen_services_are_asked(aws: Aws) -> None:
    aws.proxy.calls.clear()
    look(aws, services=("ecr",))
    assert {one.service for one in aws.proxy.calls} == {"sts", "ec2", "kms", "ecr"}


def test_what_rests_on_a_service_that_was_left_out_is_not_known(aws: Aws) -> None:
    facts = resources(look(aws, services=("eks",)))["service.cluster", "cluster/scratch"]
    assert isinstance(facts["workload_identity"], Unknown)
    assert facts["audit_logged"] is False


def test_regions_that_are_on_are_all_looked_at_and_others_are_named(aws: Aws) -> None:
    aws.proxy.calls.clear()
    look(aws, regions=(), services=("logs",))
    asked = {one.region for one in aws.proxy.calls if one.service == "logs"}
    assert len(asked) > 10 and "eu-west-1" in asked
    told = failures(look(aws, regions=("eu-west-1", "xx-nowhere-1"), services=("logs",)))
    assert told == [f"account {ACCOUNT}: the region xx-nowhere-1 is not switched on in it; leave it out of --regions"]


def test_two_looks_say_the_same(aws: Aws, seen: tuple[list[Record], list[Called]]) -> None:
    assert look(aws) == look(aws)
