"""Linting, editors' schemas and the generated reference: what helps people to write policy."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml as pyyaml

from assay.detectors.registry import DETECTORS
from assay.policies import book as policy
from assay.policies.editor_schema import SCHEMAS
from assay.scanner import reference
from assay.scanner.cli import lint as command
from assay.scanner.engine.coverage import CoverageMap

RULE = (policy.HOME / "rules" / "storage" / "bucket-versioned.yaml").read_text()
PACK = "id: mine\ntitle: Mine\nversion: '1'\nextends: gdpr\n"
WAIVERS = "waivers:\n  - {rule: my-versioned, address: '*', reason: scratch}\n"


def linted(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[dict[str, Any]]]:
    code = command.run([str(folder), "--format", "json"])
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
        ("mine.yaml", "extends: gdpr", "extends: gpdr", "no built-in pack is named 'gpdr'"),
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
