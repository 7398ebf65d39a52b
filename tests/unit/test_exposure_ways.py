"""From where pods of the cluster reach a workload."""

from typing import Any

import pytest

from assay.scanner.api import Resource
from tests.unit.exposure_objects import allow, named, namespace, peer, pods, policy, ports, ranked, requires, resource
from tests.unit.exposure_ways import DENY, EVERYWHERE, NO_VALUE, WEB, closed, letting, software, ways


def test_what_nothing_isolates_is_reached_by_all_pods_on_every_port() -> None:
    assert ways(WEB) == [EVERYWHERE]


def test_what_is_fully_isolated_is_reached_by_nobody() -> None:
    assert ways(WEB, DENY) == []


@pytest.mark.parametrize(
    ("peers", "origin"),
    [
        ([], "cluster"),
        ([peer([])], "namespace"),
        ([peer(requires(app="x"))], "namespace"),
        ([peer(namespaces=[])], "cluster"),
        ([peer(requires(app="x"), [])], "cluster"),
        ([peer(namespaces=named("edge"))], "namespaces"),
        ([peer(namespaces=named("ml"))], "namespace"),
        ([peer(namespaces=requires(team="x"))], "namespaces"),
        ([peer(cidr="0.0.0.0/0")], "cluster"),
        ([peer([]), peer(namespaces=named("edge"))], "namespaces"),
    ],
)
def test_the_widest_of_a_rules_peers_is_the_origin(peers: list[Any], origin: str) -> None:
    assert ways(WEB, letting(*peers)) == [(origin, 0, ())]


def test_in_a_live_cluster_a_selector_is_for_the_namespaces_that_are_there() -> None:
    source = "kube:c"
    web = pods("web", source=source)
    let = policy("let", allows=[allow("ingress", [peer(namespaces=requires(team="x"))])], source=source)
    ml = namespace("ml", source, team="x")
    assert ways(*closed(web, let, ml, namespace("a", source, team="y"))) == [("namespace", 0, ())]
    assert ways(*closed(web, let, ml, namespace("a", source, team="x"), namespace("b", source))) == [
        ("namespaces", 0, ())
    ]
    assert ways(*closed(web, let, ml, namespace("a", source, team="x"))) == [EVERYWHERE]
    assert ways(*closed(web, let, namespace("ml", source), namespace("a", source))) == []


def test_in_a_live_cluster_all_but_empty_and_system_namespaces_are_the_cluster() -> None:
    source = "kube:c"
    homes = [pods("web", source=source), pods("job", "a", source=source)]
    let = policy("let", allows=[allow("ingress", [peer(namespaces=requires(team="x"))])], source=source)
    system = resource("cluster.namespace", "Namespace.kube-system", {"labels": {}, "system": True}, source)
    chosen = [namespace("ml", source, team="x"), namespace("a", source, team="x")]
    agent = pods("agent", "kube-system", source=source)
    assert ways(*closed(*homes, agent, let, *chosen, system, namespace("empty", source))) == [EVERYWHERE]
    lived_in = [pods("job", "b", source=source), namespace("b", source)]
    assert ways(*closed(*homes, let, *chosen, *lived_in)) == [("namespaces", 0, ())]


@pytest.mark.parametrize("operator", ["NotIn", "DoesNotExist"])
@pytest.mark.parametrize("ranked_before", [False, True])
def test_a_selector_of_whatever_lacks_a_label_is_for_the_cluster(operator: str, ranked_before: bool) -> None:
    without = {"key": "team", "operator": operator, "values": ["x"] if operator == "NotIn" else []}
    let = letting(peer(namespaces=[without]))
    before = [ranked("a", [allow("ingress", [peer(namespaces=named("nobody"))])])] if ranked_before else []
    spaces = [namespace("ml"), namespace("x", team="x")]
    assert ways(WEB, let, *spaces, *before) == [EVERYWHERE]
    both = letting(peer(namespaces=[without, *requires(tier="front")]))
    assert ways(WEB, both, *spaces, *before) == [("namespaces", 0, ())]


def test_every_namespace_has_the_label_of_its_name() -> None:
    named_at_all = {"key": "kubernetes.io/metadata.name", "operator": "Exists", "values": []}
    assert ways(WEB, letting(peer(namespaces=[named_at_all]))) == [EVERYWHERE]
    assert ways(WEB, letting(peer(namespaces=[named_at_all, *named("edge")]))) == [("namespaces", 0, ())]


def test_single_ports_give_single_ways_and_names_are_resolved() -> None:
    assert ways(WEB, letting(on=[ports("http"), ports(9000)])) == [("cluster", 8080, ()), ("cluster", 9000, ())]
    assert ways(WEB, letting(on=[ports("absent")])) == []


def test_of_a_range_the_ports_that_are_known_are_told_apart() -> None:
    assert ways(WEB, letting(on=[ports(8000, 9000)])) == [("cluster", 8080, ())]
    assert ways(WEB, software(), letting(on=[ports(8000, 9000)])) == [("cluster", 8080, ()), ("cluster", 8265, ())]
    assert ways(WEB, letting(on=[ports(100, 200)])) == [("cluster", 100, ())]
    assert ways(WEB, letting(on=[ports(1, 65535)])) == [("cluster", 0, ())]


def test_a_wider_way_holds_a_narrower_one() -> None:
    narrow = policy("narrow", allows=[allow("ingress", [peer([])], [ports(8080)])])
    assert ways(WEB, narrow, letting(peer(namespaces=[]), on=[ports(8080)])) == [("cluster", 8080, ())]
    assert ways(WEB, narrow, letting()) == [EVERYWHERE]


def test_a_block_may_hold_pods() -> None:
    assert ways(WEB, letting(peer([]), peer(cidr="10.0.0.0/8"))) == [("namespace", 0, ()), "?"]


@pytest.mark.parametrize("unsure", [policy("x", selects=NO_VALUE), policy("x", engine="cilium")])
def test_a_policy_that_may_isolate_leaves_it_unknown(unsure: Resource) -> None:
    assert ways(WEB, unsure) == ["?"]


def test_a_rule_that_cant_be_read_may_let_in_more() -> None:
    one = policy("let", allows=[allow("ingress", [peer([])]), NO_VALUE])
    assert ways(WEB, one) == [("namespace", 0, ()), "?"]


def test_where_policies_may_not_be_enforced_there_may_be_more_ways() -> None:
    web, deny = pods("web", source="kube:c"), policy("deny", source="kube:c")
    assert ways(*closed(web, deny)) == []
    assert ways(*closed(web, deny, enforced=False)) == [EVERYWHERE]
    assert ways(*closed(web, deny, enforced=NO_VALUE)) == ["?"]
    assert ways(*closed(web, enforced=NO_VALUE)) == [EVERYWHERE]
