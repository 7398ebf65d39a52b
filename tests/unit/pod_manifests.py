"""Workloads for tests: as manifests, and as a live cluster has them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.detectors.cluster.decoding import decode, identify
from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.pods import workloads
from assay.detectors.cluster.pods.fold import PodFold
from assay.scanner.kinds import registry
from assay.scanner.model.fact import Known, Location
from assay.scanner.model.resource import Resource

LIVE = "kube:test"
Document = dict[str, Any]
DERIVED = {
    "token_mounted", "disruption_budget", "isolates_ingress", "isolates_egress", "ways_in", "internet_egress",
    "metadata_egress", "callers", "destinations", "paths", "shared_writable_claims",
}  # fmt: skip


def container(**fields: Any) -> Document:
    return {"name": "main", "image": "registry.example/team/app:1.2", **fields}


def spec(*containers: Document, **fields: Any) -> Document:
    return {"containers": [*containers] or [container()], **fields}


def deployment(pod: Document | None = None, name: str = "web", **fields: Any) -> Document:
    template = {"metadata": {"labels": {"app": name}}, "spec": pod if pod is not None else spec()}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ml"},
        "spec": {"template": template, **fields},
    }


def owned(kind: str, name: str, group: str = "apps/v1") -> list[Document]:
    return [{"apiVersion": group, "kind": kind, "name": name, "controller": True}]


def running(name: str, pod: Document, owners: Sequence[Document] = (), **fields: Any) -> Document:
    """A pod of a live cluster, on node-1 unless told otherwise."""
    labels = fields.pop("labels", {"app": "web"})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ml", "labels": labels, "ownerReferences": [*owners]},
        "spec": {"nodeName": fields.pop("node", "node-1"), **pod},
        "status": {"phase": fields.pop("phase", "Running")},
        **fields,
    }


def replica_set(name: str, owner: str | None) -> Document:
    meta = {"name": name, "namespace": "ml", "ownerReferences": owned("Deployment", owner) if owner else []}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta}


def objects(
    documents: Iterable[Document], source: str = "manifests", missing: Mapping[str, str] | None = None
) -> Objects:
    """Decoded as files are; pods of a live cluster are folded first."""
    found, fold = Objects(source), PodFold()
    for number, document in enumerate(documents, 1):
        api_id = identify(document)
        assert api_id is not None, document
        place = None if source == LIVE else Location(path="a.yaml", start_line=number, end_line=number)
        placed = decode(api_id, document, place)
        assert isinstance(placed, Placed), placed
        if source == LIVE and api_id == "Pod":
            fold.take(placed.object)
        else:
            found.add(api_id, placed)
    for pod in fold.folded():
        found.add("Pod", Placed(object=pod))
    for api_id, reason in (missing or {}).items():
        found.miss(api_id, reason)
    return found


def stated(documents: Iterable[Document], **options: Any) -> list[Resource]:
    """The resources, each of which fits its kind and has all its facts but the derived ones."""
    found = list(workloads.state(objects(documents, **options)))
    for resource in found:
        registry.check(resource)
        assert set(resource.facts) == set(registry.fields("workload.pods")) - DERIVED
    return found


def values(resource: Resource) -> dict[str, Any]:
    """Facts by name, each known value as it is."""
    return {name: fact.value if isinstance(fact, Known) else fact for name, fact in resource.facts.items()}


def facts(*documents: Document, **options: Any) -> dict[str, Any]:
    """The facts of the only workload."""
    [resource] = stated(documents, **options)
    return values(resource)


def facts_of(pod: Document) -> dict[str, Any]:
    """The facts of a Deployment of this pod."""
    return facts(deployment(pod))


def first(**fields: Any) -> dict[str, Any]:
    """The facts of a container with these fields."""
    found: dict[str, Any] = facts_of(spec(container(**fields)))["containers"][0]
    return found
