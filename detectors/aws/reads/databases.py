"""Databases, warehouses and search domains."""

from collections.abc import Callable
from typing import Any

from assay.detectors.aws.collector import Collector, Detail
from assay.detectors.cloud.arguments import By, Each

_KIND = ("database.instance",)


def _first(name: str) -> Callable[[Any], Any]:
    return lambda listed: listed[0].get(name) if listed else None


def _own_option_group(groups: Any) -> Any:
    """A default one sets nothing."""
    names = (one.get("OptionGroupName", "") for one in groups)
    return next((name for name in names if not name.startswith("default:")), None)


_INSTANCE = {
    "identifier": "DBInstanceIdentifier",
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId",
    "publicly_accessible": "PubliclyAccessible",
    "backup_retention_period": "BackupRetentionPeriod",
    "deletion_protection": "DeletionProtection",
    "enabled_cloudwatch_logs_exports": "EnabledCloudwatchLogsExports",
    "iam_database_authentication_enabled": "IAMDatabaseAuthenticationEnabled",
    "multi_az": "MultiAZ",
    "availability_zone": "AvailabilityZone",
    "db_cluster_identifier": "DBClusterIdentifier",
    "parameter_group_name": By(
        "DBParameterGroups", lambda groups: groups[0].get("DBParameterGroupName") if groups else None
    ),
    "option_group_name": By("OptionGroupMemberships", _own_option_group),
    "automated_backups_replication": By(
        "DBInstanceAutomatedBackupsReplications",
        # `arn:aws:rds:eu-central-1:111122223333:auto-backup:…`
        lambda copies: [{"region": one["DBInstanceAutomatedBackupsArn"].split(":")[3]} for one in copies],
    ),
    "tags": "TagList",
}
_CLUSTER = {
    "cluster_identifier": "DBClusterIdentifier",
    "engine": "Engine",
    "engine_version": "EngineVersion",
    "engine_mode": "EngineMode",
    "storage_encrypted": "StorageEncrypted",
    "kms_key_id": "KmsKeyId",
    "publicly_accessible": "PubliclyAccessible",
    "backup_retention_period": "BackupRetentionPeriod",
    "deletion_protection": "DeletionProtection",
    "enabled_cloudwatch_logs_exports": "EnabledCloudwatchLogsExports",
    "iam_database_authentication_enabled": "IAMDatabaseAuthenticationEnabled",
    "db_cluster_parameter_group_name": "DBClusterParameterGroup",
    "tags": "TagList",
}
_FORCED = "Parameters[?contains(['rds.force_ssl', 'require_secure_transport', 'tls', 'require_ssl'], ParameterName)]"


def _parameters(operation: str, name: str, argument: str) -> Detail:
    """The parameters of a group that say whether TLS is forced, where somebody has set them."""
    return Detail(
        call=f"rds:{operation}",
        given={argument: name},
        fixed={"Source": "user"},
        keep=_FORCED,
        into="Parameters",
        fields=("transit_encrypted",),
    )


_PARAMETER = Each("Parameters", {"name": "ParameterName", "value": "ParameterValue"})


def _logs(options: Any) -> Any:
    return [{"log_type": name, "enabled": one.get("Enabled", True)} for name, one in sorted(options.items())]


