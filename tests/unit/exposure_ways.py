"""A workload, what stands before it, and the ways in to it as the tests write them."""

from typing import Any

from assay.scanner.api import Resource, Unknown, is_unknown
from tests.unit.exposure_objects import (
    allow,
    backend,
    derived,
    fact,
    listing,
    pods,
    policy,
    port,
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


def closed(*resources: Resource, enforced: bool | Unknown = True) -> list[Resource]:
    """Those of a live cluster of which everything was read."""
    kinds = (
        "workload.pods", "network.policy", "network.service", "network.route", "network.gateway",
        "network.mesh-policy", "cluster.namespace", "cluster.control-plane",
    )  # fmt: skip
    plane = resource("cluster.control-plane", "ControlPlane", {"network_policy": enforced}, "kube:c")
    return [*resources, plane, *(listing(kind, "kube:c") for kind in kinds)]


INNER = service("web", [service_port(80, "http", name="web"), service_port(9090, name="metrics")])


INGRESS = route("web", [backend("web", "web")])


THROUGH = ("internet", 8080, ("Ingress.ml.web", "Service.ml.web"))
