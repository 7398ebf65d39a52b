"""Manifests as text, decoded as the detector decodes them, and the facts that they give."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import yaml

from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.resources import resources
from assay.detectors.cluster.table import BY_ID, struct_of
from assay.scanner.kinds import registry
from assay.scanner.model.fact import Known, Location, Unknown
from assay.scanner.model.resource import Resource

LIVE = "kube:test"
State = Callable[[Objects], Iterator[Resource]]


def objects_of(text: str, source: str = "manifests", missing: Mapping[str, str] | None = None) -> Objects:
    """The objects of a YAML text, with reasons for what could not be read."""
    found = Objects(source)
    for number, document in enumerate(yaml.safe_load_all(text)):
        if document is not None:
            add(found, document, number)
    for api_id, reason in (missing or {}).items():
        assert api_id in BY_ID
        found.miss(api_id, reason)
    return found


def add(objects: Objects, document: Mapping[str, Any], number: int = 0) -> None:
    """One more object; metadata alone where the table says so and it comes from a cluster."""
    group, slash, _ = document["apiVersion"].rpartition("/")
    api_id = f"{group}/{document['kind']}" if slash else document["kind"]
    live = objects.source.startswith("kube:")
    if live:
        kept = ("metadata",) if BY_ID[api_id].metadata_only else ("apiVersion", "kind")
        document = {key: value for key, value in document.items() if (key in kept) == BY_ID[api_id].metadata_only}
    place = None if live else Location(path="manifests.yaml", start_line=number + 1, end_line=number + 1)
    objects.add(api_id, Placed(object=msgspec.convert(document, struct_of(api_id)), place=place))


def network(objects: Objects) -> Iterator[Resource]:
    """The kinds `network.*` that objects state."""
    return (resource for resource in resources(objects) if resource.kind.startswith("network."))


def cluster(objects: Objects) -> Iterator[Resource]:
    """The kinds `cluster.*` that objects state."""
    return (resource for resource in resources(objects) if resource.kind.startswith("cluster."))


def facts_of(state: State, objects: Objects) -> dict[str, dict[str, Any]]:
    """Facts by address, each known value as it is; every resource fits its kind."""
    found: dict[str, dict[str, Any]] = {}
    for resource in state(objects):
        registry.check(resource)
        found[resource.address] = {
            name: fact.value if isinstance(fact, Known) else fact for name, fact in resource.facts.items()
        }
    return found


def unknown(value: object) -> bool:
    return isinstance(value, Unknown)
