"""Facts of the cluster itself, each module for its part."""

from collections.abc import Iterator

from assay.detectors.cluster import (
    budget_facts,
    control_plane,
    namespace_facts,
    node_facts,
    storage_classes,
    storage_facts,
    webhook_facts,
)
from assay.detectors.cluster.objects import Objects
from assay.scanner.api import Resource


def state(objects: Objects) -> Iterator[Resource]:
    """The kinds `cluster.*` but `cluster.listing`, which the live reader states."""
    yield from namespace_facts.state(objects)
    yield from node_facts.state(objects)
    yield from storage_classes.state(objects)
    yield from storage_facts.state(objects)
    yield from budget_facts.state(objects)
    yield from webhook_facts.state(objects)
    yield from control_plane.state(objects)
