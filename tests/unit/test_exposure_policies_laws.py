"""NetworkPolicies: a second, slow implementation on generated policies, and laws that hold for all of them."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.detectors.exposure.endpoints import Outside, Workload
from assay.scanner.api import Resource
from tests.unit.exposure_objects import (
    allow,
    namespace,
    peer,
    pods,
    policy,
    port,
    ports,
    resource,
)
from tests.unit.exposure_traffic import ML, NO_REASON, end, traffic

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
    return {name: fact.value for name, fact in made.facts.items()}


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
