"""From a pod into the cloud: manifests and Terraform in one tree, joined by a service account's annotation."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ASSAY = str(Path(sys.executable).with_name("assay"))
ACCOUNT = "111122223333"
PROVIDER = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
READER = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"

MANIFESTS = """\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: trainer
  namespace: ml
  annotations:
    eks.amazonaws.com/role-arn: arn:aws:iam::{account}:role/{role}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: train
  namespace: ml
spec:
  selector:
    matchLabels: {{app: train}}
  template:
    metadata:
      labels: {{app: train}}
    spec:
      serviceAccountName: trainer
      containers:
        - name: main
          image: registry.example/train:1
"""

TERRAFORM = """\
data "aws_iam_policy_document" "trust" {{
  statement {{
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {{
      type        = "Federated"
      identifiers = ["arn:aws:iam::{account}:oidc-provider/{provider}"]
    }}
    condition {{
      test     = "StringEquals"
      variable = "{provider}:sub"
      values   = ["system:serviceaccount:ml:trainer"]
    }}
  }}
}}

resource "aws_iam_role" "trainer" {{
  name               = "trainer"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}}

resource "aws_iam_role_policy_attachment" "trainer" {{
  role       = aws_iam_role.trainer.name
  policy_arn = "{policy}"
}}
"""


def scan(tree: Path, policy: str | None, role: str = "trainer") -> list[dict[str, Any]]:
    """Findings on the workload's paths into the cloud."""
    (tree / "k8s").mkdir()
    (tree / "k8s" / "train.yaml").write_text(MANIFESTS.format(account=ACCOUNT, role=role))
    if policy is not None:
        (tree / "main.tf").write_text(TERRAFORM.format(account=ACCOUNT, provider=PROVIDER, policy=policy))
    command = [ASSAY, "scan", ".", "--only", "kubernetes,terraform", "--format", "json"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    findings = json.loads(done.stdout)["findings"]
    return [one for one in findings if one["rule"] == "workload-no-path-to-cloud-administrator"]


def test_a_role_with_every_right_makes_the_pod_an_administrator_of_the_cloud(tmp_path: Path) -> None:
    [finding] = scan(tmp_path, ADMINISTRATOR)
    assert (finding["outcome"], finding["resource"]["address"]) == ("fail", "Deployment.ml.train")
    assert f"arn:aws:iam::{ACCOUNT}:role/trainer" in finding["message"]
    assert finding["location"]["path"] == "k8s/train.yaml"


def test_a_role_that_only_reads_is_no_way_to_the_administrators(tmp_path: Path) -> None:
    assert [one["outcome"] for one in scan(tmp_path, READER)] in ([], ["pass"])


def test_a_role_that_was_not_scanned_is_unknown_and_no_pass(tmp_path: Path) -> None:
    [finding] = scan(tmp_path, None)
    assert finding["outcome"] == "unknown"
    assert "what this identity may do in the cloud was not scanned" in finding["message"]


def test_another_role_of_the_same_account_does_not_lend_its_rights(tmp_path: Path) -> None:
    [finding] = scan(tmp_path, ADMINISTRATOR, role="other")
    assert finding["outcome"] == "unknown"
