"""Azure's exports: what they tell is stated as infrastructure code is, and what they don't is unknown."""

import json

from assay.scanner.model.resource import Failure
from tests.unit.assets_source import GROUP, SUBSCRIPTION, azure, facts, observed, shown
from tests.unit.facts_source import from_terraform

STORAGE = "Microsoft.Storage/storageAccounts"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


def account(**properties: object) -> dict[str, object]:
    return azure(STORAGE, f"{STORAGE}/acme", properties, sku={"name": "Standard_LRS"})


def container(access: str) -> dict[str, object]:
    type_ = f"{STORAGE}/blobServices/containers"
    return azure(type_, f"{STORAGE}/acme/blobServices/default/containers/c", {"publicAccess": access})


def test_containers_decide_unless_the_account_refuses(tmp_path):
    assert facts(tmp_path, account(allowBlobPublicAccess=False))["acme"]["public_read"] is False
    assert facts(tmp_path, account(allowBlobPublicAccess=True))["acme"]["public_read"].startswith("? not-collected")
    assert facts(tmp_path, account(allowBlobPublicAccess=True), container("Blob"))["acme"]["public_read"] is True
    assert facts(tmp_path, account(allowBlobPublicAccess=True), container("None"))["acme"]["public_read"] is False
    assert facts(tmp_path, account())["acme"]["public_access_blocked"].startswith("? not-collected")


def test_diagnostic_settings_of_another_resource_say_nothing(tmp_path):
    def setting(of: str) -> dict[str, object]:
        id_ = f"{GROUP}/{STORAGE}/{of}/blobServices/default/providers/microsoft.insights/diagnosticSettings/s"
        return {"id": id_, "type": "Microsoft.Insights/diagnosticSettings", "name": "s", "logs": [{"enabled": True}]}

    assert facts(tmp_path, account(), setting("other"))["acme"]["access_logged"].startswith("? not-collected")
    assert facts(tmp_path, account(), setting("ACME"))["acme"]["access_logged"] is True


def test_a_list_without_properties_tells_nothing(tmp_path):
    found = facts(tmp_path, azure(STORAGE, f"{STORAGE}/acme", None))["acme"]
    for name in ("kms_key", "tls_required", "versioned", "public_read", "access_logged", "public_access_blocked"):
        assert found[name].startswith("? not-collected"), name


def test_ids_are_the_same_in_any_case(tmp_path):
    server = azure("microsoft.sql/servers", "Microsoft.Sql/servers/db", {"publicNetworkAccess": "Enabled"})
    base = azure("microsoft.sql/servers/databases", "MICROSOFT.SQL/SERVERS/DB/databases/features", {})
    assert facts(tmp_path, server, base)["features"]["public"] is True


def test_assignments_and_whom_they_are_for(tmp_path):
    guid = "5a0c4a9e-6f3e-4d3c-9a53-aaaabbbbcccc"
    home = "Microsoft.ManagedIdentity/userAssignedIdentities"
    identity = azure(home, f"{home}/trainer", {"principalId": guid, "clientId": "c"})

    def held(role: str, **more: object) -> dict[str, object]:
        id_ = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/a1"
        definition = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        told = {"principalId": guid, "roleDefinitionId": definition, "scope": SUBSCRIPTION, **more}
        return {"id": id_, "type": "microsoft.authorization/roleassignments", "properties": told}

    found = facts(tmp_path, identity, held(OWNER))["a1"]
    assert found["administrator"] is True
    assert found["whole_services"] == ["*"]
    assert found["holders"] == [identity["id"]]
    at_the_top = {
        **held(OWNER)["properties"],
        "id": held(OWNER)["id"],
        "type": "Microsoft.Authorization/roleAssignments",
    }  # type: ignore[dict-item]
    assert facts(tmp_path, identity, at_the_top)["a1"] == found
    custom = {
        "id": f"{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/mine",
        "type": "microsoft.authorization/roledefinitions",
        "properties": {"type": "CustomRole", "permissions": [{"actions": ["*"], "notActions": []}]},
    }
    assert facts(tmp_path, custom, held("mine"))["a1"]["administrator"] is True
    built_in = {**custom, "properties": {**custom["properties"], "type": "BuiltInRole"}}  # type: ignore[dict-item]
    assert "mine" not in facts(tmp_path, built_in)


def test_every_form_of_answer_is_read(tmp_path):
    listed = [account(allowBlobPublicAccess=False)]
    expected = facts(tmp_path, *listed)
    for text in (
        json.dumps({"count": 1, "data": listed, "skip_token": None, "total_records": 1}, indent=2),
        json.dumps({"totalRecords": 1, "count": 1, "data": listed, "facets": [], "resultTruncated": "false"}),
        json.dumps({"value": listed}),
        json.dumps(listed, indent=4),
        json.dumps(listed[0], indent=2),
    ):
        (tmp_path / "export.ndjson").write_text(text)
        assert shown(observed(tmp_path)) == expected


