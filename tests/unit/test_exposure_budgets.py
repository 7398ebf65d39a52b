"""Which budgets keep a pod of a workload while nodes are drained, and which only look as if they did."""

from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.scanner.api import Known, Resource, Unknown
from tests.unit.exposure_objects import derived, fact, listing, pods, resource

NO_VALUE = Unknown(reason="a variable without a value")


def budget(
    selector: Any = None,
    namespace: Any = "ml",
    least: Any = None,
    away: Any = None,
    name: str = "b",
    source: str = "manifests",
) -> Resource:
    stated = {"namespace": namespace, "selector": selector, "min_available": least, "max_unavailable": away}
    return resource("cluster.disruption-budget", f"PodDisruptionBudget.ml.{name}", stated, source)


def web(replicas: Any = 3, name: str = "web", **facts: Any) -> Resource:
    return pods(name, labels=facts.pop("labels", {"app": "web"}), replicas=replicas, **facts)


def kept(*found: Resource, name: str = "web") -> Any:
    """`?` where it isn't known whether some pod is kept."""
    stated = fact(derived([*found])[f"Deployment.ml.{name}"], "disruption_budget")
    return "?" if isinstance(stated, Unknown) else stated


WEB = {"app": "web"}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (budget(WEB, away="1"), True),
        (budget({}, away="1"), True),
        (budget(None, away="1"), False),
        (budget({"app": "other"}, away="1"), False),
        (budget(WEB, "batch", away="1"), False),
        (budget(NO_VALUE, away="1"), "?"),
        (budget({"app": NO_VALUE}, away="1"), "?"),
        (budget(WEB, NO_VALUE, away="1"), "?"),
        # What lets everything go keeps nothing, whatever it may be for.
        (budget(NO_VALUE, away="100%"), False),
    ],
)
def test_a_budget_is_for_what_it_selects(made: Resource, expected: Any) -> None:
    assert kept(web(), made) == expected


@pytest.mark.parametrize(
    ("least", "away", "expected"),
    [
        ("1", None, True),
        ("3", None, True),
        ("0", None, False),
        ("0%", None, False),
        ("1%", None, True),
        ("100%", None, True),
        (None, "0", True),
        (None, "0%", True),
        (None, "2", True),
        (None, "3", False),
        (None, "66%", True),
        (None, "67%", False),
        (None, "100%", False),
        (None, NO_VALUE, "?"),
        (NO_VALUE, None, "?"),
        (None, None, "?"),
        ("1", "1", "?"),
        ("odd", None, "?"),
    ],
)
def test_a_budget_keeps_pods_only_where_fewer_may_go_than_there_are(least: Any, away: Any, expected: Any) -> None:
    assert kept(web(3), budget(WEB, least=least, away=away)) == expected


@pytest.mark.parametrize("replicas", [NO_VALUE, None])
@pytest.mark.parametrize(
    ("least", "away", "expected"),
    [
        ("1", None, True),
        ("50%", None, True),
        ("0", None, False),
        (None, "0", True),
        (None, "100%", False),
        (None, "1", "?"),
        (None, "50%", "?"),
    ],
)
def test_an_unknown_number_of_pods_matters_where_it_decides(
    least: Any, away: Any, expected: Any, replicas: Any
) -> None:
    assert kept(web(replicas), budget(WEB, least=least, away=away)) == expected


@pytest.mark.parametrize(
    ("least", "away", "expected"),
    [
        ("4", None, False),
        ("5", None, True),
        ("40%", None, False),
        ("75%", None, True),
        (None, "2", True),
        (None, "50%", False),
        (None, "25%", True),
    ],
)
def test_pods_of_another_workload_may_be_those_that_stay(least: Any, away: Any, expected: bool) -> None:
    """Of seven pods that the budget counts, three are asked about."""
    assert kept(web(3), web(4, "other"), budget(WEB, least=least, away=away)) is expected


def test_another_workload_that_may_be_counted_leaves_open_who_stays() -> None:
    both = [web(3), budget(WEB, least="1")]
    assert kept(*both) is True
    assert kept(*both, web(NO_VALUE, "other")) == "?"
    assert kept(*both, web(None, "other")) == "?"
    assert kept(*both, web(4, "other", labels={"app": NO_VALUE})) == "?"
    assert kept(*both, web(4, "other", labels={"app": "x"})) is True
    assert kept(*both, pods("other", "batch", labels=WEB, replicas=4)) is True


def test_two_revisions_of_one_workload_are_one() -> None:
    assert kept(web(3), web(3), budget(WEB, least="1")) is True
    old, new, other = web(3, "old"), web(5, "old"), web(5)
    for found in ([old, new, other], [other, new, old]):
        assert kept(*found, budget(WEB, least="6")) is True
        assert kept(*found, budget(WEB, least="5")) is False


def test_one_budget_that_keeps_some_is_enough() -> None:
    assert kept(web(), budget(WEB, away="100%", name="a"), budget(WEB, away="1", name="b")) is True
    assert kept(web(), budget(WEB, away="100%", name="a"), budget(WEB, away="3", name="b")) is False


def test_pods_that_could_not_be_listed_may_be_those_that_stay() -> None:
    live: dict[str, Any] = {"source": "kube:c"}
    found = [web(3, **live), budget(WEB, least="1", **live), listing("cluster.disruption-budget", "kube:c")]
    denied = listing("workload.pods", "kube:c", Unknown(reason="403"))
    assert kept(*found, listing("workload.pods", "kube:c")) is True
    assert kept(*found, denied) == "?"
    assert kept(web(3, **live), budget(WEB, away="1", **live), found[2], denied) is True


def test_thousands_of_budgets_for_one_workload_are_not_all_looked_at() -> None:
    many = [budget(WEB, least="0", name=f"b{number}") for number in range(3000)]
    workloads = [web(1, f"w{number}") for number in range(300)]
    assert kept(web(), *workloads, *many) == "?"
    elsewhere = pods("calm", "batch", labels=WEB, replicas=2)
    assert fact(derived([elsewhere, *many])["Deployment.batch.calm"], "disruption_budget") is False


@given(
    st.integers(1, 12),
    st.integers(0, 12),
    st.one_of(st.integers(0, 14), st.integers(0, 120).map(lambda number: f"{number}%")),
    st.booleans(),
)
def test_kept_is_that_some_must_stay_by_kubernetes_own_count(own: int, others: int, amount: Any, least: bool) -> None:
    """As the controller counts: what must be healthy of all, percentages rounded up; the rest may be evicted."""
    pods_of_all = own + others
    many = ceil(int(amount[:-1]) * pods_of_all / 100) if isinstance(amount, str) else amount
    may_go = max(pods_of_all - many, 0) if least else many
    stated = {"least": str(amount)} if least else {"away": str(amount)}
    assert kept(web(own), web(others, "other"), budget(WEB, **stated)) is (may_go < own)


def test_what_was_stated_before_the_amounts_were_is_not_known() -> None:
    older = resource("cluster.disruption-budget", "PodDisruptionBudget.ml.b", {"namespace": "ml", "selector": WEB})
    assert older.facts["selector"] == Known(value=WEB)
    assert kept(web(), older) == "?"
