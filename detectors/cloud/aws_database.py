"""Facts of AWS databases and warehouses."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.aws_database_tls import transit_encrypted
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import (
    all_of,
    any_of,
    at,
    boolean,
    integer,
    kms_key,
    present,
    settled,
    tags,
    text,
)
from assay.scanner.api import Fact, Known, Unknown


def instance(block: Block, world: World, depth: int = 0) -> Mapping[str, Fact]:
    """`aws_db_instance`; `depth` counts the replicas that lead to it."""
    engine = text(block.get("engine"), None)
    facts: dict[str, Fact] = {
        "provider": Known(value="aws"),
        "engine": _named(engine),
        "holds_data": Known(value=True),
        # Plain unless asked for.
        # See: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
        "encrypted_at_rest": boolean(block.get("storage_encrypted"), False),
        "kms_key": kms_key(block.get("kms_key_id")),
        "public": boolean(block.get("publicly_accessible"), False),
        "transit_encrypted": transit_encrypted(block, world, engine, "parameter_group_name", "aws_db_parameter_group"),
        # Terraform asks for no backups unless told otherwise; CloudFormation and the API keep one day.
        # See: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/db_instance
        "backup_days": integer(block.get("backup_retention_period"), 0),
        "point_in_time_recovery": _positive(integer(block.get("backup_retention_period"), 0)),
        "deletion_protected": boolean(block.get("deletion_protection"), False),
        "audit_logged": present(block.first("enabled_cloudwatch_logs_exports")),
        "iam_authentication": boolean(block.get("iam_database_authentication_enabled"), False),
        "multi_zone": boolean(block.get("multi_az"), False),
        "tags": tags(block.get("tags")),
    }
    facts.update(_copied(block, world, depth))
    facts.update(_of_cluster(block, world))
    return facts


def _copied(block: Block, world: World, depth: int) -> dict[str, Fact]:
    """What a replica or a restored instance takes from what it is a copy of, where that is declared beside it.

    See: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstanceReadReplica.html
    """
    replicated = block.get("replicate_source_db")
    origin = replicated
    if origin is None:
        origin = block.at("restore_to_point_in_time", "source_db_instance_identifier")
    if origin is None and block.get("snapshot_identifier") is None and not block.blocks("restore_to_point_in_time"):
        return {}
    source = _declared(world, origin, "aws_db_instance", "identifier") if depth < _LONGEST_CHAIN else None
    # The storage of a replica is that of its source whatever is asked for; a key makes it a replica elsewhere.
    follows = source is not None and replicated is not None and block.get("kms_key_id") is None
    found: dict[str, Fact] = {}
    theirs = instance(source, world, depth + 1) if source is not None else {}
    for name, argument in (("encrypted_at_rest", "storage_encrypted"), ("kms_key", "kms_key_id"), ("engine", "engine")):
        if block.get(argument) is not None and not (follows and name == "encrypted_at_rest"):
            continue
        found[name] = _taken(theirs, name, source) if source is not None else _INHERITED
    if replicated is not None and block.get("kms_key_id") is not None:
        # Only a replica of something encrypted takes a key.
        found["encrypted_at_rest"] = Known(value=True)
    if replicated is not None and block.get("parameter_group_name") is None:
        # In the same region it has the source's parameter group, elsewhere its engine's default one.
        near = source is not None and (
            getattr(replicated, "attribute", "") != "arn" or source.get("parameter_group_name") is None
        )
        found["transit_encrypted"] = _taken(theirs, "transit_encrypted", source) if near else _ELSEWHERE
    return found


def _of_cluster(block: Block, world: World) -> dict[str, Fact]:
    """Storage, backups, logs and logins of an instance in a cluster are those of the cluster."""
    named = block.get("db_cluster_identifier")
    if named is None:
        return {}
    home = _declared(world, named, "aws_rds_cluster", "cluster_identifier")
    facts = cluster(home, world) if home is not None else {}
    return {name: _taken(facts, name, home) if home else Unknown(reason="the cluster decides") for name in _SHARED}


def _declared(world: World, value: Any, type_: str, argument: str) -> Block | None:
    """The database that a reference, a name or an ARN stands for, if it is declared beside it."""
    # `arn:aws:rds:eu-west-1:111122223333:db:main`
    return world.named(value.rpartition(":")[2] if isinstance(value, str) else value, type_, argument)


def _taken(facts: Mapping[str, Fact], name: str, source: Block | None) -> Fact:
    fact = facts[name]
    return at(fact, fact.origin or (source.location if source else None))


_LONGEST_CHAIN = 5
"""More than any engine allows; replicas that name each other in a circle end here."""
_INHERITED = Unknown(reason="not declared: it is inherited from the source of the copy")
_ELSEWHERE = Unknown(reason="not declared: the parameter group of its source or of its region decides")
_SHARED = (
    "encrypted_at_rest",
    "kms_key",
    "transit_encrypted",
    "backup_days",
    "point_in_time_recovery",
    "deletion_protected",
    "audit_logged",
    "iam_authentication",
    "multi_zone",
)


def cluster(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_rds_cluster`, and `aws_docdb_cluster` and `aws_neptune_cluster`, whose arguments are alike."""
    engine = text(block.get("engine"), _ENGINES.get(block.type))
    # Backups of a cluster can't be switched off; one day is kept unless told otherwise.
    # See: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
    days = integer(block.get("backup_retention_period"), 1)
    encrypted = boolean(block.get("storage_encrypted"), False)
    if block.get("storage_encrypted") is None:
        if settled(block.get("engine_mode")) == "serverless":
            # See: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/rds_cluster
            encrypted = Known(value=True)
        elif any(block.get(name) is not None for name in ("snapshot_identifier", "replication_source_identifier")):
            encrypted = _INHERITED
    return {
        "provider": Known(value="aws"),
        "engine": _named(engine),
        "holds_data": Known(value=True),
        "encrypted_at_rest": encrypted,
        "kms_key": kms_key(block.get("kms_key_id")),
        "public": _reachable(block, world),
        "transit_encrypted": transit_encrypted(
            block,
            world,
            engine,
            "db_cluster_parameter_group_name",
            f"{block.type}_parameter_group",
        ),
        "backup_days": days,
        "point_in_time_recovery": _positive(days),
        "deletion_protected": boolean(block.get("deletion_protection"), False),
        "audit_logged": present(block.first("enabled_cloudwatch_logs_exports", "enable_cloudwatch_logs_exports")),
        "iam_authentication": boolean(block.get("iam_database_authentication_enabled"), False),
        # Storage is kept in three zones.
        # See: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html
        "multi_zone": Known(value=True),
        "tags": tags(block.get("tags")),
    }