def test_an_answer_without_its_last_page_is_a_failed_look(tmp_path):
    first = {"count": 1, "data": [account()], "skip_token": "ew0KI"}
    (tmp_path / "1.json").write_text(json.dumps(first))
    [failure] = [one for one in observed(tmp_path) if isinstance(one, Failure)]
    assert "cut off" in failure.reason
    (tmp_path / "2.json").write_text(json.dumps({"count": 0, "data": [], "skip_token": None}))
    assert not [one for one in observed(tmp_path) if isinstance(one, Failure)]


TERRAFORM = """
resource "azurerm_storage_account" "acme" {
  name = "acme"
  resource_group_name = "ml"
  location = "westeurope"
  account_tier = "Standard"
  account_replication_type = "GRS"
  allow_nested_items_to_be_public = false
  https_traffic_only_enabled = true
}
resource "azurerm_postgresql_flexible_server" "pg" {
  name = "pg"
  resource_group_name = "ml"
  location = "westeurope"
  backup_retention_days = 14
  public_network_access_enabled = false
  high_availability { mode = "ZoneRedundant" }
  authentication { active_directory_auth_enabled = true }
}
resource "azurerm_network_security_group" "nsg" {
  name = "nsg"
  resource_group_name = "ml"
  location = "westeurope"
  security_rule {
    name = "ssh"
    priority = 100
    direction = "Inbound"
    access = "Allow"
    protocol = "Tcp"
    source_port_range = "*"
    destination_port_range = "22"
    source_address_prefix = "*"
    destination_address_prefix = "*"
  }
}
resource "azurerm_cognitive_account" "ai" {
  name = "ai"
  resource_group_name = "ml"
  location = "westeurope"
  kind = "OpenAI"
  sku_name = "S0"
  local_auth_enabled = false
  public_network_access_enabled = false
}
resource "azurerm_machine_learning_workspace" "ws" {
  name = "ws"
  resource_group_name = "ml"
  location = "westeurope"
  public_network_access_enabled = false
}
resource "azurerm_kubernetes_cluster" "aks" {
  name = "aks"
  resource_group_name = "ml"
  location = "westeurope"
  oidc_issuer_enabled = true
  workload_identity_enabled = true
  api_server_access_profile { authorized_ip_ranges = ["10.0.0.0/8"] }
  network_profile { network_policy = "cilium" }
}
"""


def test_declared_and_exported_give_the_same_facts(tmp_path):
    declared, exported = tmp_path / "declared", tmp_path / "exported"
    declared.mkdir()
    exported.mkdir()
    rule = {"access": "Allow", "direction": "Inbound", "protocol": "Tcp", "destinationPortRange": "22",
            "sourceAddressPrefix": "*", "destinationAddressPrefix": "*", "destinationPortRanges": []}  # fmt: skip
    network, ai, ml = (
        "Microsoft.Network/networkSecurityGroups",
        "Microsoft.CognitiveServices/accounts",
        "Microsoft.MachineLearningServices/workspaces",
    )
    theirs = facts(
        exported,
        azure(STORAGE, f"{STORAGE}/acme", {"allowBlobPublicAccess": False, "supportsHttpsTrafficOnly": True,
              "encryption": {"keySource": "Microsoft.Storage"}}, sku={"name": "Standard_GRS"}),
        azure("Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.DBforPostgreSQL/flexibleServers/pg", {
            "network": {"publicNetworkAccess": "Disabled"},
            "backup": {"backupRetentionDays": 14, "geoRedundantBackup": "Disabled"},
            "highAvailability": {"mode": "ZoneRedundant"}, "authConfig": {"activeDirectoryAuth": "Enabled"}}),
        azure(network, f"{network}/nsg", {"securityRules": [{"name": "ssh", "properties": rule}]}),
        azure(ai, f"{ai}/ai", {"disableLocalAuth": True, "publicNetworkAccess": "Disabled"}, kind="OpenAI"),
        azure(ml, f"{ml}/ws", {"publicNetworkAccess": "Disabled"}, kind="Default"),
        azure("Microsoft.ContainerService/managedClusters", "Microsoft.ContainerService/managedClusters/aks", {
            "oidcIssuerProfile": {"enabled": True}, "securityProfile": {"workloadIdentity": {"enabled": True}},
            "apiServerAccessProfile": {"authorizedIPRanges": ["10.0.0.0/8"]},
            "networkProfile": {"networkPolicy": "cilium"}}),
    )  # fmt: skip
    compared = 0
    for address, expected in from_terraform(declared, TERRAFORM).items():
        for field, value in expected.items():
            found = theirs[address.rpartition(".")[2]].get(field)
            if field != "kind" and not str(found).startswith("?"):
                assert found == value, (address, field)
                compared += 1
    assert compared > 50
