"""Services and Ingresses as facts: who reaches them, over what, and who asks for a login."""

from typing import Any

import pytest

from assay.detectors.cluster.words import words_of
from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, facts_of, network, objects_of, unknown

NGINX = "nginx.ingress.kubernetes.io/"
ALB = "alb.ingress.kubernetes.io/"


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else bool(fact == expected) and type(fact) is type(expected)


def service(spec: str, annotations: str = "{}", status: str = "null", **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: ml, annotations: {annotations}}}
spec: {spec}
status: {status}
"""
    return facts_of(network, objects_of(text, **options))["Service.ml.web"]


def test_a_services_ports_and_selector() -> None:
    facts = service(
        "{selector: {app: web}, ports: "
        "[{name: web, port: 80, targetPort: http}, {port: 53, protocol: UDP, nodePort: 30053}, {}]}"
    )
    assert facts["type"] == "ClusterIP" and facts["selector"] == {"app": "web"}
    assert facts["ports"][0] == {"port": 80, "target": "http", "protocol": "tcp", "node_port": None, "name": "web"}
    assert facts["ports"][1] == {"port": 53, "target": "53", "protocol": "udp", "node_port": 30053, "name": None}
    assert unknown(facts["ports"][2])


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("{type: $TYPE}", "type"),
        ("{type: Nodeport}", "type"),
        ("{selector: {'$KEY': web}}", "selector"),
        ("{selector: {'a b': web}}", "selector"),
    ],
)
def test_what_no_server_takes_for_a_service_is_unknown(spec: str, field: str) -> None:
    found = service(spec)
    assert [name for name, value in found.items() if unknown(value)] == [field]


def test_a_value_that_no_label_has_is_unknown_beside_the_others() -> None:
    selector = service("{selector: {app: '${APP}', tier: web}}")["selector"]
    assert unknown(selector["app"]) and selector["tier"] == "web"


def test_a_limit_that_is_no_range_is_unknown_beside_the_others() -> None:
    found = service("{type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8, office]}")["source_ranges"]
    assert found[0] == "10.0.0.0/8" and unknown(found[1]) and len(found) == 2


@pytest.mark.parametrize("spec", ["{}", "{selector: {}}", "{type: ExternalName, selector: {app: web}}", "null"])
def test_a_service_that_selects_nothing(spec: str) -> None:
    assert service(spec)["selector"] is None


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("{type: ExternalName, externalName: db.example.org}", "db.example.org"),
        ("{externalName: db.example.org}", None),
        ("{type: ExternalName}", Unknown),
        ('{type: ExternalName, externalName: "${HOST}"}', Unknown),
    ],
)
def test_the_host_that_a_service_stands_for(spec: str, name: Any) -> None:
    assert agrees(service(spec)["external_name"], name)


@pytest.mark.parametrize(
    ("annotations", "internal"),
    [
        ("{}", False),
        ('{service.beta.kubernetes.io/aws-load-balancer-internal: "true"}', True),
        ('{service.beta.kubernetes.io/aws-load-balancer-internal: "false"}', False),
        ("{service.beta.kubernetes.io/aws-load-balancer-scheme: internal}", True),
        ("{service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing}", False),
        ("{service.beta.kubernetes.io/aws-load-balancer-type: external}", True),
        (
            "{service.beta.kubernetes.io/aws-load-balancer-type: external, "
            "service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing}",
            False,
        ),
        ('{service.beta.kubernetes.io/azure-load-balancer-internal: "true"}', True),
        ("{networking.gke.io/load-balancer-type: Internal}", True),
        ("{networking.gke.io/load-balancer-type: External}", False),
        ('{networking.gke.io/load-balancer-type: "${TYPE}"}', Unknown),
        ("{service.kubernetes.io/qcloud-loadbalancer-internal-subnetid: subnet-1}", True),
        ('{unheard.of/internal: "true"}', False),
    ],
)
def test_internal_load_balancers_by_their_providers_annotation(annotations: str, internal: Any) -> None:
    assert agrees(service("{type: LoadBalancer}", annotations)["internal"], internal)
    assert service("{type: NodePort}", annotations)["internal"] is False


@pytest.mark.parametrize(
    ("ingress", "internal", "pending"),
    [
        ("[]", False, True),
        ("[{ip: 10.1.2.3}]", True, False),
        ("[{ip: 10.1.2.3}, {ip: 198.51.100.1}]", False, False),
        ("[{ip: 203.0.113.5}]", False, False),
        ("[{hostname: a.elb.amazonaws.com}]", False, False),
        ('[{ip: "not an address"}]', False, False),
    ],
)
def test_the_addresses_of_a_live_load_balancer(ingress: str, internal: bool, pending: bool) -> None:
    facts = service("{type: LoadBalancer}", status=f"{{loadBalancer: {{ingress: {ingress}}}}}", source=LIVE)
    assert (facts["internal"], facts["pending"]) == (internal, pending)


def test_a_declared_load_balancer_is_not_pending() -> None:
    assert service("{type: LoadBalancer}")["pending"] is False


@pytest.mark.parametrize(
    ("spec", "annotations", "ranges"),
    [
        ("{}", "{}", []),
        ("{loadBalancerSourceRanges: [20.0.0.0/8, 10.0.0.0/8]}", "{}", ["10.0.0.0/8", "20.0.0.0/8"]),
        (
            "{}",
            '{service.beta.kubernetes.io/load-balancer-source-ranges: "20.0.0.0/8, 10.0.0.0/8"}',
            ["10.0.0.0/8", "20.0.0.0/8"],
        ),
    ],
)
def test_who_may_connect_to_a_load_balancer(spec: str, annotations: str, ranges: list[str]) -> None:
    facts = service(spec, annotations)
    assert facts["source_ranges"] == ranges and facts["external_ips"] is False
    assert unknown(
        service("{}", '{service.beta.kubernetes.io/load-balancer-source-ranges: "${X}"}')["source_ranges"][0]
    )
    assert service("{externalIPs: [192.0.2.1]}")["external_ips"] is True


WEB = "{host: a.example.org, http: {paths: [{path: /x, backend: {service: {name: web, port: {number: 80}}}}]}}"
TLS = "tls: [{hosts: [a.example.org]}], "


def ingress(annotations: str = "{}", spec: str = "", more: str = "", **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, namespace: ml, annotations: {annotations}}}
spec: {{{spec}rules: [{WEB}]}}
---
{more}
"""
    return facts_of(network, objects_of(text, **options))["Ingress.ml.web"]


