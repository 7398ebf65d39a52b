"""Nothing secret and no person's address in what a scan writes, the facts and the evidence included."""

import subprocess
import sys
from pathlib import Path

ASSAY = str(Path(sys.executable).with_name("assay"))
TREE = """\
resource "aws_s3_bucket" "b" {
  bucket = "b"
  tags = {
    Owner    = "alice.smith@acme-health.com"
    password = "hunter2-tag-value"
    team     = "platform"
  }
}
resource "google_project_iam_member" "m" {
  project = "p"
  role    = "roles/owner"
  member  = "user:alice.smith@acme-health.com"
}
"""


def test_tags_and_principals_are_masked_in_inventory_and_reports(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(TREE)
    seen = subprocess.run([ASSAY, "observe"], cwd=tmp_path, capture_output=True, text=True, timeout=120).stdout
    outputs = [seen]
    for name in ("json", "sarif", "text"):
        command = [ASSAY, "scan", "--format", name, "--verbose"]
        outputs.append(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120).stdout)
    assert "platform" in seen
    for output in outputs:
        assert output
        assert "hunter2" not in output
        assert "alice.smith" not in output