COLLECTORS = (
    Collector(
        id="rds.instances",
        call="rds:DescribeDBInstances",
        items="DBInstances[?!contains(['docdb', 'neptune'], Engine)]",
        kinds=_KIND,
        type="aws_db_instance",
        shape=_INSTANCE,
        arn="{DBInstanceArn}",
    ),
    Collector(
        id="rds.cluster-members",
        call="rds:DescribeDBInstances",
        items="DBInstances[?DBClusterIdentifier]",
        kinds=_KIND,
        type="aws_rds_cluster_instance",
        shape={"cluster_identifier": "DBClusterIdentifier", "publicly_accessible": "PubliclyAccessible"},
        arn="{DBInstanceArn}#member",
    ),
    *(
        Collector(
            id=f"rds.clusters-{name}",
            call="rds:DescribeDBClusters",
            items=items,
            kinds=_KIND,
            type=type_,
            shape=_CLUSTER,
            arn="{DBClusterArn}",
        )
        for name, type_, items in (
            ("aurora", "aws_rds_cluster", "DBClusters[?!contains(['docdb', 'neptune'], Engine)]"),
            ("docdb", "aws_docdb_cluster", "DBClusters[?Engine=='docdb']"),
            ("neptune", "aws_neptune_cluster", "DBClusters[?Engine=='neptune']"),
        )
    ),
    Collector(
        id="rds.parameter-groups",
        call="rds:DescribeDBParameterGroups",
        items="DBParameterGroups[?!starts_with(DBParameterGroupName, 'default.')]",
        kinds=_KIND,
        type="aws_db_parameter_group",
        details=(_parameters("DescribeDBParameters", "DBParameterGroupName", "DBParameterGroupName"),),
        shape={"name": "DBParameterGroupName", "family": "DBParameterGroupFamily", "parameter": _PARAMETER},
        arn="{DBParameterGroupArn}",
    ),
    *(
        Collector(
            id=f"rds.cluster-parameter-groups-{name}",
            call="rds:DescribeDBClusterParameterGroups",
            items=f"DBClusterParameterGroups[?!starts_with(DBClusterParameterGroupName, 'default.') && {which}]",
            kinds=_KIND,
            type=type_,
            details=(
                _parameters(
                    "DescribeDBClusterParameters", "DBClusterParameterGroupName", "DBClusterParameterGroupName"
                ),
            ),
            shape={"name": "DBClusterParameterGroupName", "family": "DBParameterGroupFamily", "parameter": _PARAMETER},
            arn="{DBClusterParameterGroupArn}",
        )
        for name, type_, which in (
            ("aurora", "aws_rds_cluster_parameter_group", "!starts_with(DBParameterGroupFamily, 'docdb')"),
            ("docdb", "aws_docdb_cluster_parameter_group", "starts_with(DBParameterGroupFamily, 'docdb')"),
        )
    ),
    Collector(
        id="dynamodb.tables",
        call="dynamodb:ListTables",
        items="TableNames[].{Name: @}",
        kinds=_KIND,
        type="aws_dynamodb_table",
        details=(
            Detail(call="dynamodb:DescribeTable", given={"TableName": "Name"}, keep="Table"),
            Detail(
                call="dynamodb:DescribeContinuousBackups",
                given={"TableName": "Name"},
                keep="ContinuousBackupsDescription.PointInTimeRecoveryDescription",
                fields=("backup_days", "point_in_time_recovery"),
            ),
        ),
        shape={
            "name": "Name",
            "server_side_encryption": Each(
                "DescribeTable.SSEDescription",
                {
                    "enabled": By("Status", lambda status: status in ("ENABLED", "ENABLING", "UPDATING")),
                    "kms_key_arn": "KMSMasterKeyArn",
                },
            ),
            "point_in_time_recovery": Each(
                "DescribeContinuousBackups",
                {
                    "enabled": By("PointInTimeRecoveryStatus", lambda status: status == "ENABLED"),
                    "recovery_period_in_days": "RecoveryPeriodInDays",
                },
            ),
            "deletion_protection_enabled": "DescribeTable.DeletionProtectionEnabled",
            "replica": Each("DescribeTable.Replicas", {"region_name": "RegionName"}),
        },
        arn="arn:{partition}:dynamodb:{region}:{account}:table/{Name}",
    ),
    Collector(
        id="redshift.clusters",
        call="redshift:DescribeClusters",
        items="Clusters",
        kinds=_KIND,
        type="aws_redshift_cluster",
        details=(
            Detail(
                call="redshift:DescribeLoggingStatus",
                given={"ClusterIdentifier": "ClusterIdentifier"},
                fields=("audit_logged",),
            ),
        ),
        shape={
            "cluster_identifier": "ClusterIdentifier",
            "encrypted": "Encrypted",
            "kms_key_id": "KmsKeyId",
            "publicly_accessible": "PubliclyAccessible",
            "automated_snapshot_retention_period": "AutomatedSnapshotRetentionPeriod",
            "cluster_parameter_group_name": By("ClusterParameterGroups", _first("ParameterGroupName")),
            "multi_az": By("MultiAZ", lambda state: str(state).lower() in ("true", "enabled")),
            "logging": Each("DescribeLoggingStatus", {"enable": "LoggingEnabled"}),
            "snapshot_copy": Each("ClusterSnapshotCopyStatus", {"destination_region": "DestinationRegion"}),
            "tags": "Tags",
        },
        arn="arn:{partition}:redshift:{region}:{account}:cluster:{ClusterIdentifier}",
    ),
    Collector(
        id="redshift.parameter-groups",
        call="redshift:DescribeClusterParameterGroups",
        items="ParameterGroups[?!starts_with(ParameterGroupName, 'default.')]",
        kinds=_KIND,
        type="aws_redshift_parameter_group",
        details=(
            Detail(
                call="redshift:DescribeClusterParameters",
                given={"ParameterGroupName": "ParameterGroupName"},
                keep="Parameters[?ParameterName=='require_ssl']",
                into="Parameters",
                fields=("transit_encrypted",),
            ),
        ),
        shape={"name": "ParameterGroupName", "family": "ParameterGroupFamily", "parameter": _PARAMETER},
        arn="arn:{partition}:redshift:{region}:{account}:parametergroup:{ParameterGroupName}",
    ),
    Collector(
        id="opensearch.domains",
        call="opensearch:ListDomainNames",
        items="DomainNames",
        kinds=_KIND,
        type="aws_opensearch_domain",
        details=(
            Detail(
                call="opensearch:DescribeDomain", given={"DomainName": "DomainName"}, keep="DomainStatus", into="Domain"
            ),
        ),
        shape={
            "encrypt_at_rest": Each("Domain.EncryptionAtRestOptions", {"enabled": "Enabled", "kms_key_id": "KmsKeyId"}),
            "node_to_node_encryption": Each("Domain.NodeToNodeEncryptionOptions", {"enabled": "Enabled"}),
            "domain_endpoint_options": Each("Domain.DomainEndpointOptions", {"enforce_https": "EnforceHTTPS"}),
            "vpc_options": Each("Domain.VPCOptions", {"subnet_ids": "SubnetIds"}),
            "cluster_config": Each("Domain.ClusterConfig", {"zone_awareness_enabled": "ZoneAwarenessEnabled"}),
            "log_publishing_options": By("Domain.LogPublishingOptions", _logs),
        },
        arn="arn:{partition}:es:{region}:{account}:domain/{DomainName}",
    ),
)
