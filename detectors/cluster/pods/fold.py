"""Ten thousand pods of five hundred templates, page by page, as one pod for each template."""

import re
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

from msgspec import json, structs

from assay.detectors.cluster.objects import Meta, Owner, namespace_of
from assay.detectors.cluster.pods.objects import Container, Folded, Pod, PodSpec, VolumeMount
from assay.detectors.cluster.pods.volume_objects import Volume

T = TypeVar("T", Volume, VolumeMount)

GENERATED_LABELS = frozenset(
    {
        "apps.kubernetes.io/pod-index",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-completion-index",
        "controller-revision-hash",
        "controller-uid",
        "jobset.sigs.k8s.io/job-global-index",
        "jobset.sigs.k8s.io/job-index",
        "jobset.sigs.k8s.io/job-key",
        "leaderworkerset.sigs.k8s.io/group-index",
        "leaderworkerset.sigs.k8s.io/group-key",
        "leaderworkerset.sigs.k8s.io/template-revision-hash",
        "leaderworkerset.sigs.k8s.io/worker-index",
        "pod-template-generation",
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "spark-app-selector",
        "spark-exec-id",
        "statefulset.kubernetes.io/pod-name",
        "training.kubeflow.org/replica-index",
        "volcano.sh/task-index",
    }
)
"""Labels that a controller sets to another value for each pod, revision or run."""

_KEPT_ANNOTATIONS = (
    "container.apparmor.security.beta.kubernetes.io/",
    "sidecar.istio.io/inject",
    "inject.istio.io/",
    "linkerd.io/inject",
    "kubernetes.io/config.mirror",
)
_TOKEN_VOLUME = re.compile(r"kube-api-access-[a-z0-9]{5}")
"""The API server makes the name up for each pod.
See: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#bound-service-account-token-volume
"""
_TOKEN_VOLUME_BYTES = re.compile(_TOKEN_VOLUME.pattern.encode())
TOKEN_VOLUME = "kube-api-access"  # noqa: S105  # a volume's name
"""What the volume is called here that the API server adds for the service account's token."""

_INDEX_VARIABLE = re.compile(
    rb'"name":"(?:RANK|NODE_RANK|PET_NODE_RANK|TF_CONFIG|TASK_INDEX|VC_TASK_INDEX|VK_TASK_INDEX|PADDLE_TRAINER_ID'
    rb"|JAX_PROCESS_ID|PROCESS_ID|TPU_WORKER_ID|LWS_WORKER_INDEX|DMLC_WORKER_ID|SPARK_EXECUTOR_ID"
    rb'|SPARK_EXECUTOR_POD_NAME|SPARK_CONF_DIR)","value":"(?:[^"\\]|\\.)*+"'
)
"""Variables by which operators number the workers of a job; the value differs for each pod."""
_NATIVE = frozenset({"ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Deployment", "Node", ""})
"""Controllers that set no such variables."""
_ENCODER = json.Encoder(order="deterministic")
_FINISHED = ("Succeeded", "Failed")


class PodFold:
    """Keeps one pod for each owner and template. What it gives doesn't depend on the order in which pods come."""

    def __init__(self, whole: Callable[[Pod], Pod] = lambda pod: pod) -> None:
        """`whole` decodes what is still encoded in a pod: its containers and volumes. It is asked for one of each
        template rather than for every pod, and may raise: then that pod is not counted in. Pods that are equal only
        once they are decoded are kept apart; folding what this gives brings them together."""
        self._whole = whole
        self._kept: dict[tuple[str, ...], _Group] = {}

    def take(self, pod: Pod, root: tuple[str, ...] | None = None) -> None:
        """Counts a pod in. `root` is what it belongs to, where that is known better than from its own owner.

        A finished pod with an owner doesn't run and isn't coming back: it is left out.
        """
        owner = owner_of(pod.metadata)
        if owner is not None and finished(pod):
            self._whole(pod)  # It may raise.
            return
        kind = owner.kind if owner is not None else ""
        if root is None:
            # A static pod belongs to its node, and is the same on each.
            name = owner.name if owner is not None and kind != "Node" else ""
            root = (namespace_of(pod.metadata), owner.api_version if owner is not None else "", kind, name)
        if kind == "StatefulSet":
            pod = self._whole(pod)  # Each has claims of its own.
        key = (*root, _digest(pod, kind))
        group = self._kept.get(key)
        if group is None:
            group = self._kept[key] = _Group(self._whole(pod))
        group.add(pod, kind, self._whole)

    def folded(self) -> list[Folded]:
        """The pods that stand for all, sorted by namespace, name and what they are made of."""
        return [group.folded() for _, group in sorted(self._kept.items(), key=lambda item: (item[1].place, item[0]))]


