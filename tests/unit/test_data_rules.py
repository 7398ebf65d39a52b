"""Rules over tables: what is found decides, what was not looked for is no pass, each identifier has its own control."""

from typing import Any

import pytest

from assay.detectors.registry import DETECTORS
from assay.policies import book as policy
from assay.policies import rule_files
from assay.policies.compiled import Decision, compile_rule, prepare
from assay.scanner.engine import controls as control_status
from assay.scanner.engine.coverage import CoverageMap
from assay.scanner.engine.inventory import Header, build
from assay.scanner.engine.judge import judge
from assay.scanner.kinds import registry
from assay.scanner.kinds.dataset import CATEGORIES
from assay.scanner.model.fact import Fact, Known, Unknown, is_unknown
from assay.scanner.model.finding import Finding
from assay.scanner.model.resource import Resource
from assay.scanner.model.rule import Example, Rule
from assay.scanner.reference import render_coverage

BOOK = policy.load(["gdpr", "hipaa", "nist-800-53", "pci-dss", "eu-ai-act"])
RULES = {rule.id: rule for rule in BOOK.rules.values() if rule.kind == "dataset.table"}
SAFE_HARBOR = sorted(name for name in RULES if name.startswith("safe-harbor-no-"))
LETTERS = [f"hipaa:164.514(b)(2)(i)({letter})" for letter in "ABCDEFGHIJKLMNOPQR"]
ZIP3: list[str] = BOOK.rules["safe-harbor-no-restricted-zip3"].parameters["restricted_zip3"]
NOWHERE = dict.fromkeys(CATEGORIES, 0)
HEADER = Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
BUDGET = Unknown(reason="budget: 62 % of notes not looked at")


def column(name: str, *entities: tuple[str, str, int], free_text: bool = False) -> dict[str, Any]:
    listed = [{"type": kind, "category": category, "count": count} for kind, category, count in entities]
    return {"column": name, "free_text": free_text, "entities": listed}


def table(*columns: Any, found: dict[str, Any] | None = None, **facts: Any) -> Resource:
    """A table that was looked at whole, unless `found` says otherwise."""
    counted: dict[str, Any] = dict(NOWHERE)
    for one in columns:
        for entity in one["entities"] if isinstance(one, dict) else ():
            counted[entity["category"]] += entity["count"]
    stated: dict[str, Any] = {
        "columns": list(columns),
        "found": {**counted, **(found or {})},
        "zip3_areas": dict.fromkeys(ZIP3, 0),
        "declared_state": None,
        "model_data": False,
        "special_category_condition": None,
        "criminal_data_authority": None,
        **facts,
    }
    known: dict[str, Fact] = {k: v if isinstance(v, Unknown) else Known(value=v) for k, v in stated.items()}
    resource = Resource(kind="dataset.table", address="data/export.parquet", surface="file", facts=known)
    registry.check(resource)
    return resource


def found_in(*tables: Resource) -> list[Finding]:
    return list(judge(build(HEADER, (), tables), BOOK))


def outcomes(*tables: Resource) -> dict[str, str]:
    return {finding.rule: finding.outcome for finding in found_in(*tables)}


def failing(*tables: Resource) -> list[str]:
    return sorted(rule for rule, outcome in outcomes(*tables).items() if outcome == "fail")


def statuses(*tables: Resource) -> dict[str, str]:
    found = control_status.statuses(BOOK.packs, found_in(*tables))
    return {f"{one.pack}:{one.id}": one.status for one in found}


CLAIMED: dict[str, Any] = {"declared_state": "safe-harbor"}
EXPORT = (
    column("zip", ("US_ZIP_CODE", "small-area", 98_214)),
    column("diagnosis", ("MEDICAL_CONDITION", "health", 98_214)),
)


def test_a_zip_code_in_a_safe_harbor_export_breaks_its_own_identifier_and_the_whole() -> None:
    export = table(*EXPORT, special_category_condition="j", **CLAIMED)
    assert failing(export) == ["safe-harbor-no-small-areas"]
    [finding] = [one for one in found_in(export) if one.outcome == "fail"]
    assert finding.message == (
        "data/export.parquet is declared de-identified, but zip holds places smaller than a state"
    )
    said = statuses(export)
    assert {name for name in LETTERS if said[name] == "violated"} == {"hipaa:164.514(b)(2)(i)(B)"}
    assert {name for name in LETTERS if said[name] == "satisfied"} == set(LETTERS) - {"hipaa:164.514(b)(2)(i)(B)"}
    assert said["hipaa:164.514(b)(2)(i)"] == said["hipaa:164.514(a)"] == "violated"


