"""NetworkPolicies: examples of the documentation, and a second, slow implementation of it on generated policies."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.detectors.exposure.endpoints import Outside, Workload, workload
from assay.detectors.exposure.policies import MOST_POLICIES, Traffic
from assay.detectors.worlds import worlds
from assay.scanner.api import Resource, Unknown, is_unknown
from tests.unit.exposure_objects import (
    allow,
    container,
    listing,
    named,
    namespace,
    peer,
    pods,
    policy,
    port,
    ports,
    requires,
    resource,
)

NO_REASON = Unknown(reason="a variable without a value")


def end(made: Resource) -> Workload:
    found = workload(made)
    assert found is not None
    return found


def traffic(*resources: Resource) -> Traffic:
    [world] = worlds(resources)
    found = (workload(one) for one in resources if one.kind == "workload.pods")
    return Traffic(world, [one for one in found if one is not None])


WEB = pods("web", ports=[port(8080, "http"), port(9090)])
PEER = pods("peer")
OTHER = pods("other", "batch")
ML, BATCH = namespace("ml", team="science"), namespace("batch", team="operations")


def reaches(src: Resource | Outside, dst: Resource, number: int, *policies: Resource, protocol: str = "tcp") -> Any:
    """Whether it is let through, or why that isn't known."""
    asked = traffic(WEB, ML, BATCH, *policies)
    source = src if isinstance(src, Outside) else end(src)
    answer = asked.decide(source, end(dst), number, protocol)
    allowed = asked.allowed(source, end(dst), number, protocol)
    assert allowed is (None if isinstance(answer, Unknown) else answer)
    return answer


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


def test_other_labels_of_a_namespace_that_isnt_declared_are_unknown() -> None:
    one = policy("p", allows=[allow("ingress", [peer(namespaces=requires(team="science"))])])
    assert is_unknown(reaches(pods("x", "elsewhere"), WEB, 8080, one))


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


def test_an_operator_that_isnt_known_is_no_refusal() -> None:
    chosen = [peer([{"key": "app", "operator": "Near", "values": ["a"]}])]
    assert is_unknown(reaches(PEER, WEB, 8080, policy("p", allows=[allow("ingress", chosen)])))


@pytest.mark.parametrize(
    ("stated", "number", "protocol", "fits"),
    [
        (ports(8080), 8080, "tcp", True),
        (ports(8080), 8081, "tcp", False),
        (ports(8080), 8080, "udp", False),
        (ports(8080, protocol="UDP"), 8080, "udp", True),
        (ports(8000, 9000), 8500, "tcp", True),
        (ports(8000, 9000), 9001, "tcp", False),
        (ports(None), 1, "tcp", True),
        (ports(None, protocol="UDP"), 1, "tcp", False),
        (ports("http"), 8080, "tcp", True),
        (ports("http"), 9090, "tcp", False),
        (ports("metrics"), 9090, "tcp", False),
    ],
)
def test_ports_by_number_range_name_and_protocol(stated: Any, number: int, protocol: str, fits: bool) -> None:
    one = policy("p", allows=[allow("ingress", ports=[stated])])
    assert reaches(PEER, WEB, number, one, protocol=protocol) is fits


def test_a_named_port_is_the_destinations_for_egress_too() -> None:
    out = policy("p", "batch", directions=["egress"], allows=[allow("egress", ports=[ports("http")])])
    assert reaches(OTHER, WEB, 8080, out) is True
    assert reaches(OTHER, PEER, 8080, out) is False


