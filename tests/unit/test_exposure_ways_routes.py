"""From where workloads are reached through Ingresses and Gateways, and whether by TLS."""

from typing import Any

import pytest

from assay.scanner.api import Resource, is_unknown
from tests.unit.exposure_objects import (
    Facts,
    backend,
    derived,
    fact,
    gateway,
    listener,
    named,
    peer,
    route,
    service,
    service_port,
)
from tests.unit.exposure_ways import DENY, EVERYWHERE, INGRESS, INNER, NO_VALUE, THROUGH, WEB, letting, stated, ways


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


def leading(**facts: Any) -> Resource:
    """An Ingress whose backend is told of otherwise."""
    return route("web", [{**backend("web", 80), **facts}])


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


def test_a_backend_that_isnt_granted_leads_nowhere() -> None:
    assert ways(WEB, INNER, leading(granted=False)) == [EVERYWHERE]
    assert ways(WEB, INNER, leading(granted=NO_VALUE)) == [EVERYWHERE, "?"]


def test_a_backend_of_a_namespace_that_isnt_known_may_be_any_service_of_its_name() -> None:
    assert ways(WEB, INNER, leading(namespace=NO_VALUE)) == [EVERYWHERE, "?"]
    assert ways(WEB, INNER, leading(namespace=NO_VALUE, service="other")) == [EVERYWHERE]


def test_a_backends_port_that_isnt_known_is_the_only_one_that_its_service_has() -> None:
    assert ways(WEB, service("web", [service_port(80, "http")]), leading(port=NO_VALUE)) == [THROUGH, EVERYWHERE]
    assert ways(WEB, INNER, leading(port=NO_VALUE)) == [EVERYWHERE, "?"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("web.ml.svc.cluster.local", [("internet", 8080, ("Ingress.batch.x", "Service.batch.x", "Service.ml.web"))]),
        (
            "web-0.web.ml.svc.cluster.local",
            [("internet", 8080, ("Ingress.batch.x", "Service.batch.x", "Service.ml.web"))],
        ),
        ("api.example.org", []),
        ("web.ml", ["?"]),
        ("web.batch", []),
        ("10.0.0.1", ["?"]),
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
