"""Which function states the facts of which resource type; imported when a type occurs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import cast

from assay.detectors.iac.facts.block import Block, World
from assay.scanner.api import Fact, Resource

States = Callable[[Block, World], Mapping[str, Fact] | None]
"""Facts of a block by field of the kind; None where it declares nothing of the kind after all."""

TABLE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "aws_bedrock_custom_model": (("ai.training-job", "aws_ai:custom_model"),),
    "aws_bedrock_guardrail": (("ai.workspace", "aws_ai:guardrail"),),
    "aws_bedrock_model_invocation_logging_configuration": (("ai.workspace", "aws_ai:invocation_logging"),),
    "aws_bedrockagent_agent": (("ai.endpoint", "aws_ai:agent"),),
    "aws_cloudtrail": (("service.trail", "aws_service:trail"),),
    "aws_cloudwatch_log_group": (("service.log-group", "aws_service:log_group"),),
    "aws_db_instance": (("database.instance", "aws_database:instance"),),
    "aws_default_security_group": (("network.boundary", "aws_network:security_group"),),
    "aws_docdb_cluster": (("database.instance", "aws_database:cluster"),),
    "aws_dynamodb_table": (("database.instance", "aws_database:table"),),
    "aws_ebs_volume": (("storage.volume", "aws_storage:volume"),),
    "aws_ecr_repository": (("service.image-repository", "aws_service:repository"),),
    "aws_ecrpublic_repository": (("service.image-repository", "aws_service:repository"),),
    "aws_efs_file_system": (("storage.file-system", "aws_storage:elastic_file_system"),),
    "aws_eks_cluster": (("service.cluster", "aws_service:cluster"),),
    "aws_elasticsearch_domain": (("database.instance", "aws_database:search"),),
    "aws_fsx_lustre_file_system": (("storage.file-system", "aws_storage:managed_file_system"),),
    "aws_fsx_ontap_file_system": (("storage.file-system", "aws_storage:managed_file_system"),),
    "aws_fsx_openzfs_file_system": (("storage.file-system", "aws_storage:managed_file_system"),),
    "aws_fsx_windows_file_system": (("storage.file-system", "aws_storage:managed_file_system"),),
    "aws_iam_group_policy": (("identity.grant", "aws_identity:policy"),),
    "aws_iam_group_policy_attachment": (("identity.grant", "aws_identity:attachment"),),
    "aws_iam_policy": (("identity.grant", "aws_identity:policy"),),
    "aws_iam_policy_attachment": (("identity.grant", "aws_identity:attachment"),),
    "aws_iam_role": (("identity.principal", "aws_identity:role"), ("identity.grant", "aws_identity:inline")),
    "aws_iam_role_policy": (("identity.grant", "aws_identity:policy"),),
    "aws_iam_role_policy_attachment": (("identity.grant", "aws_identity:attachment"),),
    "aws_iam_user": (("identity.principal", "aws_identity:user"), ("identity.grant", "aws_identity:inline")),
    "aws_iam_user_policy": (("identity.grant", "aws_identity:policy"),),
    "aws_iam_user_policy_attachment": (("identity.grant", "aws_identity:attachment"),),
    "aws_kms_key": (("crypto.key", "aws_crypto:key"),),
    "aws_neptune_cluster": (("database.instance", "aws_database:cluster"),),
    "aws_opensearch_domain": (("database.instance", "aws_database:search"),),
    "aws_rds_cluster": (("database.instance", "aws_database:cluster"),),
    "aws_rds_cluster_instance": (("database.instance", "aws_database:instance"),),
    "aws_redshift_cluster": (("database.instance", "aws_database:warehouse"),),
    "aws_s3_bucket": (("storage.bucket", "aws_bucket:bucket"),),
    "aws_sagemaker_data_quality_job_definition": (("ai.training-job", "aws_ai:training"),),
    "aws_sagemaker_domain": (("ai.workspace", "aws_ai:domain"),),
    "aws_sagemaker_endpoint_configuration": (("ai.endpoint", "aws_ai:endpoint"),),
    "aws_sagemaker_feature_group": (("ai.workspace", "aws_ai:feature_group"),),
    "aws_sagemaker_model": (("ai.endpoint", "aws_ai:model"),),
    "aws_sagemaker_notebook_instance": (("ai.notebook", "aws_ai:notebook"),),
    "aws_security_group": (("network.boundary", "aws_network:security_group"),),
    "aws_vpc": (("network.network", "aws_network:network"),),
}
"""Resource type → the kinds it is, each with the function that states it, as `module:function` of this package."""

JOINED: frozenset[str] = frozenset(
    {
        "aws_backup_selection",
        "aws_db_parameter_group",
        "aws_ebs_encryption_by_default",
        "aws_ecr_repository_policy",
        "aws_efs_backup_policy",
        "aws_efs_file_system_policy",
        "aws_eks_pod_identity_association",
        "aws_flow_log",
        "aws_iam_access_key",
        "aws_iam_openid_connect_provider",
        "aws_kms_key_policy",
        "aws_rds_cluster_parameter_group",
        "aws_redshift_logging",
        "aws_redshift_parameter_group",
        "aws_s3_bucket_acl",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_logging",
        "aws_s3_bucket_object_lock_configuration",
        "aws_s3_bucket_policy",
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
        "aws_security_group_rule",
        "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_ingress_rule",
    }
)
"""Types that state nothing of their own but belong to another resource's facts."""

NEEDED: frozenset[str] = frozenset(TABLE) | JOINED


def state(world: World, blocks: Sequence[Block], surface: str) -> Iterator[Resource]:
    """The resources that some blocks are, in their order."""
    for block in blocks:
        for kind, entry in TABLE.get(block.type, ()):
            facts = _function(entry)(block, world)
            if facts is not None:
                yield Resource(
                    kind=kind, address=block.address, surface=surface, facts=facts, location=block.location
                )


@cache
def _function(entry: str) -> States:
    module, name = entry.split(":")
    return cast(States, getattr(import_module(f"assay.detectors.iac.facts.{module}"), name))