@pytest.mark.parametrize(
    ("cidr", "excepted", "ip", "fits"),
    [
        ("203.0.113.0/24", [], "203.0.113.9", True),
        ("203.0.113.0/24", ["203.0.113.8/29"], "203.0.113.9", False),
        ("203.0.113.0/24", [], "203.0.114.9", False),
        ("0.0.0.0/0", ["10.0.0.0/8"], "10.1.1.1", False),
        ("0.0.0.0/0", [], "2001:db8::1", False),
        ("2001:db8::/32", ["2001:db8:1::/48"], "2001:db8::1", True),
        ("2001:db8::/32", ["2001:db8:1::/48"], "2001:db8:1::1", False),
        ("::/0", [], "2001:db8::1", True),
    ],
)
def test_blocks_and_exceptions_of_both_versions(cidr: str, excepted: list[str], ip: str, fits: bool) -> None:
    one = policy("p", allows=[allow("ingress", [peer(cidr=cidr, excepted=excepted)])])
    assert reaches(Outside(ip=ip), WEB, 8080, one) is fits


def test_selectors_let_no_address_in() -> None:
    one = policy("p", allows=[allow("ingress", [peer(namespaces=[])])])
    assert reaches(Outside(ip="203.0.113.9"), WEB, 8080, one) is False


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0"])
def test_a_block_of_all_addresses_holds_the_pods(cidr: str) -> None:
    assert reaches(PEER, WEB, 8080, policy("p", allows=[allow("ingress", [peer(cidr=cidr)])])) is True


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


def live(*resources: Resource, unread: str | None = None, enforced: bool | Unknown | None = True) -> Traffic:
    kinds = ("network.policy", "cluster.namespace", "cluster.control-plane")
    listings = [listing(kind, "kube:c", Unknown(reason="403 Forbidden") if kind == unread else True) for kind in kinds]
    facts = {} if enforced is None else {"network_policy": enforced}
    return traffic(*resources, *listings, resource("cluster.control-plane", "ControlPlane", facts, "kube:c"))


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


def test_who_can_reach_a_port_is_named() -> None:
    one = policy("p", selects=requires(app="web"), allows=[allow("ingress", [peer(requires(app="peer"))])])
    found = traffic(WEB, PEER, OTHER, one).sources_of(end(WEB), 8080)
    assert (found.workloads, found.namespaces, found.unknown) == (("Deployment.ml.peer",), ("ml",), None)
    blocks = policy("p", allows=[allow("ingress", [peer(cidr="10.0.0.0/8")])])
    found = traffic(WEB, PEER, OTHER, blocks).sources_of(end(WEB), 8080)
    assert found.workloads == () and found.unknown == "pods may have addresses of 10.0.0.0/8"


# A second implementation, straight from https://kubernetes.io/docs/concepts/services-networking/network-policies/

Rule = Mapping[str, Any]


def slow_selects(selector: Sequence[Rule], labels: Mapping[str, str]) -> bool:
    for one in selector:
        has = one["key"] in labels
        if one["operator"] == "Exists" and not has:
            return False
        if one["operator"] == "DoesNotExist" and has:
            return False
        if one["operator"] == "In" and not (has and labels[one["key"]] in one["values"]):
            return False
        if one["operator"] == "NotIn" and has and labels[one["key"]] in one["values"]:
            return False
    return True


def slow_peer(one: Rule, home: str, other: Any, spaces: Mapping[str, Mapping[str, str]], pods_in_blocks: bool) -> bool:
    if one["cidr"] is not None:
        if isinstance(other, str):
            inside = ipaddress.ip_address(other) in ipaddress.ip_network(one["cidr"])
            return inside and all(
                ipaddress.ip_address(other) not in ipaddress.ip_network(hole) for hole in one["excepted"]
            )
        return pods_in_blocks or (one["cidr"] in ("0.0.0.0/0", "::/0") and not one["excepted"])
    if isinstance(other, str):
        return False
    space, labels, _ = other
    if one["namespaces"] is None:
        if space != home:
            return False
    elif not slow_selects(one["namespaces"], {**spaces[space], "kubernetes.io/metadata.name": space}):
        return False
    return one["pods"] is None or slow_selects(one["pods"], labels)


