"""Kinds that run jobs or groups of pods: of Volcano, JobSet and LeaderWorkerSet."""

from collections.abc import Iterator

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.owners.parts import Part, count, name_labels
from assay.detectors.cluster.pods.objects import JobTemplate, PodTemplate


class Task(Struct, frozen=True, kw_only=True, rename="camel"):
    """A task of a Volcano Job."""

    name: str | None = None
    replicas: int | str | None = None
    template: PodTemplate | None = None


class VolcanoSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """Tasks."""

    tasks: tuple[Task, ...] | None = None


class VolcanoJob(Struct, frozen=True, kw_only=True, rename="camel"):
    """Volcano's Job."""

    metadata: Meta = field(default_factory=Meta)
    spec: VolcanoSpec | None = None


class ReplicatedJob(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Job of which there are several."""

    name: str | None = None
    replicas: int | str | None = None
    template: JobTemplate | None = None


class JobSetSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """Jobs that run together."""

    replicated_jobs: tuple[ReplicatedJob, ...] | None = None


class JobSet(Struct, frozen=True, kw_only=True, rename="camel"):
    """A JobSet."""

    metadata: Meta = field(default_factory=Meta)
    spec: JobSetSpec | None = None


class LeaderWorkerTemplate(Struct, frozen=True, kw_only=True, rename="camel"):
    """A leader and its workers; without a template of its own the leader is made like a worker."""

    leader_template: PodTemplate | None = None
    worker_template: PodTemplate | None = None


class LeaderWorkerSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """Groups of a leader and workers."""

    replicas: int | str | None = None
    leader_worker_template: LeaderWorkerTemplate | None = None


class LeaderWorkerSet(Struct, frozen=True, kw_only=True, rename="camel"):
    """A LeaderWorkerSet."""

    metadata: Meta = field(default_factory=Meta)
    spec: LeaderWorkerSpec | None = None


def volcano(owner: VolcanoJob, _objects: Objects) -> Iterator[Part]:
    """Volcano's Job, a role for each task."""
    for task in (owner.spec.tasks if owner.spec is not None else None) or ():
        labels = {"volcano.sh/task-spec": task.name or ""}
        named = name_labels(owner.metadata.name, "volcano.sh/job-name")
        yield _run(task.template, task.name, task.replicas, labels | named)


def job_set(owner: JobSet, _objects: Objects) -> Iterator[Part]:
    """A JobSet, a role for each of its Jobs."""
    for job in (owner.spec.replicated_jobs if owner.spec is not None else None) or ():
        labels = {"jobset.sigs.k8s.io/replicatedjob-name": job.name or ""}
        named = name_labels(owner.metadata.name, "jobset.sigs.k8s.io/jobset-name")
        inner = job.template.spec.template if job.template is not None and job.template.spec is not None else None
        yield _run(inner, job.name, job.replicas, labels | named)


def leader_worker_set(owner: LeaderWorkerSet, _objects: Objects) -> Iterator[Part]:
    """A LeaderWorkerSet. Its replicas are groups."""
    made = owner.spec.leader_worker_template if owner.spec is not None else None
    if owner.spec is None or made is None:
        return
    labels = name_labels(owner.metadata.name, "leaderworkerset.sigs.k8s.io/name")
    for role, one in (("leader", made.leader_template), ("worker", made.worker_template)):
        if one is not None:
            replicas = count(owner.spec.replicas, 1)
            yield Part(template=one, role=role, replicas=replicas, strategy="RollingUpdate", labels=labels, named=False)


def _run(made: PodTemplate | None, role: str | None, replicas: int | str | None, labels: dict[str, str]) -> Part:
    return Part(
        template=made or PodTemplate(),
        role=role or "",
        replicas=count(replicas, 1),
        long_running=False,
        labels=labels,
        named=False,
    )
