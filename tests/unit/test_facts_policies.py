"""AWS policy documents: who is let in, what is everything, and what a condition changes."""

import json
from pathlib import Path
from typing import Any

import pytest

from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud.values import Template
from assay.scanner.model.fact import Known, Unknown
from tests.unit.facts_source import expect, from_terraform

EVERYONE: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}
VPC_ONLY = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}


def condition(operator: str, key: str, value: Any) -> dict[str, Any]:
    return {"Condition": {operator: {key: value}}}


def public(*statements: Any) -> Any:
    fact = policies.public(policies.read({"Statement": list(statements)}), policies.READS)
    return fact.value if isinstance(fact, Known) else fact.reason


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        (EVERYONE, True),
        ({**EVERYONE, "Principal": {"AWS": "*"}}, True),
        ({**EVERYONE, "Principal": {"AWS": ["arn:aws:iam::1:root", "*"]}}, True),
        ({**EVERYONE, "Principal": {"Service": "*"}}, False),
        ({**EVERYONE, "Principal": {"AWS": "arn:aws:iam::1:root"}}, False),
        ({**EVERYONE, "Effect": "Deny"}, False),
        ({**EVERYONE, "Action": "s3:Get*"}, True),
        ({**EVERYONE, "Action": "*"}, True),
        ({**EVERYONE, "Action": "s3:PutObject"}, False),
        ({**EVERYONE, **condition("StringEquals", "aws:SourceVpce", "vpce-1")}, False),
        ({**EVERYONE, **condition("IpAddress", "aws:SourceIp", "203.0.113.0/24")}, False),
        ({**EVERYONE, **condition("IpAddress", "aws:SourceIp", "0.0.0.0/0")}, True),
        ({**EVERYONE, **condition("Bool", "aws:SecureTransport", "true")}, True),
        ({**EVERYONE, **condition("StringLike", "aws:PrincipalArn", "*")}, True),
        ({**EVERYONE, **condition("StringNotEquals", "aws:SourceVpce", "vpce-1")}, True),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": "1"}, "Action": "*", "Resource": "*"}, True),
        ({"Effect": "Allow", "Principal": "*", "NotAction": "s3:PutObject", "Resource": "*"}, True),
        ({"Effect": "Allow", "Principal": "*", "NotAction": "s3:*", "Resource": "*"}, False),
        (Unknown(reason="unresolved: var.x"), "unresolved: var.x"),
        ({**EVERYONE, "Principal": Unknown(reason="unresolved: var.x")}, "unresolved: var.x"),
        ({**EVERYONE, "Principal": Unknown(reason="unresolved: var.x"), "Effect": "Deny"}, False),
    ],
)
def test_public_access(statement: Any, answer: object) -> None:
    assert public(statement) == answer


def test_denial_beside_a_public_grant_is_not_decided() -> None:
    limited = {**VPC_ONLY, **condition("StringNotEquals", "aws:SourceVpce", "vpce-1")}
    assert public(EVERYONE, limited) == "a statement allows everyone, and another denies some of them"


def test_denial_of_plain_http_does_not_make_a_public_grant_private() -> None:
    plain = {**VPC_ONLY, **condition("Bool", "aws:SecureTransport", "false")}
    assert public(EVERYONE, plain) is True


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, True),
        ({"Action": ["s3:GetObject", "s3:PutObject"]}, True),
        ({"Action": "s3:GetObject"}, False),
        ({"Principal": {"AWS": "arn:aws:iam::1:root"}}, False),
        ({"Effect": "Allow"}, False),
        ({"Resource": "arn:aws:s3:::b/public/*"}, False),
        ({"Resource": ["arn:aws:s3:::b", "arn:aws:s3:::b/*"]}, True),
        ({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}, False),
        ({"Condition": {"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:userid": "x"}}}, False),
    ],
)
def test_tls_is_required_only_of_everyone_on_everything(changes: dict[str, Any], answer: bool) -> None:
    statement = {
        "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
        **condition("Bool", "aws:SecureTransport", "false"), **changes,
    }  # fmt: skip
    policy = policies.read({"Statement": [statement]})
    assert policies.tls_required(policy, ("s3:getobject", "s3:putobject")) == Known(value=answer)


def test_json_with_an_unresolved_part_is_read_around_it() -> None:
    text = json.dumps({"Statement": [{**EVERYONE, "Action": "${var.a}", "Resource": "${var.b}/*"}]})
    template = Template(text=text, unknowns=(("${var.a}", "unresolved: var.a"), ("${var.b}", "unresolved: var.b")))
    (statement,) = policies.read(template)
    assert isinstance(statement, policies.PolicyStatement)
    assert statement.actions == Unknown(reason="unresolved: var.a")
    assert statement.resources == ["${var.b}/*"]


@pytest.mark.parametrize("value", ["no json", "{broken", {"Version": "2012"}, 7, ["a"], {"Statement": 3}])
def test_what_is_no_policy_is_unknown(value: Any) -> None:
    assert isinstance(policies.read(value), Unknown)


