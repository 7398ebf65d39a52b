"""Vaults of AWS Backup, and what its plans have made backups of."""

from assay.detectors.aws.collector import Collector, Detail

COLLECTORS = (
    Collector(
        id="backup.vaults",
        call="backup:ListBackupVaults",
        items="BackupVaultList",
        kinds=("storage.backup-vault",),
        type="aws_backup_vault",
        details=(
            Detail(
                call="backup:GetBackupVaultAccessPolicy",
                given={"BackupVaultName": "BackupVaultName"},
                keep="Policy",
                absent=("ResourceNotFoundException",),
                fields=("public",),
            ),
        ),
        shape={
            "name": "BackupVaultName",
            "locked": "Locked",
            "kms_key_arn": "EncryptionKeyArn",
            "policy": "GetBackupVaultAccessPolicy",
        },
        arn="{BackupVaultArn}",
    ),
    Collector(
        id="backup.protected",
        call="backup:ListProtectedResources",
        # Once there is a backup, and not only a plan for one.
        items="Results[?LastBackupTime]",
        kinds=("storage.file-system",),
        type="aws_backup_protected_resource",
        shape={"resource_arn": "ResourceArn"},
        arn="{ResourceArn}#backup",
    ),
)
