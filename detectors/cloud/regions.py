"""In which region a resource lies, and to which others what it holds is copied."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import at, boolean, choice, gathered, reference, strings, text, value_of
from assay.scanner.api import Fact, Known, Location, Unknown

LOCATED = frozenset(
    {
        "ai.endpoint",
        "ai.notebook",
        "ai.training-job",
        "ai.workspace",
        "database.instance",
        "service.image-repository",
        "service.log-group",
        "service.detection",
        "storage.access-point",
        "storage.backup-vault",
        "storage.bucket",
        "storage.defaults",
        "storage.file-system",
        "storage.snapshot",
        "storage.volume",
    }
)
"""Kinds that state a region."""
COPIED = frozenset({"database.instance", "storage.bucket", "storage.file-system"})
"""Those of them that state where else their data is kept."""

Copy = tuple[Fact, Location | None]

_AWS_ZONE = re.compile(r"([a-z]+(?:-[a-z]+)+-\d+)(?:[a-z]|-[a-z0-9-]+)")
_GCP_ZONE = re.compile(r"([a-z]+-[a-z]+\d+)-[a-z]")
_GCP_PAIRS = {
    # See: https://cloud.google.com/storage/docs/locations#predefined
    "asia1": ("asia-northeast1", "asia-northeast2"),
    "eur4": ("europe-north1", "europe-west4"),
    "nam4": ("us-central1", "us-east1"),
}
_GCP_PAIR = re.compile(r"(asia|eur|nam)\d+")
_GCP_ZONAL = frozenset({"google_compute_disk", "google_filestore_instance"})
_AZURE_PAIRS = {
    # See: https://learn.microsoft.com/azure/reliability/regions-paired
    "australiacentral": "australiacentral2",
    "australiaeast": "australiasoutheast",
    "brazilsouth": "southcentralus",
    "canadacentral": "canadaeast",
    "centralindia": "southindia",
    "centralus": "eastus2",
    "eastasia": "southeastasia",
    "eastus": "westus",
    "francecentral": "francesouth",
    "germanywestcentral": "germanynorth",
    "japaneast": "japanwest",
    "koreacentral": "koreasouth",
    "northcentralus": "southcentralus",
    "northeurope": "westeurope",
    "norwayeast": "norwaywest",
    "southafricanorth": "southafricawest",
    "swedencentral": "swedensouth",
    "switzerlandnorth": "switzerlandwest",
    "uaenorth": "uaecentral",
    "uksouth": "ukwest",
    "westcentralus": "westus2",
}
_ONE_WAY = frozenset({"brazilsouth"})
_PAIR_OF = {
    **{second: first for first, second in _AZURE_PAIRS.items() if first not in _ONE_WAY},
    **_AZURE_PAIRS,
    "westus3": "eastus",
}


def located(kind: str, facts: Mapping[str, Fact] | None, block: Block, world: World) -> Mapping[str, Fact] | None:
    """The facts, with those of place where the kind has them."""
    if facts is None or kind not in LOCATED:
        return facts
    placed = {**facts, "region": region(block, world)}
    if kind in COPIED:
        placed["replica_regions"] = _copies(block, world)
    return placed


def region(block: Block, world: World) -> Fact:
    """The region's name as the provider's API spells it; None where the provider keeps the data where it likes."""
    if block.type.startswith("google_"):
        return _google(block)[0]
    if block.type.startswith("azurerm_"):
        return _azure(block, world)
    return _amazon(block)


def _copies(block: Block, world: World) -> Fact:
    find = _COPIES.get(block.type)
    found = [] if find is None else find(block, world)
    return gathered([("global" if fact == Known(value=None) else value_of(fact), origin) for fact, origin in found])


def _amazon(block: Block) -> Fact:
    # Resources have a region of their own since version 6 of the provider.
    # See: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/enhanced-region-support
    own = block.get("region")
    if own is None:
        zone = text(block.get("availability_zone"), "")
        match = _AWS_ZONE.fullmatch(str(zone.value)) if isinstance(zone, Known) else None
        own = match[1] if match else block.configured("region")
    return _named(text(own, None), str.lower)


def _named(fact: Fact, change: Callable[[str], str]) -> Fact:
    if isinstance(fact, Unknown):
        return fact
    name = change(str(fact.value or "").strip())
    if not name:
        return Unknown(reason="not declared")
    return Known(value=None if name == "global" else name, origin=fact.origin)


def _google(block: Block) -> tuple[Fact, ...]:
    """The region; for a pair of regions, both."""
    own = block.first("location", "region", "zone")
    if own is None:
        own = _by_default(block)
    chosen = block.at("custom_placement_config", "data_locations")
    if chosen is not None:
        listed = strings(chosen)
        if isinstance(listed, Unknown) or not listed:
            return (listed if isinstance(listed, Unknown) else Unknown(reason="not declared"),)
        return tuple(_named(text(one, None), _google_name) for one in sorted(listed, key=str))
    fact = _named(text(own, None), _google_name)
    if isinstance(fact, Unknown) or fact.value is None:
        return (fact,)
    if fact.value in _GCP_PAIRS:
        return tuple(Known(value=name) for name in _GCP_PAIRS[fact.value])
    if _GCP_PAIR.fullmatch(fact.value):
        return (Unknown(reason=f"which regions {fact.value} is made of isn't known here"),)
    return (fact,)


def _by_default(block: Block) -> Any:
    if block.type == "google_bigquery_dataset":
        # See: https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/bigquery_dataset
        return "US"
    if block.type == "google_storage_bucket":
        return Unknown(reason="not declared: the provider's version decides")
    asked = [
        block.configured(name) for name in (("zone", "region") if block.type in _GCP_ZONAL else ("region", "zone"))
    ]
    return next((value for value in asked if not isinstance(value, Unknown)), asked[0])


def _google_name(written: str) -> str:
    name = written.lower().rpartition("/")[2]
    zone = _GCP_ZONE.fullmatch(name)
    return zone[1] if zone else name


_HOMES = {
    "azurerm_mssql_database": ("server_id", "azurerm_mssql_server"),
    "azurerm_machine_learning_compute_instance": (
        "machine_learning_workspace_id",
        "azurerm_machine_learning_workspace",
    ),
}
"""Types without a location, with the argument and the type of what they lie in."""


def _azure(block: Block, world: World) -> Fact:
    own = block.get("location")
    if own is None and block.type in _HOMES:
        argument, type_ = _HOMES[block.type]
        home = world.target(block.get(argument), type_)
        if home is None:
            return Unknown(reason="not declared: what it lies in isn't declared here")
        fact = _azure(home, world)
        return at(fact, fact.origin or home.location)
    return _named(text(own, None), _azure_name)


def _azure_name(written: str) -> str:
    """`West Europe` and `westeurope` are the same."""
    return written.lower().replace(" ", "")


def _paired(block: Block, world: World, redundant: Fact) -> Iterator[Copy]:
    """The region that Azure pairs with the resource's, where something is kept in both."""
    if redundant == Known(value=False):
        return
    own = region(block, world)
    if isinstance(redundant, Unknown):
        yield redundant, None
    elif isinstance(own, Unknown):
        yield own, own.origin
    elif own.value in _PAIR_OF:
        yield Known(value=_PAIR_OF[own.value]), own.origin
    else:
        yield Unknown(reason=f"which region is paired with {own.value} isn't known here"), own.origin


