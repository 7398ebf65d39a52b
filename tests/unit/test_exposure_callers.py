"""Which workloads come in to one, and to where one connects, by name; and whose they are."""

import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.detectors.exposure.callers import MOST_NAMED
from assay.detectors.exposure.derive import derive
from assay.scanner.api import Resource, Unknown, is_unknown
from tests.unit.exposure_objects import (
    Facts,
    allow,
    derived,
    fact,
    listing,
    mesh_policy,
    named,
    peer,
    pods,
    policy,
    port,
    ports,
    ranked,
    requires,
    resource,
)
from tests.unit.exposure_traffic import end, traffic

NO_VALUE = Unknown(reason="a variable without a value")
STORE = pods("store", "a", ports=[port(6333, "http")])
LAB, JOB, OTHER = pods("lab", "b"), pods("job", "b"), pods("web", "a")


def space(name: str, tenant: Any = None, source: str = "manifests", **labels: str) -> Resource:
    return resource(
        "cluster.namespace", f"Namespace.{name}", {"labels": labels, "tenant": tenant, "mesh": None}, source
    )


def into(*peers: Any, on: Any = (), name: str = "let") -> Resource:
    return policy(name, "a", requires(app="store"), allows=[allow("ingress", peers, on)])


def callers(*resources: Resource, of: str = "Deployment.a.store") -> list[Any]:
    found: list[Any] = fact(derived([STORE, *resources])[of], "callers")
    return found


def said(*resources: Resource) -> list[Any]:
    """Port, callers by name, and how many besides; `?` for what isn't known."""
    return [
        "?" if is_unknown(one) else (one["port"], ["?" if is_unknown(w) else w for w in one["workloads"]], one["more"])
        for one in callers(*resources)
    ]


def test_where_everyone_may_come_in_nobody_is_named() -> None:
    assert callers(LAB) == []
    for everyone in (into(), into(peer(namespaces=[])), into(peer(cidr="0.0.0.0/0"))):
        [found] = callers(LAB, everyone)
        assert (found["everyone"], found["workloads"], found["more"]) == (True, [], 0)


def test_who_is_let_in_is_named_by_port() -> None:
    let = into(peer(requires(app="lab"), named("b")), on=[ports(6333)])
    assert said(LAB, JOB, OTHER, let) == [(6333, ["Deployment.b.lab"], 0)]
    both = into(peer([]), on=[ports(9000)], name="more")
    assert said(LAB, JOB, OTHER, let, both) == [
        (6333, ["Deployment.b.lab"], 0),
        (9000, ["Deployment.a.web"], 0),
    ]


def test_who_comes_in_on_every_port_comes_in_on_each() -> None:
    every = into(peer(named("a")), peer([]), name="every")
    let = into(peer(namespaces=named("b")), on=[ports("http")])
    assert (6333, ["Deployment.a.web", "Deployment.b.lab"], 0) in said(LAB, OTHER, every, let)


def test_one_label_in_all_namespaces_is_told_though_its_class_is_the_cluster() -> None:
    [found] = callers(LAB, JOB, into(peer(requires(app="lab"), [])))
    assert found["origin"] == "cluster" and found["workloads"] == ["Deployment.b.lab"]


def test_a_workload_is_no_caller_of_its_own() -> None:
    assert said(into(peer([]))) == [(0, [], 0)]


def test_who_may_not_go_out_does_not_come_in() -> None:
    let = into(peer(namespaces=named("b")), on=[ports(6333)])
    shut = policy("shut", "b", requires(app="job"), ["egress"])
    assert said(LAB, JOB, let, shut) == [(6333, ["Deployment.b.lab"], 0)]
    onward = policy("on", "b", requires(app="job"), ["egress"], [allow("egress", [peer(namespaces=named("a"))])])
    assert said(LAB, JOB, let, shut, onward) == [(6333, ["Deployment.b.job", "Deployment.b.lab"], 0)]


def test_beyond_a_number_callers_are_counted() -> None:
    many = [pods(f"n{number:03}", "b") for number in range(MOST_NAMED + 7)]
    [(_, names, more)] = said(*many, into(peer(namespaces=named("b"))))
    assert names == [f"Deployment.b.n{number:03}" for number in range(MOST_NAMED)] and more == 7


