"""Facts of nodes."""

from collections.abc import Iterator, Mapping, Sequence

from assay.detectors.cluster.network.load_balancers import is_public
from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.platform import accelerators
from assay.detectors.cluster.platform.objects import Node, NodeAddress, NodeInfo, NodeSpec, NodeStatus
from assay.detectors.cluster.pods.placement import CONTROL_PLANE
from assay.detectors.cluster.stating import cluster_wide
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_POOLS = (
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "karpenter.sh/nodepool",
    "karpenter.sh/provisioner-name",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "doks.digitalocean.com/node-pool",
    "kops.k8s.io/instancegroup",
    "node.cluster.x-k8s.io/deployment-name",
)
"""Labels that hold the name of a node's group."""

_PASSING = (
    "node.kubernetes.io/",
    "node.cloudprovider.kubernetes.io/",
    "ToBeDeletedByClusterAutoscaler",
    "karpenter.sh/",
)
"""How taints begin that say in what state a node is, and go away by themselves."""


def state(objects: Objects) -> Iterator[Resource]:
    """`cluster.node`."""
    for placed in objects.of("Node"):
        yield _node(objects, placed)


def _node(objects: Objects, placed: Placed) -> Resource:
    node: Node = placed.object
    status = node.status or NodeStatus()
    info = status.node_info or NodeInfo()
    labels = node.metadata.labels or {}
    capacity = accelerators.capacity_of(status.capacity or {})
    at, aliases = cluster_wide("Node", node.metadata)
    silent = Unknown(reason="the node doesn't tell")
    facts = {
        "kubelet": (info.kubelet_version or "").removeprefix("v") or silent,
        "runtime": info.container_runtime_version or silent,
        "gpus": accelerators.whole(capacity, labels),
        "gpu_sharing": accelerators.sharing(capacity, labels),
        "pool": _pool(labels),
        "dedicated": _dedicated(node.spec or NodeSpec()),
        "control_plane": not CONTROL_PLANE.isdisjoint(labels),
        "public_address": _public(status.addresses or ()),
    }
    return stated(objects, placed, "cluster.node", at, facts, aliases)


def _public(addresses: Sequence[NodeAddress]) -> bool | Unknown:
    numbers = [one.address for one in addresses if one.type in ("ExternalIP", "InternalIP")]
    if not numbers:
        return Unknown(reason="the node doesn't tell its addresses")
    return any(map(is_public, numbers))


def _pool(labels: Mapping[str, str]) -> str | None:
    return next((labels[key] for key in _POOLS if labels.get(key)), None)


def _dedicated(spec: NodeSpec) -> bool:
    return any(
        taint.effect in ("NoSchedule", "NoExecute") and not (taint.key or "").startswith(_PASSING)
        for taint in spec.taints or ()
    )
