"""The kinds that own pods, and the way from a pod up to the owner that somebody declared."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from assay.detectors.cluster.objects import Meta, Objects, Owner, Placed, namespace_of
from assay.detectors.cluster.owners import parts
from assay.detectors.cluster.owners.custom import CUSTOM
from assay.detectors.cluster.owners.parts import Part
from assay.detectors.cluster.pods.fold import owner_of

OWNERS: Mapping[str, Callable[[Any, Objects], Iterator[Part]]] = {
    "ReplicationController": parts.replica_set,
    "apps/DaemonSet": parts.daemon_set,
    "apps/Deployment": parts.deployment,
    "apps/ReplicaSet": parts.replica_set,
    "apps/StatefulSet": parts.stateful_set,
    "batch/CronJob": parts.cron_job,
    "batch/Job": parts.job,
    **CUSTOM,
}
"""By `table.Api.id`: from which templates the kind makes its pods."""

_DEPLOYED = ("apps/Deployment", "apps/ReplicaSet")
BETWEEN: Mapping[str, tuple[str, ...]] = {
    "apps/Deployment": ("apps/ReplicaSet",),
    "apps.openshift.io/DeploymentConfig": ("ReplicationController",),
    "argoproj.io/CronWorkflow": ("argoproj.io/Workflow",),
    "argoproj.io/Rollout": ("apps/ReplicaSet",),
    "batch/CronJob": ("batch/Job",),
    "grafana.integreatly.org/Grafana": _DEPLOYED,
    "jobset.x-k8s.io/JobSet": ("batch/Job",),
    "kubeflow.org/MPIJob": ("batch/Job",),
    "kubeflow.org/Notebook": ("apps/StatefulSet",),
    "leaderworkerset.x-k8s.io/LeaderWorkerSet": ("apps/StatefulSet",),
    "machinelearning.seldon.io/SeldonDeployment": _DEPLOYED,
    "milvus.io/Milvus": (*_DEPLOYED, "apps/StatefulSet"),
    "mlops.seldon.io/SeldonRuntime": (*_DEPLOYED, "apps/StatefulSet"),
    "mlops.seldon.io/Server": (*_DEPLOYED, "apps/StatefulSet"),
    "monitoring.coreos.com/Alertmanager": ("apps/StatefulSet",),
    "monitoring.coreos.com/Prometheus": ("apps/StatefulSet",),
    "ray.io/RayJob": ("ray.io/RayCluster", "batch/Job"),
    "ray.io/RayService": ("ray.io/RayCluster",),
    "serving.knative.dev/Service": _DEPLOYED,
    "serving.kserve.io/InferenceGraph": (*_DEPLOYED, "serving.knative.dev/Service"),
    "serving.kserve.io/InferenceService": (*_DEPLOYED, "serving.knative.dev/Service"),
    "serving.kserve.io/LLMInferenceService": (
        *_DEPLOYED,
        "apps/StatefulSet",
        "leaderworkerset.x-k8s.io/LeaderWorkerSet",
    ),
    "sparkoperator.k8s.io/ScheduledSparkApplication": ("sparkoperator.k8s.io/SparkApplication",),
    "tensorboard.kubeflow.org/Tensorboard": _DEPLOYED,
    "trainer.kubeflow.org/TrainJob": ("jobset.x-k8s.io/JobSet", "batch/Job"),
}
"""What stands between a kind and its pods: where that can't be listed, pods may run that aren't known to be its own."""

_HASH = re.compile(r"[bcdfghjklmnpqrstvwxz2456789]{1,10}")
"""Of the letters that Kubernetes makes up names from."""

_DEEPEST = 8
"""Owners of owners. KServe's pods have five above them, the most that is known."""


class Root(Struct, frozen=True, kw_only=True):
    """The topmost owner that is of a kind which makes pods."""

    api_id: str
    kind: str
    namespace: str
    name: str
    placed: Placed | None
    """None: it was not listed, and only named by what it owns."""
    unread: str | None = None
    """Why there may be an owner above it that isn't known."""

    @property
    def key(self) -> tuple[str, str, str]:
        """The same for all that it owns."""
        return self.api_id, self.namespace, self.name


class Chains:
    """The owners of one source by name, and who owns them."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._placed: dict[tuple[str, str, str], Placed] = {}
        for api_id in OWNERS:
            for placed in objects.of(api_id):
                meta: Meta = placed.object.metadata
                if meta.name:
                    self._placed.setdefault((api_id, namespace_of(meta), meta.name), placed)

    def root(self, meta: Meta) -> Root | None:
        """Who owns an object in the end; None: nobody, or the node for a static pod."""
        found: Root | None = None
        namespace = namespace_of(meta)
        for _ in range(_DEEPEST):
            named = _named(meta)
            if named is None:
                break
            api_id, owner = named
            if api_id not in OWNERS:
                # An operator's own kind, whose templates we don't know: what it made stands for itself.
                if found is None and api_id != "Node":
                    found = Root(api_id=api_id, kind=owner.kind, namespace=namespace, name=owner.name, placed=None)
                break
            placed, unread = self._placed.get((api_id, namespace, owner.name)), None
            if placed is None:
                unread = self._objects.unread(api_id) or f"its owner {owner.kind} was not listed"
                guessed = self._by_name(api_id, namespace, owner.name)
                if guessed is not None:
                    return Root(
                        api_id=guessed[0], kind=guessed[0].rpartition("/")[2], namespace=namespace,
                        name=guessed[1].object.metadata.name, placed=guessed[1], unread=unread,
                    )  # fmt: skip
            found = Root(
                api_id=api_id, kind=owner.kind, namespace=namespace, name=owner.name, placed=placed, unread=unread
            )
            if placed is None:
                break
            meta = placed.object.metadata
        return found

    def _by_name(self, api_id: str, namespace: str, name: str) -> tuple[str, Placed] | None:
        """Controllers name what they make after themselves: a Deployment's ReplicaSets by a hash of the template, a
        CronJob's Jobs by the time."""
        stem, _, ending = name.rpartition("-")
        above: tuple[str, ...] = ()
        if api_id == "apps/ReplicaSet" and _HASH.fullmatch(ending):
            above = ("apps/Deployment", "argoproj.io/Rollout")
        elif api_id == "batch/Job" and ending.isdigit():
            above = ("batch/CronJob",)
        for one in above:
            placed = self._placed.get((one, namespace, stem))
            if placed is not None:
                return one, placed
        return None


def _named(meta: Meta) -> tuple[str, Owner] | None:
    """The owner that an object names, with the id of its kind."""
    owner = owner_of(meta)
    if owner is None:
        return None
    group = owner.api_version.rpartition("/")[0]
    service = (meta.labels or {}).get("serving.knative.dev/service")
    if group == "serving.knative.dev" and owner.kind in ("Revision", "Configuration") and service:
        # Knative's own steps between its Service and the Deployment, which aren't listed.
        return f"{group}/Service", Owner(kind="Service", name=service, api_version=owner.api_version)
    return (f"{group}/{owner.kind}" if group else owner.kind), owner
