"""Google's asset types under the names that Terraform gives them. Fields are those of each service's REST resource.

See: https://cloud.google.com/asset-inventory/docs/asset-types
"""

from collections.abc import Mapping
from typing import Any

from assay.detectors.assets.google_shapes_ai import AI_SHAPES
from assay.detectors.assets.google_values import (
    acl_entries,
    authorised_networks,
    condition,
    instance_name,
    log_config,
    private_cluster,
    protocol,
    short_address,
)
from assay.detectors.assets.shape import NOT_SAID, Child, Shape, not_collected
from assay.detectors.cloud.arguments import By, Each, Or, pick

_KEY = {"kms_key_name": "kmsKeyName"}
_RULE = {"protocol": By("", protocol), "ports": "ports"}
_PROXIES = frozenset({"REGIONAL_MANAGED_PROXY", "GLOBAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER"})
_BUCKET = "storage.googleapis.com/bucket"
_ASSOCIATION = "google_compute_network_firewall_policy_association"


def _uniform(tree: Mapping[str, Any]) -> bool:
    return pick(tree, "iamConfiguration.uniformBucketLevelAccess.enabled") is True


SHAPES: Mapping[str, tuple[Shape, ...]] = {
    **AI_SHAPES,
    "artifactregistry.googleapis.com/repository": (
        Shape(
            "google_artifact_registry_repository",
            {
                "docker_config": Each("dockerConfig", {"immutable_tags": "immutableTags"}),
                "kms_key_name": "kmsKeyName",
                "vulnerability_scanning_config": Each(
                    "vulnerabilityScanningConfig", {"enablement_config": "enablementConfig"}
                ),
                "labels": "labels",
            },
        ),
    ),
    "bigquery.googleapis.com/dataset": (
        Shape(
            "google_bigquery_dataset",
            {
                "dataset_id": "datasetReference.datasetId",
                "max_time_travel_hours": "maxTimeTravelHours",
                "default_encryption_configuration": Each("defaultEncryptionConfiguration", _KEY),
                "access": Or("_access", not_collected("the export holds no access list of the dataset")),
                "labels": "labels",
            },
        ),
    ),
    "cloudkms.googleapis.com/cryptokey": (
        Shape(
            "google_kms_crypto_key",
            {
                "rotation_period": "rotationPeriod",
                "destroy_scheduled_duration": "destroyScheduledDuration",
                "purpose": "purpose",
                "version_template": Each("versionTemplate", {"protection_level": "protectionLevel"}),
                "labels": "labels",
            },
        ),
    ),
    "compute.googleapis.com/disk": (
        Shape(
            "google_compute_disk",
            {
                "disk_encryption_key": Each("diskEncryptionKey", {"kms_key_self_link": "kmsKeyName"}),
                "labels": "labels",
            },
        ),
    ),
    "compute.googleapis.com/firewall": (
        Shape(
            "google_compute_firewall",
            {
                "network": "network",
                "direction": "direction",
                "disabled": "disabled",
                "description": "description",
                "source_ranges": "sourceRanges",
                "destination_ranges": "destinationRanges",
                "source_tags": "sourceTags",
                "source_service_accounts": "sourceServiceAccounts",
                "target_tags": "targetTags",
                "target_service_accounts": "targetServiceAccounts",
                "allow": Each("allowed", _RULE),
                "deny": Each("denied", _RULE),
            },
        ),
    ),
    "compute.googleapis.com/network": (
        Shape("google_compute_network", {"auto_create_subnetworks": Or("autoCreateSubnetworks", NOT_SAID)}),
        Shape(_ASSOCIATION, {"attachment_target": "_name"}, lambda tree: "firewallPolicy" in tree),
    ),
    "compute.googleapis.com/subnetwork": (
        Shape(
            "google_compute_subnetwork",
            {"network": "network", "log_config": By("", log_config)},
            # Subnetworks of load balancers' proxies have no flow logs to switch on.
            # See: https://cloud.google.com/vpc/docs/using-flow-logs
            lambda tree: str(tree.get("purpose")) not in _PROXIES,
        ),
    ),
    "container.googleapis.com/cluster": (
        Shape(
            "google_container_cluster",
            {
                "private_cluster_config": By("", private_cluster),
                "enable_autopilot": "autopilot.enabled",
                "workload_identity_config": Each("workloadIdentityConfig", {"workload_pool": "workloadPool"}),
                "network_policy": Each("networkPolicy", {"enabled": "enabled"}),
                "datapath_provider": "networkConfig.datapathProvider",
                "database_encryption": Each("databaseEncryption", {"state": "state"}),
                "logging_service": "loggingService",
                "logging_config": Each("loggingConfig", {"enable_components": "componentConfig.enableComponents"}),
                "master_authorized_networks_config": By("", authorised_networks),
                "resource_labels": "resourceLabels",
            },
        ),
    ),
    "file.googleapis.com/backup": (Shape("google_filestore_backup", {"source_instance": "sourceInstance"}),),
    "file.googleapis.com/instance": (
        Shape("google_filestore_instance", {"kms_key_name": "kmsKeyName", "labels": "labels"}),
    ),
    "iam.googleapis.com/serviceaccount": (
        Shape("google_service_account", {"account_id": By("email", short_address), "project": "projectId"}),
    ),
    "iam.googleapis.com/serviceaccountkey": (
        # Google's own keys of an account live for two weeks and never leave it.
        # See: https://cloud.google.com/iam/docs/service-account-creds#key-types
        Shape(
            "google_service_account_key",
            {"service_account_id": "_parent"},
            lambda tree: tree.get("keyType") != "SYSTEM_MANAGED" and tree.get("disabled") is not True,
        ),
    ),
    "logging.googleapis.com/logbucket": (
        Shape(
            "google_logging_project_bucket_config",
            {"retention_days": "retentionDays", "cmek_settings": Each("cmekSettings", _KEY)},
        ),
    ),
    "sqladmin.googleapis.com/instance": (
        Shape(
            "google_sql_database_instance",
            {
                "database_version": "databaseVersion",
                "encryption_key_name": "diskEncryptionConfiguration.kmsKeyName",
                "master_instance_name": By("masterInstanceName", instance_name),
                # Terraform's own, which the service doesn't know.
                "deletion_protection": False,
                "settings": Each(
                    "settings",
                    {
                        "user_labels": "userLabels",
                        "availability_type": "availabilityType",
                        "connector_enforcement": "connectorEnforcement",
                        "deletion_protection_enabled": "deletionProtectionEnabled",
                        "database_flags": Each("databaseFlags", {"name": "name", "value": "value"}),
                        "ip_configuration": Each(
                            "ipConfiguration",
                            {
                                "ipv4_enabled": Or("ipv4Enabled", NOT_SAID),
                                "require_ssl": "requireSsl",
                                "ssl_mode": "sslMode",
                            },
                        ),
                        "backup_configuration": Each(
                            "backupConfiguration",
                            {
                                "enabled": "enabled",
                                "point_in_time_recovery_enabled": "pointInTimeRecoveryEnabled",
                                "binary_log_enabled": "binaryLogEnabled",
                                "location": "location",
                                "backup_retention_settings": Each(
                                    "backupRetentionSettings", {"retained_backups": "retainedBackups"}
                                ),
                            },
                        ),
                    },
                ),
            },
        ),
    ),
    _BUCKET: (
        Shape(
            "google_storage_bucket",
            {
                "public_access_prevention": "iamConfiguration.publicAccessPrevention",
                "encryption": Each("encryption", {"default_kms_key_name": "defaultKmsKeyName"}),
                "versioning": Each("versioning", {"enabled": "enabled"}),
                "logging": Each("logging", {"log_bucket": "logBucket"}),
                "retention_policy": Each("retentionPolicy", {"retention_period": "retentionPeriod"}),
                "custom_placement_config": Each("customPlacementConfig", {"data_locations": "dataLocations"}),
                "lifecycle_rule": Each(
                    "lifecycle.rule",
                    {"action": Each("action", {"type": "type"}), "condition": By("condition", condition)},
                ),
                "labels": "labels",
            },
        ),
        # Exports leave ACLs out, which count for nothing where access is uniform.
        # See: https://cloud.google.com/storage/docs/uniform-bucket-level-access
        Shape(
            "google_storage_bucket_acl",
            {"bucket": "_name", "role_entity": By("", acl_entries)},
            lambda tree: not _uniform(tree),
        ),
    ),
}
"""Asset type, in lower case → what it is to Terraform."""

