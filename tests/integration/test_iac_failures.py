"""A file that cannot be looked at is named, whatever checkov does about it."""

from pathlib import Path

import pytest

from assay.scanner.api import Resource
from tests.integration.iac_trees import KUBERNETES, failed, observe, plant, shown, verdicts

TEMPLATE = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Raw:\n    Type: AWS::S3::Bucket\n"


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("main.tf", 'resource "aws_s3_bucket" {{{\n', "terraform"),
        ("prod.auto.tfvars", "name = = 1\n", "terraform"),
        ("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: [unclosed\n", "kubernetes"),
        ("stack.yaml", TEMPLATE + "   x: [\n", "cloudformation"),
        ("stack.json", '{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {', "cloudformation"),
        ("twice.yaml", TEMPLATE + "    Type: AWS::S3::Bucket\n", "cloudformation"),
        ("vault.json", '{"$schema": "deploymentTemplate.json#", "contentVersion": "1", "resources": [', "arm"),
        ("store.bicep", "resource store 'x' = {{{\n", "bicep"),
        ("Dockerfile", "FORM python:3\nRUN pip install x\n", "dockerfile"),
        (".github/workflows/ci.yml", "on: push\njobs: [\n", "github_actions"),
        (".gitlab-ci.yml", "build:\n  script: {\n", "gitlab_ci"),
        ("serverless.yml", "provider:\n  name: aws\n bad: [\n", "serverless"),
        ("openapi.yaml", "openapi: 3.0.0\ninfo: {\n", "openapi"),
        ("tfplan.json", '{"terraform_version": "1.9.0", "planned_values": {', "terraform_plan"),
        ("chart/Chart.yaml", "apiVersion: v2\nname: [\n", "helm"),
        pytest.param("kustomization.yaml", "resources: [\n", "kustomize", marks=pytest.mark.system),
        ("notes.yaml", "just: [unclosed\n", "secrets"),
        ("notes.json", '{"just": ', "secrets"),
        ("b.Dockerfile", "FROM x\n<<<\n", "dockerfile"),
        ("c.Dockerfile", "FROM x\n<<EOF\nno end\n", "dockerfile"),
        ("d.Dockerfile", "FROM x\nRUN <<EOF2\nmake\nEOF2\nUSER root\n", "dockerfile"),
        ("chart/Chart.yaml", "- apiVersion: v2\n", "helm"),
        pytest.param("kustomization.yaml", "resources: 3\n", "kustomize", marks=pytest.mark.system),
        pytest.param("kustomization.yaml", "- resources\n", "kustomize", marks=pytest.mark.system),
    ],
)
def test_a_file_that_does_not_parse_is_named_by_the_part_that_should_have_read_it(
    name: str, content: str, part: str, tmp_path: Path
) -> None:
    beside = {"main.tf": 'variable "x" {}\n'} if name.endswith("tfvars") else {}
    found = failed(observe(plant(tmp_path / "tree", {name: content, **beside})))
    assert [(one.part, one.location and one.location.path) for one in found] == [(part, name)]
    assert all(name in one.reason and "\n" not in one.reason for one in found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("many.yaml", "a: 1\n---\nb: 2\n---\n"),
        ("tsconfig.json", '{\n  // strict\n  "compilerOptions": {},\n}\n'),
        ("data.json", '{"a": 1}\n{"a": 2}\n'),
        ("empty.json", ""),
        ("empty.yaml", "# nothing\n"),
        ("empty.tf", ""),
        ("book.ipynb", '{"cells": '),
        ("play.yaml", "{% for x in y %}\n- a: {{ x }}\n{% endfor %}\n"),
        ("values.yaml", 'a:\n  - ${ipv6 ? "IPv6" : "IPv4"}\n'),
        ("nginx.conf.template", "server { listen 80; }\n"),
        ("node_modules/x/broken.json", "{"),
        (".cache/broken.yaml", "[\n"),
        ("Dockerfile", "FROM python:3\nRUN <<EOF\npip install x\nEOF\nUSER 10\n"),
        ("Dockerfile", "\ufeffFROM python:3\nUSER 10\n"),
        ("store.bicep", "\ufeffparam x string\n"),
        ("k/kustomization.yaml", ""),
        (".k/kustomization.yaml", "resources: 3\n"),
        ("Dockerfile.j2", "{% if gpu %}\nFROM cuda\n{% endif %}\n"),
    ],
)
def test_what_is_no_broken_file_is_not_called_one(name: str, content: str, tmp_path: Path) -> None:
    assert failed(observe(plant(tmp_path / "tree", {name: content, "main.tf": 'variable "x" {}\n'}))) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_file_that_is_not_utf_8_is_named(encoding: str, tmp_path: Path) -> None:
    texts = {
        "b.yaml": KUBERNETES["k8s/pod.yaml"],
        "c.json": '{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}',
        "Dockerfile": "FROM python:3\n",
        "a.tf": 'resource "aws_s3_bucket" "raw" {}\n',
        "s.bicep": "param x string\n",
        "k/kustomization.yaml": "resources: []\n",
    }
    tree = plant(tmp_path / "tree", {"d.tf": 'resource "aws_s3_bucket" "raw" {}\n'})
    for name, text in texts.items():
        (tree / name).parent.mkdir(exist_ok=True)
        (tree / name).write_bytes(text.encode(encoding))
    records = observe(tree)
    assert {one.location.path for one in failed(records) if one.location} == texts.keys()
    assert {one.location.path for one in verdicts(records, "fail") if one.location} == {"d.tf"}


