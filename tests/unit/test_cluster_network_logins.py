"""What stands beside routes: ReferenceGrants, Envoy Gateway's SecurityPolicies, Traefik's Middlewares."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, facts_of, network, objects_of, unknown

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: KIND
metadata: {name: web, namespace: ml, labels: {login: asked}}
spec:
  parentRefs: [{name: front, namespace: net}]
  rules: [{backendRefs: [{name: db, namespace: data, port: 80}], filters: FILTERS}]
"""
GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: front, namespace: net, labels: {edge: public}}
spec: {listeners: [{name: web, port: 80, protocol: HTTP}]}
"""


def route(*more: str, kind: str = "HTTPRoute", filters: str = "[]", **options: Any) -> dict[str, Any]:
    text = ROUTE.replace("KIND", kind).replace("FILTERS", filters)
    return facts_of(network, objects_of("\n---\n".join([text, *more]), **options))[f"{kind}.ml.web"]


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else fact is expected


# ReferenceGrants


def grant(spec: str, namespace: str = "data") -> str:
    return f"""
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {{name: g, namespace: {namespace}}}
spec: {spec}
"""


FROM = "from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: ml}]"
LETTING = "{" + FROM + ", to: [{group: '', kind: Service}]}"


@pytest.mark.parametrize(
    ("grants", "granted"),
    [
        ((grant(LETTING),), True),
        ((grant("{" + FROM + ", to: [{group: '', kind: Service, name: db}]}"),), True),
        ((grant("{" + FROM + ", to: [{group: '', kind: Service, name: other}]}"),), False),
        ((grant("{" + FROM + ", to: [{group: '', kind: Secret}]}"),), False),
        ((grant(LETTING.replace("HTTPRoute", "TCPRoute")),), False),
        ((grant(LETTING.replace("namespace: ml", "namespace: web")),), False),
        ((grant(LETTING, "elsewhere"),), False),
        ((grant("null"),), False),
        ((), False),
    ],
)
def test_a_live_route_leads_to_another_namespace_only_where_a_grant_lets_it(
    grants: tuple[str, ...], granted: bool
) -> None:
    [backend] = route(*grants, source=LIVE)["backends"]
    assert backend["granted"] is granted


def test_of_files_a_grant_may_be_declared_elsewhere() -> None:
    assert unknown(route()["backends"][0]["granted"])
    assert route(grant(LETTING))["backends"][0]["granted"] is True


def test_grants_that_could_not_be_read_may_let_it() -> None:
    missing = {"gateway.networking.k8s.io/ReferenceGrant": "403 Forbidden"}
    assert route(source=LIVE, missing=missing)["backends"][0]["granted"] == Unknown(reason="403 Forbidden")


# SecurityPolicies


def security(spec: str, namespace: str = "ml", name: str = "s") -> str:
    return f"""
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: {{name: {name}, namespace: {namespace}}}
spec: {spec}
"""


GATEWAY_NAMED = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: other, namespace: ml}
spec: {parentRefs: [{name: front, namespace: net, sectionName: SECTION}]}
"""
HERE = "targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: web}]"
ABOVE = "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: front}]"
PASSWORD = "basicAuth: {users: {name: people}}"


@pytest.mark.parametrize(
    ("asks", "authenticated"),
    [
        (PASSWORD, True),
        ("apiKeyAuth: {credentialRefs: [{name: keys}], extractFrom: [{headers: [x]}]}", True),
        ("jwt: {providers: [{name: a}]}", True),
        ("jwt: {optional: true, providers: [{name: a}]}", False),
        ("jwt: {failOpen: true, providers: [{name: a}]}", False),
        ("jwt: {optional: true, providers: [{name: a}]}, authorization: {defaultAction: Deny}", Unknown),
        ("oidc: {clientID: a}", True),
        ("oidc: {clientID: a, passThroughAuthHeader: true}", Unknown),
        ("oidc: {clientID: a, passThroughAuthHeader: true}, jwt: {providers: [{name: a}]}", True),
        ("extAuth: {http: {}}", True),
        ("extAuth: {failOpen: true, http: {}}", Unknown),
        ("cors: {allowOrigins: ['*']}", False),
        (
            "authorization: {defaultAction: Deny, rules: [{action: Allow, principal: {clientCIDRs: [10.0.0.0/8]}}]}",
            False,
        ),
    ],
)
def test_a_security_policy_asks_callers_who_they_are(asks: str, authenticated: Any) -> None:
    assert agrees(route(security(f"{{{HERE}, {asks}}}"))["authenticated"], authenticated)


