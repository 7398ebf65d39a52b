"""Databases: TLS by parameter group or engine default, and what replicas and members take from elsewhere."""

from pathlib import Path

import pytest

from assay.scanner.model.fact import Known
from tests.unit.facts_source import expect, from_cloudformation, from_terraform, plain, terraform_resources

UNSET = 'variable "unset" {}\n'
VERSION = "? not declared: the engine's version decides"


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ('engine = "postgres"\nengine_version = "17.6"', True),
        ('engine = "postgres"\nengine_version = 15', True),
        ('engine = "postgres"\nengine_version = "14.9"', False),
        ('engine = "postgres"', VERSION),
        ('engine = "postgres"\nengine_version = var.unset', "? unresolved: var.unset"),
        ('engine = "postgres"\nparameter_group_name = "default.postgres16"', True),
        ('engine = "postgres"\nparameter_group_name = "default.postgres13"', False),
        ('engine = "postgres"\nparameter_group_name = "own"', "? its parameter group isn't declared here: own"),
        ('engine = "mysql"\nengine_version = "8.0.36"', False),
        ('engine = "mysql"\nengine_version = "5.7"', False),
        ('engine = "mysql"\nengine_version = "8.4"', VERSION),
        ('engine = "mysql"', VERSION),
        ('engine = "mariadb"\nengine_version = "10.11"', False),
        ('engine = "mariadb"\nengine_version = "11.8"', VERSION),
        ('engine = "sqlserver-ex"', False),
        ('engine = "sqlserver-se"\nengine_version = var.unset', False),
        ('engine = "oracle-ee"', False),
        ('engine = "oracle-ee"\noption_group_name = "tls"', "? its option group decides"),
        ('engine = "db2-se"', "? not collected for the engine db2-se"),
        ('engine = "postgres"\nengine_version = "17"\nparameter_group_name = aws_db_parameter_group.off.name', False),
        ('engine = "postgres"\nengine_version = "14"\nparameter_group_name = aws_db_parameter_group.on.name', True),
        ('engine = "postgres"\nparameter_group_name = aws_db_parameter_group.silent.name', True),
        ('engine = "mysql"\nparameter_group_name = aws_db_parameter_group.silent_mysql.name', False),
        ('engine = "postgres"\nparameter_group_name = aws_db_parameter_group.unread.name', "? unresolved: var.unset"),
    ],
)
def test_instances_refuse_plain_connections_by_group_or_by_the_engines_default(
    tmp_path: Path, arguments: str, answer: object
) -> None:
    groups = "".join(
        f'resource "aws_db_parameter_group" "{name}" {{\n  family = "{family}"\n{inner}\n}}\n'
        for name, family, inner in (
            ("on", "postgres14", 'parameter {\n name = "rds.force_ssl"\n value = "1"\n}'),
            ("off", "postgres17", 'parameter {\n name = "rds.force_ssl"\n value = 0\n}'),
            ("silent", "postgres15", ""),
            ("unread", "postgres15", 'parameter {\n name = var.unset\n value = "0"\n}'),
            ("silent_mysql", "mysql8.0", 'parameter {\n name = "character_set_client"\n value = "utf8"\n}'),
        )
    )
    found = from_terraform(tmp_path, UNSET, groups, f'resource "aws_db_instance" "d" {{\n{arguments}\n}}\n')
    assert found["aws_db_instance.d"]["transit_encrypted"] == answer


@pytest.mark.parametrize(
    ("type_", "arguments", "answer"),
    [
        ("aws_rds_cluster", 'engine = "aurora-postgresql"\nengine_version = "16.4"', False),
        ("aws_rds_cluster", 'engine = "aurora-postgresql"\nengine_version = "17.4"', VERSION),
        ("aws_rds_cluster", 'engine = "aurora-mysql"\nengine_version = "8.0.mysql_aurora.3.07.1"', False),
        ("aws_rds_cluster", 'engine = "aurora"', False),
        ("aws_rds_cluster", 'engine = "postgres"\nengine_version = "16"', True),
        ("aws_docdb_cluster", "", True),
        ("aws_docdb_cluster", "db_cluster_parameter_group_name = aws_docdb_cluster_parameter_group.off.name", False),
        ("aws_neptune_cluster", "", True),
        ("aws_redshift_cluster", "", VERSION),
        ("aws_redshift_cluster", "cluster_parameter_group_name = aws_redshift_parameter_group.old.name", False),
        ("aws_redshift_cluster", 'cluster_parameter_group_name = "default.redshift-2.0"', True),
    ],
)
def test_clusters_refuse_plain_connections(tmp_path: Path, type_: str, arguments: str, answer: object) -> None:
    groups = """
resource "aws_docdb_cluster_parameter_group" "off" {
  family = "docdb5.0"
  parameter {
    name  = "tls"
    value = "disabled"
  }
}
resource "aws_redshift_parameter_group" "old" { family = "redshift-1.0" }
"""
    found = from_terraform(tmp_path, groups, f'resource "{type_}" "d" {{\n{arguments}\n}}\n')
    assert found[f"{type_}.d"]["transit_encrypted"] == answer


