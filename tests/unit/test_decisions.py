"""Answers that are remembered are those that would have been given."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors.registry import DERIVATIONS
from assay.policies import book as policy
from assay.policies.cel.given import Given
from assay.policies.compiled import Compiled, Decision
from assay.scanner.engine import inventory
from assay.scanner.engine.derive import derive
from assay.scanner.engine.judge import EVERYTHING, judge
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Fact, Known, Unknown
from assay.scanner.model.finding import Finding
from assay.scanner.model.resource import Resource
from tests.unit.whole_worlds import everything

HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
OK = DetectorOutcome(id="iac", status="ok")
BOOK = policy.load(("gdpr", "hipaa"))
COUNT = "resources"
"""In the evidence of a pass that is told of several together."""


def judged(resources: Sequence[Resource]) -> tuple[Finding, ...]:
    seen = inventory.build(HEADER, (OK,), ())
    return judge(msgspec.structs.replace(seen, resources=tuple(resources)), BOOK)


def told(findings: Sequence[Finding]) -> tuple[Counter[bytes], Counter[tuple[str, str]]]:
    """The findings as they are but for fingerprints, which count; and of passes told together their numbers."""
    single = [one for one in findings if COUNT not in one.evidence]
    together: Counter[tuple[str, str]] = Counter()
    for one in findings:
        if COUNT in one.evidence:
            together[one.rule, one.resource.address] += one.evidence[COUNT]
    return Counter(msgspec.json.encode(msgspec.structs.replace(one, fingerprint="")) for one in single), together


def alone(resources: Sequence[Resource]) -> list[Finding]:
    return [finding for one in resources for finding in judged([one])]


REASONS = st.builds(Unknown, reason=st.sampled_from(["unresolved: var.a", "403"]))


def known(*values: Any) -> st.SearchStrategy[Fact]:
    return st.one_of(st.sampled_from(values).map(lambda value: Known(value=value)), REASONS)


WAY = {
    "origin": "internet",
    "port": 5432,
    "protocol": "tcp",
    "tls": False,
    "authenticated": False,
    "via": ["Service.a.b"],
}
WAYS = [WAY, {**WAY, "port": 443}, {**WAY, "origin": "cluster"}, {**WAY, "tls": True}, Unknown(reason="403")]
FACTS: Mapping[str, Mapping[str, st.SearchStrategy[Fact]]] = {
    "cluster.volume-claim": {
        "source": known("manifests"),
        "encrypted_at_rest": known(True, False),
        "customer_managed_key": known(True, False),
        "holds": known([], ["models"], ["datasets"], [Unknown(reason="403")]),
    },
    "workload.pods": {
        "source": known("manifests", "kube:prod"),
        "ways_in": st.lists(st.sampled_from(WAYS), max_size=3).map(lambda ways: Known(value=ways)),
        "system": known(None, "kubernetes"),
        "mesh": known(None, "istio"),
        "isolates_ingress": known(True, False),
    },
    "storage.bucket": {
        "versioned": known(True, False),
        "retention_days": known(None, 0, 30, 3650),
        "encrypted_at_rest": known(True, False),
    },
}


@st.composite
def worlds(draw: st.DrawFn) -> list[Resource]:
    """Few facts and many resources, so that most are like another in some ways and not in others."""
    found: list[Resource] = []
    for number in range(draw(st.integers(0, 14))):
        kind = draw(st.sampled_from(sorted(FACTS)))
        facts = {name: draw(values) for name, values in FACTS[kind].items() if draw(st.integers(0, 9))}
        found.append(Resource(kind=kind, address=f"r{number}", surface="kubernetes", facts=facts))
    return found


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_together_resources_are_found_to_be_what_each_is_alone(resources: list[Resource]) -> None:
    assert told(judged(resources)) == told(alone(resources))


def test_so_they_are_in_the_fixtures_clusters() -> None:
    seen = msgspec.structs.replace(inventory.build(HEADER, (OK,), ()), resources=tuple(everything()))
    resources = derive(seen, DERIVATIONS).resources
    by_kind: dict[str, list[Resource]] = {}
    for one in resources:
        by_kind.setdefault(one.kind, []).append(one)
    sample = [one for found in by_kind.values() for one in found[:: max(1, len(found) // 12)]]
    assert told(judged(sample)) == told(alone(sample))


def claims(number: int, like: int) -> list[Resource]:
    """`number` claims with `like` different answers among them."""
    return [
        Resource(
            kind="cluster.volume-claim",
            address=f"claim{one}",
            surface="kubernetes",
            facts={"encrypted_at_rest": Unknown(reason=f"no class {one % like}")},
        )
        for one in range(number)
    ]


def asked(resources: Sequence[Resource]) -> int:
    """How often a rule was put to facts."""
    calls = 0

    def decide(rule: Compiled, facts: Mapping[str, Any], given: Given) -> Decision:
        nonlocal calls
        calls += rule.rule.id == "claim-encrypted-at-rest"
        return rule.decide(facts, given)

    seen = msgspec.structs.replace(inventory.build(HEADER, (OK,), ()), resources=tuple(resources))
    judge(seen, BOOK, EVERYTHING, decide)
    return calls


def test_what_is_the_same_is_asked_once() -> None:
    shared = Unknown(reason="no class")
    same = [msgspec.structs.replace(one, facts={"encrypted_at_rest": shared}) for one in claims(300, 1)]
    assert asked(same) == 1


def test_where_hardly_anything_is_the_same_each_is_found_to_be_what_it_is() -> None:
    """Past some number of them, answers aren't remembered any more."""
    found = judged(claims(900, 900))
    reasons = {one.resource.address: one.evidence["unknown"] for one in found if one.rule == "claim-encrypted-at-rest"}
    assert reasons == {f"claim{one}": [f"encrypted_at_rest: no class {one}"] for one in range(900)}
