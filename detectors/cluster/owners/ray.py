"""KubeRay's kinds: a head and groups of workers."""

from collections.abc import Iterator

from msgspec import Struct, field, structs

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.owners.implied import implied
from assay.detectors.cluster.owners.parts import Part, count, name_labels
from assay.detectors.cluster.pods.objects import Container, Handler, PodSpec, PodTemplate, VolumeMount
from assay.detectors.cluster.pods.volume_objects import EmptyDir, Volume
from assay.scanner.api import Unknown

_SHARED = "/dev/shm"  # noqa: S108  # a path in a container


class Group(Struct, frozen=True, kw_only=True, rename="camel"):
    """The head, or a group of workers."""

    group_name: str | None = None
    replicas: int | str | None = None
    ray_start_params: dict[str, str | int | float | bool | None] | None = None
    template: PodTemplate | None = None


class AuthOptions(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether Ray asks who calls."""

    mode: str | None = None


class ClusterSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Ray cluster."""

    head_group_spec: Group | None = None
    worker_group_specs: tuple[Group, ...] | None = None
    enable_in_tree_autoscaling: bool | None = None
    auth_options: AuthOptions | None = None


class RayCluster(Struct, frozen=True, kw_only=True, rename="camel"):
    """A RayCluster."""

    metadata: Meta = field(default_factory=Meta)
    spec: ClusterSpec | None = None


class JobSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A job and the cluster that is made for it."""

    ray_cluster_spec: ClusterSpec | None = None
    submitter_pod_template: PodTemplate | None = None


class RayJob(Struct, frozen=True, kw_only=True, rename="camel"):
    """A RayJob."""

    metadata: Meta = field(default_factory=Meta)
    spec: JobSpec | None = None


class ServiceSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A service and the cluster that serves it."""

    ray_cluster_config: ClusterSpec | None = None


class RayService(Struct, frozen=True, kw_only=True, rename="camel"):
    """A RayService."""

    metadata: Meta = field(default_factory=Meta)
    spec: ServiceSpec | None = None


def cluster(owner: RayCluster, _objects: Objects) -> Iterator[Part]:
    """A RayCluster."""
    if owner.spec is not None:
        yield from _parts(owner.spec, owner.metadata.name)


def job(owner: RayJob, _objects: Objects) -> Iterator[Part]:
    """A RayJob, whose cluster goes when it is done."""
    if owner.spec is None:
        return
    if owner.spec.ray_cluster_spec is not None:
        for part in _parts(owner.spec.ray_cluster_spec, None):
            yield structs.replace(part, long_running=False)
    if owner.spec.submitter_pod_template is not None:
        yield Part(template=owner.spec.submitter_pod_template, role="submitter", long_running=False, named=False)


def service(owner: RayService, _objects: Objects) -> Iterator[Part]:
    """A RayService."""
    if owner.spec is not None and owner.spec.ray_cluster_config is not None:
        yield from _parts(owner.spec.ray_cluster_config, None)


def _parts(spec: ClusterSpec, name: str | None) -> Iterator[Part]:
    """`name` is the cluster's where it isn't made up. The operator sets these labels.

    See: https://docs.ray.io/en/latest/cluster/kubernetes/user-guides/config.html
    """
    common = {"ray.io/is-ray-node": "yes", **name_labels(name, "ray.io/cluster")}
    head, groups = spec.head_group_spec, spec.worker_group_specs or ()
    if head is not None:
        yield Part(
            template=_made(head.template, bool(spec.enable_in_tree_autoscaling)),
            role="head",
            replicas=1,
            labels={**common, "ray.io/node-type": "head", "ray.io/group": "headgroup"},
            named=False,
        )
    for group in groups:
        # The autoscaler decides how many there are.
        scaled = Unknown(reason="Ray's autoscaler decides the number of workers")
        yield Part(
            template=_made(group.template, False),
            role="workers" if len(groups) == 1 else f"workers-{group.group_name or ''}",
            replicas=scaled if spec.enable_in_tree_autoscaling else count(group.replicas, 0),
            labels={**common, "ray.io/node-type": "worker", "ray.io/group": group.group_name or ""},
            named=False,
        )


def _made(template: PodTemplate | None, autoscaler: bool) -> PodTemplate:
    """With what the operator adds to the first container, which is Ray's: probes, and shared memory.

    See: https://docs.ray.io/en/latest/cluster/kubernetes/user-guides/config.html
    """
    template = template or PodTemplate()
    spec = template.spec or PodSpec()
    if not spec.containers:
        return template
    ray, *others = spec.containers
    probe = Handler()
    mounts, volumes = ray.volume_mounts or (), spec.volumes or ()
    if all(mount.mount_path != _SHARED for mount in mounts):
        mounts = (*mounts, VolumeMount(name="shared-mem", mount_path=_SHARED))
        volumes = (*volumes, Volume(name="shared-mem", empty_dir=EmptyDir(medium="Memory")))
    ray = structs.replace(
        ray,
        volume_mounts=mounts,
        liveness_probe=ray.liveness_probe or probe,
        readiness_probe=ray.readiness_probe or probe,
    )
    if autoscaler and all(one.name != "autoscaler" for one in others):
        beside = Container(name="autoscaler", image=ray.image)
        others.append(implied(beside, "the Ray operator sets the autoscaler's container"))
    return structs.replace(template, spec=structs.replace(spec, containers=(ray, *others), volumes=volumes))
