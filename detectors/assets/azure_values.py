"""Values that Azure's REST resources write differently from Terraform."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.assets.shape import not_collected
from assay.detectors.cloud.arguments import pick

_ACCESS = {"none": "private", "blob": "blob", "container": "container"}


def vault_key(encryption: Any) -> Any:
    """The block of a customer's key, in `encryption`; None for a key of Microsoft's."""
    if not isinstance(encryption, Mapping):
        return encryption
    properties = encryption.get("keyVaultProperties", encryption.get("keyvaultproperties"))
    source = str(encryption.get("keySource", "Microsoft.Keyvault" if properties else "")).lower()
    if source != "microsoft.keyvault" or str(encryption.get("status", "enabled")).lower() == "disabled":
        return None
    named = properties if isinstance(properties, Mapping) else {}
    uri = named.get("keyIdentifier") or named.get("currentVersionedKeyIdentifier")
    if not uri:
        vault = named.get("keyvaulturi", named.get("keyVaultUri"))
        name = named.get("keyname", named.get("keyName"))
        uri = f"{str(vault).rstrip('/')}/keys/{name}" if vault and name else not_collected("the export names no key")
    return [{"key_vault_key_id": uri, "key_id": uri}]


def server_key(encryption: Any) -> Any:
    """The same in a flexible server's `dataEncryption`."""
    if not isinstance(encryption, Mapping) or str(encryption.get("type", "")).lower() != "azurekeyvault":
        return None
    return [{"key_vault_key_id": encryption.get("primaryKeyURI", encryption.get("primaryKeyUri"))}]


def redundancy(sku: Any) -> Any:
    """`Standard_RAGRS` → `RAGRS`."""
    return sku.rpartition("_")[2] if isinstance(sku, str) else sku


def least_version(version: Any) -> Any:
    """Of TLS, of a database server; `None` is what Terraform calls `Disabled`."""
    return "Disabled" if isinstance(version, str) and version.lower() == "none" else version


def container_access(level: Any) -> Any:
    """`Blob` → `blob`."""
    return _ACCESS.get(str(level).lower(), "private")


def cosmos_backup(policy: Any) -> Any:
    """The block of an account's backups."""
    return [
        {
            "type": pick(policy, "type"),
            "tier": pick(policy, "continuousModeProperties.tier"),
            "retention_in_hours": pick(policy, "periodicModeProperties.backupRetentionIntervalInHours"),
        }
    ]


def node_pool(pools: Any) -> Any:
    """One block for all pools of a cluster: addressed where one of them is."""
    listed = [pool for pool in pools if isinstance(pool, Mapping)] if isinstance(pools, list) else []
    return [{"node_public_ip_enabled": any(pool.get("enableNodePublicIP") is True for pool in listed)}]


def secrets_key(service: Any) -> Any:
    """The block of a cluster whose secrets are encrypted by a vault's key."""
    return [{"key_vault_key_id": pick(service, "keyId")}] if pick(service, "enabled") is True else None


def engine_of_policies(name: Any) -> Any:
    """None for `none`."""
    return None if isinstance(name, str) and name.lower() == "none" else name


def of_security_group(target: Any) -> Any:
    """The id of a security group; None for that of anything else."""
    return target if isinstance(target, str) and "/networksecuritygroups/" in target.lower() else None


def rotation(properties: Any) -> Any:
    """The block of a key's rotation."""
    if pick(properties, "rotationPolicy") is None:
        return not_collected("the export holds no policy of the key's rotation")
    actions = pick(properties, "rotationPolicy.lifetimeActions")
    for action in actions if isinstance(actions, list) else ():
        if str(pick(action, "action.type")).lower() == "rotate":
            after, before = pick(action, "trigger.timeAfterCreate"), pick(action, "trigger.timeBeforeExpiry")
            return [{"automatic": [{"time_after_creation": after, "time_before_expiry": before}]}]
    return None


def diagnosed(name: Any) -> Any:
    """What a diagnostic setting is of; that of an account's blobs counts for the account."""
    if not isinstance(name, str):
        return name
    place = name.lower().rfind("/providers/microsoft.insights/")
    whole = name[:place] if place > 0 else name
    return whole[: -len("/blobServices/default")] if whole.lower().endswith("/blobservices/default") else whole
