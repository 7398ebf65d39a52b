"""Where resources lie, and where else what they hold is kept: by provider blocks, by arguments, by what they lie in."""

from pathlib import Path

from tests.unit.facts_source import expect, from_cloudformation, from_plan, from_terraform

UNSTATED = "? not declared: the provider's configuration doesn't state it here"


def test_the_provider_block_decides_on_aws(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
variable "region" { default = "eu-west-1" }
variable "unset" {}
provider "aws" { region = var.region }
provider "aws" {
  alias  = "virginia"
  region = "us-east-1"
}
provider "aws" {
  alias  = "somewhere"
  region = var.unset
}
provider "aws" { alias = "silent" }
resource "aws_s3_bucket" "here" {}
resource "aws_s3_bucket" "there" { provider = aws.virginia }
resource "aws_s3_bucket" "quoted" { provider = "aws.virginia" }
resource "aws_s3_bucket" "somewhere" { provider = aws.somewhere }
resource "aws_s3_bucket" "silent" { provider = aws.silent }
resource "aws_s3_bucket" "undeclared" { provider = aws.nowhere }
resource "aws_s3_bucket" "own" { region = "eu-north-1" }
resource "aws_ebs_volume" "zone" {
  provider          = aws.somewhere
  availability_zone = "eu-central-1b"
}
resource "aws_ebs_volume" "local_zone" {
  provider          = aws.somewhere
  availability_zone = "us-west-2-lax-1a"
}
resource "aws_db_instance" "here" {}
resource "aws_efs_file_system" "here" {}
resource "aws_sagemaker_notebook_instance" "here" {}
resource "aws_cloudwatch_log_group" "here" {}
""",
    )
    assert {address: facts["region"] for address, facts in found.items()} == {
        "aws_s3_bucket.here": "eu-west-1",
        "aws_s3_bucket.there": "us-east-1",
        "aws_s3_bucket.quoted": "us-east-1",
        "aws_s3_bucket.somewhere": "? unresolved: var.unset",
        "aws_s3_bucket.silent": UNSTATED,
        "aws_s3_bucket.undeclared": UNSTATED,
        "aws_s3_bucket.own": "eu-north-1",
        "aws_ebs_volume.zone": "eu-central-1",
        "aws_ebs_volume.local_zone": "us-west-2",
        "aws_db_instance.here": "eu-west-1",
        "aws_efs_file_system.here": "eu-west-1",
        "aws_sagemaker_notebook_instance.here": "eu-west-1",
        "aws_cloudwatch_log_group.here": "eu-west-1",
    }


def test_nothing_is_assumed_where_no_provider_states_a_region(tmp_path: Path) -> None:
    found = from_terraform(tmp_path, 'resource "aws_s3_bucket" "b" {}\nresource "google_storage_bucket" "b" {}\n')
    expect(found, "aws_s3_bucket.b", region=UNSTATED, replica_regions=[])
    expect(found, "google_storage_bucket.b", region="? not declared: the provider's version decides")


def test_modules_inherit_the_default_or_get_what_is_passed(tmp_path: Path) -> None:
    bucket = 'resource "aws_s3_bucket" "b" {}\n'
    aliases = """
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.replica]
    }
  }
}
resource "aws_s3_bucket" "r" { provider = aws.replica }
"""
    found = from_terraform(
        tmp_path,
        """
