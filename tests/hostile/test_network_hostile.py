"""Names, labels and annotations that no server would take, or that say what isn't so: none of them closes a way in."""

from pathlib import Path

import pytest

from tests.e2e.cluster_verdicts import judged
from tests.hostile.test_manifests_hostile import OPEN, RAY, outcomes
from tests.kube_server import KubeServer

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: %s}\nspec: {%s}\n"
PORTS = "ports: [{port: 80, targetPort: 8265}]"
BALANCED = f"selector: {{app: web}}, type: LoadBalancer, {PORTS}"
INNER = SERVICE % ("ml", f"selector: {{app: web}}, {PORTS}")
POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: %s}\nspec: %s\n"
DENY = POLICY % ("deny", "ml", "{podSelector: {}, policyTypes: [Ingress, Egress]}")
ALLOW = "ingress: [{}], egress: [{}], policyTypes: [Ingress, Egress]"
LET_OUT_AND_IN = ("workload-egress-limited", "workload-not-open-to-cluster", "ray-jobs-authenticated")
ISOLATED = ("workload-ingress-limited", "workload-egress-limited", "ray-jobs-authenticated")
NO_NAMES = ["${NAME}", "$NAME", "{{ .Values.name }}", "<NAME>", "__NAME__", "%NAME%", "@NAME@"]


def test_the_ways_in_that_these_tests_close_are_open() -> None:
    assert outcomes(OPEN, RAY, SERVICE % ("ml", BALANCED)) == {"fail"}
    assert outcomes(OPEN, RAY, INNER) == {"pass"}
    for rule in ISOLATED:
        assert "fail" in outcomes(rule, RAY) and "fail" not in outcomes(rule, RAY, DENY)


@pytest.mark.parametrize("name", NO_NAMES)
@pytest.mark.parametrize(
    ("namespace", "spec"),
    [
        ("'NAME'", BALANCED),
        ("ml", f"selector: {{app: 'NAME'}}, type: LoadBalancer, {PORTS}"),
        ("ml", f"selector: {{'NAME': web}}, type: LoadBalancer, {PORTS}"),
        ("ml", f"selector: {{app: web}}, type: 'NAME', {PORTS}"),
        ("ml", "selector: {app: web}, type: LoadBalancer, ports: [{port: 80, targetPort: 'NAME'}]"),
        ("ml", "selector: {app: web}, type: LoadBalancer, ports: [{port: 80, targetPort: 8265, protocol: 'NAME'}]"),
    ],
)
def test_a_placeholder_in_a_service_leaves_open_where_it_leads(name: str, namespace: str, spec: str) -> None:
    text = (SERVICE % (namespace, spec)).replace("NAME'", f"{name}'")
    assert outcomes(OPEN, RAY, text) == {"unknown"}


@pytest.mark.parametrize("kind", ["loadbalancer", "LoadBalancer ", "Balancer"])
def test_a_type_that_no_service_has_is_no_type_that_keeps_the_internet_out(kind: str) -> None:
    text = SERVICE % ("ml", f"selector: {{app: web}}, type: '{kind}', {PORTS}")
    assert outcomes(OPEN, RAY, text) == {"unknown"}
    assert outcomes("service-no-node-port", RAY, text) == {"unknown"}


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_placeholder_in_an_ingress_leaves_open_where_it_leads(name: str) -> None:
    text = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: 'SPACE'}\nspec: {rules: "
        "[{host: a.b, http: {paths: [{path: /, backend: {service: {name: 'NAME', port: {name: 'PORT'}}}}]}}]}\n"
    )
    inner = SERVICE % ("ml", "selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8265}]")
    plain = {"SPACE": "ml", "NAME": "web", "PORT": "http"}
    for place in (None, *plain):
        given = text
        for one, value in plain.items():
            given = given.replace(one, name if one == place else value)
        assert outcomes(OPEN, RAY, inner, given) == ({"fail"} if place is None else {"unknown"})


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_workload_of_a_namespace_that_isnt_known_is_not_closed(name: str) -> None:
    assert outcomes(OPEN, RAY.replace("namespace: ml", f"namespace: '{name}'")) == {"unknown"}


@pytest.mark.parametrize("rule", LET_OUT_AND_IN)
@pytest.mark.parametrize("name", NO_NAMES)
def test_a_policy_that_may_be_for_a_workload_may_open_it(name: str, rule: str) -> None:
    assert outcomes(rule, RAY, DENY, POLICY % ("let", "ml", f"{{podSelector: {{}}, {ALLOW}}}")) == {"fail"}
    for text in (
        POLICY % ("let", f"'{name}'", f"{{podSelector: {{}}, {ALLOW}}}"),
        POLICY % ("let", "ml", f"{{podSelector: {{matchLabels: {{app: '{name}'}}}}, {ALLOW}}}"),
        POLICY % ("let", "ml", f"{{podSelector: {{matchLabels: {{'{name}': web}}}}, {ALLOW}}}"),
    ):
        assert outcomes(rule, RAY, DENY, text) == {"unknown"}


