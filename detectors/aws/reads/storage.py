"""Object storage, volumes and file systems."""

from assay.detectors.aws.collector import Collector, Detail
from assay.detectors.cloud.arguments import Each, Or

_PUBLIC_ACCESS = {
    "block_public_acls": "BlockPublicAcls",
    "block_public_policy": "BlockPublicPolicy",
    "ignore_public_acls": "IgnorePublicAcls",
    "restrict_public_buckets": "RestrictPublicBuckets",
}
_LIFECYCLE = {
    "status": "Status",
    "prefix": "Prefix",
    "expiration": Each("Expiration", {"days": "Days", "date": "Date"}),
    "filter": Each(
        "Filter",
        {
            "prefix": "Prefix",
            "tag": Each("Tag", {"key": "Key"}),
            "and": Each("And", {"prefix": "Prefix"}),
            "object_size_greater_than": "ObjectSizeGreaterThan",
            "object_size_less_than": "ObjectSizeLessThan",
        },
    ),
}
_BUCKET = ("storage.bucket", "service.trail")
"""A trail's files lie in one."""
_OF_BUCKET = {"Bucket": "Name"}
_REGION = "LocationConstraint == 'EU' && 'eu-west-1' || LocationConstraint || 'us-east-1'"

COLLECTORS = (
    Collector(
        id="s3.account",
        call="s3control:GetPublicAccessBlock",
        given={"AccountId": "{account}"},
        items="[PublicAccessBlockConfiguration]",
        absent=("NoSuchPublicAccessBlockConfiguration",),
        even_absent=True,
        kinds=_BUCKET,
        type="aws_s3_account_public_access_block",
        shape=_PUBLIC_ACCESS,
        arn="arn:{partition}:s3:::",
        once=True,
    ),
    Collector(
        id="s3.buckets",
        call="s3:ListBuckets",
        items="Buckets",
        kinds=_BUCKET,
        type="aws_s3_bucket",
        arn="arn:{partition}:s3:::{Name}",
        once=True,
        lies_in="BucketRegion",
        details=(
            Detail(
                call="s3:GetBucketLocation",
                given=_OF_BUCKET,
                keep=_REGION,
                into="BucketRegion",
                unless="BucketRegion",
            ),
            Detail(
                call="s3:GetBucketPolicy",
                given=_OF_BUCKET,
                keep="Policy",
                absent=("NoSuchBucketPolicy",),
                fields=("public_read", "public_write", "tls_required", "bucket_public"),
            ),
            Detail(
                call="s3:GetBucketAcl",
                given=_OF_BUCKET,
                keep="Grants",
                fields=("public_read", "public_write", "bucket_public"),
            ),
            Detail(
                call="s3:GetPublicAccessBlock",
                given=_OF_BUCKET,
                keep="PublicAccessBlockConfiguration",
                absent=("NoSuchPublicAccessBlockConfiguration",),
                fields=("public_access_blocked", "public_access_block_declared", "bucket_public"),
            ),
            Detail(
                call="s3:GetBucketEncryption",
                given=_OF_BUCKET,
                keep="ServerSideEncryptionConfiguration.Rules",
                absent=("ServerSideEncryptionConfigurationNotFoundError",),
                fields=("encryption_declared", "kms_key"),
            ),
            Detail(call="s3:GetBucketVersioning", given=_OF_BUCKET, keep="Status", fields=("versioned",)),
            Detail(
                call="s3:GetBucketLogging",
                given=_OF_BUCKET,
                keep="LoggingEnabled",
                fields=("access_logged", "bucket_access_logged"),
            ),
            Detail(
                call="s3:GetBucketLifecycleConfiguration",
                given=_OF_BUCKET,
                keep="Rules",
                absent=("NoSuchLifecycleConfiguration",),
                fields=("retention_days",),
            ),
            Detail(
                call="s3:GetBucketReplication",
                given=_OF_BUCKET,
                keep="ReplicationConfiguration.Rules",
                absent=("ReplicationConfigurationNotFoundError",),
                fields=("replica_regions",),
            ),
            Detail(
                call="s3:GetObjectLockConfiguration",
                given=_OF_BUCKET,
                keep="ObjectLockConfiguration",
                absent=("ObjectLockConfigurationNotFoundError", "NoSuchObjectLockConfiguration"),
                fields=("object_lock",),
            ),
        ),
        shape={
            "bucket": "Name",
            "policy": "GetBucketPolicy",
            "access_control_policy": Each(
                "",
                {
                    "grant": Each(
                        "GetBucketAcl", {"grantee": Each("Grantee", {"uri": "URI"}), "permission": "Permission"}
                    )
                },
            ),
            "server_side_encryption_configuration": Each(
                "",
                {
                    "rule": Each(
                        "GetBucketEncryption",
                        {
                            "apply_server_side_encryption_by_default": Each(
                                "ApplyServerSideEncryptionByDefault",
                                {"sse_algorithm": "SSEAlgorithm", "kms_master_key_id": "KMSMasterKeyID"},
                            )
                        },
                    )
                },
            ),
            "public_access_block_configuration": Each("GetPublicAccessBlock", _PUBLIC_ACCESS),
            "versioning": Each("", {"status": "GetBucketVersioning"}),
            "logging": Each("GetBucketLogging", {"target_bucket": "TargetBucket"}),
            "lifecycle_rule": Each("GetBucketLifecycleConfiguration", _LIFECYCLE),
            "replication_configuration": Each(
                "",
                {
                    "rules": Each(
                        "GetBucketReplication",
                        {"status": "Status", "destination": Each("Destination", {"bucket": "Bucket"})},
                    )
                },
            ),
            "object_lock_configuration": Each(
                "GetObjectLockConfiguration",
                {"rule": Each("Rule", {"default_retention": Each("DefaultRetention", {"mode": "Mode"})})},
            ),
        },
    ),
    Collector(
        id="ebs.default",
        call="ec2:GetEbsEncryptionByDefault",
        items="[@]",
        kinds=("storage.volume", "storage.defaults"),
        type="aws_ebs_encryption_by_default",
        shape={"enabled": "EbsEncryptionByDefault"},
        arn="arn:{partition}:ec2:{region}:{account}:ebs-encryption-by-default",
    ),
    Collector(
        id="ebs.volumes",
        call="ec2:DescribeVolumes",
        given={"MaxResults": 500},
        items="Volumes",
        kinds=("storage.volume",),
        type="aws_ebs_volume",
        shape={
            "encrypted": "Encrypted",
            "kms_key_id": "KmsKeyId",
            "snapshot_id": "SnapshotId",
            "availability_zone": "AvailabilityZone",
            "tags": "Tags",
        },
        arn="arn:{partition}:ec2:{region}:{account}:volume/{VolumeId}",
        known_as=("VolumeId",),
    ),
    Collector(
        id="efs.file-systems",
        call="efs:DescribeFileSystems",
        items="FileSystems",
        kinds=("storage.file-system",),
        type="aws_efs_file_system",
        details=(
            Detail(
                call="efs:DescribeFileSystemPolicy",
                given={"FileSystemId": "FileSystemId"},
                keep="Policy",
                absent=("PolicyNotFound",),
                fields=("transit_encrypted",),
            ),
            Detail(
                call="efs:DescribeBackupPolicy",
                given={"FileSystemId": "FileSystemId"},
                keep="BackupPolicy",
                absent=("PolicyNotFound",),
                fields=("backed_up",),
            ),
        ),
        shape={
            "encrypted": "Encrypted",
            "kms_key_id": "KmsKeyId",
            "policy": "DescribeFileSystemPolicy",
            "backup_policy": Each("DescribeBackupPolicy", {"status": "Status"}),
            "tags": "Tags",
        },
        arn="{FileSystemArn}",
        known_as=("FileSystemId",),
    ),
    Collector(
        id="efs.replications",
        call="efs:DescribeReplicationConfigurations",
        items="Replications",
        absent=("ReplicationNotFound",),
        kinds=("storage.file-system",),
        type="aws_efs_replication_configuration",
        shape={
            "source_file_system_id": "SourceFileSystemId",
            "destination": Each("Destinations", {"region": "Region"}),
        },
        arn="{SourceFileSystemArn}#replication",
    ),
    *(
        Collector(
            id=f"fsx.{name}",
            call="fsx:DescribeFileSystems",
            items=f"FileSystems[?FileSystemType=='{name.upper()}']",
            kinds=("storage.file-system",),
            type=f"aws_fsx_{name}_file_system",
            shape={
                "kms_key_id": "KmsKeyId",
                "automatic_backup_retention_days": Or(f"{settings}.AutomaticBackupRetentionDays", 0),
                "tags": "Tags",
            },
            arn="{ResourceARN}",
            known_as=("FileSystemId",),
        )
        for name, settings in (
            ("lustre", "LustreConfiguration"),
            ("ontap", "OntapConfiguration"),
            ("openzfs", "OpenZFSConfiguration"),
            ("windows", "WindowsConfiguration"),
        )
    ),
)
