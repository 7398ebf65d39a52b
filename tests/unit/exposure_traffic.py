"""Who asks policies for connections in the tests: two workloads of a namespace, one of another, and how they ask."""

from typing import Any

from assay.detectors.exposure.endpoints import Outside, Workload, workload
from assay.detectors.exposure.policies import Traffic
from assay.detectors.worlds import worlds
from assay.scanner.api import Resource, Unknown
from tests.unit.exposure_objects import listing, namespace, pods, port, resource

NO_REASON = Unknown(reason="a variable without a value")


def end(made: Resource) -> Workload:
    found = workload(made)
    assert found is not None
    return found


def traffic(*resources: Resource) -> Traffic:
    [world] = worlds(resources)
    return Traffic(world)


WEB = pods("web", ports=[port(8080, "http"), port(9090)])


PEER = pods("peer")


OTHER = pods("other", "batch")


ML, BATCH = namespace("ml", team="science"), namespace("batch", team="operations")


def reaches(src: Resource | Outside, dst: Resource, number: int, *policies: Resource, protocol: str = "tcp") -> Any:
    """Whether it is let through, or why that isn't known."""
    asked = traffic(WEB, ML, BATCH, *policies)
    source = src if isinstance(src, Outside) else end(src)
    answer = asked.decide(source, end(dst), number, protocol)
    allowed = asked.allowed(source, end(dst), number, protocol)
    assert allowed is (None if isinstance(answer, Unknown) else answer)
    return answer


def live(*resources: Resource, unread: str | None = None, enforced: bool | Unknown | None = True) -> Traffic:
    kinds = ("network.policy", "cluster.namespace", "cluster.control-plane")
    listings = [listing(kind, "kube:c", Unknown(reason="403 Forbidden") if kind == unread else True) for kind in kinds]
    facts = {} if enforced is None else {"network_policy": enforced}
    return traffic(*resources, *listings, resource("cluster.control-plane", "ControlPlane", facts, "kube:c"))
