"""Engines' verdicts are folded into our findings under each name of a resource, in the same file only."""

from typing import Any

import msgspec
import pytest

from assay.policies import book as policy
from assay.scanner.engine import inventory
from assay.scanner.engine.assess import Policy, assess
from assay.scanner.engine.judge import judge
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Known, Location
from assay.scanner.model.finding import Finding
from assay.scanner.model.resource import EngineVerdict, Record, Resource
from tests.unit.exposure_objects import container

HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
OK = DetectorOutcome(id="iac", status="ok")
BOOK = policy.load(("gdpr", "hipaa"))
RULE, CHECK = "containers-not-privileged", "CKV_K8S_16"
HERE = Location(path="web.yaml", start_line=1, end_line=9)
NAME, ALIAS, OTHER = "Deployment.ml.web", "Pod.ml.web.app-web", "prod/Deployment.ml.web"


def workload(*aliases: str, privileged: bool = True, place: Location = HERE) -> Resource:
    facts = {
        "source": Known(value="manifests"),
        "system": Known(value=None),
        "containers": Known(value=[{**container(), "privileged": privileged}]),
    }
    return Resource(
        kind="workload.pods", address=NAME, surface="kubernetes", facts=facts, location=place, aliases=aliases
    )


def verdict(resource: str, check: str = CHECK, result: Any = "fail", place: Location = HERE) -> EngineVerdict:
    return EngineVerdict(
        engine="checkov", check=check, result=result, resource=resource, title="A title", framework="kubernetes",
        location=place,
    )  # fmt: skip


def judged(*records: Record) -> dict[str, Finding]:
    """Of the rule and the check that ask the same; each is told once at most."""
    found = [one for one in judge(inventory.build(HEADER, (OK,), records), BOOK) if one.rule in (RULE, CHECK)]
    by_rule = {one.rule: one for one in found}
    assert len(by_rule) == len(found)
    return by_rule


def test_a_verdict_under_another_name_of_the_resource_is_folded_in_and_the_name_told() -> None:
    assert CHECK in BOOK.rules[RULE].equivalents
    found = judged(workload(ALIAS), verdict(ALIAS))
    assert found.keys() == {RULE}
    assert found[RULE].corroborated_by == (CHECK,)
    assert found[RULE].resource.address == NAME
    assert found[RULE].evidence["engine_resource"] == {CHECK: ALIAS}


def test_under_the_resources_own_name_there_is_no_other_to_tell() -> None:
    found = judged(workload(ALIAS), verdict(NAME))
    assert found.keys() == {RULE}
    assert found[RULE].corroborated_by == (CHECK,)
    assert "engine_resource" not in found[RULE].evidence


@pytest.mark.parametrize("place", [HERE, msgspec.structs.replace(HERE, start_line=4, end_line=5)])
def test_every_name_is_tried_wherever_in_the_file_the_engine_points(place: Location) -> None:
    found = judged(workload(OTHER, ALIAS), verdict(ALIAS, place=place))
    assert found.keys() == {RULE} and found[RULE].evidence["engine_resource"] == {CHECK: ALIAS}


@pytest.mark.parametrize(
    "other",
    [
        verdict(OTHER),
        verdict(ALIAS, place=msgspec.structs.replace(HERE, path="other.yaml")),
        verdict(ALIAS, result="pass"),
    ],
)
def test_a_verdict_on_another_thing_keeps_its_own_finding(other: EngineVerdict) -> None:
    found = judged(workload(ALIAS), other)
    assert found.keys() == {RULE, CHECK}
    assert found[RULE].corroborated_by == () and "engine_resource" not in found[RULE].evidence


def test_a_pass_is_folded_into_a_pass() -> None:
    found = judged(workload(ALIAS, privileged=False), verdict(ALIAS, result="pass"))
    assert [(one.rule, one.outcome, one.corroborated_by) for one in found.values()] == [(RULE, "pass", (CHECK,))]


def test_a_skip_comment_under_another_name_suppresses_ours_too() -> None:
    found = judged(workload(ALIAS), verdict(ALIAS, result="skipped"))
    suppressed = found[RULE].suppressed
    assert suppressed is not None and suppressed.by == "engine"


def test_of_two_resources_with_one_name_the_one_in_the_verdicts_file_is_meant() -> None:
    there = Location(path="copy.yaml", start_line=1, end_line=9)
    records = (workload(ALIAS), workload(place=there), verdict(ALIAS), verdict(ALIAS, place=there))
    found = judge(inventory.build(HEADER, (OK,), records), BOOK)
    ours = {one.location.path: one.corroborated_by for one in found if one.rule == RULE and one.location}
    assert ours == {"web.yaml": (CHECK,), "copy.yaml": ()}
    assert [one.location for one in found if one.rule == CHECK] == [there]


def test_the_name_is_still_told_in_the_report() -> None:
    seen = inventory.build(HEADER, (OK,), (workload(ALIAS), verdict(ALIAS)))
    [found] = [one for one in assess(seen, Policy(book=BOOK)).findings if one.rule in (RULE, CHECK)]
    assert found.corroborated_by == (CHECK,) and found.evidence["engine_resource"] == {CHECK: ALIAS}
