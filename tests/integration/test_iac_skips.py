"""Comments that silence an engine: each is seen, and none hides anything without a word."""

from pathlib import Path

from tests.integration.iac_trees import observe, plant, verdicts

KEYS = """\
hidden: AKIAZZZZEXAMPLEKEY12  # pragma: allowlist secret
shown: AKIAZZZZEXAMPLEKEY14
"""


def test_what_an_allowlist_comment_hides_is_told_as_skipped(tmp_path: Path) -> None:
    records = observe(plant(tmp_path, {"keys.yaml": KEYS}))
    [skipped] = verdicts(records, "skipped")
    assert skipped.location is not None
    assert (skipped.location.start_line, skipped.reason) == (1, "pragma: allowlist secret")
    [failing] = verdicts(records, "fail")
    assert failing.location is not None
    assert failing.location.start_line == 2


def test_a_link_within_the_tree_is_read_by_its_own_name(tmp_path: Path) -> None:
    tree = plant(tmp_path, {"notes.txt": "FROM ubuntu:latest\n", "shared/main.tf": VOLUME, "env/main.tf": MODULE})
    (tree / "Dockerfile").symlink_to("notes.txt")
    (tree / "env" / "mod").symlink_to("../shared")
    failing = {(one.check, one.location.path) for one in verdicts(observe(tree), "fail") if one.location}
    assert ("CKV_DOCKER_7", "Dockerfile") in failing
    assert ("CKV_AWS_3", "env/mod/main.tf") in failing


VOLUME = """\
variable "encrypted" {}
resource "aws_ebs_volume" "v" {
  availability_zone = "eu-central-1a"
  size              = 1
  encrypted         = var.encrypted
}
"""
MODULE = 'module "m" {\n  source    = "./mod"\n  encrypted = false\n}\n'