provider "aws" { region = "eu-west-1" }
provider "aws" {
  alias  = "virginia"
  region = "us-east-1"
}
module "inherits" { source = "./inherits" }
module "given" {
  source = "./given"
  providers = {
    aws         = aws.virginia
    aws.replica = aws
  }
}
module "partly" {
  source    = "./partly"
  providers = { aws.replica = aws.virginia }
}
module "own" {
  source = "./own"
  where  = "eu-north-1"
}
module "outer" { source = "./outer" }
""",
        inherits__main=bucket,
        given__main=bucket + aliases,
        partly__main=bucket + aliases,
        own__main='variable "where" {}\nprovider "aws" { region = var.where }\n' + bucket,
        outer__main='module "inner" { source = "./inner" }\n',
        outer__inner__main=bucket,
    )
    assert {address: facts["region"] for address, facts in found.items()} == {
        "module.inherits.aws_s3_bucket.b": "eu-west-1",
        "module.given.aws_s3_bucket.b": "us-east-1",
        "module.given.aws_s3_bucket.r": "eu-west-1",
        "module.partly.aws_s3_bucket.b": UNSTATED,
        "module.partly.aws_s3_bucket.r": "us-east-1",
        "module.own.aws_s3_bucket.b": "eu-north-1",
        "module.outer.module.inner.aws_s3_bucket.b": "eu-west-1",
    }


def test_places_of_google(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
provider "google" {
  region = "europe-west4"
  zone   = "europe-west1-b"
}
provider "google" {
  alias  = "virginia"
  region = "us-east4"
}
resource "google_storage_bucket" "union" { location = "EU" }
resource "google_storage_bucket" "pair" { location = "EUR4" }
resource "google_storage_bucket" "unknown_pair" { location = "EUR9" }
resource "google_storage_bucket" "chosen" {
  location = "EU"
  custom_placement_config { data_locations = ["EUROPE-WEST4", "EUROPE-NORTH1"] }
}
resource "google_bigquery_dataset" "default" {}
resource "google_sql_database_instance" "default" {}
resource "google_sql_database_instance" "elsewhere" {
  provider = google.virginia
  settings {
    backup_configuration { location = "us" }
  }
}
resource "google_compute_disk" "default" {}
resource "google_compute_disk" "zone" { zone = "us-central1-a" }
resource "google_filestore_instance" "region" { location = "europe-west3" }
resource "google_notebooks_instance" "zone" { location = "europe-west4-a" }
resource "google_vertex_ai_endpoint" "link" { location = "projects/p/locations/europe-west4" }
resource "google_logging_project_bucket_config" "global" { location = "global" }
""",
    )
    assert {address: (facts["region"], facts.get("replica_regions")) for address, facts in found.items()} == {
        "google_storage_bucket.union": ("eu", []),
        "google_storage_bucket.pair": ("europe-north1", ["europe-west4"]),
        "google_storage_bucket.unknown_pair": ("? which regions eur9 is made of isn't known here", []),
        "google_storage_bucket.chosen": ("europe-north1", ["europe-west4"]),
        "google_bigquery_dataset.default": ("us", []),
        "google_sql_database_instance.default": ("europe-west4", []),
        "google_sql_database_instance.elsewhere": ("us-east4", ["us"]),
        "google_compute_disk.default": ("europe-west1", None),
        "google_compute_disk.zone": ("us-central1", None),
        "google_filestore_instance.region": ("europe-west3", []),
        "google_notebooks_instance.zone": ("europe-west4", None),
        "google_vertex_ai_endpoint.link": ("europe-west4", None),
        "google_logging_project_bucket_config.global": (None, None),
    }


def test_places_of_azure(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
resource "azurerm_resource_group" "rg" { location = "West Europe" }
resource "azurerm_storage_account" "local" {
  location                 = azurerm_resource_group.rg.location
  account_replication_type = "ZRS"
}
resource "azurerm_storage_account" "paired" {
  location                 = "brazilsouth"
  account_replication_type = "GRS"
}
resource "azurerm_storage_account" "unpaired" {
  location                 = "italynorth"
  account_replication_type = "RAGRS"
}
resource "azurerm_storage_account" "stray" { location = data.azurerm_resource_group.other.location }
resource "azurerm_mssql_server" "s" { location = "uksouth" }
resource "azurerm_mssql_database" "d" { server_id = azurerm_mssql_server.s.id }
resource "azurerm_mssql_database" "near" {
  server_id            = azurerm_mssql_server.s.id
  storage_account_type = "Zone"
}
resource "azurerm_mssql_database" "stray" { server_id = "/x" }
resource "azurerm_postgresql_flexible_server" "p" {
  location                     = "North Europe"
  geo_redundant_backup_enabled = true
}
resource "azurerm_cosmosdb_account" "c" {
  location = "westeurope"
  geo_location { location = "East US" }
}
resource "azurerm_cognitive_account" "openai" { location = "swedencentral" }
""",
    )
    unknown = "? not declared: what it lies in isn't declared here"
    assert {address: (facts["region"], facts.get("replica_regions")) for address, facts in found.items()} == {
        "azurerm_storage_account.local": ("westeurope", []),
        "azurerm_storage_account.paired": ("brazilsouth", ["southcentralus"]),
        "azurerm_storage_account.unpaired": (
            "italynorth",
            ["? which region is paired with italynorth isn't known here"],
        ),
        "azurerm_storage_account.stray": ("? unresolved: data.azurerm_resource_group.other.location", []),
        "azurerm_mssql_server.s": ("uksouth", []),
        "azurerm_mssql_database.d": ("uksouth", ["ukwest"]),
        "azurerm_mssql_database.near": ("uksouth", []),
        "azurerm_mssql_database.stray": (unknown, [unknown]),
        "azurerm_postgresql_flexible_server.p": ("northeurope", ["westeurope"]),
        "azurerm_cosmosdb_account.c": ("westeurope", ["eastus"]),
        "azurerm_cognitive_account.openai": ("swedencentral", None),
    }


def test_copies_on_aws(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
provider "aws" { region = "eu-west-1" }
provider "aws" {
  alias  = "virginia"
  region = "us-east-1"
}
resource "aws_s3_bucket" "source" {}
resource "aws_s3_bucket" "copy" {
  provider = aws.virginia
  bucket   = "the-copy"
}
resource "aws_s3_bucket_replication_configuration" "source" {
  bucket = aws_s3_bucket.source.id
  rule {
    status = "Enabled"
    destination { bucket = aws_s3_bucket.copy.arn }
  }
  rule {
    status = "Disabled"
    destination { bucket = "arn:aws:s3:::elsewhere" }
  }
}
resource "aws_s3_bucket" "named" {
  replication_configuration {
    rules {
      status = "Enabled"
      destination { bucket = "arn:aws:s3:::the-copy" }
    }
  }
}
resource "aws_s3_bucket" "stray" {
  replication_configuration {
    rules {
      destination { bucket = "arn:aws:s3:::elsewhere" }
    }
  }
}
resource "aws_dynamodb_table" "inline" {
  replica { region_name = "eu-west-3" }
}
resource "aws_dynamodb_table" "beside" { name = "beside" }
resource "aws_dynamodb_table_replica" "beside" {
  provider         = aws.virginia
  global_table_arn = aws_dynamodb_table.beside.arn
}
resource "aws_dynamodb_table" "global" { name = "global" }
resource "aws_dynamodb_global_table" "global" {
  name = "global"
  replica { region_name = "eu-west-1" }
  replica { region_name = "ap-south-1" }
}
resource "aws_db_instance" "db" {}
resource "aws_db_instance_automated_backups_replication" "db" {
  provider               = aws.virginia
  source_db_instance_arn = aws_db_instance.db.arn
}
resource "aws_redshift_cluster" "w" { cluster_identifier = "w" }
resource "aws_redshift_snapshot_copy" "w" {
  cluster_identifier = "w"
  destination_region = "us-west-2"
}
resource "aws_efs_file_system" "f" {}
resource "aws_efs_replication_configuration" "f" {
  source_file_system_id = aws_efs_file_system.f.id
  destination { region = "eu-south-1" }
}
""",
    )
    assert {address: facts["replica_regions"] for address, facts in found.items()} == {
        "aws_s3_bucket.source": ["us-east-1"],
        "aws_s3_bucket.copy": [],
        "aws_s3_bucket.named": ["us-east-1"],
        "aws_s3_bucket.stray": ["? where the bucket arn:aws:s3:::elsewhere lies isn't known here"],
        "aws_dynamodb_table.inline": ["eu-west-3"],
        "aws_dynamodb_table.beside": ["us-east-1"],
        "aws_dynamodb_table.global": ["eu-west-1", "ap-south-1"],
        "aws_db_instance.db": ["us-east-1"],
        "aws_redshift_cluster.w": ["us-west-2"],
        "aws_efs_file_system.f": ["eu-south-1"],
    }


