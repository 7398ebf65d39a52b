"""What work a workload does, and which components of a cluster are told from what only looks like them."""

from typing import Any

import pytest

from tests.unit.pod_manifests import container, deployment, facts, owned, running, spec


def purposes(**fields: Any) -> Any:
    return facts(deployment(spec(container(**fields))))["purpose"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"image": "vllm/vllm-openai:v0.6"}, ["serving"]),
        ({"image": "mirror.example/hub/vllm/vllm-openai:v0.6"}, ["serving"]),
        ({"image": "nvcr.io/nvidia/tritonserver:24.05-py3"}, ["serving"]),
        ({"image": "tensorflow/serving:2"}, ["serving"]),
        ({"image": "quay.io/jupyter/scipy-notebook"}, ["notebook"]),
        ({"image": "jupyterhub/k8s-hub:3"}, ["notebook"]),
        ({"image": "apache/airflow:2.9"}, ["pipeline"]),
        ({"image": "ghcr.io/mlflow/mlflow:v2"}, ["registry"]),
        ({"image": "qdrant/qdrant:v1"}, ["vector-store"]),
        ({"image": "prom/prometheus:v2"}, ["monitoring"]),
        ({"image": "grafana/grafana:11"}, ["monitoring"]),
        ({"image": "app:1", "command": ["torchrun", "--nproc-per-node=8", "x.py"]}, ["training"]),
        ({"image": "app:1", "args": ["python", "/app/train.py"]}, ["training"]),
        ({"image": "app:1", "command": ["python", "-m", "vllm.entrypoints.openai.api_server"]}, ["serving"]),
        ({"image": "app:1", "command": ["jupyter", "lab"]}, ["notebook"]),
        ({"image": "app:1", "command": ["mlflow", "server"]}, ["registry"]),
    ],
)
def test_images_and_commands_tell_the_purpose(fields: dict[str, Any], expected: list[str]) -> None:
    assert purposes(**fields) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"image": "nginx:1"},
        {"image": "acme/novllmhere:1"},
        {"image": "acme/constrain:1", "command": ["python", "constrain.py"]},
        {"image": "acme/trainer-tracker-ui:1"},
        {"image": "acme/serving-dishes:1"},
        {"image": "app:1", "args": ["--help", "about training"]},
        {"image": "app:1", "command": ["./restrain.py"]},
    ],
)
def test_names_that_only_contain_one_tell_nothing(fields: dict[str, Any]) -> None:
    assert purposes(**fields) == []


def test_a_label_may_say_the_purpose() -> None:
    one = deployment()
    one["spec"]["template"]["metadata"]["labels"] = {"app.kubernetes.io/component": "training", "app": "x"}
    assert facts(one)["purpose"] == ["training"]


PLUGIN = "nvcr.io/nvidia/k8s-device-plugin:v0.16"


def system(image: str, namespace: str, kind: str = "DaemonSet", *others: str) -> Any:
    pod = spec(container(image=image), *(container(name=f"o{n}", image=one) for n, one in enumerate(others)))
    one = deployment(pod) | {"kind": kind}
    one["metadata"]["namespace"] = namespace
    if kind == "Pod":
        one = running("p", pod)
        one["metadata"]["namespace"] = namespace
    return facts(one)["system"]


@pytest.mark.parametrize(
    ("image", "namespace", "kind", "expected"),
    [
        (PLUGIN, "kube-system", "DaemonSet", "gpu-device-plugin"),
        (PLUGIN, "gpu-operator", "DaemonSet", "gpu-device-plugin"),
        ("mirror.example/nvcr.io/nvidia/k8s-device-plugin:v1", "kube-system", "DaemonSet", "gpu-device-plugin"),
        ("nvcr.io/nvidia/gpu-operator:v24", "gpu-operator", "Deployment", "gpu-operator"),
        ("docker.io/calico/node:v3", "calico-system", "DaemonSet", "network-plugin"),
        ("quay.io/cilium/cilium:v1.15", "kube-system", "DaemonSet", "network-plugin"),
        ("602401143452.dkr.ecr.us-east-1.amazonaws.com/amazon-k8s-cni:v1", "kube-system", "DaemonSet",
         "network-plugin"),
        ("registry.k8s.io/kube-proxy:v1.31.4", "kube-system", "DaemonSet", "kube-proxy"),
        ("public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1", "kube-system", "DaemonSet", "storage-driver"),
        ("quay.io/prometheus/node-exporter:v1", "monitoring", "DaemonSet", "node-agent"),
        ("cr.fluentbit.io/fluent/fluent-bit:3", "logging", "DaemonSet", "node-agent"),
    ],
)  # fmt: skip
def test_components_are_known_by_image_namespace_and_controller(
    image: str, namespace: str, kind: str, expected: str
) -> None:
    assert system(image, namespace, kind) == expected


@pytest.mark.parametrize(
    ("image", "namespace", "kind"),
    [
        (PLUGIN, "ml", "DaemonSet"),
        (PLUGIN, "kube-system", "Pod"),
        ("registry.example/nvidia/k8s-device-plugin:v1", "gpu-operator", "DaemonSet"),
        ("quay.io/evil/nvidia/k8s-device-plugin:v1", "gpu-operator", "DaemonSet"),
        ("nvcr.io/nvidia/k8s-device-plugin-evil:v1", "kube-system", "DaemonSet"),
        ("registry.k8s.io/kube-proxy:v1", "monitoring", "DaemonSet"),
        ("${IMAGE}", "kube-system", "DaemonSet"),
        ("app:1", "kube-system", "DaemonSet"),
    ],
)
def test_what_only_looks_like_a_component_is_none(image: str, namespace: str, kind: str) -> None:
    assert system(image, namespace, kind) is None


def test_a_container_beside_a_component_makes_it_none() -> None:
    assert system(PLUGIN, "kube-system", "DaemonSet", "attacker/shell:1") is None
    registrar = "registry.k8s.io/sig-storage/csi-node-driver-registrar:v2"
    driver = "public.ecr.aws/ebs-csi-driver/aws-ebs-csi-driver:v1"
    assert system(driver, "kube-system", "DaemonSet", registrar) == "storage-driver"


def test_static_pods_of_the_control_plane_are_components() -> None:
    pod = spec(container(image="registry.k8s.io/kube-apiserver:v1.31.4"))
    one = running("kube-apiserver-n1", pod, owned("Node", "n1", "v1"))
    one["metadata"]["namespace"] = "kube-system"
    assert facts(one, source="kube:test")["system"] == "control-plane"
    one["metadata"]["ownerReferences"] = []
    assert facts(one, source="kube:test")["system"] is None