class _Group:
    __slots__ = ("claims", "count", "nodes", "pod")

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        self.count = 0
        self.nodes: set[str] = set()
        self.claims: dict[str, set[str]] = {}

    @property
    def place(self) -> tuple[str, str]:
        return namespace_of(self.pod.metadata), self.pod.metadata.name or ""

    def add(self, pod: Pod, kind: str, whole: Callable[[Pod], Pod]) -> None:
        if (pod.metadata.name or "") < (self.pod.metadata.name or ""):
            self.pod = whole(pod)
        if isinstance(pod, Folded):
            self.count += pod.count
            self.nodes.update(pod.nodes)
            for volume, claims in pod.claims:
                self.claims.setdefault(volume, set()).update(claims)
            return
        node = pod.spec.node_name if pod.spec is not None else None
        if node and not finished(pod):
            self.count += 1
            self.nodes.add(node)
        if kind == "StatefulSet" and pod.spec is not None and pod.metadata.name:
            for one in pod.spec.volumes or ():
                claim = one.persistent_volume_claim
                if claim is not None and claim.claim_name and claim.claim_name.endswith(f"-{pod.metadata.name}"):
                    self.claims.setdefault(one.name or "", set()).add(claim.claim_name)

    def folded(self) -> Folded:
        meta = self.pod.metadata
        return Folded(
            metadata=structs.replace(
                meta,
                labels={key: value for key, value in sorted((meta.labels or {}).items()) if _lasting(key)},
                annotations=dict(_annotations(meta)),
            ),
            spec=None if self.pod.spec is None else _normalised(self.pod.spec),
            status=self.pod.status,
            count=self.count,
            nodes=tuple(sorted(self.nodes)),
            claims=tuple((volume, tuple(sorted(claims))) for volume, claims in sorted(self.claims.items())),
        )


def owner_of(meta: Meta) -> Owner | None:
    """The owner that controls an object; the only one, where none says that it does."""
    owners = meta.owner_references or ()
    controlling = [owner for owner in owners if owner.controller]
    return (controlling or [*owners])[0] if controlling or len(owners) == 1 else None


def finished(pod: Pod) -> bool:
    """It has run to its end."""
    return pod.status is not None and pod.status.phase in _FINISHED


def _digest(pod: Pod, kind: str) -> str:
    """The same for pods of one template."""
    labels = sorted(item for item in (pod.metadata.labels or {}).items() if _lasting(item[0]))
    # The name is left out: a static pod's ends with its node's, and copies of a bare pod may differ in nothing else.
    spec = None if pod.spec is None else structs.replace(pod.spec, node_name=None)
    encoded = _ENCODER.encode((labels, _annotations(pod.metadata), spec))
    encoded = _TOKEN_VOLUME_BYTES.sub(TOKEN_VOLUME.encode(), encoded)
    if kind == "StatefulSet" and pod.metadata.name:
        encoded = encoded.replace(f'-{pod.metadata.name}"'.encode(), b'-*"')
    elif kind not in _NATIVE:
        encoded = _INDEX_VARIABLE.sub(b"", encoded)
    return sha256(encoded).hexdigest()


def _lasting(label: str) -> bool:
    return label not in GENERATED_LABELS


def _annotations(meta: Meta) -> list[tuple[str, str]]:
    """Those that decide something about the pod, sorted."""
    return sorted(item for item in (meta.annotations or {}).items() if item[0].startswith(_KEPT_ANNOTATIONS))


def _normalised(spec: PodSpec) -> PodSpec:
    """Without what differs between pods of one template."""
    return structs.replace(
        spec,
        node_name=None,
        volumes=None if spec.volumes is None else tuple(map(_renamed, spec.volumes)),
        containers=_normalised_each(spec.containers),
        init_containers=_normalised_each(spec.init_containers),
        ephemeral_containers=_normalised_each(spec.ephemeral_containers),
    )


def _normalised_each(found: tuple[Container, ...] | None) -> tuple[Container, ...] | None:
    return found and tuple(
        structs.replace(one, volume_mounts=one.volume_mounts and tuple(map(_renamed, one.volume_mounts)))
        for one in found
    )


def _renamed(one: T) -> T:
    return structs.replace(one, name=TOKEN_VOLUME) if one.name and _TOKEN_VOLUME.fullmatch(one.name) else one
