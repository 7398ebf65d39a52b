"""Google Cloud in Terraform: each kind as a bad, a sound and an unresolved twin."""

from pathlib import Path

from tests.unit.facts_source import expect, from_terraform

UNSET = 'variable "unset" {}\nresource "google_kms_crypto_key" "key" {}\n'
UNKNOWN = "? unresolved: var.unset"
KEY = "google_kms_crypto_key.key.id"


def test_storage(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "google_storage_bucket" "bad" { name = "bad" }
resource "google_storage_bucket_iam_member" "bad" {
  bucket = google_storage_bucket.bad.name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}
resource "google_storage_bucket" "good" {
  name                     = "good"
  public_access_prevention = "enforced"
  labels                   = { owner = "ml" }
  encryption { default_kms_key_name = google_kms_crypto_key.key.id }
  versioning { enabled = true }
  logging { log_bucket = "logs" }
  retention_policy { retention_period = 86400 }
  lifecycle_rule {
    action { type = "Delete" }
    condition { age = 30 }
  }
  lifecycle_rule {
    action { type = "Delete" }
    condition {
      age            = 1
      matches_prefix = ["tmp/"]
    }
  }
}
resource "google_storage_bucket" "unknown" {
  name                     = "unknown"
  public_access_prevention = var.unset
}
resource "google_storage_bucket_iam_binding" "unknown" {
  bucket  = google_storage_bucket.unknown.name
  role    = "roles/storage.objectAdmin"
  members = [var.unset]
}
resource "google_storage_bucket" "acl" { name = "acl" }
resource "google_storage_bucket_acl" "acl" {
  bucket      = google_storage_bucket.acl.name
  role_entity = ["WRITER:allUsers"]
}
resource "google_compute_disk" "plain" {}
resource "google_compute_disk" "keyed" {
  disk_encryption_key { kms_key_self_link = google_kms_crypto_key.key.id }
}
""",
    )
    expect(found, "google_storage_bucket.bad", public_read=True, public_write=False, public_access_block_declared=False)
    expect(found, "google_storage_bucket.bad", versioned=False, access_logged=False, kms_key=None, retention_days=None)
    expect(
        found,
        "google_storage_bucket.good",
        public_access_blocked=True,
        kms_key=KEY,
        versioned=True,
        tags={"owner": "ml"},
    )
    expect(found, "google_storage_bucket.good", access_logged=True, object_lock=True, retention_days=30)
    expect(found, "google_storage_bucket.unknown", public_access_block_declared=UNKNOWN, public_read=UNKNOWN)
    expect(found, "google_storage_bucket.acl", public_read=True, public_write=True)
    expect(found, "google_compute_disk.plain", encrypted_at_rest=True, kms_key=None)
    expect(found, "google_compute_disk.keyed", kms_key=KEY)


def test_databases_and_keys(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "google_sql_database_instance" "bad" {
  database_version = "POSTGRES_15"
  settings { tier = "db-f1-micro" }
}
resource "google_sql_database_instance" "good" {
  database_version    = "MYSQL_8_0"
  encryption_key_name = google_kms_crypto_key.key.id
  settings {
    availability_type = "REGIONAL"
    ip_configuration {
      ipv4_enabled = false
      ssl_mode     = "ENCRYPTED_ONLY"
    }
    backup_configuration {
      enabled            = true
      binary_log_enabled = true
      backup_retention_settings { retained_backups = 30 }
    }
    database_flags {
      name  = "cloudsql_iam_authentication"
      value = "on"
    }
    database_flags {
      name  = "general_log"
      value = "on"
    }
  }
}
resource "google_sql_database_instance" "unknown" {
  database_version = var.unset
  settings {
    ip_configuration { ipv4_enabled = var.unset }
  }
}
resource "google_bigquery_dataset" "bad" {
  access {
    role          = "READER"
    special_group = "allAuthenticatedUsers"
  }
}
resource "google_bigquery_dataset" "good" {
  default_encryption_configuration { kms_key_name = google_kms_crypto_key.key.id }
}
resource "google_kms_crypto_key" "good" {
  rotation_period = "7776000s"
  version_template { protection_level = "HSM" }
}
resource "google_kms_crypto_key" "unknown" { rotation_period = var.unset }
resource "google_kms_crypto_key_iam_member" "open" {
  crypto_key_id = google_kms_crypto_key.key.id
  role          = "roles/cloudkms.cryptoKeyDecrypter"
  member        = "allAuthenticatedUsers"
}
""",
    )
    bad = {"public": True, "transit_encrypted": False, "backup_days": 0, "point_in_time_recovery": False}
    expect(found, "google_sql_database_instance.bad", **bad, engine="postgres", audit_logged=False, kms_key=None)
    good = {"public": False, "transit_encrypted": True, "backup_days": 30, "point_in_time_recovery": True}
    expect(found, "google_sql_database_instance.good", **good, engine="mysql", audit_logged=True, kms_key=KEY)
    expect(found, "google_sql_database_instance.good", iam_authentication=True, multi_zone=True)
    expect(found, "google_sql_database_instance.unknown", engine=UNKNOWN, public=UNKNOWN)
    expect(found, "google_bigquery_dataset.bad", public=True, kms_key=None)
    expect(found, "google_bigquery_dataset.good", public=False, kms_key=KEY)
    expect(found, "google_kms_crypto_key.key", rotated=False, usable_by_anyone=True, deletion_window_days=30)
    expect(
        found,
        "google_kms_crypto_key.good",
        rotated=True,
        rotation_days=90,
        hardware_backed=True,
        usable_by_anyone=False,
    )
    expect(found, "google_kms_crypto_key.unknown", rotated=UNKNOWN)


