"""Gateways and the routes that go through them, of the Gateway API, Istio and OpenShift."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, facts_of, network, objects_of, unknown

GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: net}
spec:
  gatewayClassName: CLASS
  listeners:
  - {name: web, port: 80, protocol: HTTP}
  - {name: secure, port: 443, protocol: HTTPS, hostname: "*.example.org", tls: {mode: Terminate}}
  - {name: broken}
"""


NOT_DECLARED = Unknown(reason="no ReferenceGrant that is declared here lets the route lead to another namespace")


def state(*texts: str, **options: Any) -> dict[str, dict[str, Any]]:
    return facts_of(network, objects_of("\n---\n".join(texts), **options))


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else bool(fact == expected)


def test_listeners_of_a_gateway() -> None:
    plain, secure, broken = state(GATEWAY)["Gateway.net.front"]["listeners"]
    assert plain == {
        "name": "web",
        "port": 80,
        "protocol": "HTTP",
        "host": None,
        "tls": False,
        "minimum_tls": None,
    }
    assert secure["tls"] is True and secure["host"] == "*.example.org" and unknown(secure["minimum_tls"])
    assert unknown(broken)


@pytest.mark.parametrize(
    ("name", "internal"),
    [
        ("gke-l7-rilb", True),
        ("gke-l7-global-external-managed", False),
        ("istio", False),
        ("istio-waypoint", True),
        ("nginx-internal", Unknown),
    ],
)
def test_gateways_that_only_a_private_network_reaches(name: str, internal: Any) -> None:
    assert agrees(state(GATEWAY.replace("CLASS", name))["Gateway.net.front"]["internal"], internal)


def test_annotations_for_a_gateways_service_make_it_internal() -> None:
    annotations = "infrastructure: {annotations: {networking.gke.io/load-balancer-type: Internal}}"
    text = GATEWAY.replace("gatewayClassName: CLASS", f"{annotations}\n  gatewayClassName: istio")
    assert state(text)["Gateway.net.front"]["internal"] is True