def test_a_broken_file_leaves_the_findings_of_its_neighbours(tmp_path: Path) -> None:
    records = observe(plant(tmp_path / "tree", {"a.tf": "{{{", "b.tf": 'resource "aws_s3_bucket" "raw" {}\n'}))
    assert [one.location.path for one in failed(records) if one.location] == ["a.tf"]
    assert any(one.resource == "aws_s3_bucket.raw" for one in verdicts(records, "fail"))


@pytest.mark.system  # kustomizations need kubectl or kustomize
def test_remote_references_are_unknown_and_no_failure(tmp_path: Path) -> None:
    tree = plant(
        tmp_path / "tree",
        {
            **KUBERNETES,
            "main.tf": 'module "vpc" {\n  source = "terraform-aws-modules/vpc/aws"\n}\n'
            'module "up" {\n  source = "../elsewhere"\n}\n',
            "charts/remote/Chart.yaml": "apiVersion: v2\nname: remote\nversion: 0.1.0\ndependencies:\n"
            "  - {name: redis, version: 1.0.0, repository: https://charts.example.invalid}\n",
            "charts/remote/templates/pod.yaml": KUBERNETES["k8s/pod.yaml"],
            "kustomize/remote/kustomization.yaml": "resources:\n  - github.com/example/base?ref=main\n  - ../base\n",
            "kustomize/above/kustomization.yaml": "resources:\n  - ../remote\n",
        },
    )
    records = observe(tree)
    unknown = {(one.framework, one.check, one.resource) for one in verdicts(records, "unknown")}
    assert unknown == {
        ("terraform", "remote-reference", "module.vpc"),
        ("terraform", "remote-reference", "module.up"),
        ("helm", "remote-reference", "charts/remote"),
        ("kustomize", "remote-reference", "kustomize/remote"),
    }
    assert all(one.reason and one.location for one in verdicts(records, "unknown"))
    assert failed(records) == []
    rendered = {one.location.path for one in verdicts(records, "fail") if one.location and one.framework == "helm"}
    assert "charts/remote/templates/pod.yaml" in rendered


def test_a_template_that_nothing_renders_is_unknown(tmp_path: Path) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ .Values.name }}\n"
    records = observe(plant(tmp_path / "tree", {"loose/pod.yaml": pod, "k8s/pod.yaml": KUBERNETES["k8s/pod.yaml"]}))
    assert [(one.check, one.resource) for one in verdicts(records, "unknown")] == [
        ("unrendered-template", "loose/pod.yaml")
    ]