def slow_port(one: Rule, target: Any, number: int, protocol: str) -> bool:
    if one["protocol"].lower() != protocol:
        return False
    if one["port"] is None:
        return True
    if not one["port"].isdigit():
        own = [] if isinstance(target, str) else target[2]
        return any((p["name"], p["number"], p["protocol"]) == (one["port"], number, protocol) for p in own)
    return int(one["port"]) <= number <= (one["end_port"] or int(one["port"]))


def slow_allows(
    policies: Sequence[Rule], spaces: Any, src: Any, dst: Any, number: int, protocol: str, pods_in_blocks: bool
) -> bool:
    for direction, this, other in (("ingress", dst, src), ("egress", src, dst)):
        if isinstance(this, str):
            continue
        selecting = [
            one
            for one in policies
            if one["namespace"] == this[0] and direction in one["directions"] and slow_selects(one["pods"], this[1])
        ]
        if not selecting:
            continue
        if not any(
            rule["direction"] == direction
            and (
                not rule["peers"]
                or any(slow_peer(p, one["namespace"], other, spaces, pods_in_blocks) for p in rule["peers"])
            )
            and (not rule["ports"] or any(slow_port(p, dst, number, protocol) for p in rule["ports"]))
            for one in selecting
            for rule in one["allows"]
        ):
            return False
    return True


def slow(policies: Sequence[Rule], spaces: Any, src: Any, dst: Any, number: int, protocol: str) -> bool | None:
    """More let through is never less let through, so the two extremes tell what isn't known."""
    least = slow_allows(policies, spaces, src, dst, number, protocol, False)
    most = slow_allows(policies, spaces, src, dst, number, protocol, True)
    return least if least == most else None


KEYS, VALUES, SPACES = ["app", "tier"], ["a", "b"], ["ml", "batch"]
label_maps = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
requirements = st.builds(
    lambda key, operator, values: {"key": key, "operator": operator, "values": values},
    st.sampled_from([*KEYS, "kubernetes.io/metadata.name"]),
    st.sampled_from(["In", "NotIn", "Exists", "DoesNotExist"]),
    st.lists(st.sampled_from([*VALUES, *SPACES]), max_size=2),
)
selectors = st.lists(requirements, max_size=2)
peers = st.one_of(
    st.builds(peer, st.none() | selectors, st.none() | selectors),
    st.builds(
        lambda block, excepted: peer(cidr=block, excepted=excepted),
        st.sampled_from(["0.0.0.0/0", "203.0.113.0/24"]),
        st.lists(st.sampled_from(["203.0.113.8/29", "203.0.113.9/32"]), max_size=1),
    ),
    st.just(peer(cidr="::/0")),
)
spans = st.one_of(
    st.builds(ports, st.sampled_from([80, 8080, "http", None]), protocol=st.sampled_from(["TCP", "UDP"])),
    st.just(ports(80, 8080)),
)
allowances = st.builds(
    allow, st.sampled_from(["ingress", "egress"]), st.lists(peers, max_size=2), st.lists(spans, max_size=2)
)
policies = st.builds(
    policy,
    st.sampled_from(["p", "q", "r", "s"]),
    st.sampled_from(SPACES),
    selectors,
    st.sets(st.sampled_from(["ingress", "egress"]), min_size=1).map(sorted),
    st.lists(allowances, max_size=2),
)
workloads = st.builds(
    lambda space, labels, declared: pods("w", space, labels, declared),
    st.sampled_from(SPACES),
    label_maps,
    st.lists(
        st.builds(port, st.sampled_from([80, 8080]), st.sampled_from(["http", None]), st.sampled_from(["tcp", "udp"])),
        max_size=2,
    ),
)
ends = st.one_of(workloads, st.sampled_from(["203.0.113.9", "198.51.100.1", "2001:db8::1"]))
numbers = st.sampled_from([80, 8080, 9000])
protocols = st.sampled_from(["tcp", "udp"])
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def plain(made: Resource) -> Rule:
    return {name: fact.value for name, fact in made.facts.items()}  # type: ignore[union-attr]


