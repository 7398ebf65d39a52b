"""NetworkPolicies: whom they select and whom their peers mean, by the examples of the documentation."""

import pytest

from assay.detectors.exposure.endpoints import Outside
from tests.unit.exposure_objects import allow, named, peer, pods, policy, requires
from tests.unit.exposure_traffic import OTHER, PEER, WEB, reaches


def test_without_policies_everything_is_let_through() -> None:
    assert reaches(OTHER, WEB, 1) is True
    assert reaches(Outside(ip="203.0.113.9"), WEB, 65535, protocol="udp") is True


def test_a_policy_isolates_what_it_selects_and_nothing_else() -> None:
    denying = policy("deny", selects=requires(app="web"))
    assert reaches(PEER, WEB, 8080, denying) is False
    assert reaches(WEB, PEER, 8080, denying) is True


def test_a_policy_of_another_namespace_selects_nothing_here() -> None:
    assert reaches(PEER, WEB, 8080, policy("deny", "batch")) is True


def test_directions_isolate_apart() -> None:
    outgoing = policy("deny", directions=["egress"])
    assert reaches(OTHER, WEB, 8080, outgoing) is True
    assert reaches(WEB, OTHER, 8080, outgoing) is False


def test_the_sources_egress_and_the_destinations_ingress_must_both_let_through() -> None:
    incoming = policy("in", allows=[allow("ingress", [peer(namespaces=[])])])
    outgoing = policy("out", "batch", directions=["egress"])
    assert reaches(OTHER, WEB, 8080, incoming) is True
    assert reaches(OTHER, WEB, 8080, incoming, outgoing) is False
    onward = policy("on", "batch", directions=["egress"], allows=[allow("egress", [peer(namespaces=named("ml"))])])
    assert reaches(OTHER, WEB, 8080, incoming, outgoing, onward) is True


def test_both_selectors_of_one_peer_must_fit_and_either_of_two_peers() -> None:
    both = [peer(requires(app="other"), requires(team="science"))]
    either = [peer(requires(app="other")), peer(namespaces=requires(team="operations"))]
    assert reaches(OTHER, WEB, 8080, policy("p", allows=[allow("ingress", both)])) is False
    assert reaches(OTHER, WEB, 8080, policy("p", allows=[allow("ingress", either)])) is True


def test_a_pod_selector_alone_is_for_the_policys_own_namespace() -> None:
    one = policy("p", allows=[allow("ingress", [peer(requires(app="other"))])])
    assert reaches(OTHER, WEB, 8080, one) is False
    assert reaches(pods("other"), WEB, 8080, one) is True


def test_the_automatic_name_of_a_namespace_holds_where_it_isnt_declared() -> None:
    one = policy("p", allows=[allow("ingress", [peer(namespaces=named("elsewhere"))])])
    assert reaches(pods("x", "elsewhere"), WEB, 8080, one) is True
    assert reaches(OTHER, WEB, 8080, one) is False


@pytest.mark.parametrize(
    ("operator", "values", "fits"),
    [
        ("In", ["peer", "x"], True),
        ("In", ["x"], False),
        ("NotIn", ["x"], True),
        ("NotIn", ["peer"], False),
        ("Exists", [], True),
        ("DoesNotExist", [], False),
    ],
)
def test_each_operator_of_a_selector(operator: str, values: list[str], fits: bool) -> None:
    chosen = [peer([{"key": "app", "operator": operator, "values": values}])]
    assert reaches(PEER, WEB, 8080, policy("p", allows=[allow("ingress", chosen)])) is fits


@pytest.mark.parametrize(
    ("operator", "fits"), [("In", False), ("NotIn", True), ("Exists", False), ("DoesNotExist", True)]
)
def test_a_label_that_isnt_there_meets_only_what_asks_for_its_absence(operator: str, fits: bool) -> None:
    chosen = [peer([{"key": "tier", "operator": operator, "values": ["a"]}])]
    assert reaches(PEER, WEB, 8080, policy("p", allows=[allow("ingress", chosen)])) is fits
