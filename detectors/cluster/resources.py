"""From the objects of one source to resources with facts."""

from collections.abc import Iterator

from assay.detectors.cluster.objects import Objects
from assay.scanner.api import Resource


def resources(objects: Objects) -> Iterator[Resource]:
    """Everything that the objects state, each module for its kinds."""
    from assay.detectors.cluster.access import rbac, tenants
    from assay.detectors.cluster.network import network
    from assay.detectors.cluster.platform import platform
    from assay.detectors.cluster.pods import workloads
    from assay.detectors.cluster.software import software

    yield from workloads.state(objects)
    yield from software.state(objects)
    yield from rbac.state(objects)
    yield from network.state(objects)
    yield from platform.state(objects)
    yield from tenants.state(objects)
