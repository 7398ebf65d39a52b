"""Facts of Azure's databases."""

from collections.abc import Mapping

from assay.detectors.cloud.azure_storage import logs_sent
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import (
    all_of,
    any_of,
    at,
    boolean,
    choice,
    integer,
    negated,
    present,
    reference,
    settled,
    tags,
    text,
)
from assay.scanner.api import Fact, Known, Unknown


def sql_server(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_mssql_server`; backups are those of its databases."""
    key = reference(block.get("transparent_data_encryption_key_vault_key_id"))
    joined = world.joined(block, "azurerm_mssql_server_transparent_data_encryption", "server_id")
    for other in joined.blocks:
        key = at(reference(other.first("key_vault_key_id", "managed_hsm_key_id")), other.location)
    return {
        "provider": Known(value="azure"),
        "engine": Known(value="mssql"),
        "holds_data": Known(value=False),
        # See: https://learn.microsoft.com/azure/azure-sql/database/transparent-data-encryption-tde-overview
        "encrypted_at_rest": Known(value=True),
        "kms_key": joined.stray or key,
        "public": boolean(block.get("public_network_access_enabled"), True),
        # Plain connections are refused unless the minimum is switched off.
        # See: https://learn.microsoft.com/azure/azure-sql/database/connectivity-settings
        "transit_encrypted": negated(choice(block.get("minimum_tls_version"), "1.2", "Disabled")),
        "backup_days": Unknown(reason="each database decides"),
        "point_in_time_recovery": Known(value=True),
        "audit_logged": _audited(block, world),
        "iam_authentication": _has(block, "azuread_administrator"),
        "tags": tags(block.get("tags")),
    }


def sql_database(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_mssql_database`, with what its server decides."""
    server = world.target(block.get("server_id"), "azurerm_mssql_server")
    elsewhere = Unknown(reason="its server isn't declared here")
    shared: dict[str, Fact] = {}
    facts = sql_server(server, world) if server is not None else {}
    for name in ("public", "transit_encrypted", "audit_logged", "iam_authentication", "kms_key"):
        shared[name] = at(facts[name], facts[name].origin or server.location) if server is not None else elsewhere
    own = block.get("transparent_data_encryption_key_vault_key_id")
    if own is not None:
        shared["kms_key"] = reference(own)
    return {
        "provider": Known(value="azure"),
        "engine": Known(value="mssql"),
        "holds_data": Known(value=True),
        "encrypted_at_rest": boolean(block.get("transparent_data_encryption_enabled"), True),
        # Seven days. See: https://learn.microsoft.com/azure/azure-sql/database/automated-backups-overview
        "backup_days": integer(block.at("short_term_retention_policy", "retention_days"), 7),
        "point_in_time_recovery": Known(value=True),
        "multi_zone": boolean(block.get("zone_redundant"), False),
        "tags": tags(block.get("tags")),
        **shared,
    }


def single_server(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_postgresql_server`, `azurerm_mysql_server`, `azurerm_mariadb_server`."""
    return {
        "provider": Known(value="azure"),
        "engine": Known(value=block.type.split("_")[1].replace("postgresql", "postgres")),
        "holds_data": Known(value=True),
        "encrypted_at_rest": Known(value=True),
        "kms_key": _single_server_key(block, world),
        "public": boolean(block.get("public_network_access_enabled"), True),
        "transit_encrypted": boolean(block.get("ssl_enforcement_enabled"), True),
        "backup_days": integer(block.get("backup_retention_days"), 7),
        "point_in_time_recovery": Known(value=True),
        "audit_logged": _sent_elsewhere(block, world),
        "iam_authentication": _directory_administrator(block, world),
        "multi_zone": boolean(block.get("geo_redundant_backup_enabled"), False),
        "tags": tags(block.get("tags")),
    }


def _single_server_key(block: Block, world: World) -> Fact:
    joined = world.joined(block, f"{block.type}_key", "server_id")
    for other in joined.blocks:
        return at(reference(other.get("key_vault_key_id")), other.location)
    return joined.stray or Known(value=None)


def _directory_administrator(block: Block, world: World) -> Fact:
    """Identities can log in once an administrator of the directory is named; MariaDB has no such thing."""
    type_ = f"{block.type.removesuffix('_server')}_active_directory_administrator"
    joined = world.joined(block, type_, "server_name", name="name")
    answers: list[Fact] = [Known(value=True, origin=other.location) for other in joined.blocks]
    return any_of([*answers, *([joined.stray] if joined.stray else [])])


def flexible_server(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_postgresql_flexible_server` and `azurerm_mysql_flexible_server`."""
    open_ = boolean(block.get("public_network_access_enabled"), True)
    inside = present(block.get("delegated_subnet_id"))
    engine = "postgres" if "postgresql" in block.type else "mysql"
    return {
        "provider": Known(value="azure"),
        "engine": Known(value=engine),
        "holds_data": Known(value=True),
        # See: https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-data-encryption
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.at("customer_managed_key", "key_vault_key_id")),
        # A server inside a subnet has no public address.
        "public": all_of([open_, negated(inside)]),
        "transit_encrypted": _parameter(block, world, "require_secure_transport", True),
        "backup_days": integer(block.get("backup_retention_days"), 7),
        "point_in_time_recovery": Known(value=True),
        "audit_logged": _sent_elsewhere(block, world),
        "iam_authentication": boolean(block.at("authentication", "active_directory_auth_enabled"), False),
        "multi_zone": choice(block.at("high_availability", "mode"), "", "ZoneRedundant"),
        "tags": tags(block.get("tags")),
    }


def _sent_elsewhere(block: Block, world: World) -> Fact:
    """Logs stay on the server unless a diagnostic setting sends them on.

    See: https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-logging
    """
    return logs_sent(block, world)


def _parameter(block: Block, world: World, name: str, default: bool) -> Fact:
    """A server parameter that is on or off. Secure transport is on unless it is switched off.

    See: https://learn.microsoft.com/azure/postgresql/flexible-server/concepts-networking-ssl-tls
    See: https://learn.microsoft.com/azure/mysql/flexible-server/how-to-connect-tls-ssl
    """
    argument = "server_id" if "postgresql" in block.type else "server_name"
    joined = world.joined(block, f"{block.type}_configuration", argument, name="name")
    unread: Unknown | None = None
    for other in joined.blocks:
        named = settled(other.get("name"))
        if named == name:
            value = other.get("value")
            fact = boolean(value, default) if isinstance(value, bool) else choice(value, "", "on", "true", "1")
            return at(fact, other.location)
        if isinstance(named, Unknown):
            unread = unread or Unknown(reason=named.reason, origin=other.location)
    return joined.stray or unread or Known(value=default)


def cosmos(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_cosmosdb_account`."""
    kind = text(block.at("backup", "type"), "Periodic")
    continuous: Fact = Known(value=kind.value == "Continuous") if isinstance(kind, Known) else kind
    hours = integer(block.at("backup", "retention_in_hours"), 8)
    days: Fact = hours
    if isinstance(kind, Unknown):
        days = kind
    elif kind.value == "Continuous":
        tier = text(block.at("backup", "tier"), "Continuous30Days")
        days = Known(value=7 if tier.value == "Continuous7Days" else 30) if isinstance(tier, Known) else tier
    elif isinstance(hours, Known):
        days = Known(value=hours.value // 24)
    zones = [
        place if isinstance(place, Unknown) else boolean(place.get("zone_redundant"), False)
        for place in block.blocks("geo_location")
    ]
    return {
        "provider": Known(value="azure"),
        "engine": Known(value="cosmosdb"),
        "holds_data": Known(value=True),
        # See: https://learn.microsoft.com/azure/cosmos-db/database-encryption-at-rest
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.first("key_vault_key_id", "managed_hsm_key_id")),
        "public": boolean(block.get("public_network_access_enabled"), True),
        "transit_encrypted": Known(value=True),
        "backup_days": days,
        "point_in_time_recovery": continuous,
        # Its keys can be switched off, so that only identities are left.
        "iam_authentication": boolean(block.get("local_authentication_disabled"), False),
        "multi_zone": any_of(zones),
        "tags": tags(block.get("tags")),
    }


def _audited(block: Block, world: World) -> Fact:
    joined = world.joined(block, "azurerm_mssql_server_extended_auditing_policy", "server_id")
    answers = [at(boolean(other.get("enabled"), True), other.location) for other in joined.blocks]
    return any_of([*answers, *([joined.stray] if joined.stray else [])])


def _has(block: Block, name: str) -> Fact:
    inner = block.block(name)
    return inner if isinstance(inner, Unknown) else Known(value=inner is not None)
