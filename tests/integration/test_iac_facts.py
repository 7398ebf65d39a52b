"""Facts of whole trees: the same for every language, at checkov's own addresses and lines, whatever is in them."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.table import JOINED, TABLE, state
from assay.detectors.iac.facts.cfn_shapes import SHAPES
from assay.scanner.kinds.registry import KINDS, check
from assay.scanner.model.fact import Unknown
from assay.scanner.model.resource import Resource
from tests.unit.facts_source import (
    cloudformation_resources,
    expect,
    from_plan,
    plain,
    shown,
    terraform_resources,
)

ACME = Path(__file__).parents[2] / "fixtures" / "acme-ai"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1"

TERRAFORM = f"""
provider "aws" {{ region = "eu-west-1" }}
resource "aws_s3_bucket" "data" {{
  bucket = "acme-data"
  tags   = {{ owner = "ml" }}
}}
resource "aws_s3_bucket_server_side_encryption_configuration" "data" {{
  bucket = aws_s3_bucket.data.id
  rule {{
    apply_server_side_encryption_by_default {{
      sse_algorithm     = "aws:kms"
      kms_master_key_id = "{KEY}"
    }}
  }}
}}
resource "aws_s3_bucket_versioning" "data" {{
  bucket = aws_s3_bucket.data.id
  versioning_configuration {{ status = "Enabled" }}
}}
resource "aws_s3_bucket_public_access_block" "data" {{
  bucket                  = aws_s3_bucket.data.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}}
resource "aws_s3_bucket_policy" "data" {{
  bucket = aws_s3_bucket.data.id
  policy = jsonencode({{ Statement = [{{
    Effect = "Deny", Principal = "*", Action = "s3:*",
    Resource = ["arn:aws:s3:::acme-data", "arn:aws:s3:::acme-data/*"],
    Condition = {{ Bool = {{ "aws:SecureTransport" = "false" }} }}
  }}] }})
}}
resource "aws_db_instance" "db" {{
  engine                  = "postgres"
  storage_encrypted       = true
  kms_key_id              = "{KEY}"
  publicly_accessible     = false
  backup_retention_period = 7
}}
resource "aws_kms_key" "key" {{
  enable_key_rotation     = true
  deletion_window_in_days = 10
}}
resource "aws_security_group" "web" {{
  ingress {{
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
    description = "web"
  }}
  egress {{
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }}
}}
resource "aws_sagemaker_notebook_instance" "book" {{
  direct_internet_access = "Disabled"
  root_access            = "Disabled"
  subnet_id              = "subnet-1"
  kms_key_id             = "{KEY}"
}}
"""

CLOUDFORMATION = f"""
Resources:
  Data:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: acme-data
      Tags: [{{Key: owner, Value: ml}}]
      BucketEncryption:
        ServerSideEncryptionConfiguration:
          - ServerSideEncryptionByDefault: {{SSEAlgorithm: "aws:kms", KMSMasterKeyID: "{KEY}"}}
      VersioningConfiguration: {{Status: Enabled}}
      PublicAccessBlockConfiguration:
        {{BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}}
  Policy:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref Data
      PolicyDocument:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: s3:*
            Resource: [!GetAtt Data.Arn, !Sub "${{Data.Arn}}/*"]
            Condition: {{Bool: {{"aws:SecureTransport": "false"}}}}
  Db:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      StorageEncrypted: true
      KmsKeyId: "{KEY}"
      PubliclyAccessible: false
      BackupRetentionPeriod: 7
  Key: {{Type: "AWS::KMS::Key", Properties: {{EnableKeyRotation: true, PendingWindowInDays: 10}}}}
  Web:
    Type: AWS::EC2::SecurityGroup
    Properties:
      SecurityGroupIngress: [{{IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 0.0.0.0/0, Description: web}}]
  Book:
    Type: AWS::SageMaker::NotebookInstance
    Properties: {{DirectInternetAccess: Disabled, RootAccess: Disabled, SubnetId: subnet-1, KmsKeyId: "{KEY}"}}
