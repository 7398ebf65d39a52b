"""Workloads of manifests and what they may do in clouds that Terraform or CloudFormation declares in the same run."""

from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from assay.detectors.cluster.access import rbac
from assay.detectors.cluster.pods import workloads
from assay.detectors.rbac.derive import derive
from assay.detectors.redact import mask_line
from assay.scanner.kinds import registry
from assay.scanner.model.fact import Known
from assay.scanner.model.resource import Resource
from tests.unit.cluster_manifests import objects_of
from tests.unit.facts_source import cloudformation_resources, terraform_resources

ARN = "arn:aws:iam::111122223333:role/loader"
GOOGLE = "loader@acme.iam.gserviceaccount.com"
CLIENT = "11111111-2222-3333-4444-555555555555"
POOL = "principal://iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme.svc.id.goog"

ASKING = {
    "aws": f"eks.amazonaws.com/role-arn: {ARN}",
    "gcp": f"iam.gke.io/gcp-service-account: {GOOGLE}",
    "azure": f"azure.workload.identity/client-id: {CLIENT}",
    "nothing": "example.com/owner: ml",
}
ADMINISTRATOR = """
resource "aws_iam_role_policy_attachment" "admin" {
  role       = aws_iam_role.loader.name
  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
}
"""


def manifests(asks: str, name: str = "loader", token: bool = True) -> list[Resource]:
    """A workload of the account `ml/loader`, and what annotates the account."""
    objects = objects_of(f"""
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}, namespace: ml, annotations: {{{ASKING[asks]}}}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: train, namespace: ml}}
spec:
  serviceAccountName: {name}
  automountServiceAccountToken: {str(token).lower()}
  containers: [{{name: main, image: "registry.example.com/train:1"}}]
""")
    return [*workloads.state(objects), *rbac.state(objects)]


def derived(cloud: list[Resource], asks: str, **given: Any) -> dict[str, Resource]:
    """By address; every resource fits its kind."""
    found = list(derive([*manifests(asks, **given), *cloud]))
    for one in found:
        registry.check(one)
    return {one.address: one for one in found}


def to_administrator(cloud: list[Resource], asks: str, **given: Any) -> Any:
    """The hops of the workload's path to an administrator; a reason where it isn't sure; None where there is none."""
    fact = derived(cloud, asks, **given)["Pod.ml.train"].facts["paths"]
    assert isinstance(fact, Known)
    for path in fact.value:
        if path["target"] == "cloud-administrator":
            return path["hops"] if path["sure"] is True else path["sure"].reason
    return None


def role(name: str, trust: str, label: str = "loader") -> str:
    """A role that one service account may act as by its token."""
    return f"""
resource "aws_iam_role" "{label}" {{
  name               = "{name}"
  assume_role_policy = jsonencode({{ Statement = [{trust}] }})
}}
"""


def web_identity(subject: str, account: str = "111122223333", operator: str = "StringEquals") -> str:
    issuer = "oidc.eks.eu-central-1.amazonaws.com/id/ABCDEF"
    return f"""{{
    Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity",
    Principal = {{ Federated = "arn:aws:iam::{account}:oidc-provider/{issuer}" }},
    Condition = {{ {operator} = {{ "{issuer}:sub" = "{subject}", "{issuer}:aud" = "sts.amazonaws.com" }} }}
  }}"""


PODS = """{
    Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Principal = { Service = "pods.eks.amazonaws.com" }
  }"""
MINE = web_identity("system:serviceaccount:ml:loader")
BY_ROOT = '{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "arn:aws:iam::111122223333:root" } }'


def terraform(root: Path, *texts: str) -> list[Resource]:
    (root / "main.tf").write_text(dedent("\n".join(texts)))
    return terraform_resources(root)


def test_a_role_that_trusts_the_account_leads_to_its_policy_with_the_policys_place(tmp_path: Path) -> None:
    hops = to_administrator(terraform(tmp_path, role("loader", MINE), ADMINISTRATOR), "aws")
    assert [hop["technique"] for hop in hops] == ["service-account-token", "cloud-identity", "cloud-rights"]
    assert hops[1]["reached"] == ARN
    assert hops[2]["objects"] == ["aws_iam_role_policy_attachment.admin (main.tf:12)"]
    assert hops[2]["rule"] == "may do everything"