REPLICAS = """
resource "aws_kms_key" "k" {}
resource "aws_db_instance" "main" {
  identifier        = "main-db"
  engine            = "postgres"
  engine_version    = "16.3"
  storage_encrypted = true
  kms_key_id        = aws_kms_key.k.arn
}
resource "aws_db_instance" "plain" {
  identifier = "plain-db"
  engine     = "mysql"
}
resource "aws_db_instance" "near" { replicate_source_db = aws_db_instance.main.identifier }
resource "aws_db_instance" "named" { replicate_source_db = "main-db" }
resource "aws_db_instance" "second" { replicate_source_db = aws_db_instance.near.identifier }
resource "aws_db_instance" "of_plain" {
  replicate_source_db = aws_db_instance.plain.identifier
  storage_encrypted   = true
}
resource "aws_db_instance" "abroad" {
  replicate_source_db = aws_db_instance.main.arn
  kms_key_id          = "arn:aws:kms:eu-west-1:111122223333:key/x"
}
resource "aws_db_instance" "of_another" { replicate_source_db = "elsewhere" }
resource "aws_db_instance" "restored" {
  restore_to_point_in_time { source_db_instance_identifier = aws_db_instance.main.identifier }
}
resource "aws_db_instance" "left" { replicate_source_db = aws_db_instance.right.identifier }
resource "aws_db_instance" "right" { replicate_source_db = aws_db_instance.left.identifier }
"""


def test_replicas_take_engine_encryption_and_tls_from_their_source(tmp_path: Path) -> None:
    found = from_terraform(tmp_path, REPLICAS)
    same = {"engine": "postgres", "encrypted_at_rest": True, "kms_key": "aws_kms_key.k.arn", "transit_encrypted": True}
    for name in ("near", "named", "second"):
        expect(found, f"aws_db_instance.{name}", **same, multi_zone=False, backup_days=0)
    expect(found, "aws_db_instance.of_plain", engine="mysql", encrypted_at_rest=False)
    expect(found, "aws_db_instance.abroad", encrypted_at_rest=True, kms_key="arn:aws:kms:eu-west-1:111122223333:key/x")
    inherited = "? not declared: it is inherited from the source of the copy"
    expect(found, "aws_db_instance.of_another", engine=inherited, encrypted_at_rest=inherited)
    expect(found, "aws_db_instance.restored", engine="postgres", encrypted_at_rest=True)
    expect(found, "aws_db_instance.left", encrypted_at_rest=inherited)


def test_what_a_replica_takes_points_at_its_source(tmp_path: Path) -> None:
    from_terraform(tmp_path, REPLICAS)
    resources = {resource.address: resource for resource in terraform_resources(tmp_path)}
    source = resources["aws_db_instance.main"].location
    for name in ("near", "second"):
        replica = resources[f"aws_db_instance.{name}"]
        assert replica.facts["encrypted_at_rest"] == Known(value=True, origin=source)
        assert replica.facts["multi_zone"].origin is None


def test_instances_of_a_cluster_in_cloudformation_are_as_their_cluster(tmp_path: Path) -> None:
    found = from_cloudformation(
        tmp_path,
        """
Resources:
  Cluster:
    Type: AWS::RDS::DBCluster
    Properties: {Engine: aurora-postgresql, EngineVersion: "16.4", StorageEncrypted: true, BackupRetentionPeriod: 21}
  Member:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: aurora-postgresql, DBClusterIdentifier: !Ref Cluster, PubliclyAccessible: false}
  Stray:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: aurora-postgresql, DBClusterIdentifier: somewhere, PubliclyAccessible: false}
""",
    )
    member = "AWS::RDS::DBInstance.Member"
    expect(found, member, encrypted_at_rest=True, backup_days=21, transit_encrypted=False, public=False)
    expect(found, "AWS::RDS::DBInstance.Stray", encrypted_at_rest="? the cluster decides")
    assert plain(found[member]["multi_zone"]) is True


def test_replicas_on_cloud_sql_have_the_backups_of_their_primary(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
resource "google_sql_database_instance" "main" {
  database_version    = "POSTGRES_16"
  encryption_key_name = "projects/p/k"
  settings {
    connector_enforcement = "REQUIRED"
    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true
      backup_retention_settings { retained_backups = 30 }
    }
  }
}
resource "google_sql_database_instance" "replica" {
  database_version     = "POSTGRES_16"
  master_instance_name = google_sql_database_instance.main.name
  settings {
    ip_configuration { ipv4_enabled = false }
  }
}
resource "google_sql_database_instance" "stray" {
  database_version     = "POSTGRES_16"
  master_instance_name = "elsewhere"
}
""",
    )
    backups = {"backup_days": 30, "point_in_time_recovery": True, "kms_key": "projects/p/k"}
    expect(found, "google_sql_database_instance.main", **backups, transit_encrypted=True)
    expect(found, "google_sql_database_instance.replica", **backups, transit_encrypted=False, public=False)
    unknown = "? its primary decides, which isn't declared here"
    expect(found, "google_sql_database_instance.stray", backup_days=unknown, kms_key=unknown)


def test_flexible_servers_force_tls_unless_told_otherwise(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "azurerm_postgresql_flexible_server" "silent" {}
resource "azurerm_mysql_flexible_server" "off" { name = "off" }
resource "azurerm_mysql_flexible_server_configuration" "off" {
  server_name = azurerm_mysql_flexible_server.off.name
  name        = "require_secure_transport"
  value       = "OFF"
}
resource "azurerm_mysql_flexible_server" "unread" { name = "unread" }
resource "azurerm_mysql_flexible_server_configuration" "unread" {
  server_name = azurerm_mysql_flexible_server.unread.name
  name        = var.unset
  value       = "OFF"
}
""",
    )
    expect(found, "azurerm_postgresql_flexible_server.silent", transit_encrypted=True)
    expect(found, "azurerm_mysql_flexible_server.off", transit_encrypted=False)
    expect(found, "azurerm_mysql_flexible_server.unread", transit_encrypted="? unresolved: var.unset")
