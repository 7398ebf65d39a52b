"""NetworkPolicies: what isn't known of them neither lets in nor keeps out."""

from collections.abc import Mapping
from typing import Any

import pytest

from assay.detectors.exposure.endpoints import Outside
from assay.detectors.exposure.policies import MOST_POLICIES
from assay.scanner.api import is_unknown
from tests.unit.exposure_objects import allow, namespace, peer, pods, policy, ports, requires, resource
from tests.unit.exposure_traffic import NO_REASON, OTHER, PEER, WEB, end, live, reaches


def test_other_labels_of_a_namespace_that_isnt_declared_are_unknown() -> None:
    one = policy("p", allows=[allow("ingress", [peer(namespaces=requires(team="science"))])])
    assert is_unknown(reaches(pods("x", "elsewhere"), WEB, 8080, one))


def test_a_namespace_that_is_declared_twice_has_the_labels_that_both_say() -> None:
    one = policy("p", allows=[allow("ingress", [peer(namespaces=requires(team="operations"))])])
    assert reaches(OTHER, WEB, 8080, one, namespace("batch", team="operations")) is True
    assert is_unknown(reaches(OTHER, WEB, 8080, one, namespace("batch", team="science")))


def test_an_operator_that_isnt_known_is_no_refusal() -> None:
    chosen = [peer([{"key": "app", "operator": "Near", "values": ["a"]}])]
    assert is_unknown(reaches(PEER, WEB, 8080, policy("p", allows=[allow("ingress", chosen)])))


@pytest.mark.parametrize("block", [peer(cidr="10.0.0.0/8"), peer(cidr="0.0.0.0/0", excepted=["10.0.0.0/8"])])
def test_whether_pods_have_addresses_of_a_smaller_block_is_unknown(block: Any) -> None:
    assert is_unknown(reaches(PEER, WEB, 8080, policy("p", allows=[allow("ingress", [block])])))


def test_a_block_that_cant_be_read_is_unknown() -> None:
    one = policy("p", allows=[allow("ingress", [peer(cidr="10.0.0.0/99")])])
    assert is_unknown(reaches(Outside(ip="10.0.0.1"), WEB, 8080, one))


def test_pods_on_the_nodes_network_are_selected_by_nobody_knows_what() -> None:
    host = pods("web", host_network=True)
    assert reaches(PEER, host, 8080) is True
    assert is_unknown(reaches(PEER, host, 8080, policy("deny")))
    assert is_unknown(reaches(host, WEB, 8080, policy("deny", selects=requires(app="web"))))


@pytest.mark.parametrize("engine", ["cilium", "calico", "admin", NO_REASON])
def test_policies_of_other_engines_make_what_they_may_touch_unknown(engine: Any) -> None:
    foreign = policy("x", engine=engine)
    assert is_unknown(reaches(PEER, WEB, 8080, foreign))
    assert reaches(WEB, OTHER, 8080, foreign) is True
    everywhere = resource(
        "network.policy",
        "CiliumClusterwideNetworkPolicy.x",
        {"namespace": None, "engine": "cilium", "pods": requires(app="other"), "directions": ["ingress"], "allows": []},
    )
    assert is_unknown(reaches(WEB, OTHER, 8080, everywhere))
    assert reaches(OTHER, WEB, 8080, everywhere) is True


def test_where_nothing_enforces_policies_they_keep_nothing_out_and_still_count_as_declared() -> None:
    web, denying = pods("web", source="kube:c"), policy("deny", source="kube:c")
    asked = live(web, denying, enforced=False)
    assert asked.allowed(end(PEER), end(web), 8080, "tcp") is True
    assert asked.isolates(end(web), "ingress") is True


def test_where_it_isnt_known_whether_they_are_enforced_they_keep_nothing_out_for_sure() -> None:
    web, denying = pods("web", source="kube:c"), policy("deny", selects=requires(app="web"), source="kube:c")
    for enforced in (NO_REASON, None):
        asked = live(web, denying, enforced=enforced)
        assert asked.allowed(end(PEER), end(web), 8080, "tcp") is None
        assert asked.allowed(end(web), end(PEER), 8080, "tcp") is True


def test_policies_that_werent_read_may_keep_out_and_let_in() -> None:
    web, denying = pods("web", source="kube:c"), policy("deny", source="kube:c")
    for policies in ([], [denying]):
        asked = live(web, *policies, unread="network.policy")
        assert asked.allowed(end(PEER), end(web), 8080, "tcp") is None
    assert live(web).isolates(end(web), "ingress") is False
    assert is_unknown(live(web, unread="network.policy").isolates(end(web), "ingress"))
    assert live(web, denying, unread="network.policy").isolates(end(web), "ingress") is True


def test_namespaces_that_werent_read_have_unknown_labels() -> None:
    web = pods("web", source="kube:c")
    one = policy("p", allows=[allow("ingress", [peer(namespaces=requires(team="x"))])], source="kube:c")
    assert live(web, one, unread="cluster.namespace").allowed(end(OTHER), end(web), 1, "tcp") is None
    known = live(web, one, namespace("batch", "kube:c", team="y"))
    assert known.allowed(end(OTHER), end(web), 1, "tcp") is False


@pytest.mark.parametrize("what", [{"selects": NO_REASON}, {"allows": NO_REASON}, {"allows": [NO_REASON]}])
def test_what_cant_be_read_of_a_policy_refuses_nothing(what: Mapping[str, Any]) -> None:
    assert is_unknown(reaches(PEER, WEB, 8080, policy("p", **what)))


def test_a_selection_that_isnt_known_lets_in_what_it_lets_in_either_way() -> None:
    unsure = policy("p", selects=NO_REASON, allows=[allow("ingress", ports=[ports(8080)])])
    assert reaches(PEER, WEB, 8080, unsure) is True
    assert is_unknown(reaches(PEER, WEB, 8081, unsure))
    assert is_unknown(reaches(PEER, WEB, 8080, unsure, policy("deny")))


def test_beyond_a_number_of_policies_what_else_they_let_in_is_unknown() -> None:
    policies = [policy(f"p{number:04}") for number in range(MOST_POLICIES + 1)]
    assert reaches(PEER, WEB, 8080, *policies[:MOST_POLICIES]) is False
    assert is_unknown(reaches(PEER, WEB, 8080, *policies))
