"""What meshes declare: modes of mutual TLS, and whether callers must have an identity."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, facts_of, network, objects_of, unknown


def state(*texts: str, **options: Any) -> dict[str, dict[str, Any]]:
    return facts_of(network, objects_of("\n---\n".join(texts), **options))


def istio(kind: str, spec: str, namespace: str = "ml", name: str = "p") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}}}
spec: {spec}
"""


def one(*texts: str, **options: Any) -> dict[str, Any]:
    return next(iter(state(*texts, **options).values()))


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else fact is expected or bool(fact == expected)


@pytest.mark.parametrize(
    ("spec", "mode"),
    [
        ("{mtls: {mode: STRICT}}", "STRICT"),
        ("{mtls: {mode: UNSET}}", None),
        ("{}", None),
        ("null", None),
        ("{mtls: {mode: ODD}}", Unknown),
        ('{mtls: {mode: STRICT}, portLevelMtls: {"8080": {mode: DISABLE}}}', Unknown),
        ('{mtls: {mode: STRICT}, portLevelMtls: {"8080": {mode: STRICT}}}', "STRICT"),
        ('{mtls: {mode: STRICT}, portLevelMtls: {"8080": {mode: UNSET}}}', "STRICT"),
    ],
)
def test_modes_of_mutual_tls(spec: str, mode: Any) -> None:
    facts = one(istio("PeerAuthentication", spec))
    assert agrees(facts["mutual_tls"], mode) and facts["requires_identity"] is False and facts["mesh"] == "istio"


@pytest.mark.parametrize(
    ("namespace", "selector", "whole"),
    [
        ("istio-system", "null", True),
        ("istio-system", "{matchLabels: {}}", True),
        ("istio-system", "{matchLabels: {a: b}}", False),
        ("ml", "null", False),
        ("'${NAMESPACE}'", "null", Unknown),
        ("$NAMESPACE", "{matchLabels: {a: b}}", False),
        ("istio-system", "{matchLabels: {a: '${A}'}}", False),
    ],
)
def test_a_policy_of_the_root_namespace_that_selects_nothing_is_for_the_mesh(
    namespace: str, selector: str, whole: Any
) -> None:
    facts = one(istio("PeerAuthentication", f"{{selector: {selector}}}", namespace))
    assert agrees(facts["whole_mesh"], whole)


BY_PRINCIPAL = "{from: [{source: {principals: [cluster.local/ns/ml/sa/web]}}]}"


@pytest.mark.parametrize(
    ("spec", "requires"),
    [
        (f"{{rules: [{BY_PRINCIPAL}]}}", True),
        ("{rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}", True),
        ("{rules: [{from: [{source: {namespaces: [ml]}}]}]}", True),
        (f"{{rules: [{BY_PRINCIPAL}, {{to: [{{operation: {{paths: [/healthz]}}}}]}}]}}", False),
        ("{rules: [{from: [{source: {namespaces: [ml]}}, {source: {ipBlocks: [10.0.0.0/8]}}]}]}", False),
        ("{rules: [{}]}", False),
        ("{rules: [{from: []}]}", False),
        ("{rules: [{from: [{}]}]}", False),
        ("{rules: [{when: [{key: 'request.auth.claims[iss]', values: [x]}]}]}", True),
        ("{rules: [{when: [{key: 'request.headers[x]', values: [x]}]}]}", False),
        ("{rules: [{when: [{key: source.principal, notValues: [x]}]}]}", False),
        # It allows nothing, so that everything is denied.
        ("{}", True),
        ("null", True),
        ("{action: DENY, rules: [{from: [{source: {notPrincipals: ['*']}}]}]}", True),
        ("{action: DENY, rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]}", True),
        (
            "{action: DENY, rules: [{from: [{source: {notPrincipals: ['*']}}], to: [{operation: {paths: [/admin]}}]}]}",
            False,
        ),
        ("{action: DENY, rules: [{from: [{source: {notPrincipals: ['*'], ipBlocks: [10.0.0.0/8]}}]}]}", False),
        ("{action: DENY, rules: [{from: [{source: {principals: [x]}}]}]}", False),
        ("{action: AUDIT, rules: [{}]}", False),
        ("{action: CUSTOM, rules: [{}]}", Unknown),
        ("{action: ODD}", Unknown),
    ],
)
def test_whether_a_policy_refuses_callers_without_an_identity(spec: str, requires: Any) -> None:
    assert agrees(one(istio("AuthorizationPolicy", spec))["requires_identity"], requires)


