"""What the READMEs show is run: examples that don't work teach nothing."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from contextlib import nullcontext
from pathlib import Path

import msgspec
import pytest
import yaml as pyyaml

from assay.policies import book as policy
from assay.policies import rule_files
from assay.scanner.config.settings import Settings
from assay.scanner.config.waivers import load_waivers
from assay.scanner.engine.launch import HostProcess
from assay.scanner.model.detector import DetectorSpec, Tree
from assay.scanner.model.resource import Resource
from tests.aws_server.running import running
from tests.e2e.git_trees import GitTree
from tests.kube_server import KubeServer

ROOT = Path(__file__).parents[2]
NAMESPACES = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("ml", "serving")]


def blocks(readme: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)


def test_the_worked_example_of_the_core_runs() -> None:
    [code] = blocks("scanner/README.md", "python")
    exec(compile(code, "scanner/README.md", "exec"), {})


def test_the_example_rule_loads_and_passes_its_examples(tmp_path: Path) -> None:
    [text] = blocks("policies/README.md", "yaml")
    path = tmp_path / f"{pyyaml.safe_load(text)['id']}.yaml"
    path.write_text(text)
    rule = rule_files.load_file(path, frozenset(policy.load(()).safeguards))
    assert [rule_files.try_example(rule, e).outcome for e in rule.examples] == [e.outcome for e in rule.examples]


def test_the_example_detector_states_its_resources(tmp_path: Path) -> None:
    [code] = blocks("detectors/README.md", "python")
    plugin = tmp_path / "plugin.py"
    plugin.write_text(code)
    (tmp_path / "buckets.txt").write_text("scans\nlabels\n")
    spec = DetectorSpec(id="lists", entry=f"{plugin}:Buckets", targets=("path",), surfaces={})
    observed = HostProcess(spec, Tree(root=str(tmp_path), files=("buckets.txt",)), (), (), 1).run()
    assert observed.outcome.status == "ok", observed.outcome.reason
    assert [r.address for r in observed.records if isinstance(r, Resource)] == ["scans", "labels"]


def test_the_example_configuration_is_one() -> None:
    [text] = blocks("README.md", "toml")
    assert msgspec.convert(tomllib.loads(text), Settings).packs == ("gdpr", "hipaa")


def test_the_example_waivers_are_some(tmp_path: Path) -> None:
    [_, text] = blocks("README.md", "yaml")
    (tmp_path / "waivers.yaml").write_text(text)
    [placed] = load_waivers(tmp_path / "waivers.yaml", "waivers.yaml", policy.load(()).rule_names)
    assert placed.waiver.rule == "bucket-access-logged"


def test_the_example_hook_is_one_that_there_is() -> None:
    [text, _] = blocks("README.md", "yaml")
    [repository] = pyyaml.safe_load(text)["repos"]
    offered = pyyaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in offered]


COMMANDS = [
    part.strip()
    for block in blocks("README.md", "sh")
    for line in block.splitlines()
    for part in re.split(r"[;|]", line.split("#")[0])
    if part.strip().startswith("assay ")
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_the_readme_is_understood(command: str, tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    shutil.copytree(ROOT / "fixtures" / "assets", tmp_path / "exports")
    if "origin/main" in command:
        tree = GitTree(tmp_path)
        tree.point("refs/remotes/origin/main", tree.commit({"a.txt": "a"}))
    if "judge" in command:
        subprocess.run(f"{_bin()}/assay observe --output seen.jsonl", shell=True, cwd=tmp_path, check=True, timeout=120)
    # The doctor exits 1 where a tool is missing, which depends on the machine; what is live or
    # exported may be as it likes.
    cloud = "aws:" in command or "aws-org:" in command
    live = "kube:" in command or "asset:" in command or cloud
    codes = (0, 1) if command == "assay doctor" or live else (0,)
    with KubeServer(NAMESPACES) as server, running() if cloud else nullcontext() as aws:
        if aws and "aws-org:" in command:
            aws.client("organizations").create_organization(FeatureSet="ALL")
        config = server.kubeconfig(tmp_path / "kubeconfig", context="production")
        (tmp_path / "profiles").write_text("[profile audit]\naws_access_key_id = test\naws_secret_access_key = test\n")
        environment = {
            **os.environ,
            **(aws.environment if aws else {}),
            "KUBECONFIG": str(config),
            "AWS_CONFIG_FILE": str(tmp_path / "profiles"),
        }
        done = subprocess.run(
            f"{_bin()}/{command}",
            shell=True,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert done.returncode in codes, done.stderr


def _bin() -> Path:
    return Path(sys.executable).parent
