"""On which nodes pods may be, as far as they say."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.detectors.cluster.pods.objects import NodeTerm, PodSpec
from assay.detectors.cluster.stating import bounded

CONTROL_PLANE = frozenset(
    {"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master", "node-role.kubernetes.io/etcd"}
)
"""Labels, and keys of taints, of nodes that run the API server or its database."""
_ALL = "*"
_CONDITIONS = "node.kubernetes.io/"
"""Taints that come and go with a node's state. The API server and DaemonSets tolerate some of them for every pod."""


def placement(spec: PodSpec) -> dict[str, Any]:
    """`kinds.workload.Placement`."""
    terms = list(_terms(spec))
    labels = dict(spec.node_selector or {})
    if len(terms) == 1:
        labels |= _equalities(terms[0])
    keys = (toleration.key or _ALL for toleration in spec.tolerations or ())
    tolerated = {key for key in keys if not key.startswith(_CONDITIONS)}
    return {
        "node_labels": labels,
        "control_plane": not CONTROL_PLANE.isdisjoint(labels) or (bool(terms) and all(map(_of_control_plane, terms))),
        "tolerates": bounded(sorted(tolerated), "taints that are tolerated"),
    }


def _terms(spec: PodSpec) -> Iterator[NodeTerm]:
    affinity = spec.affinity and spec.affinity.node_affinity
    required = affinity.required if affinity else None
    yield from (required.node_selector_terms if required else None) or ()


def _equalities(term: NodeTerm) -> Mapping[str, str]:
    return {
        one.key: one.values[0]
        for one in term.match_expressions or ()
        if one.key and one.operator == "In" and one.values and len(one.values) == 1
    }


def _of_control_plane(term: NodeTerm) -> bool:
    return any(one.key in CONTROL_PLANE and one.operator in ("In", "Exists") for one in term.match_expressions or ())
