"""What checkov drops without a word is looked at all the same, or named: a green scan has seen every file."""

from pathlib import Path

import pytest

from tests.integration.iac_trees import KUBERNETES, PIPELINES, PLATFORM, failed, observe, plant, verdicts

PLAY = PLATFORM["ansible/host.yml"]
ARGO = PIPELINES["argo/workflow.yaml"]
POD = KUBERNETES["k8s/pod.yaml"]
SKIP = "checkov.io/skip1: CKV_K8S_20=Runs alone"
TEMPLATE = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Raw:\n    Type: AWS::S3::Bucket\n"
SETTINGS = "aws_access_key_id: AKIAZ7Q3XKWUNDLPT2MH\n"
JSON_POD = '{"apiVersion": "v1",\n "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}'


@pytest.mark.parametrize(
    ("name", "content", "part", "line"),
    [
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  b:\n    steps:\n      - run: echo ${{ secrets.X }}\n     - run: bad\n",
            "github_actions",
            6,
        ),
        ("play.yml", PLAY.replace("fetch", "get {{ x }}") + "   - name: bad\n", "ansible", 8),
        ("azure-pipelines.yml", "steps:\n  - ${{ if eq(a, 'y') }}:\n    - script: x\n   - bad\n", "azure_pipelines", 4),
        (".circleci/config.yml", 'jobs:\n  b:\n   - a: ["{{ x }}"]\n  - bad\n', "circleci_pipelines", 4),
        (".gitlab-ci.yml", "{% if x %}\nbuild:\n  script: make\n{% endif %}\n", "gitlab_ci", 1),
        ("a.tf.json", '{"resource": {"a": {"b": {"c": "${lookup(var.x, \\"a\\")}", }\n', "terraform_json", 1),
        ("serverless.yml", "provider:\n  name: aws\n  x: ${file(./x.yml):a}\n functions: bad\n", "serverless", 4),
        ("stack.yaml", TEMPLATE + "    Name: '{{resolve:ssm:x}}'\n   Bad: 1\n", "cloudformation", 6),
        ("pod.yaml", POD + "# {% if x %}\n   bad: 1\n", "kubernetes", 13),
    ],
)
def test_a_template_mark_is_no_excuse_for_a_broken_file(
    name: str, content: str, part: str, line: int, tmp_path: Path
) -> None:
    records = observe(plant(tmp_path / "tree", {name: content}))
    (found,) = failed(records)
    assert found.location is not None
    assert (found.part, found.location.path, found.location.start_line) == (part, name, line)
    assert found.location.end_line == line
    assert f"at line {line}" in found.reason
    assert verdicts(records, "unknown") == []


@pytest.mark.parametrize(
    "manifest",
    [
        "{% if x %}\n" + POD + "{% endif %}\n",
        POD.replace("score\n", "{{ name }}\n", 1),
        POD + "{{- toYaml .x | nindent 2 }}\n",
        POD + "<% if x %>\n  a: <%= x %>\n<% end %>\n",
        POD.replace("score\n", "${name}\n", 1),
        POD.replace("score\n", "'{{ name }}'\n", 1),
    ],
)
def test_a_manifest_that_is_a_template_is_unknown_and_no_failure(manifest: str, tmp_path: Path) -> None:
    records = observe(plant(tmp_path / "tree", {"pod.yaml": manifest}))
    assert [one.check for one in verdicts(records, "unknown")] == ["unrendered-template"]
    assert failed(records) == []


def test_a_comment_that_looks_like_helms_does_not_hide_a_manifest(tmp_path: Path) -> None:
    (found,) = failed(observe(plant(tmp_path / "tree", {"pod.yaml": POD + "# {{ .Values.x }}\n"})))
    assert found.location is not None
    assert found.location.start_line == len(POD.splitlines()) + 1
    assert "comment" in found.reason


