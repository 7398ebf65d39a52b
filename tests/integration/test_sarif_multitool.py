"""The SARIF report against Microsoft's Multitool 5.7.0, with the rules of SARIF and of GitHub code scanning.

The Multitool exits 0 whatever it finds, and its npm wrapper splits `Sarif;Ghas` at the semicolon: so the native program
is called, and its own SARIF output is read.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.reports.options import RenderOptions
from assay.reports.sarif import render
from assay.scanner.model.finding import Report
from tests.unit import report_builder as build

ROOT = Path(__file__).parents[2]
MULTITOOL = Path(
    os.environ.get("ASSAY_SARIF_MULTITOOL")
    or ROOT / ".tools/node_modules/@microsoft/sarif-multitool-linux/Sarif.Multitool"
)
FIXTURES = sorted(path.name for path in (ROOT / "fixtures").iterdir() if path.is_dir() and path.name != "hostile")

pytestmark = pytest.mark.system


@pytest.mark.parametrize(
    "make",
    [build.mixed, build.report, lambda: build.large(300)],
    ids=["mixed", "empty", "300 results"],
)
def test_the_multitool_has_no_error_and_no_warning(make: Callable[[], Report], tmp_path: Path) -> None:
    log = tmp_path / "assay.sarif"
    log.write_bytes(render(make(), RenderOptions()))
    assert complaints(log) == []


@pytest.mark.parametrize("name", FIXTURES)
def test_the_multitool_accepts_the_scan_of_a_fixture(name: str, tmp_path: Path) -> None:
    log = tmp_path / "assay.sarif"
    scan = [sys.executable, "-I", "-m", "assay.scanner.cli.main", "scan", "--quiet", "--output", f"sarif={log}", name]
    done = subprocess.run(scan, cwd=ROOT / "fixtures", capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in (0, 1, 3), done.stderr
    assert complaints(log) == []


def test_the_multitool_does_complain(tmp_path: Path) -> None:
    document = json.loads(render(build.mixed(), RenderOptions()))
    run = document["runs"][0]
    del run["results"][0]["locations"]
    del run["tool"]["driver"]["informationUri"]
    run["results"][1]["ruleIndex"] = 1000
    log = tmp_path / "broken.sarif"
    log.write_text(json.dumps(document), encoding="utf-8")
    assert {rule for rule, _ in complaints(log)} >= {"GH1015", "SARIF1009", "SARIF2005"}


def complaints(log: Path) -> list[tuple[str, str]]:
    """Errors and warnings, as rule and message. Fails where the Multitool is missing or did not do its work."""
    assert os.access(MULTITOOL, os.X_OK), f"{MULTITOOL} is missing: run tests/system/install"
    out = log.with_suffix(".validated.json")
    command = [
        str(MULTITOOL), "validate", str(log), "--rule-kind", "Sarif;Ghas", "--level", "Error;Warning",
        "--kind", "Fail;Review;Open", "-o", str(out), "--log", "ForceOverwrite", "-q",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    run = json.loads(out.read_text(encoding="utf-8-sig"))["runs"][0]
    assert "1 files scanned" in done.stdout.replace("1 file scanned", "1 files scanned"), done.stdout
    failures = run["invocations"][0].get("toolExecutionNotifications", []) if run.get("invocations") else []
    assert [note for note in failures if note.get("level") == "error"] == []
    return [
        (result["ruleId"], json.dumps(result["message"]))
        for result in run["results"]
        if result.get("level", "warning") in ("error", "warning")
    ]
