"""Administrators' policies: before NetworkPolicies, after them, in the order of their priorities and rules."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from assay.detectors.exposure.endpoints import Outside
from assay.scanner.api import Known, Resource, Unknown, is_unknown
from tests.unit.exposure_objects import (
    Facts,
    allow,
    backend,
    derived,
    fact,
    named,
    namespace,
    peer,
    pods,
    policy,
    port,
    ports,
    ranked,
    requires,
    route,
    service,
    service_port,
)
from tests.unit.exposure_traffic import NO_REASON, OTHER, PEER, WEB, end, live, reaches
from tests.unit.exposure_ways import ways

ALL_PODS = peer(namespaces=[])
FROM_BATCH = peer(namespaces=named("batch"))
DENY_ALL = allow("ingress", [ALL_PODS], action="deny")


def rule(action: str, *peers: Facts, on: Sequence[Facts] = (), direction: str = "ingress") -> Facts:
    return allow(direction, list(peers) or [ALL_PODS], on, action)


NETWORK_POLICY = policy("let", allows=[allow("ingress", [FROM_BATCH])])


def test_what_it_denies_no_network_policy_lets_in() -> None:
    assert reaches(OTHER, WEB, 8080, NETWORK_POLICY, ranked("a", [rule("deny", FROM_BATCH)])) is False


def test_what_it_allows_no_network_policy_keeps_out() -> None:
    assert reaches(PEER, WEB, 8080, policy("deny"), ranked("a", [rule("allow")])) is True


def test_what_it_passes_or_doesnt_name_is_left_to_network_policies() -> None:
    passing = ranked("a", [rule("pass", FROM_BATCH), DENY_ALL])
    assert reaches(OTHER, WEB, 8080, NETWORK_POLICY, passing) is True
    assert reaches(OTHER, WEB, 8080, policy("deny"), passing) is False
    assert reaches(PEER, WEB, 8080, policy("deny"), ranked("a", [rule("deny", FROM_BATCH)])) is False
    assert reaches(PEER, WEB, 8080, ranked("a", [rule("deny", FROM_BATCH)])) is True


def test_the_first_rule_that_fits_decides() -> None:
    assert reaches(OTHER, WEB, 8080, ranked("a", [rule("allow", FROM_BATCH), DENY_ALL])) is True
    assert reaches(OTHER, WEB, 8080, ranked("a", [DENY_ALL, rule("allow", FROM_BATCH)])) is False
    assert reaches(PEER, WEB, 8080, ranked("a", [rule("allow", FROM_BATCH), DENY_ALL])) is False


def test_the_lower_priority_number_decides_whatever_the_names() -> None:
    first, second = ranked("z", [rule("allow")], priority=1), ranked("a", [DENY_ALL], priority=2)
    assert reaches(PEER, WEB, 8080, first, second) is True
    assert reaches(PEER, WEB, 8080, second, first) is True


def test_of_the_same_priority_either_may_decide() -> None:
    assert is_unknown(reaches(PEER, WEB, 8080, ranked("a", [rule("allow")]), ranked("b", [DENY_ALL])))
    assert reaches(PEER, WEB, 8080, ranked("a", [DENY_ALL]), ranked("b", [DENY_ALL])) is False
    assert reaches(PEER, WEB, 8080, ranked("a", [rule("allow", FROM_BATCH)]), ranked("b", [DENY_ALL])) is False


def test_the_baseline_decides_only_where_no_network_policy_selects() -> None:
    baseline = ranked("default", [DENY_ALL], "baseline", None)
    assert reaches(OTHER, WEB, 8080, baseline) is False
    assert reaches(OTHER, WEB, 8080, baseline, NETWORK_POLICY) is True
    assert reaches(OTHER, WEB, 8080, baseline, policy("other", selects=requires(app="x"))) is False
    assert reaches(OTHER, WEB, 8080, ranked("default", [rule("allow"), DENY_ALL], "baseline", None)) is True


def test_ports_and_names_of_ports_count() -> None:
    some = ranked("a", [rule("deny", on=[ports(8080), ports("http")])])
    assert reaches(PEER, WEB, 8080, some) is False
    assert reaches(PEER, WEB, 9090, some) is True
    assert reaches(PEER, WEB, 8080, some, protocol="udp") is True


def test_whom_it_is_for_goes_by_namespaces_and_pods() -> None:
    elsewhere = ranked("a", [DENY_ALL], subject=named("batch"))
    assert reaches(PEER, WEB, 8080, elsewhere) is True
    assert reaches(PEER, OTHER, 8080, elsewhere) is False
    assert reaches(PEER, WEB, 8080, ranked("a", [DENY_ALL], pods=requires(app="x"))) is True
    assert reaches(PEER, WEB, 8080, ranked("a", [DENY_ALL], subject=requires(team="science"))) is False


def test_pods_on_the_nodes_network_are_left_alone() -> None:
    assert reaches(PEER, pods("web", host_network=True), 8080, ranked("a", [DENY_ALL])) is True


def test_what_comes_from_outside_is_none_of_its_affair() -> None:
    assert reaches(Outside(ip="203.0.113.9"), WEB, 8080, ranked("a", [DENY_ALL])) is True


@pytest.mark.parametrize(
    "facts",
    [
        {"tier": NO_REASON},
        {"priority": NO_REASON},
        {"subject": NO_REASON},
        {"pods": NO_REASON},
        {"in_force": NO_REASON},
        {"allows": NO_REASON},
        {"allows": [NO_REASON]},
        {"allows": [{**DENY_ALL, "action": NO_REASON}]},
        {"allows": [{**DENY_ALL, "peers": [NO_REASON]}]},
    ],
)
def test_what_isnt_known_of_it_neither_lets_in_nor_keeps_out(facts: Mapping[str, Any]) -> None:
    made_of = ranked("a", [DENY_ALL])
    stated = {name: NO_REASON if value is NO_REASON else Known(value=value) for name, value in facts.items()}
    one = structs.replace(made_of, facts={**made_of.facts, **stated})
    assert is_unknown(reaches(PEER, WEB, 8080, one))


def test_a_policy_that_wasnt_read_may_let_in_what_one_denies() -> None:
    web, denying = pods("web", source="kube:c"), ranked("a", [DENY_ALL], source="kube:c")
    assert live(web, denying).allowed(end(PEER), end(web), 8080, "tcp") is False
    assert live(web, denying, unread="network.policy").allowed(end(PEER), end(web), 8080, "tcp") is None


@pytest.mark.parametrize(
    ("one", "isolates"),
    [
        (ranked("a", [DENY_ALL]), True),
        (ranked("a", [rule("allow", FROM_BATCH), DENY_ALL]), True),
        (ranked("default", [DENY_ALL], "baseline", None), True),
        (ranked("a", [rule("deny", FROM_BATCH)]), False),
        (ranked("a", [rule("deny", on=[ports(22)])]), False),
        (ranked("a", [rule("allow")]), False),
        (ranked("a", [DENY_ALL], subject=named("batch")), False),
    ],
)
def test_it_isolates_where_it_keeps_out_whom_it_doesnt_name(one: Resource, isolates: bool) -> None:
    found = derived([WEB, one, namespace("ml")])
    assert fact(found["Deployment.ml.web"], "isolates_ingress") is isolates


# From where


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([ranked("a", [DENY_ALL])], []),
        ([ranked("a", [rule("deny", FROM_BATCH)])], [("namespaces", 0, ())]),
        ([ranked("a", [rule("allow", peer(namespaces=named("ml"))), DENY_ALL])], [("namespace", 0, ())]),
        ([ranked("a", [rule("allow", FROM_BATCH), DENY_ALL])], [("namespaces", 0, ())]),
        ([ranked("a", [rule("allow", FROM_BATCH, on=[ports(8080)]), DENY_ALL])], [("namespaces", 8080, ())]),
        ([ranked("a", [rule("pass", FROM_BATCH), DENY_ALL])], [("namespaces", 0, ())]),
        ([ranked("a", [rule("pass", FROM_BATCH), DENY_ALL]), policy("deny")], []),
        ([ranked("a", [rule("deny", peer([], []))])], []),
        ([ranked("a", [rule("deny", peer(requires(app="x"), []))])], [("cluster", 0, ())]),
        ([ranked("a", [rule("allow")]), policy("deny")], [("cluster", 0, ())]),
        ([ranked("d", [DENY_ALL], "baseline", None)], []),
        ([ranked("d", [DENY_ALL], "baseline", None), NETWORK_POLICY], [("namespaces", 0, ())]),
        ([ranked("a", [rule("deny", on=[ports(1, 8079), ports(8081, 65535)])])],
         [("cluster", 0, ()), ("cluster", 0, ()), ("cluster", 8080, ())]),
        ([ranked("a", [rule("deny", peer(namespaces=requires(team="x")))])], [("cluster", 0, ())]),
        ([ranked("a", [rule("deny", peer(namespaces=requires(team="x")))]), namespace("x", team="x")],
         [("namespaces", 0, ())]),
        ([ranked("a", [DENY_ALL], in_force=NO_REASON)], ["?"]),
    ],
)  # fmt: skip
def test_ways_in_go_by_the_tiers(policies: list[Resource], expected: list[Any]) -> None:
    found = ways(WEB, namespace("ml"), namespace("batch"), *policies)
    # Of the protocols that a rule doesn't name, each is told by itself.
    assert sorted(map(str, found)) == sorted(map(str, expected))


def test_what_an_ingress_leads_to_goes_by_the_tiers() -> None:
    there = [service("web", [service_port(80, 8080)]), route("web", [backend("web", 80)]), namespace("edge")]
    through = ("internet", 8080, ("Ingress.ml.web", "Service.ml.web"))
    assert through in ways(WEB, *there, ranked("a", [rule("deny", FROM_BATCH)]))
    assert ways(WEB, *there, policy("shut"), ranked("a", [DENY_ALL])) == []
    assert through in ways(WEB, *there, policy("shut"), ranked("a", [rule("allow", peer(namespaces=named("edge")))]))


# Out to the internet


def out(action: str, *peers: Facts, on: Sequence[Facts] = ()) -> Facts:
    return rule(action, *peers, on=on, direction="egress")


def everywhere(*, but: Sequence[str] = ()) -> Facts:
    return peer(cidr="0.0.0.0/0", excepted=but)


SIXTH = peer(cidr="::/0")
SHUT = policy("shut", directions=["egress"])


@pytest.mark.parametrize(
    ("policies", "internet", "metadata"),
    [
        ([ranked("a", [out("deny", everywhere(), SIXTH)])], False, False),
        ([ranked("a", [out("deny", everywhere())])], True, True),
        ([ranked("a", [out("deny", ALL_PODS)])], True, True),
        ([ranked("a", [out("deny", peer(cidr="169.254.0.0/16"), peer(cidr="fd00:ec2::254/128"))])], True, False),
        ([ranked("a", [out("deny", everywhere(), SIXTH, on=[ports(25)])])], True, True),
        ([ranked("a", [out("allow", peer(cidr="203.0.113.0/24")), out("deny", everywhere(), SIXTH)])], False, False),
        ([ranked("a", [out("allow", peer(elsewhere="names")), out("deny", everywhere(), SIXTH)])], False, "?"),
        ([ranked("a", [out("allow", everywhere())]), SHUT], True, True),
        ([ranked("a", [out("allow", peer(cidr="203.0.113.0/24"))]), SHUT], False, False),
        ([ranked("a", [out("pass", everywhere(), SIXTH)]), SHUT], False, False),
        ([ranked("d", [out("deny", everywhere(), SIXTH)], "baseline", None)], False, False),
        ([ranked("d", [out("deny", everywhere(), SIXTH)], "baseline", None),
          policy("out", directions=["egress"], allows=[allow("egress", [everywhere()])])], True, True),
        ([ranked("a", [out("deny", everywhere(), SIXTH)], in_force=NO_REASON)], "?", "?"),
        ([ranked("a", [out("deny", everywhere(), SIXTH)]), ranked("b", [out("allow", everywhere())])], "?", "?"),
    ],
)  # fmt: skip
def test_where_it_may_connect_goes_by_the_tiers(policies: list[Resource], internet: Any, metadata: Any) -> None:
    found = derived([WEB, *policies])["Deployment.ml.web"]
    said = ["?" if is_unknown(one) else one for one in (fact(found, "internet_egress"), fact(found, "metadata_egress"))]
    assert said == [internet, metadata]


@pytest.mark.parametrize(
    ("one", "denies"),
    [
        (ranked("a", [DENY_ALL]), True),
        (ranked("a", [rule("allow", FROM_BATCH), DENY_ALL]), False),
        (ranked("a", [rule("deny", FROM_BATCH)]), False),
        (ranked("a", [DENY_ALL], subject=named("batch")), False),
        (ranked("a", [DENY_ALL], pods=requires(app="x")), False),
        (ranked("a", [DENY_ALL], in_force=NO_REASON), Unknown),
    ],
)
def test_a_namespace_is_denied_where_one_shuts_all_its_pods(one: Resource, denies: Any) -> None:
    found = fact(derived([namespace("ml"), one])["Namespace.ml"], "denies_ingress")
    assert is_unknown(found) if denies is Unknown else found is denies


# A second implementation, straight from https://network-policy-api.sigs.k8s.io/api-overview/


def slow_fits(stated: Mapping[str, Any], src: tuple[str, str], number: int) -> bool:
    names = [value for one in stated["peers"] for need in one["namespaces"] or [] for value in need["values"]]
    somebody = any(not one["namespaces"] for one in stated["peers"]) or src[0] in names
    apps = [one["pods"][0]["values"][0] for one in stated["peers"] if one["pods"]]
    wanted = not apps or src[1] in apps
    return somebody and wanted and (not stated["ports"] or str(number) in [one["port"] for one in stated["ports"]])


def slow(found: Sequence[Mapping[str, Any]], isolated: bool, src: tuple[str, str], number: int) -> bool:
    for tier in ("admin", "baseline"):
        if tier == "baseline" and isolated:
            return False
        of_tier = sorted((one for one in found if one["tier"] == tier), key=lambda one: int(one["priority"]))
        fitting = [rule for one in of_tier for rule in one["allows"] if slow_fits(rule, src, number)]
        if fitting and fitting[0]["action"] != "pass":
            return bool(fitting[0]["action"] == "allow")
    return True


one_peer = st.builds(
    lambda space, app: peer(requires(app=app) if app else None, named(space) if space else []),
    st.sampled_from(["ml", "batch", None]),
    st.sampled_from(["peer", "other", None]),
)
one_rule = st.builds(
    lambda action, who, on: allow("ingress", [who], [ports(on)] if on else [], action),
    st.sampled_from(["allow", "deny", "pass"]),
    one_peer,
    st.sampled_from([8080, 9090, None]),
)
one_policy = st.tuples(st.sampled_from(["admin", "baseline"]), st.lists(one_rule, max_size=4))
quick = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def made(found: Sequence[tuple[str, list[Facts]]]) -> list[Resource]:
    return [
        ranked(f"p{number}", rules, tier, number, directions=["ingress"]) for number, (tier, rules) in enumerate(found)
    ]


def plain(one: Resource) -> Mapping[str, Any]:
    return {name: stated.value for name, stated in one.facts.items()}


@quick
@given(st.lists(one_policy, max_size=4), st.booleans(), st.sampled_from([PEER, OTHER]), st.sampled_from([8080, 9090]))
def test_the_slow_implementation_says_the_same(
    found: list[tuple[str, list[Facts]]], isolated: bool, src: Resource, number: int
) -> None:
    policies = made(found)
    source = ("ml", "peer") if src is PEER else ("batch", "other")
    expected = slow([plain(one) for one in policies], isolated, source, number)
    assert reaches(src, WEB, number, *policies, *([policy("shut")] if isolated else [])) is expected


@quick
@given(st.lists(one_policy, max_size=4), st.booleans(), st.sampled_from(["peer", "other", "third"]))
def test_ways_hold_whoever_is_let_in(found: list[tuple[str, list[Facts]]], isolated: bool, app: str) -> None:
    """A pod that reaches a port takes a way that is told."""
    policies = [*made(found), *([policy("shut")] if isolated else [])]
    told = ways(pods("web", ports=[port(8080)]), namespace("ml"), namespace("batch"), *policies)
    for space in ("ml", "batch"):
        if reaches(pods(app, space), pods("web", ports=[port(8080)]), 8080, *policies) is True:
            origins = {"cluster", "namespaces", "namespace"} if space == "ml" else {"cluster", "namespaces"}
            assert any(one == "?" or (one[0] in origins and one[1] in (0, 8080)) for one in told)


def test_very_many_policies_and_rules_are_bounded() -> None:
    many = [ranked(f"p{number:03}", [rule("deny", FROM_BATCH)], priority=number) for number in range(300)]
    assert is_unknown(reaches(PEER, WEB, 8080, *many))
    wide = ranked("a", [rule("deny", FROM_BATCH, on=[ports(2 * number) for number in range(1, 400)])])
    assert "?" in ways(WEB, wide)
