"""From where workloads can be reached: policies, Services, routes, Gateways, nodes and meshes together."""

from typing import Any

import pytest

from assay.detectors.exposure.ways import MOST_WAYS
from assay.scanner.api import Resource, Unknown, is_unknown
from tests.unit.exposure_objects import (
    Facts,
    allow,
    backend,
    container,
    derived,
    fact,
    gateway,
    listener,
    listing,
    mesh_policy,
    named,
    namespace,
    peer,
    pods,
    policy,
    port,
    ports,
    requires,
    resource,
    route,
    service,
    service_port,
)

NO_VALUE = Unknown(reason="a variable without a value")
WEB = pods("web", ports=[port(8080, "http")])
EVERYWHERE = ("cluster", 0, ())
BALANCER = service("web", [service_port(443, "http")], kind="LoadBalancer")
DENY = policy("deny")


def ways(*resources: Resource, of: str = "Deployment.ml.web") -> list[Any]:
    """Origin, port and what it goes through; `?` for what isn't known."""
    return [
        "?" if is_unknown(one) else (one["origin"], one["port"], tuple(one["via"])) for one in stated(*resources, of=of)
    ]


def stated(*resources: Resource, of: str = "Deployment.ml.web") -> list[Any]:
    found: list[Any] = fact(derived(resources)[of], "ways_in")
    return found


def letting(*peers: Any, on: Any = ()) -> Resource:
    return policy("let", allows=[allow("ingress", peers, on)])


def software(**facts: Any) -> Resource:
    given = {
        "namespace": "ml",
        "workload": "Deployment.ml.web",
        "software": "ray",
        "ports": [8265],
        "authenticated": False,
        "tls": False,
        "listens_locally": False,
        "settings": [],
        **facts,
    }
    return resource("ai.software", "Deployment.ml.web/ray", given)


# Within the cluster


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


def closed(*resources: Resource, enforced: bool | Unknown = True) -> list[Resource]:
    """Those of a live cluster of which everything was read."""
    kinds = (
        "workload.pods", "network.policy", "network.service", "network.route", "network.gateway",
        "network.mesh-policy", "cluster.namespace", "cluster.control-plane",
    )  # fmt: skip
    plane = resource("cluster.control-plane", "ControlPlane", {"network_policy": enforced}, "kube:c")
    return [*resources, plane, *(listing(kind, "kube:c") for kind in kinds)]


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


# Services and nodes


def test_a_load_balancer_leads_in_from_the_internet() -> None:
    assert ways(WEB, BALANCER) == [("internet", 8080, ("Service.ml.web",)), EVERYWHERE]


@pytest.mark.parametrize(
    ("facts", "origin"),
    [
        ({"internal": True}, "private-network"),
        ({"source_ranges": ["203.0.113.0/24"]}, "private-network"),
        ({"source_ranges": ["203.0.113.0/24", "0.0.0.0/1"]}, "internet"),
        ({"source_ranges": [f"{first}.0.0.0/8" for first in range(20, 24)]}, "internet"),
        ({"source_ranges": ["0.0.0.0/0"]}, "internet"),
        ({"pending": NO_VALUE}, "internet"),
    ],
)
def test_a_load_balancers_origin_is_by_its_annotation_and_ranges(facts: Facts, origin: str) -> None:
    balancer = service("web", [service_port(443, "http")], kind="LoadBalancer", **facts)
    assert ways(WEB, balancer)[0] == (origin, 8080, ("Service.ml.web",))


@pytest.mark.parametrize("facts", [{"internal": NO_VALUE}, {"source_ranges": [NO_VALUE]}, {"source_ranges": ["here"]}])
def test_what_isnt_known_of_a_load_balancer_leaves_its_origin_unknown(facts: Facts) -> None:
    balancer = service("web", [service_port(443, "http")], kind="LoadBalancer", **facts)
    [way] = [one for one in stated(WEB, balancer) if one["via"]]
    assert is_unknown(way["origin"]) and way["port"] == 8080


def test_a_load_balancer_that_has_no_address_is_reached_by_its_node_ports_only() -> None:
    pending = service("web", [service_port(443, "http", node=30080)], kind="LoadBalancer", pending=True)
    assert ways(WEB, pending)[0] == ("private-network", 8080, ("Service.ml.web",))
    assert ways(WEB, service("web", [service_port(443)], kind="LoadBalancer", pending=True)) == [EVERYWHERE]


