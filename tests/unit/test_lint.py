"""Linting, explaining, editors' schemas and the generated reference: what helps people to write policy."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml as pyyaml

from assay.detectors.registry import DETECTORS
from assay.policies import book as policy
from assay.policies.editor_schema import SCHEMAS
from assay.scanner import reference
from assay.scanner.cli import doctor, explain, packs
from assay.scanner.cli import lint as command
from assay.scanner.engine.coverage import CoverageMap
from assay.scanner.errors import UsageError

RULE = (policy.HOME / "rules" / "storage" / "bucket-versioned.yaml").read_text()
PACK = "id: mine\ntitle: Mine\nversion: '1'\nextends: gdpr\n"
WAIVERS = "waivers:\n  - {rule: my-versioned, address: '*', reason: scratch}\n"


def linted(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, list[dict[str, Any]]]:
    code = command.run([str(folder), *options, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    (tmp_path / "my-versioned.yaml").write_text(RULE.replace("bucket-versioned", "my-versioned"))
    (tmp_path / "mine.yaml").write_text(PACK)
    (tmp_path / "waivers.yaml").write_text(WAIVERS)
    return tmp_path


def test_sound_files_have_no_mistakes(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert linted(sound, capsys) == (0, [])


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("my-versioned.yaml", "storage.bucket", "storage.buckets", "did you mean 'storage.bucket'?"),
        ("my-versioned.yaml", "backup-recovery", "backup-recover", "did you mean 'backup-recovery'?"),
        (
            "my-versioned.yaml",
            "outcome: pass, facts: {versioned: true}",
            "outcome: pass, facts: {versioned: false}",
            "the rule says fail of the",
        ),
        ("my-versioned.yaml", "scale:", "scal:", "unknown field `scal`"),
        ("my-versioned.yaml", "why:", "whyy:", "unknown field `whyy`; did you mean 'why'?"),
        ("my-versioned.yaml", "outcome: pass", "outcome: pas", "it is one of fail, not-applicable, pass, unknown"),
        ("my-versioned.yaml", "CKV_AWS_21", "CKV_AWS_99999", "equivalents.0: no engine has a check 'CKV_AWS_99999'"),
        ("mine.yaml", "extends: gdpr", "extends: gpdr", "no built-in pack is named 'gpdr'"),
        ("mine.yaml", "extends: gdpr", "extends: 1", "extends: expected a text, not a whole number; put it in quotes"),
        ("mine.yaml", "version: '1'", "version: 1", "expected `str`: a text, not a whole number; put it in quotes"),
        ("mine.yaml", "title: Mine", "title: Mine\nparameters: {1: 2}", "each key is a text, not a whole number"),
        (
            "mine.yaml",
            "title: Mine",
            "title: Mine\ngate: {fail_on: hgih}",
            "'hgih'; it is one of critical, high, medium, low, info",
        ),
        (
            "mine.yaml",
            "title: Mine",
            "title: Mine\ngate: {controls: {'5': assessed, '32(1)(a)': done}}",
            "gate.controls.32(1)(a): invalid enum value 'done'; it is one of assessed, satisfied",
        ),
        (
            "mine.yaml",
            "title: Mine",
            "title: Mine\ngate: {detectors: [iac, iacc]}",
            "gate.detectors.1: no detector is named 'iacc'; this version has ",
        ),
        (
            "mine.yaml",
            "title: Mine",
            "title: Mine\nparameters: {minimum_log_days: '400'}",
            "parameters do not fit the rule",
        ),
        (
            "mine.yaml",
            "title: Mine",
            "title: Mine\nparameters: {minimum_log_days: [1]}",
            "parameters do not fit the rule",
        ),
        ("mine.yaml", "title: Mine", "title: Mine\nparameters: {allowed_regions: 5}", "parameters do not fit the rule"),
        ("waivers.yaml", "address:", "adress:", "unknown field `adress`; did you mean 'address'?"),
        ("waivers.yaml", "my-versioned", "my-version", "did you mean 'my-versioned'?"),
        ("waivers.yaml", "reason: scratch", "reason: ''", "may not be empty"),
    ],
)
def test_each_mistake_is_told_with_file_line_and_mend(
    file: str, old: str, new: str, said: str, sound: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = sound / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    code, found = linted(sound, capsys)
    assert code == 2
    mistakes = [one for one in found if one["path"] == str(path)]
    assert len(mistakes) == 1
    assert said in mistakes[0]["message"]
    assert 1 <= mistakes[0]["line"] <= len(text.splitlines())


def test_a_packs_own_rules_are_named_by_their_folder(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = sound / "packs" / "mine.yaml"
    pack.parent.mkdir()
    (sound / "rules").mkdir()
    (sound / "my-versioned.yaml").rename(sound / "rules" / "my-versioned.yaml")
    pack.write_text(PACK + "controls: [{id: 32(1)(a), include: [my-versioned]}]\n")
    code, [mistake] = linted(pack, capsys)
    assert (code, mistake["line"]) == (2, 5)
    assert "no rule and no engine's check is named 'my-versioned'" in mistake["message"]
    assert mistake["message"].endswith("(rules of your own: --rules DIR)")
    rules = ("--rules", str(sound / "rules"))
    assert linted(pack, capsys, *rules) == (0, [])
    assert linted(sound, capsys, *rules) == (0, [])
    assert packs.run([str(pack), *rules]) == 0
    assert "mine:32(1)(a)" in capsys.readouterr().out


def test_two_files_with_mistakes_are_both_told(sound: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (sound / "mine.yaml").write_text(PACK.replace("gdpr", "nothing"))
    (sound / "waivers.yaml").write_text("waivers: 3\n")
    assert len(linted(sound, capsys)[1]) == 2


@pytest.mark.parametrize(("of", "pattern"), [("rule", "rules/*/*.yaml"), ("pack", "packs/*.yaml")])
def test_an_editors_schema_takes_every_built_in_file(of: str, pattern: str) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMAS[of](policy.HOME))
    for path in policy.HOME.glob(pattern):
        value = json.loads(json.dumps(pyyaml.safe_load(path.read_text()), default=str))
        validator.validate(value)


def test_an_editors_schema_refuses_what_loading_refuses() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMAS["rule"](policy.HOME))
    rule = pyyaml.safe_load(RULE)
    assert validator.is_valid(rule)
    assert validator.is_valid({**{key: rule[key] for key in rule if key != "scale"}, "severity": "low"})
    assert not validator.is_valid({**rule, "severity": "low"})
    assert not validator.is_valid({**rule, "scale": ["web", "direct", "none"]})
    assert not validator.is_valid({key: rule[key] for key in rule if key != "scale"})
    for key, value in (("kind", "storage.buckets"), ("safeguards", ["nothing"]), ("unknown", 1), ("scale", "grave")):
        assert not validator.is_valid({**rule, key: value})
    assert not validator.is_valid({**rule, "examples": [{"name": "n", "outcome": "pass", "facts": {"nothing": 1}}]})
    assert not validator.is_valid({key: value for key, value in rule.items() if key != "assert"})


def test_the_reference_is_current() -> None:
    done = subprocess.run([sys.executable, "-m", "assay.scanner.reference", "--check"], check=False, timeout=60)
    assert done.returncode == 0


def test_the_reference_names_every_rule_check_and_control() -> None:
    book = policy.load(policy.built_in_packs())
    rules, coverage = reference.render_rules(book), reference.render_coverage(book)
    names = [*book.rules, *(check for engine in book.engines.values() for check in engine.checks)]
    assert [name for name in names if f"| `{name}` |" not in rules] == []
    controls = [control.id for pack in book.packs for control in pack.controls]
    assert [name for name in controls if f"| {name} |" not in coverage] == []


def test_coverage_agrees_with_what_judging_evidences() -> None:
    book = policy.load(["gdpr"])
    covered = CoverageMap(book, DETECTORS)
    [pack] = book.packs
    for rule in book.rules.values():
        named = set(book.controls(rule.id, rule.safeguards))
        found = {f"gdpr:{one.id}" for one in pack.controls if rule.id in covered.of(pack, one).rules}
        assert found == named


def explained(name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert explain.run([name, "--format", "json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("eu-ai-act:15", "did you mean eu-ai-act:15(1), eu-ai-act:15(3), eu-ai-act:15(4) or eu-ai-act:15(5)?"),
        ("gdpr:32(1)(A", "did you mean gdpr:32(1)(a)?"),
        ("gdpr:30", "did you mean gdpr:30(1) or gdpr:30(2)?"),
        ("32(1)", "did you mean gdpr:32(1)(a), "),
        ("bucket-encryped-at-rest", "did you mean bucket-encrypted-at-rest"),
        ("zzzzzzzz", "`assay rules` lists the rules"),
    ],
)
def test_a_wrong_name_is_answered_with_the_controls_below_it_first(name: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        explain.run([name])
    assert said in str(raised.value)


def test_what_nothing_evidences_is_said_to_be_so(capsys: pytest.CaptureFixture[str]) -> None:
    book = policy.load(policy.built_in_packs())
    covered = CoverageMap(book, DETECTORS)
    bare = next(
        f"{pack.id}:{control.id}"
        for pack in book.packs
        for control in pack.controls
        if control.testable != "process-only" and not covered.of(pack, control).surfaces
    )
    found = explained(bare, capsys)
    assert found["evidence"] == "not assessed: nothing in this version evidences it"
    assert found["surfaces without evidence"] == []
    process = explained("eu-ai-act:5", capsys)
    assert (process["testable"], process["evidence"], process["surfaces without evidence"]) == (
        "process-only",
        None,
        [],
    )
    scanned = explained("gdpr:32(1)(a)", capsys)
    assert scanned["evidence"] is None
    assert scanned["surfaces without evidence"] != []


def test_the_configurations_own_packs_and_rules_are_explained_beside_the_built_in_ones(
    sound: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (sound / "rules").mkdir()
    (sound / "my-versioned.yaml").rename(sound / "rules" / "my-versioned.yaml")
    (sound / "assay.toml").write_text("packs = ['gdpr', 'mine.yaml']\nrules = ['rules']\n")
    monkeypatch.chdir(sound)
    assert explained("mine:32(1)(a)", capsys)["id"] == "mine:32(1)(a)"
    assert explained("hipaa:164.312(b)", capsys)["id"] == "hipaa:164.312(b)"
    assert any(name.startswith("mine:") for name in explained("my-versioned", capsys)["controls"])


def test_the_doctor_says_of_rego_how_to_have_it(capsys: pytest.CaptureFixture[str]) -> None:
    doctor.run(["--format", "json"])
    [rego] = [one for one in json.loads(capsys.readouterr().out) if one["what"] == "rules in Rego"]
    there = find_spec("regopy") is not None
    assert rego["status"] == ("yes" if there else "not installed")
    assert rego["mend"] == (None if there else "pip install 'assay-scanner[rego]'")
