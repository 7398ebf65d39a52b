"""Facts of Azure's storage accounts, disks and keys."""

import re
from collections.abc import Mapping

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import (
    all_of,
    any_of,
    at,
    boolean,
    choice,
    integer,
    negated,
    reference,
    tags,
    text,
)
from assay.scanner.api import Fact, Known, Unknown


def account(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_storage_account`, with its containers, key, lifecycle and diagnostic settings."""
    # Containers may be made public unless the account refuses.
    # See: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/storage_account
    allowed = boolean(block.first("allow_nested_items_to_be_public", "allow_blob_public_access"), True)
    key, declared = _key(block, world)
    return {
        "provider": Known(value="azure"),
        "name": text(block.get("name"), None),
        # See: https://learn.microsoft.com/azure/storage/common/storage-service-encryption
        "encrypted_at_rest": Known(value=True),
        "encryption_declared": any_of([declared, boolean(block.get("infrastructure_encryption_enabled"), False)]),
        "kms_key": key,
        "public_access_blocked": negated(allowed),
        "public_access_block_declared": negated(allowed),
        "public_read": all_of([allowed, _open_containers(block, world)]),
        # Anonymous access is for reading only.
        # See: https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-overview
        "public_write": Known(value=False),
        "tls_required": boolean(block.first("https_traffic_only_enabled", "enable_https_traffic_only"), True),
        "versioned": boolean(block.at("blob_properties", "versioning_enabled"), False),
        "access_logged": _logged(block, world),
        "retention_days": _retention(block, world),
        "object_lock": _locked(block),
        "tags": tags(block.get("tags")),
    }


def account_key(block: Block, world: World) -> Fact:
    """The customer's key that encrypts an `azurerm_storage_account`; None: a key of the platform's."""
    return _key(block, world)[0]


def _key(block: Block, world: World) -> tuple[Fact, Fact]:
    inline = block.block("customer_managed_key")
    if isinstance(inline, Unknown):
        return inline, inline
    if inline is not None:
        return reference(inline.first("key_vault_key_id", "managed_hsm_key_id")), Known(value=True)
    joined = world.joined(block, "azurerm_storage_account_customer_managed_key", "storage_account_id")
    for other in joined.blocks:
        named = reference(other.first("key_vault_key_id", "managed_hsm_key_id", "key_name"))
        return at(named, other.location), Known(value=True, origin=other.location)
    return (joined.stray, joined.stray) if joined.stray else (Known(value=None), Known(value=False))


def _open_containers(block: Block, world: World) -> Fact:
    answers: list[Fact] = []
    for argument in ("storage_account_name", "storage_account_id"):
        joined = world.joined(block, "azurerm_storage_container", argument, name="name")
        for other in joined.blocks:
            access = choice(other.get("container_access_type"), "private", "blob", "container")
            answers.append(at(access, other.location))
        if joined.stray:
            answers.append(joined.stray)
    return any_of(answers)


def _logged(block: Block, world: World) -> Fact:
    # `queue_properties.logging` is of queues alone, and says nothing of what is read from blobs.
    return logs_sent(block, world)


def logs_sent(block: Block, world: World) -> Fact:
    """Whether a diagnostic setting sends some log of a resource elsewhere; one of metrics alone sends none.

    See: https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings
    """
    joined = world.joined(block, "azurerm_monitor_diagnostic_setting", "target_resource_id")
    answers: list[Fact] = []
    for other in joined.blocks:
        logs: list[Fact] = [
            log if isinstance(log, Unknown) else boolean(log.get("enabled"), True)
            for log in (*other.blocks("enabled_log"), *other.blocks("log"))
        ]
        answers.append(at(any_of(logs), other.location))
    return any_of([*answers, *([joined.stray] if joined.stray else [])])


def _retention(block: Block, world: World) -> Fact:
    joined = world.joined(block, "azurerm_storage_management_policy", "storage_account_id")
    days: list[Fact] = []
    for other in joined.blocks:
        for rule in other.blocks("rule"):
            days.append(rule if isinstance(rule, Unknown) else at(_expiry(rule), other.location))
    unknown = next((fact for fact in days if isinstance(fact, Unknown)), None)
    known = [fact for fact in days if isinstance(fact, Known) and fact.value is not None]
    if unknown or joined.stray:
        return unknown or joined.stray or Known(value=None)
    return min(known, key=lambda fact: int(fact.value)) if known else Known(value=None)


def _expiry(rule: Block) -> Fact:
    enabled = boolean(rule.get("enabled"), False)
    if isinstance(enabled, Unknown) or not enabled.value:
        return enabled if isinstance(enabled, Unknown) else Known(value=None)
    filters = rule.block("filters")
    if isinstance(filters, Unknown):
        return filters
    if filters is not None and (filters.get("prefix_match") or filters.blocks("match_blob_index_tag")):
        return Known(value=None)
    return integer(rule.at("actions", "base_blob", "delete_after_days_since_modification_greater_than"), None)


def _locked(block: Block) -> Fact:
    policy = block.block("immutability_policy")
    if policy is None or isinstance(policy, Unknown):
        return policy or Known(value=False)
    return choice(policy.get("state"), "Disabled", "Locked", "Unlocked")


def disk(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_managed_disk`: always encrypted, by the platform's key unless it names a set of keys."""
    return {
        "provider": Known(value="azure"),
        # See: https://learn.microsoft.com/azure/virtual-machines/disk-encryption
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.first("disk_encryption_set_id", "secure_vm_disk_encryption_set_id")),
        "tags": tags(block.get("tags")),
    }


def key(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_key_vault_key`, with the vault that keeps it."""
    kind = text(block.get("key_type"), "")
    vault = world.target(block.get("key_vault_id"), "azurerm_key_vault")
    elsewhere = Unknown(reason="its vault isn't declared here")
    window: Fact = elsewhere
    protected: Fact = elsewhere
    if vault is not None:
        # See: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/key_vault
        window = at(integer(vault.get("soft_delete_retention_days"), 90), vault.location)
        protected = at(boolean(vault.get("purge_protection_enabled"), False), vault.location)
    automatic = block.at("rotation_policy", "automatic", "time_after_creation")
    before = block.at("rotation_policy", "automatic", "time_before_expiry")
    period = _iso_days(text(automatic, None))
    rotated: Fact = Known(value=automatic is not None or before is not None)
    if isinstance(automatic, Unknown) or isinstance(before, Unknown):
        rotated = automatic if isinstance(automatic, Unknown) else Unknown(reason="unresolved: the rotation policy")
    return {
        "provider": Known(value="azure"),
        "symmetric": Known(value=str(kind.value).lower().startswith("oct")) if isinstance(kind, Known) else kind,
        "rotated": rotated,
        "rotation_days": period,
        "deletion_window_days": window,
        "deletion_protected": protected,
        "usable_by_anyone": Known(value=False),
        "hardware_backed": Known(value=str(kind.value).upper().endswith("-HSM")) if isinstance(kind, Known) else kind,
        "tags": tags(block.get("tags")),
    }


def _iso_days(duration: Fact) -> Fact:
    """Days in `P90D` or `P3M`."""
    if isinstance(duration, Unknown) or duration.value is None:
        return duration
    match = re.fullmatch(r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,6})D)?", str(duration.value))
    if match is None:
        return Unknown(reason="unreadable: expected an ISO 8601 duration")
    years, months, days = (int(part or 0) for part in match.groups())
    return Known(value=years * 365 + months * 30 + days)
