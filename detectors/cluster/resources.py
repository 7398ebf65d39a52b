"""From the objects of one source to resources with facts."""

from collections.abc import Iterator
from importlib import import_module

from assay.detectors.cluster.objects import Objects
from assay.scanner.api import Resource

_STATING = (
    "pods.workloads",
    "software.software",
    "access.rbac",
    "network.policies",
    "network.admin_policies",
    "network.engine_policies",
    "network.services",
    "routes.ingresses",
    "routes.gateway_routes",
    "routes.virtual_services",
    "routes.openshift",
    "routes.gateways",
    "mesh.mesh",
    "platform.namespaces",
    "platform.nodes",
    "platform.device_plugins",
    "storage.classes",
    "storage.volumes",
    "platform.budgets",
    "platform.webhooks",
    "platform.control_plane",
    "access.tenants",
)
"""Modules below `assay.detectors.cluster`, imported when they are needed; each has `state(objects)`."""


def resources(objects: Objects) -> Iterator[Resource]:
    """Everything that the objects state, each module for its kinds."""
    for name in _STATING:
        yield from import_module(f"assay.detectors.cluster.{name}").state(objects)