"""


def by_kind(resources: list[Resource]) -> dict[str, Any]:
    return {resource.kind: plain(dict(sorted(resource.facts.items()))) for resource in resources}


def test_the_same_infrastructure_gives_the_same_facts_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(TERRAFORM)
    (tmp_path / "template.yaml").write_text(CLOUDFORMATION)
    declared, templated = by_kind(terraform_resources(tmp_path)), by_kind(cloudformation_resources(tmp_path))
    assert len(declared) == 5
    # The provider's block says where; of a template only the stack knows.
    regions = [facts.pop("region") for found in (declared, templated) for facts in found.values() if "region" in facts]
    assert regions == ["eu-west-1"] * 3 + ["? not in the template: the region of the stack decides"] * 3
    assert declared == templated


def resource(type_: str, name: str, values: dict[str, Any], address: str | None = None) -> dict[str, Any]:
    full = address or f"{type_}.{name}"
    return {"address": full, "mode": "managed", "type": type_, "name": name, "values": values}


def test_plan_gives_what_the_same_code_gives(tmp_path: Path) -> None:
    flags = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    deny = (
        '{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*",'
        '"Resource":["arn:aws:s3:::acme-data","arn:aws:s3:::acme-data/*"],'
        '"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}'
    )
    encryption = {
        "rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "aws:kms", "kms_master_key_id": KEY}]}]
    }
    opening = {"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "description": "web"}
    everything = {"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"], "description": ""}
    named = {"bucket": {"references": ["aws_s3_bucket.data.id", "aws_s3_bucket.data"]}}
    beside = "aws_s3_bucket_server_side_encryption_configuration"
    planned = [
        resource("aws_s3_bucket", "data", {"bucket": "acme-data", "tags": {"owner": "ml"}}),
        resource(beside, "data", encryption),
        resource("aws_s3_bucket_versioning", "data", {"versioning_configuration": [{"status": "Enabled"}]}),
        resource("aws_s3_bucket_public_access_block", "data", dict.fromkeys(flags, True)),
        resource("aws_s3_bucket_policy", "data", {"policy": deny}),
        resource(
            "aws_db_instance",
            "db",
            {
                "engine": "postgres",
                "storage_encrypted": True,
                "kms_key_id": KEY,
                "publicly_accessible": False,
                "backup_retention_period": 7,
            },
        ),
        resource("aws_kms_key", "key", {"enable_key_rotation": True, "deletion_window_in_days": 10}),
        resource("aws_security_group", "web", {"ingress": [opening], "egress": [everything]}),
        resource(
            "aws_sagemaker_notebook_instance",
            "book",
            {
                "direct_internet_access": "Disabled",
                "root_access": "Disabled",
                "subnet_id": "subnet-1",
                "kms_key_id": KEY,
            },
        ),
    ]
    joined = [beside, "aws_s3_bucket_versioning", "aws_s3_bucket_public_access_block", "aws_s3_bucket_policy"]
    configured = [
        {"address": f"{type_}.data", "mode": "managed", "type": type_, "name": "data", "expressions": named}
        for type_ in joined
    ]
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": [
            {**one, "change": {"actions": ["create"], "before": None, "after": one["values"], "after_unknown": {}}}
            for one in planned
        ],
        "configuration": {
            "root_module": {"resources": configured},
            "provider_config": {"aws": {"name": "aws", "expressions": {"region": {"constant_value": "eu-west-1"}}}},
        },
    }
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "main.tf").write_text(TERRAFORM)
    declared = shown(terraform_resources(tmp_path / "code"))
    found = from_plan(tmp_path, plan)
    assert found == declared


def test_plan_knows_what_is_known_after_apply_only(tmp_path: Path) -> None:
    planned = [
        resource("aws_kms_key", "k", {}),
        resource("aws_ebs_volume", "v", {"encrypted": True}),
        resource("aws_ebs_volume", "w", {"encrypted": True}, "module.m.aws_ebs_volume.w[0]"),
        resource("aws_db_instance", "d", {"storage_encrypted": None, "tags": {"from": "data.x.y"}}),
    ]
    references = {"kms_key_id": {"references": ["aws_kms_key.k.arn", "aws_kms_key.k"]}}
    plan = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {
            "root_module": {
                "resources": [planned[0], planned[1], planned[3]],
                "child_modules": [{"address": "module.m", "resources": [planned[2]]}],
            }
        },
        "resource_changes": [
            {**one, "change": {"actions": ["create"], "before": None, "after": one["values"], "after_unknown": {}}}
            for one in planned
        ],
        "configuration": {
            "root_module": {
                "resources": [
                    {"address": "aws_ebs_volume.v", "type": "aws_ebs_volume", "name": "v", "expressions": references},
                    {
                        "address": "aws_db_instance.d",
                        "type": "aws_db_instance",
                        "name": "d",
                        "expressions": {"kms_key_id": {"references": ["module.keys.arn", "module.keys"]}},
                    },
                ],
                "module_calls": {"m": {"module": {"resources": []}}},
            }
        },
    }
    found = from_plan(tmp_path, plan)
    expect(found, "aws_ebs_volume.v", encrypted_at_rest=True, kms_key="aws_kms_key.k.arn")
    expect(found, "module.m.aws_ebs_volume.w[0]", encrypted_at_rest=True, kms_key=None)
    expect(found, "aws_db_instance.d", encrypted_at_rest=False, kms_key="? unresolved: module.keys.arn")


@pytest.mark.parametrize("framework", ["terraform", "cloudformation"])
def test_addresses_and_lines_are_those_of_checkov_s_records(framework: str) -> None:
    records, resources = run_checkov(framework)
    assert len(resources) > 20
    compared = 0
    for found in resources:
        check(found)
        assert found.surface == framework
        assert found.location is not None
        lines = records.get((found.location.path, found.address))
        if lines is not None:
            compared += 1
            assert (found.location.start_line, found.location.end_line) == lines
    assert compared > len(resources) * 0.8


def test_the_fixture_s_partners_lie_where_its_readme_says() -> None:
    found = shown(run_checkov("terraform")[1])
    here, there = "eu-central-1", "us-east-1"
    for partner, region, copies in (("isar", here, []), ("elbe", here, [there]), ("elbe_mirror", there, [])):
        expect(found, f"module.partner_{partner}.aws_s3_bucket.this", region=region, replica_regions=copies)
    expect(found, "google_storage_bucket.genomics", region="us")
    expect(found, "google_storage_bucket.genomics_controlled", region="eu")
    expect(found, "azurerm_storage_account.slides_private", region="westeurope")


def run_checkov(framework: str) -> tuple[dict[tuple[str, str], tuple[int, int]], list[Resource]]:
    from checkov.runner_filter import RunnerFilter

    from assay.detectors.iac.facts import cloudformation, terraform

    states: Callable[..., Any]
    if framework == "terraform":
        from checkov.terraform.runner import Runner

        states = terraform.resources
    else:
        from checkov.cloudformation.runner import Runner

        states = cloudformation.resources
    runner = Runner()
    graphs: list[Any] = []
    save = runner.graph_manager.save_graph

    def kept(graph: Any) -> Any:
        graphs.append(graph)
        return save(graph)

    runner.graph_manager.save_graph = kept
    report = runner.run(
        root_folder=str(ACME), runner_filter=RunnerFilter(framework=[framework], run_image_referencer=False)
    )
    records = {
        (record.file_path.lstrip("/"), record.resource): tuple(record.file_line_range)
        for record in (*report.passed_checks, *report.failed_checks)
    }
    return records, list(states(graphs[0], str(ACME)))


def test_every_kind_of_the_table_exists_and_every_function_is_there() -> None:
    assert {kind for entries in TABLE.values() for kind, _ in entries} <= set(KINDS)
    assert {known_as for known_as, _ in SHAPES.values()} <= set(TABLE) | JOINED
    list(state(World([]), [], "terraform"))


JUNK = (
    None,
    True,
    False,
    0,
    -1,
    3.5,
    "",
    "x",
    "true",
    "*",
    [],
    {},
    ["a"],
    [None],
    [{}],
    [["b"]],
    {"a": 1},
    "${",
    "{",
    "[1]",
)
NAMES = (
    "encrypted", "kms_key_id", "policy", "acl", "bucket", "rule", "ingress", "egress", "settings", "tags", "vpc_config",
    "lifecycle_rule", "versioning", "statement", "assume_role_policy", "inline_policy", "managed_policy_arns", "ports",
    "allow", "source_ranges", "security_rule", "role", "members", "member", "permissions", "gce_setup", "metadata",
    "content_filter", "production_variants", "online_store_config", "network_config", "condition", "encryption",
    "backup_retention_period", "rotation_period", "encryption_config", "event_selector", "access", "role_entity",
    "from_port", "to_port", "protocol", "cidr_blocks", "grant", "logging_config", "database_flags", "user", "dynamic",
    "region", "location", "availability_zone", "replica", "geo_location", "custom_placement_config",
    "replication_configuration", "account_replication_type", "snapshot_copy",
)  # fmt: skip


@pytest.mark.parametrize("type_", sorted(TABLE))
def test_no_declaration_makes_a_function_fail(type_: str) -> None:
    chance = random.Random(type_)

    def junk(depth: int = 0) -> Any:
        if depth < 4 and chance.random() < 0.5:
            inner = {name: junk(depth + 1) for name in chance.sample(NAMES, 3)}
            return inner if chance.random() < 0.5 else [inner, chance.choice(JUNK)]
        return Unknown(reason="unresolved: var.x") if chance.random() < 0.1 else chance.choice(JUNK)

    for index in range(40):
        block = Block(
            type=type_,
            address=f"{type_}.x",
            id=index,
            arguments={name: junk() for name in NAMES},
            resolve=lambda value, _: value,
            wrapped=chance.random() < 0.5,
            bindings={},
        )
        for found in state(World([block]), [block], "terraform"):
            check(found)
