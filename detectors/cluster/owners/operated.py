"""Kinds of operators that make the pods of one program: Prometheus, Alertmanager, Grafana, Milvus; and OpenShift's
DeploymentConfig."""

from collections.abc import Iterator

from msgspec import Struct, field, structs

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.owners.implied import apart, container_of, implied_spec, over, spec_of, template
from assay.detectors.cluster.owners.parts import Part, count, name_labels
from assay.detectors.cluster.pods.objects import (
    Container,
    Controller,
    Env,
    PodSpec,
    PodTemplate,
    Resources,
    SecurityContext,
    VolumeMount,
)
from assay.detectors.cluster.pods.volume_objects import Volume


class MonitoringSpec(PodSpec, frozen=True, kw_only=True, rename="camel"):
    """Prometheus or Alertmanager: settings of a pod beside those of the program."""

    image: str | None = None
    replicas: int | str | None = None
    pod_metadata: Meta | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None
    resources: Resources | None = None


class Monitoring(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Prometheus or Alertmanager of the Prometheus operator."""

    metadata: Meta = field(default_factory=Meta)
    spec: MonitoringSpec | None = None


class DeploymentPatchSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is laid over the operator's own Deployment."""

    replicas: int | str | None = None
    template: PodTemplate | None = None


class DeploymentPatch(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is laid over the operator's own Deployment."""

    spec: DeploymentPatchSpec | None = None


class GrafanaSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Grafana."""

    deployment: DeploymentPatch | None = None


class Grafana(Struct, frozen=True, kw_only=True, rename="camel"):
    """The Grafana operator's Grafana."""

    metadata: Meta = field(default_factory=Meta)
    spec: GrafanaSpec | None = None


class MilvusComponents(Struct, frozen=True, kw_only=True, rename="camel"):
    """What all parts of a Milvus have."""

    image: str | None = None
    image_pull_policy: str | None = None
    env: tuple[Env, ...] | None = None
    resources: Resources | None = None
    service_account_name: str | None = None
    host_network: bool | None = None
    security_context: SecurityContext | None = None
    volumes: tuple[Volume, ...] | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None
    pod_labels: dict[str, str] | None = None


class MilvusSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Milvus."""

    components: MilvusComponents | None = None


class Milvus(Struct, frozen=True, kw_only=True, rename="camel"):
    """The Milvus operator's Milvus."""

    metadata: Meta = field(default_factory=Meta)
    spec: MilvusSpec | None = None


def prometheus(owner: Monitoring, _objects: Objects) -> Iterator[Part]:
    """A Prometheus."""
    yield _monitoring(owner, "prometheus")


def alertmanager(owner: Monitoring, _objects: Objects) -> Iterator[Part]:
    """An Alertmanager."""
    yield _monitoring(owner, "alertmanager")


def grafana(owner: Grafana, _objects: Objects) -> Iterator[Part]:
    """A Grafana: the operator's Deployment, with what is laid over it."""
    patch = owner.spec.deployment.spec if owner.spec is not None and owner.spec.deployment is not None else None
    made = patch.template if patch is not None and patch.template is not None else PodTemplate()
    spec = made.spec or PodSpec()
    if not spec.containers:
        spec = _with(spec, (Container(name="grafana"),))
    labels = (made.metadata.labels if made.metadata is not None else None) or {}
    yield Part(
        template=template(implied_spec(apart(spec), "the Grafana operator sets it"), labels),
        replicas=count(patch.replicas if patch is not None else None, 1),
        strategy="RollingUpdate",
        labels=name_labels(owner.metadata.name, "app"),
        named=False,
    )


def milvus(owner: Milvus, _objects: Objects) -> Iterator[Part]:
    """A Milvus, as far as it says what all its parts have."""
    made = (owner.spec.components if owner.spec is not None else None) or MilvusComponents()
    container = Container(
        name="milvus",
        image=made.image,
        image_pull_policy=made.image_pull_policy,
        env=made.env,
        resources=made.resources,
        volume_mounts=made.volume_mounts,
    )
    spec = PodSpec(
        containers=(container,),
        volumes=made.volumes,
        service_account_name=made.service_account_name,
        host_network=made.host_network,
        security_context=made.security_context,
    )
    labels = {"app.kubernetes.io/name": "milvus", **name_labels(owner.metadata.name, "app.kubernetes.io/instance")}
    yield Part(
        template=template(implied_spec(apart(spec), "the Milvus operator sets it"), made.pod_labels),
        replicas=count(None, 1),
        strategy="RollingUpdate",
        labels=labels,
        named=False,
    )


def deployment_config(owner: Controller, _objects: Objects) -> Iterator[Part]:
    """OpenShift's DeploymentConfig, whose `Rolling` is a Deployment's `RollingUpdate`."""
    if owner.spec is None or owner.spec.template is None:
        return
    strategy = owner.spec.strategy.type if owner.spec.strategy is not None else None
    yield Part(
        template=owner.spec.template,
        replicas=count(owner.spec.replicas, 1),
        strategy="RollingUpdate" if strategy in (None, "", "Rolling") else strategy,
    )


def _monitoring(owner: Monitoring, name: str) -> Part:
    spec = owner.spec or MonitoringSpec()
    # A container of the same name is laid over the operator's own.
    # See: https://prometheus-operator.dev/docs/platform/strategic-merge-patch/
    base = Container(name=name, image=spec.image, volume_mounts=spec.volume_mounts, resources=spec.resources)
    containers = spec.containers or ()
    own = next((over(base, container_of(one)) for one in containers if one.name == name), base)
    others = tuple(one for one in containers if one.name != name)
    made = _with(spec_of(spec), (own, *others))
    labels = (spec.pod_metadata.labels if spec.pod_metadata is not None else None) or {}
    return Part(
        template=template(implied_spec(apart(made), "the Prometheus operator sets it"), labels),
        replicas=count(spec.replicas, 1),
        strategy="RollingUpdate",
        labels={"app.kubernetes.io/name": name, **name_labels(owner.metadata.name, name, "app.kubernetes.io/instance")},
        named=False,
    )


def _with(spec: PodSpec, containers: tuple[Container, ...]) -> PodSpec:
    # What the operator's object calls resources is for the one container.
    return structs.replace(spec, containers=containers, resources=None)
