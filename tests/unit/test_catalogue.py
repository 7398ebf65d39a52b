"""The catalogues of engines' checks: nothing of the installed checkov is missing or unconsidered, severities follow
the written scale."""

import itertools
import re
import typing
from pathlib import Path
from typing import Any

import checkov
import pytest
import yaml

from assay.policies import book as policy
from assay.policies import catalogue_checkov as catalogue
from assay.policies import pack_files, scale
from assay.policies.read import PolicyError
from assay.policies.scale import Scale
from assay.scanner.model.finding import SEVERITIES, Severity

SAFEGUARDS = pack_files.load_safeguards(policy.HOME / "safeguards.yaml")
ENGINES = {path.stem: path for path in sorted((policy.HOME / "engines").glob("*.yaml"))}
EXPLANATION = (policy.HOME / "engines" / "SEVERITY.md").read_text(encoding="utf-8")
CELLS = list(
    itertools.product(
        *(typing.get_args(levels) for levels in (scale.Exposure, scale.Data, scale.Effort)),
    )
)
FIX_LENGTH = 160
MOST_SAFEGUARDS = 3
# Checks whose source checkov ships, but never imports, so that no scan can run them.
NEVER_LOADED = {
    "CKV_NCP_17": "terraform/checks/provider/__init__.py leaves the folder ncp out",
    "CKV_OKTA_1": "terraform/checks/resource/__init__.py leaves the folder okta out",
}
# Ids that the source names without having the check: they come from the vendor's platform.
PLATFORM_SECRETS = frozenset(f"CKV_SECRET_{number}" for number in (30, 40, 48, 49, 80, 116, 192, 256, 380, 381))
EXAMPLES_OF_CHECKOV = frozenset({"CKV_TLA_24"})


