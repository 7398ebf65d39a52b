"""Network policies as facts: Kubernetes' own to the letter, those of other engines by whom they may touch."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.selectors import Expression, LabelSelector, may_share, requirements, takes
from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import facts_of, network, objects_of, unknown

EVERYBODY: dict[str, Any] = {"action": "allow", "peers": [], "ports": []}


def one(text: str) -> dict[str, Any]:
    [facts] = facts_of(network, objects_of(text)).values()
    return facts


def policy(spec: str) -> dict[str, Any]:
    return one(f"""
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p, namespace: ml}}
spec: {spec}
""")


def peers(rule: str) -> list[Any]:
    found: list[Any] = policy(f"{{podSelector: {{}}, ingress: [{{from: [{rule}]}}]}}")["allows"][0]["peers"]
    return found


@pytest.mark.parametrize(
    ("spec", "directions", "allows"),
    [
        ("{podSelector: {}}", ["ingress"], []),
        ("null", ["ingress"], []),
        ("{podSelector: {}, ingress: []}", ["ingress"], []),
        ("{podSelector: {}, ingress: [{}]}", ["ingress"], [{"direction": "ingress", **EVERYBODY}]),
        ("{podSelector: {}, egress: []}", ["ingress"], []),
        ("{podSelector: {}, egress: [{}]}", ["egress", "ingress"], [{"direction": "egress", **EVERYBODY}]),
        ("{podSelector: {}, policyTypes: [Egress]}", ["egress"], []),
        ("{podSelector: {}, policyTypes: []}", ["ingress"], []),
        ("{podSelector: {}, policyTypes: [Egress], ingress: [{}]}", ["egress"], []),
        ("{podSelector: {}, policyTypes: [Ingress, Egress]}", ["egress", "ingress"], []),
        ("{podSelector: {}, policyTypes: [Sideways]}", Unknown, Unknown),
    ],
)
def test_directions_default_as_the_api_server_says(spec: str, directions: Any, allows: Any) -> None:
    facts = policy(spec)
    for name, expected in (("directions", directions), ("allows", allows)):
        assert unknown(facts[name]) if expected is Unknown else facts[name] == expected


@pytest.mark.parametrize(
    ("block", "refused"),
    [
        ("{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}", False),
        ("{cidr: 10.0.0.1}", True),
        ("{cidr: office/8}", True),
        ("{cidr: 10.0.0.0/8, except: [10.1.0.1]}", True),
    ],
)
def test_a_block_that_a_server_refuses_makes_the_policy_nothing(block: str, refused: bool) -> None:
    facts = policy(f"{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {block}}}]}}]}}")
    assert unknown(facts["directions"]) is refused and unknown(facts["allows"][0]["peers"][0]) is refused


def test_a_missing_selector_of_a_peer_differs_from_an_empty_one() -> None:
    nobody = {"cidr": None, "excepted": [], "elsewhere": None}
    assert peers("{podSelector: {}}") == [{"pods": [], "namespaces": None, **nobody}]
    assert peers("{namespaceSelector: {}}") == [{"pods": None, "namespaces": [], **nobody}]
    assert peers("{namespaceSelector: {}, podSelector: {}}") == [{"pods": [], "namespaces": [], **nobody}]
    assert peers("{namespaceSelector: null, podSelector: {}}") == [{"pods": [], "namespaces": None, **nobody}]
    both = peers("{podSelector: {matchLabels: {a: b}}}, {namespaceSelector: {}}")
    assert [peer["pods"] for peer in both] == [[{"key": "a", "operator": "In", "values": ["b"]}], None]


def test_a_range_keeps_its_exceptions() -> None:
    [peer] = peers("{ipBlock: {cidr: 10.0.0.0/8, except: [10.2.0.0/16, 10.1.0.0/16]}}")
    selects = {"pods": None, "namespaces": None, "elsewhere": None}
    assert peer == {**selects, "cidr": "10.0.0.0/8", "excepted": ["10.1.0.0/16", "10.2.0.0/16"]}


@pytest.mark.parametrize(
    "rule",
    [
        "{}",
        "{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}",
        "{ipBlock: {}}",
        '{ipBlock: {cidr: "${RANGE}"}}',
        "{podSelector: {matchExpressions: [{key: a, operator: Near, values: [b]}]}}",
        "{podSelector: {matchExpressions: [{key: a, operator: In}]}}",
        "{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
        "{podSelector: {matchExpressions: [{operator: Exists}]}}",
    ],
)
def test_a_peer_that_kubernetes_would_refuse_is_unknown(rule: str) -> None:
    assert all(map(unknown, peers(rule)))


@pytest.mark.parametrize(
    ("port", "fact"),
    [
        ("{port: 80}", {"protocol": "tcp", "port": "80", "end_port": None}),
        ("{port: http, protocol: UDP}", {"protocol": "udp", "port": "http", "end_port": None}),
        ("{protocol: SCTP}", {"protocol": "sctp", "port": None, "end_port": None}),
        ("{port: 8000, endPort: 9000}", {"protocol": "tcp", "port": "8000", "end_port": 9000}),
        ("{}", {"protocol": "tcp", "port": None, "end_port": None}),
        ("{port: http, endPort: 9000}", Unknown),
        ("{port: 9000, endPort: 8000}", Unknown),
        ("{endPort: 9000}", Unknown),
        ("{port: 80, protocol: ICMP}", Unknown),
        ('{port: "${PORT}"}', Unknown),
    ],
)
def test_ports_by_number_name_and_range(port: str, fact: Any) -> None:
    [allowance] = policy(f"{{podSelector: {{}}, ingress: [{{ports: [{port}]}}]}}")["allows"]
    assert unknown(allowance["ports"][0]) if fact is Unknown else allowance["ports"] == [fact]


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3)
EXPRESSIONS = st.builds(
    lambda key, operator, values: Expression(
        key=key, operator=operator, values=values if operator in ("In", "NotIn") else None
    ),
    st.sampled_from("abc"),
    st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    st.lists(st.sampled_from("xyz"), min_size=1, max_size=3),
)
SELECTORS = st.builds(LabelSelector, match_labels=LABELS, match_expressions=st.lists(EXPRESSIONS, max_size=3))


@given(SELECTORS)
def test_requirements_of_a_selector_read_back_as_the_same_requirements(selector: LabelSelector) -> None:
    found = requirements(selector)
    assert not isinstance(found, Unknown)
    again = LabelSelector(match_expressions=[Expression(**{**one, "values": one["values"] or None}) for one in found])
    assert requirements(again) == found


def naive(selector: LabelSelector, labels: dict[str, str]) -> bool:
    for key, value in (selector.match_labels or {}).items():
        if key not in labels or labels[key] != value:
            return False
    for one in selector.match_expressions or ():
        there = one.key in labels
        inside = there and labels[one.key or ""] in (one.values or ())
        if not {"In": inside, "NotIn": not inside, "Exists": there, "DoesNotExist": not there}[one.operator or ""]:
            return False
    return True


@given(SELECTORS, LABELS)
def test_requirements_take_what_the_selector_takes(selector: LabelSelector, labels: dict[str, str]) -> None:
    found = requirements(selector)
    assert not isinstance(found, Unknown)
    assert takes(found, labels) == naive(selector, labels)


@given(LABELS, LABELS, LABELS)
def test_two_maps_that_select_the_same_labels_may_share_them(
    one: dict[str, str], other: dict[str, str], labels: dict[str, str]
) -> None:
    if one.items() <= labels.items() and other.items() <= labels.items():
        assert may_share(one, other)


def test_a_selector_of_very_many_requirements_is_unknown() -> None:
    assert unknown(requirements(LabelSelector(match_labels={str(number): "x" for number in range(1000)})))


def cilium(spec: str, kind: str = "CiliumNetworkPolicy") -> dict[str, Any]:
    return one(f"{{apiVersion: cilium.io/v2, kind: {kind}, metadata: {{name: p, namespace: ml}}, spec: {spec}}}")


def test_cilium_policies_are_stated_without_their_rules() -> None:
    facts = cilium('{endpointSelector: {matchLabels: {app: web, "k8s:tier": a}}, ingress: [{}], egressDeny: [{}]}')
    assert facts["engine"] == "cilium" and facts["namespace"] == "ml" and facts["allows"] == []
    assert facts["directions"] == ["egress", "ingress"]
    assert [one["key"] for one in facts["pods"]] == ["app", "tier"]
    assert cilium("{endpointSelector: {}}", "CiliumClusterwideNetworkPolicy")["namespace"] is None


def test_an_empty_section_of_cilium_switches_to_default_deny() -> None:
    assert cilium("{endpointSelector: {}, ingress: []}")["directions"] == ["ingress"]
    assert cilium("{endpointSelector: {}}")["directions"] == []


@pytest.mark.parametrize("label", ["reserved:host", "io.kubernetes.pod.namespace", "k8s:io.cilium.k8s.policy.cluster"])
def test_cilium_selectors_of_other_things_than_labels_are_unknown(label: str) -> None:
    assert unknown(cilium(f'{{endpointSelector: {{matchLabels: {{"{label}": x}}}}}}')["pods"])


def test_cilium_policies_for_nodes_are_not_for_pods() -> None:
    spec = "{nodeSelector: {}, ingress: [{}]}"
    text = f"{{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {{name: p}}, spec: {spec}}}"
    assert facts_of(network, objects_of(text)) == {}


def calico(spec: str, kind: str = "NetworkPolicy", version: str = "projectcalico.org/v3") -> dict[str, Any]:
    return one(f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: p, namespace: ml}}, spec: {spec}}}")


@pytest.mark.parametrize(
    ("selector", "keys"),
    [
        ("all()", []),
        ("", []),
        ("app == 'web'", ["app"]),
        ("app == \\\"web\\\" && tier != 'a' && has(x) && !has(y)", ["app", "tier", "x", "y"]),
        ("app in {'a'}", Unknown),
        ("app == 'web' || all()", Unknown),
        ("(" * 5000, Unknown),
        ("a" * 20_000, Unknown),
    ],
)
def test_plain_selectors_of_calico_are_read_and_others_are_unknown(selector: str, keys: Any) -> None:
    pods = calico(f'{{selector: "{selector}"}}')["pods"]
    assert unknown(pods) if keys is Unknown else [one["key"] for one in pods] == keys


@pytest.mark.parametrize(
    ("spec", "directions"),
    [
        ("{}", ["ingress"]),
        ("{ingress: [{}]}", ["ingress"]),
        ("{egress: [{}]}", ["egress"]),
        ("{egress: [{}], ingress: [{}]}", ["egress", "ingress"]),
        ("{types: [Egress]}", ["egress"]),
    ],
)
def test_calicos_directions(spec: str, directions: list[str]) -> None:
    assert calico(spec)["directions"] == directions


def test_global_policies_of_calico_have_no_namespace_and_may_choose_some() -> None:
    assert calico("{}", "GlobalNetworkPolicy", "crd.projectcalico.org/v1")["namespace"] is None
    assert unknown(calico("{namespaceSelector: a == 'b'}", "GlobalNetworkPolicy")["pods"])


def test_calicos_policies_are_stated_once_where_both_of_its_apis_show_them() -> None:
    text = """
{apiVersion: crd.projectcalico.org/v1, kind: NetworkPolicy, metadata: {name: p, namespace: ml}}
---
{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p, namespace: ml}}
"""
    assert len(list(network(objects_of(text, source="kube:test")))) == 1
