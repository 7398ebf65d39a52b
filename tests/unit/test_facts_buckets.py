"""S3 buckets, whose facts are spread over a dozen resources that name them in different ways."""

from pathlib import Path

import pytest

from tests.unit.facts_source import expect, from_terraform

FLAGS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
BLOCK = "\n".join(f"  {flag} = true" for flag in FLAGS)
DENY_PLAIN = """jsonencode({ Statement = [{
    Effect = "Deny", Principal = "*", Action = "s3:*", Resource = [aws_s3_bucket.b.arn, "${aws_s3_bucket.b.arn}/*"],
    Condition = { Bool = { "aws:SecureTransport" = "false" } }
  }] })"""
DATA = """
data "aws_iam_policy_document" "d" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.b.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
"""


def test_bare_bucket_has_the_provider_s_defaults(tmp_path: Path) -> None:
    found = from_terraform(tmp_path, 'resource "aws_s3_bucket" "b" {}')
    expect(found, "aws_s3_bucket.b", name=None, encrypted_at_rest=True, encryption_declared=False, kms_key=None)
    expect(found, "aws_s3_bucket.b", public_read=False, public_write=False, tls_required=False, versioned=False)
    expect(found, "aws_s3_bucket.b", access_logged=False, retention_days=None, object_lock=False, tags={})
    unsaid = "? not declared: it depends on the age of the bucket and on the settings of the account"
    expect(found, "aws_s3_bucket.b", public_access_blocked=unsaid, public_access_block_declared=False)


@pytest.mark.parametrize(
    "named",
    [
        "aws_s3_bucket.b.id",
        "aws_s3_bucket.b.bucket",
        '"acme-data"',
        '"${local.prefix}-data"',
        '"${aws_s3_bucket.b.id}"',
    ],
)
def test_separate_resources_are_joined_however_they_name_the_bucket(tmp_path: Path, named: str) -> None:
    found = from_terraform(
        tmp_path,
        f"""
locals {{ prefix = "acme" }}
resource "aws_kms_key" "k" {{}}
resource "aws_s3_bucket" "b" {{ bucket = "acme-data" }}
resource "aws_s3_bucket" "other" {{ bucket = "acme-other" }}
resource "aws_s3_bucket_versioning" "v" {{
  bucket = {named}
  versioning_configuration {{ status = "Enabled" }}
}}
resource "aws_s3_bucket_server_side_encryption_configuration" "e" {{
  bucket = {named}
  rule {{
    apply_server_side_encryption_by_default {{
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.k.arn
    }}
  }}
}}
resource "aws_s3_bucket_public_access_block" "p" {{
  bucket = {named}
{BLOCK}
}}
resource "aws_s3_bucket_logging" "l" {{
  bucket        = {named}
  target_bucket = "logs"
  target_prefix = "x"
}}
resource "aws_s3_bucket_lifecycle_configuration" "c" {{
  bucket = {named}
  rule {{
    id     = "all"
    status = "Enabled"
    filter {{}}
    expiration {{ days = 30 }}
  }}
  rule {{
    id     = "some"
    status = "Enabled"
    filter {{ prefix = "tmp/" }}
    expiration {{ days = 1 }}
  }}
}}
resource "aws_s3_bucket_object_lock_configuration" "o" {{
  bucket = {named}
  rule {{
    default_retention {{
      mode = "COMPLIANCE"
      days = 5
    }}
  }}
}}
resource "aws_s3_bucket_policy" "t" {{
  bucket = {named}
  policy = {DENY_PLAIN}
}}
""",
    )
    expect(found, "aws_s3_bucket.b", versioned=True, encryption_declared=True, kms_key="aws_kms_key.k.arn")
    expect(found, "aws_s3_bucket.b", public_access_blocked=True, public_access_block_declared=True, access_logged=True)
    expect(found, "aws_s3_bucket.b", retention_days=30, object_lock=True, tls_required=True, public_read=False)
    expect(found, "aws_s3_bucket.other", versioned=False, encryption_declared=False, access_logged=False)


def test_buckets_made_by_for_each_are_joined_to_theirs(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
resource "aws_s3_bucket" "b" {
  for_each = toset(["x", "y"])
  bucket   = each.value
}
resource "aws_s3_bucket_versioning" "all" {
  for_each = aws_s3_bucket.b
  bucket   = each.value.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_acl" "x" {
  bucket = aws_s3_bucket.b["x"].id
  acl    = "public-read"
}
""",
    )
    expect(found, 'aws_s3_bucket.b["x"]', versioned=True, public_read=True)
    expect(found, 'aws_s3_bucket.b["y"]', versioned=True, public_read=False)


def test_resource_for_some_of_the_buckets_leaves_each_of_them_open(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
variable "chosen" {}
resource "aws_s3_bucket" "b" {
  for_each = toset(["x", "y"])
  bucket   = each.value
}
resource "aws_s3_bucket_versioning" "some" {
  for_each = var.chosen
  bucket   = aws_s3_bucket.b[each.key].id
  versioning_configuration { status = "Enabled" }
}
""",
    )
    reason = (
        "? aws_s3_bucket_versioning.some may say so, but which one it is for isn't known: aws_s3_bucket.b[each.key].id"
    )
    expect(found, 'aws_s3_bucket.b["x"]', versioned=reason)
    expect(found, 'aws_s3_bucket.b["y"]', versioned=reason)


