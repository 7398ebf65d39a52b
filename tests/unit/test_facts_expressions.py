"""Terraform expressions: what is known is evaluated, and what isn't is named."""

from pathlib import Path

import pytest

from assay.detectors.iac.facts import hcl_syntax, hcl_tree
from tests.unit.facts_source import expect, from_terraform

VOLUME = 'resource "aws_ebs_volume" "v" {{ encrypted = {} }}\n'
INPUTS = """
variable "unset" {}
variable "yes" { default = true }
variable "none" { default = null }
variable "name" { default = "prod" }
variable "settings" { default = { disk = { encrypted = true } } }
variable "many" { default = [true, false] }
variable "one" { default = [true] }
locals {
  copied = var.yes
  chosen = var.name == "prod"
  round  = local.trip
  trip   = local.round
}
data "aws_ebs_default" "d" {}
"""


@pytest.mark.parametrize(
    ("expression", "known"),
    [
        ("true", True),
        ('"true"', True),
        ("var.yes", True),
        ("local.copied", True),
        ("local.chosen", True),
        ('var.name == "dev"', False),
        ('var.name != "dev" && var.yes', True),
        ("!var.yes", False),
        ("var.none == null", True),
        ('var.name == "prod" ? true : false', True),
        ("var.settings.disk.encrypted", True),
        ('lookup(var.settings, "missing", true)', True),
        ('contains(["dev", "prod"], var.name)', True),
        ("tobool(lower(upper(tostring(var.yes))))", True),
        ("one(var.one)", True),
        ("var.one[0]", True),
        ("coalesce(var.none, var.yes)", True),
        ("3 > 2", True),
        ("var.yes && (var.none == null || var.yes)", True),
        ("var.yes && !var.none == null", False),
        ('!(var.name == "dev") && var.yes', True),
        ("(var.yes || var.unset) && !false", True),
        ("length([1, 2]) >= 2", True),
        ("false && var.unset", False),
        ("var.unset || true", True),
        ("contains([for x in var.many : !x], true)", True),
        ('lookup({for k, v in var.settings : upper(k) => v.encrypted if v.encrypted}, "DISK", false)', True),
        ("length([for x in var.many : x if x]) == 1", True),
        ("null", False),
        ("var.none", False),
        ('var.yes ? aws_ebs_volume.other.encrypted : "x"', True),
    ],
)
def test_known_expression_is_evaluated(tmp_path: Path, expression: str, known: bool) -> None:
    other = 'resource "aws_ebs_volume" "other" { encrypted = true }'
    found = from_terraform(tmp_path, INPUTS + other, VOLUME.format(expression))
    expect(found, "aws_ebs_volume.v", encrypted_at_rest=known)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("var.unset", "unresolved: var.unset"),
        ("var.undeclared", "unresolved: var.undeclared"),
        ('var.unset == "prod"', "unresolved: var.unset"),
        ('var.unset == "prod" ? true : false', "unresolved: var.unset"),
        ("var.unset && var.yes", "unresolved: var.unset"),
        ("data.aws_ebs_default.d.enabled", "unresolved: data.aws_ebs_default.d.enabled"),
        ("module.absent.encrypted", "unresolved: module.absent.encrypted"),
        ("local.round", "unresolved: local.round, which refers to itself"),
        ('file("x")', "unresolved: file(…)"),
        ("count.index", "unresolved: count.index"),
        ("terraform.workspace", "unresolved: terraform.workspace"),
        ('"${var.unset}-x"', "unresolved: var.unset"),
        ("aws_kms_key.k.arn", "unresolved: aws_kms_key.k.arn"),
        ("var.many[0]", "unresolved: var.many[0]"),
        ("alltrue(var.many)", "unresolved: alltrue(…)"),
        ("one([for x in [var.unset] : x])", "unresolved: var.unset"),
        ("length({for k, v in { a = 1 } : k => v if var.unset}) > 0", "unresolved: var.unset"),
        ("{for k, v in { a = 1 } : v => k...}", "unresolved: an expression with a for expression that groups"),
        ("jsondecode(var.unset).encrypted", "unresolved: var.unset"),
        ("var.settings.missing", "unresolved: var.settings.missing"),
        ('var.yes == "true"', "unresolved: a comparison of a boolean with a string"),
    ],
)
def test_unresolved_expression_names_its_source(tmp_path: Path, expression: str, reason: str) -> None:
    found = from_terraform(tmp_path, INPUTS, VOLUME.format(expression))
    expect(found, "aws_ebs_volume.v", encrypted_at_rest=f"? {reason}")


@pytest.mark.parametrize(
    "expression",
    [
        "false && (var.yes || true)",
        "!(var.yes && false)",
        "(1 + 2) * 3 > 8",
        "-(1 - 2) > 0",
        "var.yes || (var.yes ? false : true)",
    ],
)
def test_expression_whose_meaning_went_with_its_parentheses_is_not_guessed(tmp_path: Path, expression: str) -> None:
    found = from_terraform(tmp_path, INPUTS, VOLUME.format(expression))
    expect(
        found,
        "aws_ebs_volume.v",
        encrypted_at_rest="? unresolved: an expression with operators whose parentheses are lost",
    )


