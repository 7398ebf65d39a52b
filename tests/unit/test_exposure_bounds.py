"""What very large input leaves undecided is told: at a bound nothing is, and beyond it there may be more."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec import structs

from assay.detectors.exposure import (
    callers,
    destinations,
    egress,
    endpoints,
    mesh,
    openings,
    policies,
    routes,
    services,
    software,
    volumes,
    ways,
)
from assay.detectors.exposure.endpoints import Namespaces
from assay.detectors.exposure.matching import MOST_ASKED, Matched, Matching
from assay.detectors.exposure.outgoing import EVERYONE
from assay.detectors.worlds import worlds
from assay.scanner.api import Resource, is_unknown
from tests.unit.exposure_objects import (
    allow,
    backend,
    claim,
    container,
    derived,
    fact,
    gateway,
    listener,
    mesh_policy,
    named,
    namespace,
    peer,
    pods,
    policy,
    port,
    ports,
    ranked,
    requires,
    resource,
    route,
    service,
    service_port,
    volume,
)
from tests.unit.exposure_traffic import end, traffic
from tests.unit.exposure_ways import software as server

WEB = pods("web", ports=[port(8080, "http")])
AT = "Deployment.ml.web"
ELSEWHERE = [{"key": "app", "operator": "DoesNotExist", "values": []}]
"""Is tried on whatever there is, and doesn't select what has a label `app`."""

Made = Callable[[int], Sequence[Resource]]


def letting_out(*allows: Any) -> list[Resource]:
    return [WEB, policy("out", directions=["egress"], allows=allows)]


def chain(count: int) -> list[Resource]:
    """An Ingress, and Services that each stand for the next."""
    onward = [
        service(f"s{n}", [], kind="ExternalName", selector=None, external_name=f"s{n + 1}.ml.svc") for n in range(count)
    ]
    return [WEB, *onward, service(f"s{count}", [service_port(80, 8080)]), route("r", [backend("s0")])]


def tenants(count: int) -> list[Resource]:
    """A workload that lets in those of so many others."""
    names = [f"n{number:03}" for number in range(count)]
    homes = [
        resource("cluster.namespace", f"Namespace.{name}", {"labels": {"who": "all"}, "tenant": name, "mesh": None})
        for name in ("ml", *names)
    ]
    let = policy("let", "ml", allows=[allow("ingress", [peer(namespaces=requires(who="all"))])])
    return [WEB, *homes, let, *(pods("lab", name) for name in names)]