def test_instances_that_checkov_leaves_as_one_are_read_one_by_one(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
locals { managed = { reader = "ReadOnlyAccess", admin = "AdministratorAccess" } }
resource "aws_iam_role_policy_attachment" "some" {
  for_each   = { for name, policy in local.managed : name => policy if name != "none" }
  role       = each.key
  policy_arn = "arn:aws:iam::aws:policy/${each.value}"
}
resource "aws_iam_role_policy_attachment" "alike" {
  for_each   = { for name, policy in local.managed : name => policy }
  role       = "one"
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
resource "aws_security_group" "g" {}
resource "aws_vpc_security_group_ingress_rule" "r" {
  for_each          = { for port in [80, 22] : tostring(port) => port }
  security_group_id = aws_security_group.g.id
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
  cidr_ipv4         = "0.0.0.0/0"
}
""",
    )
    expect(found, 'aws_iam_role_policy_attachment.some["reader"]', administrator=False, principals=["reader"])
    expect(found, 'aws_iam_role_policy_attachment.some["admin"]', administrator=True, principals=["admin"])
    expect(found, "aws_iam_role_policy_attachment.alike", administrator=True, principals=["one"])
    assert sorted(opening["from_port"] for opening in found["aws_security_group.g"]["openings"]) == [22, 80]


def test_principals_and_grants(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
variable "unset" {}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com", "ec2.amazonaws.com"]
    }
  }
}
data "aws_iam_policy_document" "by_service" {
  for_each = toset(["eks", "rds"])
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["${each.value}.amazonaws.com"]
    }
  }
}
data "aws_iam_policy_document" "generated" {
  dynamic "statement" {
    for_each = ["s3:GetObject", "s3:ListBucket"]
    content {
      actions   = [statement.value]
      resources = [aws_iam_role.good.arn]
    }
  }
  statement {
    effect      = "Deny"
    not_actions = ["s3:*"]
    resources   = ["*"]
  }
}
resource "aws_iam_role" "good" {
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  permissions_boundary = "arn:aws:iam::1:policy/boundary"
}
resource "aws_iam_role" "chosen" { assume_role_policy = data.aws_iam_policy_document.by_service["eks"].json }
resource "aws_iam_role" "open" {
  assume_role_policy = <<EOF
{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}}
EOF
  inline_policy {
    policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
  }
}
resource "aws_iam_role" "tied" {
  assume_role_policy = jsonencode({ Statement = [{
    Effect = "Allow", Principal = { AWS = "*" }, Action = "sts:AssumeRole",
    Condition = { StringEquals = { "sts:ExternalId" = "x" } }
  }] })
  managed_policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
}
resource "aws_iam_role" "unknown" { assume_role_policy = var.unset }
resource "aws_iam_policy" "generated" { policy = data.aws_iam_policy_document.generated.json }
resource "aws_iam_policy" "partly" {
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = [var.unset, "s3:Get*"], Resource = "*" }] })
}
resource "aws_iam_policy" "inverted" {
  policy = jsonencode({ Statement = [{ Effect = "Allow", NotAction = "iam:*", Resource = "*" }] })
}
resource "aws_iam_user" "ci" { name = "ci" }
resource "aws_iam_access_key" "ci" { user = aws_iam_user.ci.name }
resource "aws_iam_user_policy_attachment" "admin" {
  user       = aws_iam_user.ci.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
resource "aws_iam_role_policy_attachment" "own" {
  role       = aws_iam_role.good.name
  policy_arn = aws_iam_policy.generated.arn
}
""",
    )
    trusted = ["ec2.amazonaws.com", "sagemaker.amazonaws.com"]
    expect(found, "aws_iam_role.good", assumable_by=trusted, assumable_by_anyone=False, type="role")
    expect(found, "aws_iam_role.good", permission_boundary="arn:aws:iam::1:policy/boundary")
    expect(found, "aws_iam_role.chosen", assumable_by=["eks.amazonaws.com"])
    expect(found, "aws_iam_role.open", assumable_by=["*"], assumable_by_anyone=True)
    expect(found, "aws_iam_role.open identity.grant", administrator=True, principals=["aws_iam_role.open"])
    expect(found, "aws_iam_role.tied", assumable_by=["*"], assumable_by_anyone=False)
    absent = "? the statements of arn:aws:iam::aws:policy/ReadOnlyAccess are not in the source"
    expect(found, "aws_iam_role.tied identity.grant", administrator=False, statements=[absent])
    unknown = "? unresolved: var.unset"
    expect(found, "aws_iam_role.unknown", assumable_by=unknown, assumable_by_anyone=unknown)
    on_role = {"resources": ["aws_iam_role.good.arn"], "conditional": False}
    statements = [{"actions": ["s3:GetObject"], **on_role}, {"actions": ["s3:ListBucket"], **on_role}]
    expect(found, "aws_iam_policy.generated", administrator=False, statements=statements)
    partly = {"actions": [unknown, "s3:Get*"], "resources": ["*"], "conditional": False}
    expect(found, "aws_iam_policy.partly", administrator=unknown, statements=[partly])
    inverted = {"actions": ["? every action but iam:*"], "resources": ["*"], "conditional": False}
    expect(found, "aws_iam_policy.inverted", administrator=False, statements=[inverted])
    expect(found, "aws_iam_user.ci", long_lived_keys=True, type="user")
    expect(found, "aws_iam_user_policy_attachment.admin", administrator=True, principals=["ci"])
    assert "aws_iam_role_policy_attachment.own" not in found