def test_a_template_doesnt_say_where_its_stack_lies(tmp_path: Path) -> None:
    found = from_cloudformation(
        tmp_path,
        """
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    Properties:
      ReplicationConfiguration:
        Rules: [{Status: Enabled, Destination: {Bucket: "arn:aws:s3:::elsewhere"}}]
  Volume: {Type: "AWS::EC2::Volume", Properties: {AvailabilityZone: eu-west-1a}}
  Files:
    Type: AWS::EFS::FileSystem
    Properties: {ReplicationConfiguration: {ReplicationDestinations: [{Region: us-east-1}]}}
""",
    )
    stack = "? not in the template: the region of the stack decides"
    unknown = "? where the bucket arn:aws:s3:::elsewhere lies isn't known here"
    expect(found, "AWS::S3::Bucket.Bucket", region=stack, replica_regions=[unknown])
    expect(found, "AWS::EC2::Volume.Volume", region="eu-west-1")
    expect(found, "AWS::EFS::FileSystem.Files", region=stack, replica_regions=["us-east-1"])


def test_a_plan_knows_the_region_of_its_only_provider(tmp_path: Path) -> None:
    def plan(config: object) -> dict[str, object]:
        resources = [
            {"address": address, "mode": "managed", "type": "aws_s3_bucket", "name": "b", "values": values}
            for address, values in (
                ("aws_s3_bucket.b", {}),
                ("aws_s3_bucket.own", {"region": "eu-north-1"}),
                ("module.m.aws_s3_bucket.b", {}),
            )
        ]
        changes = [
            {**one, "change": {"actions": ["create"], "before": None, "after": one["values"], "after_unknown": {}}}
            for one in resources
        ]
        return {
            "format_version": "1.2",
            "terraform_version": "1.9.0",
            "planned_values": {
                "root_module": {
                    "resources": resources[:2],
                    "child_modules": [{"address": "module.m", "resources": resources[2:]}],
                }
            },
            "resource_changes": changes,
            "configuration": {"root_module": {}, "provider_config": config},
        }

    stated = {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}}
    found = from_plan(tmp_path, plan({"aws": stated}))
    unclear = "? which provider's configuration manages it can't be told from the plan"
    expect(found, "aws_s3_bucket.b", region="eu-west-1")
    expect(found, "aws_s3_bucket.own", region="eu-north-1")
    expect(found, "module.m.aws_s3_bucket.b", region=unclear)
    found = from_plan(tmp_path, plan({"aws": stated, "aws.v": {**stated, "alias": "v"}}))
    expect(found, "aws_s3_bucket.b", region=unclear)
    found = from_plan(tmp_path, plan({}))
    expect(found, "aws_s3_bucket.b", region=UNSTATED)