BOUNDS: dict[str, tuple[Made, int, str, str, str]] = {
    "ports of a workload": (
        lambda n: [pods("web", ports=[port(number) for number in range(1, n + 1)]),
                   service("web", [service_port(443, "http")], kind="LoadBalancer")],
        endpoints.MOST_PORTS, AT, "ways_in", "more than 1000 ports",
    ),
    "ports of a Service": (
        lambda n: [service("web", [service_port(number) for number in range(1, n + 1)])],
        services.MOST_PORTS, "Service.ml.web", "ways_in", "more than 200 ports",
    ),
    "Services": (
        lambda n: [WEB, *(service(f"s{at:03}", [service_port(80)], selector={"app": "web"}) for at in range(n))],
        services.MOST_SERVICES, AT, "ways_in", "more than 100 Services",
    ),
    "routes": (
        lambda n: [WEB, service("web", [service_port(80, 8080)]),
                   *(route(f"r{number:03}", [backend("web")]) for number in range(n))],
        routes.MOST_ROUTES, AT, "ways_in", "more than 100 routes",
    ),
    "Services of a name": (
        lambda n: [WEB, *(service("web", [service_port(80 + number)]) for number in range(n)),
                   route("r", [backend("web")])],
        routes.MOST_NAMESAKES, AT, "ways_in", "one of more than 20 Services",
    ),
    "Services that stand for others": (chain, 10, AT, "ways_in", "through more than 10 Services"),
    "ways": (
        lambda n: [WEB, policy("p", allows=[allow("ingress", [peer([])], [ports(at)]) for at in range(1, n + 1)])],
        ways.MOST_WAYS, AT, "ways_in", "more than 100 ways in",
    ),
    "ports of policies": (
        lambda n: [WEB, policy("p", allows=[allow("ingress", [peer([])], [ports(f"p{at}")]) for at in range(n)])],
        openings.MOST_SPANS, AT, "ways_in", "more than 200 different ports",
    ),
    "policies": (
        lambda n: [WEB, *(policy(f"p{number:03}") for number in range(n))],
        policies.MOST_POLICIES, AT, "ways_in", "more than 100 NetworkPolicies",
    ),
    "policies that are tried": (
        lambda n: [WEB, *(policy(f"p{number:03}", selects=ELSEWHERE) for number in range(n))],
        policies.MOST_TRIED, AT, "isolates_ingress", "more than 100 NetworkPolicies",
    ),
    "policies of other engines": (
        lambda n: [WEB, *(policy(f"p{number:03}", selects=ELSEWHERE, engine="cilium") for number in range(n))],
        policies.MOST_TRIED, AT, "isolates_ingress", "more than 500 policies of other engines",
    ),
    "policies of a mesh": (
        lambda n: [pods("web", mesh="istio"), *(mesh_policy(f"m{number:03}") for number in range(n))],
        mesh.MOST_POLICIES, AT, "ways_in", "more than 200 policies of the mesh",
    ),
    "ports of software": (
        lambda n: [WEB, server(ports=list(range(1, n + 1)))],
        software.MOST_PORTS, "Deployment.ml.web/ray", "ways_in", "more than 50 ports",
    ),
    "rules of administrators": (
        lambda n: [WEB, ranked("a", [allow("egress", [peer(namespaces=[])], action="deny")] * n)],
        egress.MOST_RULES, AT, "internet_egress", "more than 500 rules",
    ),
    "sets of ports to connect to": (
        lambda n: letting_out(*(allow("egress", [peer([])], [ports(number)]) for number in range(1, n + 1))),
        destinations.MOST_SPANS, AT, "destinations", "more than 50 sets of ports",
    ),
    "blocks to connect to": (
        lambda n: letting_out(allow("egress", [peer(cidr=f"10.{number}.0.0/16") for number in range(n)])),
        callers.MOST_NAMED, AT, "destinations", "of 21 blocks 20 are named",
    ),
    "namespaces to connect to": (
        lambda n: [*letting_out(allow("egress", [peer(namespaces=named(*(f"n{number}" for number in range(n))))])),
                   *(pods("lab", f"n{number}") for number in range(n))],
        callers.MOST_NAMED, AT, "destinations", "of 21 namespaces 20 are named",
    ),
    "namespaces of other tenants": (
        tenants, callers.MOST_TENANTS, AT, "callers", "more than 200 namespaces of other tenants",
    ),
    "claims": (
        lambda n: [pods("web", volumes=[volume(f"v{number}", f"c{number}") for number in range(n)]), claim("c0")],
        volumes.MOST_MOUNTS, AT, "shared_writable_claims", "more than 1000 claims",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", BOUNDS)
def test_beyond_what_is_looked_at_there_may_be_more(what: str) -> None:
    made, most, address, name, reason = BOUNDS[what]
    assert reason not in repr(fact(derived(made(most))[address], name))
    assert reason in repr(fact(derived(made(most + 1))[address], name))


def test_of_very_many_hosts_each_listener_may_serve_one() -> None:
    def tls(count: int) -> Any:
        hosts = [f"a{number}.example.org" for number in range(count)]
        listeners = [listener(), listener(tls=False, host="other.example.com")]
        given = {"hosts": hosts, "tls_hosts": [], "gateways": ["Gateway.edge.main"], "redirects_to_tls": False}
        found = derived([route("r", [], kind="HTTPRoute", **given), gateway("main", listeners)])
        return fact(found["HTTPRoute.ml.r"], "tls")

    assert tls(100) is True
    assert is_unknown(tls(101))


def test_images_are_not_held_against_patterns_without_end() -> None:
    def verified(letters: int) -> Any:
        long = "a" * letters
        facts = {"labels": {}, "mesh": None, "verified_images": [f"example.org/{long}*"]}
        image = {**container(), "image": f"example.org/{long}"}
        found = derived([pods("web", containers=[image]), resource("cluster.namespace", "Namespace.ml", facts)])
        return fact(found["Namespace.ml"], "images_verified")

    assert verified(100) is True
    assert is_unknown(verified(5000))


def test_namespaces_are_not_held_against_administrators_selectors_without_end() -> None:
    def told(count: int) -> str:
        peers = [peer(namespaces=requires(team=f"t{number}")) for number in range(100)]
        spaces = [namespace(f"n{number}", team="x") for number in range(count)]
        found = derived([WEB, *spaces, ranked("a", [allow("ingress", peers, action="deny")])])
        return repr(fact(found[AT], "ways_in"))

    assert "too many namespaces" in told(2001)
    assert "too many namespaces" not in told(20)


def test_workloads_and_policies_of_a_source_are_tried_on_each_other_within_a_bound_for_all_together() -> None:
    tried = [policy(f"p{number:03}", selects=ELSEWHERE) for number in range(policies.MOST_TRIED)]
    asked = traffic(*tried)
    count = policies.MOST_ASKED // policies.MOST_TRIED
    found = [asked.isolates(end(pods(f"w{number}")), "ingress") for number in range(count + 1)]
    assert found[:count] == [False] * count
    assert is_unknown(found[count])


def test_peers_are_matched_with_workloads_within_a_bound_for_all_together() -> None:
    [world] = worlds([WEB])
    matching = Matching(Namespaces(world), [end(WEB)])
    assert matching.of(frozenset({("ml", structs.replace(EVERYONE, namespaces=None))})) == Matched(
        certain=frozenset({0})
    )
    assert matching.spend(MOST_ASKED - 2) is None
    assert is_unknown(matching.of(frozenset({("batch", structs.replace(EVERYONE, namespaces=None))})))