def raw(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(ENGINES[name].read_bytes(), yaml.CSafeLoader)
    return loaded


def severity_of(cell: tuple[Any, ...]) -> Severity:
    return Scale(*cell).severity


@pytest.fixture(scope="module")
def found() -> list[catalogue.Sighting]:
    return list(catalogue.sightings())


def test_every_id_of_the_installed_checkov_is_catalogued_and_no_other(found: list[catalogue.Sighting]) -> None:
    assert {sighting.id for sighting in found} == set(raw("checkov")["checks"])


def test_the_catalogue_names_every_surface_of_each_check(found: list[catalogue.Sighting]) -> None:
    surfaces: dict[str, set[str]] = {}
    for sighting in found:
        also = catalogue.SAME_CHECKS.get(sighting.surface, ())
        surfaces.setdefault(sighting.id, set()).update((sighting.surface, *also))
    assert {name: set(entry["surfaces"]) for name, entry in raw("checkov")["checks"].items()} == surfaces


def test_no_id_that_checkovs_source_names_is_overlooked() -> None:
    # Independent of checkov's registries, which would hide a framework that the command does not ask.
    home = Path(checkov.__file__).parent
    named = {
        check
        for path in home.rglob("*")
        if path.suffix in (".py", ".yaml", ".yml", ".json")
        for check in re.findall(r"CKV2?_[A-Z0-9]+_\d+", path.read_text(encoding="utf-8", errors="replace"))
    }
    assert named - set(raw("checkov")["checks"]) == {*NEVER_LOADED, *PLATFORM_SECRETS, *EXAMPLES_OF_CHECKOV}


def test_the_command_verifies_the_catalogue() -> None:
    assert catalogue.main(["--check"]) == 0


@pytest.mark.parametrize("key", catalogue.NEEDED)
def test_the_command_refuses_a_check_that_nobody_has_considered(key: str) -> None:
    sighting = catalogue.Sighting(id="CKV_AWS_1", surface="terraform", title="A title", category="IAM")
    considered = {"scale": ["none", "none", "none"], "safeguards": ["least-privilege"], "fix": "Mend it."}
    old = {"version": "1", "defaults": {"IAM": {}}, "checks": {"CKV_AWS_1": considered}}
    whole = catalogue.merge(old, [sighting], "1")
    assert list(catalogue.differences(whole, whole)) == []
    old["checks"] = {"CKV_AWS_1": {name: value for name, value in considered.items() if name != key}}
    lacking = catalogue.merge(old, [sighting], "1")
    assert list(catalogue.differences(lacking, lacking)) == [f"CKV_AWS_1: not considered yet, has no {key}"]


def test_the_command_reports_an_id_that_a_newer_checkov_brings() -> None:
    sighting = catalogue.Sighting(id="CKV_AWS_999999", surface="terraform", title="A title", category="IAM")
    old = raw("checkov")
    new = catalogue.merge(old, [sighting], old["version"])
    assert "CKV_AWS_999999: missing from the file" in catalogue.differences(old, new)
    assert "CKV_AWS_999999: not considered yet, has no scale, safeguards, fix" in catalogue.differences(old, new)


@pytest.mark.parametrize("name", ENGINES)
def test_every_check_is_considered(name: str) -> None:
    for check, entry in raw(name)["checks"].items():
        assert "severity" not in entry, check
        assert set(catalogue.NEEDED) <= set(entry), check
        assert 1 <= len(entry["safeguards"]) == len(set(entry["safeguards"])) <= MOST_SAFEGUARDS, check
        assert set(entry["safeguards"]) <= set(SAFEGUARDS), check
        assert entry["fix"].endswith(".") and len(entry["fix"]) <= FIX_LENGTH, check
        assert entry["fix"].count("`") % 2 == 0, check


@pytest.mark.parametrize("name", ENGINES)
def test_severity_is_what_the_scale_makes_of_the_factors(name: str) -> None:
    written = raw(name)["checks"]
    for check, loaded in pack_files.load_engine(ENGINES[name], SAFEGUARDS).checks.items():
        assert loaded.severity == severity_of(tuple(written[check]["scale"])), check


@pytest.mark.parametrize("safeguard", ["audit-logging", "monitoring", "availability", "change-management"])
def test_what_only_detects_or_keeps_order_is_never_above_medium(safeguard: str) -> None:
    for check, loaded in pack_files.load_engine(ENGINES["checkov"], SAFEGUARDS).checks.items():
        if loaded.safeguards[0] == safeguard:
            assert SEVERITIES.index(loaded.severity) >= SEVERITIES.index("medium"), check


def test_raising_a_factor_never_lowers_the_severity() -> None:
    weights = (scale.EXPOSURE, scale.DATA, scale.EFFORT)
    for lower, higher in itertools.product(CELLS, CELLS):
        if all(of[a] <= of[b] for of, a, b in zip(weights, lower, higher, strict=True)):  # type: ignore[index]
            assert SEVERITIES.index(severity_of(lower)) >= SEVERITIES.index(severity_of(higher)), (lower, higher)


def test_the_scale_uses_every_severity() -> None:
    assert {severity_of(cell) for cell in CELLS} == set(SEVERITIES)


def test_the_explanation_shows_the_table_that_is_computed() -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", EXPLANATION, re.M)
    shown = {
        (exposure, data, effort): severity
        for exposure, data, *severities in rows
        if exposure in scale.EXPOSURE
        for effort, severity in zip(("none", "some", "much"), severities, strict=True)
    }
    assert shown == {cell: severity_of(cell) for cell in CELLS}


def test_the_explanation_shows_the_weights_and_limits_in_use() -> None:
    shown = [(level, int(weight)) for level, weight in re.findall(r"^\| (\w+) \| (\d) \|", EXPLANATION, re.M)]
    assert shown == [*scale.EXPOSURE.items(), *scale.DATA.items(), *sorted(scale.EFFORT.items(), key=lambda of: -of[1])]
    for least, severity in scale.FROM[:-1]:
        assert re.search(rf"\*\*{severity}\*\*( from)? {least}", EXPLANATION)


def test_the_examples_of_the_explanation_are_those_of_the_catalogue() -> None:
    examples = re.findall(r"^\| (CKV\w+) \| .* \| (\w+), (\w+), (\w+) \| (\w+) \|$", EXPLANATION, re.M)
    assert len(examples) > 10
    checks = raw("checkov")["checks"]
    for check, *factors, severity in examples:
        assert checks[check]["scale"] == factors
        assert severity_of(tuple(factors)) == severity


def test_what_a_check_has_not_of_its_own_is_its_categorys_default(tmp_path: Path) -> None:
    text = """\
engine: other
version: "1"
defaults:
  GENERAL_SECURITY: {scale: [internet, direct, none], safeguards: [monitoring], fix: "Mend it."}
checks:
  NEW_1: {title: New, category: GENERAL_SECURITY, surfaces: [terraform]}
"""
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    engine = pack_files.load_engine(tmp_path / "other.yaml", SAFEGUARDS)
    assert (engine.checks["NEW_1"].severity, engine.fallback.severity) == ("critical", "critical")


@pytest.mark.parametrize("said", ["[internet, direct]", "[internet, direct, none, none]", "[web, direct, none]"])
def test_a_scale_that_is_none_is_refused_by_file(said: str, tmp_path: Path) -> None:
    text = ENGINES["assay"].read_text(encoding="utf-8")
    path = tmp_path / "assay.yaml"
    path.write_text(re.sub(r"scale: \[[^]]*\]", f"scale: {said}", text, count=1), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"assay\.yaml:\d+"):
        pack_files.load_engine(path, SAFEGUARDS)
