"""What is kept of earlier looks gives what looking anew would give, and nothing is kept that might not."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUCKET = 'resource "aws_s3_bucket" "b" {\n  acl = "public-read"\n}\n'


@pytest.mark.parametrize("seed", [1, 2])
def test_a_tree_that_changes_at_random_is_seen_as_without_a_cache(seed: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.integration.cache_walk", str(tmp_path), str(seed), "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=True)
    found = json.loads(done.stdout)
    assert found["different"] == []
    assert found["whole"] > 0
    assert found["part"] > 20


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "main.tf").write_text(BUCKET)
    (tmp_path / "tree" / "Dockerfile").write_text("FROM alpine:latest\n")
    return tmp_path / "tree"


def scan(tree: Path, *options: str, cache: Path | None = None, **environment: str) -> dict[str, object]:
    """The report, without what no two runs share."""
    command = [sys.executable, "-m", "assay.scanner.cli.main", "scan", str(tree), "--format", "json", *options]
    home = {"XDG_CACHE_HOME": str(cache or tree.parent / "cache"), **environment}
    done = subprocess.run(command, cwd=tree, env={**os.environ, **home}, capture_output=True, timeout=300, check=False)
    assert done.returncode in (0, 1, 3), done.stderr.decode()
    report: dict[str, object] = json.loads(done.stdout)
    for name in ("started", "finished"):
        del report[name]
    (outcome,) = report["detectors"]  # type: ignore[misc]  # one detector
    del outcome["seconds"]
    return report


def entries(cache: Path) -> list[Path]:
    return sorted(path for path in cache.rglob("*") if path.is_file() and path.parent.name == path.name[:2])


def test_a_second_scan_says_the_same_and_starts_no_process(tree: Path) -> None:
    first = scan(tree)
    cache = tree.parent / "cache"
    kept = entries(cache)
    assert kept
    # With a temporary folder that can't be written to, no detector's process can be started.
    assert scan(tree, TMPDIR="/proc") == first
    assert entries(cache) == kept


def test_without_the_cache_nothing_is_read_or_kept(tree: Path) -> None:
    first = scan(tree, "--no-cache")
    cache = tree.parent / "cache"
    assert not cache.exists()
    assert scan(tree) == first
    for entry in entries(cache):
        entry.write_bytes(b"")
    assert scan(tree, "--no-cache") == first


def test_a_damaged_cache_is_looked_past(tree: Path) -> None:
    first = scan(tree)
    for number, entry in enumerate(entries(tree.parent / "cache")):
        entry.write_bytes(entry.read_bytes()[: number * 7] + b"\0")
    assert scan(tree) == first


def test_another_policy_judges_the_same_facts(tree: Path) -> None:
    scan(tree, "--pack", "gdpr")
    whole = {str(path): path.read_bytes() for path in entries(tree.parent / "cache")}
    report = scan(tree, "--pack", "hipaa", "--fail-on", "low", TMPDIR="/proc")
    assert {str(control).partition(":")[0] for one in report["findings"] for control in one["controls"]} == {"hipaa"}  # type: ignore[attr-defined]
    assert {str(path): path.read_bytes() for path in entries(tree.parent / "cache")} == whole


def test_a_file_that_could_not_be_read_is_looked_at_again(tree: Path) -> None:
    os.mkfifo(tree / "pipe.tf")
    report = scan(tree)
    assert report["complete"] is False
    (tree / "pipe.tf").unlink()
    assert scan(tree)["complete"] is True


def test_what_does_not_parse_stays_unknown(tree: Path) -> None:
    (tree / "broken.tf").write_text('resource "aws_s3_bucket" {{\n')
    first = scan(tree)
    assert first["exit_code"] == 3
    assert scan(tree, TMPDIR="/proc") == first


def test_a_home_that_cannot_be_written_is_harmless(tree: Path) -> None:
    assert scan(tree, cache=Path("/proc/nowhere")) == scan(tree, "--no-cache")


def test_nothing_kept_holds_a_secret(tree: Path) -> None:
    secret = "AKIA" + "IOSFODNN7QRSTUVW"
    (tree / "keys.tf").write_text(
        f'provider "aws" {{\n  access_key = "{secret}"\n  secret_key = "{"w" * 20 + "Q7" * 10}"\n}}\n'
    )
    scan(tree)
    kept = b"".join(entry.read_bytes() for entry in entries(tree.parent / "cache"))
    assert b"keys.tf" in kept
    assert secret.encode() not in kept


def run(*arguments: str, cache: Path) -> str:
    command = [sys.executable, "-m", "assay.scanner.cli.main", "cache", *arguments]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_the_command_shows_and_clears(tree: Path) -> None:
    cache = tree.parent / "cache"
    assert json.loads(run("show", "--format", "json", cache=cache))["entries"] == 0
    scan(tree)
    shown = json.loads(run("show", "--format", "json", cache=cache))
    assert shown["entries"] == len(entries(cache))
    assert shown["folder"] == str(cache / "assay")
    assert f"{shown['entries']} entries" in run("clear", cache=cache)
    assert entries(cache) == []
    assert "entries  0" in run(cache=cache)


VOLUME = 'resource "aws_ebs_volume" "v" {\n  availability_zone = "eu-west-1a"\n  encrypted = %s\n}\n'


def outcomes(report: dict[str, object], rule: str = "volume-encrypted-at-rest") -> list[str]:
    return [one["outcome"] for one in report["findings"] if one["rule"] == rule]  # type: ignore[attr-defined]


def test_a_link_to_another_module_is_seen(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name, encrypted in (("a", "true"), ("b", "false")):
        (tree / name).mkdir(parents=True)
        (tree / name / "main.tf").write_text(VOLUME % encrypted)
    (tree / "main.tf").write_text('module "m" {\n  source = "./mod"\n}\n')
    (tree / "mod").symlink_to("a")
    before = scan(tree)
    (tree / "mod").unlink()
    (tree / "mod").symlink_to("b")
    after = scan(tree)
    assert after == scan(tree, "--no-cache")
    assert outcomes(before) != outcomes(after)


@pytest.mark.parametrize(
    ("judged", "beside", "text"),
    [
        (
            'variable "encrypted" {\n  default = true\n}\n' + VOLUME % "var.encrypted",
            "root/main.tf",
            'module "m" {\n  source = "../m"\n  encrypted = false\n}\n',
        ),
    ],
)
def test_a_hook_sees_a_file_that_comes_to_bear_on_what_it_judges(
    tmp_path: Path, judged: str, beside: str, text: str
) -> None:
    for name, content in (("m/main.tf", judged), (beside, "# nothing\n")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content)

    def hook(*options: str) -> list[str]:
        command = [sys.executable, "-m", "assay.scanner.cli.main", "hook", "--no-server", "--format", "json"]
        environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        done = subprocess.run(
            [*command, *options, "m/main.tf"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            timeout=300,
            check=False,
        )
        return outcomes(json.loads(done.stdout))

    first = hook()
    (tmp_path / beside).write_text(text)
    assert hook() == hook("--no-cache") != first
