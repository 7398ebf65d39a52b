"""Services, policies, storage and the rest of the large cluster."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.kube_server.large import Sizes

Object = dict[str, Any]


def objects(dice: Random, sizes: "Sizes", spaces: Sequence[str]) -> Iterator[Object]:
    """Everything that is no workload and no role."""
    yield from _cluster_wide(sizes)
    yield from _by_namespace(spaces)
    for number in range(sizes.deployments):
        space, name = dice.choice(spaces), f"web-{number:04}"
        yield from _served(dice, space, name, number)


def _one(version: str, kind: str, name: str, space: str | None = None, **more: Any) -> Object:
    metadata = {"name": name, **({"namespace": space} if space else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def _cluster_wide(sizes: "Sizes") -> Iterator[Object]:
    for name in ("fast", "shared", "archive"):
        yield _one(
            "storage.k8s.io/v1", "StorageClass", name, provisioner="csi.example", parameters={"encrypted": "true"}
        )
    for number in range(sizes.namespaces * 3):
        spec = {"capacity": {"storage": "10Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "fast"}
        yield _one("v1", "PersistentVolume", f"volume-{number:03}", spec={**spec, "csi": {"driver": "csi.example"}})
    yield _one("storage.k8s.io/v1", "CSIDriver", "csi.example", spec={"attachRequired": True})
    yield _one("networking.k8s.io/v1", "IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"})
    yield _one("scheduling.k8s.io/v1", "PriorityClass", "training", value=1000)
    yield _one("node.k8s.io/v1", "RuntimeClass", "gvisor", handler="runsc")
    yield from _definitions()
    for kind in ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"):
        hook: Object = {
            "name": "check.example.com",
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
        yield _one("admissionregistration.k8s.io/v1", kind, "checks", webhooks=[{**hook, "clientConfig": {}}])


def _definitions() -> Iterator[Object]:
    for group, version, kind, plural in (
        ("ray.io", "v1", "RayCluster", "rayclusters"),
        ("serving.kserve.io", "v1beta1", "InferenceService", "inferenceservices"),
    ):
        names, name = {"kind": kind, "plural": plural}, f"{plural}.{group}"
        versions = [{"name": version, "served": True}]
        spec: Object = {"group": group, "scope": "Namespaced", "names": names, "versions": versions}
        yield _one("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, spec=spec)


def _by_namespace(spaces: Sequence[str]) -> Iterator[Object]:
    for number, space in enumerate(spaces):
        yield _one("v1", "ResourceQuota", "quota", space, spec={"hard": {"pods": "200", "requests.cpu": "100"}})
        limits = [{"type": "Container", "default": {"memory": "512Mi"}}]
        yield _one("v1", "LimitRange", "limits", space, spec={"limits": limits})
        if number % 3:
            types = ["Ingress", "Egress"][: 1 + number % 2]
            yield _one(
                "networking.k8s.io/v1", "NetworkPolicy", "deny", space, spec={"podSelector": {}, "policyTypes": types}
            )
        peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": spaces[0]}}}
        allow = {
            "podSelector": {"matchLabels": {"tier": "a"}},
            "ingress": [{"from": [peer], "ports": [{"port": 8080}]}],
        }
        yield _one("networking.k8s.io/v1", "NetworkPolicy", "allow", space, spec=allow)
        for at in range(3):
            claim = {
                "accessModes": ["ReadWriteMany"],
                "storageClassName": "shared",
                "volumeName": f"volume-{number:03}",
            }
            yield _one("v1", "PersistentVolumeClaim", f"claim-{number * 3 + at:03}", space, spec=claim)
        yield _one("ray.io/v1", "RayCluster", "ray", space, spec={"rayVersion": "2.40.0", "headGroupSpec": {}})
        yield _one("serving.kserve.io/v1beta1", "InferenceService", "model", space, spec={"predictor": {}})  # fmt: skip


def _served(dice: Random, space: str, name: str, number: int) -> Iterator[Object]:
    selector = {"app.kubernetes.io/name": name}
    kind = "LoadBalancer" if number % 50 == 0 else "ClusterIP"
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    address = f"10.96.{number // 250}.{number % 250}"
    yield _one(
        "v1", "Service", name, space, spec={"type": kind, "selector": selector, "ports": ports, "clusterIP": address}
    )
    yield _one("discovery.k8s.io/v1", "EndpointSlice", f"{name}-x", space, addressType="IPv4", endpoints=[], ports=[])
    yield _one("v1", "ConfigMap", f"{name}-settings", space, data={"settings.yaml": "level: info\n" * 20})
    secret = {"password": "bm90LWEtc2VjcmV0", "token": "bm90LWEtdG9rZW4="}
    yield _one("v1", "Secret", f"{name}-keys", space, type="Opaque", data=secret)
    if number % 3 == 0:
        yield _one(
            "policy/v1",
            "PodDisruptionBudget",
            name,
            space,
            spec={"minAvailable": 1, "selector": {"matchLabels": selector}},
        )
    if number % 7 == 0:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        yield _one(
            "autoscaling/v2", "HorizontalPodAutoscaler", name, space, spec={"maxReplicas": 20, "scaleTargetRef": target}
        )
    if number % 10 == 0:
        backend = {"service": {"name": name, "port": {"number": 80}}}
        paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
        rules = [{"host": f"{name}.example.com", "http": {"paths": paths}}]
        tls = [{"hosts": [f"{name}.example.com"], "secretName": f"{name}-keys"}] if dice.random() < 0.7 else []
        yield _one("networking.k8s.io/v1", "Ingress", name, space, spec={"ingressClassName": "nginx", "rules": rules, "tls": tls})  # fmt: skip  # noqa: E501
