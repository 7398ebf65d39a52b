"""Facts of AWS volumes and file systems."""

from collections.abc import Mapping

from assay.detectors.cloud import aws_backup
from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import any_of, at, boolean, choice, integer, kms_key, tags
from assay.scanner.api import Fact, Known, Unknown

_MOUNT = ("elasticfilesystem:clientmount",)


def volume(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_ebs_volume`."""
    return {
        "provider": Known(value="aws"),
        "encrypted_at_rest": _volume_encrypted(block, world),
        "kms_key": kms_key(block.get("kms_key_id")),
        "tags": tags(block.get("tags")),
    }


def _volume_encrypted(block: Block, world: World) -> Fact:
    asked = block.get("encrypted")
    if asked is not None:
        return boolean(asked, False)
    for account in world.of_type("aws_ebs_encryption_by_default"):
        default = boolean(account.get("enabled"), True)
        if isinstance(default, Unknown) or default.value:
            return at(default, account.location)
    if block.get("snapshot_id") is not None:
        return Unknown(reason="not declared: the snapshot decides")
    # Plain unless asked for, here or for the account as a whole.
    # See: https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html
    return Known(value=False)


def elastic_file_system(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_efs_file_system`, with its policy and its backup policy."""
    return {
        "provider": Known(value="aws"),
        # Plain unless asked for. See: https://docs.aws.amazon.com/efs/latest/ug/encryption-at-rest.html
        "encrypted_at_rest": boolean(block.get("encrypted"), False),
        "kms_key": kms_key(block.get("kms_key_id")),
        "transit_encrypted": _mounts_over_tls(block, world),
        "backed_up": _backed_up(block, world),
        "tags": tags(block.get("tags")),
    }


def _mounts_over_tls(block: Block, world: World) -> Fact:
    joined = world.joined(block, "aws_efs_file_system_policy", "file_system_id")
    answers: list[Fact] = []
    for source in (block, *joined.blocks):
        value = source.get("policy")
        if value is not None:
            fact = policies.tls_required(policies.read(value), _MOUNT)
            answers.append(at(fact, None if source is block else source.location))
    if joined.stray:
        answers.append(joined.stray)
    # Any client may mount without TLS unless a policy refuses it.
    # See: https://docs.aws.amazon.com/efs/latest/ug/encryption-in-transit.html
    return any_of(answers)


def _backed_up(block: Block, world: World) -> Fact:
    joined = world.joined(block, "aws_efs_backup_policy", "file_system_id")
    answers: list[Fact] = []
    for source in (block, *joined.blocks):
        policy = source.block("backup_policy")
        if policy is not None:
            fact = policy if isinstance(policy, Unknown) else choice(policy.get("status"), "DISABLED", "ENABLED")
            answers.append(at(fact, None if source is block else source.location))
    if joined.stray:
        answers.append(joined.stray)
    answers += aws_backup.protected(block, world)
    if world.of_type("aws_backup_selection"):
        answers.append(Unknown(reason="not declared here: a backup selection may include it"))
    # File systems made through the API have no automatic backups.
    # See: https://docs.aws.amazon.com/efs/latest/ug/automatic-backups.html
    return any_of(answers)


def managed_file_system(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_fsx_*_file_system`: always encrypted at rest."""
    backups = integer(block.get("automatic_backup_retention_days"), _FSX_BACKUPS.get(block.type))
    if isinstance(backups, Known):
        backups = Known(value=bool(backups.value))
    return {
        "provider": Known(value="aws"),
        # See: https://docs.aws.amazon.com/fsx/latest/WindowsGuide/encryption-at-rest.html
        "encrypted_at_rest": Known(value=True),
        "kms_key": kms_key(block.get("kms_key_id")),
        "backed_up": any_of([backups, *aws_backup.protected(block, world)]),
        "transit_encrypted": Unknown(reason="the client and the instance type decide"),
        "tags": tags(block.get("tags")),
    }


_FSX_BACKUPS: Mapping[str, int] = {
    # See: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/fsx_windows_file_system
    "aws_fsx_windows_file_system": 7,
    "aws_fsx_lustre_file_system": 0,
    "aws_fsx_ontap_file_system": 0,
    "aws_fsx_openzfs_file_system": 0,
}
