"""Facts of AWS Backup's vaults, and whether something is among what its plans protect."""

from collections.abc import Mapping

from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import any_of, at, boolean, kms_key, tags
from assay.scanner.api import Fact, Known

PROTECTED = "aws_backup_protected_resource"
"""What a live account lists as protected."""


def vault(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_backup_vault`, with its lock and its policy."""
    locks = world.joined(block, "aws_backup_vault_lock_configuration", "backup_vault_name", name="name")
    locked: list[Fact] = [Known(value=True, origin=lock.location) for lock in locks.blocks]
    written = world.joined(block, "aws_backup_vault_policy", "backup_vault_name", name="name")
    public: list[Fact] = []
    for source in (block, *written.blocks):
        value = source.get("policy")
        if value is not None:
            public.append(at(policies.public(policies.read(value)), None if source is block else source.location))
    return {
        "provider": Known(value="aws"),
        "locked": any_of([boolean(block.get("locked"), False), *locked, *([locks.stray] if locks.stray else [])]),
        "kms_key": kms_key(block.get("kms_key_arn")),
        "public": any_of([*public, *([written.stray] if written.stray else [])]),
        "tags": tags(block.get("tags")),
    }


def protected(block: Block, world: World) -> list[Fact]:
    """Whether a live account's backups hold it; nothing where none are listed."""
    joined = world.joined(block, PROTECTED, "resource_arn")
    return [Known(value=True)] if joined.blocks else [joined.stray] if joined.stray else []