def test_one_for_the_gateway_is_for_its_routes_and_one_for_the_route_stands_in_its_place() -> None:
    gateway = security(f"{{{ABOVE}, {PASSWORD}}}", "net")
    assert route(GATEWAY, gateway)["authenticated"] is True
    replaced = security(f"{{{HERE}, cors: {{}}}}", name="own")
    assert route(GATEWAY, gateway, replaced)["authenticated"] is False
    merged = security(f"{{{HERE}, mergeType: StrategicMerge, cors: {{}}}}", name="own")
    assert route(GATEWAY, gateway, merged)["authenticated"] is True
    assert route(GATEWAY, security(f"{{{ABOVE}, {PASSWORD}}}", "elsewhere"))["authenticated"] is False


def test_one_for_a_part_of_a_gateway_or_route_is_not_for_all_of_it() -> None:
    part = ABOVE.replace("name: front", "name: front, sectionName: web")
    assert unknown(route(GATEWAY, security(f"{{{part}, {PASSWORD}}}", "net"))["authenticated"])
    for section, authenticated in (("web", True), ("other", False)):
        naming = GATEWAY_NAMED.replace("SECTION", section)
        found = facts_of(
            network, objects_of("\n---\n".join([naming, GATEWAY, security(f"{{{part}, {PASSWORD}}}", "net")]))
        )
        assert found["HTTPRoute.ml.other"]["authenticated"] is authenticated
    rule = HERE.replace("name: web", "name: web, sectionName: first")
    assert unknown(route(security(f"{{{rule}, {PASSWORD}}}"))["authenticated"])


@pytest.mark.parametrize(
    ("selector", "authenticated"),
    [
        ("{kind: HTTPRoute, matchLabels: {login: asked}}", True),
        ("{kind: HTTPRoute}", True),
        ("{kind: HTTPRoute, matchLabels: {login: never}}", False),
        ("{kind: HTTPRoute, matchExpressions: [{key: login, operator: Exists}]}", True),
        ("{kind: GRPCRoute}", False),
        ("{kind: HTTPRoute, namespaces: {from: All}}", Unknown),
    ],
)
def test_labels_may_say_for_which_routes_one_is(selector: str, authenticated: Any) -> None:
    found = route(security(f"{{targetSelectors: [{selector}], {PASSWORD}}}"))
    assert agrees(found["authenticated"], authenticated)


def test_a_gateway_may_be_selected_by_its_labels() -> None:
    selecting = "{targetSelectors: [{kind: Gateway, matchLabels: {edge: public}}], basicAuth: {users: {name: a}}}"
    assert route(GATEWAY, security(selecting, "net"))["authenticated"] is True
    assert unknown(route(security(selecting, "net"))["authenticated"])


def test_several_that_differ_leave_it_open() -> None:
    several = [security(f"{{{HERE}, {asks}}}", name=asks[:4]) for asks in (PASSWORD, "cors: {}")]
    assert unknown(route(*several)["authenticated"])


def test_tcp_routes_know_no_login() -> None:
    one = security("{targetRefs: [{kind: TCPRoute, name: web}], basicAuth: {users: {name: a}}}")
    assert route(one, kind="TCPRoute")["authenticated"] is False


def test_security_policies_that_could_not_be_read_may_ask() -> None:
    missing = {"gateway.envoyproxy.io/SecurityPolicy": "403 Forbidden"}
    assert route(source=LIVE, missing=missing)["authenticated"] == Unknown(reason="403 Forbidden")
    asked = route(source=LIVE, missing=missing, filters="[{type: ExternalAuth}]")
    assert asked["authenticated"] is True


# Middlewares


def middleware(spec: str, name: str = "login", namespace: str = "ml") -> str:
    return f"""
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {{name: {name}, namespace: {namespace}}}
spec: {spec}
"""


