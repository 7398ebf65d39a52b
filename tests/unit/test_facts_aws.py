"""AWS in Terraform: each kind as a bad, a sound and an unresolved twin."""

from pathlib import Path

from tests.unit.facts_source import expect, from_terraform

UNSET = 'variable "unset" {}\nresource "aws_kms_key" "key" {}\n'
UNKNOWN = "? unresolved: var.unset"


def test_volumes_and_file_systems(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "aws_ebs_volume" "bad" {}
resource "aws_ebs_volume" "good" {
  encrypted  = true
  kms_key_id = aws_kms_key.key.arn
  tags       = { owner = "ml", team = var.unset }
}
resource "aws_ebs_volume" "unknown" {
  encrypted  = var.unset
  kms_key_id = var.unset
}
resource "aws_ebs_volume" "restored" { snapshot_id = "snap-1" }
resource "aws_ebs_volume" "default_key" {
  encrypted  = true
  kms_key_id = "alias/aws/ebs"
}
resource "aws_efs_file_system" "bad" {}
resource "aws_efs_file_system" "good" {
  encrypted  = true
  kms_key_id = aws_kms_key.key.arn
}
resource "aws_efs_backup_policy" "good" {
  file_system_id = aws_efs_file_system.good.id
  backup_policy { status = "ENABLED" }
}
resource "aws_efs_file_system_policy" "good" {
  file_system_id = aws_efs_file_system.good.id
  policy = jsonencode({ Statement = [{
    Effect = "Deny", Principal = "*", Action = "*",
    Resource = aws_efs_file_system.good.arn, Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }] })
}
resource "aws_efs_file_system" "unknown" { encrypted = var.unset }
resource "aws_fsx_lustre_file_system" "scratch" {}
""",
    )
    expect(found, "aws_ebs_volume.bad", encrypted_at_rest=False, kms_key=None, tags={})
    tags = {"owner": "ml", "team": UNKNOWN}
    expect(found, "aws_ebs_volume.good", encrypted_at_rest=True, kms_key="aws_kms_key.key.arn", tags=tags)
    expect(found, "aws_ebs_volume.unknown", encrypted_at_rest=UNKNOWN, kms_key=UNKNOWN)
    expect(found, "aws_ebs_volume.restored", encrypted_at_rest="? not declared: the snapshot decides")
    expect(found, "aws_ebs_volume.default_key", encrypted_at_rest=True, kms_key=None)
    expect(found, "aws_efs_file_system.bad", encrypted_at_rest=False, transit_encrypted=False, backed_up=False)
    expect(found, "aws_efs_file_system.good", encrypted_at_rest=True, transit_encrypted=True, backed_up=True)
    expect(found, "aws_efs_file_system.unknown", encrypted_at_rest=UNKNOWN)
    expect(found, "aws_fsx_lustre_file_system.scratch", encrypted_at_rest=True, kms_key=None, backed_up=False)


def test_an_account_that_encrypts_volumes_by_default(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path, 'resource "aws_ebs_encryption_by_default" "on" {}\nresource "aws_ebs_volume" "v" { size = 1 }'
    )
    expect(found, "aws_ebs_volume.v", encrypted_at_rest=True)


def test_databases(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "aws_db_instance" "bad" {
  engine              = "postgres"
  publicly_accessible = true
}
resource "aws_db_parameter_group" "tls" {
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
}
resource "aws_db_instance" "good" {
  engine                              = "Postgres"
  storage_encrypted                   = true
  kms_key_id                          = aws_kms_key.key.arn
  backup_retention_period             = 14
  multi_az                            = true
  deletion_protection                 = true
  iam_database_authentication_enabled = true
  enabled_cloudwatch_logs_exports     = ["postgresql"]
  parameter_group_name                = aws_db_parameter_group.tls.name
}
resource "aws_db_instance" "unknown" {
  engine                  = var.unset
  storage_encrypted       = var.unset
  backup_retention_period = var.unset
}
resource "aws_db_instance" "copy" { snapshot_identifier = "rds:x" }
resource "aws_rds_cluster" "bad" { engine = "aurora-mysql" }
resource "aws_rds_cluster_instance" "bad" {
  cluster_identifier  = aws_rds_cluster.bad.id
  publicly_accessible = true
}
resource "aws_dynamodb_table" "bad" {}
resource "aws_dynamodb_table" "good" {
  point_in_time_recovery { enabled = true }
  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.key.arn
  }
}
resource "aws_redshift_cluster" "bad" {
  encrypted           = false
  publicly_accessible = true
}
resource "aws_redshift_cluster" "silent" {}
resource "aws_opensearch_domain" "bad" {}
resource "aws_opensearch_domain" "good" {
  encrypt_at_rest { enabled = true }
  node_to_node_encryption { enabled = true }
  domain_endpoint_options { enforce_https = true }
  vpc_options { subnet_ids = [var.unset] }
  log_publishing_options { log_type = "AUDIT_LOGS" }
}
""",
    )
    bad = {"encrypted_at_rest": False, "public": True, "backup_days": 0, "point_in_time_recovery": False}
    expect(
        found,
        "aws_db_instance.bad",
        **bad,
        audit_logged=False,
        transit_encrypted="? not declared: the engine's version decides",
    )
    good = {"encrypted_at_rest": True, "public": False, "backup_days": 14, "point_in_time_recovery": True}
    expect(found, "aws_db_instance.good", **good, engine="postgres", transit_encrypted=True, audit_logged=True)
    expect(found, "aws_db_instance.good", kms_key="aws_kms_key.key.arn", iam_authentication=True, multi_zone=True)
    unknown = {"engine": UNKNOWN, "encrypted_at_rest": UNKNOWN, "backup_days": UNKNOWN}
    expect(found, "aws_db_instance.unknown", **unknown, point_in_time_recovery=UNKNOWN)
    expect(
        found, "aws_db_instance.copy", encrypted_at_rest="? not declared: it is inherited from the source of the copy"
    )
    expect(found, "aws_rds_cluster.bad", encrypted_at_rest=False, public=True, backup_days=1, engine="aurora-mysql")
    expect(found, "aws_dynamodb_table.bad", encrypted_at_rest=True, kms_key=None, point_in_time_recovery=False)
    expect(found, "aws_dynamodb_table.good", kms_key="aws_kms_key.key.arn", point_in_time_recovery=True, backup_days=35)
    expect(found, "aws_redshift_cluster.bad", encrypted_at_rest=False, public=True)
    expect(
        found,
        "aws_redshift_cluster.silent",
        encrypted_at_rest="? not declared: it depends on when the cluster was made",
    )
    expect(found, "aws_opensearch_domain.bad", encrypted_at_rest=False, public=True, transit_encrypted=False)
    expect(found, "aws_opensearch_domain.good", encrypted_at_rest=True, public=False, transit_encrypted=True)
    expect(found, "aws_opensearch_domain.good", audit_logged=True)


