"""From the objects of one source to resources with facts."""

from collections.abc import Iterator

from assay.detectors.cluster.objects import Objects
from assay.scanner.api import Resource


def resources(objects: Objects) -> Iterator[Resource]:
    """Everything that the objects state, each module for its kinds."""
    from assay.detectors.cluster import ai_tenants, cluster_facts, network_facts, rbac_facts, workloads
    from assay.detectors.cluster.software import software

    yield from workloads.state(objects)
    yield from software.state(objects)
    yield from rbac_facts.state(objects)
    yield from network_facts.state(objects)
    yield from cluster_facts.state(objects)
    yield from ai_tenants.state(objects)