def _of_bucket(block: Block, world: World) -> Iterator[Copy]:
    joined = world.joined(block, "aws_s3_bucket_replication_configuration", "bucket", name="bucket")
    inline = [one for one in block.blocks("replication_configuration") if isinstance(one, Block)]
    yield from ((one, None) for one in block.blocks("replication_configuration") if isinstance(one, Unknown))
    for source in (*inline, *joined.blocks):
        origin = None if source in inline else source.location
        for rule in (*source.blocks("rules"), *source.blocks("rule")):
            if isinstance(rule, Unknown):
                yield rule, origin
            elif choice(rule.get("status"), "Enabled", "Enabled") != Known(value=False):
                yield _of_destination(rule.at("destination", "bucket"), world), origin
    if joined.stray:
        yield joined.stray, joined.stray.origin


def _of_destination(named: Any, world: World) -> Fact:
    """`arn:aws:s3:::name`, or a reference."""
    plain = named.rpartition(":")[2] if isinstance(named, str) else named
    target = world.named(plain, "aws_s3_bucket", "bucket")
    if target is not None:
        return _amazon(target)
    if isinstance(named, Unknown):
        return named
    return Unknown(reason=f"where the bucket {value_of(reference(named))} lies isn't known here")


def _of_table(block: Block, world: World) -> Iterator[Copy]:
    yield from _named_in(block, "replica", "region_name", None)
    for type_, argument, name in (
        ("aws_dynamodb_table_replica", "global_table_arn", None),
        ("aws_dynamodb_global_table", "name", "name"),
    ):
        joined = world.joined(block, type_, argument, name=name)
        for other in joined.blocks:
            if type_ == "aws_dynamodb_global_table":
                yield from _named_in(other, "replica", "region_name", other.location)
            else:
                yield _amazon(other), other.location
        if joined.stray:
            yield joined.stray, joined.stray.origin


