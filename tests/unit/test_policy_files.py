"""Policy files: what is refused names file and line, and every built-in rule passes its own examples."""

from pathlib import Path

import msgspec
import pytest

from assay.policies import book as policy
from assay.policies import pack_files, rule_files
from assay.policies.read import PolicyError
from assay.scanner.errors import UsageError
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


def test_two_rules_with_one_id_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    write(tmp_path, GOOD)
    write(tmp_path / "a", GOOD)
    with pytest.raises(PolicyError, match="already taken"):
        rule_files.load(tmp_path, SAFEGUARDS)


PACK = """\
id: mine
title: Mine
version: "1"
source: our own
controls:
  - {id: "1", title: One, citation: c, testable: automatable, safeguards: [backup-recovery]}
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("[backup-recovery]", "[nope]", 6, "no safeguard"),
        ("testable: automatable", "testable: process-only", 6, "process-only"),
        ("controls:", "extra: 1\ncontrols:", 5, "unknown field"),
        ("citation: c", "citation: 1", 6, "citation"),
    ],
)
def test_a_pack_that_cannot_be_used_names_file_and_line(
    old: str, new: str, line: int, said: str, tmp_path: Path
) -> None:
    path = write(tmp_path, PACK.replace(old, new, 1), "mine.yaml")
    with pytest.raises(PolicyError, match=said) as refused:
        pack_files.load_pack(path, SAFEGUARDS)
    assert str(refused.value).startswith(f"{path}:{line}: ")


def test_a_pack_given_by_path_is_judged_like_a_built_in_one(tmp_path: Path) -> None:
    book = policy.load([str(write(tmp_path, PACK, "mine.yaml"))])
    assert book.controls("any", ("backup-recovery",)) == ("mine:1",)


def test_a_pack_that_does_not_exist_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="no pack is named 'gdrp'"):
        policy.load(["gdrp"])


def test_a_packs_parameter_of_a_wrong_type_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for name in ("rules", "engines", "packs"):
        (home / name).mkdir(parents=True)
    (home / "safeguards.yaml").write_bytes((HOME / "safeguards.yaml").read_bytes())
    rule = GOOD.replace(
        "assert: resource.versioned", "parameters: {days: 3}\nassert: resource.versioned && params.days > 1"
    )
    write(home / "rules", rule)
    fits = write(tmp_path, PACK + "parameters: {days: 5}\n", "fits.yaml")
    assert policy.load([str(fits)], home).variants("storage.bucket")[0].compiled.parameters == {"days": 5}
    wrong = write(tmp_path, PACK + "parameters: {days: many}\n", "wrong.yaml")
    with pytest.raises(PolicyError, match="parameters do not fit the rule sound"):
        policy.load([str(wrong)], home)


def test_every_catalogue_control_is_in_its_pack() -> None:
    # The counts are those of the catalogues that the packs were written from.
    packs = {pack.id: pack for pack in policy.load(policy.built_in_packs()).packs}
    assert len(packs["gdpr"].controls) == 51
    assert len(packs["hipaa"].controls) == 98
    assert all(c.safeguards for p in packs.values() for c in p.controls if c.testable == "automatable")
    assert all(c.human for p in packs.values() for c in p.controls if c.testable != "automatable")


def test_an_example_can_say_unknown_anywhere_inside() -> None:
    value = rule_files._with_unknowns({"a": [{"unknown": "x"}, 1], "b": {"unknown": "y"}})
    assert value == {"a": [Unknown(reason="x"), 1], "b": Unknown(reason="y")}