def test_a_node_port_leads_in_from_the_nodes_network() -> None:
    assert ways(WEB, service("web", [service_port(80, 8080)], kind="NodePort"))[0][0] == "private-network"


def test_who_reaches_external_addresses_isnt_known() -> None:
    [way] = [one for one in stated(WEB, service("web", [service_port(80, 8080)], external_ips=True)) if one["via"]]
    assert is_unknown(way["origin"])


def test_services_of_the_cluster_and_for_others_lead_in_from_nowhere_outside() -> None:
    inner = service("web", [service_port(80, 8080)])
    others = service("other", [service_port(80, 8080)], kind="LoadBalancer")
    elsewhere = service("web", [service_port(80, 8080)], "batch", kind="LoadBalancer")
    assert ways(WEB, inner, others, elsewhere) == [EVERYWHERE]


def test_a_named_target_that_no_container_has_leads_nowhere() -> None:
    assert ways(WEB, service("web", [service_port(80, "absent")], kind="LoadBalancer")) == [EVERYWHERE]


def test_names_of_ports_that_arent_known_may_be_the_target() -> None:
    unnamed = pods("web", ports=[{**port(8080), "name": NO_VALUE}])
    assert ways(unnamed, BALANCER) == [EVERYWHERE, "?"]


def test_policies_keep_a_load_balancers_traffic_out_unless_they_let_addresses_in() -> None:
    assert ways(WEB, BALANCER, DENY) == []
    assert ways(WEB, BALANCER, letting(peer(namespaces=[]))) == [EVERYWHERE]
    through = ("internet", 8080, ("Service.ml.web",))
    assert ways(WEB, BALANCER, letting(peer(cidr="0.0.0.0/0"), on=[ports(8080)])) == [through, ("cluster", 8080, ())]
    assert ways(WEB, BALANCER, letting(peer(cidr="0.0.0.0/0"), on=[ports(443)])) == [("cluster", 443, ())]
    assert through in ways(WEB, BALANCER, letting(peer(cidr="0.0.0.0/0", excepted=["10.0.0.0/8"])))


def test_a_block_let_in_behind_a_load_balancer_may_be_the_nodes() -> None:
    reasons = [one.reason for one in stated(WEB, BALANCER, letting(peer(cidr="10.0.0.0/8")))]
    assert reasons == [
        "NetworkPolicy.ml.let lets in 10.0.0.0/8, which may be addresses of nodes",
        "NetworkPolicy.ml.let lets in 10.0.0.0/8, which may be addresses of pods",
    ]


def test_an_exposed_service_with_a_selector_that_isnt_known_may_lead_here() -> None:
    assert ways(WEB, service("x", [service_port(80, 8080)], kind="LoadBalancer", selector=NO_VALUE)) == [
        EVERYWHERE,
        "?",
    ]
    assert ways(WEB, service("x", [service_port(80, 8080)], selector=NO_VALUE)) == [EVERYWHERE]


def test_an_exposed_service_without_a_selector_may_lead_to_any_pod_of_its_namespace() -> None:
    by_hand = service("x", [service_port(80, 8080)], kind="LoadBalancer", selector=None)
    assert ways(WEB, by_hand) == [EVERYWHERE, "?"]
    assert ways(pods("web", "batch"), by_hand, of="Deployment.batch.web") == [EVERYWHERE]
    assert ways(WEB, service("x", [service_port(80, 8080)], selector=None)) == [EVERYWHERE]


def test_a_host_port_is_open_on_the_node_unless_a_policy_keeps_addresses_out() -> None:
    hosted = pods("web", ports=[port(8080, host=80)])
    assert ways(hosted) == [("private-network", 8080, ()), EVERYWHERE]
    assert ways(hosted, DENY) == []


def test_pods_on_the_nodes_network_are_reached_on_every_port_of_it() -> None:
    host = pods("web", host_network=True)
    assert ways(host) == [("private-network", 0, ())]
    assert ways(host, DENY) == ["?"]
    assert ways(pods("web", host_network=NO_VALUE)) == [EVERYWHERE, "?"]


# Routes


INNER = service("web", [service_port(80, "http", name="web"), service_port(9090, name="metrics")])
INGRESS = route("web", [backend("web", "web")])
THROUGH = ("internet", 8080, ("Ingress.ml.web", "Service.ml.web"))


