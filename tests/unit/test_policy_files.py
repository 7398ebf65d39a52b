"""Policy files: what is refused names file and line, and every built-in rule passes its own examples."""

from pathlib import Path

import msgspec
import pytest

from assay.policies import book as policy
from assay.policies import pack_files, rule_files
from assay.policies.read import PolicyError
from assay.scanner.model.fact import Unknown
from assay.scanner.model.rule import Example, Rule

HOME = policy.HOME
SAFEGUARDS = pack_files.load_safeguards(HOME / "safeguards.yaml")
RULES = rule_files.load(HOME / "rules", SAFEGUARDS, prove=True)  # with the checks that a scan leaves to this suite
EXAMPLES = [pytest.param(rule, example, id=f"{rule.id}-{example.name}") for rule in RULES for example in rule.examples]

GOOD = """\
id: sound
title: Buckets keep versions
kind: storage.bucket
severity: medium
safeguards: [backup-recovery]
assert: resource.versioned
message: "{address} keeps no versions"
why: Because.
fix: Turn it on.
examples:
  - {name: on, outcome: pass, facts: {versioned: true}}
  - {name: off, outcome: fail, facts: {versioned: false}}
  - {name: unresolved, outcome: unknown, facts: {versioned: {unknown: "unresolved: var.v"}}}
"""


def test_there_are_at_least_thirty_rules_of_ours() -> None:
    assert len(RULES) >= 30


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_a_rule_says_of_its_examples_what_they_say(rule: Rule, example: Example) -> None:
    said = rule_files.try_example(rule, example).outcome
    assert (said or "not-applicable") == example.outcome


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_an_unknown_fact_never_makes_a_rule_pass_or_hides_a_failure_as_one(rule: Rule, example: Example) -> None:
    before = rule_files.try_example(rule, example).outcome
    for name in example.facts:
        poorer = msgspec.structs.replace(example, facts={**example.facts, name: {"unknown": "taken away"}})
        after = rule_files.try_example(rule, poorer).outcome
        assert after in (before, "unknown"), f"without {name}: {before} became {after}"


def write(tmp_path: Path, text: str, name: str = "sound.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_complete_rule_loads(tmp_path: Path) -> None:
    assert rule_files.load_file(write(tmp_path, GOOD), frozenset(SAFEGUARDS)).id == "sound"


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("severity: medium", "severity: awful", 4, "severity"),
        ("severity: medium", "severity: medium\ncolour: red", 5, "unknown field `colour`"),
        ("severity: medium", "severity: medium\nscale: [none, direct, none]", 4, "give one of the two"),
        ("severity: medium", "scale: [web, direct, none]", 4, "scale.0: invalid enum value 'web'"),
        ("severity: medium", "scale: [none, direct]", 4, "scale: expected `array` of at least length 3"),
        ("severity: medium\n", "", 1, "either `scale` or `severity` is needed"),
        ("severity: medium\n", "colour: red\n", 4, "unknown field `colour`"),
        ("kind: storage.bucket", "kind: storage.bucked", 3, "no kind is named 'storage.bucked'"),
        ("[backup-recovery]", "[backup-recovry]", 5, "no safeguard is named 'backup-recovry'"),
        ("[backup-recovery]", "[]", 5, "at least one safeguard"),
        ("assert: resource.versioned", "assert: resource.version", 6, "no such field"),
        ("assert: resource.versioned", "assert: resource.versioned == 'yes'", 6, "never equal"),
        ("assert: resource.versioned", "assert: resource.versioned &&", 6, "found the end"),
        ("assert: resource.versioned", "assert: params.days > 1", 6, "no such field"),
        ("outcome: unknown", "outcome: pass", 10, "no example with the outcome unknown"),
        ("outcome: fail", "outcome: fial", 12, "outcome"),
        ("versioned: false", "versioned: 0", 12, "expected a boolean"),
        ("versioned: false", "version: false", 12, "no field 'version'"),
        ("id: sound", "id: other", 1, "the file's name"),
        ("id: sound", "id: sound\nid: sound", 2, "given twice"),
        ("why: Because.", "why: [", 10, "expected"),
        ("why: Because.\n", "", 1, "why"),
        ("title: Buckets keep versions", "title: !!python/object:os.system x", 2, ""),
    ],
)
def test_a_rule_that_cannot_be_used_names_file_and_line(
    old: str, new: str, line: int, said: str, tmp_path: Path
) -> None:
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(PolicyError) as refused:
        rule_files.load_file(path, frozenset(SAFEGUARDS))
    message = str(refused.value)
    assert message.startswith(f"{path}:{line}: "), message
    assert said in message


def test_the_severity_follows_from_the_scale_where_a_rule_gives_one(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("severity: medium", "scale: [internet, direct, some]"))
    assert rule_files.load_file(path, frozenset(SAFEGUARDS)).severity == "high"


def test_two_rules_with_one_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path, GOOD)
    write(tmp_path / "a", GOOD)
    with pytest.raises(PolicyError, match="already taken"):
        rule_files.load(tmp_path, SAFEGUARDS)


def test_an_example_can_say_unknown_anywhere_inside() -> None:
    value = rule_files._with_unknowns({"a": [{"unknown": "x"}, 1], "b": {"unknown": "y"}})
    assert value == {"a": [Unknown(reason="x"), 1], "b": Unknown(reason="y")}