@pytest.mark.parametrize("rule", ISOLATED)
@pytest.mark.parametrize("name", NO_NAMES)
def test_a_policy_that_may_not_be_for_a_workload_does_not_close_it(name: str, rule: str) -> None:
    chosen = f"{{podSelector: {{matchExpressions: [{{key: app, operator: NotIn, values: ['{name}']}}]}}, "
    assert outcomes(rule, RAY, POLICY % ("deny", "ml", chosen + "policyTypes: [Ingress, Egress]}")) == {"unknown"}


@pytest.mark.parametrize(
    "refused",
    [
        "ports: [{port: 80, protocol: ICMP}]",
        "ports: [{port: -Web-}]",
        "ports: [{port: 80, endPort: 70}]",
        "from: [{}]",
        "from: [{ipBlock: {cidr: anywhere}}]",
        "from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]",
        "from: [{podSelector: {matchExpressions: [{key: app, operator: in, values: [x]}]}}]",
    ],
)
def test_a_policy_of_which_a_server_would_refuse_a_part_isolates_nothing(refused: str) -> None:
    text = POLICY % ("deny", "ml", f"{{podSelector: {{}}, policyTypes: [Ingress, Egress], ingress: [{{{refused}}}]}}")
    assert outcomes("workload-ingress-limited", RAY, text) == {"unknown"}
    assert "pass" not in outcomes("workload-egress-limited", RAY, text)


def test_a_placeholder_that_a_template_fills_in_isolates_all_the_same() -> None:
    text = POLICY % ("deny", "ml", "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: '${PORT}'}]}]}")
    assert outcomes("workload-ingress-limited", RAY, text) == {"pass"}


@pytest.mark.parametrize(
    "expression",
    [
        "{key: zz, operator: DoesNotExist}",
        "{key: zz, operator: NotIn, values: [x]}",
        "{key: kubernetes.io/metadata.name, operator: Exists}",
        "{key: kubernetes.io/metadata.name, operator: NotIn, values: [zz]}",
    ],
)
def test_a_selector_of_almost_every_namespace_is_open_to_the_cluster(expression: str) -> None:
    let = f"ingress: [{{from: [{{namespaceSelector: {{matchExpressions: [{expression}]}}}}]}}]"
    text = POLICY % ("let", "ml", f"{{podSelector: {{}}, {let}}}")
    assert outcomes("workload-not-open-to-cluster", RAY, DENY, text) == {"fail"}
    assert outcomes("ray-jobs-authenticated", RAY, DENY, text) == {"fail"}


@pytest.mark.parametrize(
    ("host", "outcome"),
    [
        ("web.ml.svc.cluster.local", "fail"),
        ("WEB.ml.SVC.cluster.local.", "fail"),
        ("web-0.web.ml.svc.cluster.local", "fail"),
        ("10-0-0-5.ml.pod.cluster.local", "unknown"),
        ("10.0.0.5", "unknown"),
        ("web.ml", "unknown"),
        ("${HOST}", "unknown"),
        ("web.example.com", "pass"),
        ("web.batch.svc.cluster.local", "pass"),
    ],
)
def test_an_external_name_leads_to_the_service_that_it_stands_for(host: str, outcome: str) -> None:
    alias = SERVICE % ("edge", f"type: ExternalName, externalName: '{host}', ports: [{{port: 80}}]")
    ingress = (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, namespace: edge}\nspec: {rules: [{host: "
        "a.b, http: {paths: [{path: /, backend: {service: {name: ALIAS, port: {number: 80}}}}]}}]}\n"
    )
    assert outcomes(OPEN, RAY, INNER, alias, ingress.replace("ALIAS", "web")) == {outcome}
    again = SERVICE % ("edge", "type: ExternalName, externalName: web.edge.svc, ports: [{port: 80}]")
    chained = again.replace("name: web", "name: first")
    assert outcomes(OPEN, RAY, INNER, alias, chained, ingress.replace("ALIAS", "first")) == {outcome}


LIVE = """
{apiVersion: v1, kind: Namespace, metadata: {name: ml}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: ml, labels: {app: web}}
spec:
  containers: [{name: c, image: "rayproject/ray:2.9.0", command: [ray, start, --head, --dashboard-host=0.0.0.0],
                ports: [{containerPort: 8265}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: ml, annotations: {ANNOTATION: INTERNAL}}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80, targetPort: 8265}]}
status: {loadBalancer: {ingress: [{ip: 8.8.8.8}]}}
"""


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        ("load-balancer.hetzner.cloud/disable-public-network", '"true"'),
        ("networking.gke.io/load-balancer-type", "Internal"),
        ("service.beta.kubernetes.io/aws-load-balancer-scheme", "internal"),
    ],
)
def test_no_annotation_makes_an_address_of_the_internet_private(annotation: str, value: str, tmp_path: Path) -> None:
    with KubeServer(LIVE.replace("ANNOTATION", annotation).replace("INTERNAL", value)) as server:
        report = judged(server.kubeconfig(tmp_path / "config"))
    assert [one.outcome for one in report.findings if one.rule == OPEN] == ["fail"]