def test_an_ingress_leads_in_through_its_service_to_the_port_that_it_names() -> None:
    assert ways(WEB, INNER, INGRESS) == [THROUGH, EVERYWHERE]
    assert ways(WEB, INNER, route("web", [backend("web", 80)])) == [THROUGH, EVERYWHERE]
    assert ways(WEB, INNER, route("web", [backend("web", 81)])) == [EVERYWHERE]
    assert [one[1] for one in ways(WEB, INNER, route("web", [backend("web")]))] == [8080, 9090, 0]


def test_a_ways_tls_and_authentication_are_the_routes() -> None:
    [way] = [one for one in stated(WEB, INNER, route("web", [backend("web", 80)], authenticated=True)) if one["via"]]
    assert (way["tls"], way["authenticated"]) == (True, True)
    [way] = [one for one in stated(WEB, INNER, route("web", [backend("web", 80)], tls_hosts=[])) if one["via"]]
    assert is_unknown(way["tls"]) and way["authenticated"] is False


@pytest.mark.parametrize("facts", [{"internal": True}, {"source_ranges": ["203.0.113.0/24"]}])
def test_an_internal_route_leads_in_from_a_private_network(facts: Facts) -> None:
    found = derived([WEB, INNER, route("web", [backend("web", 80)], **facts)])
    assert fact(found["Deployment.ml.web"], "ways_in")[0]["origin"] == "private-network"
    assert fact(found["Ingress.ml.web"], "published") is False


def test_an_ingress_controller_is_a_pod_of_another_namespace() -> None:
    assert THROUGH not in ways(WEB, INNER, INGRESS, DENY)
    assert ways(WEB, INNER, INGRESS, letting(peer(namespaces=named("edge")))) == [THROUGH, ("namespaces", 0, ())]
    assert ways(WEB, INNER, INGRESS, letting(peer([]))) == [("namespace", 0, ()), "?"]
    assert THROUGH in ways(WEB, INNER, INGRESS, letting(peer(cidr="0.0.0.0/0", excepted=["10.0.0.0/8"])))


def test_a_backend_that_cant_be_read_may_lead_here() -> None:
    assert ways(WEB, INNER, route("x", [NO_VALUE])) == [EVERYWHERE, "?"]
    assert ways(WEB, INNER, route("x", [NO_VALUE], "batch")) == [EVERYWHERE]
    anywhere = route("x", [NO_VALUE], "batch", "HTTPRoute", gateways=["Gateway.edge.main"])
    assert ways(WEB, INNER, anywhere, gateway("main", [listener()])) == [EVERYWHERE, "?"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("web.ml.svc.cluster.local", [("internet", 8080, ("Ingress.batch.x", "Service.batch.x", "Service.ml.web"))]),
        ("api.example.org", []),
        (NO_VALUE, ["?"]),
    ],
)
def test_an_external_name_leads_to_the_service_that_it_stands_for(host: Any, expected: list[Any]) -> None:
    alias = service("x", [], "batch", "ExternalName", selector=None, external_name=host)
    single = service("web", [service_port(80, "http")])
    found = ways(WEB, single, alias, route("x", [backend("x", None, "batch")], "batch"))
    assert [one for one in found if one != EVERYWHERE] == expected


def test_a_gateways_route_leads_in_through_both() -> None:
    through = route(
        "web", [backend("web", 80)], kind="HTTPRoute", gateways=["Gateway.edge.main"], redirects_to_tls=False
    )
    via = ("Gateway.edge.main", "HTTPRoute.ml.web", "Service.ml.web")
    main = gateway("main", [listener()])
    assert ways(WEB, INNER, through, main) == [("internet", 8080, via), EVERYWHERE]
    internal = gateway("main", [listener()], internal=True)
    assert ways(WEB, INNER, through, internal)[0] == ("private-network", 8080, via)
    same = gateway("main", [listener()], "ml")
    home = route("web", [backend("web", 80)], kind="HTTPRoute", gateways=["Gateway.ml.main"])
    assert ways(WEB, INNER, home, same, letting(peer([]))) == [("namespace", 0, ()), "?"]
    by_labels = route("web", [backend("web", 80)], kind="VirtualService", gateways=["Gateway.edge.main"])
    assert ways(WEB, INNER, by_labels, main, letting(peer([]))) == [("namespace", 0, ()), "?"]
    assert ways(WEB, INNER, through, main, letting(peer([]))) == [("namespace", 0, ())]


def test_a_route_of_no_gateway_is_the_meshs_own() -> None:
    mesh_only = route("web", [backend("web", 80)], kind="VirtualService")
    assert ways(WEB, INNER, mesh_only) == [EVERYWHERE]
    assert fact(derived([mesh_only])["VirtualService.ml.web"], "published") is False


