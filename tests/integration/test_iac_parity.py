"""The promise of parity: what checkov's own CLI finds failed in a tree, we find, and nothing else."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from assay.detectors.iac.frameworks import FRAMEWORKS
from tests.integration.iac_trees import KUBERNETES, PIPELINES, PLATFORM, observe, plant, verdicts

FIXTURES = Path(__file__).parents[2] / "fixtures"
OFFLINE = {
    "BC_SKIP_MAPPING": "TRUE",
    "CKV_GITHUB_CONFIG_FETCH_DATA": "False",
    "CKV_GITLAB_CONFIG_FETCH_DATA": "False",
    "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
}

Found = set[tuple[str, str, str, str, str]]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which `helm` is the shim, for checkov's CLI alone."""
    folder = tmp_path_factory.mktemp("bin")
    shim = folder / "helm"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).parent / "helm_shim.py"} "$@"\n')
    shim.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_the_acme_fixture_fails_the_same_checks(tmp_path: Path, programs: str) -> None:
    root = tmp_path / "acme-ai"
    shutil.copytree(FIXTURES / "acme-ai", root, symlinks=True)
    assert_parity(root, programs)


@pytest.mark.system  # kustomizations need kubectl or kustomize
def test_every_framework_fails_the_same_checks(tmp_path: Path, programs: str) -> None:
    root = plant(tmp_path / "tree", PIPELINES | PLATFORM | KUBERNETES)
    found = assert_parity(root, programs)
    assert {framework for framework, *_ in found} == {framework.id for framework in FRAMEWORKS}


def test_the_pin_is_the_version_whose_rules_frameworks_py_repeats() -> None:
    assert importlib.metadata.version("checkov") == "3.3.30"


def assert_parity(root: Path, programs: str) -> Found:
    ours = {
        (one.framework, one.result, one.check, one.location.path, one.resource)
        for one in verdicts(observe(root))
        if one.location is not None and one.result in ("fail", "skipped") and not one.past_skip
    }
    theirs = cli(root, programs)  # Last, as helm packs dependencies into the tree.
    assert sorted(theirs - ours) == [], "checkov's CLI finds these, and we do not"
    assert sorted(ours - theirs) == [], "we find these, and checkov's CLI does not"
    assert theirs
    return theirs


def cli(root: Path, programs: str) -> Found:
    arguments = [sys.executable, "-m", "checkov.main", "-d", ".", "--skip-download", "-o", "json"]
    environment = {"PATH": programs, "HOME": str(root.parent), **OFFLINE}
    done = subprocess.run(arguments, capture_output=True, cwd=root, env=environment, check=False)
    assert done.returncode in (0, 1), done.stderr.decode()
    reports: Any = json.decode(done.stdout)
    found: Found = set()
    for report in reports if isinstance(reports, list) else [reports]:
        for result, checks in (("fail", "failed_checks"), ("skipped", "skipped_checks")):
            for one in report["results"][checks]:
                # The graph checks of kustomizations name an absolute path.
                path = one["file_path"].replace(str(root), "").lstrip("/")
                resource = one["resource"].replace(str(root), "")
                found.add((report["check_type"], result, one["check_id"], path, resource))
    return found
