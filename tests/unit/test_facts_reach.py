"""How far grants reach: whole services, any role, the holder's own rights, all data."""

import json
from pathlib import Path
from typing import Any

import pytest

from assay.detectors.cloud import policy_document as policies
from assay.detectors.cloud import policy_reach
from assay.scanner.model.fact import Known, Unknown
from tests.unit.facts_source import Shown, expect, from_terraform

UNSET = Unknown(reason="unresolved: var.unset")
SHOWN = "? unresolved: var.unset"


def allow(**changes: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Resource": "*", **changes}


def deny(*actions: str, **changes: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": list(actions), "Resource": "*", **changes}


def whole(*statements: Any) -> Any:
    return policy_reach.whole_services(policies.read({"Statement": list(statements)}))


@pytest.mark.parametrize(
    ("statements", "services"),
    [
        ([allow(Action="s3:*")], ["s3"]),
        ([allow(Action="S3:*")], ["s3"]),
        ([allow(Action=["s3:*", "sqs:*", "s3:*"])], ["s3", "sqs"]),
        ([allow(Action="*")], ["*"]),
        ([allow(Action="*:*")], ["*"]),
        ([allow(Action="s3:Get*")], []),
        ([allow(Action="s3:*", Resource="arn:aws:s3:::*")], ["s3"]),
        ([allow(Action="s3:*", Resource=["arn:aws:s3:::*", "arn:aws:s3:::*/*"])], ["s3"]),
        ([allow(Action="s3:*", Resource="arn:aws:s3:::*-logs")], []),
        ([allow(Action="s3:*", Resource="arn:aws:s3:::data/*")], []),
        ([allow(Action="s3:*", Resource="arn:aws:s3:::${aws:username}/*")], []),
        ([allow(Action="s3:*", Resource="arn:aws:s3:::${var.bucket}")], []),
        ([allow(Action="s3:*", Resource="arn:${AWS::Partition}:s3:::*")], ["s3"]),
        ([allow(Action="s3:*", Resource="arn:aws:sqs:*:*:*")], []),
        ([allow(Action="sqs:*", Resource="arn:aws:sqs:*:111122223333:*")], ["sqs"]),
        ([allow(Action="dynamodb:*", Resource="arn:aws:dynamodb:*:*:table/*")], ["dynamodb"]),
        ([allow(Action="sagemaker:*", Resource="arn:aws:sagemaker:*:*:endpoint/*")], []),
        ([allow(Action="*", Resource="arn:aws:s3:::*")], ["s3"]),
        ([allow(Action="*", Resource="arn:aws:s3:::data/*")], []),
        ([allow(NotAction=["iam:*", "organizations:*"])], ["*"]),
        ([allow(NotAction="s3:DeleteBucket", Resource="arn:aws:s3:::*")], ["s3"]),
        ([allow(NotAction="s3:*", Resource="arn:aws:s3:::*")], []),
        ([allow(NotAction="iam:*", Resource="arn:aws:s3:::data/*")], []),
        ([allow(NotAction="*")], []),
        (
            [{"Effect": "Allow", "Action": "sagemaker:*", "NotResource": "arn:aws:sagemaker:*:*:domain/*"}],
            ["sagemaker"],
        ),
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": "*"}], []),
        ([allow(Action="s3:*", Condition={"StringEquals": {"aws:ResourceTag/team": "ml"}})], []),
        ([allow(Action="s3:*"), deny("s3:*")], []),
        ([allow(Action="s3:*"), deny("s3:DeleteBucket")], ["s3"]),
        ([allow(Action="s3:*"), deny("s3:*", Resource="arn:aws:s3:::secret/*")], ["s3"]),
        ([allow(Action="*"), deny("iam:*")], ["*"]),
        ([allow(Action="s3:*"), {"Effect": "Deny", "NotAction": "ec2:*", "Resource": "*"}], []),
        ([deny("*")], []),
        ([allow(Action=["s3:*", UNSET])], ["s3", UNSET]),
        ([allow(Action=UNSET, Resource="arn:aws:s3:::data/*")], []),
        ([allow(Action="s3:*", Resource=UNSET)], [UNSET]),
        ([allow(Action="s3:Get*", Resource=UNSET)], []),
        ([allow(Action="s3:*", Resource=Unknown(reason="unresolved: module.data.bucket_arn"))], []),
        ([allow(Action="s3:*", Resource=Unknown(reason="unresolved: data.aws_s3_bucket.b.arn"))], []),
        ([allow(NotAction=UNSET)], [UNSET]),
        ([allow(Action="s3:*", Condition=UNSET)], [UNSET]),
        ([allow(Action="s3:*"), deny("s3:*", Condition=UNSET)], [UNSET]),
        ([UNSET, allow(Action="s3:*")], [UNSET, "s3"]),
    ],
)
def test_services_that_a_policy_grants_as_a_whole(statements: list[Any], services: list[Any]) -> None:
    assert whole(*statements) == services


@pytest.mark.parametrize(
    ("statements", "passes", "raises", "reads"),
    [
        ([allow(Action="*")], True, True, True),
        ([allow(Action="iam:*")], True, True, False),
        ([allow(Action="iam:Pass*")], True, False, False),
        ([allow(Action="iam:PassRole", Resource="arn:aws:iam::*:role/*")], True, False, False),
        ([allow(Action="iam:PassRole", Resource="arn:aws:iam::111122223333:role/training")], False, False, False),
        ([allow(Action="iam:PassRole", Resource="arn:aws:iam::*:role/*SageMaker*")], False, False, False),
        ([allow(Action="iam:PassRole", Condition={"StringEquals": {"iam:PassedToService": "x"}})], False, False, False),
        ([{"Effect": "Allow", "Action": "iam:PassRole", "NotResource": "arn:aws:iam::*:role/a"}], True, False, False),
        ([allow(NotAction=["iam:*", "organizations:*"])], False, False, True),
        ([allow(NotAction="aws-portal:*")], True, True, True),
        ([allow(Action="iam:CreatePolicyVersion", Resource="arn:aws:iam::*:policy/*")], False, True, False),
        ([allow(Action="iam:PutUser*", Resource="arn:aws:iam::*:user/*")], False, True, False),
        ([allow(Action="iam:CreateAccessKey", Resource="arn:aws:iam::*:user/${aws:username}")], False, False, False),
        ([allow(Action="*"), deny("iam:*")], False, False, True),
        ([allow(Action="*"), deny("iam:PassRole")], False, True, True),
        ([allow(Action="iam:Get*")], False, False, False),
        ([allow(Action="s3:GetObject", Resource="arn:aws:s3:::*/*")], False, False, True),
        ([allow(Action="s3:GetObject", Resource="arn:aws:s3:::data/*")], False, False, False),
        ([allow(Action="s3:List*")], False, False, False),
        ([allow(Action="secretsmanager:Get*", Resource="arn:aws:secretsmanager:*:*:secret:*")], False, False, True),
        ([allow(Action=UNSET)], UNSET.reason, UNSET.reason, UNSET.reason),
        ([allow(Action="iam:PassRole", Resource=UNSET)], UNSET.reason, False, False),
    ],
)
def test_roles_rights_and_data(statements: list[Any], passes: object, raises: object, reads: object) -> None:
    policy = policies.read({"Statement": statements})
    facts = [
        read(policy) for read in (policy_reach.passes_any_role, policy_reach.raises_itself, policy_reach.reads_all_data)
    ]
    assert [fact.value if isinstance(fact, Known) else fact.reason for fact in facts] == [passes, raises, reads]


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ({"Action": "*", "Resource": "*"}, True),
        ({"NotAction": ["iam:*", "organizations:*"], "Resource": "*"}, False),
        ({"NotAction": ["aws-portal:*", "budgets:*"], "Resource": "*"}, True),
        ({"NotAction": "*", "Resource": "*"}, False),
        ({"NotAction": "budgets:*", "Resource": "arn:aws:s3:::data/*"}, False),
        ({"Action": "*", "NotResource": "arn:aws:s3:::payroll/*"}, True),
        ({"Action": "*", "NotResource": "arn:aws:iam::*:*"}, False),
        ({"Action": "s3:*", "NotResource": "arn:aws:s3:::payroll/*"}, False),
    ],
)
def test_everything_but_a_few_is_an_administrators_policy_while_iam_is_in_it(
    tmp_path: Path, statement: dict[str, Any], answer: bool
) -> None:
    document = json.dumps({"Statement": [{"Effect": "Allow", **statement}]})
    found = from_terraform(tmp_path, f'resource "aws_iam_policy" "p" {{\n  policy = jsonencode({document})\n}}\n')
    assert found["aws_iam_policy.p"]["administrator"] is answer