def test_a_gateway_that_isnt_declared_here_may_lead_in() -> None:
    through = route("web", [backend("web", 80)], kind="HTTPRoute", gateways=["Gateway.edge.main"])
    assert ways(WEB, INNER, through) == [EVERYWHERE, "?"]
    assert is_unknown(fact(derived([through])["HTTPRoute.ml.web"], "published"))


@pytest.mark.parametrize(
    ("facts", "tls"),
    [
        ({}, True),
        ({"tls_hosts": ["*"]}, True),
        ({"tls_hosts": ["*.example.org"]}, True),
        ({"tls_hosts": ["*.org"], "redirects_to_tls": False}, False),
        ({"tls_hosts": [], "redirects_to_tls": False}, False),
        ({"hosts": [], "redirects_to_tls": False}, False),
        ({"hosts": [], "tls_hosts": ["*"]}, True),
        ({"hosts": ["app.example.org", "b.example.org"], "redirects_to_tls": False}, False),
        ({"tls_hosts": []}, "?"),
        ({"tls_hosts": NO_VALUE}, "?"),
        ({"hosts": [NO_VALUE]}, "?"),
    ],
)
def test_an_ingress_is_served_over_tls_where_each_host_has_a_certificate(facts: Facts, tls: Any) -> None:
    found = fact(derived([route("web", [], **facts)])["Ingress.ml.web"], "tls")
    assert ("?" if is_unknown(found) else found) == tls


@pytest.mark.parametrize(
    ("listeners", "redirects", "tls"),
    [
        ([listener()], False, True),
        ([listener(tls=False)], False, False),
        ([listener(), listener(tls=False)], False, "?"),
        ([listener(), listener(tls=False)], True, True),
        ([listener(), listener(tls=False, host="other.example.com")], False, True),
        ([listener(host="*.example.org")], False, True),
        ([listener(host="other.example.com")], False, "?"),
    ],
)
def test_a_gateways_listeners_say_whether_a_route_is_served_over_tls(
    listeners: list[Any], redirects: bool, tls: Any
) -> None:
    through = route(
        "web", [], kind="HTTPRoute", gateways=["Gateway.edge.main"], tls_hosts=[], redirects_to_tls=redirects
    )
    found = fact(derived([through, gateway("main", listeners)])["HTTPRoute.ml.web"], "tls")
    assert ("?" if is_unknown(found) else found) == tls


# Meshes


MESHED = pods("web", mesh="istio", ports=[port(8080, "http")])


def protection(*resources: Resource) -> tuple[Any, Any]:
    [way] = [one for one in stated(*resources) if not one["via"]]
    return tuple("?" if is_unknown(one) else one for one in (way["tls"], way["authenticated"]))  # type: ignore[return-value]


def authorization(name: str = "a", **facts: Any) -> Resource:
    return mesh_policy(name, kind="AuthorizationPolicy", mode=None, **{"requires_identity": True, **facts})


@pytest.mark.parametrize(
    ("policies", "tls"),
    [
        ([], False),
        ([mesh_policy("n")], True),
        ([mesh_policy("n", mode="PERMISSIVE")], False),
        ([mesh_policy("n", mode=None)], False),
        ([mesh_policy("m", "istio-system", whole_mesh=True)], True),
        ([mesh_policy("m", "istio-system", whole_mesh=True), mesh_policy("n", mode="PERMISSIVE")], False),
        ([mesh_policy("m", "istio-system", whole_mesh=True), mesh_policy("n", mode=None)], True),
        ([mesh_policy("n", mode="DISABLE"), mesh_policy("w", pods=requires(app="web"))], True),
        ([mesh_policy("n"), mesh_policy("w", mode="DISABLE", pods=requires(app="web"))], False),
        ([mesh_policy("n"), mesh_policy("w", mode="DISABLE", pods=requires(app="x"))], True),
        ([mesh_policy("n", "batch")], False),
        ([mesh_policy("n", mode=NO_VALUE)], "?"),  # type: ignore[arg-type]
        ([mesh_policy("n"), mesh_policy("w", mode="DISABLE", pods=NO_VALUE)], "?"),
    ],
)
def test_the_most_special_policy_of_a_mesh_decides_on_mutual_tls(policies: list[Resource], tls: Any) -> None:
    assert protection(MESHED, *policies) == (tls, False)