def test_security_groups_with_rules_inside_beside_and_generated(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
variable "ports" { default = [22, 80] }
resource "aws_security_group" "inside" {
  ingress {
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
    description = "web"
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["10.0.0.0/8"]
  }
  dynamic "ingress" {
    for_each = var.ports
    iterator = port
    content {
      from_port   = port.value
      to_port     = port.value
      protocol    = "TCP"
      cidr_blocks = [var.unset]
    }
  }
}
resource "aws_security_group" "generated" {
  dynamic "ingress" {
    for_each = var.unset
    content { from_port = ingress.value }
  }
}
resource "aws_security_group" "beside" {}
resource "aws_vpc_security_group_ingress_rule" "beside" {
  security_group_id = aws_security_group.beside.id
  ip_protocol       = "tcp"
  from_port         = 8888
  to_port           = 8888
  cidr_ipv4         = "0.0.0.0/0"
}
resource "aws_security_group_rule" "beside" {
  security_group_id        = aws_security_group.beside.id
  type                     = "ingress"
  protocol                 = "tcp"
  from_port                = 1
  to_port                  = 2
  source_security_group_id = aws_security_group.inside.id
}
resource "aws_vpc" "dark" {}
resource "aws_vpc" "seen" {}
resource "aws_flow_log" "seen" { vpc_id = aws_vpc.seen.id }
""",
    )

    def opening(port: int, cidrs: list[str], described: bool = False, last: int | None = None) -> dict[str, object]:
        to_port = port if last is None else last
        shown = {"direction": "ingress", "protocol": "tcp", "from_port": port, "to_port": to_port}
        return {**shown, "cidrs": cidrs, "described": described}

    everything = {"direction": "egress", "protocol": "all", "from_port": 0, "to_port": 65535}
    inside = [
        opening(443, ["0.0.0.0/0"], True),
        opening(22, [UNKNOWN]),
        opening(80, [UNKNOWN]),
        {**everything, "cidrs": ["10.0.0.0/8"], "described": False},
    ]
    expect(found, "aws_security_group.inside", openings=inside, default=False)
    expect(found, "aws_security_group.generated", openings=[UNKNOWN])
    expect(found, "aws_security_group.beside", openings=[opening(1, [], last=2), opening(8888, ["0.0.0.0/0"])])
    expect(found, "aws_vpc.dark", flow_logged=False)
    expect(found, "aws_vpc.seen", flow_logged=True)


def test_a_network_is_logged_once_both_accepted_and_rejected_traffic_is(tmp_path: Path) -> None:
    logs = {"all": ["ALL"], "accepted": ["ACCEPT"], "rejected": ["REJECT"], "both": ["ACCEPT", "REJECT"]}
    blocks = [f'resource "aws_vpc" "{name}" {{ cidr_block = "10.0.0.0/16" }}' for name in (*logs, "unread")]
    for name, types in logs.items():
        for index, kind in enumerate(types):
            arguments = f'  vpc_id = aws_vpc.{name}.id\n  traffic_type = "{kind}"'
            blocks.append(f'resource "aws_flow_log" "{name}{index}" {{\n{arguments}\n}}')
    blocks.append('resource "aws_flow_log" "unread" {\n  vpc_id = aws_vpc.unread.id\n  traffic_type = var.unset\n}')
    found = from_terraform(tmp_path, UNSET, "\n".join(blocks))
    answers = {name: found[f"aws_vpc.{name}"]["flow_logged"] for name in (*logs, "unread")}
    assert answers == {"all": True, "accepted": False, "rejected": False, "both": True, "unread": UNKNOWN}


def test_machine_learning(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "aws_sagemaker_notebook_instance" "bad" {}
resource "aws_sagemaker_notebook_instance" "good" {
  direct_internet_access = "Disabled"
  root_access            = "Disabled"
  subnet_id              = "subnet-1"
  kms_key_id             = aws_kms_key.key.id
  instance_metadata_service_configuration { minimum_instance_metadata_service_version = "2" }
}
resource "aws_sagemaker_notebook_instance" "unknown" {
  direct_internet_access = var.unset
  subnet_id              = var.unset
}
resource "aws_sagemaker_domain" "bad" {}
resource "aws_sagemaker_domain" "good" {
  app_network_access_type = "VpcOnly"
  kms_key_id              = aws_kms_key.key.arn
}
resource "aws_sagemaker_model" "m" { enable_network_isolation = true }
resource "aws_sagemaker_endpoint_configuration" "bad" {
  production_variants { model_name = var.unset }
}
resource "aws_sagemaker_endpoint_configuration" "good" {
  kms_key_arn = aws_kms_key.key.arn
  production_variants { model_name = aws_sagemaker_model.m.name }
  data_capture_config { enable_capture = true }
}
resource "aws_sagemaker_feature_group" "half" {
  online_store_config {
    enable_online_store = true
    security_config { kms_key_id = aws_kms_key.key.arn }
  }
  offline_store_config {
    s3_storage_config { s3_uri = "s3://x" }
  }
}
resource "aws_sagemaker_data_quality_job_definition" "good" {
  job_resources {
    cluster_config { volume_kms_key_id = aws_kms_key.key.arn }
  }
  network_config {
    enable_network_isolation                  = true
    enable_inter_container_traffic_encryption = true
    vpc_config { subnets = ["subnet-1"] }
  }
}
resource "aws_bedrock_model_invocation_logging_configuration" "silent" {
  logging_config { embedding_data_delivery_enabled = true }
}
resource "aws_bedrockagent_agent" "bare" {}
""",
    )
    expect(found, "aws_sagemaker_notebook_instance.bad", public=True, root_access=True, metadata_v2_only=False)
    good = {"public": False, "root_access": False, "metadata_v2_only": True, "in_private_network": True}
    expect(found, "aws_sagemaker_notebook_instance.good", **good, kms_key="aws_kms_key.key.id", encrypted_at_rest=True)
    expect(found, "aws_sagemaker_notebook_instance.unknown", public=UNKNOWN, in_private_network=UNKNOWN)
    expect(found, "aws_sagemaker_domain.bad", public=True, kms_key=None)
    expect(found, "aws_sagemaker_domain.good", public=False, kms_key="aws_kms_key.key.arn")
    expect(found, "aws_sagemaker_model.m", deployed=False, network_isolated=True)
    expect(
        found, "aws_sagemaker_endpoint_configuration.bad", kms_key=None, captures_data=False, network_isolated=UNKNOWN
    )
    expect(found, "aws_sagemaker_endpoint_configuration.good", captures_data=True, network_isolated=True, deployed=True)
    expect(found, "aws_sagemaker_feature_group.half", kms_key=None, service="sagemaker-feature-group")
    job = {"network_isolated": True, "traffic_encrypted": True, "in_private_network": True, "volume_encrypted": True}
    expect(found, "aws_sagemaker_data_quality_job_definition.good", **job, output_encrypted=False)
    expect(found, "aws_bedrock_model_invocation_logging_configuration.silent", invocations_logged=False)
    expect(found, "aws_bedrockagent_agent.bare", generative=True, content_filtered=False, captures_data=False)


