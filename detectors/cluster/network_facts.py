"""Facts of the network, each module for its part."""

from collections.abc import Iterator

from assay.detectors.cluster import (
    engine_policies,
    gateway_facts,
    ingress_facts,
    mesh_facts,
    openshift_routes,
    policy_facts,
    route_facts,
    service_facts,
    virtual_services,
)
from assay.detectors.cluster.objects import Objects
from assay.scanner.api import Resource


def state(objects: Objects) -> Iterator[Resource]:
    """`network.policy`, `network.service`, `network.route`, `network.gateway` and `network.mesh-policy`."""
    yield from policy_facts.state(objects)
    yield from engine_policies.state(objects)
    yield from service_facts.state(objects)
    yield from ingress_facts.state(objects)
    yield from route_facts.state(objects)
    yield from virtual_services.state(objects)
    yield from openshift_routes.state(objects)
    yield from gateway_facts.state(objects)
    yield from mesh_facts.state(objects)