def test_an_ingress_hosts_backends_and_certificates() -> None:
    facts = ingress(spec="defaultBackend: {service: {name: all, port: {name: http}}}, tls: [{hosts: [b.org]}, {}], ")
    assert facts["hosts"] == ["*", "a.example.org"] and facts["tls_hosts"] == ["*", "b.org"]
    there = {"namespace": "ml"}
    assert facts["backends"] == [
        {**there, "service": "all", "port": "http", "host": None, "path": None, "granted": True},
        {**there, "service": "web", "port": "80", "host": "a.example.org", "path": "/x", "granted": True},
    ]
    assert facts["gateways"] == [] and facts["type"] == "Ingress"


def test_backends_of_older_versions_and_of_other_kinds() -> None:
    old = ingress(spec="backend: {serviceName: all, servicePort: 8080}, ")["backends"][0]
    assert (old["service"], old["port"]) == ("all", "8080")
    other = ingress(spec="defaultBackend: {resource: {kind: Bucket, name: b}}, ")["backends"][0]
    assert unknown(other)


@pytest.mark.parametrize(
    ("annotations", "authenticated"),
    [
        ("{}", False),
        (f"{{{NGINX}auth-url: https://login.example.org}}", True),
        (f"{{{NGINX}auth-signin: https://login.example.org}}", False),
        (f'{{{NGINX}auth-url: ""}}', False),
        (f"{{{NGINX}auth-type: basic, {NGINX}auth-secret: users}}", True),
        (f"{{{NGINX}auth-type: basic}}", False),
        (f"{{{NGINX}auth-tls-secret: ml/ca}}", True),
        (f"{{{NGINX}auth-tls-secret: ml/ca, {NGINX}auth-tls-verify-client: optional}}", False),
        (f"{{{NGINX}auth-url: https://login.example.org, {NGINX}satisfy: any}}", Unknown),
        (f"{{{ALB}auth-type: oidc}}", True),
        (f"{{{ALB}auth-type: none}}", False),
        (f"{{{ALB}auth-type: cognito, {ALB}auth-on-unauthenticated-request: allow}}", False),
        ("{traefik.ingress.kubernetes.io/router.middlewares: ml-login@kubernetescrd}", Unknown),
        ("{traefik.ingress.kubernetes.io/router.entrypoints: web}", False),
        ("{haproxy.org/auth-type: basic-auth, haproxy.org/auth-secret: users}", True),
        ("{haproxy-ingress.github.io/oauth: oauth2_proxy}", True),
        ("{haproxy-ingress.github.io/auth-tls-secret: ml/ca}", True),
        (
            "{haproxy-ingress.github.io/auth-tls-secret: ml/ca, "
            "haproxy-ingress.github.io/auth-tls-verify-client: 'off'}",
            False,
        ),
        ("{nginx.org/policies: login}", Unknown),
        ("{k8s.apisix.apache.org/plugin-config-name: login}", Unknown),
        (f"{{{ALB}mutual-authentication: verify}}", Unknown),
        ("{nginx.org/basic-auth-secret: users}", True),
        ("{konghq.com/plugins: login}", Unknown),
        ("{k8s.apisix.apache.org/auth-type: keyAuth}", True),
        ("{unheard.of/auth-url: https://login.example.org}", False),
    ],
)
def test_logins_by_annotations_that_are_known_for_them(annotations: str, authenticated: Any) -> None:
    assert agrees(ingress(annotations)["authenticated"], authenticated)