@pytest.mark.parametrize("subject", ["system:serviceaccount:ml:*", "system:serviceaccount:m?:loader", "*"])
def test_a_pattern_of_the_trust_policy_may_take_the_account(tmp_path: Path, subject: str) -> None:
    trust = web_identity(subject, operator="StringLike")
    assert isinstance(to_administrator(terraform(tmp_path, role("loader", trust), ADMINISTRATOR), "aws"), list)


@pytest.mark.parametrize(
    "trust",
    [
        web_identity("system:serviceaccount:ml:other"),
        web_identity("system:serviceaccount:prod:loader"),
        web_identity("system:serviceaccount:prod:*", operator="StringLike"),
        web_identity("system:serviceaccount:*:loader"),  # no pattern, as it must be equal
    ],
)
def test_a_role_that_trusts_somebody_else_is_no_way(tmp_path: Path, trust: str) -> None:
    cloud = terraform(tmp_path, role("loader", trust), ADMINISTRATOR)
    assert to_administrator(cloud, "aws") is None
    assert derived(cloud, "aws")["ServiceAccount.ml.loader"].facts["cloud_identities"] == Known(value=[])


def test_a_trust_policy_that_isnt_read_leaves_it_open(tmp_path: Path) -> None:
    trust = web_identity("system:serviceaccount:${var.namespace}:loader")
    cloud = terraform(tmp_path, 'variable "namespace" {}', role("loader", trust), ADMINISTRATOR)
    assert "var.namespace" in to_administrator(cloud, "aws")


def test_a_role_of_that_name_in_another_account_is_another_one(tmp_path: Path) -> None:
    trust = web_identity("system:serviceaccount:ml:loader", account="999900001111")
    found = to_administrator(terraform(tmp_path, role("loader", trust), ADMINISTRATOR), "aws")
    assert found == "what this identity may do in the cloud was not scanned"


def test_a_role_of_that_name_whose_account_isnt_declared_is_known_by_whom_it_trusts(tmp_path: Path) -> None:
    issuer = 'resource "aws_iam_openid_connect_provider" "eks" { url = var.issuer }\nvariable "issuer" {}'
    trust = """{
      Effect = "Allow", Action = "sts:AssumeRoleWithWebIdentity",
      Principal = { Federated = aws_iam_openid_connect_provider.eks.arn },
      Condition = { StringEquals = {
        "${replace(aws_iam_openid_connect_provider.eks.url, "https://", "")}:sub" = "system:serviceaccount:ml:%s"
      } }
    }"""
    ours = terraform(tmp_path, issuer, role("loader", trust % "loader"), ADMINISTRATOR)
    assert isinstance(to_administrator(ours, "aws"), list)
    other = terraform(tmp_path, issuer, role("loader", trust % "other"), ADMINISTRATOR)
    assert to_administrator(other, "aws") == "what this identity may do in the cloud was not scanned"


def test_a_declared_policy_counts_wherever_it_is_attached(tmp_path: Path) -> None:
    policy = """
resource "aws_iam_policy" "all" {
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
}
resource "aws_iam_role_policy_attachment" "all" {
  role       = aws_iam_role.loader.id
  policy_arn = aws_iam_policy.all.arn
}
"""
    hops = to_administrator(terraform(tmp_path, role("loader", MINE), policy), "aws")
    assert hops[-1]["objects"][0].startswith("aws_iam_policy.all (main.tf:")


def test_a_role_with_few_rights_is_no_administrator(tmp_path: Path) -> None:
    reader = """
resource "aws_iam_role_policy" "reader" {
  role   = aws_iam_role.loader.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::data/*" }] })
}
"""
    assert to_administrator(terraform(tmp_path, role("loader", MINE), reader), "aws") is None


def test_a_permission_boundary_leaves_it_open(tmp_path: Path) -> None:
    bounded = role("loader", MINE).replace(
        "name  ", 'permissions_boundary = "arn:aws:iam::111122223333:policy/limits"\n  name  ', 1
    )
    assert "boundary" in to_administrator(terraform(tmp_path, bounded, ADMINISTRATOR), "aws")


