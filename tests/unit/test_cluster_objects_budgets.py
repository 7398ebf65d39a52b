"""Disruption budgets as facts: what they select, keep and block."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, cluster, facts_of, objects_of, unknown


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else bool(fact == expected)


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ml}
spec: {replicas: 2, template: {metadata: {labels: {app: web, tier: a}}, spec: {containers: []}}}
"""


def budget(spec: str, *more: str, version: str = "policy/v1", status: str = "null", **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: {version}
kind: PodDisruptionBudget
metadata: {{name: b, namespace: ml}}
spec: {spec}
status: {status}
"""
    return facts_of(cluster, objects_of("\n---\n".join((text, *more)), **options))["PodDisruptionBudget.ml.b"]


WEB = "selector: {matchLabels: {app: web}}"


@pytest.mark.parametrize(
    ("spec", "more", "blocks"),
    [
        ("{maxUnavailable: 0}", (), True),
        ("{maxUnavailable: 0%}", (), True),
        ("{minAvailable: 100%}", (), True),
        ("{maxUnavailable: 1}", (), False),
        ("{minAvailable: 50%}", (), False),
        (f"{{minAvailable: 1, {WEB}}}", (DEPLOYMENT,), False),
        (f"{{minAvailable: 2, {WEB}}}", (DEPLOYMENT,), True),
        ("{minAvailable: 2, selector: {}}", (DEPLOYMENT,), True),
        ("{minAvailable: 2, selector: {matchLabels: {app: other}}}", (DEPLOYMENT,), False),
        (f"{{minAvailable: 2, {WEB}}}", (), False),
        ("{minAvailable: 2}", (DEPLOYMENT,), False),
        ("{minAvailable: 2, selector: {matchExpressions: [{key: app, operator: Exists}]}}", (DEPLOYMENT,), Unknown),
    ],
)
def test_budgets_under_which_no_pod_may_go(spec: str, more: tuple[str, ...], blocks: Any) -> None:
    assert agrees(budget(spec, *more)["blocks_all"], blocks)


def test_controllers_that_could_not_be_read_may_be_all_that_a_budget_is_for() -> None:
    assert unknown(budget(f"{{minAvailable: 2, {WEB}}}", missing={"apps/Deployment": "broken file"})["blocks_all"])


@pytest.mark.parametrize(
    ("status", "blocks"),
    [
        ("{expectedPods: 2, desiredHealthy: 2}", True),
        ("{expectedPods: 3, desiredHealthy: 2}", False),
        ("{expectedPods: 0, desiredHealthy: 1}", False),
        ("null", Unknown),
    ],
)
def test_a_live_cluster_counts_a_budgets_pods(status: str, blocks: Any) -> None:
    assert agrees(budget("{minAvailable: 2}", status=status, source=LIVE)["blocks_all"], blocks)


@pytest.mark.parametrize(
    ("selector", "version", "fact"),
    [
        ("{matchLabels: {app: web}}", "policy/v1", {"app": "web"}),
        ("{matchExpressions: [{key: app, operator: In, values: [web]}]}", "policy/v1", {"app": "web"}),
        ("{matchExpressions: [{key: app, operator: In, values: [a, b]}]}", "policy/v1", Unknown),
        ("{matchExpressions: [{key: app, operator: Near}]}", "policy/v1", Unknown),
        ("{}", "policy/v1", {}),
        ("{}", "policy/v1beta1", None),
        ("null", "policy/v1", None),
    ],
)
def test_what_a_budget_selects(selector: str, version: str, fact: Any) -> None:
    assert agrees(budget(f"{{selector: {selector}}}", version=version)["selector"], fact)


@pytest.mark.parametrize(
    ("given", "fact"),
    [
        ("1", "1"),
        ("0", "0"),
        ("'2'", "2"),
        ("50%", "50%"),
        ("null", None),
        ("'${MIN}'", Unknown),
        ("half", Unknown),
        ("-1", Unknown),
    ],
)
def test_how_many_pods_a_budget_keeps_or_lets_go(given: str, fact: Any) -> None:
    for field, name in (("minAvailable", "min_available"), ("maxUnavailable", "max_unavailable")):
        facts = budget(f"{{{field}: {given}}}")
        assert agrees(facts[name], fact)
        assert facts["min_available" if name == "max_unavailable" else "max_unavailable"] is None


@pytest.mark.parametrize(("number", "bounded"), [(200, False), (201, True)])
def test_a_budget_that_may_be_for_more_controllers_than_are_looked_at_is_unknown(number: int, bounded: bool) -> None:
    many = [DEPLOYMENT.replace("name: web", f"name: web-{one}") for one in range(number)]
    assert unknown(budget(f"{{minAvailable: 2, {WEB}}}", *many)["blocks_all"]) is bounded
