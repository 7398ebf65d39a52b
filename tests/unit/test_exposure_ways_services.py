"""From where workloads are reached through Services, load balancers and nodes, and the Services themselves."""

from typing import Any

import pytest
from msgspec import structs

from assay.detectors.exposure.ways import MOST_WAYS
from assay.scanner.api import is_unknown
from tests.unit.exposure_objects import Facts, backend, container, peer, pods, port, ports, route, service, service_port
from tests.unit.exposure_ways import (
    BALANCER,
    DENY,
    EVERYWHERE,
    INGRESS,
    INNER,
    NO_VALUE,
    WEB,
    closed,
    letting,
    stated,
    ways,
)


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


@pytest.mark.parametrize("unread", [NO_VALUE, {**service_port(443, "http"), "target": NO_VALUE}])
def test_a_services_port_that_cant_be_read_may_lead_here(unread: Any) -> None:
    assert ways(WEB, service("web", [unread], kind="LoadBalancer")) == [EVERYWHERE, "?"]


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


def test_a_service_says_from_where_it_is_reached_itself() -> None:
    assert ways(INNER, of="Service.ml.web") == [("cluster", 80, ()), ("cluster", 9090, ())]
    assert ways(BALANCER, of="Service.ml.web") == [("internet", 443, ())]
    found = ways(service("web", [service_port(80, 8080)]), INGRESS, route("x", [backend("web")]), of="Service.ml.web")
    assert found == [("internet", 8080, ("Ingress.ml.x",)), ("cluster", 8080, ())]
    alias = service("x", [], kind="ExternalName", selector=None, external_name="example.org")
    assert ways(alias, of="Service.ml.x") == []


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

    prefixed = [structs.replace(one, address=f"c/{one.address}") for one in given]
    through = ("internet", 8080, ("c/Service.ml.web",))
    assert ways(*prefixed, of="c/Deployment.ml.web") == [through, EVERYWHERE]


def test_sidecars_ports_count() -> None:
    made = pods("web", containers=[container(), container([port(8443, "proxy")], kind="sidecar")])
    assert ways(made, service("web", [service_port(1, "proxy")], kind="LoadBalancer"))[0][1] == 8443