def attached(tmp_path: Path, arn: str) -> Shown:
    text = (
        'variable "unset" {{}}\nresource "aws_iam_user_policy_attachment" "a" {{\n user = "u"\n policy_arn = {}\n}}\n'
    )
    return from_terraform(tmp_path, text.format(json.dumps(arn)))["aws_iam_user_policy_attachment.a"]


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("AdministratorAccess", (["*"], True, True, True, True)),
        ("PowerUserAccess", (["*"], False, False, True, False)),
        ("IAMFullAccess", (["iam"], True, True, False, False)),
        ("AmazonS3FullAccess", (["s3", "s3-object-lambda"], False, False, True, False)),
        ("ReadOnlyAccess", ([], False, False, True, False)),
        ("SecurityAudit", ([], False, False, False, False)),
        ("AmazonEKSClusterPolicy", ([], False, False, False, False)),
        ("service-role/AWSLambdaBasicExecutionRole", ([], False, False, False, False)),
        ("job-function/ViewOnlyAccess", ([], False, False, False, False)),
    ],
)
def test_well_known_managed_policies(tmp_path: Path, name: str, facts: tuple[Any, ...]) -> None:
    found = attached(tmp_path, f"arn:aws:iam::aws:policy/{name}")
    names = ("whole_services", "passes_any_role", "self_escalating", "reads_all_data", "administrator")
    assert tuple(found[fact] for fact in names) == facts


