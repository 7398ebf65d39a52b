"""Google's exports: what they tell is stated as infrastructure code is, and what they don't is unknown."""

import json
from pathlib import Path

import pytest

from assay.scanner.model.fact import reason_of
from tests.unit.assets_source import facts, google, lines, observed, policy, shown
from tests.unit.facts_source import from_terraform

BUCKET = "storage.googleapis.com/Bucket"
UNIFORM = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
EMPTY = {"encryption": {}, "logging": {}, "retentionPolicy": {}, "versioning": {}, "acl": [], "lifecycle": {"rule": []}}
NETWORK = "compute.googleapis.com/Network"
NET = {"name": "net", "autoCreateSubnetworks": False}
HOME = "https://www.googleapis.com/compute/v1/projects/p/global/networks/net"
ACCOUNT = {"email": "a@p.iam.gserviceaccount.com", "uniqueId": "107", "projectId": "p"}


def bucket(name: str = "b", **data: object) -> dict[str, object]:
    return google(BUCKET, name, {"name": name, **EMPTY, **UNIFORM, **data})


def test_empty_objects_are_settings_that_are_off(tmp_path):
    found = facts(tmp_path, bucket())["b"]
    off = ("access_logged", "encryption_declared", "object_lock", "versioned")
    assert {name: found[name] for name in off} == dict.fromkeys(off, False)


def test_public_by_policy_only_where_policies_were_exported(tmp_path):
    assert facts(tmp_path, bucket())["b"]["public_read"].startswith("? not-collected")
    other = policy(BUCKET, "other", "roles/storage.objectViewer", "user:a@acme.example")
    assert facts(tmp_path, bucket(), other)["b"]["public_read"] is False
    opened = policy(BUCKET, "b", "roles/storage.objectViewer", "allUsers")
    assert facts(tmp_path, bucket(), opened)["b"]["public_read"] is True


def test_policies_of_another_type_or_project_say_nothing(tmp_path):
    project = policy(
        "cloudresourcemanager.googleapis.com/Project", "projects/410", "roles/viewer", "user:a@acme.example"
    )
    assert facts(tmp_path, bucket(), project)["b"]["public_read"].startswith("? not-collected")
    elsewhere = {**policy(BUCKET, "x", "roles/viewer", "user:a@acme.example"), "ancestors": ["projects/7"]}
    (tmp_path / "other.ndjson").write_bytes(lines(elsewhere))
    assert facts(tmp_path, bucket())["b"]["public_read"].startswith("? not-collected")


def test_acls_count_unless_access_is_uniform(tmp_path):
    other = policy(BUCKET, "other", "roles/viewer", "user:a@acme.example")
    found = facts(tmp_path, bucket(iamConfiguration={"uniformBucketLevelAccess": {"enabled": False}}), other)["b"]
    assert "ACL" in found["public_read"]
    entries = [{"entity": "allUsers", "role": "READER"}]
    assert facts(tmp_path, bucket(iamConfiguration={}, acl=entries), other)["b"]["public_read"] is True


def test_what_is_only_named_is_unknown_in_full(tmp_path):
    named = {key: value for key, value in bucket().items() if key != "resource"}
    other = policy(BUCKET, "other", "roles/viewer", "user:a@acme.example")
    found = facts(tmp_path, named, other)["b"]
    for name in ("versioned", "access_logged", "public_read", "object_lock", "kms_key", "retention_days"):
        assert found[name].startswith("? not-collected"), name


def test_a_search_and_its_policies_are_read(tmp_path):
    found = {"name": "//storage.googleapis.com/b", "assetType": BUCKET, "project": "projects/410", "location": "us"}
    held = {"resource": "//storage.googleapis.com/b", "assetType": BUCKET, "project": "projects/410",
            "policy": {"bindings": [{"role": "roles/storage.objectViewer", "members": ["allUsers"]}]}}  # fmt: skip
    (tmp_path / "resources.json").write_text(json.dumps([found], indent=2))
    (tmp_path / "policies.json").write_text(json.dumps({"results": [held], "nextPageToken": ""}))
    assert shown(observed(tmp_path))["b"]["public_read"] is True


