"""Facts of the network, each module for its part."""

from collections.abc import Iterator

from assay.detectors.cluster.mesh import mesh
from assay.detectors.cluster.network import admin_policies, engine_policies, policies, services
from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.routes import gateway_routes, gateways, ingresses, openshift, virtual_services
from assay.scanner.api import Resource


def state(objects: Objects) -> Iterator[Resource]:
    """`network.policy`, `network.service`, `network.route`, `network.gateway` and `network.mesh-policy`."""
    yield from policies.state(objects)
    yield from admin_policies.state(objects)
    yield from engine_policies.state(objects)
    yield from services.state(objects)
    yield from ingresses.state(objects)
    yield from gateway_routes.state(objects)
    yield from virtual_services.state(objects)
    yield from openshift.state(objects)
    yield from gateways.state(objects)
    yield from mesh.state(objects)
