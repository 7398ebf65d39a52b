"""Facts of Google Cloud's buckets, disks, file systems, databases and keys."""

import re
from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.gcp_iam import flag, open_to_all
from assay.detectors.cloud.policy_document import contains
from assay.detectors.cloud.values import (
    all_of,
    any_of,
    as_fact,
    at,
    boolean,
    choice,
    integer,
    reference,
    strings,
    tags,
    text,
)
from assay.scanner.api import Fact, Known, Unknown

_READERS = (
    "roles/storage.objectViewer",
    "roles/storage.objectUser",
    "roles/storage.objectAdmin",
    "roles/storage.admin",
    "roles/storage.legacyBucketReader",
    "roles/storage.legacyBucketWriter",
    "roles/storage.legacyBucketOwner",
    "roles/storage.legacyObjectReader",
    "roles/storage.legacyObjectOwner",
    "roles/viewer",
)
_WRITERS = (
    "roles/storage.objectCreator",
    "roles/storage.objectUser",
    "roles/storage.objectAdmin",
    "roles/storage.admin",
    "roles/storage.legacyBucketWriter",
    "roles/storage.legacyBucketOwner",
    "roles/storage.legacyObjectOwner",
)
_PUBLIC_ACLS = {"publicRead": (True, False), "publicReadWrite": (True, True), "authenticatedRead": (True, False)}
_AUDITING_FLAGS = (
    "cloudsql.enable_pgaudit",
    "cloudsql_mysql_audit",
    "log_connections",
    "log_disconnections",
    "general_log",
)


def bucket(block: Block, world: World) -> Mapping[str, Fact]:
    """`google_storage_bucket`, with the grants and ACLs that name it."""
    prevention = text(block.get("public_access_prevention"), "inherited")
    enforced: Fact = Known(value=prevention.value == "enforced") if isinstance(prevention, Known) else prevention
    blocked = enforced
    if enforced == Known(value=False):
        blocked = Unknown(reason="the bucket itself does not block it; a policy of the organisation may")
    acls = [_acl(block, world, index) for index in (0, 1)]
    return {
        "provider": Known(value="gcp"),
        "name": text(block.get("name"), None),
        # See: https://cloud.google.com/storage/docs/encryption/default-keys
        "encrypted_at_rest": Known(value=True),
        "encryption_declared": _has(block, "encryption"),
        "kms_key": reference(block.at("encryption", "default_kms_key_name")),
        "public_access_blocked": blocked,
        "public_access_block_declared": enforced,
        "public_read": any_of([acls[0], open_to_all(block, world, "google_storage_bucket", "bucket", _READERS)]),
        "public_write": any_of([acls[1], open_to_all(block, world, "google_storage_bucket", "bucket", _WRITERS)]),
        "tls_required": Unknown(reason="Cloud Storage has no such setting"),
        "versioned": boolean(block.at("versioning", "enabled"), False),
        "access_logged": _has(block, "logging"),
        "retention_days": _retention(block),
        "object_lock": _has(block, "retention_policy"),
        "tags": tags(block.get("labels")),
    }


def _has(block: Block, name: str) -> Fact:
    inner = block.block(name)
    return inner if isinstance(inner, Unknown) else Known(value=inner is not None)


def _acl(block: Block, world: World, index: int) -> Fact:
    answers: list[Fact] = []
    joined = world.joined(block, "google_storage_bucket_acl", "bucket", name="name")
    for other in joined.blocks:
        named = text(other.get("predefined_acl"), "")
        fact: Fact = (
            as_fact(_PUBLIC_ACLS.get(named.value, (False, False))[index]) if isinstance(named, Known) else named
        )
        entries = strings(other.get("role_entity"))
        found = [fact, entries] if isinstance(entries, Unknown) else [fact, *(_entity(one, index) for one in entries)]
        answers.append(at(any_of(found), other.location))
    for other in world.joined(block, "google_storage_bucket_access_control", "bucket", name="name").blocks:
        entity, role = text(other.get("entity"), ""), text(other.get("role"), "READER")
        if isinstance(entity, Known) and isinstance(role, Known):
            answers.append(at(_entity(f"{role.value}:{entity.value}", index), other.location))
        else:
            answers.append(at(entity if isinstance(entity, Unknown) else role, other.location))
    return any_of([*answers, *([joined.stray] if joined.stray else [])])


def _entity(entry: Any, index: int) -> Fact:
    """`READER:allUsers`."""
    if isinstance(entry, Unknown):
        return entry
    role, _, entity = str(entry).partition(":")
    wanted = ("READER", "WRITER", "OWNER") if index == 0 else ("WRITER", "OWNER")
    return Known(value=entity in ("allUsers", "allAuthenticatedUsers") and role.upper() in wanted)