def test_egress_and_flow_logs_rest_on_types_that_were_exported(tmp_path):
    net = google(NETWORK, "projects/p/global/networks/net", NET)
    found = facts(tmp_path, net)["net"]
    assert reason_of(found["openings"][0]).startswith("not-collected")
    assert found["flow_logged"].startswith("? not-collected")
    other = "https://www.googleapis.com/compute/v1/projects/p/global/networks/other"
    rule = google("compute.googleapis.com/Firewall", "projects/p/global/firewalls/f", {"name": "f", "network": other})
    sub = google("compute.googleapis.com/Subnetwork", "projects/p/regions/r/subnetworks/s",
                 {"network": HOME, "logConfig": {"enable": True}})  # fmt: skip
    found = facts(tmp_path, net, rule, sub)["net"]
    assert [one["direction"] for one in found["openings"]] == ["egress"]
    assert found["flow_logged"] is True


@pytest.mark.parametrize(("spelling", "named"), [("IPProtocol", "tcp"), ("ipProtocol", "tcp")])
def test_both_spellings_of_a_protocol(tmp_path, spelling, named):
    data = {"network": HOME, "direction": "INGRESS", "sourceRanges": ["0.0.0.0/0"],
            "allowed": [{spelling: "tcp", "ports": ["22"]}]}  # fmt: skip
    found = facts(tmp_path, google("compute.googleapis.com/Firewall", "projects/p/global/firewalls/f", data))["f"]
    assert (found["openings"][0]["protocol"], found["openings"][0]["from_port"]) == (named, 22)


def test_keys_of_accounts(tmp_path):
    account = google("iam.googleapis.com/ServiceAccount", "projects/p/serviceAccounts/107", ACCOUNT)
    assert facts(tmp_path, account)["107"]["long_lived_keys"].startswith("? not-collected")
    path = "projects/p/serviceAccounts/107/keys/k"
    for sort, long_lived in (("SYSTEM_MANAGED", False), ("USER_MANAGED", True)):
        key = google("iam.googleapis.com/ServiceAccountKey", path, {"keyType": sort})
        assert facts(tmp_path, account, key)["107"]["long_lived_keys"] is long_lived
    by_address = google(
        "iam.googleapis.com/ServiceAccountKey", path.replace("107", str(ACCOUNT["email"])), {"keyType": "USER_MANAGED"}
    )
    assert facts(tmp_path, account, by_address)["107"]["long_lived_keys"] is True


def test_grants_by_role_with_conditions(tmp_path):
    held = google(
        "cloudresourcemanager.googleapis.com/Project", "projects/410", None,
        iam_policy={"bindings": [
            {"role": "roles/owner", "members": ["serviceAccount:a@p.iam.gserviceaccount.com"]},
            {"role": "roles/editor", "members": ["user:x@acme.example"], "condition": {"expression": "false"}},
        ]},
    )  # fmt: skip
    found = facts(tmp_path, held)
    assert found["owner"]["administrator"] is True
    assert found["owner"]["holders"] == ["a@p.iam.gserviceaccount.com"]
    assert found["editor"]["whole_services"] == []