def test_services(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        UNSET,
        """
resource "aws_kms_key" "good" {
  enable_key_rotation     = true
  rotation_period_in_days = 90
}
resource "aws_kms_key" "open" {
  policy = jsonencode({ Statement = { Effect = "Allow", Principal = { AWS = "*" }, Action = "kms:*", Resource = "*" } })
}
resource "aws_kms_key" "tied" {
  policy = jsonencode({ Statement = [{
    Effect = "Allow", Principal = "*", Action = "kms:Decrypt", Resource = "*",
    Condition = { StringEquals = { "kms:CallerAccount" = "123456789012" } }
  }] })
}
resource "aws_kms_key" "unknown" {
  enable_key_rotation = var.unset
  policy              = var.unset
}
resource "aws_eks_cluster" "bad" {
  vpc_config { subnet_ids = [] }
}
resource "aws_eks_cluster" "good" {
  enabled_cluster_log_types = ["api", "audit"]
  vpc_config { endpoint_public_access = false }
  encryption_config {
    resources = ["secrets"]
    provider { key_arn = aws_kms_key.key.arn }
  }
}
resource "aws_eks_cluster" "unknown" {
  vpc_config { public_access_cidrs = [var.unset] }
}
resource "aws_ecr_repository" "bad" {}
resource "aws_ecr_repository" "good" {
  image_tag_mutability = "IMMUTABLE"
  image_scanning_configuration { scan_on_push = true }
  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.key.arn
  }
}
resource "aws_cloudwatch_log_group" "bad" {}
resource "aws_cloudwatch_log_group" "good" { retention_in_days = 365 }
resource "aws_cloudwatch_log_group" "unknown" { retention_in_days = var.unset }
resource "aws_cloudtrail" "bad" {}
resource "aws_cloudtrail" "good" {
  is_multi_region_trail      = true
  enable_log_file_validation = true
  event_selector {
    data_resource { type = "AWS::S3::Object" }
  }
}
""",
    )
    expect(found, "aws_kms_key.key", rotated=False, rotation_days=None, usable_by_anyone=False, symmetric=True)
    expect(found, "aws_kms_key.good", rotated=True, rotation_days=90)
    expect(found, "aws_kms_key.open", usable_by_anyone=True)
    expect(found, "aws_kms_key.tied", usable_by_anyone=False)
    expect(found, "aws_kms_key.unknown", rotated=UNKNOWN, usable_by_anyone=UNKNOWN)
    expect(found, "aws_eks_cluster.bad", public_endpoint=True, endpoint_cidrs=["0.0.0.0/0"], secrets_encrypted=False)
    expect(found, "aws_eks_cluster.good", public_endpoint=False, endpoint_cidrs=[], secrets_encrypted=True)
    expect(found, "aws_eks_cluster.good", audit_logged=True)
    expect(found, "aws_eks_cluster.unknown", endpoint_cidrs=[UNKNOWN])
    expect(found, "aws_ecr_repository.bad", immutable_tags=False, scanned_on_push=False, kms_key=None, public=False)
    expect(found, "aws_ecr_repository.good", immutable_tags=True, scanned_on_push=True, kms_key="aws_kms_key.key.arn")
    expect(found, "aws_cloudwatch_log_group.bad", retention_days=None)
    expect(found, "aws_cloudwatch_log_group.good", retention_days=365)
    expect(found, "aws_cloudwatch_log_group.unknown", retention_days=UNKNOWN)
    expect(found, "aws_cloudtrail.bad", multi_region=False, validated=False, data_events=False)
    expect(found, "aws_cloudtrail.good", multi_region=True, validated=True, data_events=True)
