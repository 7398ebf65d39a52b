"""What the configuration file says, and how it is told of a mistake in it."""

from pathlib import Path

import pytest

from assay.scanner.config.settings import line_in_toml, load_settings
from assay.scanner.errors import UsageError

SEVERITIES = "critical, high, medium, low, info"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jobs = 2\npack = ['gdpr']", "2: pack: unknown field `pack`; did you mean 'packs'?"),
        ("# packs\npacks = 'gdpr'", "2: packs: expected a list of texts, not a text"),
        ("packs = [\n  'gdpr',\n  3,\n]", "1: packs[1]: expected a text, not a whole number; put it in quotes"),
        ("fail-on = 'hihg'", f"1: fail-on: invalid enum value 'hihg'; it is one of {SEVERITIES}"),
        ("fail-on = 3", f"1: fail-on: expected one of {SEVERITIES}, not a whole number"),
        ("waivers = 3", "1: waivers: expected a text, not a whole number; put it in quotes"),
        ("inline-waivers = 'no'", "1: inline-waivers: expected true or false, not a text"),
        ("jobs = 2.5", "1: jobs: expected a whole number, not a decimal number"),
        (
            "[gate.controls]\n'gdpr:5' = 'assessed'\n'gdpr:7' = true",
            "3: gate.controls.gdpr:7: expected one of assessed, satisfied, not true or false",
        ),
        ("gate = 'red'", "1: gate: expected keys with values, not a text"),
        ("[gate]\ndetector = ['iac']", "2: gate.detector: unknown field `detector`; did you mean 'detectors'?"),
        ("gate = {detectors = 'iac'}", "1: gate.detectors: expected a list of texts, not a text"),
        ("gate.detectors = 'iac'", "1: gate.detectors: expected a list of texts, not a text"),
        (
            "[gate.controls]\n'gdpr:5' = 'assessed'\n'gdpr:32(1)(a)' = 'passed'",
            "3: gate.controls.gdpr:32(1)(a): invalid enum value 'passed'; it is one of assessed, satisfied",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line_its_key_and_what_would_fit(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text(text)
    with pytest.raises(UsageError) as own:
        load_settings(tmp_path)
    assert str(own.value) == f"{tmp_path}/assay.toml:{said}"


def test_the_same_is_told_of_a_shared_file(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[project]\npack = 'x'\n[tool.assay]\njobs = 2\n[tool.assay.gate]\ndetector = []\n")
    with pytest.raises(UsageError) as gate:
        load_settings(tmp_path)
    assert str(gate.value).startswith(f"{path}:6: gate.detector: unknown field")
    path.write_text("[tool]\nassay = 3 # tool.assay\n")
    with pytest.raises(UsageError) as whole:
        load_settings(tmp_path)
    assert str(whole.value) == f"{path}:2: [tool.assay]: expected keys with values, not a whole number"


def test_a_section_of_the_other_file_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text("\n[tool.assay]\npacks = ['gdpr']\n")
    with pytest.raises(UsageError, match=r":2: tool: unknown field `tool`; .* without \[tool\.assay\]"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "where", "line"),
    [
        ("a = 1\n[b]\na = 2\n", ("b", "a"), 3),
        ("b.c = {d = 1}\nb.e = 2\n", ("b", "c", "d"), 1),
        ('x = 1\n  ["b" . c]\n"d.e" = 1\n', ("b", "c", "d.e"), 3),
        ("[[b]]\nc = 1\n", ("b", "c"), 2),
        ("", ("b",), 1),
    ],
)
def test_a_keys_line_is_found_wherever_it_is_written(text: str, where: tuple[str, ...], line: int) -> None:
    assert line_in_toml(text, where) == line