def _of_instance(block: Block, world: World) -> Iterator[Copy]:
    yield from _named_in(block, "automated_backups_replication", "region", None)
    joined = world.joined(block, "aws_db_instance_automated_backups_replication", "source_db_instance_arn")
    yield from ((_amazon(other), other.location) for other in joined.blocks)
    if joined.stray:
        yield joined.stray, joined.stray.origin


def _of_warehouse(block: Block, world: World) -> Iterator[Copy]:
    yield from _named_in(block, "snapshot_copy", "destination_region", None)
    joined = world.joined(block, "aws_redshift_snapshot_copy", "cluster_identifier", name="cluster_identifier")
    yield from (
        (_named(text(other.get("destination_region"), None), str.lower), other.location) for other in joined.blocks
    )
    if joined.stray:
        yield joined.stray, joined.stray.origin


def _of_file_system(block: Block, world: World) -> Iterator[Copy]:
    # CloudFormation declares inside the file system what is a resource of Terraform's.
    yield from _named_in(block, "replication", "region", None)
    joined = world.joined(block, "aws_efs_replication_configuration", "source_file_system_id")
    for other in joined.blocks:
        yield from _named_in(other, "destination", "region", other.location)
    if joined.stray:
        yield joined.stray, joined.stray.origin


def _named_in(block: Block, name: str, argument: str, origin: Location | None) -> Iterator[Copy]:
    for inner in block.blocks(name):
        if isinstance(inner, Unknown):
            yield inner, origin
        elif inner.get(argument) is not None:
            yield _named(text(inner.get(argument), None), str.lower), origin


def _of_google_bucket(block: Block, _world: World) -> Iterator[Copy]:
    yield from ((fact, None) for fact in _google(block)[1:])


def _of_google_database(block: Block, _world: World) -> Iterator[Copy]:
    kept = block.at("settings", "backup_configuration", "location")
    if kept is not None:
        yield _named(text(kept, None), _google_name), None


def _of_account(block: Block, world: World) -> Iterator[Copy]:
    kinds = ("GRS", "RAGRS", "GZRS", "RAGZRS")
    yield from _paired(block, world, choice(block.get("account_replication_type"), "", *kinds))


def _of_sql_database(block: Block, world: World) -> Iterator[Copy]:
    # Backups are kept in both regions unless asked otherwise.
    # See: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/mssql_database
    yield from _paired(block, world, choice(block.get("storage_account_type"), "Geo", "Geo", "GeoZone"))


def _of_server(block: Block, world: World) -> Iterator[Copy]:
    yield from _paired(block, world, boolean(block.get("geo_redundant_backup_enabled"), False))


def _of_cosmos(block: Block, _world: World) -> Iterator[Copy]:
    for place in block.blocks("geo_location"):
        yield (place if isinstance(place, Unknown) else _named(text(place.get("location"), None), _azure_name)), None


_COPIES: Mapping[str, Callable[[Block, World], Iterator[Copy]]] = {
    "aws_db_instance": _of_instance,
    "aws_dynamodb_table": _of_table,
    "aws_efs_file_system": _of_file_system,
    "aws_redshift_cluster": _of_warehouse,
    "aws_s3_bucket": _of_bucket,
    "azurerm_cosmosdb_account": _of_cosmos,
    "azurerm_mariadb_server": _of_server,
    "azurerm_mssql_database": _of_sql_database,
    "azurerm_mysql_flexible_server": _of_server,
    "azurerm_mysql_server": _of_server,
    "azurerm_postgresql_flexible_server": _of_server,
    "azurerm_postgresql_server": _of_server,
    "azurerm_storage_account": _of_account,
    "google_sql_database_instance": _of_google_database,
    "google_storage_bucket": _of_google_bucket,
}