def test_pods_without_a_proxy_are_protected_by_no_mesh() -> None:
    assert protection(WEB, mesh_policy("n"), authorization()) == (False, False)
    assert protection(WEB, mesh_policy("n"), namespace("ml", mesh="istio")) == ("?", False)
    assert protection(pods("web", mesh=NO_VALUE), mesh_policy("n")) == ("?", "?")


def test_an_identity_is_asked_for_unless_another_policy_may_let_in_without() -> None:
    assert protection(MESHED, authorization()) == (False, True)
    assert protection(MESHED, authorization(), authorization("b", requires_identity=False)) == (False, "?")
    assert protection(MESHED, authorization(requires_identity=False)) == (False, False)
    assert protection(MESHED, authorization(pods=requires(app="x"))) == (False, False)
    assert protection(MESHED, authorization(), mesh_policy("n")) == (True, True)


def test_linkerd_knows_callers_by_their_certificates() -> None:
    meshed = pods("web", mesh="linkerd")
    assert protection(meshed, authorization(mesh="linkerd")) == (True, True)
    assert protection(meshed, authorization(mesh="istio")) == (False, False)


def test_whom_a_mesh_lets_in_through_an_ingress_may_be_the_gateway_only() -> None:
    [way] = [one for one in stated(MESHED, INNER, INGRESS, authorization()) if one["via"]]
    assert is_unknown(way["authenticated"])


# Services' own ways, and those of software


def test_a_service_says_from_where_it_is_reached_itself() -> None:
    assert ways(INNER, of="Service.ml.web") == [("cluster", 80, ()), ("cluster", 9090, ())]
    assert ways(BALANCER, of="Service.ml.web") == [("internet", 443, ())]
    found = ways(service("web", [service_port(80, 8080)]), INGRESS, route("x", [backend("web")]), of="Service.ml.web")
    assert found == [("internet", 8080, ("Ingress.ml.x",)), ("cluster", 8080, ())]
    alias = service("x", [], kind="ExternalName", selector=None, external_name="example.org")
    assert ways(alias, of="Service.ml.x") == []


def test_software_is_reached_by_the_ways_to_its_ports() -> None:
    address = "Deployment.ml.web/ray"
    assert ways(WEB, software(), of=address) == [("cluster", 8265, ())]
    assert ways(WEB, software(), BALANCER, of=address) == [("cluster", 8265, ())]
    assert ways(WEB, software(ports=[8080]), BALANCER, of=address)[0] == ("internet", 8080, ("Service.ml.web",))
    assert ways(WEB, software(), letting(on=[ports(8265, protocol="UDP")]), of=address) == []


def test_software_that_listens_locally_is_reached_by_nobody() -> None:
    address = "Deployment.ml.web/ray"
    assert ways(WEB, software(listens_locally=True), of=address) == []
    assert ways(WEB, software(listens_locally=NO_VALUE), of=address) == ["?"]
    assert ways(WEB, software(listens_locally=NO_VALUE), DENY, of=address) == []


def test_software_whose_ports_or_workload_arent_known_may_be_reached() -> None:
    address = "Deployment.ml.web/ray"
    assert ways(WEB, software(ports=NO_VALUE), of=address) == ["?"]
    assert ways(WEB, software(ports=[8265, NO_VALUE]), of=address) == [("cluster", 8265, ()), "?"]
    assert ways(software(), of=address) == ["?"]


def test_the_ways_that_are_stated_are_bounded() -> None:
    routes = [route(f"r{number:04}", [backend("web")]) for number in range(90)]
    found = stated(
        WEB,
        INNER,
        *routes,
        *(service(f"s{n}", [service_port(1)], kind="NodePort", selector={"app": "web"}) for n in range(90)),
    )
    assert len(found) == MOST_WAYS + 1 and is_unknown(found[-1])


def test_addresses_are_joined_without_the_context_that_stands_before_them() -> None:
    given = closed(
        pods("web", ports=[port(8080, "http")], source="kube:c"),
        service("web", [service_port(443, "http")], kind="LoadBalancer", source="kube:c"),
    )
    from msgspec import structs

    prefixed = [structs.replace(one, address=f"c/{one.address}") for one in given]
    through = ("internet", 8080, ("c/Service.ml.web",))
    assert ways(*prefixed, of="c/Deployment.ml.web") == [through, EVERYWHERE]


def test_sidecars_ports_count() -> None:
    made = pods("web", containers=[container(), container([port(8443, "proxy")], kind="sidecar")])
    assert ways(made, service("web", [service_port(1, "proxy")], kind="LoadBalancer"))[0][1] == 8443
