"""The fixtures' two AI clusters through the real command: every rule fails in the one, and none in the other."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ASSAY = str(Path(sys.executable).with_name("assay"))
RULES = {path.stem for path in (ROOT / "policies" / "rules" / "ai-workload").glob("*.yaml")}
ONLY_LIVE = {"gpu-not-shared-across-tenants"}
"""Files don't say on which node a pod will run."""


def scan(tree: str, scratch: Path) -> dict[str, Any]:
    """The report on a tree of the fixtures, by its Kubernetes manifests alone."""
    command = [ASSAY, "scan", str(ROOT / "fixtures" / "kubernetes-ai" / tree), "--only", "kubernetes"]
    done = subprocess.run([*command, "--format", "json"], cwd=scratch, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["complete"]
    return report


@pytest.fixture(scope="module")
def vulnerable(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return scan("vulnerable", tmp_path_factory.mktemp("vulnerable"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return scan("sound", tmp_path_factory.mktemp("sound"))


def outcomes(report: dict[str, Any], outcome: str) -> set[str]:
    return {one["rule"] for one in report["findings"] if one["outcome"] == outcome and one["rule"] in RULES}


def test_every_ai_rule_fails_in_the_vulnerable_tree_but_what_only_a_live_cluster_shows(
    vulnerable: dict[str, Any],
) -> None:
    assert RULES - outcomes(vulnerable, "fail") == ONLY_LIVE


def test_no_ai_rule_fails_in_the_sound_tree(sound: dict[str, Any]) -> None:
    failing = [one for one in sound["findings"] if one["outcome"] == "fail" and one["rule"] in RULES]
    assert [(one["rule"], one["resource"]["address"]) for one in failing] == []


def test_most_ai_rules_pass_in_the_sound_tree_and_are_not_merely_silent(sound: dict[str, Any]) -> None:
    assert len(outcomes(sound, "pass")) > 40


def test_every_finding_has_a_place_in_a_file_or_is_told_of_all_together(vulnerable: dict[str, Any]) -> None:
    unplaced = [one for one in vulnerable["findings"] if one["location"] is None]
    assert {one["resource"]["address"] for one in unplaced} <= {"manifests"}
    assert {one["outcome"] for one in unplaced} <= {"pass"}


@pytest.mark.parametrize(
    ("rule", "address"),
    [
        ("workload-not-open-to-other-tenants", "Deployment.oncology.letters"),
        ("mesh-callers-keep-tls", "DestinationRule.oncology.letters"),
    ],
)
def test_tenants_that_reach_each_other_are_found_in_the_vulnerable_tree_alone(
    rule: str, address: str, vulnerable: dict[str, Any], sound: dict[str, Any]
) -> None:
    found = [one for one in vulnerable["findings"] if one["rule"] == rule and one["outcome"] == "fail"]
    assert [one["resource"]["address"] for one in found] == [address]
    assert rule not in {one["rule"] for one in sound["findings"] if one["outcome"] in ("fail", "unknown")}