def test_identities(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "google_project_iam_member" "owner" {
  project = "p"
  role    = "roles/owner"
  member  = "user:a@example.com"
}
resource "google_project_iam_binding" "open" {
  project = "p"
  role    = "roles/viewer"
  members = ["allUsers"]
}
resource "google_project_iam_member" "unknown" {
  role   = var.unset
  member = var.unset
}
resource "google_service_account" "keyed" {}
resource "google_service_account_key" "keyed" { service_account_id = google_service_account.keyed.name }
resource "google_service_account" "lent" {}
resource "google_service_account_iam_member" "lent" {
  service_account_id = google_service_account.lent.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:p.svc.id.goog[ns/sa]"
}
""",
    )
    expect(
        found, "google_project_iam_member.owner", administrator=True, public=False, principals=["user:a@example.com"]
    )
    statement = {"actions": ["roles/viewer"], "resources": ["p"], "conditional": False}
    expect(found, "google_project_iam_binding.open", administrator=False, public=True, statements=[statement])
    expect(found, "google_project_iam_member.unknown", administrator=UNKNOWN, public=UNKNOWN, principals=UNKNOWN)
    expect(found, "google_service_account.keyed", long_lived_keys=True, assumable_by=[])
    lent = ["serviceAccount:p.svc.id.goog[ns/sa]"]
    expect(found, "google_service_account.lent", long_lived_keys=False, assumable_by=lent, assumable_by_anyone=False)


def test_networks_and_services(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "google_compute_firewall" "open" {
  allow {
    protocol = "tcp"
    ports    = ["22", "8000-9000"]
  }
}
resource "google_compute_firewall" "tagged" {
  source_tags = ["web"]
  allow { protocol = "all" }
}
resource "google_compute_firewall" "off" {
  disabled = true
  allow { protocol = "all" }
}
resource "google_compute_firewall" "unknown" {
  source_ranges = [var.unset]
  allow {
    protocol = "tcp"
    ports    = [var.unset]
  }
}
resource "google_compute_network" "dark" {}
resource "google_compute_network" "seen" { auto_create_subnetworks = false }
resource "google_compute_subnetwork" "seen" {
  network = google_compute_network.seen.id
  log_config { flow_sampling = 1 }
}
resource "google_container_cluster" "bad" {}
resource "google_container_cluster" "good" {
  private_cluster_config {
    enable_private_endpoint = true
    enable_private_nodes    = true
  }
  network_policy { enabled = true }
  workload_identity_config { workload_pool = "p.svc.id.goog" }
  database_encryption {
    state    = "ENCRYPTED"
    key_name = google_kms_crypto_key.key.id
  }
}
resource "google_container_cluster" "limited" {
  master_authorized_networks_config {
    cidr_blocks { cidr_block = "203.0.113.0/24" }
    cidr_blocks { cidr_block = var.unset }
  }
}
resource "google_artifact_registry_repository" "open" { repository_id = "open" }
resource "google_artifact_registry_repository_iam_member" "open" {
  repository = google_artifact_registry_repository.open.name
  role       = "roles/artifactregistry.reader"
  member     = "allUsers"
}
resource "google_artifact_registry_repository" "good" {
  kms_key_name = google_kms_crypto_key.key.id
  docker_config { immutable_tags = true }
}
""",
    )
    shown = {"direction": "ingress", "protocol": "tcp", "cidrs": ["0.0.0.0/0"], "described": False}
    both = [{**shown, "from_port": 22, "to_port": 22}, {**shown, "from_port": 8000, "to_port": 9000}]
    expect(found, "google_compute_firewall.open", openings=both)
    everything = {**shown, "protocol": "all", "from_port": 0, "to_port": 65535}
    expect(found, "google_compute_firewall.tagged", openings=[{**everything, "cidrs": []}])
    expect(found, "google_compute_firewall.off", openings=[])
    expect(found, "google_compute_firewall.unknown", openings=[UNKNOWN])
    expect(found, "google_compute_network.dark", flow_logged=False)
    expect(found, "google_compute_network.seen", flow_logged=True)
    assert "google_compute_subnetwork.seen" not in found
    expect(
        found, "google_container_cluster.bad", public_endpoint=True, endpoint_cidrs=["0.0.0.0/0"], private_nodes=False
    )
    expect(found, "google_container_cluster.good", public_endpoint=False, private_nodes=True, network_policy=True)
    expect(found, "google_container_cluster.good", workload_identity=True, secrets_encrypted=True)
    expect(found, "google_container_cluster.limited", endpoint_cidrs=["203.0.113.0/24", UNKNOWN])
    expect(found, "google_artifact_registry_repository.open", public=True, immutable_tags=False)
    expect(found, "google_artifact_registry_repository.good", public=False, immutable_tags=True, kms_key=KEY)


