"""The promise of lazy loading: a scan that imports only what it needs says what one that imports everything says."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from tests.integration.iac_trees import DRIVER, KUBERNETES, PIPELINES, PLATFORM, plant

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FIXTURES = ROOT / "fixtures"
HEAVY = (
    *("aiohttp", "asyncio.base_events", "boto3", "botocore", "charset_normalizer.api", "cloudsplaining", "docker"),
    *("ecdsa", "git", "junit_xml", "networkx", "numpy", "policy_sentry", "prettytable", "pydantic", "regex._regex"),
    *("requests", "spdx_tools", "tabulate", "tqdm", "urllib3", "wcwidth", "yarl", "checkov.common.sast.report_types"),
)


def run(*arguments: str) -> bytes:
    # As the engine sets it: checkov walks sets.
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run([sys.executable, *arguments], capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def registries(how: str, *frameworks: str) -> Any:
    return json.decode(run(str(HERE / "iac_registries.py"), how, *frameworks))


@pytest.fixture(scope="module")
def full() -> Any:
    """What checkov's CLI has, which imports everything whatever it is asked to look at."""
    return registries("full")["registries"]


ALONE = ("terraform", "kubernetes", "bicep", "arm", "serverless", "dockerfile", "openapi", "ansible")


@pytest.mark.parametrize("frameworks", [(), *((one,) for one in ALONE)], ids=str)
def test_every_registry_gives_the_checks_of_a_full_import_in_their_order(
    frameworks: tuple[str, ...], full: Any
) -> None:
    lean = registries("lean", *frameworks)["registries"]
    assert lean.keys() == full.keys() if not frameworks else any(f".{frameworks[0]}." in name for name in lean)
    for name, told in lean.items():
        assert told == full[name], name
    assert any(told["all"] for told in lean.values())


def test_a_server_that_loaded_everything_loads_nothing_more() -> None:
    assert registries("everything", "terraform", "helm")["imported"] == []
    assert registries("lean", "terraform", "helm")["imported"] != []


@pytest.mark.parametrize("name", ["acme-ai", "kubernetes-ai", "sound-ai"])
def test_a_fixture_gives_the_same_records(name: str) -> None:
    assert_same(FIXTURES / name)


def test_a_tree_of_every_framework_gives_the_same_records(tmp_path: Path) -> None:
    assert_same(plant(tmp_path / "tree", PIPELINES | PLATFORM | KUBERNETES))


def assert_same(root: Path) -> None:
    lean, full = run(str(DRIVER), str(root)), run(str(HERE / "iac_full_driver.py"), str(root))
    assert b'"record":"verdict"' in full
    assert lean.splitlines() == full.splitlines()


def test_a_lone_file_of_bicep_is_judged_by_the_checks_of_arm_as_well(tmp_path: Path) -> None:
    plant(tmp_path, {"main.bicep": (FIXTURES / "acme-ai" / "azure" / "workspace.bicep").read_text()})
    found = run(str(DRIVER), str(tmp_path))
    assert b'"check":"CKV_AZURE_35"' in found  # bicep's own
    assert b'"check":"CKV_AZURE_134"' in found  # ARM's


def test_a_scan_of_a_bucket_loads_its_checks_and_no_library_that_it_does_not_use(tmp_path: Path) -> None:
    plant(tmp_path, {"main.tf": 'resource "aws_s3_bucket" "raw" {\n  bucket = "raw"\n}\n'})
    code = (
        "import sys, tempfile\n"
        "from pathlib import Path\n"
        "from assay.detectors.iac.detector import IacDetector\n"
        "from assay.scanner.safe.tree import list_tree\n"
        f"tree = list_tree(Path({str(tmp_path)!r}).resolve()).tree\n"
        "detector, found = IacDetector(), []\n"
        "plan = detector.plan(tree)\n"
        "detector.preload(plan.parts)\n"
        "[part] = [part for part in plan.parts if part.id == 'terraform']\n"
        "detector.observe(tree, part, found.append)\n"
        "print(*sys.modules, sep='\\n')\n"
        "print(*sorted(one.check for one in found if getattr(one, 'result', '') == 'fail'), sep='\\n')\n"
    )
    loaded = run("-c", code).decode().split("\n")
    assert {"CKV_AWS_18", "CKV2_AWS_6"} <= set(loaded)  # A check of the index, and one of the graph.
    assert [name for name in HEAVY if name in loaded] == []
    assert "rustworkx" in loaded  # Really used: without it the graph checks find nothing.
    checks = [name for name in loaded if name.startswith("checkov.terraform.checks.resource.")]
    assert "checkov.terraform.checks.resource.aws.S3BucketObjectLock" in checks
    assert len(checks) < 60
