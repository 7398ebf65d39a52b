"""Whether only a private network reaches a load balancer: its addresses, its provider and its annotations tell."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, facts_of, network, objects_of, unknown

AWS = "service.beta.kubernetes.io/aws-load-balancer-"
AZURE = "service.beta.kubernetes.io/azure-load-balancer-internal"
GKE = "networking.gke.io/load-balancer-type"
HETZNER = "load-balancer.hetzner.cloud/disable-public-network"
INNER = {
    AWS: f"{AWS}scheme: internal",
    AZURE: f'{AZURE}: "true"',
    GKE: f"{GKE}: Internal",
    HETZNER: f'{HETZNER}: "true"',
}
SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: ml, annotations: {{{annotations}}}}}
spec: {{type: LoadBalancer, selector: {{istio: gateway}}{more}}}
status: {{loadBalancer: {{ingress: {ingress}}}}}
"""
NODE = "---\napiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\nspec: {{providerID: '{provider}'}}\n"
PUBLIC, PRIVATE, NAMED = "[{ip: 8.8.8.8}]", "[{ip: 10.1.2.3}]", "[{hostname: a.example.com}]"


def internal(
    annotations: str = "",
    ingress: str = "[]",
    *providers: str,
    source: str = "manifests",
    more: str = "",
    **options: Any,
) -> Any:
    text = SERVICE.format(annotations=annotations, ingress=ingress, more=more)
    text += "".join(NODE.format(name=f"n{number}", provider=one) for number, one in enumerate(providers))
    return facts_of(network, objects_of(text, source, **options))["Service.ml.web"]["internal"]


@pytest.mark.parametrize("annotation", ["", *INNER.values(), f"{AWS}type: external"])
def test_an_address_of_the_internet_decides_whatever_the_annotations_say(annotation: str) -> None:
    assert internal(annotation, PUBLIC, source=LIVE) is False
    assert internal(annotation, "[{ip: 10.1.2.3}, {ip: '2606:4700::1111'}]", source=LIVE) is False
    assert internal(annotation, "[{ip: 8.8.8.8, hostname: a.example.com}]", source=LIVE) is False
    assert internal(annotation, PUBLIC, source=LIVE, more=", loadBalancerClass: tailscale") is False


def test_private_addresses_of_a_live_cluster_decide_and_what_files_say_of_addresses_does_not() -> None:
    assert internal("", PRIVATE, source=LIVE) is True
    assert internal("", PRIVATE) is False
    assert internal(INNER[GKE], PUBLIC) is True


@pytest.mark.parametrize(
    ("provider", "heeded"),
    [
        ("aws:///eu-west-1a/i-0abc", AWS),
        ("azure:///subscriptions/x/vm", AZURE),
        ("gce://project/zone/vm", GKE),
        ("hcloud://123", HETZNER),
        ("kind://docker/kind/node", None),
    ],
)
def test_only_the_annotations_of_a_known_provider_are_heeded(provider: str, heeded: str | None) -> None:
    for key, annotation in INNER.items():
        assert internal(annotation, NAMED, provider, source=LIVE) is (key == heeded)
        assert internal(annotation, NAMED, provider, provider, source=LIVE) is (key == heeded)


@pytest.mark.parametrize("providers", [(), ("",), ("unheard://x",), ("aws:///x", ""), ("i-0abc",)])
def test_where_a_nodes_provider_isnt_known_one_annotation_is_believed(providers: tuple[str, ...]) -> None:
    for annotation in INNER.values():
        assert internal(annotation, NAMED, *providers, source=LIVE) is True
        unread = {"Node": "403"}
        assert internal(annotation, NAMED, "aws:///x", "gce://x", source=LIVE, missing=unread) is True


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        (f"{INNER[AZURE]}, {AWS}scheme: internet-facing", Unknown),
        (f"{AWS}scheme: internet-facing, {INNER[AZURE]}", Unknown),
        (f'{AWS}internal: "true", {AWS}scheme: internet-facing', Unknown),
        (f"{INNER[AZURE]}, {AWS}type: external", True),
        (f"{INNER[AZURE]}, {INNER[GKE]}", True),
        (f'{INNER[GKE]}, {AZURE}: "${{INTERNAL}}"', Unknown),
        (f"{GKE}: $TYPE", Unknown),
        (f'{AZURE}: "false", {AWS}scheme: internet-facing', False),
        (f"{GKE}: Outside", False),
    ],
)
def test_annotations_that_contradict_each_other_are_unknown(annotations: str, expected: Any) -> None:
    found = internal(annotations)
    assert unknown(found) if expected is Unknown else found is expected


def test_an_ingress_or_a_gateway_with_an_address_of_the_internet_is_not_internal() -> None:
    text = f"""
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: web, namespace: ml, annotations: {{alb.ingress.kubernetes.io/scheme: internal}}}}
spec: {{ingressClassName: alb, rules: []}}
status: {{loadBalancer: {{ingress: {PUBLIC}}}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: web, namespace: ml}}
spec: {{gatewayClassName: corp-internal, infrastructure: {{annotations: {{{INNER[GKE]}}}}}}}
status: {{addresses: [{{type: IPAddress, value: 8.8.8.8}}]}}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: mesh, namespace: ml}}
spec: {{selector: {{istio: gateway}}}}
---
"""
    text += SERVICE.format(annotations=INNER[HETZNER], ingress=PUBLIC, more="")
    addresses = ("Ingress.ml.web", "Gateway.ml.web", "Gateway.ml.mesh")
    live, files = (facts_of(network, objects_of(text, source)) for source in (LIVE, "manifests"))
    assert [live[one]["internal"] for one in addresses] == [False, False, False]
    assert [files[one]["internal"] for one in addresses] == [True, True, True]


def test_a_class_that_makes_internal_ones_only_needs_no_annotation() -> None:
    assert internal(more=", loadBalancerClass: tailscale") is True
    assert internal(more=", loadBalancerClass: other") is False
