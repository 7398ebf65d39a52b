"""From the kinds that were looked at to the rules that rest on them, derivations between included."""

import msgspec
import pytest

from assay.detectors.registry import DERIVATIONS, DETECTORS
from assay.policies import book as policy
from assay.policies.book import Book, PackPath
from assay.scanner.engine import inventory
from assay.scanner.engine.derive import derive
from assay.scanner.engine.judge import LOOK_FAILED, Wanted, judge
from assay.scanner.engine.lineage import Lineage, sources
from assay.scanner.model.detector import Derivation, DetectorOutcome
from assay.scanner.model.finding import Finding
from assay.scanner.model.resource import Failure, Resource
from assay.scanner.model.rule import Rule
from tests.unit.whole_worlds import live, looked_at

HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
OK = DetectorOutcome(id="cluster", status="ok")
BOOK = policy.load(("gdpr", "hipaa"))
CLUSTER = next(one for one in DETECTORS if one.id == "cluster")


def rule(name: str, kind: str, assertion: str, applies: str | None = None) -> Rule:
    return Rule(
        id=name, title=name, kind=kind, severity="low", safeguards=("network-isolation",), message="m", why="w",
        fix="f", examples=(), assertion=assertion, applies=applies,
    )  # fmt: skip


RULES = (
    rule("denied", "cluster.namespace", "resource.denies_ingress"),
    rule("denied-where-it-matters", "cluster.namespace", "resource.system", "resource.denies_ingress"),
    rule("own", "cluster.namespace", "resource.system"),
    rule("policies", "network.policy", "resource.namespace != ''"),
    rule("whole", "rbac.grant", "resource.role != ''"),
)
STATES = {
    "cluster.namespace": {"denies_ingress": ("network.policy",), "workloads": ("workload.pods",)},
    "rbac.grant": {"*": ("rbac.binding", "rbac.role")},
}
SMALL = Lineage(
    Book(BOOK.safeguards, RULES, {}, ()), (Derivation(id="small", entry="no.such.module:derive", states=STATES),)
)


def test_what_is_needed_is_the_rules_own_kinds_and_what_the_fields_that_they_read_are_derived_from() -> None:
    assert SMALL.needed() == (
        "cluster.namespace", "network.policy", "rbac.binding", "rbac.grant", "rbac.role",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("denied", {"cluster.namespace", "network.policy"}),
        ("denied-where-it-matters", {"cluster.namespace", "network.policy"}),
        ("own", {"cluster.namespace"}),
        ("policies", {"network.policy"}),
        ("whole", {"rbac.binding", "rbac.grant", "rbac.role"}),
    ],
)
def test_each_rule_needs_what_it_reads_and_nothing_else(name: str, kinds: set[str]) -> None:
    assert set(SMALL.needed(lambda one: one == name)) == kinds
    for kind in {"workload.pods", *kinds}:
        assert (name in {one.id for one in SMALL.touched([kind])}) == (kind in kinds)


def test_a_kind_that_no_rule_reads_of_touches_none() -> None:
    assert list(SMALL.touched(["workload.pods", "storage.bucket"])) == []
    assert SMALL.needed(lambda one: False) == ()


def test_the_sources_of_a_kind_are_those_of_all_its_fields() -> None:
    [small] = (Derivation(id="small", entry="no.such.module:derive", states=STATES),)
    assert sources(["cluster.namespace"], [small]) == {"cluster.namespace", "network.policy", "workload.pods"}
    assert sources(["rbac.role", "storage.bucket"], [small]) == {"rbac.role", "storage.bucket"}
    assert sources([], [small]) == frozenset()


PACK = """\
id: mine
title: Mine
version: "1"
source: us
controls:
  - {id: ingress, title: I, citation: c, testable: automatable, include: [namespace-denies-ingress-by-default]}
  - {id: quota, title: Q, citation: c, testable: automatable, include: [namespace-has-quota]}
  - {id: security, title: S, citation: c, testable: automatable, include: [namespace-enforces-pod-security]}
  - {id: budget, title: B, citation: c, testable: automatable, include: [serving-disruption-budget]}
  - {id: ports, title: P, citation: c, testable: automatable, include: [workload-no-database-ports-from-internet]}
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    path = tmp_path_factory.mktemp("pack") / "mine.yaml"
    path.write_text(PACK)
    return policy.load([PackPath(path=path, trusted=True)])


@pytest.mark.parametrize(
    ("kinds", "controls"),
    [
        (("network.policy",), {"ingress", "ports"}),
        (("network.route",), {"ports"}),
        (("cluster.disruption-budget",), {"budget"}),
        (("cluster.namespace",), {"ingress", "quota", "security", "ports"}),
        (("workload.pods",), {"ingress", "quota", "security", "budget", "ports"}),
        (("network.route", "cluster.disruption-budget"), {"budget", "ports"}),
        (("storage.bucket",), set()),
    ],
)
def test_a_failed_look_at_some_kinds_leaves_open_the_controls_that_rest_on_them_and_no_other(
    kinds: tuple[str, ...], controls: set[str], book: Book
) -> None:
    failure = Failure(detector="cluster", part="cluster", reason="list: 403 Forbidden", kinds=kinds)
    [found] = judge(inventory.build(HEADER, (OK,), (failure,)), book)
    assert (found.rule, found.outcome) == (LOOK_FAILED, "unknown")
    assert set(found.controls) == {f"mine:{name}" for name in controls}


def test_a_failed_look_that_names_no_kind_leaves_open_what_the_part_may_bear_on(book: Book) -> None:
    failure = Failure(detector="cluster", part="cluster", reason="no connection")
    [found] = judge(inventory.build(HEADER, (OK,), (failure,)), book)
    assert set(found.controls) == {f"mine:{one.id}" for one in book.packs[0].controls}


def told(findings: tuple[Finding, ...]) -> set[tuple[str, str, str, str]]:
    return {(one.rule, one.resource.address, one.outcome, one.message) for one in findings}


def judged(resources: list[Resource], rules: set[str]) -> tuple[Finding, ...]:
    seen = msgspec.structs.replace(inventory.build(HEADER, (OK,), ()), resources=tuple(resources))
    return judge(derive(seen, DERIVATIONS), BOOK, Wanted(only=frozenset(rules)))


def test_a_rule_says_the_same_of_a_cluster_where_only_what_it_needs_was_looked_at() -> None:
    kinds = {kind for states in CLUSTER.surfaces.values() for kind in states}
    lineage = Lineage(BOOK, DERIVATIONS)
    by_need: dict[tuple[str, ...], set[str]] = {}
    for one in BOOK.rules.values():
        if one.kind in kinds:
            by_need.setdefault(lineage.needed(lambda name, wanted=one.id: name == wanted), set()).add(one.id)
    whole = told(judged(list(live()), {name for rules in by_need.values() for name in rules}))
    assert len(by_need) > 10
    for needed, rules in by_need.items():
        found = told(judged(looked_at(live(), needed), rules))
        assert found == {one for one in whole if one[0] in rules}, needed
