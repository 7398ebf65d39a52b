"""Kinds that run jobs or groups of pods: of Volcano, JobSet, LeaderWorkerSet and Spark."""

from collections.abc import Iterator

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.owners.implied import implied_spec, template
from assay.detectors.cluster.owners.parts import Part, count
from assay.detectors.cluster.pods.objects import (
    Container,
    Env,
    EnvFrom,
    JobTemplate,
    PodSpec,
    PodTemplate,
    Quantities,
    Resources,
    SecurityContext,
    VolumeMount,
)
from assay.detectors.cluster.pods.volume_objects import Volume


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


class Gpu(Struct, frozen=True, kw_only=True, rename="camel"):
    """Accelerators of a pod."""

    name: str | None = None
    quantity: int | str | None = None


class SparkPod(Struct, frozen=True, kw_only=True, rename="camel"):
    """The driver, or an executor."""

    image: str | None = None
    instances: int | str | None = None
    cores: int | str | None = None
    core_request: str | int | float | None = None
    core_limit: str | int | float | None = None
    memory: str | int | None = None
    gpu: Gpu | None = None
    env: tuple[Env, ...] | None = None
    env_vars: dict[str, str] | None = None
    env_from: tuple[EnvFrom, ...] | None = None
    service_account: str | None = None
    security_context: SecurityContext | None = None
    pod_security_context: SecurityContext | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None
    host_network: bool | None = None
    init_containers: tuple[Container, ...] | None = None
    sidecars: tuple[Container, ...] | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    template: PodTemplate | None = None


class SparkSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Spark application."""

    image: str | None = None
    image_pull_policy: str | None = None
    volumes: tuple[Volume, ...] | None = None
    driver: SparkPod | None = None
    executor: SparkPod | None = None


class SparkApplication(Struct, frozen=True, kw_only=True, rename="camel"):
    """A SparkApplication."""

    metadata: Meta = field(default_factory=Meta)
    spec: SparkSpec | None = None


class ScheduledSparkSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """An application that runs again and again."""

    template: SparkSpec | None = None


class ScheduledSparkApplication(Struct, frozen=True, kw_only=True, rename="camel"):
    """A ScheduledSparkApplication."""

    metadata: Meta = field(default_factory=Meta)
    spec: ScheduledSparkSpec | None = None


def volcano(owner: VolcanoJob, _objects: Objects) -> Iterator[Part]:
    """Volcano's Job, a role for each task."""
    for task in (owner.spec.tasks if owner.spec is not None else None) or ():
        labels = {"volcano.sh/task-spec": task.name or ""}
        if owner.metadata.name is not None:
            labels["volcano.sh/job-name"] = owner.metadata.name
        yield _run(task.template, task.name, task.replicas, labels)


def job_set(owner: JobSet, _objects: Objects) -> Iterator[Part]:
    """A JobSet, a role for each of its Jobs."""
    for job in (owner.spec.replicated_jobs if owner.spec is not None else None) or ():
        labels = {"jobset.sigs.k8s.io/replicatedjob-name": job.name or ""}
        if owner.metadata.name is not None:
            labels["jobset.sigs.k8s.io/jobset-name"] = owner.metadata.name
        inner = job.template.spec.template if job.template is not None and job.template.spec is not None else None
        yield _run(inner, job.name, job.replicas, labels)


def leader_worker_set(owner: LeaderWorkerSet, _objects: Objects) -> Iterator[Part]:
    """A LeaderWorkerSet. Its replicas are groups."""
    made = owner.spec.leader_worker_template if owner.spec is not None else None
    if owner.spec is None or made is None:
        return
    labels = {} if owner.metadata.name is None else {"leaderworkerset.sigs.k8s.io/name": owner.metadata.name}
    for role, one in (("leader", made.leader_template), ("worker", made.worker_template)):
        if one is not None:
            replicas = count(owner.spec.replicas, 1)
            yield Part(template=one, role=role, replicas=replicas, strategy="RollingUpdate", labels=labels, named=False)


def spark(owner: SparkApplication, _objects: Objects) -> Iterator[Part]:
    """A SparkApplication: a driver and executors."""
    if owner.spec is not None:
        yield from _spark(owner.spec, owner.metadata.name)


def scheduled_spark(owner: ScheduledSparkApplication, _objects: Objects) -> Iterator[Part]:
    """A ScheduledSparkApplication, whose runs have names of their own."""
    if owner.spec is not None and owner.spec.template is not None:
        yield from _spark(owner.spec.template, None)


def _run(made: PodTemplate | None, role: str | None, replicas: int | str | None, labels: dict[str, str]) -> Part:
    return Part(
        template=made or PodTemplate(),
        role=role or "",
        replicas=count(replicas, 1),
        long_running=False,
        labels=labels,
        named=False,
    )


def _spark(spec: SparkSpec, name: str | None) -> Iterator[Part]:
    for role, pod in (("driver", spec.driver), ("executor", spec.executor)):
        labels = {"spark-role": role} | ({} if name is None else {"sparkoperator.k8s.io/app-name": name})
        made = pod or SparkPod()
        yield Part(
            template=template(_spark_spec(spec, made, role), made.labels, made.annotations),
            role=role,
            replicas=1 if role == "driver" else count(made.instances, 1),
            long_running=False,
            labels=labels,
            named=False,
        )


def _spark_spec(spec: SparkSpec, pod: SparkPod, role: str) -> PodSpec:
    variables = tuple(Env(name=name, value=value) for name, value in sorted((pod.env_vars or {}).items()))
    container = Container(
        name=f"spark-kubernetes-{role}",
        image=pod.image or spec.image,
        image_pull_policy=spec.image_pull_policy,
        env=(*(pod.env or ()), *variables),
        env_from=pod.env_from,
        volume_mounts=pod.volume_mounts,
        security_context=pod.security_context,
        resources=_resources(pod),
    )
    made = PodSpec(
        containers=(container, *(pod.sidecars or ())),
        init_containers=pod.init_containers,
        volumes=spec.volumes,
        security_context=pod.pod_security_context,
        service_account_name=pod.service_account,
        host_network=pod.host_network,
    )
    return implied_spec(made, "Spark's own configuration or template may set it")


def _resources(pod: SparkPod) -> Resources:
    """Spark asks for memory and is limited to it, and for cores; by default for a gibibyte and one core.

    See: https://spark.apache.org/docs/latest/running-on-kubernetes.html#resource-allocation-and-configuration-overview
    """
    memory = pod.memory or "1g"
    limits: Quantities = {"memory": memory}
    if pod.core_limit is not None:
        limits["cpu"] = pod.core_limit
    if pod.gpu is not None and pod.gpu.name and pod.gpu.quantity is not None:
        limits[pod.gpu.name] = pod.gpu.quantity
    return Resources(limits=limits, requests={"cpu": pod.core_request or pod.cores or 1, "memory": memory})