def test_machine_learning(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "google_notebooks_instance" "bad" {}
resource "google_notebooks_instance" "good" {
  no_public_ip = true
  network      = "n"
  kms_key      = google_kms_crypto_key.key.id
  metadata     = { notebook-disable-root = "true" }
}
resource "google_notebooks_instance" "unknown" { no_public_ip = var.unset }
resource "google_workbench_instance" "good" {
  gce_setup {
    disable_public_ip = true
    metadata          = { notebook-disable-root = "true" }
    boot_disk { kms_key = google_kms_crypto_key.key.id }
    network_interfaces { subnet = "s" }
  }
}
resource "google_workbench_instance" "half" {
  gce_setup {
    boot_disk { kms_key = google_kms_crypto_key.key.id }
    data_disks { disk_size_gb = 10 }
  }
}
resource "google_vertex_ai_endpoint" "bad" {}
resource "google_vertex_ai_endpoint" "good" {
  network = "n"
  encryption_spec { kms_key_name = google_kms_crypto_key.key.id }
}
resource "google_vertex_ai_featurestore" "bad" {}
resource "google_vertex_ai_tensorboard" "good" {
  encryption_spec { kms_key_name = google_kms_crypto_key.key.id }
}
""",
    )
    expect(
        found, "google_notebooks_instance.bad", public=True, root_access=True, kms_key=None, in_private_network=False
    )
    expect(
        found, "google_notebooks_instance.good", public=False, root_access=False, kms_key=KEY, in_private_network=True
    )
    expect(found, "google_notebooks_instance.unknown", public=UNKNOWN)
    expect(
        found, "google_workbench_instance.good", public=False, root_access=False, kms_key=KEY, in_private_network=True
    )
    expect(found, "google_workbench_instance.half", public=True, kms_key=None)
    expect(found, "google_vertex_ai_endpoint.bad", public=True, kms_key=None, captures_data=False)
    expect(found, "google_vertex_ai_endpoint.good", public=False, kms_key=KEY)
    expect(found, "google_vertex_ai_featurestore.bad", service="vertex-featurestore", kms_key=None)
    expect(found, "google_vertex_ai_tensorboard.good", service="vertex-tensorboard", kms_key=KEY)


def test_whole_policies_are_read_by_their_bindings(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
data "google_iam_policy" "wide" {
  binding {
    role    = "roles/owner"
    members = ["user:a@acme.example"]
  }
  binding {
    role    = "roles/storage.objectViewer"
    members = ["allUsers", "user:a@acme.example"]
    condition {
      title      = "office hours"
      expression = "request.time < timestamp('2027-01-01T00:00:00Z')"
    }
  }
}
data "google_iam_policy" "narrow" {
  binding {
    role    = "roles/logging.viewer"
    members = ["group:ml@acme.example"]
  }
}
data "google_iam_policy" "half" {
  binding {
    role    = var.unset
    members = ["group:ml@acme.example"]
  }
  binding {
    role    = "roles/resourcemanager.projectIamAdmin"
    members = ["group:ml@acme.example"]
  }
}
resource "google_project_iam_policy" "wide" { policy_data = data.google_iam_policy.wide.policy_data }
resource "google_project_iam_policy" "narrow" { policy_data = data.google_iam_policy.narrow.policy_data }
resource "google_project_iam_policy" "half" { policy_data = data.google_iam_policy.half.policy_data }
resource "google_project_iam_policy" "encoded" {
  policy_data = jsonencode({ bindings = [{ role = "roles/editor", members = ["user:b@acme.example"] }] })
}
resource "google_project_iam_policy" "unread" { policy_data = var.unset }
resource "google_storage_bucket" "open" { name = "open" }
resource "google_storage_bucket_iam_policy" "open" {
  bucket      = google_storage_bucket.open.name
  policy_data = data.google_iam_policy.wide.policy_data
}
resource "google_storage_bucket" "closed" { name = "closed" }
resource "google_storage_bucket_iam_policy" "closed" {
  bucket      = google_storage_bucket.closed.name
  policy_data = data.google_iam_policy.narrow.policy_data
}
""",
    )
    policy = "google_project_iam_policy"
    members = ["user:a@acme.example", "allUsers"]
    expect(found, f"{policy}.wide", administrator=True, surely_administrator=True, public=True, principals=members)
    expect(found, f"{policy}.wide", whole_services=["*"], self_escalating=True, passes_any_role=True)
    narrow = {"administrator": False, "public": False, "whole_services": [], "self_escalating": False}
    expect(found, f"{policy}.narrow", **narrow, passes_any_role=False)
    half = {"administrator": UNKNOWN, "surely_administrator": False, "self_escalating": True, "public": False}
    expect(found, f"{policy}.half", **half)
    expect(found, f"{policy}.encoded", administrator=False, whole_services=["*"])
    expect(found, f"{policy}.unread", administrator=UNKNOWN, principals=UNKNOWN)
    expect(found, "google_storage_bucket.open", public_read=True, public_write=False)
    expect(found, "google_storage_bucket.closed", public_read=False, public_write=False)
