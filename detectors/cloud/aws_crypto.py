"""Facts of AWS KMS keys."""

from collections.abc import Mapping

from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import any_of, at, boolean, integer, tags, text
from assay.scanner.api import Fact, Known


def key(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_kms_key`, with a separate `aws_kms_key_policy`."""
    spec = text(block.first("customer_master_key_spec", "key_spec"), "SYMMETRIC_DEFAULT")
    symmetric: Fact = Known(value=spec.value == "SYMMETRIC_DEFAULT") if isinstance(spec, Known) else spec
    # Off unless asked for. See: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
    rotated = boolean(block.get("enable_key_rotation"), False)
    days: Fact = rotated
    if isinstance(rotated, Known):
        days = integer(block.get("rotation_period_in_days"), 365) if rotated.value else Known(value=None)
    # See: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
    window = integer(block.first("deletion_window_in_days", "pending_window_in_days"), 30)
    return {
        "provider": Known(value="aws"),
        "symmetric": symmetric,
        "rotated": rotated,
        "rotation_days": days,
        "deletion_window_days": window,
        # AWS refuses a window below seven days.
        "deletion_protected": Known(value=True),
        "usable_by_anyone": _usable_by_anyone(block, world),
        "hardware_backed": Known(value=True),
        "tags": tags(block.get("tags")),
    }


def _usable_by_anyone(block: Block, world: World) -> Fact:
    joined = world.joined(block, "aws_kms_key_policy", "key_id")
    answers: list[Fact] = []
    for source in (block, *joined.blocks):
        value = source.get("policy")
        if value is not None:
            origin = None if source is block else source.location
            answers.append(at(_open(policies.read(value)), origin))
    if joined.stray:
        answers.append(joined.stray)
    # Without a policy the account's own IAM policies decide.
    # See: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    return any_of(answers)


def _open(policy: policies.Policy) -> Fact:
    return policies.public(policy, ("kms:decrypt", "kms:encrypt", "kms:putkeypolicy", "kms:creategrant"))