TERRAFORM = """
resource "google_storage_bucket" "b" {
  name = "b"
  location = "EUROPE-WEST4"
  uniform_bucket_level_access = true
  public_access_prevention = "enforced"
  versioning { enabled = true }
  lifecycle_rule {
    action { type = "Delete" }
    condition { age = 30 }
  }
}
resource "google_sql_database_instance" "db" {
  name = "db"
  region = "europe-west4"
  database_version = "POSTGRES_16"
  deletion_protection = false
  settings {
    tier = "t"
    availability_type = "REGIONAL"
    ip_configuration {
      ipv4_enabled = false
      ssl_mode = "ENCRYPTED_ONLY"
    }
    backup_configuration {
      enabled = true
      point_in_time_recovery_enabled = true
    }
  }
}
resource "google_container_cluster" "c" {
  name = "c"
  location = "europe-west4"
  private_cluster_config {
    enable_private_nodes = true
  }
  master_authorized_networks_config {
    cidr_blocks { cidr_block = "10.0.0.0/8" }
  }
  datapath_provider = "ADVANCED_DATAPATH"
}
resource "google_workbench_instance" "w" {
  name = "w"
  location = "europe-west4-a"
  gce_setup {
    disable_public_ip = true
    metadata = { notebook-disable-root = "true" }
    network_interfaces { network = "n" }
  }
}
resource "google_vertex_ai_endpoint" "e" {
  name = "e"
  display_name = "e"
  location = "europe-west4"
  predict_request_response_logging_config { enabled = true }
}
"""
EXPORTED = (
    bucket(
        iamConfiguration={"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": {"enabled": True}},
        versioning={"enabled": True},
        lifecycle={"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]},
    ),
    policy(BUCKET, "other", "roles/viewer", "user:a@acme.example"),
    google("sqladmin.googleapis.com/Instance", "projects/p/instances/db", {
        "name": "db", "databaseVersion": "POSTGRES_16",
        "settings": {"availabilityType": "REGIONAL",
                     "ipConfiguration": {"ipv4Enabled": False, "sslMode": "ENCRYPTED_ONLY"},
                     "backupConfiguration": {"enabled": True, "pointInTimeRecoveryEnabled": True}}}),
    google("container.googleapis.com/Cluster", "projects/p/locations/europe-west4/clusters/c", {
        "name": "c", "privateClusterConfig": {"enablePrivateNodes": True},
        "masterAuthorizedNetworksConfig": {"enabled": True, "cidrBlocks": [{"cidrBlock": "10.0.0.0/8"}]},
        "networkConfig": {"datapathProvider": "ADVANCED_DATAPATH"}}),
    google("notebooks.googleapis.com/Instance", "projects/p/locations/europe-west4-a/instances/w", {"gceSetup": {
        "disablePublicIp": True, "metadata": {"notebook-disable-root": "true"},
        "networkInterfaces": [{"network": "n"}]}},
        "europe-west4-a"),
    google("aiplatform.googleapis.com/Endpoint", "projects/p/locations/europe-west4/endpoints/e",
           {"displayName": "e", "predictRequestResponseLoggingConfig": {"enabled": True}}),
)  # fmt: skip


def test_declared_and_exported_give_the_same_facts(tmp_path):
    declared, exported = tmp_path / "declared", tmp_path / "exported"
    declared.mkdir()
    exported.mkdir()
    ours = {address.rpartition(".")[2]: facts_ for address, facts_ in from_terraform(declared, TERRAFORM).items()}
    theirs = facts(exported, *EXPORTED)
    assert set(ours) <= set(theirs)
    for name, expected in ours.items():
        for field, value in expected.items():
            if field in ("kind", "address", "location"):
                continue
            found = theirs[name][field]
            if not (isinstance(value, str) and value.startswith("?")) and not str(found).startswith("?"):
                assert found == value, (name, field)


FIXTURE = Path(__file__).parents[2] / "fixtures" / "assets"


def test_twins_of_the_fixture_differ():
    found = [one for one in observed(FIXTURE) if getattr(one, "kind", "") != "cloud.export"]
    by_kind: dict[str, dict[str, object]] = {}
    for one in found:
        for twin in ("sound", "faulty"):
            if twin in one.address and one.surface == "asset":
                by_kind.setdefault(one.address.replace(twin, "*") + one.kind, {})[twin] = one.facts
    pairs = {address: twins for address, twins in by_kind.items() if len(twins) == 2}
    assert len(pairs) > 30
    assert not [address for address, twins in pairs.items() if twins["sound"] == twins["faulty"]]