def test_managed_policies_that_a_data_source_names(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
data "aws_iam_policy" "named" { name = "IAMFullAccess" }
data "aws_iam_policy" "given" { arn = "arn:aws:iam::aws:policy/SecurityAudit" }
data "aws_iam_policy" "own" { name = "something-of-ours" }
resource "aws_iam_role_policy_attachment" "named" { policy_arn = data.aws_iam_policy.named.arn }
resource "aws_iam_role_policy_attachment" "given" { policy_arn = data.aws_iam_policy.given.arn }
resource "aws_iam_role_policy_attachment" "own" { policy_arn = data.aws_iam_policy.own.arn }
""",
    )
    at = "aws_iam_role_policy_attachment"
    expect(found, f"{at}.named", whole_services=["iam"], self_escalating=True)
    expect(found, f"{at}.given", whole_services=[], self_escalating=False)
    expect(found, f"{at}.own", self_escalating="? unresolved: data.aws_iam_policy.own.arn")


def test_a_managed_policy_that_is_not_listed_is_unknown(tmp_path: Path) -> None:
    found = attached(tmp_path, "arn:aws:iam::aws:policy/SomethingRareAccess")
    unknown = "? what arn:aws:iam::aws:policy/SomethingRareAccess allows isn't known here"
    assert found["whole_services"] == [unknown]
    assert found["self_escalating"] == found["passes_any_role"] == found["reads_all_data"] == unknown


def test_a_managed_policy_whose_name_is_unresolved_may_be_the_administrators(tmp_path: Path) -> None:
    found = attached(tmp_path, "arn:aws:iam::aws:policy/${var.unset}")
    assert found["administrator"] == "? unresolved: arn:aws:iam::aws:policy/${var.unset}"


def test_basic_roles_of_google_cloud(tmp_path: Path) -> None:
    roles = {
        "owner": "roles/owner", "editor": "roles/editor", "viewer": "roles/viewer",
        "tokens": "roles/iam.serviceAccountTokenCreator",
        "attach": "roles/iam.serviceAccountUser", "custom": "projects/p/roles/mine",
    }  # fmt: skip
    blocks = [
        f'resource "google_project_iam_member" "{name}" {{\n  role = "{role}"\n  member = "user:a@example.org"\n}}'
        for name, role in roles.items()
    ]
    limited = """
resource "google_project_iam_member" "limited" {
  role   = "roles/editor"
  member = "user:a@example.org"
  condition {
    title      = "until"
    expression = "request.time < timestamp('2027-01-01T00:00:00Z')"
  }
}
"""
    found = from_terraform(tmp_path, "\n".join(blocks), limited)
    expect(found, "google_project_iam_member.owner", whole_services=["*"], self_escalating=True, administrator=True)
    acts = "? it can act as the service accounts there are, and their roles decide"
    expect(found, "google_project_iam_member.editor", whole_services=["*"], self_escalating=acts, passes_any_role=True)
    expect(found, "google_project_iam_member.viewer", whole_services=[], self_escalating=False, passes_any_role=False)
    expect(found, "google_project_iam_member.tokens", whole_services=[], self_escalating=True)
    expect(found, "google_project_iam_member.attach", passes_any_role=True, self_escalating=False)
    unknown = "? what the role projects/p/roles/mine allows isn't known"
    expect(found, "google_project_iam_member.custom", whole_services=[unknown], self_escalating=unknown)
    expect(found, "google_project_iam_member.limited", whole_services=[], self_escalating=False)


def test_built_in_and_declared_roles_of_azure(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
variable "unset" {}
data "azurerm_subscription" "this" {}
resource "azurerm_resource_group" "ml" {}
resource "azurerm_storage_account" "data" {}
resource "azurerm_role_assignment" "owner" {
  scope                = data.azurerm_subscription.this.id
  role_definition_name = "Owner"
}
resource "azurerm_role_assignment" "delegated" {
  scope                = data.azurerm_subscription.this.id
  role_definition_name = "Role Based Access Control Administrator"
  condition            = "@Request[...:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {x}"
}
resource "azurerm_role_assignment" "contributor" {
  scope              = azurerm_resource_group.ml.id
  role_definition_id = "/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
}
resource "azurerm_role_assignment" "one" {
  scope                = azurerm_storage_account.data.id
  role_definition_name = "Contributor"
}
resource "azurerm_role_assignment" "somewhere" {
  scope                = var.unset
  role_definition_name = "Contributor"
}
resource "azurerm_role_assignment" "reader" {
  scope                = var.unset
  role_definition_name = "Reader"
}
data "azurerm_role_definition" "contributor" { name = "Contributor" }
resource "azurerm_role_assignment" "by_data" {
  scope              = azurerm_resource_group.ml.id
  role_definition_id = data.azurerm_role_definition.contributor.id
}
resource "azurerm_role_assignment" "by_text" {
  scope              = azurerm_resource_group.ml.id
  role_definition_id = "${data.azurerm_subscription.this.id}${data.azurerm_role_definition.contributor.id}"
}
resource "azurerm_role_definition" "assigner" {
  name  = "assigner"
  scope = data.azurerm_subscription.this.id
  permissions {
    actions     = ["Microsoft.Authorization/*", "Microsoft.Storage/*", "*/read"]
    not_actions = ["Microsoft.Authorization/locks/*"]
  }
}
resource "azurerm_role_assignment" "declared" {
  scope              = data.azurerm_subscription.this.id
  role_definition_id = azurerm_role_definition.assigner.role_definition_resource_id
}
""",
    )
    at = "azurerm_role_assignment"
    expect(found, f"{at}.owner", administrator=True, whole_services=["*"], self_escalating=True)
    expect(found, f"{at}.delegated", administrator=True, whole_services=[], self_escalating=False)
    expect(found, f"{at}.contributor", administrator=False, whole_services=["*"], self_escalating=False)
    for name in ("by_data", "by_text"):
        expect(found, f"{at}.{name}", administrator=False, whole_services=["*"], self_escalating=False)
    expect(found, f"{at}.one", whole_services=[], self_escalating=False)
    expect(found, f"{at}.somewhere", whole_services=[SHOWN], self_escalating=False)
    expect(found, f"{at}.reader", whole_services=[], self_escalating=False)
    services = ["Microsoft.Authorization", "Microsoft.Storage"]
    for address in ("azurerm_role_definition.assigner", f"{at}.declared"):
        expect(found, address, administrator=False, whole_services=services, self_escalating=True)