def test_resource_whose_bucket_cannot_be_told_leaves_every_bucket_open(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
resource "aws_s3_bucket" "b" {}
resource "aws_s3_bucket_versioning" "v" {
  bucket = element(split(",", "a,b"), 1)
  versioning_configuration { status = "Enabled" }
}
variable "elsewhere" {}
resource "aws_s3_bucket_acl" "elsewhere" {
  bucket = var.elsewhere
  acl    = "public-read"
}
""",
    )
    stray = "? aws_s3_bucket_versioning.v may say so, but what it is for is unresolved: split(…)"
    expect(found, "aws_s3_bucket.b", versioned=stray, public_read=False)


@pytest.mark.parametrize(
    ("arguments", "read", "write"),
    [
        ('acl = "public-read"', True, False),
        ('acl = "public-read-write"', True, True),
        ('acl = "authenticated-read"', True, False),
        ('acl = "log-delivery-write"', False, False),
        ("acl = var.unset", "? unresolved: var.unset", "? unresolved: var.unset"),
        ("policy = data.aws_iam_policy_document.d.json", True, False),
        ("policy = data.aws_s3_bucket_policy.d.policy", *["? unresolved: data.aws_s3_bucket_policy.d.policy"] * 2),
        (
            'grant {\n uri = "http://acs.amazonaws.com/groups/global/AllUsers"\n permissions = ["WRITE"]\n}',
            False,
            True,
        ),
    ],
)
def test_public_grants(tmp_path: Path, arguments: str, read: object, write: object) -> None:
    text = f'variable "unset" {{}}\nresource "aws_s3_bucket" "b" {{\n  {arguments}\n}}\n'
    expect(from_terraform(tmp_path, text, DATA), "aws_s3_bucket.b", public_read=read, public_write=write)


@pytest.mark.parametrize(
    ("flags", "declared"),
    [
        ({}, True),
        ({"ignore_public_acls": "false"}, False),
        ({"ignore_public_acls": "null"}, False),
        ({"ignore_public_acls": "var.unset"}, "? unresolved: var.unset"),
        ({"ignore_public_acls": "var.unset", "block_public_acls": "false"}, False),
    ],
)
def test_public_access_block_needs_all_four_settings(tmp_path: Path, flags: dict[str, str], declared: object) -> None:
    given = "\n".join(f"  {flag} = {flags.get(flag, 'true')}" for flag in FLAGS)
    found = from_terraform(
        tmp_path,
        f"""
variable "unset" {{}}
resource "aws_s3_bucket" "b" {{}}
resource "aws_s3_bucket_public_access_block" "p" {{
  bucket = aws_s3_bucket.b.id
{given}
}}
""",
    )
    expect(found, "aws_s3_bucket.b", public_access_block_declared=declared)


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("enabled = true\n expiration { days = 90 }", 90),
        ("enabled = false\n expiration { days = 90 }", None),
        ('enabled = true\n prefix = "tmp/"\n expiration { days = 90 }', None),
        ("enabled = true\n expiration { days = var.unset }", "? unresolved: var.unset"),
        (
            'enabled = true\n expiration { date = "2030-01-01" }',
            "? objects expire on a date, not after a number of days",
        ),
    ],
)
def test_retention(tmp_path: Path, rule: str, days: object) -> None:
    text = f'variable "unset" {{}}\nresource "aws_s3_bucket" "b" {{\n lifecycle_rule {{\n {rule}\n }}\n}}'
    expect(from_terraform(tmp_path, text), "aws_s3_bucket.b", retention_days=days)


def test_joined_fact_says_where_it_was_read(tmp_path: Path) -> None:
    from tests.unit.facts_source import terraform_resources

    (tmp_path / "a.tf").write_text('resource "aws_s3_bucket" "b" {}\n')
    (tmp_path / "b.tf").write_text(
        '\nresource "aws_s3_bucket_versioning" "v" {\n  bucket = aws_s3_bucket.b.id\n'
        '  versioning_configuration { status = "Enabled" }\n}\n'
    )
    (bucket,) = terraform_resources(tmp_path)
    assert bucket.location is not None and (bucket.location.path, bucket.location.start_line) == ("a.tf", 1)
    origin = bucket.facts["versioned"].origin
    assert origin is not None and (origin.path, origin.start_line, origin.end_line) == ("b.tf", 2, 5)
    assert bucket.facts["name"].origin is None