CLOSED = istio("AuthorizationPolicy", f"{{selector: {{matchLabels: {{app: web}}}}, rules: [{BY_PRINCIPAL}]}}")


@pytest.mark.parametrize(
    ("other", "namespace", "requires"),
    [
        ("{rules: [{}]}", "ml", False),
        ("{rules: [{}]}", "istio-system", False),
        ("{rules: [{}]}", "elsewhere", True),
        ("{selector: {matchLabels: {app: web}}, rules: [{}]}", "ml", False),
        ("{selector: {matchLabels: {app: other}}, rules: [{}]}", "ml", True),
        ("{selector: {matchLabels: {tier: a}}, rules: [{}]}", "ml", Unknown),
        ("{action: DENY, rules: [{}]}", "ml", True),
    ],
)
def test_a_policy_that_lets_in_others_undoes_one_that_asks_for_an_identity(
    other: str, namespace: str, requires: Any
) -> None:
    found = state(CLOSED, istio("AuthorizationPolicy", other, namespace, "open"))
    assert agrees(found["AuthorizationPolicy.ml.p"]["requires_identity"], requires)


def test_policies_that_could_not_be_read_may_let_in_others() -> None:
    found = one(CLOSED, source=LIVE, missing={"security.istio.io/AuthorizationPolicy": "403 Forbidden"})
    assert found["requires_identity"] == Unknown(reason="403 Forbidden")


def test_a_policy_for_named_targets_is_for_unknown_pods() -> None:
    facts = one(istio("AuthorizationPolicy", "{targetRefs: [{kind: Service, name: web}], rules: []}"))
    assert unknown(facts["pods"]) and facts["whole_mesh"] is False


def test_a_policy_beside_very_many_open_ones_is_unknown() -> None:
    others = (istio("AuthorizationPolicy", "{rules: [{}]}", "ml", f"o{number}") for number in range(300))
    assert unknown(state(CLOSED, *others)["AuthorizationPolicy.ml.p"]["requires_identity"])


def test_a_request_authentication_for_named_targets_is_for_unknown_pods() -> None:
    assert unknown(one(istio("RequestAuthentication", "{targetRefs: [{kind: Gateway, name: web}]}"))["pods"])


def test_a_request_authentication_alone_asks_for_no_token() -> None:
    facts = one(istio("RequestAuthentication", "{jwtRules: [{issuer: x}]}"))
    assert facts["requires_identity"] is False and facts["mutual_tls"] is None


def linkerd(kind: str, spec: str, version: str = "v1beta3") -> str:
    return f"""
apiVersion: policy.linkerd.io/{version}
kind: {kind}
metadata: {{name: web, namespace: ml}}
spec: {spec}
"""


SERVER = linkerd("Server", "{podSelector: {matchLabels: {app: web}}, port: 8080}")


def test_a_server_of_linkerd_speaks_of_one_port() -> None:
    facts = one(SERVER)
    assert facts["mesh"] == "linkerd" and facts["pods"][0]["key"] == "app" and unknown(facts["requires_identity"])
    opened = one(linkerd("Server", "{podSelector: {}, accessPolicy: all-unauthenticated}"))
    assert opened["requires_identity"] is False


@pytest.mark.parametrize(("kind", "requires"), [("MeshTLSAuthentication", Unknown), ("NetworkAuthentication", False)])
def test_an_authorization_of_linkerd_is_for_its_servers_pods(kind: str, requires: Any) -> None:
    spec = f"{{targetRef: {{kind: Server, name: web}}, requiredAuthenticationRefs: [{{kind: {kind}, name: x}}]}}"
    facts = state(SERVER, linkerd("AuthorizationPolicy", spec, "v1alpha1"))["AuthorizationPolicy.ml.web"]
    assert facts["pods"][0]["key"] == "app" and agrees(facts["requires_identity"], requires)