def http_route(spec: str, *more: str, kind: str = "HTTPRoute", **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: gateway.networking.k8s.io/v1
kind: {kind}
metadata: {{name: web, namespace: ml}}
spec: {spec}
"""
    return state(text, *more, **options)[f"{kind}.ml.web"]


def test_a_routes_hosts_gateways_and_backends() -> None:
    facts = http_route("""
  parentRefs: [{name: own}, {name: front, namespace: net}, {kind: Service, group: "", name: mesh}]
  hostnames: [b.org, a.org]
  rules:
  - matches: [{path: {value: /x}}]
    backendRefs: [{name: web, port: 80}, {name: other, namespace: apps, port: 8080}, {name: none, weight: 0}]
  - matches: [{path: {value: /x}}, {path: {value: /y}}]
    backendRefs: [{name: web, port: 81}, {group: inference.networking.k8s.io, kind: InferencePool, name: llm}]
""")
    assert facts["gateways"] == ["Gateway.ml.own", "Gateway.net.front"] and facts["hosts"] == ["a.org", "b.org"]
    assert facts["backends"][:3] == [
        {"namespace": "ml", "service": "web", "port": "80", "host": None, "path": "/x", "granted": True},
        {"namespace": "apps", "service": "other", "port": "8080", "host": None, "path": "/x", "granted": NOT_DECLARED},
        {"namespace": "ml", "service": "web", "port": "81", "host": None, "path": None, "granted": True},
    ]
    assert unknown(facts["backends"][3]) and len(facts["backends"]) == 4
    assert facts["tls_hosts"] == [] and facts["authenticated"] is False


@pytest.mark.parametrize("kind", ["GRPCRoute", "TLSRoute", "TCPRoute"])
def test_other_routes_are_read_alike(kind: str) -> None:
    facts = http_route("{parentRefs: [{name: own}], rules: [{backendRefs: [{name: web, port: 80}]}]}", kind=kind)
    assert facts["type"] == kind and facts["hosts"] == ["*"] and facts["backends"][0]["service"] == "web"


@pytest.mark.parametrize(
    ("section", "covered"), [("sectionName: secure", True), ("sectionName: web", False), ("port: 443", False)]
)
def test_a_route_for_encrypted_listeners_alone_is_served_over_tls(section: str, covered: bool) -> None:
    facts = http_route(f"{{parentRefs: [{{name: front, namespace: net, {section}}}], hostnames: [a.org]}}", GATEWAY)
    assert facts["tls_hosts"] == (["a.org"] if covered else []) and facts["redirects_to_tls"] is covered


@pytest.mark.parametrize(
    ("filters", "authenticated", "redirects"),
    [
        ("[]", False, False),
        ("[{type: ExternalAuth}]", True, False),
        ("[{type: ExtensionRef}]", Unknown, False),
        ("[{type: RequestRedirect, requestRedirect: {scheme: https}}]", False, True),
        ("[{type: RequestRedirect, requestRedirect: {hostname: b.org}}]", False, False),
    ],
)
def test_filters_of_a_route(filters: str, authenticated: Any, redirects: bool) -> None:
    facts = http_route(f"{{parentRefs: [{{name: own}}], rules: [{{filters: {filters}}}]}}")
    assert agrees(facts["authenticated"], authenticated) and facts["redirects_to_tls"] is redirects


def test_gateways_that_could_not_be_read_leave_redirects_open() -> None:
    missing = {"gateway.networking.k8s.io/Gateway": "403 Forbidden"}
    facts = http_route("{parentRefs: [{name: own}]}", source=LIVE, missing=missing)
    assert facts["redirects_to_tls"] == Unknown(reason="403 Forbidden")


ISTIO = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: front, namespace: net}
spec: {selector: {istio: ingressgateway}, servers: [SERVERS]}
"""


def istio(servers: str, *more: str, **options: Any) -> dict[str, Any]:
    return state(ISTIO.replace("SERVERS", servers), *more, **options)["Gateway.net.front"]


@pytest.mark.parametrize(
    ("tls", "protocol", "encrypted", "minimum"),
    [
        ("null", "HTTP", False, None),
        ("{mode: SIMPLE}", "HTTPS", True, "1.2"),
        ("{mode: MUTUAL, minProtocolVersion: TLSV1_3}", "HTTPS", True, "1.3"),
        ("{mode: SIMPLE, minProtocolVersion: TLSV1_0}", "HTTPS", True, "1.0"),
        ("{mode: SIMPLE, minProtocolVersion: SSLV3}", "HTTPS", True, Unknown),
        ("{mode: PASSTHROUGH}", "TLS", True, Unknown),
        ("{httpsRedirect: true}", "HTTP", False, None),
    ],
)
def test_servers_of_an_istio_gateway(tls: str, protocol: str, encrypted: bool, minimum: Any) -> None:
    server = f"{{port: {{number: 8443, name: p, protocol: {protocol}}}, hosts: [ml/a.org, '*'], tls: {tls}}}"
    first, second = istio(server)["listeners"]
    assert (first["host"], second["host"], first["port"], first["name"]) == ("a.org", None, 8443, "p")
    assert first["tls"] is encrypted and agrees(first["minimum_tls"], minimum)


FRONT = """
apiVersion: v1
kind: Service
metadata: {name: NAME, namespace: net, annotations: ANNOTATIONS}
spec: {type: TYPE, selector: {app: gateway, istio: ingressgateway}}
"""


def front(type: str, name: str = "a", annotations: str = "{}") -> str:
    return FRONT.replace("NAME", name).replace("TYPE", type).replace("ANNOTATIONS", annotations)


@pytest.mark.parametrize(
    ("services", "internal"),
    [
        ((), False),
        ((front("LoadBalancer"),), False),
        ((front("ClusterIP"),), True),
        ((front("NodePort"),), False),
        ((front("LoadBalancer", annotations="{networking.gke.io/load-balancer-type: Internal}"),), True),
        ((front("ClusterIP"), front("LoadBalancer", "b")), False),
        ((front("LoadBalancer") + "status: {loadBalancer: {ingress: [{ip: 10.0.0.1}]}}",), False),
        (tuple(front("LoadBalancer", f"s{number}") for number in range(300)), Unknown),
        ((front("LoadBalancer", annotations='{networking.gke.io/load-balancer-type: "${X}"}'),), Unknown),
    ],
)
def test_the_services_before_an_istio_gateway_say_who_reaches_it(services: tuple[str, ...], internal: Any) -> None:
    assert agrees(istio("", *services)["internal"], internal)


def test_services_that_could_not_be_read_leave_open_who_reaches_a_gateway() -> None:
    assert unknown(istio("", source=LIVE, missing={"Service": "403 Forbidden"})["internal"])


def test_a_gateway_whose_pods_are_only_named_internal_may_be_so() -> None:
    text = ISTIO.replace("istio: ingressgateway", "istio: ingressgateway-internal").replace("SERVERS", "")
    assert unknown(state(text)["Gateway.net.front"]["internal"])


def virtual_service(spec: str, *more: str) -> dict[str, Any]:
    text = f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: web, namespace: ml}}
spec: {spec}
"""
    return state(text, *more)["VirtualService.ml.web"]


def test_a_virtual_services_gateways_and_destinations() -> None:
    facts = virtual_service("""
  hosts: [a.org]
  gateways: [mesh, net/front, own]
  http:
  - match: [{uri: {prefix: /x}}]
    route:
    - {destination: {host: web, port: {number: 80}}}
    - {destination: {host: web.apps.svc.cluster.local}}
    - {destination: {host: example.org}}
    - {}
  - {delegate: {name: more}}
  tcp: [{route: [{destination: {host: db}}]}]