CLASS = """
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: {name}, annotations: {annotations}}}
spec: {{controller: {controller}, parameters: {parameters}}}
"""


def ingress_class(controller: str, name: str = "front", default: bool = False, parameters: str = "null") -> str:
    annotations = '{ingressclass.kubernetes.io/is-default-class: "true"}' if default else "{}"
    return CLASS.format(name=name, controller=controller, annotations=annotations, parameters=parameters)


LOGIN = f"{{{NGINX}auth-url: https://login.example.org}}"


@pytest.mark.parametrize(
    ("spec", "more", "authenticated"),
    [
        ("ingressClassName: nginx, ", "", True),
        ("ingressClassName: public-nginx, ", "", True),
        ("ingressClassName: alb, ", "", False),
        ("ingressClassName: front, ", "", Unknown),
        ("ingressClassName: front, ", ingress_class("k8s.io/ingress-nginx"), True),
        ("ingressClassName: front, ", ingress_class("ingress.k8s.aws/alb"), False),
        ("ingressClassName: nginx, ", ingress_class("traefik.io/ingress-controller", "nginx"), False),
        ("ingressClassName: front, ", ingress_class("example.org/own"), Unknown),
        ("", ingress_class("ingress.k8s.aws/alb", default=True), False),
        ("", ingress_class("k8s.io/ingress-nginx", default=True), True),
    ],
)
def test_an_annotation_counts_only_for_the_controller_that_it_is_written_for(
    spec: str, more: str, authenticated: Any
) -> None:
    assert agrees(ingress(LOGIN, spec, more)["authenticated"], authenticated)


