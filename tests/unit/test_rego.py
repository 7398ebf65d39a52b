"""Rules in Rego: over the same resources, three-valued by what they read, and harmless."""

from pathlib import Path

import pytest

from assay.policies import book as policy
from assay.policies import rule_files
from assay.policies.compiled import compile_rule, prepare
from assay.policies.read import PolicyError
from assay.scanner.engine import inventory
from assay.scanner.engine.bounded import judge_bounded
from assay.scanner.engine.judge import Wanted
from assay.scanner.model.fact import Fact, Known, Unknown
from assay.scanner.model.resource import Resource

RULE = """\
id: kept
title: Buckets keep earlier versions
kind: storage.bucket
severity: medium
safeguards: [backup-recovery]
reads: [versioned, retention_days]
parameters: {{most_days: 30}}
rego: |
  package assay
  {body}
message: "{{address}} keeps {{retention_days}} days"
why: Because.
fix: Mend it.
examples:
  - {{name: kept, outcome: pass, facts: {{versioned: true, retention_days: 7}}}}
  - {{name: lost, outcome: fail, facts: {{versioned: false, retention_days: 7}}}}
  - {{name: unresolved, outcome: unknown, facts: {{versioned: {{unknown: "unresolved: var.v"}}, retention_days: 7}}}}
"""
SOUND = """\
import rego.v1
  default pass := false
  pass if {
    input.resource.versioned
    input.resource.retention_days <= input.params.most_days
  }"""
SAFEGUARDS = policy.load(()).safeguards


def written(folder: Path, body: str) -> Path:
    path = folder / "kept.yaml"
    path.write_text(RULE.format(body=body))
    return path


def decided(path: Path, **facts: Fact) -> str | None:
    rule = rule_files.load_own(path, SAFEGUARDS)
    resource = Resource(kind="storage.bucket", address="b", surface="terraform", facts=facts)
    return compile_rule(rule).decide(*prepare(resource)).outcome


def test_it_judges_by_facts_and_parameters(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND)
    assert decided(path, versioned=Known(value=True), retention_days=Known(value=30)) == "pass"
    assert decided(path, versioned=Known(value=True), retention_days=Known(value=31)) == "fail"


def test_a_fact_that_it_reads_and_is_unknown_leaves_it_undecided(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND)
    assert decided(path, versioned=Known(value=False), retention_days=Unknown(reason="denied")) == "unknown"
    assert decided(path, versioned=Known(value=False)) == "unknown"


def test_it_sees_only_what_it_says_it_reads(tmp_path: Path) -> None:
    peeking = """\
import rego.v1
  default pass := false
  pass if {
    input.resource.versioned
    not input.resource.encrypted_at_rest
  }"""
    path = written(tmp_path, peeking)
    facts = {"versioned": Known(value=True), "retention_days": Known(value=1), "encrypted_at_rest": Known(value=True)}
    assert decided(path, **facts) == "pass"


def test_a_module_that_decides_nothing_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"kept\.yaml:\d+: examples\.1: the rule says unknown of the example 'lost'"):
        rule_files.load_own(written(tmp_path, SOUND.replace("default pass := false\n  ", "")), SAFEGUARDS)


def test_a_broken_module_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"kept\.yaml:8: rego: line \d of the module"):
        rule_files.load_own(written(tmp_path, "pass if {"), SAFEGUARDS)


@pytest.mark.parametrize("call", ["http.send({})", "opa.runtime()", "time.now_ns()", 'rand.intn("x", 9)'])
def test_what_depends_on_the_day_or_the_machine_is_refused(call: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="is refused, as the same input must give the same verdict"):
        rule_files.load_own(written(tmp_path, f"pass := {call}"), SAFEGUARDS)


def test_one_that_runs_for_ever_is_stopped_over_its_own_examples(tmp_path: Path) -> None:
    endless = """\
import rego.v1
  default pass := false
  pass if {
    some i in numbers.range(1, 100000)
    some j in numbers.range(1, 100000)
    i + j < 0
  }"""
    with pytest.raises(PolicyError, match=r"kept\.yaml:\d+: examples: judging its own examples"):
        rule_files.load_own(written(tmp_path, endless), SAFEGUARDS)


def test_it_is_judged_in_a_scan_under_the_time_limit(tmp_path: Path) -> None:
    written(tmp_path, SOUND)
    book = policy.load(["gdpr"], folders=[policy.RuleFolder(path=tmp_path, trusted=True)])
    assert "kept" in book.guests
    facts: dict[str, Fact] = {"versioned": Known(value=True), "retention_days": Known(value=90)}
    resource = Resource(kind="storage.bucket", address="b", surface="terraform", facts=facts)
    header = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="f")
    [found] = judge_bounded(inventory.build(header, (), (resource,)), book, Wanted(only=frozenset({"kept"})))
    assert (found.outcome, found.message) == ("fail", "b keeps 90 days")


def test_a_rule_has_one_language(tmp_path: Path) -> None:
    path = written(tmp_path, SOUND)
    path.write_text(path.read_text() + "assert: resource.versioned\n")
    with pytest.raises(PolicyError, match="either `assert`, in CEL, or `rego`"):
        rule_files.load_own(path, SAFEGUARDS)
