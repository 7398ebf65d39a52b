"""Azure in Terraform: each kind as a bad, a sound and an unresolved twin."""

from pathlib import Path

from tests.unit.facts_source import expect, from_terraform

UNSET = 'variable "unset" {}\n'
UNKNOWN = "? unresolved: var.unset"


def test_storage_and_keys(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "azurerm_storage_account" "bad" {
  name                       = "bad"
  https_traffic_only_enabled = false
}
resource "azurerm_storage_container" "bad" {
  storage_account_name  = azurerm_storage_account.bad.name
  container_access_type = "blob"
}
resource "azurerm_storage_account" "good" {
  name                            = "good"
  allow_nested_items_to_be_public = false
  blob_properties { versioning_enabled = true }
}
resource "azurerm_storage_account_customer_managed_key" "good" {
  storage_account_id = azurerm_storage_account.good.id
  key_vault_key_id   = azurerm_key_vault_key.good.id
}
resource "azurerm_monitor_diagnostic_setting" "good" {
  target_resource_id = "${azurerm_storage_account.good.id}/blobServices/default"
  enabled_log { category = "StorageRead" }
}
resource "azurerm_storage_management_policy" "good" {
  storage_account_id = azurerm_storage_account.good.id
  rule {
    enabled = true
    filters { blob_types = ["blockBlob"] }
    actions {
      base_blob { delete_after_days_since_modification_greater_than = 90 }
    }
  }
}
resource "azurerm_storage_account" "unknown" { allow_nested_items_to_be_public = var.unset }
resource "azurerm_managed_disk" "plain" {}
resource "azurerm_managed_disk" "keyed" { disk_encryption_set_id = "set" }
resource "azurerm_key_vault" "v" { purge_protection_enabled = true }
resource "azurerm_key_vault_key" "good" {
  key_vault_id = azurerm_key_vault.v.id
  key_type     = "RSA-HSM"
  rotation_policy {
    automatic { time_after_creation = "P3M" }
  }
}
resource "azurerm_key_vault_key" "bad" {
  key_vault_id = "elsewhere"
  key_type     = "RSA"
}
""",
    )
    bad = {"public_read": True, "public_access_blocked": False, "tls_required": False, "versioned": False}
    expect(found, "azurerm_storage_account.bad", **bad, kms_key=None, access_logged=False, encrypted_at_rest=True)
    good = {"public_read": False, "public_access_blocked": True, "tls_required": True, "versioned": True}
    key = "azurerm_key_vault_key.good.id"
    expect(found, "azurerm_storage_account.good", **good, kms_key=key, access_logged=True, retention_days=90)
    expect(found, "azurerm_storage_account.unknown", public_access_blocked=UNKNOWN, public_read=False)
    expect(found, "azurerm_managed_disk.plain", encrypted_at_rest=True, kms_key=None)
    expect(found, "azurerm_managed_disk.keyed", kms_key="set")
    expect(
        found,
        "azurerm_key_vault_key.good",
        rotated=True,
        rotation_days=90,
        deletion_protected=True,
        hardware_backed=True,
    )
    elsewhere = "? its vault isn't declared here"
    expect(found, "azurerm_key_vault_key.bad", rotated=False, deletion_protected=elsewhere, hardware_backed=False)


def test_databases(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "azurerm_mssql_server" "bad" {}
resource "azurerm_mssql_database" "bad" { server_id = azurerm_mssql_server.bad.id }
resource "azurerm_mssql_server" "good" {
  public_network_access_enabled = false
  azuread_administrator { login_username = "dba" }
}
resource "azurerm_mssql_server_extended_auditing_policy" "good" { server_id = azurerm_mssql_server.good.id }
resource "azurerm_postgresql_flexible_server" "bad" {}
resource "azurerm_postgresql_flexible_server_configuration" "bad" {
  server_id = azurerm_postgresql_flexible_server.bad.id
  name      = "require_secure_transport"
  value     = "off"
}
resource "azurerm_postgresql_flexible_server" "good" {
  delegated_subnet_id   = "subnet"
  backup_retention_days = 35
  high_availability { mode = "ZoneRedundant" }
}
resource "azurerm_postgresql_flexible_server" "unknown" { public_network_access_enabled = var.unset }
resource "azurerm_postgresql_server" "old" { ssl_enforcement_enabled = false }
resource "azurerm_cosmosdb_account" "bad" {}
resource "azurerm_cosmosdb_account" "good" {
  public_network_access_enabled = false
  local_authentication_disabled = true
  backup { type = "Continuous" }
}
""",
    )
    expect(found, "azurerm_mssql_server.bad", public=True, audit_logged=False, iam_authentication=False)
    expect(found, "azurerm_mssql_database.bad", public=True, audit_logged=False, backup_days=7, encrypted_at_rest=True)
    expect(found, "azurerm_mssql_server.good", public=False, audit_logged=True, iam_authentication=True)
    expect(found, "azurerm_postgresql_flexible_server.bad", public=True, transit_encrypted=False, multi_zone=False)
    expect(found, "azurerm_postgresql_flexible_server.good", public=False, transit_encrypted=True, backup_days=35)
    expect(found, "azurerm_postgresql_flexible_server.unknown", public=UNKNOWN)
    expect(found, "azurerm_postgresql_server.old", transit_encrypted=False, public=True, engine="postgres")
    expect(found, "azurerm_cosmosdb_account.bad", public=True, point_in_time_recovery=False, iam_authentication=False)
    expect(found, "azurerm_cosmosdb_account.good", public=False, point_in_time_recovery=True, backup_days=30)


