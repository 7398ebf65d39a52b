"""The Spark operator's kinds: a driver and executors, made from the resource's fields and Spark's own properties."""

import re
from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.owners.implied import implied_spec, template
from assay.detectors.cluster.owners.parts import Part, count, name_labels
from assay.detectors.cluster.owners.spark_conf import Added, Conf
from assay.detectors.cluster.pods.objects import (
    Affinity,
    Container,
    ContainerPort,
    Env,
    EnvFrom,
    Lifecycle,
    PodSpec,
    PodTemplate,
    Quantities,
    Resources,
    SecretKey,
    SecurityContext,
    ValueFrom,
    VolumeMount,
)
from assay.detectors.cluster.pods.volume_objects import Named, SecretSource, Volume
from assay.scanner.api import Unknown

_MOST = 200
"""Secrets and ConfigMaps of one pod, far more than any has."""
_VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,3})", re.ASCII)
_SCALED = Unknown(reason="Spark's dynamic allocation decides the number of executors")


class Gpu(Struct, frozen=True, kw_only=True, rename="camel"):
    """Accelerators of a pod."""

    name: str | None = None
    quantity: int | str | None = None


class Mounted(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Secret or ConfigMap, and where it is mounted."""

    name: str | None = None
    path: str | None = None


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
    env_secret_key_refs: dict[str, SecretKey] | None = None
    service_account: str | None = None
    security_context: SecurityContext | None = None
    pod_security_context: SecurityContext | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None
    secrets: tuple[Mounted, ...] | None = None
    config_maps: tuple[Mounted, ...] | None = None
    ports: tuple[ContainerPort, ...] | None = None
    lifecycle: Lifecycle | None = None
    host_network: bool | None = None
    runtime_class_name: str | None = None
    affinity: Affinity | None = None
    node_selector: dict[str, str] | None = None
    init_containers: tuple[Container, ...] | None = None
    sidecars: tuple[Container, ...] | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    template: PodTemplate | None = None


class Scaling(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether executors come and go."""

    enabled: bool | None = None


class SparkSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Spark application."""

    spark_version: str | int | float | None = None
    image: str | None = None
    image_pull_policy: str | None = None
    volumes: tuple[Volume, ...] | None = None
    node_selector: dict[str, str] | None = None
    spark_conf: dict[str, str | int | float | bool | None] | None = None
    """Its values may be secrets: what is looked at is in `spark_conf`."""
    spark_config_map: str | None = None
    dynamic_allocation: Scaling | None = None
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


def application(owner: SparkApplication, _objects: Objects) -> Iterator[Part]:
    """A SparkApplication: a driver and executors."""
    if owner.spec is not None:
        yield from _parts(owner.spec, owner.metadata.name)


def scheduled(owner: ScheduledSparkApplication, _objects: Objects) -> Iterator[Part]:
    """A ScheduledSparkApplication, whose runs have names of their own."""
    if owner.spec is not None and owner.spec.template is not None:
        yield from _parts(owner.spec.template, None)


def _parts(spec: SparkSpec, name: str | None) -> Iterator[Part]:
    conf = Conf(spec.spark_conf)
    for role, pod in (("driver", spec.driver or SparkPod()), ("executor", spec.executor or SparkPod())):
        added = conf.added(role)
        labels = {"spark-role": role, **name_labels(name, "sparkoperator.k8s.io/app-name")}
        made = _pod(spec, pod, role, conf, added)
        unseen = _unseen(spec, pod, role, conf)
        yield Part(
            template=template(
                made if unseen is None else implied_spec(made, unseen),
                added.labels | (pod.labels or {}),
                pod.annotations,
            ),
            role=role,
            replicas=1 if role == "driver" else _executors(spec, pod, conf),
            long_running=False,
            labels=labels,
            named=False,
        )


def _unseen(spec: SparkSpec, pod: SparkPod, role: str, conf: Conf) -> str | None:
    """Why what the fields don't say may be set elsewhere; None: they say all of it."""
    if pod.template is not None:
        # Which of the fields count beside a template differs between versions of the operator.
        return "the template that Spark makes its pods from may set it"
    key = conf.unseen(role)
    if key is not None:
        return f"{key} may set it"
    if role == "executor" and spec.spark_config_map is not None:
        return "the ConfigMap with the driver's configuration of Spark may set it"
    if role == "executor" and isinstance(_account(spec, pod, role, conf), Unknown):
        return "Spark's version, which isn't known, decides it"
    return None


def _executors(spec: SparkSpec, pod: SparkPod, conf: Conf) -> int | Unknown:
    scaling = spec.dynamic_allocation is not None and spec.dynamic_allocation.enabled is True
    if scaling or conf.text("spark.dynamicAllocation.enabled") == "true":
        return _SCALED
    return count(conf.text("spark.executor.instances") if pod.instances is None else pod.instances, 1)


def _pod(spec: SparkSpec, pod: SparkPod, role: str, conf: Conf, added: Added) -> PodSpec:
    account = _account(spec, pod, role, conf)
    held = {one.name: one for one in spec.volumes or ()}
    mounts = pod.volume_mounts or ()
    sources = (*_mounted(pod.secrets, True), *_mounted(pod.config_maps, False))
    container = Container(
        name=f"spark-kubernetes-{role}",
        image=pod.image or spec.image or conf.text(f"spark.kubernetes.{role}.container.image", _IMAGE),
        # Spark's default, whatever the tag.
        image_pull_policy=conf.text(f"{_IMAGE}.pullPolicy") or spec.image_pull_policy or "IfNotPresent",
        env=tuple(_env(pod, added)),
        env_from=pod.env_from,
        ports=(*_ports(role, conf), *(pod.ports or ())),
        volume_mounts=(*mounts, *added.mounts, *(mount for _, mount in sources)),
        security_context=pod.security_context,
        lifecycle=pod.lifecycle,
        resources=_resources(pod, role, conf, added),
    )
    # The operator adds the volumes that a role mounts, and Spark scratch space and its own configuration besides.
    wanted = dict.fromkeys(mount.name for mount in mounts)
    return PodSpec(
        containers=(container, *(pod.sidecars or ())),
        init_containers=pod.init_containers,
        volumes=(*(held[one] for one in wanted if one in held), *added.volumes, *(volume for volume, _ in sources)),
        security_context=pod.pod_security_context,
        service_account_name=account if isinstance(account, str) else None,
        host_network=pod.host_network,
        runtime_class_name=pod.runtime_class_name,
        affinity=pod.affinity,
        node_selector=(spec.node_selector or {}) | (pod.node_selector or {}),
    )


_IMAGE = "spark.kubernetes.container.image"


def _account(spec: SparkSpec, pod: SparkPod, role: str, conf: Conf) -> str | Unknown | None:
    """Since version 3.1 executors without an account of their own have the driver's."""
    own = pod.service_account or conf.text(_ACCOUNT.format(role))
    if own or role == "driver":
        return own
    inherited = (spec.driver or SparkPod()).service_account or conf.text(_ACCOUNT.format("driver"))
    version = _VERSION.match(str(spec.spark_version))
    if inherited and version is None:
        return Unknown(reason="Spark's version isn't known")
    return inherited if version is not None and (int(version[1]), int(version[2])) >= (3, 1) else None


_ACCOUNT = "spark.kubernetes.authenticate.{}.serviceAccountName"


def _env(pod: SparkPod, added: Added) -> Iterator[Env]:
    yield from pod.env or ()
    for name, value in sorted((pod.env_vars or {}).items()):
        yield Env(name=name, value=value)
    for name, reference in sorted((pod.env_secret_key_refs or {}).items()):
        yield Env(name=name, value_from=ValueFrom(secret_key_ref=reference))
    yield from added.env


def _ports(role: str, conf: Conf) -> Iterator[ContainerPort]:
    """See: https://spark.apache.org/docs/latest/security.html#configuring-ports-for-network-security"""
    blocks = conf.text(*(["spark.driver.blockManager.port"] if role == "driver" else []), "spark.blockManager.port")
    if role == "driver":
        yield ContainerPort(name="driver-rpc-port", container_port=conf.text("spark.driver.port") or 7078)
    yield ContainerPort(name="blockmanager", container_port=blocks or 7079)
    if role == "driver" and conf.text("spark.ui.enabled") != "false":
        yield ContainerPort(name="spark-ui", container_port=conf.text("spark.ui.port") or 4040)


def _mounted(found: tuple[Mounted, ...] | None, secret: bool) -> Iterator[tuple[Volume, VolumeMount]]:
    for one in (found or ())[:_MOST]:
        name = f"{one.name or ''}-{'volume' if secret else 'vol'}"
        volume = (
            Volume(name=name, secret=SecretSource(secret_name=one.name))
            if secret
            else Volume(name=name, config_map=Named(name=one.name))
        )
        yield volume, VolumeMount(name=name, mount_path=one.path, read_only=None if secret else True)


def _resources(pod: SparkPod, role: str, conf: Conf, added: Added) -> Resources:
    """Spark asks for memory and is limited to it, and for cores; by default for a gibibyte and one core.

    See: https://spark.apache.org/docs/latest/running-on-kubernetes.html#resource-allocation-and-configuration-overview
    """
    memory = pod.memory or conf.text(f"spark.{role}.memory") or "1g"
    limits: Quantities = {**added.devices, "memory": memory}
    limit = pod.core_limit if pod.core_limit is not None else conf.text(f"spark.kubernetes.{role}.limit.cores")
    if limit is not None:
        limits["cpu"] = limit
    if pod.gpu is not None and pod.gpu.name and pod.gpu.quantity is not None:
        limits[pod.gpu.name] = pod.gpu.quantity
    asked = conf.text(f"spark.kubernetes.{role}.request.cores", f"spark.{role}.cores")
    requests: Mapping[str, str | int | float] = {"cpu": pod.core_request or pod.cores or asked or 1, "memory": memory}
    return Resources(limits=limits, requests=dict(requests))
