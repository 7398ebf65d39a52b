"""Rules with `passes: together`: one finding for all that pass, and one for each that doesn't."""

import random
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.policies import book as policy
from assay.policies.book import PackPath
from assay.scanner.engine import inventory
from assay.scanner.engine.judge import Wanted, judge
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Fact, Known, Unknown
from assay.scanner.model.finding import Finding
from assay.scanner.model.resource import Resource

HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
OK = DetectorOutcome(id="iac", status="ok")
BOOK = policy.load(("gdpr", "hipaa"))
RULE = "claim-encrypted-at-rest"
PORTS = "workload-no-database-ports-from-internet"
ONLY = Wanted(only=frozenset({RULE}))


def claim(name: str, encrypted: bool | None, source: str | None = "manifests") -> Resource:
    """None: it isn't known."""
    facts: dict[str, Fact] = {} if source is None else {"source": Known(value=source)}
    facts["encrypted_at_rest"] = Unknown(reason="no such class") if encrypted is None else Known(value=encrypted)
    return Resource(kind="cluster.volume-claim", address=name, surface="kubernetes", facts=facts)


def judged(*resources: Resource) -> tuple[Finding, ...]:
    return judge(inventory.build(HEADER, (OK,), resources), BOOK, ONLY)


def shown(findings: tuple[Finding, ...]) -> list[tuple[str, str, Any]]:
    return [(one.outcome, one.resource.address, one.evidence.get("resources")) for one in findings]


def test_what_passes_is_one_finding_for_the_source_with_its_number() -> None:
    assert BOOK.rules[RULE].passes == "together"
    [found] = judged(claim("a", True), claim("b", True), claim("c", True))
    assert shown((found,)) == [("pass", "manifests", 3)]
    assert "(3 of the kind cluster.volume-claim)" in found.message
    assert found.location is None
    [alone] = judged(claim("a", False))
    assert (found.controls, found.safeguards, found.severity) == (alone.controls, alone.safeguards, alone.severity)


def test_what_fails_or_is_not_known_is_told_of_each_beside_it() -> None:
    found = judged(claim("a", True), claim("b", False), claim("c", None), claim("d", True), claim("e", False))
    assert sorted(shown(found)) == [
        ("fail", "b", None),
        ("fail", "e", None),
        ("pass", "manifests", 2),
        ("unknown", "c", None),
    ]


def test_sources_are_told_apart_and_what_has_none_goes_by_its_surface() -> None:
    found = judged(claim("a", True, "charts/a"), claim("a", True, "kube:prod"), claim("b", True, None))
    assert sorted(shown(found)) == [("pass", "charts/a", 1), ("pass", "kube:prod", 1), ("pass", "kubernetes", 1)]


def test_where_nothing_passes_no_pass_is_told() -> None:
    assert shown(judged(claim("a", False))) == [("fail", "a", None)]
    assert judged() == ()


def test_packs_with_other_parameters_neither_count_twice_nor_hide_what_fails_by_one_of_them(tmp_path: Path) -> None:
    control = f"controls: [{{id: one, title: One, citation: c, testable: automatable, include: [{PORTS}]}}]"
    for name, ports in (("usual", "[5432]"), ("strict", "[5432, 8080]")):
        head = f'id: {name}\ntitle: T\nversion: "1"\nsource: us\nparameters: {{database_ports: {ports}}}\n'
        (tmp_path / f"{name}.yaml").write_text(head + control + "\n")
    book = policy.load([PackPath(path=tmp_path / f"{name}.yaml", trusted=True) for name in ("usual", "strict")])
    ways = [{"origin": "internet", "port": 8080, "protocol": "tcp", "tls": False, "authenticated": False, "via": []}]

    def pods(name: str, ways_in: list[Any]) -> Resource:
        facts = {"source": Known(value="manifests"), "ways_in": Known(value=ways_in)}
        return Resource(kind="workload.pods", address=name, surface="kubernetes", facts=facts)

    only = Wanted(only=frozenset({PORTS}))
    found = judge(inventory.build(HEADER, (OK,), (pods("open", ways), pods("closed", []))), book, only)
    assert {(one.outcome, one.resource.address, one.evidence.get("resources"), one.controls) for one in found} == {
        ("fail", "open", None, ("strict:one",)),
        ("pass", "manifests", 2, ("strict:one", "usual:one")),
    }


claims = st.lists(
    st.builds(
        claim,
        st.sampled_from("abcdefgh"),
        st.sampled_from([True, False, None]),
        st.sampled_from(["manifests", "kube:prod", None]),
    ),
    max_size=25,
)


@settings(max_examples=80, deadline=None)
@given(claims, st.randoms(use_true_random=False))
def test_nothing_is_hidden_and_the_order_changes_no_byte(given_claims: list[Resource], chance: random.Random) -> None:
    unique = {(one.address, str(one.facts.get("source"))): one for one in given_claims}
    resources = list(unique.values())
    found = judged(*resources)
    outcomes = Counter(one.facts["encrypted_at_rest"] for one in resources)
    assert sum(one.outcome == "fail" for one in found) == outcomes[Known(value=False)]
    assert sum(one.outcome == "unknown" for one in found) == outcomes[Unknown(reason="no such class")]
    assert sum(one.evidence.get("resources", 0) for one in found) == outcomes[Known(value=True)]
    shuffled = msgspec.structs.replace(
        inventory.build(HEADER, (OK,), ()), resources=tuple(chance.sample(resources, len(resources)))
    )
    assert msgspec.json.encode(judge(shuffled, BOOK, ONLY)) == msgspec.json.encode(found)