def test_networks_and_identities(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "azurerm_network_security_group" "g" {
  name = "g"
  security_rule {
    access                     = "Allow"
    direction                  = "Inbound"
    protocol                   = "Tcp"
    destination_port_range     = "22"
    source_address_prefix      = "Internet"
    destination_address_prefix = "*"
  }
  security_rule {
    access                 = "Deny"
    direction              = "Inbound"
    protocol               = "*"
    destination_port_range = "*"
    source_address_prefix  = "*"
  }
}
resource "azurerm_network_security_rule" "g" {
  network_security_group_name = azurerm_network_security_group.g.name
  access                      = "Allow"
  direction                   = "Outbound"
  protocol                    = "*"
  destination_port_ranges     = ["80-90", "443"]
  destination_address_prefix  = var.unset
}
resource "azurerm_virtual_network" "dark" {}
resource "azurerm_role_assignment" "owner" {
  scope                = "/subscriptions/1"
  role_definition_name = "Owner"
  principal_id         = "p"
}
resource "azurerm_role_assignment" "by_id" {
  scope              = "/subscriptions/1"
  role_definition_id = "/x/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
  principal_id       = "p"
}
resource "azurerm_role_assignment" "unknown" {
  scope                = "/subscriptions/1"
  role_definition_name = var.unset
  principal_id         = "p"
}
resource "azurerm_role_definition" "everything" {
  scope = "/subscriptions/1"
  permissions { actions = ["*"] }
}
resource "azurerm_user_assigned_identity" "i" {}
""",
    )
    ssh = {"direction": "ingress", "protocol": "tcp", "from_port": 22, "to_port": 22, "described": False}
    out = {"direction": "egress", "protocol": "all", "cidrs": UNKNOWN, "described": False}
    openings = [
        {**ssh, "cidrs": ["0.0.0.0/0"]},
        {**out, "from_port": 443, "to_port": 443},
        {**out, "from_port": 80, "to_port": 90},
        {**out, "from_port": 0, "to_port": 65535, "cidrs": ["0.0.0.0/0"]},
    ]
    expect(found, "azurerm_network_security_group.g", openings=openings)
    expect(found, "azurerm_virtual_network.dark", flow_logged=False)
    expect(found, "azurerm_role_assignment.owner", administrator=True, principals=["p"])
    expect(found, "azurerm_role_assignment.by_id", administrator=True)
    expect(found, "azurerm_role_assignment.unknown", administrator=UNKNOWN)
    statement = {"actions": ["*"], "resources": ["/subscriptions/1"], "conditional": False}
    expect(found, "azurerm_role_definition.everything", administrator=True, statements=[statement])
    expect(found, "azurerm_user_assigned_identity.i", type="managed-identity")


def test_machine_learning_and_services(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "azurerm_machine_learning_workspace" "bad" {}
resource "azurerm_machine_learning_workspace" "good" {
  public_network_access_enabled = false
  encryption {
    key_vault_id = "v"
    key_id       = "k"
  }
}
resource "azurerm_machine_learning_compute_instance" "bad" {}
resource "azurerm_machine_learning_compute_instance" "good" {
  node_public_ip_enabled = false
  subnet_resource_id     = "s"
}
resource "azurerm_machine_learning_compute_cluster" "c" { subnet_resource_id = var.unset }
resource "azurerm_cognitive_account" "bad" { kind = "OpenAI" }
resource "azurerm_cognitive_account_rai_policy" "bad" {
  cognitive_account_id = azurerm_cognitive_account.bad.id
  content_filter {
    name          = "Hate"
    block_enabled = false
  }
}
resource "azurerm_cognitive_account" "good" {
  kind                          = "TextAnalytics"
  local_auth_enabled            = false
  public_network_access_enabled = false
  customer_managed_key { key_vault_key_id = "k" }
}
resource "azurerm_cognitive_account" "unknown" { kind = var.unset }
resource "azurerm_kubernetes_cluster" "bad" {}
resource "azurerm_kubernetes_cluster" "good" {
  private_cluster_enabled   = true
  workload_identity_enabled = true
  oidc_issuer_enabled       = true
  network_profile { network_policy = "calico" }
  key_management_service { key_vault_key_id = "k" }
}
resource "azurerm_monitor_diagnostic_setting" "good" {
  target_resource_id = azurerm_kubernetes_cluster.good.id
  enabled_log { category = "kube-audit" }
}
resource "azurerm_container_registry" "open" { anonymous_pull_enabled = true }
resource "azurerm_log_analytics_workspace" "w" { retention_in_days = 90 }
""",
    )
    expect(found, "azurerm_machine_learning_workspace.bad", public=True, kms_key=None, service="azureml-workspace")
    expect(found, "azurerm_machine_learning_workspace.good", public=False, kms_key="k")
    expect(found, "azurerm_machine_learning_compute_instance.bad", public=True, in_private_network=False)
    expect(found, "azurerm_machine_learning_compute_instance.good", public=False, in_private_network=True)
    expect(found, "azurerm_machine_learning_compute_cluster.c", in_private_network=UNKNOWN)
    bad = {"public": True, "authenticated": False, "generative": True, "content_filtered": False}
    expect(found, "azurerm_cognitive_account.bad", **bad, kms_key=None)
    good = {"public": False, "authenticated": True, "generative": False, "content_filtered": True}
    expect(found, "azurerm_cognitive_account.good", **good, kms_key="k")
    expect(found, "azurerm_cognitive_account.unknown", generative=UNKNOWN)
    expect(
        found, "azurerm_kubernetes_cluster.bad", public_endpoint=True, endpoint_cidrs=["0.0.0.0/0"], audit_logged=False
    )
    expect(found, "azurerm_kubernetes_cluster.good", public_endpoint=False, secrets_encrypted=True, audit_logged=True)
    expect(found, "azurerm_kubernetes_cluster.good", network_policy=True, workload_identity=True, private_nodes=True)
    expect(found, "azurerm_container_registry.open", public=True)
    expect(found, "azurerm_log_analytics_workspace.w", retention_days=90)
