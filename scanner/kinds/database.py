"""Databases and warehouses."""

from msgspec import Struct


class Database(Struct, frozen=True, kw_only=True):
    """A managed database instance, cluster, table store or warehouse."""

    provider: str
    engine: str
    """`postgres`, `mysql`, `dynamodb`, `bigquery` …, as the provider names it, lower case."""
    holds_data: bool
    """False for a logical server, whose databases are resources of their own with backups of their own."""
    encrypted_at_rest: bool
    kms_key: str | None
    public: bool
    """Has an address that the internet can reach, whatever the firewall."""
    transit_encrypted: bool
    """Clients without TLS are refused."""
    backup_days: int
    """Days of automatic backups kept; 0: none."""
    point_in_time_recovery: bool
    deletion_protected: bool
    audit_logged: bool
    """Connections or statements are logged outside the instance."""
    iam_authentication: bool
    """Identities of the cloud can log in, so that no password need be kept."""
    multi_zone: bool
    """Survives the loss of a zone."""
    region: str | None
    """As of a bucket."""
    replica_regions: list[str]
    """Regions to which what it holds, or a backup of it, is copied; a replica that is a resource has its own."""
    tags: dict[str, str]
