"""Keys of the key-management service."""

from assay.detectors.aws.collector import Collector, Detail

_OF_KEY = {"KeyId": "KeyId"}

MANAGED_KEYS = Collector(
    id="kms.managed-keys",
    call="kms:ListAliases",
    items="Aliases[?starts_with(AliasName, 'alias/aws/') && TargetKeyId]",
    kinds=(),
    type="aws_kms_alias",
    shape={"name": "AliasName", "target_key_id": "TargetKeyId"},
    arn="{AliasArn}",
)
"""The keys that AWS keeps for the account. Read whenever something may name a key: nothing else tells a customer's."""

COLLECTORS = (
    MANAGED_KEYS,
    Collector(
        id="kms.keys",
        call="kms:ListKeys",
        items="Keys",
        kinds=("crypto.key",),
        type="aws_kms_key",
        details=(
            Detail(call="kms:DescribeKey", given=_OF_KEY, keep="KeyMetadata", into="Key"),
            Detail(
                call="kms:GetKeyRotationStatus",
                given=_OF_KEY,
                into="Rotation",
                # Only what KMS makes itself, symmetric, can rotate by itself.
                without="Key.KeyManager == 'AWS' || Key.KeySpec && Key.KeySpec != 'SYMMETRIC_DEFAULT' "
                "|| Key.Origin && Key.Origin != 'AWS_KMS' || starts_with(Key.KeyState || '', 'Pending')",
                fields=("rotated", "rotation_days"),
            ),
            Detail(
                call="kms:GetKeyPolicy",
                given=_OF_KEY,
                fixed={"PolicyName": "default"},
                keep="Policy",
                without="Key.KeyManager == 'AWS'",
                fields=("usable_by_anyone",),
            ),
        ),
        # AWS's own keys are none of the customer's, and what is about to be deleted protects nothing any more.
        leave_out="Key.KeyManager == 'AWS' || Key.KeyState == 'PendingDeletion'",
        shape={
            "key_spec": "Key.KeySpec",
            "enable_key_rotation": "Rotation.KeyRotationEnabled",
            "rotation_period_in_days": "Rotation.RotationPeriodInDays",
            "policy": "GetKeyPolicy",
        },
        arn="{KeyArn}",
        known_as=("KeyId",),
    ),
)