def test_tfvars_override_defaults(tmp_path: Path) -> None:
    (tmp_path / "terraform.tfvars").write_text("yes = false\n")
    (tmp_path / "other.tfvars").write_text("unset = true\n")
    found = from_terraform(
        tmp_path, INPUTS, VOLUME.format("var.yes"), u='resource "aws_ebs_volume" "u" { encrypted = var.unset }'
    )
    expect(found, "aws_ebs_volume.v", encrypted_at_rest=False)
    expect(found, "aws_ebs_volume.u", encrypted_at_rest="? unresolved: var.unset")


def test_count_and_for_each_bind_their_instances(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        INPUTS
        + """
resource "aws_ebs_volume" "c" {
  count     = 2
  encrypted = count.index == 0
}
resource "aws_ebs_volume" "e" {
  for_each  = { plain = false, sealed = true }
  encrypted = each.value
  tags      = { Name = each.key }
}
resource "aws_ebs_volume" "none" {
  count     = var.name == "dev" ? 1 : 0
  encrypted = false
}
resource "aws_ebs_volume" "maybe" {
  count     = var.unset ? 1 : 0
  encrypted = true
}
""",
    )
    expect(found, "aws_ebs_volume.c[0]", encrypted_at_rest=True)
    expect(found, "aws_ebs_volume.c[1]", encrypted_at_rest=False)
    expect(found, 'aws_ebs_volume.e["plain"]', encrypted_at_rest=False, tags={"Name": "plain"})
    expect(found, 'aws_ebs_volume.e["sealed"]', encrypted_at_rest=True)
    expect(found, "aws_ebs_volume.maybe", encrypted_at_rest=True)
    assert not any("none" in address for address in found)


def test_modules_get_their_inputs(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
variable "unset" {}
resource "aws_kms_key" "k" {}
module "sealed" {
  source  = "./disk"
  key     = aws_kms_key.k.arn
  sealed  = true
}
module "plain" { source = "./disk" }
module "open" {
  source = "./disk"
  sealed = var.unset
}
module "many" {
  source = "./disk"
  count  = 2
  sealed = count.index == 1
}
module "never" {
  source = "./disk"
  count  = 0
}
resource "aws_ebs_volume" "copy" { kms_key_id = module.sealed.used }
""",
        disk__main="""
variable "key" { default = null }
variable "sealed" { default = false }
resource "aws_ebs_volume" "v" {
  encrypted  = var.sealed
  kms_key_id = var.key
}
output "used" { value = aws_ebs_volume.v.kms_key_id }
""",
    )
    expect(found, "module.sealed.aws_ebs_volume.v", encrypted_at_rest=True, kms_key="aws_kms_key.k.arn")
    expect(found, "module.plain.aws_ebs_volume.v", encrypted_at_rest=False, kms_key=None)
    expect(found, "module.open.aws_ebs_volume.v", encrypted_at_rest="? unresolved: var.unset")
    expect(found, "module.many[0].aws_ebs_volume.v", encrypted_at_rest=False)
    expect(found, "module.many[1].aws_ebs_volume.v", encrypted_at_rest=True)
    expect(found, "aws_ebs_volume.copy", kms_key="module.sealed.aws_ebs_volume.v.kms_key_id")
    assert not any("never" in address for address in found)


def test_nested_modules_and_their_keys(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
module "outer" {
  source   = "./outer"
  for_each = { plain = false, sealed = true }
  sealed   = each.value
}
""",
        outer__main="""
variable "sealed" {}
module "inner" {
  source = "../inner"
  count  = 2
  sealed = var.sealed && count.index == 0
}
""",
        inner__main="""
variable "sealed" {}
resource "aws_ebs_volume" "v" { encrypted = var.sealed }
""",
    )
    sealed = {address: facts["encrypted_at_rest"] for address, facts in found.items()}
    assert sealed == {
        'module.outer["plain"].module.inner[0].aws_ebs_volume.v': False,
        'module.outer["plain"].module.inner[1].aws_ebs_volume.v': False,
        'module.outer["sealed"].module.inner[0].aws_ebs_volume.v': True,
        'module.outer["sealed"].module.inner[1].aws_ebs_volume.v': False,
    }


def test_expression_that_grows_without_bound_is_given_up(tmp_path: Path) -> None:
    doubling = "\n".join(f'  l{n} = "${{local.l{n - 1}}}${{local.l{n - 1}}}"' for n in range(1, 40))
    found = from_terraform(tmp_path, f'locals {{\n  l0 = "xxxxxxxx"\n{doubling}\n}}', VOLUME.format("local.l39"))
    expect(found, "aws_ebs_volume.v", encrypted_at_rest="? unresolved: the expression is too large")


@pytest.mark.parametrize("source", ["(" * 200 + "1" + ")" * 200, "[" * 200 + "]" * 200, "!" * 200 + "a", "a ? " * 200])
def test_deep_nesting_is_refused(source: str) -> None:
    with pytest.raises(hcl_tree.Unsupported):
        hcl_syntax.parse(source)