def test_a_class_that_could_not_be_read_leaves_open_what_its_controller_does() -> None:
    facts = ingress(
        LOGIN, "ingressClassName: front, ", source=LIVE, missing={"networking.k8s.io/IngressClass": "403 Forbidden"}
    )
    for name in ("authenticated", "internal", "source_ranges", "redirects_to_tls"):
        assert facts[name] == Unknown(reason="403 Forbidden")


def test_services_that_could_not_be_read_may_name_a_backend_config() -> None:
    found = ingress("{kubernetes.io/ingress.class: gce}", source=LIVE, missing={"Service": "403 Forbidden"})
    assert found["authenticated"] == Unknown(reason="403 Forbidden")


def test_a_backend_config_of_gke_may_ask_for_a_login() -> None:
    more = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: ml, annotations: {cloud.google.com/backend-config: '{"default": "iap"}'}}
"""
    assert unknown(ingress("{kubernetes.io/ingress.class: gce}", more=more)["authenticated"])
    assert ingress("{kubernetes.io/ingress.class: nginx}", more=more)["authenticated"] is False
    assert ingress("{kubernetes.io/ingress.class: gce}")["authenticated"] is False


@pytest.mark.parametrize(
    ("annotations", "spec", "more", "internal"),
    [
        ("{}", "", "", False),
        ("{}", "ingressClassName: nginx, ", "", False),
        ("{}", "ingressClassName: nginx-internal, ", "", Unknown),
        ("{}", "ingressClassName: international, ", "", False),
        (f"{{{ALB}scheme: internet-facing}}", "ingressClassName: alb, ", "", False),
        (f"{{{ALB}scheme: internal}}", "ingressClassName: alb, ", "", True),
        ("{}", "ingressClassName: alb, ", "", True),
        ("{}", "ingressClassName: front, ", ingress_class("ingress.k8s.aws/alb", parameters="{name: p}"), Unknown),
        ("{kubernetes.io/ingress.class: gce-internal}", "", "", True),
        ("{kubernetes.io/ingress.class: gce}", "", "", False),
        ('{appgw.ingress.kubernetes.io/use-private-ip: "true"}', "", "", True),
        ("{}", "ingressClassName: tailscale, ", "", True),
        ('{tailscale.com/funnel: "true"}', "ingressClassName: tailscale, ", "", False),
    ],
)
def test_whether_only_a_private_network_reaches_an_ingress(
    annotations: str, spec: str, more: str, internal: Any
) -> None:
    assert agrees(ingress(annotations, spec, more)["internal"], internal)


@pytest.mark.parametrize(
    ("annotations", "spec", "ranges"),
    [
        ("{}", "", []),
        (f'{{{NGINX}whitelist-source-range: "10.0.0.0/8,192.0.2.0/24"}}', "", ["10.0.0.0/8", "192.0.2.0/24"]),
        (f"{{{NGINX}whitelist-source-range: 10.0.0.0/8}}", "ingressClassName: alb, ", []),
        (f"{{{NGINX}whitelist-source-range: 10.0.0.0/8}}", "ingressClassName: front, ", [Unknown]),
        (f"{{{ALB}inbound-cidrs: 10.0.0.0/8}}", "", ["10.0.0.0/8"]),
        (f"{{{ALB}security-groups: sg-1}}", "", [Unknown]),
    ],
)
def test_who_may_connect_to_an_ingress(annotations: str, spec: str, ranges: list[Any]) -> None:
    found = ingress(annotations, spec)["source_ranges"]
    assert len(found) == len(ranges) and all(map(agrees, found, ranges))


@pytest.mark.parametrize(
    ("annotations", "spec", "redirects"),
    [
        ("{}", "ingressClassName: nginx, ", False),
        ("{}", f"ingressClassName: nginx, {TLS}", True),
        ("{}", "ingressClassName: nginx, tls: [{hosts: [b.example.org]}], ", False),
        ("{}", 'ingressClassName: nginx, tls: [{hosts: ["*.example.org"]}], ', True),
        (f'{{{NGINX}ssl-redirect: "false"}}', f"ingressClassName: nginx, {TLS}", False),
        (f'{{{NGINX}force-ssl-redirect: "true"}}', "ingressClassName: nginx, ", True),
        ("{}", f"ingressClassName: front, {TLS}", Unknown),
        ("{}", "ingressClassName: front, ", False),
        (f'{{{ALB}ssl-redirect: "443"}}', "", True),
        (f"{{{ALB}listen-ports: '[{{\"HTTPS\": 443}}]'}}", "", True),
        (f'{{{ALB}listen-ports: \'[{{"HTTP": 80}}, {{"HTTPS": 443}}]\'}}', "", False),
        (f"{{{ALB}listen-ports: nonsense}}", "", Unknown),
        (f"{{{ALB}certificate-arn: arn}}", "", True),
        ('{kubernetes.io/ingress.class: gce, kubernetes.io/ingress.allow-http: "false"}', TLS, True),
        ("{kubernetes.io/ingress.class: gce}", TLS, False),
        ("{kubernetes.io/ingress.class: gce, networking.gke.io/v1beta1.FrontendConfig: f}", TLS, Unknown),
        ("{}", f"ingressClassName: traefik, {TLS}", Unknown),
        ('{traefik.ingress.kubernetes.io/router.tls: "true"}', "", True),
        ("{konghq.com/protocols: https}", TLS, True),
    ],
)
def test_whether_plain_http_is_redirected(annotations: str, spec: str, redirects: Any) -> None:
    assert agrees(ingress(annotations, spec)["redirects_to_tls"], redirects)


def test_certificates_that_annotations_name_are_for_every_host() -> None:
    assert ingress(f"{{{ALB}certificate-arn: arn}}")["tls_hosts"] == ["*"]
    assert ingress("{networking.gke.io/managed-certificates: c}")["tls_hosts"] == ["*"]
    assert ingress(f"{{{NGINX}certificate-arn: arn}}")["tls_hosts"] == []


ACTION = "spec: {rules: [{http: {paths: [{backend: {service: {name: act, port: {name: use-annotation}}}}]}}]}"


@pytest.mark.parametrize(
    ("action", "backends", "redirects"),
    [
        ('{"type": "redirect", "redirectConfig": {"protocol": "HTTPS"}}', 0, True),
        ('{"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS"}}', 0, True),
        ('{"type": "redirect", "redirectConfig": {"protocol": "HTTP"}}', 0, False),
        ('{"type": "fixed-response"}', 0, False),
        ('{"type": "forward", "targetGroupARN": "arn"}', 1, False),
        ("{{{", 1, False),
    ],
)
def test_actions_of_the_aws_controller(action: str, backends: int, redirects: bool) -> None:
    text = f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, annotations: {{kubernetes.io/ingress.class: alb, {ALB}actions.act: '{action}'}}}}
{ACTION}
"""
    [facts] = facts_of(network, objects_of(text)).values()
    assert len(facts["backends"]) == backends and all(map(unknown, facts["backends"]))
    assert facts["redirects_to_tls"] is redirects


def test_unresolved_hosts_and_backends_are_unknown() -> None:
    text = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{host: "{{ .Values.host }}", http: {paths: [{backend: {service: {name: "${NAME}"}}}, {}]}}]}
"""
    [facts] = facts_of(network, objects_of(text)).values()
    assert all(map(unknown, facts["hosts"])) and all(map(unknown, facts["backends"]))
    assert len(facts["backends"]) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nginx-internal", ["nginx", "internal"]),
        ("internalNginx2", ["internal", "nginx", "2"]),
        ("HFCache", ["hf", "cache"]),
        ("", []),
    ],
)
def test_names_are_taken_apart_into_words(name: str, words: list[str]) -> None:
    assert words_of(name) == words