ASSOCIATION = """
resource "aws_eks_pod_identity_association" "loader" {
  cluster_name    = "main"
  namespace       = "%s"
  service_account = "%s"
  role_arn        = aws_iam_role.loader.arn
}
"""


@pytest.mark.parametrize("token", [True, False])
def test_an_association_gives_the_role_without_an_annotation_and_without_a_mounted_token(
    tmp_path: Path, token: bool
) -> None:
    cloud = terraform(tmp_path, role("loader", PODS), ASSOCIATION % ("ml", "loader"), ADMINISTRATOR)
    hops = to_administrator(cloud, "nothing", token=token)
    assert [hop["technique"] for hop in hops][-2:] == ["pod-identity", "cloud-rights"]
    assert len(hops) == (3 if token else 2)
    assert "aws_eks_pod_identity_association.loader (main.tf:10)" in hops[-2]["objects"]


@pytest.mark.parametrize(("namespace", "name"), [("ml", "other"), ("prod", "loader")])
def test_an_association_of_another_account_gives_nothing(tmp_path: Path, namespace: str, name: str) -> None:
    cloud = terraform(tmp_path, role("loader", PODS), ASSOCIATION % (namespace, name), ADMINISTRATOR)
    assert to_administrator(cloud, "nothing") is None


def test_an_association_with_a_role_that_doesnt_trust_the_service_gives_nothing(tmp_path: Path) -> None:
    cloud = terraform(tmp_path, role("loader", MINE), ASSOCIATION % ("ml", "loader"), ADMINISTRATOR)
    assert to_administrator(cloud, "nothing") is None


def test_an_association_of_an_account_that_isnt_known_may_be_this_ones(tmp_path: Path) -> None:
    unset = 'variable "unset" {}'
    cloud = terraform(tmp_path, unset, role("loader", PODS), ASSOCIATION % ("ml", "${var.unset}"), ADMINISTRATOR)
    assert "var.unset" in to_administrator(cloud, "nothing")


def test_an_association_with_a_role_that_wasnt_scanned_leaves_its_rights_open(tmp_path: Path) -> None:
    cloud = terraform(tmp_path, (ASSOCIATION % ("ml", "loader")).replace("aws_iam_role.loader.arn", f'"{ARN}"'))
    assert to_administrator(cloud, "nothing") == "what this identity may do in the cloud was not scanned"


def test_an_association_of_cloudformation_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "template.yaml").write_text("""
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement:
          - {Effect: Allow, Action: ["sts:AssumeRole", "sts:TagSession"], Principal: {Service: pods.eks.amazonaws.com}}
      ManagedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"]
  Association:
    Type: AWS::EKS::PodIdentityAssociation
    Properties: {ClusterName: main, Namespace: ml, ServiceAccount: loader, RoleArn: !GetAtt Role.Arn}
""")
    hops = to_administrator(cloudformation_resources(tmp_path), "nothing")
    assert "AWS::EKS::PodIdentityAssociation.Association (template.yaml:10)" in hops[1]["objects"]
    assert hops[2]["objects"] == ["AWS::IAM::Role.Role (template.yaml:3)"]


def google(project: str = "acme", member: str = "serviceAccount:acme.svc.id.goog[ml/loader]") -> str:
    return f"""
resource "google_service_account" "t" {{
  project    = "{project}"
  account_id = "loader"
}}
resource "google_service_account_iam_member" "t" {{
  service_account_id = google_service_account.t.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "{member}"
}}
"""


def owner(member: str, role: str = "roles/owner") -> str:
    return f"""
resource "google_project_iam_member" "owner" {{
  project = "acme"
  role    = "{role}"
  member  = "{member}"
}}
"""


@pytest.mark.parametrize("member", ["serviceAccount:${google_service_account.t.email}", f"serviceAccount:{GOOGLE}"])
def test_a_google_service_account_is_joined_by_reference_and_by_address(tmp_path: Path, member: str) -> None:
    hops = to_administrator(terraform(tmp_path, google(), owner(member)), "gcp")
    assert [hop["technique"] for hop in hops] == ["service-account-token", "cloud-identity", "cloud-rights"]
    assert hops[1]["reached"] == GOOGLE
    assert hops[2]["objects"][0].startswith("google_project_iam_member.owner (main.tf:")