@pytest.mark.parametrize(
    "caller",
    [
        pods("lab", "b", labels=NO_VALUE),
        pods("lab", "b", labels={"app": NO_VALUE}),
        pods("lab", "b", host_network=True),
    ],
)
def test_who_may_be_let_in_is_unknown(caller: Resource) -> None:
    assert said(caller, into(peer(requires(app="lab"), named("b")))) in ([(0, ["?"], 0)], [(0, [], 0)])
    assert said(pods("lab", "b", labels=NO_VALUE), into(peer(requires(app="lab"), named("b")))) == [(0, ["?"], 0)]


def test_what_may_be_open_besides_is_unknown() -> None:
    assert said(LAB, into(peer(namespaces=named("b")), peer(cidr="10.0.0.0/8"))) == [(0, ["Deployment.b.lab"], 0), "?"]
    assert said(LAB, policy("x", "a", engine="cilium")) == ["?"]


def test_administrators_policies_say_who_comes_in_too() -> None:
    inside = ranked("t", [allow("ingress", [peer(namespaces=named("a"))], action="pass"),
                          allow("ingress", [peer(namespaces=[])], action="deny")])  # fmt: skip
    assert said(LAB, OTHER, inside) == [(0, ["Deployment.a.web"], 0)]
    assert said(LAB, OTHER, inside, into(peer(namespaces=named("b")))) == []


# Tenants


def others(*resources: Resource) -> list[Any]:
    return [name if isinstance(name, str) else "?" for one in callers(*resources) for name in one["other_tenants"]]


LET_B = into(peer(namespaces=named("a", "b")))


@pytest.mark.parametrize(
    ("own", "theirs", "expected"),
    [
        ("oncology", "cardiology", ["b"]),
        ("oncology", "oncology", []),
        ("oncology", None, []),
        (None, "cardiology", []),
        ("oncology", NO_VALUE, ["?"]),
        (NO_VALUE, "cardiology", ["?"]),
    ],
)
def test_another_tenants_namespaces_are_told(own: Any, theirs: Any, expected: list[str]) -> None:
    assert others(LAB, OTHER, space("a", own), space("b", theirs), LET_B) == expected


def test_a_profile_is_a_tenant_where_its_namespace_isnt_declared() -> None:
    profiles = [resource("ai.tenant", f"Profile.{name}", {"namespace": name}) for name in ("a", "b")]
    assert others(LAB, *profiles, LET_B) == ["b"]
    assert others(LAB, profiles[0], LET_B) == []


def test_a_caller_of_another_tenant_that_may_be_let_in_leaves_it_open() -> None:
    let = into(peer(requires(app="lab"), named("a", "b")))
    spaces = [space("a", "oncology"), space("b", "cardiology")]
    assert others(pods("lab", "b", labels=NO_VALUE), *spaces, let) == ["?"]
    assert others(pods("lab", "a", labels=NO_VALUE), *spaces, let) == []


def test_whom_the_mesh_asks_is_told_with_the_caller() -> None:
    meshed = pods("store", "a", mesh="istio")
    asking = mesh_policy("who", "a", "AuthorizationPolicy", None, requires_identity=True)
    found = fact(derived([meshed, LAB, asking, LET_B])["Deployment.a.store"], "callers")
    assert [one["authenticated"] for one in found] == [True]


def test_tenants_that_could_not_be_read_leave_it_open() -> None:
    kinds = ("workload.pods", "network.policy", "ai.tenant", "cluster.control-plane", "network.mesh-policy")
    plane = resource("cluster.control-plane", "ControlPlane", {"network_policy": True}, "kube:c")
    live = [pods("store", "a", source="kube:c"), pods("lab", "b", source="kube:c"), plane,
            policy("let", "a", allows=[allow("ingress", [peer(namespaces=named("a", "b"))])], source="kube:c"),
            *(listing(kind, "kube:c") for kind in kinds),
            listing("cluster.namespace", "kube:c", Unknown(reason="403"))]  # fmt: skip
    [found] = fact(derived(live)["Deployment.a.store"], "callers")
    assert [is_unknown(one) for one in found["other_tenants"]] == [True]


# A law: who is named is let through by both sides, and who is let through is named


selector = st.sampled_from([None, [], requires(app="lab"), requires(app="job"), requires(tier="x")])
spaces_of = st.sampled_from([None, [], named("b"), named("a", "b"), requires(team="x")])
peers = st.builds(
    lambda who, where: peer(who if who is not None or where is not None else [], where), selector, spaces_of
)
rules = st.lists(
    st.builds(lambda who, on: (who, on), st.lists(peers, min_size=1, max_size=2), st.sampled_from([6333, 80, None])),
    max_size=3,
)


