"""CloudFormation's properties of what watches and records an account, under the names that Terraform gives them."""

from collections.abc import Mapping

from assay.detectors.cloud.arguments import By, Each, Shape

GOVERNANCE_SHAPES: Mapping[str, Shape] = {
    "AWS::AccessAnalyzer::Analyzer": ("aws_accessanalyzer_analyzer", {"type": "Type"}),
    "AWS::Backup::BackupVault": (
        "aws_backup_vault",
        {
            "name": "BackupVaultName",
            "locked": By("LockConfiguration", bool),
            "kms_key_arn": "EncryptionKeyArn",
            "policy": "AccessPolicy",
            "tags": "BackupVaultTags",
        },
    ),
    "AWS::CloudWatch::Alarm": (
        "aws_cloudwatch_metric_alarm",
        {
            "metric_name": "MetricName",
            "namespace": "Namespace",
            "alarm_actions": "AlarmActions",
            "actions_enabled": "ActionsEnabled",
        },
    ),
    "AWS::Config::ConfigurationRecorder": (
        "aws_config_configuration_recorder",
        {
            "name": "Name",
            # CloudFormation starts it as soon as there is a delivery channel.
            # See: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-config-configurationrecorder.html
            "is_enabled": True,
            "recording_group": Each(
                "RecordingGroup",
                {
                    "all_supported": "AllSupported",
                    "include_global_resource_types": "IncludeGlobalResourceTypes",
                    "recording_strategy": Each("RecordingStrategy", {"use_only": "UseOnly"}),
                },
            ),
        },
    ),
    "AWS::GuardDuty::Detector": (
        "aws_guardduty_detector",
        {
            "enable": "Enable",
            "declared_feature": Each("Features", {"name": "Name", "status": "Status"}),
            "datasources": Each(
                "DataSources",
                {
                    "s3_logs": Each("S3Logs", {"enable": "Enable"}),
                    "kubernetes": Each("Kubernetes", {"audit_logs": Each("AuditLogs", {"enable": "Enable"})}),
                },
            ),
        },
    ),
    "AWS::Logs::MetricFilter": (
        "aws_cloudwatch_log_metric_filter",
        {
            "log_group_name": "LogGroupName",
            "pattern": "FilterPattern",
            "metric_transformation": Each(
                "MetricTransformations", {"name": "MetricName", "namespace": "MetricNamespace"}
            ),
        },
    ),
    "AWS::Macie::Session": ("aws_macie2_account", {"status": "Status"}),
    "AWS::S3::AccessPoint": (
        "aws_s3_access_point",
        {
            "public_access_block_configuration": Each(
                "PublicAccessBlockConfiguration",
                {
                    "block_public_acls": "BlockPublicAcls",
                    "block_public_policy": "BlockPublicPolicy",
                    "ignore_public_acls": "IgnorePublicAcls",
                    "restrict_public_buckets": "RestrictPublicBuckets",
                },
            ),
            "vpc_configuration": Each("VpcConfiguration", {"vpc_id": "VpcId"}),
        },
    ),
    "AWS::SecurityHub::Hub": ("aws_securityhub_account", {"enable_default_standards": "EnableDefaultStandards"}),
}
