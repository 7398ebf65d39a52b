"""Administrators' policies as facts: AdminNetworkPolicy, BaselineAdminNetworkPolicy and ClusterNetworkPolicy."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, facts_of, network, objects_of, unknown

EVERYWHERE = "{namespaces: {}}"
SUBJECT = "subject: {namespaces: {}}"
SECOND = "policy.networking.k8s.io/v1alpha2"


def policy(spec: str, kind: str = "ClusterNetworkPolicy", status: str = "null", **options: Any) -> dict[str, Any]:
    version = SECOND if kind == "ClusterNetworkPolicy" else "policy.networking.k8s.io/v1alpha1"
    text = f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: p}}, spec: {{{spec}}}, status: {status}}}"
    [facts] = facts_of(network, objects_of(text, **options)).values()
    return facts


def rule(text: str, direction: str = "ingress", kind: str = "ClusterNetworkPolicy") -> Any:
    [found] = policy(f"tier: Admin, priority: 1, {SUBJECT}, {direction}: [{text}]", kind)["allows"]
    return found


@pytest.mark.parametrize(
    ("kind", "spec", "tier", "priority"),
    [
        ("AdminNetworkPolicy", "priority: 5", "admin", 5),
        ("BaselineAdminNetworkPolicy", "", "baseline", None),
        ("ClusterNetworkPolicy", "tier: Admin, priority: 0", "admin", 0),
        ("ClusterNetworkPolicy", "tier: Baseline, priority: 7", "baseline", 7),
        ("ClusterNetworkPolicy", "tier: Other, priority: 7", Unknown, 7),
        ("ClusterNetworkPolicy", "priority: 7", Unknown, 7),
        ("AdminNetworkPolicy", "", "admin", Unknown),
    ],
)
def test_tier_and_priority_by_kind(kind: str, spec: str, tier: Any, priority: Any) -> None:
    facts = policy(f"{spec}{', ' if spec else ''}{SUBJECT}", kind)
    assert facts["engine"] == "admin" and facts["namespace"] is None
    for name, expected in (("tier", tier), ("priority", priority)):
        assert unknown(facts[name]) if expected is Unknown else facts[name] == expected


@pytest.mark.parametrize(
    ("subject", "namespaces", "pods"),
    [
        ("{namespaces: {}}", [], []),
        ("{namespaces: {matchLabels: {a: b}}}", ["a"], []),
        ("{pods: {namespaceSelector: {matchLabels: {a: b}}, podSelector: {matchLabels: {c: d}}}}", ["a"], ["c"]),
        ("{pods: {podSelector: {matchLabels: {c: d}}}}", [], ["c"]),
        ("{namespaces: {}, pods: {}}", Unknown, Unknown),
        ("{}", Unknown, Unknown),
        ("null", Unknown, Unknown),
    ],
)
def test_for_whom_a_policy_is(subject: str, namespaces: Any, pods: Any) -> None:
    facts = policy(f"tier: Admin, priority: 1, subject: {subject}")
    for name, expected in (("subject", namespaces), ("pods", pods)):
        found = facts[name]
        assert unknown(found) if expected is Unknown else [one["key"] for one in found] == expected


@pytest.mark.parametrize(
    ("kind", "action", "expected"),
    [
        ("AdminNetworkPolicy", "Allow", "allow"),
        ("ClusterNetworkPolicy", "Accept", "allow"),
        ("ClusterNetworkPolicy", "Deny", "deny"),
        ("ClusterNetworkPolicy", "Pass", "pass"),
    ],
)
def test_actions_have_one_name_in_both_forms(kind: str, action: str, expected: str) -> None:
    assert rule(f"{{action: {action}, from: [{EVERYWHERE}]}}", kind=kind)["action"] == expected


@pytest.mark.parametrize(
    "text",
    [
        "{action: Log, from: [{namespaces: {}}]}",
        "{from: [{namespaces: {}}]}",
        "{action: Deny}",
        "{action: Deny, from: []}",
    ],
)
def test_a_rule_without_a_known_action_or_anybody_is_unknown(text: str) -> None:
    assert unknown(rule(text))


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("{namespaces: {}}", {"namespaces": []}),
        ("{pods: {namespaceSelector: {}, podSelector: {}}}", {"namespaces": [], "pods": []}),
        ("{networks: [10.0.0.0/8]}", {"cidr": "10.0.0.0/8"}),
        ("{nodes: {}}", {"elsewhere": "nodes"}),
        ("{domainNames: [a.org]}", {"elsewhere": "names"}),
        ("{}", Unknown),
        ("{sideways: {}}", Unknown),
        ("{namespaces: {}, nodes: {}}", Unknown),
        ('{networks: ["${RANGE}"]}', Unknown),
    ],
)
def test_peers_of_each_sort(peer: str, expected: Any) -> None:
    [found] = rule(f"{{action: Deny, to: [{peer}]}}", "egress")["peers"]
    nobody = {"pods": None, "namespaces": None, "cidr": None, "excepted": [], "elsewhere": None}
    assert unknown(found) if expected is Unknown else found == {**nobody, **expected}


def test_several_blocks_of_a_peer_are_several_peers() -> None:
    found = rule("{action: Deny, to: [{networks: [10.0.0.0/8, 192.168.0.0/16]}]}", "egress")["peers"]
    assert [one["cidr"] for one in found] == ["10.0.0.0/8", "192.168.0.0/16"]


TCP_80 = [("tcp", "80", None)]
BY_NAME = [("tcp", "web", None), ("udp", "web", None), ("sctp", "web", None)]


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ("protocols: [{tcp: {destinationPort: {number: 80}}}]", TCP_80),
        ("protocols: [{udp: {destinationPort: {range: {start: 80, end: 90}}}}]", [("udp", "80", 90)]),
        ("protocols: [{tcp: {}}]", [("tcp", None, None)]),
        ("protocols: [{destinationNamedPort: web}]", BY_NAME),
        ("protocols: [{tcp: {}, udp: {}}]", [Unknown]),
        ("protocols: [{icmp: {}}]", [Unknown]),
        ("protocols: [{tcp: {destinationPort: {range: {start: 90, end: 80}}}}]", [Unknown]),
        ("ports: [{portNumber: {port: 80}}]", TCP_80),
        ("ports: [{portNumber: {protocol: UDP, port: 53}}]", [("udp", "53", None)]),
        ("ports: [{portRange: {protocol: TCP, start: 80, end: 90}}]", [("tcp", "80", 90)]),
        ("ports: [{namedPort: web}]", BY_NAME),
        ("ports: [{}]", [Unknown]),
        ("ports: null", []),
    ],
)
def test_ports_of_both_forms(ports: str, expected: list[Any]) -> None:
    found = rule(f"{{action: Deny, from: [{EVERYWHERE}], {ports}}}")["ports"]
    assert [Unknown if unknown(one) else (one["protocol"], one["port"], one["end_port"]) for one in found] == expected


def test_rules_stand_in_their_order_and_say_the_directions() -> None:
    both = f"ingress: [{{action: Accept, from: [{EVERYWHERE}]}}, {{action: Deny, from: [{EVERYWHERE}]}}]"
    facts = policy(f"tier: Admin, priority: 1, {SUBJECT}, {both}, egress: [{{action: Pass, to: [{EVERYWHERE}]}}]")
    assert facts["directions"] == ["egress", "ingress"]
    assert [one["action"] for one in facts["allows"]] == ["allow", "deny", "pass"]


@pytest.mark.parametrize(
    ("source", "status", "in_force"),
    [
        ("manifests", "null", True),
        (LIVE, "{conditions: [{type: Accepted, status: 'True'}]}", True),
        (LIVE, "{conditions: [{type: Accepted, status: 'False'}]}", Unknown),
        (LIVE, "{conditions: []}", Unknown),
        (LIVE, "null", Unknown),
    ],
)
def test_a_live_policy_is_in_force_where_something_says_that_it_acts_on_it(
    source: str, status: str, in_force: Any
) -> None:
    found = policy(f"tier: Admin, priority: 1, {SUBJECT}", status=status, source=source)["in_force"]
    assert unknown(found) if in_force is Unknown else found is in_force


@pytest.mark.parametrize(("name", "odd"), [("http", False), ("a b", True), ("$PORT", True)])
def test_a_port_named_as_none_may_be_is_unknown(name: str, odd: bool) -> None:
    given = f"{{action: Accept, from: [{EVERYWHERE}], protocols: [{{destinationNamedPort: '{name}'}}]}}"
    assert all(unknown(port) is odd for port in rule(given)["ports"])
