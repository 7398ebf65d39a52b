"""Rules that a scanned tree brings: they cannot stall a scan, nor pass unnoticed as the operator's."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assay.policies import book as policy
from assay.scanner.engine import inventory
from assay.scanner.engine.bounded import judge_bounded
from assay.scanner.engine.judge import Wanted, judge
from assay.scanner.errors import UsageError
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Known
from assay.scanner.model.resource import Resource

RULE = """\
id: guest
title: A guest
kind: network.boundary
severity: high
safeguards: [network-isolation]
assert: {assertion}
message: "{{address}} fails"
why: Because.
fix: Mend it.
examples:
  - {{name: none, outcome: pass, facts: {{openings: []}}}}
  - {{name: one, outcome: fail, facts: {{openings: [{opening}]}}}}
  - {{name: unresolved, outcome: unknown, facts: {{openings: {{unknown: "unresolved: var.o"}}}}}}
"""
OPENING = "{direction: ingress, protocol: tcp, from_port: 1, to_port: 1, cidrs: [x], described: true}"
CHEAP = "size(resource.openings) == 0"
# Two nested macros over the same list are allowed; over 6,000 elements they take 36 million steps.
DEAR = "resource.openings.all(a, resource.openings.all(b, a.from_port + b.to_port + a.to_port == 0))"


def scene(tmp_path: Path, assertion: str, trusted: bool, openings: int) -> tuple[inventory.Inventory, policy.Book]:
    (tmp_path / "guest.yaml").write_text(RULE.format(assertion=assertion, opening=OPENING))
    book = policy.load(["gdpr"], folders=[policy.RuleFolder(path=tmp_path, trusted=trusted)])
    opening = {
        "direction": "ingress",
        "protocol": "tcp",
        "from_port": 0,
        "to_port": 0,
        "cidrs": ["x"],
        "described": True,
    }
    facts = {"openings": Known(value=[opening] * openings)}
    resource = Resource(kind="network.boundary", address="sg", surface="terraform", facts=facts)
    header = inventory.Header(version="0", targets=(".",), started="s", finished="f")
    return inventory.build(header, (DetectorOutcome(id="iac", status="ok"),), (resource,)), book


everything = Wanted()
only_guest = Wanted(only=frozenset({"guest"}))


def test_a_guest_rule_judges_like_any_other(tmp_path: Path) -> None:
    seen, book = scene(tmp_path, CHEAP, trusted=False, openings=2)
    assert book.guests == {"guest"}
    assert judge_bounded(seen, book, everything) == judge(seen, book)


def test_a_guest_rule_that_takes_too_long_is_killed_and_named(tmp_path: Path) -> None:
    seen, book = scene(tmp_path, DEAR, trusted=False, openings=6000)
    before = time.monotonic()
    with pytest.raises(UsageError, match="the rule guest took longer than 1 s"):
        judge_bounded(seen, book, only_guest)
    assert time.monotonic() - before < 20  # of which one second is the limit; the rest is slack for a busy machine


def test_the_operators_own_rules_have_no_limit(tmp_path: Path) -> None:
    seen, book = scene(tmp_path, DEAR, trusted=True, openings=500)
    assert book.guests == frozenset()
    assert [f.outcome for f in judge_bounded(seen, book, only_guest)] == ["pass"]


def test_a_third_level_of_nesting_does_not_load(tmp_path: Path) -> None:
    deep = "resource.openings.all(a, resource.openings.all(b, resource.openings.all(c, true)))"
    with pytest.raises(UsageError, match="more than 2 deep"):
        scene(tmp_path, deep, trusted=False, openings=1)


def test_a_guest_cannot_take_the_id_of_a_rule_of_ours(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    text = RULE.format(assertion=CHEAP, opening=OPENING)
    for name in ("a", "b"):
        (tmp_path / name / "guest.yaml").write_text(text)
    folders = [policy.RuleFolder(path=tmp_path / name, trusted=False) for name in ("a", "b")]
    with pytest.raises(UsageError, match="already taken"):
        policy.load(["gdpr"], folders=folders)


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ("rules = ['../outside']", "leads out"),
        ("rules = ['/']", "leads out"),
        ("rules = ['linked']", "is a link"),
        ("packs = ['../outside/x.yaml']", "leads out"),
        ("packs = ['/dev/zero.yaml']", "leads out"),
        ("packs = ['pipe.yaml']", "no pack is named"),
        ("rules = ['r']", "may not be a link"),
        ("x = " + "[" * 5000, "not valid TOML|cannot be read as TOML"),
        ("jobs = " + "9" * 5000, "cannot be read as TOML"),
    ],
)
def test_a_configuration_in_the_tree_reads_nothing_outside_it(configuration: str, said: str, tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    (tree / "r").mkdir(parents=True)
    outside.mkdir()
    (outside / "x.yaml").write_text("password_is_hunter2: 1")
    (tree / "linked").symlink_to(outside)
    (tree / "r" / "p.yaml").symlink_to(outside / "x.yaml")
    os.mkfifo(tree / "pipe.yaml")
    (tree / "assay.toml").write_text(configuration)
    assay = str(Path(sys.executable).with_name("assay"))
    done = subprocess.run([assay, "scan", str(tree)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert re.search(said, done.stderr), done.stderr
    assert "hunter2" not in done.stderr + done.stdout