def test_a_google_service_account_with_few_rights_is_no_administrator(tmp_path: Path) -> None:
    member = "serviceAccount:${google_service_account.t.email}"
    assert to_administrator(terraform(tmp_path, google(), owner(member, "roles/storage.objectViewer")), "gcp") is None


def test_a_google_service_account_of_another_project_is_another_one(tmp_path: Path) -> None:
    cloud = terraform(
        tmp_path, google("other", "user:ada@example.com"), owner("serviceAccount:${google_service_account.t.email}")
    )
    assert to_administrator(cloud, "gcp") == "what this identity may do in the cloud was not scanned"


def test_a_google_service_account_that_nothing_lets_the_account_be_is_left_open(tmp_path: Path) -> None:
    theirs = google(member="serviceAccount:acme.svc.id.goog[ml/other]")
    found = to_administrator(
        terraform(tmp_path, theirs, owner("serviceAccount:${google_service_account.t.email}")), "gcp"
    )
    assert "lets ml/loader act as" in found


@pytest.mark.parametrize(
    "member",
    [
        "serviceAccount:acme.svc.id.goog[ml/loader]",
        f"{POOL}/subject/ns/ml/sa/loader",
        f"{POOL.replace('principal:', 'principalSet:')}/namespace/ml",
        f"{POOL.replace('principal:', 'principalSet:')}/kubernetes.cluster/https://container.googleapis.com/v1/projects/a/b/c",
    ],
)
def test_a_role_for_the_account_itself_needs_no_annotation(tmp_path: Path, member: str) -> None:
    hops = to_administrator(terraform(tmp_path, owner(member)), "nothing")
    assert hops[-1]["objects"] == ["google_project_iam_member.owner (main.tf:2)"]


@pytest.mark.parametrize(
    "member",
    [
        "serviceAccount:acme.svc.id.goog[ml/other]",
        f"{POOL}/subject/ns/prod/sa/loader",
        f"{POOL.replace('principal:', 'principalSet:')}/namespace/prod",
        "user:ada@example.com",
    ],
)
def test_a_role_for_another_account_gives_nothing(tmp_path: Path, member: str) -> None:
    assert to_administrator(terraform(tmp_path, owner(member)), "nothing") is None


def azure(subject: str = "system:serviceaccount:ml:loader", role: str = "Owner") -> str:
    return f"""
resource "azurerm_user_assigned_identity" "t" {{ name = "loader" }}
resource "azurerm_federated_identity_credential" "t" {{
  user_assigned_identity_id = azurerm_user_assigned_identity.t.id
  issuer                    = "https://eu.oic.prod-aks.azure.com/a/b/"
  subject                   = "{subject}"
}}
resource "azurerm_role_assignment" "t" {{
  principal_id         = azurerm_user_assigned_identity.t.principal_id
  role_definition_name = "{role}"
  scope                = "/subscriptions/1"
}}
"""


def test_an_azure_identity_is_joined_by_its_credential(tmp_path: Path) -> None:
    hops = to_administrator(terraform(tmp_path, azure()), "azure")
    assert hops[1]["reached"] == CLIENT
    assert hops[2]["objects"] == ["azurerm_role_assignment.t (main.tf:8)"]
    parent = azure().replace("user_assigned_identity_id", "parent_id")
    assert isinstance(to_administrator(terraform(tmp_path, parent), "azure"), list)


def test_an_azure_identity_with_few_rights_is_no_administrator(tmp_path: Path) -> None:
    assert to_administrator(terraform(tmp_path, azure(role="Reader")), "azure") is None


def test_an_azure_identity_of_another_account_is_left_open(tmp_path: Path) -> None:
    found = to_administrator(terraform(tmp_path, azure("system:serviceaccount:ml:other")), "azure")
    assert found == "what this identity may do in the cloud was not scanned"


def chained(trust: str, action: str = "sts:AssumeRole", resource: str = "aws_iam_role.admin.arn") -> str:
    return (
        role("loader", MINE)
        + role("admin", trust, "admin")
        + f"""
resource "aws_iam_role_policy" "next" {{
  role   = aws_iam_role.loader.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = {action!r}, Resource = {resource} }}] }})
}}
""".replace("'", '"')
        + ADMINISTRATOR.replace("loader", "admin")
    )


