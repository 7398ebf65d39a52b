"""The promise of the faster ways: they say, byte for byte, what checkov and its engines say as they are installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import json

from assay.scanner.api import EngineVerdict, Failure, Record
from tests.integration.iac_trees import DRIVER, KUBERNETES, PIPELINES, PLATFORM, plant

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIXTURES = ROOT / "fixtures"

MODULES = {
    "main.tf": """\
locals {
  names = ["raw", "clean"]
  tags  = merge({ team = "ml" }, var.tags)
}
variable "tags" {
  default = { stage = "test", made = "x" }
}
variable "sizes" {
  default = { small = 8, large = 64 }
}
module "stores" {
  source   = "./store"
  for_each = toset(["raw", "clean"])
  name     = "${each.key}-models"
  rules    = [{ days = 30, kind = "GLACIER" }, { days = 90, kind = "DEEP_ARCHIVE" }]
  size     = var.sizes["large"] > 32 ? "big" : "small"
  tags     = local.tags
}
module "counted" {
  source = "./store"
  count  = length(local.names)
  name   = "${local.names[count.index]}-counted"
  rules  = []
  size   = try(var.sizes["tiny"], "none")
  tags   = { "when" = timestamp() }
}
resource "aws_iam_policy" "wide" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }] })
}
resource "aws_iam_policy" "wider" {
  policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}
""",
    "odd.tf": """\
variable "assigns" {
  default = "raw = 1"
}
variable "reads" {
  default = "raw"
}
resource "aws_s3_bucket" "odd" {
  bucket = var.assigns
  tags   = { a = var.reads, b = "${var.reads}-${var.assigns}", c = "merge.note = 1", d = "x[0] = 2" }
}
resource "aws_security_group" "open" {
  name = var.reads
  dynamic "ingress" {
    for_each = [22, 443]
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
}
""",
    "store/main.tf": """\
variable "name" {}
variable "rules" { default = [] }
variable "size" { default = "small" }
variable "tags" { default = {} }
resource "aws_s3_bucket" "this" {
  bucket = var.name
  tags   = merge(var.tags, { size = var.size })
  dynamic "lifecycle_rule" {
    for_each = var.rules
    content {
      enabled = true
      id      = lifecycle_rule.value.kind
      dynamic "transition" {
        for_each = [lifecycle_rule.value]
        content {
          days          = transition.value.days
          storage_class = transition.value.kind
        }
      }
    }
  }
}
module "log" {
  source = "../log"
  count  = 1
  name   = "${var.name}-log"
}
output "arn" { value = aws_s3_bucket.this.arn }
""",
    "log/main.tf": """\
variable "name" {}
resource "aws_s3_bucket" "log" {
  bucket = var.name
  acl    = "public-read"
}
output "name" { value = var.name }
""",
}
SECRETS = {
    "values.yaml": """\
database:
  password: "Zk3vQ9xR2mWp7LtB"  # pragma: allowlist secret
  token: Zk3vQ9xR2mWp7LtBs8Hd
ключ: значение
store:
  name: AccountName
  value: "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab0123456789"
  kind: client_secret
tabs: "a	b"
aws: AKIAQWERTYUIOPASDFGH
url: https://user:hunter2hunter2@host.invalid/path
jwt: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl
""",
    "skipped.yaml": """\
Metadata:
  checkov:
    skip:
      - id: CKV_SECRET_6
        comment: made up
Resources:
  password: "Zk3vQ9xR2mWp7LtBs8Hd4Fy6"
  secret: "Qm7vK2xR9wPz4LtBs8Hd3Fy6"
""",
    "key.tf": 'locals {\n  k = "-----BEGIN RSA PRIVATE KEY-----MIIEpAIBAAKCAQEA-----END RSA PRIVATE KEY-----"\n}\n',
    "Dockerfile": 'FROM scratch\nENV API_KEY="Zk3vQ9xR2mWp7LtBs8Hd"\nENV path=/opt\n',
}


def run(driver: Path, *arguments: str) -> bytes:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, str(driver), *arguments], capture_output=True, env=environment, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def assert_same(root: Path) -> bytes:
    fast, slow = run(DRIVER, str(root)), run(HERE / "iac_plain_driver.py", str(root))
    assert b'"record":"verdict"' in slow
    assert fast.splitlines() == slow.splitlines()
    return fast


@pytest.mark.parametrize("name", ["acme-ai", "kubernetes-ai", "sound-ai"])
def test_a_fixture_gives_the_same_records(name: str) -> None:
    assert_same(FIXTURES / name)


def test_a_tree_of_every_framework_gives_the_same_records(tmp_path: Path) -> None:
    assert_same(plant(tmp_path / "tree", PIPELINES | PLATFORM | KUBERNETES))


def test_modules_that_multiply_and_texts_that_assign_give_the_same_records(tmp_path: Path) -> None:
    found = assert_same(plant(tmp_path / "tree", MODULES))
    # What was compared is there: an instance of a module in an instance of a module, and the actions of a wildcard.
    assert b'module.stores[\\"clean\\"]' in found
    assert b"CKV_AWS_290" in found


def test_secrets_and_their_skips_give_the_same_records(tmp_path: Path) -> None:
    found = assert_same(plant(tmp_path / "tree", SECRETS))
    assert b"CKV_SECRET_2" in found
    assert b'"result":"skipped"' in found


def test_past_the_bound_on_its_steps_a_module_is_named_and_the_rest_is_judged(tmp_path: Path) -> None:
    root = plant(tmp_path / "tree", {**MODULES, "Dockerfile": "FROM scratch\n"})
    bounded = records(run(HERE / "iac_bounded_driver.py", str(root), "20000"))
    told = {one.reason for one in bounded if isinstance(one, Failure)}
    assert any(reason.startswith("main.tf: module.stores: its values take too many steps") for reason in told)
    judged = {one.framework for one in bounded if isinstance(one, EngineVerdict)}
    assert {"terraform", "dockerfile"} <= judged


def test_the_bound_on_steps_depends_on_no_clock(tmp_path: Path) -> None:
    root = plant(tmp_path / "tree", MODULES)
    first, second = (run(HERE / "iac_bounded_driver.py", str(root), "30000") for _ in range(2))
    assert first == second


def test_far_from_the_bound_nothing_is_said_of_it(tmp_path: Path) -> None:
    found = records(run(DRIVER, str(plant(tmp_path / "tree", MODULES))))
    assert not any(isinstance(one, Failure) for one in found)


def records(lines: bytes) -> list[Record]:
    return [json.decode(line, type=Record) for line in lines.splitlines()]