def test_a_training_table_with_e_mails_breaks_minimisation_and_names_the_column() -> None:
    features = table(
        column("email", ("EMAIL_ADDRESS", "email", 60_211)),
        column("birthday", ("DATE_OF_BIRTH", "date", 60_211)),
        model_data=True,
    )
    assert failing(features) == ["training-data-no-direct-identifiers"]
    [finding] = [one for one in found_in(features) if one.outcome == "fail"]
    assert finding.message == "models learn from data/export.parquet, and email holds a direct identifier"
    assert {"gdpr:5(1)(c)", "gdpr:25(1)", "hipaa:164.502(b)"} <= set(finding.controls)
    assert not [one for one in finding.controls if one.startswith(("pci-dss:", "eu-ai-act:"))]
    assert statuses(features)["gdpr:5(1)(c)"] == "violated"


def test_a_clean_training_table_satisfies_minimisation_and_nothing_about_de_identification() -> None:
    said = statuses(table(model_data=True))
    assert said["gdpr:5(1)(c)"] == said["gdpr:9(1)"] == "satisfied"
    assert {said[name] for name in LETTERS} == {"not-assessed"}
    assert said["hipaa:164.514(e)"] == said["hipaa:164.514(b)(2)(i)"] == said["pci-dss:3.3"] == "not-assessed"


def test_customer_records_that_nobody_declares_to_be_anything_raise_no_alarm() -> None:
    customers = table(
        column("name", ("PERSON", "name", 900)), column("email", ("EMAIL_ADDRESS", "email", 900)), found={}
    )
    assert failing(customers) == []
    assert statuses(customers)["gdpr:5(1)(c)"] == "not-assessed"


def test_news_that_speak_of_people_are_no_column_of_names() -> None:
    news = table(column("article", ("PERSON", "name", 9_120), free_text=True), model_data=True)
    assert failing(news) == []
    beside = table(*news.facts["columns"].value, column("subscriber", ("PERSON", "name", 5)), model_data=True)  # type: ignore[union-attr]  # it is known
    assert failing(beside) == ["training-data-no-names"]


def test_an_entity_step_that_was_cut_short_leaves_its_own_identifiers_open_and_no_other() -> None:
    said = outcomes(table(found={"name": BUDGET}, **CLAIMED))
    assert said["safe-harbor-no-names"] == "unknown"
    assert {said[name] for name in SAFE_HARBOR if name != "safe-harbor-no-names"} == {"pass"}


def test_a_budget_that_ran_out_after_a_name_was_found_hides_nothing() -> None:
    notes = column("notes", ("PERSON", "name", 1), free_text=True)
    assert failing(table(notes, found={"name": BUDGET}, **CLAIMED)) == ["safe-harbor-no-names"]


def test_a_column_that_could_not_be_looked_at_may_hold_any_identifier() -> None:
    said = outcomes(table(Unknown(reason="column 9: nested deeper than 64"), **CLAIMED))
    assert {said[name] for name in SAFE_HARBOR if name != "safe-harbor-no-restricted-zip3"} == {"unknown"}


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_a_category_that_a_detector_leaves_out_is_never_a_pass(category: str) -> None:
    states = ("safe-harbor", "limited-data-set", "expert-determination", "pseudonymised", "anonymised")
    for state in states:
        whole = table(declared_state=state, model_data=True)
        poorer = {name: count for name, count in NOWHERE.items() if name != category}
        facts = {**whole.facts, "found": Known(value=poorer)}
        before = outcomes(whole)
        after = outcomes(Resource(kind=whole.kind, address=whole.address, surface="file", facts=facts))
        for rule, outcome in before.items():
            reads = f'"{category}"' in (RULES[rule].assertion or "") or any(
                category in values for values in RULES[rule].parameters.values()
            )
            assert after[rule] == ("unknown" if reads else outcome), rule


def test_a_table_that_only_says_what_it_is_called_passes_nothing() -> None:
    facts: dict[str, Fact] = {"declared_state": Known(value="safe-harbor"), "model_data": Known(value=True)}
    resource = Resource(kind="dataset.table", address="t", surface="file", facts=facts)
    assert set(outcomes(resource).values()) == {"unknown"}


def test_a_packs_own_list_of_areas_is_unknown_where_nobody_looked_for_them() -> None:
    rule = compile_rule(RULES["safe-harbor-no-restricted-zip3"], {"restricted_zip3": [*ZIP3, "999"]})
    assert rule.decide(*prepare(table(**CLAIMED))).outcome == "unknown"
    assert rule.decide(*prepare(table(zip3_areas={**dict.fromkeys(ZIP3, 0), "036": 4}, **CLAIMED))).outcome == "fail"


