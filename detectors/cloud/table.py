"""Which function states the facts of which resource type; imported when a type occurs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from itertools import groupby
from typing import Any, cast

from msgspec.structs import replace

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.regions import located
from assay.scanner.api import Fact, Known, Location, Resource, Unknown

States = Callable[[Block, World], Mapping[str, Fact] | None]
"""Facts of a block by field of the kind; None where it declares nothing of the kind after all."""

TABLE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "aws_account": (("identity.account", "aws_account:account"),),
    "aws_accessanalyzer_analyzer": (("service.detection", "aws_detection:external_access"),),
    "aws_backup_vault": (("storage.backup-vault", "aws_backup:vault"),),
    "aws_bedrock_custom_model": (("ai.training-job", "aws_ai:custom_model"),),
    "aws_bedrock_guardrail": (("ai.workspace", "aws_ai:guardrail"),),
    "aws_bedrock_model_invocation_logging_configuration": (("ai.workspace", "aws_ai:invocation_logging"),),
    "aws_bedrockagent_agent": (("ai.endpoint", "aws_ai:agent"),),
    "aws_cloudtrail": (("service.trail", "aws_service:trail"),),
    "aws_cloudtrail_coverage": (("service.detection", "aws_detection:api_log"),),
    "aws_cloudwatch_log_group": (("service.log-group", "aws_service:log_group"),),
    "aws_config_configuration_recorder": (("service.detection", "aws_detection:configuration"),),
    "aws_db_instance": (("database.instance", "aws_database:instance"),),
    "aws_db_cluster_snapshot": (("storage.snapshot", "aws_sharing:database_snapshot"),),
    "aws_db_snapshot": (("storage.snapshot", "aws_sharing:database_snapshot"),),
    "aws_default_security_group": (("network.boundary", "aws_network:security_group"),),
    "aws_docdb_cluster": (("database.instance", "aws_database:cluster"),),
    "aws_dynamodb_table": (("database.instance", "aws_database:table"),),
    "aws_ebs_encryption_by_default": (("storage.defaults", "aws_sharing:defaults"),),
    "aws_ebs_public_snapshot": (("storage.snapshot", "aws_sharing:volume_snapshot"),),
    "aws_ebs_volume": (("storage.volume", "aws_storage:volume"),),
    "aws_ec2_public_image": (("storage.snapshot", "aws_sharing:image"),),
    "aws_ecr_repository": (("service.image-repository", "aws_service:repository"),),
    "aws_ecrpublic_repository": (("service.image-repository", "aws_service:repository"),),
    "aws_efs_file_system": (("storage.file-system", "aws_storage:elastic_file_system"),),
    "aws_eks_cluster": (("service.cluster", "aws_service:cluster"),),
    "aws_eks_pod_identity_association": (("identity.trust", "aws_trust:association"),),
    "aws_elasticsearch_domain": (("database.instance", "aws_database:search"),),
    "aws_fsx_lustre_file_system": (("storage.file-system", "aws_storage:managed_file_system"),),
    "aws_fsx_ontap_file_system": (("storage.file-system", "aws_storage:managed_file_system"),),
    "aws_fsx_openzfs_file_system": (("storage.file-system", "aws_storage:managed_file_system"),),
    "aws_fsx_windows_file_system": (("storage.file-system", "aws_storage:managed_file_system"),),
    "aws_guardduty_detector": (("service.detection", "aws_detection:threats"),),
    "aws_iam_account_password_policy": (("identity.password-policy", "aws_account:password_policy"),),
    "aws_iam_group": (("identity.grant", "aws_identity:inline"),),
    "aws_iam_group_policy": (("identity.grant", "aws_identity:policy"),),
    "aws_iam_group_policy_attachment": (("identity.grant", "aws_identity:attachment"),),
    "aws_iam_policy": (("identity.grant", "aws_identity:policy"),),
    "aws_iam_policy_attachment": (("identity.grant", "aws_identity:attachment"),),
    "aws_iam_role": (
        ("identity.principal", "aws_identity:role"),
        ("identity.grant", "aws_identity:inline"),
        ("identity.trust", "aws_trust:trust"),
    ),
    "aws_iam_role_policy": (("identity.grant", "aws_identity:policy"),),
    "aws_iam_role_policy_attachment": (("identity.grant", "aws_identity:attachment"),),
    "aws_iam_user": (("identity.principal", "aws_identity:user"), ("identity.grant", "aws_identity:inline")),
    "aws_iam_user_policy": (("identity.grant", "aws_identity:policy"),),
    "aws_iam_user_policy_attachment": (("identity.grant", "aws_identity:attachment"),),
    "aws_inspector2_enabler": (("service.detection", "aws_detection:vulnerabilities"),),
    "aws_kms_key": (("crypto.key", "aws_crypto:key"),),
    "aws_macie2_account": (("service.detection", "aws_detection:personal_data"),),
    "aws_neptune_cluster": (("database.instance", "aws_database:cluster"),),
    "aws_opensearch_domain": (("database.instance", "aws_database:search"),),
    "aws_rds_cluster": (("database.instance", "aws_database:cluster"),),
    "aws_redshift_cluster": (("database.instance", "aws_database:warehouse"),),
    "aws_s3_access_point": (("storage.access-point", "aws_sharing:access_point"),),
    "aws_s3_bucket": (("storage.bucket", "aws_bucket:bucket"),),
    "aws_sagemaker_data_quality_job_definition": (("ai.training-job", "aws_ai:training"),),
    "aws_sagemaker_domain": (("ai.workspace", "aws_ai:domain"),),
    "aws_sagemaker_endpoint_configuration": (("ai.endpoint", "aws_ai:endpoint"),),
    "aws_sagemaker_feature_group": (("ai.workspace", "aws_ai:feature_group"),),
    "aws_sagemaker_model": (("ai.endpoint", "aws_ai:model"),),
    "aws_sagemaker_notebook_instance": (("ai.notebook", "aws_ai:notebook"),),
    "aws_security_group": (("network.boundary", "aws_network:security_group"),),
    "aws_securityhub_account": (("service.detection", "aws_detection:posture"),),
    "aws_ssm_document": (("storage.snapshot", "aws_sharing:document"),),
    "aws_vpc": (("network.network", "aws_network:network"),),
    "azurerm_ai_foundry": (("ai.workspace", "azure_ai:workspace"),),
    "azurerm_ai_services": (("ai.endpoint", "azure_ai:cognitive"),),
    "azurerm_cognitive_account": (("ai.endpoint", "azure_ai:cognitive"),),
    "azurerm_container_registry": (("service.image-repository", "azure_ai:registry"),),
    "azurerm_cosmosdb_account": (("database.instance", "azure_database:cosmos"),),
    "azurerm_federated_identity_credential": (("identity.trust", "azure_identity:credential"),),
    "azurerm_key_vault_key": (("crypto.key", "azure_storage:key"),),
    "azurerm_kubernetes_cluster": (("service.cluster", "azure_ai:cluster"),),
    "azurerm_log_analytics_workspace": (("service.log-group", "azure_ai:log_workspace"),),
    "azurerm_machine_learning_compute_cluster": (("ai.training-job", "azure_ai:compute_cluster"),),
    "azurerm_machine_learning_compute_instance": (("ai.notebook", "azure_ai:compute_instance"),),
    "azurerm_machine_learning_workspace": (("ai.workspace", "azure_ai:workspace"),),
    "azurerm_managed_disk": (("storage.volume", "azure_storage:disk"),),
    "azurerm_mariadb_server": (("database.instance", "azure_database:single_server"),),
    "azurerm_mssql_database": (("database.instance", "azure_database:sql_database"),),
    "azurerm_mssql_server": (("database.instance", "azure_database:sql_server"),),
    "azurerm_mysql_flexible_server": (("database.instance", "azure_database:flexible_server"),),
    "azurerm_mysql_server": (("database.instance", "azure_database:single_server"),),
    "azurerm_network_security_group": (("network.boundary", "azure_network:security_group"),),
    "azurerm_postgresql_flexible_server": (("database.instance", "azure_database:flexible_server"),),
    "azurerm_postgresql_server": (("database.instance", "azure_database:single_server"),),
    "azurerm_role_assignment": (("identity.grant", "azure_identity:assignment"),),
    "azurerm_role_definition": (("identity.grant", "azure_identity:definition"),),
    "azurerm_storage_account": (("storage.bucket", "azure_storage:account"),),
    "azurerm_user_assigned_identity": (("identity.principal", "azure_identity:identity"),),
    "azurerm_virtual_network": (("network.network", "azure_network:network"),),
    "google_artifact_registry_repository": (("service.image-repository", "gcp_network:repository"),),
    "google_bigquery_dataset": (("database.instance", "gcp_storage:dataset"),),
    "google_compute_disk": (("storage.volume", "gcp_storage:disk"),),
    "google_compute_firewall": (("network.boundary", "gcp_network:firewall"),),
    "google_compute_network": (
        ("network.network", "gcp_network:network"),
        ("network.boundary", "gcp_network:implied_rules"),
    ),
    "google_compute_region_disk": (("storage.volume", "gcp_storage:disk"),),
    "google_compute_subnetwork": (("network.network", "gcp_network:subnetwork"),),
    "google_container_cluster": (("service.cluster", "gcp_network:cluster"),),
    "google_filestore_instance": (("storage.file-system", "gcp_storage:filestore"),),
    "google_folder_iam_binding": (("identity.grant", "gcp_iam:grant"),),
    "google_folder_iam_member": (("identity.grant", "gcp_iam:grant"),),
    "google_folder_iam_policy": (("identity.grant", "gcp_iam:grant"),),
    "google_kms_crypto_key": (("crypto.key", "gcp_storage:key"),),
    "google_logging_project_bucket_config": (("service.log-group", "gcp_network:log_bucket"),),
    "google_notebooks_instance": (("ai.notebook", "gcp_ai:notebook"),),
    "google_organization_iam_binding": (("identity.grant", "gcp_iam:grant"),),
    "google_organization_iam_member": (("identity.grant", "gcp_iam:grant"),),
    "google_organization_iam_policy": (("identity.grant", "gcp_iam:grant"),),
    "google_project_iam_binding": (("identity.grant", "gcp_iam:grant"),),
    "google_project_iam_member": (("identity.grant", "gcp_iam:grant"),),
    "google_project_iam_policy": (("identity.grant", "gcp_iam:grant"),),
    "google_service_account": (("identity.principal", "gcp_iam:service_account"),),
    "google_service_account_iam_binding": (("identity.trust", "gcp_iam:trust"),),
    "google_service_account_iam_member": (("identity.trust", "gcp_iam:trust"),),
    "google_service_account_iam_policy": (("identity.trust", "gcp_iam:trust"),),
    "google_sql_database_instance": (("database.instance", "gcp_storage:sql"),),
    "google_storage_bucket": (("storage.bucket", "gcp_storage:bucket"),),
    "google_vertex_ai_dataset": (("ai.workspace", "gcp_ai:store"),),
    "google_vertex_ai_endpoint": (("ai.endpoint", "gcp_ai:endpoint"),),
    "google_vertex_ai_feature_online_store": (("ai.workspace", "gcp_ai:store"),),
    "google_vertex_ai_featurestore": (("ai.workspace", "gcp_ai:store"),),
    "google_vertex_ai_index": (("ai.workspace", "gcp_ai:store"),),
    "google_vertex_ai_tensorboard": (("ai.workspace", "gcp_ai:store"),),
    "google_workbench_instance": (("ai.notebook", "gcp_ai:workbench"),),
}
"""Resource type → the kinds it is, each with the function that states it, as `module:function` of this package."""

JOINED: frozenset[str] = frozenset(
    {
        "aws_backup_protected_resource",
        "aws_backup_selection",
        "aws_backup_vault_lock_configuration",
        "aws_backup_vault_policy",
        "aws_cloudwatch_log_metric_filter",
        "aws_cloudwatch_metric_alarm",
        "aws_config_configuration_recorder_status",
        "aws_db_instance_automated_backups_replication",
        "aws_db_parameter_group",
        "aws_docdb_cluster_parameter_group",
        "aws_dynamodb_global_table",
        "aws_dynamodb_table_replica",
        "aws_ebs_snapshot_block_public_access",
        "aws_ec2_image_block_public_access",
        "aws_ecr_registry_scanning_configuration",
        "aws_ecr_repository_policy",
        "aws_efs_backup_policy",
        "aws_efs_file_system_policy",
        "aws_efs_replication_configuration",
        "aws_eks_pod_identities",
        "aws_flow_log",
        "aws_guardduty_detector_feature",
        "aws_iam_access_key",
        "aws_iam_credential_report",
        "aws_iam_openid_connect_provider",
        "aws_iam_user_login_profile",
        "aws_kms_key_policy",
        "aws_rds_cluster_instance",
        "aws_rds_cluster_parameter_group",
        "aws_redshift_logging",
        "aws_redshift_parameter_group",
        "aws_redshift_snapshot_copy",
        "aws_s3_account_public_access_block",
        "aws_s3_bucket_acl",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_logging",
        "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_replication_configuration",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
        "aws_security_group_rule",
        "aws_securityhub_standards_subscription",
        "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_ingress_rule",
        "azurerm_cognitive_account_customer_managed_key",
        "azurerm_cognitive_account_rai_policy",
        "azurerm_key_vault",
        "azurerm_monitor_diagnostic_setting",
        "azurerm_mssql_server_extended_auditing_policy",
        "azurerm_mssql_server_transparent_data_encryption",
        "azurerm_mysql_active_directory_administrator",
        "azurerm_mysql_flexible_server_configuration",
        "azurerm_mysql_server_key",
        "azurerm_network_security_rule",
        "azurerm_network_watcher_flow_log",
        "azurerm_postgresql_active_directory_administrator",
        "azurerm_postgresql_flexible_server_configuration",
        "azurerm_postgresql_server_key",
        "azurerm_storage_account_customer_managed_key",
        "azurerm_storage_container",
        "azurerm_storage_management_policy",
        "google_artifact_registry_repository_iam_binding",
        "google_artifact_registry_repository_iam_member",
        "google_artifact_registry_repository_iam_policy",
        "google_bigquery_dataset_iam_binding",
        "google_bigquery_dataset_iam_member",
        "google_bigquery_dataset_iam_policy",
        "google_compute_network_firewall_policy_association",
        "google_compute_region_network_firewall_policy_association",
        "google_filestore_backup",
        "google_kms_crypto_key_iam_binding",
        "google_kms_crypto_key_iam_member",
        "google_kms_crypto_key_iam_policy",
        "google_service_account_key",
        "google_storage_bucket_access_control",
        "google_storage_bucket_acl",
        "google_storage_bucket_iam_binding",
        "google_storage_bucket_iam_member",
        "google_storage_bucket_iam_policy",
    }
)
"""Types that state nothing of their own but belong to another resource's facts."""

