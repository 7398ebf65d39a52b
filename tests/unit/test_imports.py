"""Who may import whom, and what the command line may load before it knows what to do."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("scanner", "detectors", "policies", "reports")


def modules(folder: str) -> list[Path]:
    return sorted(path for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module that a file imports at any depth, relative imports made absolute."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide who imports whom"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def offenders(folder: str, banned: tuple[str, ...], but: tuple[str, ...] = ()) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(folder)
        for name in sorted(imports(path))
        if name.startswith(banned) and not name.startswith(but or ("-",))
    ]


def test_the_core_knows_no_detector_and_no_report_but_their_registries() -> None:
    allowed = ("assay.detectors.registry", "assay.reports.registry", "assay.reports.options")
    assert offenders("scanner", ("assay.detectors", "assay.reports"), allowed) == []


def test_detectors_see_the_api_and_the_bounded_parsers_only() -> None:
    allowed = ("assay.scanner.api", "assay.scanner.safe", "assay.scanner.model.detector")
    assert offenders("detectors", ("assay.scanner", "assay.policies", "assay.reports"), allowed) == []


def test_reports_see_the_model_only() -> None:
    allowed = ("assay.scanner.model", "assay.scanner.safe.text")
    assert offenders("reports", ("assay.scanner", "assay.policies", "assay.detectors"), allowed) == []


def test_policies_do_not_reach_into_the_engine() -> None:
    banned = ("assay.scanner.engine", "assay.scanner.cli", "assay.detectors", "assay.reports")
    assert offenders("policies", banned) == []


def test_judging_does_no_input_or_output() -> None:
    pure = ["judge", "controls", "gate", "fingerprint", "report"]
    effects = {"os", "subprocess", "socket", "pathlib", "tempfile", "time", "datetime", "random"}
    for name in pure:
        assert imports(ROOT / "scanner" / "engine" / f"{name}.py").isdisjoint(effects), name


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_with_code_is_a_package(folder: str) -> None:
    assert [p.parent for p in modules(folder) if not (p.parent / "__init__.py").exists()] == []


def loaded(*argv: str) -> set[str]:
    """The modules in memory after a command has run in a fresh interpreter."""
    code = (
        "import sys, json\n"
        "before = set(sys.modules)\n"
        "from assay.scanner.cli.main import run\n"
        f"run({list(argv)!r})\n"
        "sys.stderr.write(json.dumps(sorted(set(sys.modules) - before)))"
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, env=environment, check=True)
    return set(json.loads(done.stderr))


@pytest.mark.parametrize("argv", [("--version",), ("--help",), ()])
def test_version_and_help_load_nothing_but_ours(argv: tuple[str, ...]) -> None:
    allowed = {"assay", "assay.scanner", "assay.scanner.cli", "assay.scanner.cli.main", "assay.scanner.version"}
    assert loaded(*argv) <= allowed


HEAVY = ("checkov", "boto3", "botocore", "kubernetes", "presidio_analyzer", "art", "torch", "numpy", "prompt_toolkit")


@pytest.mark.parametrize("argv", [("scan", "--help"), ("packs",), ("explain", "CKV_AWS_18"), ("rules",)])
def test_no_command_loads_an_engine_in_its_own_process(argv: tuple[str, ...]) -> None:
    assert {name.split(".")[0] for name in loaded(*argv)}.isdisjoint(HEAVY)


SLOW = ("asyncio", "email", "importlib.metadata", "rich", "subprocess", "tempfile", "tomllib", "yaml")


def test_a_scan_that_finds_nothing_changed_imports_little(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "main.tf").write_text('resource "aws_s3_bucket" "a" {}\n')
    argv = ("scan", str(tmp_path / "tree"), "--quiet", "--cache", str(tmp_path / "cache"))
    assert "subprocess" in loaded(*argv)
    assert loaded(*argv) & set(SLOW) == set()