def test_a_declared_ground_takes_the_prohibition_away_and_proves_nothing() -> None:
    comments = column("comment", ("MEDICAL_CONDITION", "health", 812), free_text=True)
    assert failing(table(comments)) == ["special-categories-declared"]
    assert statuses(table(comments))["gdpr:9(1)"] == "violated"
    assert statuses(table(comments, special_category_condition="h"))["gdpr:9(1)"] == "not-assessed"


def test_verification_codes_break_pci_and_not_the_prohibition_of_other_data() -> None:
    cards = table(
        column("pan", ("CREDIT_CARD", "payment-card", 10)),
        column("cvv", ("CARD_VERIFICATION_CODE", "card-authentication", 10)),
    )
    [finding] = [one for one in found_in(cards) if one.outcome == "fail"]
    assert [name for name in finding.controls if name.startswith(("gdpr:", "pci-dss:", "hipaa:"))] == [
        "pci-dss:3.2",
        "pci-dss:3.3",
    ]


@pytest.mark.parametrize("name", SAFE_HARBOR)
def test_each_identifier_evidences_its_own_control_the_whole_and_no_other(name: str) -> None:
    controls = BOOK.controls(name, RULES[name].safeguards)
    assert len([one for one in controls if one in LETTERS]) == 1
    assert [one for one in controls if one not in LETTERS] == [
        "hipaa:164.514(a)",
        "hipaa:164.514(b)(2)(i)",
        "nist-800-53:SI-19",
    ]


def test_every_identifier_of_safe_harbor_has_a_rule() -> None:
    named = {one for name in SAFE_HARBOR for one in BOOK.controls(name, RULES[name].safeguards)}
    assert set(LETTERS) <= named


def test_only_rules_about_names_or_identifiers_bear_on_a_control_about_data() -> None:
    for control in ("164.514(e)", "164.514(b)(1)", *(letter.removeprefix("hipaa:") for letter in LETTERS)):
        bearing = [
            rule.id for rule in BOOK.rules.values() if f"hipaa:{control}" in BOOK.controls(rule.id, rule.safeguards)
        ]
        assert bearing, control
        assert set(bearing) <= set(RULES), control


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_reads_categories_that_there_are(rule: Rule) -> None:
    for example in rule.examples:
        resource = rule_files.example_resource(rule, example)
        found = resource.facts.get("found")
        columns = resource.facts.get("columns")
        named = set(found.value if isinstance(found, Known) else ())
        for one in columns.value if isinstance(columns, Known) else ():
            named |= set() if is_unknown(one) else {entity["category"] for entity in one["entities"]}
        assert named <= set(CATEGORIES), example.name
    for name, values in rule.parameters.items():
        assert name == "restricted_zip3" or set(values) <= set(CATEGORIES)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside an example's facts where an Unknown could stand."""
    if isinstance(value, dict) and set(value) == {"unknown"}:
        return []
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for key, one in inner for place in places(one, (*path, key))]


def blank(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return {"unknown": "taken away"}
    if isinstance(value, dict):
        return {key: blank(one, path[1:]) if key == path[0] else one for key, one in value.items()}
    return [blank(one, path[1:]) if index == path[0] else one for index, one in enumerate(value)]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_an_unknown_at_any_depth_only_ever_takes_a_decision_away(rule: Rule) -> None:
    for example in rule.examples:
        before = decided(rule, dict(example.facts), example.parameters)
        for path in places(dict(example.facts)):
            after = decided(rule, blank(dict(example.facts), path), example.parameters)
            assert after.outcome in (before.outcome, "unknown"), f"{example.name}: {path}"


def decided(rule: Rule, facts: dict[str, Any], parameters: Any) -> Decision:
    return rule_files.try_example(rule, Example(name="e", outcome="pass", facts=facts, parameters=parameters))


def test_a_control_whose_rules_wait_for_a_detector_is_covered_by_nothing_yet() -> None:
    hipaa = next(pack for pack in BOOK.packs if pack.id == "hipaa")
    control = next(one for one in hipaa.controls if one.id == "164.514(e)")
    coverage = CoverageMap(BOOK, ()).of(hipaa, control)
    assert coverage.surfaces == {}
    assert coverage.unlooked == ("limited-data-set-no-direct-identifiers",)


def test_the_reference_says_that_nothing_looks_yet() -> None:
    told = render_coverage(policy.load(["hipaa"]))
    [row] = [line for line in told.splitlines() if line.startswith("| 164.514(e) |")]
    waits = not any("dataset.table" in kinds for spec in DETECTORS for kinds in spec.surfaces.values())
    assert ("no detector in this version" in row) == waits