NEEDED: frozenset[str] = frozenset(TABLE) | JOINED


SEPARABLE: frozenset[str] = frozenset(
    {
        *(
            type_
            for type_, entries in TABLE.items()
            if {kind for kind, _ in entries} <= {"identity.grant", "identity.trust"}
        ),
        "aws_security_group_rule",
        "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_ingress_rule",
        "azurerm_network_security_rule",
    }
)
"""Types to which nothing else belongs: each instance of one that checkov left as one can be read by itself."""


def state(world: World, blocks: Sequence[Block], surface: str) -> Iterator[Resource]:
    """The resources that some blocks are, in their order."""
    for _, group in groupby(blocks, key=lambda block: block.id):
        alike = list(group)
        for kind, entry in TABLE.get(alike[0].type, ()):
            stated = [(block, _placed(_stated(kind, entry, block, world), block.location)) for block in alike]
            found = [(block, facts) for block, facts in stated if facts is not None]
            # Instances without a difference keep the one address that checkov gives them all.
            same = all(facts == found[0][1] for _, facts in found)
            for block, facts in found[:1] if same else found:
                address = block.address if same else f"{block.address}{block.instance}"
                yield Resource(kind=kind, address=address, surface=surface, facts=facts, location=block.location)


def _stated(kind: str, entry: str, block: Block, world: World) -> Mapping[str, Fact] | None:
    """What the type's function states, with what follows from that or holds for every type."""
    facts = located(kind, _function(entry)(block, world), block, world)
    if facts is None or kind != "identity.grant":
        return facts
    administrator = facts["administrator"]
    sure = isinstance(administrator, Known) and administrator.value is True
    return {**facts, "surely_administrator": Known(value=sure)}


def _placed(facts: Mapping[str, Fact] | None, own: Location | None) -> Mapping[str, Fact] | None:
    """The facts, with an origin only where that is another place than the resource's own."""
    return None if facts is None else {name: _without(fact, own) for name, fact in facts.items()}


def _without(value: Any, own: Location | None) -> Any:
    if isinstance(value, Unknown):
        return replace(value, origin=None) if value.origin == own else value
    if isinstance(value, Known):
        return Known(value=_without(value.value, own), origin=None if value.origin == own else value.origin)
    if isinstance(value, dict):
        return {key: _without(inner, own) for key, inner in value.items()}
    return [_without(inner, own) for inner in value] if isinstance(value, list | tuple) else value


@cache
def _function(entry: str) -> States:
    module, name = entry.split(":")
    return cast(States, getattr(import_module(f"assay.detectors.cloud.{module}"), name))
