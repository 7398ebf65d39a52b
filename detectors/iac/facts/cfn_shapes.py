"""CloudFormation's properties under the names that Terraform gives them, so that one function states both."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.arguments import By, Each, Or, Shape
from assay.detectors.iac.facts.cfn_shapes_ai import AI_SHAPES
from assay.detectors.iac.facts.cfn_shapes_governance import GOVERNANCE_SHAPES
from assay.detectors.iac.facts.cfn_values import acl_name, log_option_blocks, parameter_blocks, type_names
from assay.scanner.api import Unknown

_PUBLIC_ACCESS = {
    "block_public_acls": "BlockPublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "ignore_public_acls": "IgnorePublicAcls",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
_OPENING = {
    "protocol": "IpProtocol",
    "from_port": "FromPort",
    "to_port": "ToPort",
    "cidr_ipv4": "CidrIp",
    "cidr_ipv6": "CidrIpv6",
    "description": "Description",
}
_DATABASE = {
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId",
    # CloudFormation keeps backups for a day unless told otherwise.
    # See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-rds-dbinstance.html
    "backup_retention_period": Or("BackupRetentionPeriod", 1),
    "deletion_protection": "DeletionProtection",
    "enabled_cloudwatch_logs_exports": "EnableCloudwatchLogsExports",
    "iam_database_authentication_enabled": "EnableIAMDatabaseAuthentication",
    "tags": "Tags",
}


def _policy(names: Mapping[str, str]) -> Shape:
    return "aws_iam_policy", {"policy": "PolicyDocument", **names}


SHAPES: Mapping[str, Shape] = {
    **AI_SHAPES,
    **GOVERNANCE_SHAPES,
    "AWS::CloudTrail::Trail": (
        "aws_cloudtrail",
        {
            "enable_logging": "IsLogging",
            "is_multi_region_trail": "IsMultiRegionTrail",
            "enable_log_file_validation": "EnableLogFileValidation",
            "kms_key_id": "KMSKeyId",
            "s3_bucket_name": "S3BucketName",
            "cloud_watch_logs_group_arn": "CloudWatchLogsLogGroupArn",
            "event_selector": Each("EventSelectors", {"data_resource": Each("DataResources", {"type": "Type"})}),
            "advanced_event_selector": Each(
                "AdvancedEventSelectors",
                {"field_selector": Each("FieldSelectors", {"field": "Field", "equals": "Equals"})},
            ),
            "tags": "Tags",
        },
    ),
    "AWS::DynamoDB::Table": (
        "aws_dynamodb_table",
        {
            "point_in_time_recovery": Each(
                "PointInTimeRecoverySpecification",
                {"enabled": "PointInTimeRecoveryEnabled", "recovery_period_in_days": "RecoveryPeriodInDays"},
            ),
            "server_side_encryption": Each(
                "SSESpecification", {"enabled": "SSEEnabled", "kms_key_arn": "KMSMasterKeyId"}
            ),
            "deletion_protection_enabled": "DeletionProtectionEnabled",
            "tags": "Tags",
        },
    ),
    "AWS::EC2::FlowLog": ("aws_flow_log", {"vpc_id": "ResourceId", "traffic_type": "TrafficType"}),
    "AWS::EC2::SecurityGroup": (
        "aws_security_group",
        {
            "ingress": Each("SecurityGroupIngress", _OPENING),
            "egress": Each("SecurityGroupEgress", _OPENING),
            "tags": "Tags",
        },
    ),
    "AWS::EC2::SecurityGroupEgress": (
        "aws_vpc_security_group_egress_rule",
        {"security_group_id": "GroupId", **_OPENING},
    ),
    "AWS::EC2::SecurityGroupIngress": (
        "aws_vpc_security_group_ingress_rule",
        {"security_group_id": "GroupId", **_OPENING},
    ),
    "AWS::EC2::VPC": ("aws_vpc", {"tags": "Tags"}),
    "AWS::EC2::Volume": (
        "aws_ebs_volume",
        {
            "encrypted": "Encrypted",
            "kms_key_id": "KmsKeyId",
            "snapshot_id": "SnapshotId",
            "availability_zone": "AvailabilityZone",
            "tags": "Tags",
        },
    ),
    "AWS::ECR::Repository": (
        "aws_ecr_repository",
        {
            "image_tag_mutability": "ImageTagMutability",
            "image_scanning_configuration": Each("ImageScanningConfiguration", {"scan_on_push": "ScanOnPush"}),
            "encryption_configuration": Each(
                "EncryptionConfiguration", {"encryption_type": "EncryptionType", "kms_key": "KmsKey"}
            ),
            "policy": "RepositoryPolicyText",
            "tags": "Tags",
        },
    ),
    "AWS::EFS::FileSystem": (
        "aws_efs_file_system",
        {
            "encrypted": "Encrypted",
            "kms_key_id": "KmsKeyId",
            "policy": "FileSystemPolicy",
            "backup_policy": Each("BackupPolicy", {"status": "Status"}),
            "replication": Each("ReplicationConfiguration.ReplicationDestinations", {"region": "Region"}),
            "tags": "FileSystemTags",
        },
    ),
    "AWS::EKS::Cluster": (
        "aws_eks_cluster",
        {
            "name": "Name",
            "vpc_config": Each(
                "ResourcesVpcConfig",
                {"endpoint_public_access": "EndpointPublicAccess", "public_access_cidrs": "PublicAccessCidrs"},
            ),
            "encryption_config": Each(
                "EncryptionConfig", {"resources": "Resources", "provider": Each("Provider", {"key_arn": "KeyArn"})}
            ),
            "enabled_cluster_log_types": By("Logging.ClusterLogging.EnabledTypes", type_names),
            "tags": "Tags",
        },
    ),
    "AWS::EKS::PodIdentityAssociation": (
        "aws_eks_pod_identity_association",
        {
            "cluster_name": "ClusterName",
            "namespace": "Namespace",
            "service_account": "ServiceAccount",
            "role_arn": "RoleArn",
            "target_role_arn": "TargetRoleArn",
            "policy": "Policy",
        },
    ),
    "AWS::IAM::AccessKey": ("aws_iam_access_key", {"user": "UserName", "status": "Status"}),
    "AWS::IAM::Group": (
        "aws_iam_group",
        {"inline_policy": Each("Policies", {"policy": "PolicyDocument"}), "managed_policy_arns": "ManagedPolicyArns"},
    ),
    "AWS::IAM::GroupPolicy": _policy({"group": "GroupName"}),
    "AWS::IAM::ManagedPolicy": _policy({"roles": "Roles", "users": "Users", "groups": "Groups"}),
    "AWS::IAM::Policy": _policy({"roles": "Roles", "users": "Users", "groups": "Groups"}),
    "AWS::IAM::Role": (
        "aws_iam_role",
        {
            "name": "RoleName",
            "assume_role_policy": "AssumeRolePolicyDocument",
            "permissions_boundary": "PermissionsBoundary",
            "inline_policy": Each("Policies", {"policy": "PolicyDocument"}),
            "managed_policy_arns": "ManagedPolicyArns",
            "tags": "Tags",
        },
    ),
    "AWS::IAM::RolePolicy": _policy({"role": "RoleName"}),
    "AWS::IAM::User": (
        "aws_iam_user",
        {
            "name": "UserName",
            "permissions_boundary": "PermissionsBoundary",
            "inline_policy": Each("Policies", {"policy": "PolicyDocument"}),
            "managed_policy_arns": "ManagedPolicyArns",
            "tags": "Tags",
        },
    ),
    "AWS::IAM::UserPolicy": _policy({"user": "UserName"}),
    "AWS::KMS::Key": (
        "aws_kms_key",
        {
            "key_spec": "KeySpec",
            "enable_key_rotation": "EnableKeyRotation",
            "rotation_period_in_days": "RotationPeriodInDays",
            "pending_window_in_days": "PendingWindowInDays",
            "policy": "KeyPolicy",
            "tags": "Tags",
        },
    ),
    "AWS::Logs::LogGroup": (
        "aws_cloudwatch_log_group",
        {"retention_in_days": "RetentionInDays", "kms_key_id": "KmsKeyId", "tags": "Tags"},
    ),
    "AWS::OpenSearchService::Domain": (
        "aws_opensearch_domain",
        {
            "encrypt_at_rest": Each("EncryptionAtRestOptions", {"enabled": "Enabled", "kms_key_id": "KmsKeyId"}),
            "node_to_node_encryption": Each("NodeToNodeEncryptionOptions", {"enabled": "Enabled"}),
            "domain_endpoint_options": Each("DomainEndpointOptions", {"enforce_https": "EnforceHTTPS"}),
            "vpc_options": Each("VPCOptions", {"subnet_ids": "SubnetIds"}),
            "cluster_config": Each("ClusterConfig", {"zone_awareness_enabled": "ZoneAwarenessEnabled"}),
            "log_publishing_options": By("LogPublishingOptions", log_option_blocks),
            "tags": "Tags",
        },
    ),
    "AWS::RDS::DBCluster": (
        "aws_rds_cluster",
        {
            **_DATABASE,
            "cluster_identifier": "DBClusterIdentifier",
            "engine_mode": "EngineMode",
            "snapshot_identifier": "SnapshotIdentifier",
            "replication_source_identifier": "ReplicationSourceIdentifier",
            "db_cluster_parameter_group_name": "DBClusterParameterGroupName",
        },
    ),
    "AWS::RDS::DBClusterParameterGroup": (
        "aws_rds_cluster_parameter_group",
        {"name": "DBClusterParameterGroupName", "family": "Family", "parameter": By("Parameters", parameter_blocks)},
    ),
    "AWS::RDS::DBInstance": (
        "aws_db_instance",
        {
            **_DATABASE,
            "publicly_accessible": Or(
                "PubliclyAccessible", Unknown(reason="not declared: the subnets and the VPC decide")
            ),
            "multi_az": "MultiAZ",
            "availability_zone": "AvailabilityZone",
            "snapshot_identifier": "DBSnapshotIdentifier",
            "replicate_source_db": "SourceDBInstanceIdentifier",
            "identifier": "DBInstanceIdentifier",
            "db_cluster_identifier": "DBClusterIdentifier",
            "option_group_name": "OptionGroupName",
            "parameter_group_name": "DBParameterGroupName",
        },
    ),
    "AWS::RDS::DBParameterGroup": (
        "aws_db_parameter_group",
        {"name": "DBParameterGroupName", "family": "Family", "parameter": By("Parameters", parameter_blocks)},
    ),
    "AWS::Redshift::Cluster": (
        "aws_redshift_cluster",
        {
            "encrypted": "Encrypted",
            "kms_key_id": "KmsKeyId",
            "publicly_accessible": "PubliclyAccessible",
            "automated_snapshot_retention_period": "AutomatedSnapshotRetentionPeriod",
            "cluster_parameter_group_name": "ClusterParameterGroupName",
            "multi_az": "MultiAZ",
            "logging": By("LoggingProperties", lambda _: [{"enable": True}]),
            "tags": "Tags",
        },
    ),
    "AWS::S3::Bucket": (
        "aws_s3_bucket",
        {
            "bucket": "BucketName",
            "acl": By("AccessControl", acl_name),
            "server_side_encryption_configuration": Each(
                "BucketEncryption",
                {
                    "rule": Each(
                        "ServerSideEncryptionConfiguration",
                        {
                            "apply_server_side_encryption_by_default": Each(
                                "ServerSideEncryptionByDefault",
                                {"sse_algorithm": "SSEAlgorithm", "kms_master_key_id": "KMSMasterKeyID"},
                            )
                        },
                    )
                },
            ),
            "public_access_block_configuration": Each("PublicAccessBlockConfiguration", _PUBLIC_ACCESS),
            "versioning": Each("VersioningConfiguration", {"status": "Status"}),
            "replication_configuration": Each(
                "ReplicationConfiguration",
                {
                    "rules": Each(
                        "Rules", {"status": "Status", "destination": Each("Destination", {"bucket": "Bucket"})}
                    )
                },
            ),
            "logging": Each("LoggingConfiguration", {"target_bucket": "DestinationBucketName"}),
            "lifecycle_rule": Each(
                "LifecycleConfiguration.Rules",
                {
                    "status": "Status",
                    "prefix": "Prefix",
                    "tags": "TagFilters",
                    "expiration": Each("", {"days": "ExpirationInDays", "date": "ExpirationDate"}),
                    "filter": Each(
                        "",
                        {
                            "object_size_greater_than": "ObjectSizeGreaterThan",
                            "object_size_less_than": "ObjectSizeLessThan",
                        },
                    ),
                },
            ),
            "object_lock_enabled": "ObjectLockEnabled",
            "object_lock_configuration": Each(
                "ObjectLockConfiguration",
                {"rule": Each("Rule", {"default_retention": Each("DefaultRetention", {"mode": "Mode"})})},
            ),
            "tags": "Tags",
        },
    ),
    "AWS::S3::BucketPolicy": ("aws_s3_bucket_policy", {"bucket": "Bucket", "policy": "PolicyDocument"}),
}
"""CloudFormation type → the Terraform type with the same facts, and where each of its arguments is found."""

ALWAYS: Mapping[str, Mapping[str, Any]] = {
    # Everything may leave unless rules are given.
    # See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroup.html
    "AWS::EC2::SecurityGroup": {"egress": [{"protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}]}
}
"""What CloudFormation adds where a property is absent."""
