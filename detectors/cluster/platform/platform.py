"""Facts of the cluster itself, each module for its part."""

from collections.abc import Iterator

from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.platform import budgets, control_plane, device_plugins, namespaces, nodes, webhooks
from assay.detectors.cluster.storage import classes, volumes
from assay.scanner.api import Resource


def state(objects: Objects) -> Iterator[Resource]:
    """The kinds `cluster.*` but `cluster.listing`, which the live reader states."""
    yield from namespaces.state(objects)
    yield from nodes.state(objects)
    yield from device_plugins.state(objects)
    yield from classes.state(objects)
    yield from volumes.state(objects)
    yield from budgets.state(objects)
    yield from webhooks.state(objects)
    yield from control_plane.state(objects)