def ingress(*more: str, named: str = "ml-login@kubernetescrd", **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: ml
  annotations: {{traefik.ingress.kubernetes.io/router.middlewares: "{named}"}}
spec: {{ingressClassName: traefik, rules: [{{host: a.org}}]}}
"""
    return facts_of(network, objects_of("\n---\n".join([text, *more]), **options))["Ingress.ml.web"]


ASKING = middleware("{basicAuth: {secret: people}}")


@pytest.mark.parametrize(
    ("spec", "authenticated"),
    [
        ("{basicAuth: {secret: people}}", True),
        ("{digestAuth: {secret: people}}", True),
        ("{forwardAuth: {address: http://login}}", True),
        ("{forwardAuth: {}}", False),
        ("{basicAuth: {}}", False),
        ("{stripPrefix: {prefixes: [/a]}}", False),
        ("{plugin: {login: {}}}", Unknown),
        ("null", False),
    ],
)
def test_a_middleware_asks_callers_who_they_are(spec: str, authenticated: Any) -> None:
    assert agrees(ingress(middleware(spec))["authenticated"], authenticated)


def test_one_of_several_or_of_a_chain_is_enough() -> None:
    strip = middleware("{stripPrefix: {}}", "strip")
    assert ingress(ASKING, strip, named="ml-strip@kubernetescrd, ml-login@kubernetescrd")["authenticated"] is True
    chain = middleware("{chain: {middlewares: [{name: strip}, {name: login, namespace: ml}]}}", "both", "edge")
    assert ingress(ASKING, strip, chain, named="edge-both@kubernetescrd")["authenticated"] is True


def test_a_chain_of_itself_ends() -> None:
    chain = middleware("{chain: {middlewares: [{name: login}, {name: login}]}}")
    assert ingress(chain)["authenticated"] is False


def test_a_long_chain_is_left_open_beyond_a_bound() -> None:
    chains = [middleware(f"{{chain: {{middlewares: [{{name: c{n + 1}}}]}}}}", f"c{n}") for n in range(150)]
    assert unknown(ingress(*chains, named="ml-c0@kubernetescrd")["authenticated"])


@pytest.mark.parametrize("named", ["ml-absent@kubernetescrd", "login@file", "ml-login"])
def test_a_middleware_that_isnt_declared_here_may_ask(named: str) -> None:
    assert unknown(ingress(ASKING, named=named)["authenticated"])


def test_a_name_that_may_be_two_middlewares_is_left_open() -> None:
    other = middleware("{stripPrefix: {}}", "b-login", "a")
    asking = middleware("{basicAuth: {secret: people}}", "login", "a-b")
    assert unknown(ingress(other, asking, named="a-b-login@kubernetescrd")["authenticated"])


def test_middlewares_that_could_not_be_read_may_ask() -> None:
    missing = {"traefik.io/Middleware": "403 Forbidden"}
    assert ingress(source=LIVE, missing=missing)["authenticated"] == Unknown(reason="403 Forbidden")


@pytest.mark.parametrize(
    ("spec", "ranges"),
    [
        ("{ipAllowList: {sourceRange: [10.0.0.0/8]}}", ["10.0.0.0/8"]),
        ("{ipWhiteList: {sourceRange: [10.0.0.0/8]}}", ["10.0.0.0/8"]),
        ("{ipAllowList: {sourceRange: [10.0.0.0/8], ipStrategy: {depth: 1}}}", Unknown),
        ("{stripPrefix: {}}", []),
        ("{plugin: {limit: {}}}", Unknown),
    ],
)
def test_a_middleware_may_limit_who_connects(spec: str, ranges: Any) -> None:
    found = ingress(middleware(spec))["source_ranges"]
    assert unknown(found[0]) if ranges is Unknown else found == ranges


def test_an_http_route_may_name_a_middleware_of_its_namespace() -> None:
    filters = "[{type: ExtensionRef, extensionRef: {group: traefik.io, kind: Middleware, name: login}}]"
    assert route(ASKING, filters=filters)["authenticated"] is True
    assert route(middleware("{stripPrefix: {}}"), filters=filters)["authenticated"] is False
    assert unknown(route(filters=filters)["authenticated"])


def test_a_filter_of_envoy_gateway_only_changes_requests() -> None:
    filters = "[{type: ExtensionRef, extensionRef: {group: gateway.envoyproxy.io, kind: HTTPRouteFilter, name: a}}]"
    assert route(filters=filters)["authenticated"] is False
