"""The pod templates of one owner, as its kind holds them."""

from collections.abc import Iterator, Mapping

from msgspec import Struct, structs

from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.pods.objects import Controller, CronJob, Pod, PodTemplate
from assay.scanner.api import Unknown

ONE_EACH = None
"""In place of a number of replicas: one a node, or one a run."""


class Part(Struct, frozen=True, kw_only=True):
    """One of the templates from which an owner's pods are made."""

    template: PodTemplate
    role: str = ""
    """Which of several; empty where the kind has one only."""
    replicas: int | Unknown | None = ONE_EACH
    strategy: str | Unknown | None = None
    long_running: bool = True
    labels: Mapping[str, str] = {}
    """Those that the controller or operator adds to the template's own."""
    claims: tuple[str, ...] = ()
    """Names of the templates of claims, one of which each pod gets and mounts under that name."""
    first: int = 0
    """The number of the first pod, where pods are numbered."""
    named: bool = True
    """checkov knows the template by the owner's name and the labels."""


def deployment(owner: Controller, _objects: Objects) -> Iterator[Part]:
    """A Deployment. Defaults: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/"""
    if owner.spec is not None:
        strategy = owner.spec.strategy.type if owner.spec.strategy is not None else None
        yield _serving(owner, strategy or "RollingUpdate")


def stateful_set(owner: Controller, _objects: Objects) -> Iterator[Part]:
    """A StatefulSet, with the claims that it makes."""
    if owner.spec is None:
        return
    strategy = owner.spec.update_strategy.type if owner.spec.update_strategy is not None else None
    names = (one.metadata.name for one in owner.spec.volume_claim_templates or () if one.metadata is not None)
    first = owner.spec.ordinals.start if owner.spec.ordinals is not None else None
    part = _serving(owner, strategy or "RollingUpdate")
    yield structs.replace(part, claims=tuple(name for name in names if name), first=first or 0)


def daemon_set(owner: Controller, _objects: Objects) -> Iterator[Part]:
    """A DaemonSet: one pod a node."""
    if owner.spec is not None and owner.spec.template is not None:
        strategy = owner.spec.update_strategy.type if owner.spec.update_strategy is not None else None
        yield Part(template=owner.spec.template, strategy=strategy or "RollingUpdate")


def replica_set(owner: Controller, _objects: Objects) -> Iterator[Part]:
    """A ReplicaSet or ReplicationController, which never replaces a pod by a newer one."""
    if owner.spec is not None:
        yield _serving(owner, None)


def job(owner: Controller, _objects: Objects) -> Iterator[Part]:
    """A Job. The API server adds its name to the template's labels, by an older and a newer key."""
    if owner.spec is not None and owner.spec.template is not None:
        labels = name_labels(owner.metadata.name, "job-name", "batch.kubernetes.io/job-name")
        yield Part(template=owner.spec.template, long_running=False, labels=labels)


def cron_job(owner: CronJob, _objects: Objects) -> Iterator[Part]:
    """A CronJob."""
    inner = owner.spec.job_template if owner.spec is not None else None
    if inner is not None and inner.spec is not None and inner.spec.template is not None:
        yield Part(template=inner.spec.template, long_running=False, named=False)


def pod(owner: Pod, _objects: Objects) -> Iterator[Part]:
    """A pod without an owner: it is its own template, and runs until it is stopped unless it says otherwise."""
    policy = owner.spec.restart_policy if owner.spec is not None else None
    template = PodTemplate(metadata=owner.metadata, spec=owner.spec)
    yield Part(template=template, replicas=1, long_running=policy in (None, "Always"))


def count(number: int | str | None, default: int) -> int | Unknown:
    """A number of replicas as declared."""
    if isinstance(number, str):
        return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else _UNRESOLVED
    return default if number is None else number


def name_labels(name: str | None, *keys: str) -> dict[str, str]:
    """Labels by which a controller names an owner; none where that gets its name from the server."""
    return {} if name is None else dict.fromkeys(keys, name)


_UNRESOLVED = Unknown(reason="unresolved: the number of replicas is a placeholder")


def _serving(owner: Controller, strategy: str | None) -> Part:
    spec = owner.spec
    template = spec.template if spec is not None else None
    return Part(
        template=template or PodTemplate(),
        replicas=count(spec.replicas if spec is not None else None, 1),
        strategy=strategy,
    )