""")
    assert facts["gateways"] == ["Gateway.ml.own", "Gateway.net.front"]
    first, second, third, fourth, fifth, last = facts["backends"]
    assert first == {"namespace": "ml", "service": "web", "port": "80", "host": None, "path": "/x", "granted": True}
    assert (second["namespace"], second["service"], second["port"]) == ("apps", "web", None)
    assert all(map(unknown, (third, fourth, fifth))) and last["service"] == "db"


def test_a_virtual_service_without_gateways_is_for_the_mesh() -> None:
    assert virtual_service("{hosts: [web]}")["gateways"] == []
    assert virtual_service("{hosts: [web], gateways: [mesh]}")["gateways"] == []


@pytest.mark.parametrize(
    ("server", "redirects"),
    [
        ("{port: {number: 80, protocol: HTTP}, hosts: [a.org], tls: {httpsRedirect: true}}", True),
        ("{port: {number: 80, protocol: HTTP}, hosts: [a.org]}", False),
        ("{port: {number: 443, protocol: HTTPS}, hosts: [a.org], tls: {mode: SIMPLE}}", True),
        ("", False),
    ],
)
def test_redirects_of_the_gateway_count_for_its_virtual_services(server: str, redirects: bool) -> None:
    facts = virtual_service("{hosts: [a.org], gateways: [net/front]}", ISTIO.replace("SERVERS", server))
    assert facts["redirects_to_tls"] is redirects


def test_istios_gateways_that_could_not_be_read_leave_redirects_open() -> None:
    text = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: ml}
spec: {hosts: [a.org], gateways: [net/front]}
"""
    facts = state(text, source=LIVE, missing={"networking.istio.io/Gateway": "403 Forbidden"})
    assert facts["VirtualService.ml.web"]["redirects_to_tls"] == Unknown(reason="403 Forbidden")


def test_unresolved_hosts_and_backends_of_gateways_and_routes_are_unknown() -> None:
    gateway = GATEWAY.replace('"*.example.org"', '"${HOST}"')
    assert unknown(state(gateway)["Gateway.net.front"]["listeners"][1]["host"])
    route = http_route('{parentRefs: [{name: own}], rules: [{backendRefs: [{name: "${NAME}", port: 80}]}]}')
    assert all(map(unknown, route["backends"]))
    assert all(map(unknown, openshift('{host: a.org, to: {name: "${NAME}"}}')["backends"]))
    assert all(map(unknown, openshift("{host: a.org, to: {kind: Pod, name: a}}")["backends"]))


def openshift(spec: str, annotations: str = "{}", *more: str) -> dict[str, Any]:
    text = f"""
apiVersion: route.openshift.io/v1
kind: Route
metadata: {{name: web, namespace: ml, annotations: {annotations}}}
spec: {spec}
"""
    return state(text, *more)["Route.ml.web"]


def test_openshift_routes_and_their_services() -> None:
    service = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: ml}
spec: {ports: [{port: 80, targetPort: 8080}]}
"""
    spec = "{host: a.org, path: /x, to: {kind: Service, name: web}, port: {targetPort: 8080}}"
    assert openshift(spec, "{}", service)["backends"] == [
        {"namespace": "ml", "service": "web", "port": "80", "host": "a.org", "path": "/x", "granted": True}
    ]
    assert unknown(openshift(spec)["backends"][0]["port"])
    assert openshift("{host: a.org, to: {name: web}, port: {targetPort: http}}")["backends"][0]["port"] == "http"
    assert unknown(openshift("{to: {name: web}}")["hosts"][0])


@pytest.mark.parametrize(
    ("tls", "hosts", "redirects"),
    [
        ("null", [], False),
        ("{termination: edge}", ["a.org"], True),
        ("{termination: passthrough}", ["a.org"], True),
        ("{termination: edge, insecureEdgeTerminationPolicy: Allow}", ["a.org"], False),
        ("{termination: edge, insecureEdgeTerminationPolicy: Redirect}", ["a.org"], True),
    ],
)
def test_tls_of_openshift_routes(tls: str, hosts: list[str], redirects: bool) -> None:
    facts = openshift(f"{{host: a.org, to: {{name: web}}, tls: {tls}}}")
    assert (facts["tls_hosts"], facts["redirects_to_tls"]) == (hosts, redirects)


def test_ranges_of_openshift_routes() -> None:
    annotations = '{haproxy.router.openshift.io/ip_whitelist: "10.0.0.0/8 192.0.2.0/24"}'
    assert openshift("{host: a.org}", annotations)["source_ranges"] == ["10.0.0.0/8", "192.0.2.0/24"]


def test_placeholders_for_a_gateways_class_and_a_routes_namespace_are_unknown() -> None:
    assert unknown(state(GATEWAY.replace("CLASS", "$CLASS"))["Gateway.net.front"]["internal"])
    route = "{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r}, spec: SPEC}"
    named = "{parentRefs: [{name: front, namespace: NAMESPACE}]}"
    [facts] = state(route.replace("SPEC", named.replace("NAMESPACE", "net"))).values()
    assert facts["gateways"] == ["Gateway.net.front"]
    [facts] = state(route.replace("SPEC", named.replace("NAMESPACE", "$NET"))).values()
    assert all(map(unknown, facts["gateways"])) and len(facts["gateways"]) == 1


def test_a_server_without_a_port_is_no_listener_that_is_known() -> None:
    text = """
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: door}
spec: {servers: [{hosts: [a.example.org]}, {port: {number: 80, protocol: HTTP}}]}
"""
    lost, kept = state(text)["Gateway.default.door"]["listeners"]
    assert unknown(lost) and kept["port"] == 80