def test_an_authorization_of_linkerd_for_a_namespace_is_for_all_its_pods() -> None:
    spec = "{targetRef: {kind: Namespace, name: ml}, requiredAuthenticationRefs: [{kind: ServiceAccount, name: x}]}"
    assert one(linkerd("AuthorizationPolicy", spec, "v1alpha1"))["pods"] == []
    other = "{targetRef: {kind: HTTPRoute, name: web}}"
    assert unknown(one(linkerd("AuthorizationPolicy", other, "v1alpha1"))["pods"])


def test_linkerds_servers_that_could_not_be_read_may_change_a_namespaces_default() -> None:
    text = """
apiVersion: v1
kind: Namespace
metadata: {name: ml, annotations: {config.linkerd.io/default-inbound-policy: deny}}
"""
    found = one(text, source=LIVE, missing={"policy.linkerd.io/Server": "403 Forbidden"})
    assert found["requires_identity"] == Unknown(reason="403 Forbidden")


@pytest.mark.parametrize(
    ("policy", "more", "requires", "mode"),
    [
        ("all-authenticated", (), True, "STRICT"),
        ("deny", (), True, "STRICT"),
        ("all-unauthenticated", (), False, None),
        ("all-authenticated", (SERVER,), Unknown, None),
    ],
)
def test_a_namespaces_default_for_linkerd(policy: str, more: tuple[str, ...], requires: Any, mode: str | None) -> None:
    text = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: ml, annotations: {{config.linkerd.io/default-inbound-policy: {policy}}}}}
"""
    facts = state(text, *more)["Namespace.ml"]
    assert facts["namespace"] == "ml" and agrees(facts["requires_identity"], requires) and facts["mutual_tls"] == mode


def destination(spec: str) -> dict[str, Any]:
    return one(f"""
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {{name: d, namespace: ml}}
spec: {spec}
""")


@pytest.mark.parametrize(
    ("policy", "mode", "ports"),
    [
        ("{tls: {mode: DISABLE}}", "DISABLE", []),
        ("{tls: {}}", "DISABLE", []),
        ("{tls: {mode: ISTIO_MUTUAL}}", "STRICT", []),
        ("{tls: {mode: MUTUAL}}", "STRICT", []),
        ("{tls: {mode: SIMPLE}}", "SIMPLE", []),
        ("{tls: {mode: ODD}}", Unknown, []),
        ("{connectionPool: {}}", None, []),
        ("null", None, []),
        ("{portLevelSettings: [{port: {number: 81}, tls: {mode: DISABLE}}, {port: {number: 80}}]}", "DISABLE", [81]),
        (
            "{tls: {mode: ISTIO_MUTUAL}, portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}",
            "DISABLE",
            [80],
        ),
        ("{tls: {mode: DISABLE}, portLevelSettings: [{port: {number: 80}, tls: {mode: ISTIO_MUTUAL}}]}", "DISABLE", []),
    ],
)
def test_a_destination_rule_says_what_callers_speak(policy: str, mode: Any, ports: list[int]) -> None:
    facts = destination(f"{{host: web, trafficPolicy: {policy}}}")
    assert agrees(facts["mutual_tls"], mode) and facts["plain_ports"] == ports
    assert facts["type"] == "DestinationRule" and facts["requires_identity"] is False


def test_a_subset_without_tls_is_one_without() -> None:
    facts = destination("{host: web, subsets: [{name: v1}, {name: v2, trafficPolicy: {tls: {mode: DISABLE}}}]}")
    assert facts["mutual_tls"] == "DISABLE"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("web", "web.ml.svc.cluster.local"),
        ("web.apps.svc.cluster.local", "web.apps.svc.cluster.local"),
        ("'*'", "*"),
        ("'${HOST}'", Unknown),
        ("null", Unknown),
    ],
)
def test_the_host_of_a_destination_rule(host: str, expected: Any) -> None:
    assert agrees(destination(f"{{host: {host}}}")["host"], expected)


def test_policies_for_those_who_are_called_name_no_host() -> None:
    facts = one(istio("PeerAuthentication", "{mtls: {mode: STRICT}}"))
    assert facts["host"] is None and facts["plain_ports"] == []
