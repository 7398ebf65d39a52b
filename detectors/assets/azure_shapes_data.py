"""The same for Azure's storage and databases."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.assets.azure_values import (
    container_access,
    cosmos_backup,
    least_version,
    redundancy,
    server_key,
    vault_key,
)
from assay.detectors.assets.shape import NOT_SAID, Shape, enabled, not_collected
from assay.detectors.cloud.arguments import By, Each, Or

_ELSEWHERE = not_collected("it is a setting of its own, which this export doesn't hold")
_PUBLIC = By("properties.publicNetworkAccess", enabled)
_TAGS = {"tags": "tags"}


def _flexible(type_: str, authentication: Any) -> tuple[Shape, ...]:
    return (
        Shape(
            type_,
            {
                "public_network_access_enabled": By("properties.network.publicNetworkAccess", enabled),
                "delegated_subnet_id": "properties.network.delegatedSubnetResourceId",
                "backup_retention_days": "properties.backup.backupRetentionDays",
                "geo_redundant_backup_enabled": By("properties.backup.geoRedundantBackup", enabled),
                "authentication": authentication,
                "high_availability": Each("properties.highAvailability", {"mode": "mode"}),
                "customer_managed_key": By("properties.dataEncryption", server_key),
                **_TAGS,
            },
        ),
    )


def _parameters(type_: str, argument: str) -> tuple[Shape, ...]:
    return (Shape(type_, {argument: "_parent", "name": "_last", "value": "properties.value"}),)


def _single(kind: str) -> Mapping[str, tuple[Shape, ...]]:
    home, type_ = f"microsoft.dbfor{kind}/servers", f"azurerm_{kind}_server"
    return {
        home: (
            Shape(
                type_,
                {
                    "public_network_access_enabled": _PUBLIC,
                    "ssl_enforcement_enabled": By("properties.sslEnforcement", enabled),
                    "backup_retention_days": "properties.storageProfile.backupRetentionDays",
                    "geo_redundant_backup_enabled": By("properties.storageProfile.geoRedundantBackup", enabled),
                    **_TAGS,
                },
            ),
        ),
        f"{home}/keys": (Shape(f"{type_}_key", {"server_id": "_parent", "key_vault_key_id": "properties.uri"}),),
        f"{home}/administrators": (
            Shape(f"azurerm_{kind}_active_directory_administrator", {"server_name": "_parent"}),
        ),
    }


DATA_SHAPES: Mapping[str, tuple[Shape, ...]] = {
    **_single("mariadb"),
    **_single("mysql"),
    **_single("postgresql"),
    "microsoft.compute/disks": (
        Shape(
            "azurerm_managed_disk",
            {
                "disk_encryption_set_id": "properties.encryption.diskEncryptionSetId",
                "secure_vm_disk_encryption_set_id": "properties.securityProfile.secureVMDiskEncryptionSetId",
                **_TAGS,
            },
        ),
    ),
    "microsoft.dbformysql/flexibleservers": _flexible(
        # Its administrator in the directory is a resource of its own.
        "azurerm_mysql_flexible_server",
        [{"active_directory_auth_enabled": _ELSEWHERE}],
    ),
    "microsoft.dbformysql/flexibleservers/configurations": _parameters(
        "azurerm_mysql_flexible_server_configuration", "server_name"
    ),
    "microsoft.dbforpostgresql/flexibleservers": _flexible(
        "azurerm_postgresql_flexible_server",
        Each("properties.authConfig", {"active_directory_auth_enabled": By("activeDirectoryAuth", enabled)}),
    ),
    "microsoft.dbforpostgresql/flexibleservers/configurations": _parameters(
        "azurerm_postgresql_flexible_server_configuration", "server_id"
    ),
    "microsoft.documentdb/databaseaccounts": (
        Shape(
            "azurerm_cosmosdb_account",
            {
                "backup": By("properties.backupPolicy", cosmos_backup),
                "geo_location": Each(
                    "properties.locations", {"location": "locationName", "zone_redundant": "isZoneRedundant"}
                ),
                "key_vault_key_id": "properties.keyVaultKeyUri",
                "public_network_access_enabled": _PUBLIC,
                "local_authentication_disabled": "properties.disableLocalAuth",
                **_TAGS,
            },
        ),
    ),
    "microsoft.sql/servers": (
        Shape(
            "azurerm_mssql_server",
            {
                "public_network_access_enabled": _PUBLIC,
                "minimum_tls_version": By("properties.minimalTlsVersion", least_version),
                "azuread_administrator": Each("properties.administrators", {"tenant_id": "tenantId"}),
                "transparent_data_encryption_key_vault_key_id": "properties.keyId",
                **_TAGS,
            },
        ),
    ),
    "microsoft.sql/servers/databases": (
        Shape(
            "azurerm_mssql_database",
            {
                "server_id": "_parent",
                "transparent_data_encryption_enabled": _ELSEWHERE,
                "short_term_retention_policy": [{"retention_days": _ELSEWHERE}],
                "zone_redundant": "properties.zoneRedundant",
                "storage_account_type": "properties.currentBackupStorageRedundancy",
                **_TAGS,
            },
            # Every server has one, which holds no data of the customer's.
            lambda tree: tree["_last"].lower() != "master",
        ),
    ),
    "microsoft.sql/servers/extendedauditingsettings": (
        Shape(
            "azurerm_mssql_server_extended_auditing_policy",
            {"server_id": "_parent", "enabled": By("properties.state", enabled)},
        ),
    ),
    "microsoft.storage/storageaccounts": (
        Shape(
            "azurerm_storage_account",
            {
                "allow_nested_items_to_be_public": Or("properties.allowBlobPublicAccess", NOT_SAID),
                "https_traffic_only_enabled": Or("properties.supportsHttpsTrafficOnly", NOT_SAID),
                "infrastructure_encryption_enabled": "properties.encryption.requireInfrastructureEncryption",
                "customer_managed_key": By("properties.encryption", vault_key),
                "account_replication_type": By("sku.name", redundancy),
                "blob_properties": [{"versioning_enabled": _ELSEWHERE}],
                "immutability_policy": Each(
                    "properties.immutableStorageWithVersioning.immutabilityPolicy", {"state": "state"}
                ),
                **_TAGS,
            },
        ),
    ),
    "microsoft.storage/storageaccounts/blobservices/containers": (
        Shape(
            "azurerm_storage_container",
            {
                "storage_account_id": "_parent",
                "container_access_type": By("properties.publicAccess", container_access),
            },
        ),
    ),
    "microsoft.storage/storageaccounts/managementpolicies": (
        Shape(
            "azurerm_storage_management_policy",
            {
                "storage_account_id": "_parent",
                "rule": Each(
                    "properties.policy.rules",
                    {
                        "enabled": Or("enabled", True),
                        "filters": Each(
                            "definition.filters",
                            {
                                "prefix_match": "prefixMatch",
                                "match_blob_index_tag": Each("blobIndexMatch", {"name": "name"}),
                            },
                        ),
                        "actions": Each(
                            "definition.actions",
                            {
                                "base_blob": Each(
                                    "baseBlob",
                                    {
                                        "delete_after_days_since_modification_greater_than": (
                                            "delete.daysAfterModificationGreaterThan"
                                        )
                                    },
                                )
                            },
                        ),
                    },
                ),
            },
        ),
    ),
}
"""As `SHAPES`, of which it is a part."""