def as_slow(made: Resource | str) -> Any:
    if isinstance(made, str):
        return made
    facts = plain(made)
    return facts["namespace"], facts["labels"], facts["containers"][0]["ports"]


def as_fast(made: Resource | str) -> Workload | Outside:
    return Outside(ip=made) if isinstance(made, str) else end(made)


def ask(found: Sequence[Resource], src: Any, dst: Any, number: int, protocol: str, spaces: Any = None) -> bool | None:
    declared = [namespace(name, **labels) for name, labels in (spaces or {name: {} for name in SPACES}).items()]
    return traffic(*found, *declared).allowed(as_fast(src), as_fast(dst), number, protocol)


def rank(answer: bool | None) -> int:
    return [False, None, True].index(answer)


@quick
@given(
    st.lists(policies, max_size=4),
    ends,
    ends,
    numbers,
    protocols,
    st.fixed_dictionaries(dict.fromkeys(SPACES, label_maps)),
)
def test_the_slow_implementation_says_the_same(
    found: list[Resource], src: Any, dst: Any, number: int, protocol: str, spaces: dict[str, dict[str, str]]
) -> None:
    expected = slow([plain(one) for one in found], spaces, as_slow(src), as_slow(dst), number, protocol)
    assert ask(found, src, dst, number, protocol, spaces) is expected


@quick
@given(st.lists(policies, max_size=4), policies, workloads, workloads, numbers)
def test_a_further_policy_lets_in_more_where_something_isolates_already_and_else_only_less(
    found: list[Resource], more: Resource, src: Resource, dst: Resource, number: int
) -> None:
    before, after = ask(found, src, dst, number, "tcp"), ask([*found, more], src, dst, number, "tcp")
    asked = traffic(*found, ML)
    isolated = [asked.isolates(end(dst), "ingress"), asked.isolates(end(src), "egress")]
    if all(isolated):
        assert rank(after) >= rank(before)
    if not any(isolated):
        assert rank(after) <= rank(before)


@quick
@given(st.lists(policies, min_size=1, max_size=4), allowances, workloads, workloads, numbers)
def test_a_further_rule_never_keeps_out(
    found: list[Resource], rule: Rule, src: Resource, dst: Resource, number: int
) -> None:
    first = plain(found[0])
    wider = policy("p", first["namespace"], first["pods"], first["directions"], [*first["allows"], rule])
    before, after = ask(found, src, dst, number, "tcp"), ask([wider, *found[1:]], src, dst, number, "tcp")
    assert rank(after) >= rank(before)


@quick
@given(st.lists(policies, max_size=4), st.randoms(), workloads, workloads, numbers)
def test_the_order_of_policies_doesnt_matter(
    found: list[Resource], random: Any, src: Resource, dst: Resource, number: int
) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert ask(found, src, dst, number, "tcp") is ask(shuffled, src, dst, number, "tcp")


@quick
@given(
    st.lists(policies, min_size=1, max_size=3),
    st.sampled_from(["namespace", "pods", "directions", "allows", "engine"]),
    workloads,
    workloads,
    numbers,
)
def test_what_isnt_known_never_turns_an_answer_round(
    found: list[Resource], field: str, src: Resource, dst: Resource, number: int
) -> None:
    known = ask(found, src, dst, number, "tcp")
    facts = {**plain(found[0]), field: NO_REASON}
    unsure = resource("network.policy", found[0].address, facts)
    assert ask([unsure, *found[1:]], src, dst, number, "tcp") in (known, None)


def test_containers_that_have_ended_have_no_ports() -> None:
    made = pods("web", containers=[container([port(8080, "http")], kind="init")])
    one = policy("p", allows=[allow("ingress", ports=[ports("http")])])
    assert reaches(PEER, made, 8080, one) is False
