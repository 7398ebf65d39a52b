"""What others can be given: snapshots, images, documents, access points; and what the account allows of that."""

from typing import Any

from assay.detectors.aws.collector import Collector, Detail
from assay.detectors.cloud.arguments import By, Each, Or

_SNAPSHOT = ("storage.snapshot",)
_DEFAULTS = ("storage.defaults",)


def _shared(attributes: Any) -> list[str]:
    """With whom a snapshot can be restored: `all`, or only whether there is another account."""
    values = [value for one in attributes if one.get("AttributeName") == "restore" for value in one["AttributeValues"]]
    return ["all"] if "all" in values else []


def _all(accounts: Any) -> list[str]:
    return ["all"] if "all" in accounts or "All" in accounts else []


def _database_snapshots(what: str, call: str, items: str, type_: str) -> Collector:
    name = f"{what}SnapshotIdentifier"
    return Collector(
        id=f"rds.{type_.removeprefix('aws_')}",
        call=f"rds:{call}",
        # Only what somebody made by hand can be shared.
        given={"SnapshotType": "manual"},
        items=items,
        kinds=_SNAPSHOT,
        type=type_,
        details=(
            Detail(
                call=f"rds:Describe{what}SnapshotAttributes",
                given={name: name},
                keep=f"{what}SnapshotAttributesResult.{what}SnapshotAttributes",
                into="Attributes",
                fields=("public",),
            ),
        ),
        shape={
            "encrypted": Or("Encrypted", False) if what == "DB" else Or("StorageEncrypted", False),
            "shared_accounts": By("Attributes", _shared),
        },
        arn=f"{{{what}SnapshotArn}}",
    )


COLLECTORS = (
    Collector(
        id="ec2.public-snapshots",
        call="ec2:DescribeSnapshots",
        given={"OwnerIds": ["self"], "RestorableByUserIds": ["all"]},
        items="Snapshots",
        kinds=_SNAPSHOT,
        type="aws_ebs_public_snapshot",
        details=(
            Detail(
                call="ec2:DescribeSnapshotAttribute",
                given={"SnapshotId": "SnapshotId"},
                fixed={"Attribute": "createVolumePermission"},
                keep="CreateVolumePermissions[].Group",
                into="Groups",
                fields=("public",),
            ),
        ),
        shape={"encrypted": "Encrypted", "public": By("Groups", lambda groups: "all" in groups)},
        arn="arn:{partition}:ec2:{region}:{account}:snapshot/{SnapshotId}",
    ),
    Collector(
        id="ec2.public-images",
        call="ec2:DescribeImages",
        given={"Owners": ["self"], "Filters": [{"Name": "is-public", "Values": ["true"]}]},
        items="Images",
        kinds=_SNAPSHOT,
        type="aws_ec2_public_image",
        shape={"public": "Public"},
        arn="arn:{partition}:ec2:{region}:{account}:image/{ImageId}",
    ),
    _database_snapshots("DB", "DescribeDBSnapshots", "DBSnapshots", "aws_db_snapshot"),
    _database_snapshots("DBCluster", "DescribeDBClusterSnapshots", "DBClusterSnapshots", "aws_db_cluster_snapshot"),
    Collector(
        id="ssm.documents",
        call="ssm:ListDocuments",
        given={"Filters": [{"Key": "Owner", "Values": ["Self"]}]},
        items="DocumentIdentifiers",
        kinds=_SNAPSHOT,
        type="aws_ssm_document",
        details=(
            Detail(
                call="ssm:DescribeDocumentPermission",
                given={"Name": "Name"},
                fixed={"PermissionType": "Share"},
                keep="AccountIds",
                fields=("public",),
            ),
        ),
        shape={"permissions": By("DescribeDocumentPermission", lambda found: {"account_ids": _all(found)})},
        arn="arn:{partition}:ssm:{region}:{account}:document/{Name}",
    ),
    Collector(
        id="ec2.snapshot-block",
        call="ec2:GetSnapshotBlockPublicAccessState",
        items="[@]",
        kinds=_DEFAULTS,
        type="aws_ebs_snapshot_block_public_access",
        shape={"state": "State"},
        arn="arn:{partition}:ec2:{region}:{account}:snapshot-block-public-access",
    ),
    Collector(
        id="ec2.image-block",
        call="ec2:GetImageBlockPublicAccessState",
        items="[@]",
        kinds=_DEFAULTS,
        type="aws_ec2_image_block_public_access",
        shape={"state": "ImageBlockPublicAccessState"},
        arn="arn:{partition}:ec2:{region}:{account}:image-block-public-access",
    ),
    Collector(
        id="s3.access-points",
        call="s3control:ListAccessPoints",
        given={"AccountId": "{account}"},
        items="AccessPointList",
        kinds=("storage.access-point",),
        type="aws_s3_access_point",
        details=(
            Detail(
                call="s3control:GetAccessPoint",
                given={"Name": "Name"},
                fixed={"AccountId": "{account}"},
                keep="PublicAccessBlockConfiguration",
                fields=("public_access_blocked",),
            ),
        ),
        shape={
            "network_origin": "NetworkOrigin",
            "public_access_block_configuration": Each(
                "GetAccessPoint",
                {
                    "block_public_acls": Or("BlockPublicAcls", False),
                    "block_public_policy": Or("BlockPublicPolicy", False),
                    "ignore_public_acls": Or("IgnorePublicAcls", False),
                    "restrict_public_buckets": Or("RestrictPublicBuckets", False),
                },
            ),
        },
        arn="{AccessPointArn}",
    ),
)