def checks(tree: Path) -> set[tuple[str, str, int | None]]:
    records = observe(tree)
    assert failed(records) == []
    return {(one.framework, one.check, one.location and one.location.start_line) for one in verdicts(records, "fail")}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("argo.yaml", ARGO),
        ("play.yml", PLAY),
        ("main.tf", 'resource "aws_s3_bucket" "raw" {}\n'),
        ("pod.json", JSON_POD),
        ("stack.json", '{"AWSTemplateFormatVersion":"2010-09-09","Resources":{"B":{"Type":"AWS::S3::Bucket"}}}'),
        ("Dockerfile", "FROM python:latest\nEXPOSE 22\n"),
        *((name, text) for name, text in (PIPELINES | PLATFORM).items() if name.startswith((".", "openapi", "azure"))),
    ],
)
def test_a_byte_order_mark_hides_nothing(name: str, text: str, tmp_path: Path) -> None:
    plain, marked = plant(tmp_path / "plain", {name: text}), plant(tmp_path / "marked", {name: f"\ufeff{text}"})
    assert checks(marked) == checks(plain) != set()


@pytest.mark.parametrize(
    ("name", "plain", "odd"),
    [
        ("Dockerfile", b"FROM x:latest\n# e\nEXPOSE 22\n", b"FROM x:latest\n# \xe9\x85\nEXPOSE 22\n"),
        (
            "play.yml",
            PLAY.replace("  tasks", "  vars: {p: x}\n  tasks", 1).encode(),
            PLAY.replace("  tasks", "  vars: {p: !vault x}\n  tasks", 1).encode(),
        ),
        (
            ".gitlab-ci.yml",
            PIPELINES[".gitlab-ci.yml"].encode() + b"    - x\n",
            PIPELINES[".gitlab-ci.yml"].encode() + b"    - !reference [.a, script]\n",
        ),
        ("argo.yaml", b"#\n#\n" + ARGO.encode(), b"foo: bar\n---\n" + ARGO.encode()),
        ("play.yml", b"#\n#\n" + PLAY.encode(), b"foo: bar\n---\n" + PLAY.encode()),
        ("a.yaml", SETTINGS.encode() + b"# e\n", SETTINGS.encode() + b"# \xe9\n"),
        ("pod.json", JSON_POD.encode(), JSON_POD.replace(" ", "\t").encode()),
        ("pod.yaml", POD.encode(), POD.replace("score\n", "!x score\n", 1).encode()),
        *(
            ("pod.yaml", POD.replace(SKIP, "x: y").encode(), POD.replace(SKIP, f"x: {value}").encode())
            for value in ("=", "!y z", "1:30")
        ),
        *(
            (name, b"#\n#\n" + text.encode(), header + b"\n---\n" + text.encode())
            for name, text in PIPELINES.items()
            for header in (b"spec: {inputs: {}}", b"foo: bar")
            if name.startswith((".gitlab", ".circleci", "azure", "bitbucket"))
        ),
    ],
)
def test_what_the_format_allows_hides_nothing(name: str, plain: bytes, odd: bytes, tmp_path: Path) -> None:
    seen = []
    for folder, content in (("plain", plain), ("odd", odd)):
        tree = plant(tmp_path / folder, {name: ""})
        (tree / name).write_bytes(content)
        seen.append(checks(tree))
    assert seen[0] == seen[1] != set()