def _retention(block: Block) -> Fact:
    days: list[Fact] = []
    for rule in block.blocks("lifecycle_rule"):
        if isinstance(rule, Unknown):
            return rule
        kind = choice(rule.at("action", "type"), "", "Delete")
        condition = rule.block("condition")
        if isinstance(kind, Unknown) or isinstance(condition, Unknown):
            return kind if isinstance(kind, Unknown) else condition  # type: ignore[return-value]  # one of the two
        if not kind.value or condition is None:
            continue
        others = set(condition.arguments) - {"age", "__start_line__", "__end_line__"}
        if not any(condition.get(name) not in (None, "ANY", "", False) for name in sorted(others)):
            days.append(integer(condition.get("age"), None))
    known = [fact for fact in days if isinstance(fact, Known) and fact.value is not None]
    unknown = next((fact for fact in days if isinstance(fact, Unknown)), None)
    return unknown or (min(known, key=lambda fact: int(fact.value)) if known else Known(value=None))


def disk(block: Block, _world: World) -> Mapping[str, Fact]:
    """`google_compute_disk` and `google_compute_region_disk`: always encrypted."""
    return {
        "provider": Known(value="gcp"),
        # See: https://cloud.google.com/compute/docs/disks/disk-encryption
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.at("disk_encryption_key", "kms_key_self_link")),
        "tags": tags(block.get("labels")),
    }


def filestore(block: Block, world: World) -> Mapping[str, Fact]:
    """`google_filestore_instance`."""
    backups = world.joined(block, "google_filestore_backup", "source_instance", name="name")
    answers: list[Fact] = [Known(value=True, origin=other.location) for other in backups.blocks]
    return {
        "provider": Known(value="gcp"),
        # See: https://cloud.google.com/filestore/docs/cmek
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.get("kms_key_name")),
        "transit_encrypted": Unknown(reason="the protocol and the clients decide"),
        "backed_up": any_of([*answers, *([backups.stray] if backups.stray else [])]),
        "tags": tags(block.get("labels")),
    }


def sql(block: Block, world: World) -> Mapping[str, Fact]:
    """`google_sql_database_instance`; a read replica's backups are those of its primary."""
    version = text(block.get("database_version"), None)
    flags: list[Any] = []
    settings = block.block("settings")
    if isinstance(settings, Block):
        flags = settings.blocks("database_flags")
    backups = boolean(block.at("settings", "backup_configuration", "enabled"), False)
    kept = block.at("settings", "backup_configuration", "backup_retention_settings", "retained_backups")
    days: Fact = backups
    if isinstance(backups, Known):
        # One a day, of which seven are kept.
        # See: https://cloud.google.com/sql/docs/postgres/backup-recovery/backups
        days = integer(kept, 7) if backups.value else Known(value=0)
    address = ("settings", "ip_configuration")
    mode = choice(block.at(*address, "ssl_mode"), "", "ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED")
    # Cloud SQL's connectors and proxy encrypt what they carry, and may be the only way in.
    # See: https://cloud.google.com/sql/docs/postgres/admin-api/rest/v1beta4/instances#ConnectorEnforcement
    connectors = choice(block.at("settings", "connector_enforcement"), "NOT_REQUIRED", "REQUIRED")
    facts: dict[str, Fact] = {
        "provider": Known(value="gcp"),
        "engine": _engine(version),
        "holds_data": Known(value=True),
        # See: https://cloud.google.com/sql/docs/postgres/cmek
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.get("encryption_key_name")),
        # A public address is given unless refused.
        # See: https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/sql_database_instance
        "public": boolean(block.at(*address, "ipv4_enabled"), True),
        "transit_encrypted": any_of([mode, boolean(block.at(*address, "require_ssl"), False), connectors]),
        "backup_days": days,
        "point_in_time_recovery": all_of(
            [
                backups,
                any_of(
                    boolean(block.at("settings", "backup_configuration", name), False)
                    for name in ("point_in_time_recovery_enabled", "binary_log_enabled")
                ),
            ]
        ),
        "deletion_protected": any_of(
            [
                boolean(block.get("deletion_protection"), True),
                boolean(block.at("settings", "deletion_protection_enabled"), False),
            ]
        ),
        "audit_logged": flag(flags, _AUDITING_FLAGS),
        "iam_authentication": flag(flags, ("cloudsql.iam_authentication", "cloudsql_iam_authentication")),
        "multi_zone": choice(block.at("settings", "availability_type"), "ZONAL", "REGIONAL"),
        "tags": tags(block.at("settings", "user_labels")),
    }
    facts.update(_of_primary(block, world))
    return facts


