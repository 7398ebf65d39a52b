"""Azure's resource types under the names that Terraform gives them. Fields are those of each provider's REST resource.

See: https://learn.microsoft.com/azure/templates/
"""

from collections.abc import Mapping
from typing import Any

from assay.detectors.assets.azure_shapes_ai import AI_SHAPES
from assay.detectors.assets.azure_shapes_data import DATA_SHAPES
from assay.detectors.assets.azure_values import diagnosed, of_security_group, rotation
from assay.detectors.assets.shape import Child, Shape, not_empty
from assay.detectors.cloud.arguments import By, Each, Or, pick


def _first(name: str) -> By:
    """What Resource Graph has in `properties`, and `az role` at the top."""
    return By("", lambda tree: tree.get(name) if (value := pick(tree, f"properties.{name}")) is None else value)


def _side(side: str) -> Mapping[str, Any]:
    return {
        f"{side}_{ours}": By(f"properties.{side}{theirs}", not_empty)
        for ours, theirs in (
            ("port_range", "PortRange"),
            ("port_ranges", "PortRanges"),
            ("address_prefix", "AddressPrefix"),
            ("address_prefixes", "AddressPrefixes"),
        )
    }


_LOGS = {"category": "category", "category_group": "categoryGroup", "enabled": "enabled"}
_DIAGNOSIS = "microsoft.insights/diagnosticsettings"

SHAPES: Mapping[str, tuple[Shape, ...]] = {
    **AI_SHAPES,
    **DATA_SHAPES,
    _DIAGNOSIS: (
        Shape(
            "azurerm_monitor_diagnostic_setting",
            {
                "target_resource_id": By("_name", diagnosed),
                "enabled_log": Each("properties.logs", _LOGS),
                "log": Each("logs", _LOGS),
            },
        ),
    ),
    "microsoft.authorization/roleassignments": (
        Shape(
            "azurerm_role_assignment",
            {
                "principal_id": _first("principalId"),
                "role_definition_id": _first("roleDefinitionId"),
                "scope": _first("scope"),
                "condition": _first("condition"),
            },
        ),
    ),
    "microsoft.authorization/roledefinitions": (
        # The provider's own are the same everywhere, and known by their ids.
        Shape(
            "azurerm_role_definition",
            {
                "permissions": Each("properties.permissions", {"actions": "actions", "not_actions": "notActions"}),
                "assignable_scopes": "properties.assignableScopes",
            },
            lambda tree: pick(tree, "properties.type") == "CustomRole",
        ),
    ),
    "microsoft.keyvault/vaults": (
        Shape(
            "azurerm_key_vault",
            {
                "soft_delete_retention_days": "properties.softDeleteRetentionInDays",
                "purge_protection_enabled": "properties.enablePurgeProtection",
            },
        ),
    ),
    "microsoft.keyvault/vaults/keys": (
        Shape(
            "azurerm_key_vault_key",
            {
                "key_type": "properties.kty",
                "key_vault_id": "_parent",
                "rotation_policy": By("properties", rotation),
                "tags": "tags",
            },
        ),
    ),
    "microsoft.managedidentity/userassignedidentities": (
        Shape("azurerm_user_assigned_identity", {"client_id": "properties.clientId", "tags": "tags"}),
    ),
    "microsoft.managedidentity/userassignedidentities/federatedidentitycredentials": (
        Shape(
            "azurerm_federated_identity_credential",
            {
                "subject": "properties.subject",
                "issuer": "properties.issuer",
                "user_assigned_identity_id": "_parent",
            },
        ),
    ),
    "microsoft.network/networksecuritygroups": (
        Shape(
            "azurerm_network_security_group",
            {
                "security_rule": Each(
                    "properties.securityRules",
                    {
                        "access": "properties.access",
                        "direction": "properties.direction",
                        "protocol": "properties.protocol",
                        "description": By("properties.description", not_empty),
                        **_side("source"),
                        **_side("destination"),
                    },
                ),
                "tags": "tags",
            },
        ),
    ),
    "microsoft.network/networkwatchers/flowlogs": (
        Shape(
            "azurerm_network_watcher_flow_log",
            {
                "target_resource_id": "properties.targetResourceId",
                "network_security_group_id": By("properties.targetResourceId", of_security_group),
                "enabled": Or("properties.enabled", True),
            },
        ),
    ),
    "microsoft.network/virtualnetworks": (Shape("azurerm_virtual_network", {"tags": "tags"}),),
}
"""Resource type, in lower case → what it is to Terraform."""

_SETTING = Child("azurerm_monitor_diagnostic_setting", "target_resource_id", _DIAGNOSIS, each=True)


def _servers(kind: str) -> Mapping[str, tuple[Child, ...]]:
    provider = f"microsoft.dbfor{kind}"
    flexible, single = f"azurerm_{kind}_flexible_server", f"azurerm_{kind}_server"
    named = "server_id" if kind == "postgresql" else "server_name"
    return {
        flexible: (
            _SETTING,
            Child(f"{flexible}_configuration", named, f"{provider}/flexibleservers/configurations", each=True),
        ),
        single: (
            _SETTING,
            Child(f"{single}_key", "server_id", f"{provider}/servers/keys", each=True),
            Child(
                f"azurerm_{kind}_active_directory_administrator",
                "server_name",
                f"{provider}/servers/administrators",
                each=True,
            ),
        ),
    }


CHILDREN: Mapping[str, tuple[Child, ...]] = {
    **_servers("mysql"),
    **_servers("postgresql"),
    "azurerm_mariadb_server": (
        _SETTING,
        Child("azurerm_mariadb_server_key", "server_id", "microsoft.dbformariadb/servers/keys", each=True),
    ),
    "azurerm_cognitive_account": (
        Child(
            "azurerm_cognitive_account_rai_policy",
            "cognitive_account_id",
            "microsoft.cognitiveservices/accounts/raipolicies",
            each=True,
        ),
    ),
    "azurerm_kubernetes_cluster": (_SETTING,),
    "azurerm_mssql_server": (
        Child(
            "azurerm_mssql_server_extended_auditing_policy",
            "server_id",
            "microsoft.sql/servers/extendedauditingsettings",
            each=True,
        ),
    ),
    "azurerm_storage_account": (
        _SETTING,
        Child(
            "azurerm_storage_container",
            "storage_account_id",
            "microsoft.storage/storageaccounts/blobservices/containers",
            each=True,
        ),
        Child(
            "azurerm_storage_management_policy",
            "storage_account_id",
            "microsoft.storage/storageaccounts/managementpolicies",
            each=True,
        ),
    ),
    "azurerm_virtual_network": (
        Child(
            "azurerm_network_watcher_flow_log",
            "target_resource_id",
            "microsoft.network/networkwatchers/flowlogs",
        ),
    ),
}
"""Terraform's type → what else decides its facts."""