def test_a_chart_that_does_not_render_is_a_failure_with_the_place_and_without_a_value(tmp_path: Path) -> None:
    chart = {
        "app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
        "app/values.yaml": "x: hunter2zq\n",
        "app/templates/x.yaml": '{{ fail (printf "%s" .Values.x) }}\n',
    }
    (found,) = failed(observe(plant(tmp_path / "tree", chart)))
    assert found.part == "helm"
    assert "app" in found.reason
    assert "templates/x.yaml, line 1" in found.reason
    assert "hunter2zq" not in found.reason
    assert str(tmp_path) not in found.reason


def test_a_template_that_renders_to_invalid_yaml_is_named_and_leaves_the_rest_of_its_chart(tmp_path: Path) -> None:
    pod = KUBERNETES["k8s/pod.yaml"].replace("name: score", "name: good", 1)
    chart = {
        "app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
        "app/values.yaml": 'x: "hunter2zq: c: ["\nnote: fine\n',
        "app/templates/bad.yaml": "a: {{ .Values.x }}\n",
        "app/templates/good.yaml": pod,
        "app/templates/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"
        "data: {note: {{ .Values.note }}}\n",
    }
    records = observe(plant(tmp_path / "tree", chart))
    (found,) = failed(records)
    assert found.part == "helm"
    assert found.location is not None and found.location.path == "app/templates/bad.yaml"
    assert "not valid YAML" in found.reason and "app/templates/bad.yaml" in found.reason
    assert "hunter2zq" not in repr(records) and str(tmp_path) not in found.reason
    assert "Pod.default.good" in {one.address for one in records if isinstance(one, Resource)}


def test_a_missing_renderer_is_named_with_what_to_install(tmp_path: Path) -> None:
    empty = tmp_path / "bin"
    empty.mkdir()
    (found,) = failed(observe(plant(tmp_path / "tree", KUBERNETES), path=str(empty)))
    assert found.part == "kustomize"
    assert "kubectl" in found.reason
    assert "kustomize/base" in found.reason


def test_secrets_are_in_no_record(tmp_path: Path) -> None:
    secret = "AKIAZ7Q3XKWUNDLPT2MH"
    password = "correct-horse-battery"
    tree = plant(
        tmp_path / "tree",
        {
            "main.tf": f'resource "aws_db_instance" "main" {{\n  password = "{password}"\n  x = "{secret}"\n}}\n',
            "pod.yaml": KUBERNETES["k8s/pod.yaml"]
            + f"      env:\n        - name: DB_PASSWORD\n          value: {password}\n",
        },
    )
    records = observe(tree)
    text = repr(records)
    assert secret not in text
    assert password not in text
    assert any(one.framework == "secrets" for one in verdicts(records, "fail"))
    assert any("[redacted]" in line for one in shown(records) for line in one.lines)


def test_excerpts_are_short_and_inside_their_file(tmp_path: Path) -> None:
    long = 'resource "aws_s3_bucket" "raw" {\n' + "".join(f"  # {'x ' * 200}\n" for _ in range(40)) + "}\n"
    for one in shown(observe(plant(tmp_path / "tree", {"main.tf": long}))):
        assert len(one.lines) <= 12
        assert all(len(line) <= 160 for line in one.lines)


def test_two_runs_give_the_same_records(tmp_path: Path) -> None:
    tree = plant(tmp_path / "tree", KUBERNETES)
    assert observe(tree) == observe(tree)


def test_a_dot_in_the_folder_of_a_chart_does_no_harm(tmp_path: Path) -> None:
    named = {name: text for name, text in KUBERNETES.items() if name.startswith("deploy/")}
    chart = {name.replace("deploy/chart", "v1.2/chart"): text for name, text in named.items()}
    found = verdicts(observe(plant(tmp_path / "tree", chart)), "fail")
    assert {one.location.path for one in found if one.location} == {"v1.2/chart/gateway/templates/pod.yaml"}