@pytest.mark.parametrize(
    ("name", "content", "part", "said"),
    [
        ("argo.yaml", f"{ARGO}---\n{ARGO}", "argo_workflows", "2 documents"),
        ("play.yml", "- hosts: 2001-99-99\n  tasks:\n    - name: x\n", "ansible", "cannot parse"),
        ("stack.yaml", f"{TEMPLATE}---\na: b\n", "cloudformation", "more than one document"),
        ("stack.yaml", f"{TEMPLATE}Resources: {{}}\n", "cloudformation", "a key is there twice at line 5"),
        ("stack.json", '[{"AWSTemplateFormatVersion": "2010-09-09", "Resources": {}}]', "cloudformation", "a list"),
        ("pod.json", '[{"apiVersion": "v1", "kind": "Pod", "metadata": {}}]', "kubernetes", "a list"),
        ("api.json", '[{"openapi": "3.0.0", "info": {}}]', "openapi", "a list"),
        ("plan.json", '[{"terraform_version": "1", "planned_values": {}}]', "terraform_plan", "a list"),
        ("pod.yaml", f"{POD}---\n{POD.replace('name: score', 'name: 12')}", "kubernetes", "from line 13"),
        (".github/workflows/ci.yml", "on: push\njobs: {a: 1}\n", "github_actions", "schema"),
    ],
)
def test_what_checkov_does_not_take_is_named_with_the_reason(
    name: str, content: str, part: str, said: str, tmp_path: Path
) -> None:
    (found,) = (one for one in failed(observe(plant(tmp_path / "tree", {name: content}))) if one.part == part)
    assert found.location is not None
    assert found.location.path == name
    assert found.location.start_line is not None
    assert said in found.reason


def test_a_file_that_shares_some_keys_with_a_manifest_is_no_failure(tmp_path: Path) -> None:
    tree = plant(tmp_path / "tree", {"kind.yaml": "apiVersion: kind.x-k8s.io/v1alpha4\nkind: Cluster\n<<: 3\n"})
    records = observe(tree)
    assert failed(records) == []
    assert [one.check for one in verdicts(records, "unknown")] == ["unrecognised-file"]


def test_no_message_holds_the_name_of_a_class(tmp_path: Path) -> None:
    tree = plant(tmp_path / "tree", {"a.tf": "x = [", "b.tf": "x = " + "(" * 3000, "c.tf": ""})
    (tree / "c.tf").write_bytes(b'x = "\xe9"\n')
    reasons = {one.location.path: one.reason for one in failed(observe(tree)) if one.location}
    assert reasons.keys() == {"a.tf", "b.tf", "c.tf"}
    assert "not UTF-8" in reasons["c.tf"]
    assert [text for text in reasons.values() if "Error" in text or "Unexpected" in text] == []


ARM = PLATFORM["arm/vault.json"]
SLS = PLATFORM["serverless.yml"]
WORKFLOW = PIPELINES[".github/workflows/ci.yml"]
SOUND = {
    "arm": ("b{}/vault.json", ARM),
    "serverless": ("b{}/serverless.yml", SLS),
    "github_actions": (".github/workflows/b{}.yml", WORKFLOW),
}


@pytest.mark.parametrize(
    ("name", "content", "part", "line"),
    [
        ("a/vault.json", "// c\n" + ARM, "arm", 1),
        ("a/serverless.yml", SLS + "# \x01\n", "serverless", 14),
        (".github/workflows/a.yml", WORKFLOW + "zz: 2001-01-01\n", "github_actions", 1),
    ],
)
def test_a_file_at_which_checkov_crashes_is_named_and_takes_no_other_along(
    name: str, content: str, part: str, line: int, tmp_path: Path
) -> None:
    names, text = SOUND[part]
    sound = {names.format(number): text for number in range(5)}
    records = observe(plant(tmp_path / "tree", {name: content, **sound}))
    (found,) = (one for one in failed(records) if one.part == part)
    assert found.location is not None
    assert (found.location.path, found.location.start_line) == (name, line)
    failing = {one.location.path for one in verdicts(records, "fail") if one.framework == part and one.location}
    assert failing == sound.keys()


def test_a_sam_template_that_checkov_passes_over_is_named(tmp_path: Path) -> None:
    sam = TEMPLATE + "  T:\n    Type: AWS::Serverless::SimpleTable\n"
    sam += "Globals:\n  SimpleTable:\n    SSESpecification: {SSEEnabled: true}\n"
    found = failed(observe(plant(tmp_path / "tree", {"t.yaml": sam, "u.yaml": TEMPLATE})))
    assert [one.location and one.location.path for one in found] == ["t.yaml"]