DIRECTLY = '{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = aws_iam_role.loader.arn } }'
LAMBDA = '{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }'


@pytest.mark.parametrize("trust", [DIRECTLY, BY_ROOT])
def test_a_role_that_may_act_as_an_administrator_leads_there(tmp_path: Path, trust: str) -> None:
    hops = to_administrator(terraform(tmp_path, chained(trust)), "aws")
    assert [hop["technique"] for hop in hops][1:] == ["cloud-identity", "assume-role", "cloud-rights"]
    assert hops[2]["reached"].startswith("aws_iam_role.admin (main.tf:")


def test_a_role_that_the_next_one_names_needs_no_policy(tmp_path: Path) -> None:
    hops = to_administrator(terraform(tmp_path, chained(DIRECTLY, "s3:GetObject")), "aws")
    assert [hop["technique"] for hop in hops][1:] == ["cloud-identity", "assume-role", "cloud-rights"]


@pytest.mark.parametrize(("trust", "action"), [(LAMBDA, "sts:AssumeRole"), (BY_ROOT, "s3:GetObject")])
def test_both_sides_have_to_allow_it(tmp_path: Path, trust: str, action: str) -> None:
    assert to_administrator(terraform(tmp_path, chained(trust, action)), "aws") is None


def test_a_role_elsewhere_to_act_as_is_left_open(tmp_path: Path) -> None:
    found = to_administrator(terraform(tmp_path, chained(BY_ROOT, resource=f'"{ARN}s-elsewhere"')), "aws")
    assert isinstance(found, str)


def passing(started: str, resource: str, trust: str = LAMBDA) -> str:
    text = chained(trust, "iam:PassRole", resource)
    return (
        text
        + f"""
resource "aws_iam_role_policy" "starts" {{
  role   = aws_iam_role.loader.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = {started}, Resource = "*" }}] }})
}}
"""
    )


FUNCTIONS = '["lambda:CreateFunction", "lambda:InvokeFunction"]'


def test_whoever_starts_something_with_a_role_gets_its_rights(tmp_path: Path) -> None:
    hops = to_administrator(terraform(tmp_path, passing(FUNCTIONS, "aws_iam_role.admin.arn")), "aws")
    assert [hop["technique"] for hop in hops][1:] == ["cloud-identity", "pass-role", "cloud-rights"]


@pytest.mark.parametrize(
    "text",
    [
        passing('["s3:GetObject"]', "aws_iam_role.admin.arn"),
        passing('["lambda:CreateFunction"]', "aws_iam_role.admin.arn"),
        passing('["ec2:RunInstances"]', "aws_iam_role.admin.arn"),
        passing(FUNCTIONS, "aws_iam_role.loader.arn"),
    ],
)
def test_handing_on_a_role_takes_something_to_start_that_the_role_trusts(tmp_path: Path, text: str) -> None:
    assert to_administrator(terraform(tmp_path, text), "aws") is None


def test_any_role_for_something_that_one_starts_is_left_open(tmp_path: Path) -> None:
    assert "any role" in to_administrator(terraform(tmp_path, passing('["ec2:RunInstances"]', '"*"')), "aws")


def test_the_default_account_is_known_and_what_it_is_in_the_cloud(tmp_path: Path) -> None:
    cloud = terraform(tmp_path, role("loader", PODS), ASSOCIATION % ("ml", "default"))
    found = derived(cloud, "nothing", name="default")["ServiceAccount.ml.default"].facts
    assert found["default_account"] == Known(value=True)
    assert found["cloud_identities"] == Known(value=["aws_iam_role.loader (main.tf:2)"])
    other = derived(cloud, "nothing")["ServiceAccount.ml.loader"].facts
    assert (other["default_account"], other["cloud_identities"]) == (Known(value=False), Known(value=[]))


def test_a_machines_address_is_shown_and_a_persons_is_not() -> None:
    shown = mask_line(f"members = [serviceAccount:{GOOGLE}, user:ada@example.com, user:a@evil.gserviceaccount.com.org]")
    assert GOOGLE in shown and "ada" not in shown and "evil" not in shown
