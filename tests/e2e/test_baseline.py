"""`assay baseline`, and scans that are held against what it kept."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.git_trees import GitTree

ASSAY = str(Path(sys.executable).with_name("assay"))
FAULT = "CKV2_DOCKER_2"


def faulty(name: str) -> str:
    return f"FROM python:3.11\nUSER ada\nHEALTHCHECK CMD true\nRUN curl -k https://{name}.example/x\n"


def assay(cwd: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ASSAY, *args], cwd=cwd, capture_output=True, text=True, timeout=300)


def states(cwd: Path, *args: str) -> tuple[list[tuple[str, str | None]], Any]:
    done = assay(cwd, "scan", "--only", "dockerfile", "--format", "json", *args)
    report = json.loads(done.stdout)
    found = [
        (f["location"]["path"], f["suppressed"] and f["suppressed"]["by"])
        for f in report["findings"]
        if f["rule"] == FAULT and f["outcome"] == "fail"
    ]
    return sorted(found, key=str), report


def test_a_baseline_follows_what_moves_and_hides_no_second_instance(tmp_path: Path) -> None:
    tree = GitTree(tmp_path / "tree")
    tree.commit({"a/Dockerfile": faulty("a"), "b/Dockerfile": faulty("b"), "c/Dockerfile": faulty("c")})
    made = assay(tree.path, "baseline", "--only", "dockerfile", "--output", "known.json")
    assert made.returncode == 0 and "kept in known.json" in made.stdout
    assert json.loads((tree.path / "known.json").read_text())["revision"]
    found, report = states(tree.path, "--baseline", "known.json")
    assert {by for _, by in found} == {"baseline"} and report["exit_code"] == 0

    tree.rename("a/Dockerfile", "committed/Dockerfile")
    tree.commit()
    tree.rename("b/Dockerfile", "staged/Dockerfile")
    tree.stage()
    tree.write(
        {
            "staged/Dockerfile": "# one\n# two\n\n" + faulty("b"),
            "copy/Dockerfile": faulty("a"),
            "c/Dockerfile": faulty("c").replace("USER", "RUN curl -k https://evil.example/y\nUSER"),
        }
    )
    found, report = states(tree.path, "--baseline", "known.json")
    assert found == [
        ("c/Dockerfile", "baseline"),
        ("c/Dockerfile", None),
        ("committed/Dockerfile", "baseline"),
        ("copy/Dockerfile", None),
        ("staged/Dockerfile", "baseline"),
    ]
    summary = report["summary"]
    assert (summary["new"], summary["existing"], summary["fixed"]) == (2, 3, 0) and report["exit_code"] == 1

    tree.write({"copy/Dockerfile": "FROM python:3.11\n", "c/Dockerfile": "FROM python:3.11\nUSER ada\n"})
    _, report = states(tree.path, "--baseline", "known.json")
    assert report["summary"]["fixed"] == 1


def test_a_look_that_failed_is_not_kept_and_still_exits_3(tmp_path: Path) -> None:
    (tmp_path / "broken.tf").write_text('resource "a" {\n')
    made = assay(tmp_path, "baseline", "--only", "terraform")
    assert made.returncode == 3 and "could not be looked at" in made.stderr
    assert json.loads((tmp_path / "assay-baseline.json").read_text())["findings"] == []
    assert assay(tmp_path, "scan", "--only", "terraform", "--baseline", "assay-baseline.json").returncode == 3


def test_what_is_no_baseline_is_one_line_and_exit_2(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    (tmp_path / "assay.toml").write_text('baseline = "../x.json"\n')
    for args, said in (
        (["--baseline", "x.json"], "not a baseline"),
        (["--baseline", "no"], "No such"),
        ([], "leads out"),
    ):
        done = assay(tmp_path, "scan", *args)
        assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_no_inline_and_the_configuration_let_no_comment_count(tmp_path: Path) -> None:
    text = faulty("a").replace("RUN", f"# checkov:skip={FAULT}:old\nRUN")
    (tmp_path / "Dockerfile").write_text(text)
    assert states(tmp_path)[0] == [("Dockerfile", "engine")]
    assert states(tmp_path, "--no-inline")[0] == [("Dockerfile", None)]
    (tmp_path / "assay.toml").write_text("inline-waivers = false\n")
    assert states(tmp_path)[0] == [("Dockerfile", None)]