POLICIES: Mapping[str, tuple[str, str]] = {
    "artifactregistry.googleapis.com/repository": ("google_artifact_registry_repository", "repository"),
    "bigquery.googleapis.com/dataset": ("google_bigquery_dataset", "dataset_id"),
    "cloudkms.googleapis.com/cryptokey": ("google_kms_crypto_key", "crypto_key_id"),
    "cloudresourcemanager.googleapis.com/folder": ("google_folder", "folder"),
    "cloudresourcemanager.googleapis.com/organization": ("google_organization", "org_id"),
    "cloudresourcemanager.googleapis.com/project": ("google_project", "project"),
    "iam.googleapis.com/serviceaccount": ("google_service_account", "service_account_id"),
    _BUCKET: ("google_storage_bucket", "bucket"),
}
"""Asset type, in lower case → Terraform's type whose `_iam_binding` its policy is, and the argument that names it."""


CHILDREN: Mapping[str, tuple[Child, ...]] = {
    "google_artifact_registry_repository": (
        Child("google_artifact_registry_repository_iam_binding", "repository", ""),
    ),
    "google_bigquery_dataset": (Child("google_bigquery_dataset_iam_binding", "dataset_id", ""),),
    "google_compute_network": (
        Child("google_compute_firewall", "network", "compute.googleapis.com/firewall"),
        Child("google_compute_subnetwork", "network", "compute.googleapis.com/subnetwork"),
    ),
    "google_filestore_instance": (Child("google_filestore_backup", "source_instance", "file.googleapis.com/backup"),),
    "google_kms_crypto_key": (Child("google_kms_crypto_key_iam_binding", "crypto_key_id", ""),),
    "google_service_account": (
        Child("google_service_account_iam_binding", "service_account_id", ""),
        Child("google_service_account_key", "service_account_id", "iam.googleapis.com/serviceaccountkey"),
    ),
    "google_storage_bucket": (Child("google_storage_bucket_iam_binding", "bucket", ""),),
}
"""Terraform's type → what else decides its facts."""
