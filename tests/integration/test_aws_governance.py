"""What watches, records and protects an account, read from moto's server: sound things and faulty twins; absence."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from assay.scanner.api import Unknown
from tests.aws_server.looking import failures, look, populate, resources
from tests.aws_server.proxy import Called, Fault
from tests.aws_server.running import Aws, running

KINDS = (
    "identity.account", "identity.password-policy", "identity.principal", "service.detection", "service.trail",
    "storage.access-point", "storage.backup-vault", "storage.defaults", "storage.snapshot",
)  # fmt: skip
ELSEWHERE = "eu-central-1"
Told = dict[tuple[str, str], dict[str, Any]]


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with running() as found:
        populate(found)
        yield found


@pytest.fixture(scope="module")
def told(aws: Aws) -> Told:
    records = look(aws, kinds=KINDS)
    assert failures(records) == []
    return resources(records)


def detections(told: Told) -> dict[str, dict[str, Any]]:
    return {facts["type"]: facts for (kind, _), facts in told.items() if kind == "service.detection"}


def test_what_watches_a_region_is_told_with_what_it_looks_at(told: Told) -> None:
    found = detections(told)
    assert {type_ for type_, facts in found.items() if facts["active"] is True} == {
        "threats", "posture", "personal-data", "vulnerabilities", "external-access", "configuration", "api-log",
    }  # fmt: skip
    assert found["threats"]["covers"] == ["object-storage"]
    assert found["vulnerabilities"]["covers"] == ["instances", "images"]
    assert found["posture"]["covers"] == ["aws-foundational-security-best-practices"]
    assert found["configuration"]["covers"] == ["everything", "global"]
    assert (found["threats"]["open_findings"], found["external-access"]["open_findings"]) == (3, 2)


def test_that_nothing_watches_a_region_is_told(aws: Aws) -> None:
    def analyzers(called: Called) -> bool:
        return called.operation == "GET /analyzer"

    with aws.proxy.fault(analyzers, Fault(200, "", body='{"analyzers": []}')):
        found = detections(resources(look(aws, kinds=("service.detection",), regions=(ELSEWHERE,))))
    off = {type_ for type_, facts in found.items() if facts["active"] is False}
    assert off == {"threats", "posture", "vulnerabilities", "external-access", "configuration"}
    assert all(found[type_]["covers"] == [] and found[type_]["region"] == ELSEWHERE for type_ in off)


def test_macie_that_is_off_is_told_from_macie_that_may_not_be_asked(aws: Aws) -> None:
    def macie(called: Called) -> bool:
        return called.service == "macie2"

    off = Fault(403, "AccessDeniedException", message="Macie is not enabled.")
    with aws.proxy.fault(macie, off):
        records = look(aws, kinds=("service.detection",), services=("macie2",))
    assert failures(records) == []
    assert detections(resources(records))["personal-data"]["active"] is False
    with aws.proxy.fault(macie, Fault(403, "AccessDeniedException")):
        records = look(aws, kinds=("service.detection",), services=("macie2",))
    assert len(failures(records)) == 1
    assert {kind for kind, _ in resources(records)} == {"cloud.listing"}


def test_twins_are_told_apart(told: Told) -> None:
    for kind, sound, faulty, fields in (
        ("identity.principal", "user/curator", "user/guest", {
            "password": (True, True), "mfa": (True, False), "long_lived_keys": (False, False),
        }),
        ("service.trail", "trail/all", "trail/stopped", {
            "watchable": (True, False), "bucket_public": (False, False),
        }),
        ("storage.snapshot", "kept", "given", {"public": (False, True), "type": ("database", "database")}),
        ("storage.snapshot", "document/kept", "document/given", {"public": (False, True)}),
        ("storage.access-point", "accesspoint/training", "accesspoint/scratch", {
            "public_access_blocked": (True, False), "private_network": (True, False),
        }),
        ("storage.backup-vault", "patients", "scratch", {"locked": (True, False), "public": (False, False)}),
    ):  # fmt: skip
        good, bad = told[kind, sound], told[kind, faulty]
        assert {name: (good[name], bad[name]) for name in fields} == fields, (kind, sound)
    assert (
        told["storage.backup-vault", "patients"]["kms_key"] and not told["storage.backup-vault", "scratch"]["kms_key"]
    )


def test_only_alarms_that_tell_somebody_count(told: Told) -> None:
    alarms = told["service.trail", "trail/all"]["alarms"]
    assert {one["event"] for one in alarms if one["set"]} == {"use-of-root"}


def test_snapshots_that_everyone_may_restore_are_told(told: Told) -> None:
    public = [facts["public"] for (kind, name), facts in told.items() if name.startswith("snapshot/")]
    assert sorted(public) == [False, True]  # moto lists what is not public, too


def test_the_account_as_a_whole(told: Told) -> None:
    assert told["identity.account", "root"] == {
        "provider": "aws", "root_password": True, "root_mfa": False, "root_hardware_mfa": False,
        "root_access_keys": False, "security_contact": True,
    }  # fmt: skip
    policy = told["identity.password-policy", "password-policy"]
    assert (policy["minimum_length"], policy["symbols"], policy["reuse_prevented"]) == (14, True, 24)
    assert [facts["snapshots_shared"] for (kind, _), facts in told.items() if kind == "storage.defaults"] == [False]


def test_without_a_password_policy_iams_own_holds(aws: Aws) -> None:
    none = Fault(404, "NoSuchEntity")
    with aws.proxy.fault(lambda called: called.operation == "GetAccountPasswordPolicy", none):
        records = look(aws, kinds=("identity.password-policy",))
    assert failures(records) == []
    policy = resources(records)["identity.password-policy", "password-policy"]
    assert (policy["minimum_length"], policy["symbols"], policy["reuse_prevented"]) == (8, False, 0)


def test_users_are_read_from_one_report_and_nothing_names_who_is_to_be_told(aws: Aws) -> None:
    aws.proxy.calls.clear()
    records = look(aws, kinds=KINDS)
    asked = [one.operation for one in aws.proxy.calls if one.service == "iam"]
    assert "ListAccessKeys" not in asked and asked.count("GetCredentialReport") == 1
    said = str(records)
    assert not any(private in said for private in ("security@example.com", "7946", "On call", ":sns:"))


def test_users_that_the_report_does_not_have_yet_are_not_known(aws: Aws, told: Told) -> None:
    iam = aws.client("iam")
    header = iam.get_credential_report()["Content"].decode().splitlines()[0]
    content = base64.b64encode(header.encode()).decode()
    body = (
        "<GetCredentialReportResponse><GetCredentialReportResult>"
        f"<Content>{content}</Content><ReportFormat>text/csv</ReportFormat>"
        "<GeneratedTime>2026-01-02T00:00:00Z</GeneratedTime></GetCredentialReportResult></GetCredentialReportResponse>"
    )
    with aws.proxy.fault(lambda called: called.operation == "GetCredentialReport", Fault(200, "", body=body)):
        facts = resources(look(aws, kinds=("identity.principal",), services=("iam",)))
    assert told["identity.principal", "user/scientist"]["long_lived_keys"] is True
    assert isinstance(facts["identity.principal", "user/scientist"]["long_lived_keys"], Unknown)


def test_what_backups_hold_counts_as_backed_up(aws: Aws) -> None:
    systems = aws.client("efs").describe_file_systems()["FileSystems"]
    plain = next(one["FileSystemArn"] for one in systems if not one["Encrypted"])
    body = f'{{"Results": [{{"ResourceArn": "{plain}", "ResourceType": "EFS", "LastBackupTime": 1.7e9}}]}}'
    with aws.proxy.fault(lambda called: called.operation == "GET /resources/", Fault(200, "", body=body)):
        told = resources(look(aws, kinds=("storage.file-system",)))
    name = plain.rpartition(":")[2]
    assert told["storage.file-system", name]["backed_up"] is True
    assert resources(look(aws, kinds=("storage.file-system",)))["storage.file-system", name]["backed_up"] is False


def test_a_registry_that_scans_everything_counts_for_each_repository(aws: Aws) -> None:
    everything = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}]
    ecr = aws.client("ecr")
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=everything)
    told = resources(look(aws, kinds=("service.image-repository",)))
    ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[])
    assert told["service.image-repository", "repository/scratch"]["scanned_on_push"] is True


def test_pod_identities_count_for_their_cluster(aws: Aws) -> None:
    body = '{"associations": [{"associationId": "a-1"}]}'

    def of_training(called: Called) -> bool:
        return called.operation == "GET /clusters/training/pod-identity-associations"

    with aws.proxy.fault(of_training, Fault(200, "", body=body)):
        told = resources(look(aws, kinds=("service.cluster",)))
    assert told["service.cluster", "cluster/training"]["workload_identity"] is True
    assert told["service.cluster", "cluster/scratch"]["workload_identity"] is False