def stated_rules(direction: str, found: list[tuple[list[Facts], int | None]]) -> list[Facts]:
    return [allow(direction, who, [ports(on)] if on else []) for who, on in found]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules, rules, st.booleans())
def test_who_is_named_is_who_is_let_through(incoming: Any, outgoing: Any, admin: bool) -> None:
    given_all = [
        STORE, LAB, JOB, OTHER, space("a", team="x"), space("b"),
        policy("in", "a", requires(app="store"), ["ingress"], stated_rules("ingress", incoming)),
        policy("out", "b", requires(app="job"), ["egress"], stated_rules("egress", outgoing)),
        *([ranked("t", [allow("ingress", [peer(namespaces=named("b"))], [ports(80)], "deny")])] if admin else []),
    ]  # fmt: skip
    found = fact(derived(given_all)["Deployment.a.store"], "callers")
    asked = traffic(*given_all)
    told = {(one["port"], name) for one in found for name in one["workloads"] if one["port"] in (80, 6333)}
    for caller in (LAB, JOB, OTHER):
        for number in (80, 6333):
            reaches = asked.allowed(end(caller), end(STORE), number, "tcp")
            if (number, caller.address) in told:
                assert reaches is True
            # A way to every port is asked of those that the workload declares.
            if reaches is True and (number == 6333 or any(one["port"] == number for one in found)):
                fitting = [one for one in found if one["port"] in (0, number)]
                assert any(one["everyone"] or caller.address in one["workloads"] for one in fitting)


def test_very_many_workloads_and_policies_take_no_square_of_time() -> None:
    count = 1500
    workloads = [pods(f"w{number}", f"n{number % 50}", ports=[port(80)]) for number in range(count)]
    policies = []
    for number in range(count):
        incoming = [peer(requires(app=f"w{(number * 7) % count}"), []), peer(namespaces=requires(x="y"))]
        allows = [allow("ingress", incoming), allow("egress", [peer([])])]
        chosen = requires(app=f"w{number}")
        policies.append(policy(f"p{number}", f"n{number % 50}", chosen, ["ingress", "egress"], allows))
    started = time.process_time()
    assert len(list(derive([*workloads, *policies]))) == 2 * count
    assert time.process_time() - started < 20


# Destinations


def destinations(*allows: Any, more: tuple[Resource, ...] = ()) -> list[Any]:
    out = policy("out", "b", requires(app="lab"), ["egress"], allows)
    found: list[Any] = fact(derived([STORE, LAB, JOB, out, *more])["Deployment.b.lab"], "destinations")
    return found


def test_what_nothing_limits_names_no_destination() -> None:
    assert fact(derived([LAB])["Deployment.b.lab"], "destinations") == []
    assert destinations() == []


def test_where_it_may_connect_is_told_by_port() -> None:
    [dns, store] = destinations(
        allow("egress", [peer(namespaces=named("a"))], [ports(6333)]),
        allow("egress", [peer(cidr="10.0.0.0/8")], [ports(53, protocol="UDP")]),
    )[::-1]
    assert (dns["port"], dns["protocol"], dns["blocks"], dns["workloads"]) == (53, "udp", ["10.0.0.0/8"], [])
    assert (store["port"], store["namespaces"], store["workloads"]) == (6333, ["a"], ["Deployment.a.store"])


def test_everyone_and_ranges_are_told_as_such() -> None:
    [found] = destinations(allow("egress", ports=[ports(8000, 9000)]))
    assert (found["port"], found["last"], found["everyone"]) == (8000, 9000, True)
    assert found["blocks"] == ["0.0.0.0/0", "::/0"] and found["workloads"] == []


def test_what_isnt_known_of_destinations_is_told() -> None:
    assert [is_unknown(one) for one in destinations(NO_VALUE)] == [True]
    [found] = destinations(allow("egress", [NO_VALUE, peer(namespaces=named("a"))]))
    assert [is_unknown(one) for one in found["workloads"]] == [False, True]
    tiers = ranked("t", [allow("egress", [peer(namespaces=[])], action="deny")])
    assert [is_unknown(one) for one in destinations(more=(tiers,))] == [True]
