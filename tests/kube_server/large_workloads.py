"""Nodes, controllers and pods of the large cluster. Pods are as full as real ones: managed fields, status, tokens."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.kube_server.large import Sizes
    from tests.kube_server.large_access import Account

Object = dict[str, Any]
_TIME = "2026-01-01T00:00:00Z"
_IMAGES = (
    ("registry.example/shop/web", "server"),
    ("registry.example/shop/queue", "worker"),
    ("docker.io/vllm/vllm-openai", "inference"),
    ("docker.io/rayproject/ray", "ray"),
    ("ghcr.io/mlflow/mlflow", "tracking"),
    ("quay.io/jupyter/scipy-notebook", "notebook"),
    ("nvcr.io/nvidia/tritonserver", "triton"),
    ("docker.io/qdrant/qdrant", "vectors"),
)
_DIGEST = "sha256:" + "0123456789abcdef" * 4


class _Workload(NamedTuple):
    """What the pods of one controller share."""

    namespace: str
    name: str
    template: Object
    """Metadata and spec, as a controller has it."""


def node(name: str, number: int) -> Object:
    """A node; one in four has accelerators."""
    capacity = {"cpu": "64", "memory": "256Gi", "pods": "250", **({"nvidia.com/gpu": "8"} if number % 4 == 0 else {})}
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": f"zone-{number % 3}"}
    info = {"kubeletVersion": "v1.33.1", "containerRuntimeVersion": "containerd://2.0.4", "osImage": "Linux"}
    status = {"capacity": capacity, "allocatable": capacity, "nodeInfo": info}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}, "status": status}


def objects(
    dice: Random, sizes: "Sizes", spaces: Sequence[str], nodes: Sequence[str], accounts: Sequence["Account"]
) -> Iterator[Object]:
    """Controllers, each followed by its pods."""
    for number in range(sizes.deployments):
        yield from _deployment(_workload(dice, f"web-{number:04}", spaces, accounts), dice, nodes)
    for number in range(sizes.stateful_sets):
        one = _workload(dice, f"store-{number:04}", spaces, accounts)
        yield _controller("apps/v1", "StatefulSet", one, {"replicas": 4, "serviceName": one.name})
        yield from (_pod(one, f"{one.name}-{at}", ("apps/v1", "StatefulSet", one.name), dice, nodes) for at in range(4))
    for number in range(sizes.daemon_sets):
        one = _workload(dice, f"agent-{number:04}", spaces, accounts)
        yield _controller("apps/v1", "DaemonSet", one, {})
        yield from (
            _pod(one, f"{one.name}-{_suffix(dice)}", ("apps/v1", "DaemonSet", one.name), dice, nodes) for _ in range(40)
        )
    for number in range(sizes.jobs):
        yield from _job(_workload(dice, f"train-{number:04}", spaces, accounts), number, dice, nodes)
    for number in range(sizes.bare_pods):
        one = _workload(dice, f"bare-{number:04}", spaces, accounts)
        yield _pod(one, one.name, None, dice, nodes)  # fmt: skip


def _workload(dice: Random, name: str, spaces: Sequence[str], accounts: Sequence["Account"]) -> _Workload:
    account = dice.choice(accounts)
    image, port_name = dice.choice(_IMAGES)
    space = account.namespace if dice.random() < 0.9 else dice.choice(spaces)
    own = account.name if space == account.namespace else "default"
    labels = {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": "suite",
        "tier": dice.choice(("a", "b", "c")),
    }
    careful = dice.random() < 0.5
    spec = {
        "serviceAccountName": own,
        "serviceAccount": own,
        "containers": [
            _container("main", f"{image}:1.{dice.randint(0, 9)}", port_name, careful),
            _container("sidecar", f"registry.example/mesh/proxy@{_DIGEST}", "metrics", True),
        ],
        "initContainers": [_container("prepare", "registry.example/tools/init:2.1", "", careful)],
        "securityContext": {"runAsNonRoot": True, "fsGroup": 2000} if careful else {},
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "schedulerName": "default-scheduler",
        "volumes": [
            {"name": "settings", "configMap": {"name": f"{name}-settings", "defaultMode": 420}},
            {"name": "scratch", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "models", "persistentVolumeClaim": {"claimName": f"claim-{dice.randint(0, 299):03}"}},
        ],
    }
    return _Workload(space, name, {"metadata": {"labels": labels}, "spec": spec})


def _container(name: str, image: str, port: str, careful: bool) -> Object:
    probe = {
        "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
        "periodSeconds": 10,
        "failureThreshold": 3,
    }
    made: Object = {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["--listen=:8080", "--log-format=json", f"--name={name}"],
        "env": [{"name": f"SETTING_{at}", "value": f"value-{at}"} for at in range(6)]
        + [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [{"name": "settings", "mountPath": "/etc/app", "readOnly": True}],
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    if port:
        made["ports"] = [{"name": port, "containerPort": 8080, "protocol": "TCP"}]
        made["livenessProbe"] = made["readinessProbe"] = probe
    if careful:
        made["securityContext"] = {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }
    return made


def _controller(version: str, kind: str, one: _Workload, more: Object, owner: Object | None = None) -> Object:
    labels = one.template["metadata"]["labels"]
    metadata: Object = {"name": one.name, "namespace": one.namespace, "labels": labels}
    if owner:
        metadata["ownerReferences"] = [owner]
    spec = {"selector": {"matchLabels": labels}, "template": one.template, **more}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _deployment(one: _Workload, dice: Random, nodes: Sequence[str]) -> Iterator[Object]:
    yield _controller("apps/v1", "Deployment", one, {"replicas": 10, "strategy": {"type": "RollingUpdate"}})
    owner = _owner("apps/v1", "Deployment", one.name)
    sets = [f"{one.name}-{dice.getrandbits(32):08x}" for _ in range(2)]
    for name, replicas in zip(sets, (0, 10), strict=True):
        yield _controller("apps/v1", "ReplicaSet", one._replace(name=name), {"replicas": replicas}, owner)
    for _ in range(10):
        yield _pod(one, f"{sets[1]}-{_suffix(dice)}", ("apps/v1", "ReplicaSet", sets[1]), dice, nodes)


def _job(one: _Workload, number: int, dice: Random, nodes: Sequence[str]) -> Iterator[Object]:
    """One job in three is made by a CronJob."""
    owner = None
    if number % 3 == 0:
        scheduled = f"nightly-{number:04}"
        metadata = {"name": scheduled, "namespace": one.namespace}
        spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": one.template}}}
        yield {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": spec}
        owner = _owner("batch/v1", "CronJob", scheduled)
    yield _controller("batch/v1", "Job", one, {"parallelism": 2, "completions": 2}, owner)
    yield from (_pod(one, f"{one.name}-{_suffix(dice)}", ("batch/v1", "Job", one.name), dice, nodes) for _ in range(2))


def _pod(one: _Workload, name: str, owner: tuple[str, str, str] | None, dice: Random, nodes: Sequence[str]) -> Object:
    """With what the API server, the scheduler and the kubelet add."""
    address = f"10.{dice.randint(0, 255)}.{dice.randint(0, 255)}.{dice.randint(1, 254)}"
    metadata: Object = {
        "name": name,
        "namespace": one.namespace,
        "labels": {**one.template["metadata"]["labels"], "pod-template-hash": name[-5:]},
        "annotations": {"checksum/settings": "0123456789abcdef" * 4, "prometheus.io/scrape": "true"},
        "managedFields": [_managed(manager) for manager in ("kube-controller-manager", "kubelet")],
    }
    if owner:
        metadata["ownerReferences"] = [_owner(*owner)]
    mount = {"name": "kube-api-access", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": True}
    template = one.template["spec"]
    mounted = {
        key: [{**each, "volumeMounts": [*each["volumeMounts"], mount]} for each in template[key]]
        for key in ("containers", "initContainers")
    }
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]
    token = {"name": "kube-api-access", "projected": {"defaultMode": 420, "sources": sources}}
    spec = {
        **template,
        **mounted,
        "volumes": [*template["volumes"], token],
        "nodeName": dice.choice(nodes),
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "tolerations": [
            {"key": f"node.kubernetes.io/{key}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for key in ("not-ready", "unreachable")
        ],
    }
    status = _status([each["name"] for each in template["containers"]], address)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def _managed(manager: str) -> Object:
    fields: Object = {"f:metadata": {"f:labels": {"f:app.kubernetes.io/name": {}, "f:tier": {}}}}
    fields["f:spec"] = {
        f'k:{{"name":"{name}"}}': {
            f"f:{field}": {} for field in ("args", "env", "image", "imagePullPolicy", "livenessProbe", "resources")
        }
        for name in ("main", "sidecar")
    }
    return {"manager": manager, "operation": "Update", "apiVersion": "v1", "time": _TIME, "fieldsType": "FieldsV1", "fieldsV1": fields}  # fmt: skip  # noqa: E501


def _status(names: Sequence[str], address: str) -> Object:
    conditions = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "qosClass": "Burstable",
        "startTime": _TIME,
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": _TIME} for kind in conditions],
        "containerStatuses": [
            {
                "name": name,
                "ready": True,
                "started": True,
                "restartCount": 0,
                "image": f"registry.example/{name}:1",
                "imageID": f"registry.example/{name}@{_DIGEST}",
                "containerID": f"containerd://{'ab' * 32}",
                "state": {"running": {"startedAt": _TIME}},
                "lastState": {},
            }
            for name in names
        ],
    }


def _owner(version: str, kind: str, name: str) -> Object:
    return {
        "apiVersion": version,
        "kind": kind,
        "name": name,
        "uid": "00000000-0000-0000-0000-000000000000",
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _suffix(dice: Random) -> str:
    return f"{dice.getrandbits(40):010x}"
