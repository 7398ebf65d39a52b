"""Where a fact was read: nowhere is the resource's own block, anything else is the block that decided it."""

from pathlib import Path

from assay.scanner.model.fact import Known, Unknown
from tests.unit.facts_source import from_terraform, terraform_resources

SOURCE = """
variable "unset" {}
resource "aws_s3_bucket" "b" { bucket = var.unset }
resource "aws_s3_bucket_versioning" "b" {
  bucket = aws_s3_bucket.b.id
  versioning_configuration { status = var.unset }
}
resource "aws_s3_bucket_public_access_block" "b" {
  bucket            = aws_s3_bucket.b.id
  block_public_acls = false
}
resource "aws_s3_bucket_lifecycle_configuration" "stray" {
  bucket = uuid()
}
resource "aws_security_group" "one" {}
resource "aws_security_group_rule" "one" {
  security_group_id = aws_security_group.one.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_blocks       = ["0.0.0.0/0"]
}
resource "aws_security_group" "both" {
  ingress {
    protocol    = "tcp"
    from_port   = 80
    to_port     = 80
    cidr_blocks = [var.unset]
  }
}
resource "aws_security_group_rule" "both" {
  security_group_id = aws_security_group.both.id
  type              = "egress"
  protocol          = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_blocks       = [var.unset]
}
resource "aws_iam_user" "u" {}
resource "aws_iam_access_key" "u" {
  user = aws_iam_user.u.name
}
"""


def line_of(text: str) -> int:
    return SOURCE.splitlines().index(text) + 1


def test_a_fact_points_at_the_block_that_decided_it(tmp_path: Path) -> None:
    from_terraform(tmp_path, SOURCE)
    resources = {resource.address: resource for resource in terraform_resources(tmp_path)}

    def starts(address: str, fact: str) -> int | None:
        origin = resources[address].facts[fact].origin
        return origin.start_line if origin else None

    bucket = "aws_s3_bucket.b"
    assert starts(bucket, "versioned") == line_of('resource "aws_s3_bucket_versioning" "b" {')
    declared = line_of('resource "aws_s3_bucket_public_access_block" "b" {')
    assert starts(bucket, "public_access_block_declared") == starts(bucket, "public_access_blocked") == declared
    stray = line_of('resource "aws_s3_bucket_lifecycle_configuration" "stray" {')
    assert starts(bucket, "retention_days") == stray
    assert starts("aws_security_group.one", "openings") == line_of('resource "aws_security_group_rule" "one" {')
    assert starts("aws_iam_user.u", "long_lived_keys") == line_of('resource "aws_iam_access_key" "u" {')


def test_what_a_resource_says_of_itself_has_no_origin(tmp_path: Path) -> None:
    from_terraform(tmp_path, SOURCE)
    resources = {resource.address: resource for resource in terraform_resources(tmp_path)}
    assert resources["aws_s3_bucket.b"].facts["name"] == Unknown(reason="unresolved: var.unset")
    openings = resources["aws_security_group.both"].facts["openings"]
    # It comes from two places, so that neither is its origin.
    assert isinstance(openings, Known)
    assert openings.origin is None
    assert openings.value[0]["cidrs"] == [Unknown(reason="unresolved: var.unset")]
