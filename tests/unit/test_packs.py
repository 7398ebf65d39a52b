"""The built-in packs: complete, cited, checked or marked so, and honest about what nothing evidences yet."""

from collections import Counter

import pytest

from assay.policies import book as policy
from assay.scanner.model.rule import Pack

BOOK = policy.load(policy.built_in_packs())
PACKS = {pack.id: pack for pack in BOOK.packs}

AWAITING = {
    # How good data is: duplicates, gaps, age.
    "iso-42001:A.7.4": "pii",
    # Manifests of data sets and models, compared with what was found.
    "iso-42001:A.4.3": "inventory",
    "nist-800-53:PT-3": "inventory",
    "nist-ai-rmf:GOVERN 1.6": "inventory",
    # Model files, and measured attacks on models.
    "mitre-atlas:AML.T0024.000": "models",
    "mitre-atlas:AML.T0024.001": "models",
    "nist-ai-rmf:MEASURE 2.11": "models",
    "owasp-ml:ML03:2023": "models",
    "owasp-ml:ML04:2023": "models",
}
"""Automatable controls that no rule and no check evidences, with the subject of the work that will. Only ever take a
line out."""
AWAITING_SAFEGUARDS = {
    "data-inventory": "inventory",
    "data-quality": "pii",
    "fairness": "models",
    "model-governance": "models",
    "model-privacy": "models",
    "transparency": "models",
}
"""Safeguards that no rule and no check evidences, likewise."""

CONTROLS = {
    "eu-ai-act": 51,
    "gdpr": 56,
    "hipaa": 119,
    "hipaa-nprm-2025": 133,
    "iso-42001": 38,
    "mitre-atlas": 53,
    "nist-800-53": 124,
    "nist-ai-rmf": 72,
    "owasp-llm": 10,
    "owasp-ml": 10,
    "pci-dss": 63,
    "pod-security-baseline": 12,
    "pod-security-restricted": 19,
    "soc2": 61,
}
"""How many controls each pack has, so that none gets lost."""


def evidenced() -> Counter[str]:
    """`pack:id` → how many rules and engines' checks bear on it; what Assay says of itself doesn't count."""
    counts: Counter[str] = Counter()
    for rule in BOOK.rules.values():
        counts.update(BOOK.controls(rule.id, rule.safeguards))
    for engine in BOOK.engines.values():
        for check in engine.checks.values() if engine.name != policy.OWN_ENGINE else ():
            counts.update(BOOK.controls(check.id, check.safeguards))
    return counts


def test_every_pack_has_all_its_controls() -> None:
    assert {pack.id: len(pack.controls) for pack in BOOK.packs} == CONTROLS


@pytest.mark.parametrize("pack", BOOK.packs, ids=PACKS)
def test_a_built_in_pack_is_named_like_its_file_and_says_where_it_comes_from(pack: Pack) -> None:
    assert (policy.HOME / "packs" / f"{pack.id}.yaml").is_file()
    assert pack.title
    assert pack.source
    for control in pack.controls:
        assert control.title
        assert control.citation
        assert control.unverified is None or len(control.unverified) > 20


@pytest.mark.parametrize("pack", BOOK.packs, ids=PACKS)
def test_what_no_scanner_sees_has_words_for_a_person(pack: Pack) -> None:
    for control in pack.controls:
        assert (control.testable == "automatable") or (control.human or "").endswith("."), control.id
        assert (control.testable == "process-only") <= (not control.safeguards and not control.include), control.id


@pytest.mark.parametrize("pack", BOOK.packs, ids=PACKS)
def test_levels_come_in_the_order_of_their_days(pack: Pack) -> None:
    for control in pack.controls:
        days = [level.since for level in control.requirements]
        assert None not in days[1:], control.id
        assert days[days.count(None) :] == sorted(set(filter(None, days))), control.id


def test_every_automatable_control_is_evidenced_or_awaited() -> None:
    counts = evidenced()
    bare = {
        f"{pack.id}:{control.id}"
        for pack in BOOK.packs
        if not pack.lineage
        for control in pack.controls
        if control.testable == "automatable" and not counts[f"{pack.id}:{control.id}"]
    }
    assert bare - set(AWAITING) == set(), "nothing evidences these; give them a rule, or say `partly`"
    assert set(AWAITING) - bare == set(), "these are evidenced now; take them off the list"


def test_every_safeguard_is_wanted_by_a_pack_and_evidenced_or_awaited() -> None:
    wanted = {name for pack in BOOK.packs for control in pack.controls for name in control.safeguards}
    assert wanted == set(BOOK.safeguards)
    given = {name for rule in BOOK.rules.values() for name in rule.safeguards}
    given |= {name for engine in BOOK.engines.values() for check in engine.checks.values() for name in check.safeguards}
    assert set(BOOK.safeguards) - given == set(AWAITING_SAFEGUARDS)


def test_a_packs_parameters_reach_the_rules() -> None:
    kept = {
        control.split(":", 1)[0]: variant.compiled.parameters["minimum_log_days"]
        for variant in BOOK.variants("service.log-group")
        if variant.compiled.rule.id == "log-group-kept-long-enough"
        for control in variant.controls
    }
    assert (kept["gdpr"], kept["hipaa"], kept["eu-ai-act"]) == (365, 2192, 184)


def test_where_data_may_lie_is_judged_only_where_a_pack_says_so() -> None:
    asked = {
        control.split(":", 1)[0]: variant.compiled.parameters["allowed_regions"]
        for variant in BOOK.variants("storage.bucket")
        if variant.compiled.rule.id == "bucket-in-allowed-region"
        for control in variant.controls
    }
    assert {"eu-central-1", "europe-west4", "westeurope", "eu"} <= set(asked["gdpr"])
    # London and Zurich are outside of the Union, and so is wherever a provider likes.
    assert not {"eu-west-2", "eu-central-2", "europe-west2", "uksouth", "us", "global"} & set(asked["gdpr"])
    assert {name for name, regions in asked.items() if regions} == {"gdpr"}


def test_addressable_in_hipaa_is_required_in_the_proposal() -> None:
    today = {control.id: control for control in PACKS["hipaa"].controls}
    proposed = {control.id: control for control in PACKS["hipaa-nprm-2025"].controls}
    assert sum(control.requirement == "addressable" for control in today.values()) == 22
    assert all(control.requirement == "required" for control in proposed.values())
    assert all(name in today or name.startswith("proposed ") for name in proposed)
    assert PACKS["hipaa-nprm-2025"].title.startswith("PROPOSAL, not law")