def _reachable(block: Block, world: World) -> Fact:
    """A cluster has the address of its instances."""
    instances = world.joined(block, "aws_rds_cluster_instance", "cluster_identifier", name="cluster_identifier")
    answers = [at(boolean(other.get("publicly_accessible"), False), other.location) for other in instances.blocks]
    if instances.stray:
        answers.append(instances.stray)
    if not answers:
        # A cluster with no declared instance is a Multi-AZ or serverless one, with an argument of its own.
        return boolean(block.get("publicly_accessible"), False)
    return any_of(answers)


_ENGINES = {"aws_rds_cluster": "aurora", "aws_docdb_cluster": "docdb", "aws_neptune_cluster": "neptune"}


def table(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_dynamodb_table`."""
    recovery = boolean(block.at("point_in_time_recovery", "enabled"), False)
    days = integer(block.at("point_in_time_recovery", "recovery_period_in_days"), 35)
    own_key = boolean(block.at("server_side_encryption", "enabled"), False)
    key = kms_key(block.at("server_side_encryption", "kms_key_arn"))
    if isinstance(own_key, Unknown):
        key = own_key
    elif not own_key.value:
        key = Known(value=None)
    return {
        "provider": Known(value="aws"),
        "engine": Known(value="dynamodb"),
        "holds_data": Known(value=True),
        # Every table is encrypted; the setting only chooses whose key.
        # See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
        "encrypted_at_rest": Known(value=True),
        "kms_key": key,
        # An API behind IAM: it has no address of its own, and no way in without TLS or without an identity.
        # See: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/inter-network-traffic-privacy.html
        "public": Known(value=False),
        "transit_encrypted": Known(value=True),
        "iam_authentication": Known(value=True),
        "backup_days": days
        if recovery == Known(value=True)
        else recovery
        if isinstance(recovery, Unknown)
        else Known(value=0),
        "point_in_time_recovery": recovery,
        "deletion_protected": boolean(block.get("deletion_protection_enabled"), False),
        "multi_zone": Known(value=True),
        "tags": tags(block.get("tags")),
    }


def warehouse(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_redshift_cluster`."""
    # One day is kept unless told otherwise.
    # See: https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/redshift_cluster
    days = integer(block.get("automated_snapshot_retention_period"), 1)
    logged = world.joined(block, "aws_redshift_logging", "cluster_identifier", name="cluster_identifier")
    answers = [boolean(block.at("logging", "enable"), False)]
    answers += [Known(value=True, origin=other.location) for other in logged.blocks]
    answers += [logged.stray] if logged.stray else []
    encrypted = boolean(block.get("encrypted"), False)
    if block.get("encrypted") is None:
        # New provisioned clusters are encrypted by default since January 2025; earlier ones are not.
        # See: https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-db-encryption.html
        encrypted = Unknown(reason="not declared: it depends on when the cluster was made")
    public = boolean(block.get("publicly_accessible"), False)
    if block.get("publicly_accessible") is None:
        # The default changed from public to private, with the same release.
        public = Unknown(reason="not declared: it depends on the provider's version and on when the cluster was made")
    return {
        "provider": Known(value="aws"),
        "engine": Known(value="redshift"),
        "holds_data": Known(value=True),
        "encrypted_at_rest": encrypted,
        "kms_key": kms_key(block.get("kms_key_id")),
        "public": public,
        "transit_encrypted": transit_encrypted(
            block, world, Known(value="redshift"), "cluster_parameter_group_name", "aws_redshift_parameter_group"
        ),
        "backup_days": days,
        "point_in_time_recovery": Known(value=False),
        "audit_logged": any_of(answers),
        "iam_authentication": Known(value=True),
        "multi_zone": boolean(block.get("multi_az"), False),
        "tags": tags(block.get("tags")),
    }


def search(block: Block, _world: World) -> Mapping[str, Fact]:
    """`aws_opensearch_domain` and `aws_elasticsearch_domain`."""
    logs = block.blocks("log_publishing_options")
    audit: list[Fact] = []
    for log in logs:
        if isinstance(log, Unknown):
            audit.append(log)
        else:
            kind = text(log.get("log_type"), "")
            is_audit = Known(value=kind.value == "AUDIT_LOGS") if isinstance(kind, Known) else kind
            audit.append(all_of([is_audit, boolean(log.get("enabled"), True)]))
    in_network = block.blocks("vpc_options")
    public: Fact = Known(value=not in_network)
    if in_network and isinstance(in_network[0], Unknown):
        public = in_network[0]
    return {
        "provider": Known(value="aws"),
        "engine": Known(value="opensearch" if "opensearch" in block.type else "elasticsearch"),
        "holds_data": Known(value=True),
        # Plain unless asked for, in both.
        # See: https://docs.aws.amazon.com/opensearch-service/latest/developerguide/encryption-at-rest.html
        "encrypted_at_rest": boolean(block.at("encrypt_at_rest", "enabled"), False),
        "kms_key": kms_key(block.at("encrypt_at_rest", "kms_key_id")),
        "public": public,
        "transit_encrypted": all_of(
            [
                boolean(block.at("domain_endpoint_options", "enforce_https"), False),
                boolean(block.at("node_to_node_encryption", "enabled"), False),
            ]
        ),
        # Hourly snapshots are kept for 14 days. See: the same guide, managedomains-snapshots.html
        "backup_days": Known(value=14),
        "point_in_time_recovery": Known(value=False),
        "audit_logged": any_of(audit),
        "multi_zone": boolean(block.at("cluster_config", "zone_awareness_enabled"), False),
        "tags": tags(block.get("tags")),
    }


def _named(engine: Fact) -> Fact:
    if isinstance(engine, Unknown):
        return engine
    return Unknown(reason="not declared") if engine.value is None else Known(value=str(engine.value).lower())


def _positive(days: Fact) -> Fact:
    return Known(value=days.value > 0) if isinstance(days, Known) else days