def _of_primary(block: Block, world: World) -> Mapping[str, Fact]:
    """Backups can't be made of a replica, and its key in the same region is that of its primary.

    See: https://cloud.google.com/sql/docs/postgres/replication
    """
    named = block.get("master_instance_name")
    if named is None:
        return {}
    primary = world.named(named, block.type, "name")
    inherited = ["backup_days", "point_in_time_recovery"]
    if block.get("encryption_key_name") is None:
        inherited.append("kms_key")
    # A replica of a replica, or of itself, is followed no further.
    if primary is None or primary.get("master_instance_name") is not None:
        return {name: Unknown(reason="its primary decides, which isn't declared here") for name in inherited}
    facts = sql(primary, world)
    return {name: at(facts[name], facts[name].origin or primary.location) for name in inherited}


def _engine(version: Fact) -> Fact:
    if isinstance(version, Unknown):
        return version
    name = re.match("[a-z]+", str(version.value or "").lower())
    return Known(value=name.group()) if name else Unknown(reason="not declared")


def dataset(block: Block, world: World) -> Mapping[str, Fact]:
    """`google_bigquery_dataset`."""
    hours = integer(block.get("max_time_travel_hours"), 168)
    return {
        "provider": Known(value="gcp"),
        "engine": Known(value="bigquery"),
        "holds_data": Known(value=True),
        # See: https://cloud.google.com/bigquery/docs/encryption-at-rest
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.at("default_encryption_configuration", "kms_key_name")),
        "public": _open_dataset(block, world),
        # An API behind IAM, over TLS.
        "transit_encrypted": Known(value=True),
        "iam_authentication": Known(value=True),
        # Time travel. See: https://cloud.google.com/bigquery/docs/time-travel
        "backup_days": Known(value=hours.value // 24) if isinstance(hours, Known) else hours,
        "point_in_time_recovery": Known(value=True),
        # Data access is logged without being asked for.
        # See: https://cloud.google.com/bigquery/docs/reference/auditlogs
        "audit_logged": Known(value=True),
        "multi_zone": Known(value=True),
        "tags": tags(block.get("labels")),
    }


def _open_dataset(block: Block, world: World) -> Fact:
    answers: list[Fact] = []
    for access in block.blocks("access"):
        if isinstance(access, Unknown):
            answers.append(access)
            continue
        for name in ("special_group", "iam_member"):
            listed = strings(access.get(name))
            answers += [any_of(contains(listed, everyone) for everyone in ("allAuthenticatedUsers", "allUsers"))]
    return any_of([*answers, open_to_all(block, world, "google_bigquery_dataset", "dataset_id")])


def key(block: Block, world: World) -> Mapping[str, Fact]:
    """`google_kms_crypto_key`."""
    period = _days(text(block.get("rotation_period"), None))
    window = _days(text(block.get("destroy_scheduled_duration"), "2592000s"))
    purpose = text(block.get("purpose"), "ENCRYPT_DECRYPT")
    kept: Fact = window
    if isinstance(window, Known):
        kept = Known(value=window.value is not None and window.value >= 7)
    return {
        "provider": Known(value="gcp"),
        "symmetric": Known(value=purpose.value in ("ENCRYPT_DECRYPT", "RAW_ENCRYPT_DECRYPT", "MAC"))
        if isinstance(purpose, Known)
        else purpose,
        # See: https://cloud.google.com/kms/docs/rotate-key
        "rotated": Known(value=period.value is not None) if isinstance(period, Known) else period,
        "rotation_days": period,
        # Thirty days. See: https://cloud.google.com/kms/docs/destroy-restore
        "deletion_window_days": window,
        "deletion_protected": kept,
        "usable_by_anyone": open_to_all(block, world, "google_kms_crypto_key", "crypto_key_id"),
        "hardware_backed": choice(block.at("version_template", "protection_level"), "SOFTWARE", "HSM"),
        "tags": tags(block.get("labels")),
    }


def _days(duration: Fact) -> Fact:
    """Whole days in `7776000s`."""
    if isinstance(duration, Unknown) or duration.value is None:
        return duration
    seconds = re.fullmatch(r"(\d{1,12})(?:\.\d+)?s", str(duration.value))
    return Known(value=int(seconds[1]) // 86400) if seconds else Unknown(reason="unreadable: expected seconds")
