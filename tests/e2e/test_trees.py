"""Trees that are large, that change while they are looked at, or for which there is no room."""

import json
import resource
import subprocess
import sys
from pathlib import Path

from assay.detectors.registry import DETECTORS
from assay.scanner.engine.launch import HostProcess
from assay.scanner.model.detector import Tree
from assay.scanner.model.resource import EngineVerdict, Failure
from assay.scanner.safe.tree import list_tree

ASSAY = str(Path(sys.executable).with_name("assay"))
BUCKET = 'resource "aws_s3_bucket" "b" {\n  bucket = "b"\n}\n'


def test_20000_files_are_listed_and_scanned(tmp_path: Path) -> None:
    for number in range(20_000):
        folder = tmp_path / f"d{number % 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"f{number}.txt").write_text("nothing to see\n")
    (tmp_path / "main.tf").write_text(BUCKET)
    assert len(list_tree(tmp_path).tree.files) == 20_001
    done = subprocess.run([ASSAY, "scan", "--format", "json"], cwd=tmp_path, capture_output=True, timeout=300)
    report = json.loads(done.stdout)
    assert done.returncode in (0, 1)
    assert {f["location"]["path"] for f in report["findings"]} == {"main.tf"}


def test_a_file_that_vanishes_midway_is_named_and_nothing_else_is_lost(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(BUCKET)
    tree = Tree(root=str(tmp_path.resolve()), files=("gone.tf", "main.tf"))  # as listed before it went
    observed = HostProcess(DETECTORS[0], tree, (), (), 2).run()
    assert observed.outcome.status == "partial"
    named = {r.location.path for r in observed.records if isinstance(r, Failure) and r.location}
    assert named == {"gone.tf"}
    assert any(isinstance(r, EngineVerdict) and r.location and r.location.path == "main.tf" for r in observed.records)


def test_no_room_for_the_private_copy_is_an_incomplete_scan(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(BUCKET + "#" * 200_000)

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [ASSAY, "scan", "--format", "json"], cwd=tmp_path, capture_output=True, timeout=120, preexec_fn=small
    )
    assert done.returncode == 3, done.stderr
    assert b"Traceback" not in done.stderr
    report = json.loads(done.stdout)
    assert not report["complete"]
    assert [f for f in report["findings"] if f["rule"] == "look-failed"]
