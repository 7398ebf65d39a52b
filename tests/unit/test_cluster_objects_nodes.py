"""Nodes as facts: versions, addresses, accelerators and who may run there."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import cluster, facts_of, objects_of, unknown


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else bool(fact == expected)


def node(labels: str = "{}", capacity: str = "{}", spec: str = "{}", addresses: str = "null") -> dict[str, Any]:
    text = f"""
apiVersion: v1
kind: Node
metadata: {{name: n, labels: {labels}}}
spec: {spec}
status:
  addresses: {addresses}
  capacity: {capacity}
  nodeInfo: {{kubeletVersion: v1.31.4-eks-1, containerRuntimeVersion: containerd://1.7.20}}
"""
    return facts_of(cluster, objects_of(text))["Node.n"]


def test_a_nodes_versions_and_group() -> None:
    facts = node("{eks.amazonaws.com/nodegroup: gpus}")
    assert (facts["kubelet"], facts["runtime"]) == ("1.31.4-eks-1", "containerd://1.7.20")
    assert facts["pool"] == "gpus" and node()["pool"] is None


@pytest.mark.parametrize(
    ("addresses", "public"),
    [
        ("[{type: InternalIP, address: 10.0.0.5}, {type: ExternalIP, address: 8.8.8.8}]", True),
        ("[{type: InternalIP, address: 8.8.8.8}]", True),
        ("[{type: InternalIP, address: 10.0.0.5}, {type: Hostname, address: n.example.com}]", False),
        ("[{type: InternalIP, address: 10.0.0.5}, {type: ExternalIP, address: '2606:4700::1111'}]", True),
        ("[{type: Hostname, address: n}]", Unknown),
        ("[]", Unknown),
        ("null", Unknown),
    ],
)
def test_whether_a_node_has_an_address_of_the_internet(addresses: str, public: Any) -> None:
    found = node(addresses=addresses)["public_address"]
    assert unknown(found) if public is Unknown else found is public


GPUS = '{nvidia.com/gpu: "4"}'


@pytest.mark.parametrize(
    ("labels", "capacity", "gpus", "sharing"),
    [
        ("{}", "{cpu: 4}", 0, None),
        ("{}", '{nvidia.com/gpu: "0"}', 0, None),
        ("{}", GPUS, 4, Unknown),
        ("{}", "{amd.com/gpu: 8}", 8, None),
        ("{}", '{google.com/tpu: "4"}', 4, None),
        ("{nvidia.com/gpu.sharing-strategy: none, nvidia.com/gpu.replicas: '1'}", GPUS, 4, None),
        ("{nvidia.com/gpu.sharing-strategy: time-slicing, nvidia.com/gpu.count: '1'}", GPUS, 1, "time-slicing"),
        ("{nvidia.com/gpu.sharing-strategy: mps, nvidia.com/gpu.count: '1'}", GPUS, 1, "mps"),
        ("{nvidia.com/gpu.replicas: '4'}", GPUS, Unknown, "time-slicing"),
        ("{nvidia.com/gpu.product: Tesla-T4-SHARED}", GPUS, Unknown, "time-slicing"),
        ("{nvidia.com/gpu.product: A100-MIG-1g.5gb, nvidia.com/gpu.count: '1'}", GPUS, 1, "mig"),
        ("{nvidia.com/mig.strategy: single, nvidia.com/gpu.count: '4'}", GPUS, 4, None),
        ("{nvidia.com/gpu.count: '1'}", '{nvidia.com/mig-1g.5gb: "7"}', 1, "mig"),
        ("{nvidia.com/gpu.product: A100-MIG-1g.5gb, nvidia.com/gpu.replicas: '2'}", GPUS, Unknown, "time-slicing"),
        ("{cloud.google.com/gke-gpu-sharing-strategy: time-sharing}", GPUS, Unknown, "time-slicing"),
        ("{nvidia.com/mps.capable: 'true', nvidia.com/gpu.count: '1'}", GPUS, 1, "mps"),
        ("{cloud.google.com/gke-gpu-partition-size: 1g.5gb}", GPUS, Unknown, "mig"),
        ("{cloud.google.com/gke-accelerator: nvidia-l4}", GPUS, 4, None),
        ("{}", '{nvidia.com/gpu: "many"}', Unknown, Unknown),
    ],
)
def test_how_a_nodes_accelerators_are_shared(labels: str, capacity: str, gpus: Any, sharing: Any) -> None:
    facts = node(labels, capacity)
    assert agrees(facts["gpus"], gpus) and agrees(facts["gpu_sharing"], sharing)


@pytest.mark.parametrize(
    ("taints", "dedicated"),
    [
        ("[]", False),
        ("[{key: nvidia.com/gpu, effect: NoSchedule}]", True),
        ("[{key: team, effect: PreferNoSchedule}]", False),
        ("[{key: node.kubernetes.io/not-ready, effect: NoExecute}]", False),
    ],
)
def test_taints_that_keep_others_away(taints: str, dedicated: bool) -> None:
    assert node(spec=f"{{taints: {taints}}}")["dedicated"] is dedicated
