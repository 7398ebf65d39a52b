"""Argo's kinds: workflows, and rollouts."""

from collections.abc import Iterator

from msgspec import Struct, field, structs

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.owners.implied import container_of, implied_spec, template
from assay.detectors.cluster.owners.parts import Part, count, name_labels
from assay.detectors.cluster.pods.objects import (
    Container,
    PodSpec,
    PodTemplate,
    RollingUpdate,
    SecurityContext,
    VolumeMount,
)
from assay.detectors.cluster.pods.volume_objects import Anything, Named, Volume

_MOST_COPIES = 100_000
"""Volumes and labels of a workflow, times its templates, each of which gets them all."""


class Script(Container, frozen=True, kw_only=True, rename="camel"):
    """A container that runs a script of the template."""

    source: str | None = None


class ContainerSet(Struct, frozen=True, kw_only=True, rename="camel"):
    """Several containers in one pod."""

    containers: tuple[Container, ...] | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None


class Step(Struct, frozen=True, kw_only=True, rename="camel"):
    """One of a workflow's templates."""

    name: str | None = None
    metadata: Meta | None = None
    container: Container | None = None
    script: Script | None = None
    container_set: ContainerSet | None = None
    init_containers: tuple[Container, ...] | None = None
    sidecars: tuple[Container, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    service_account_name: str | None = None
    automount_service_account_token: bool | None = None
    security_context: SecurityContext | None = None
    node_selector: dict[str, str] | None = None
    pod_spec_patch: str | None = None


class WorkflowSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A workflow's templates, and what all of them have."""

    templates: tuple[Step, ...] | None = None
    template_defaults: Anything | None = None
    pod_metadata: Meta | None = None
    volumes: tuple[Volume, ...] | None = None
    volume_claim_templates: tuple[PodTemplate, ...] | None = None
    service_account_name: str | None = None
    automount_service_account_token: bool | None = None
    security_context: SecurityContext | None = None
    host_network: bool | None = None
    node_selector: dict[str, str] | None = None
    pod_spec_patch: str | None = None


class Workflow(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Workflow, WorkflowTemplate or ClusterWorkflowTemplate."""

    metadata: Meta = field(default_factory=Meta)
    spec: WorkflowSpec | None = None


class CronSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a CronWorkflow runs."""

    workflow_spec: WorkflowSpec | None = None
    workflow_metadata: Meta | None = None


class CronWorkflow(Struct, frozen=True, kw_only=True, rename="camel"):
    """A CronWorkflow."""

    metadata: Meta = field(default_factory=Meta)
    spec: CronSpec | None = None


class RolloutStrategy(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a Rollout brings a new version in."""

    canary: RollingUpdate | None = None
    blue_green: Anything | None = None


class RolloutSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Rollout's template, or the Deployment that has it."""

    template: PodTemplate | None = None
    workload_ref: Named | None = None
    replicas: int | str | None = None
    strategy: RolloutStrategy | None = None


class Rollout(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Rollout."""

    metadata: Meta = field(default_factory=Meta)
    spec: RolloutSpec | None = None


def workflow(owner: Workflow, _objects: Objects) -> Iterator[Part]:
    """Each template of a Workflow that runs containers; the others only put these in order."""
    if owner.spec is not None:
        yield from _steps(owner.spec, name_labels(owner.metadata.name, "workflows.argoproj.io/workflow"))


def workflow_template(owner: Workflow, _objects: Objects) -> Iterator[Part]:
    """A WorkflowTemplate, whose runs have names of their own."""
    if owner.spec is not None:
        yield from _steps(owner.spec, {})


def cron_workflow(owner: CronWorkflow, _objects: Objects) -> Iterator[Part]:
    """A CronWorkflow."""
    if owner.spec is not None and owner.spec.workflow_spec is not None:
        yield from _steps(owner.spec.workflow_spec, {})


def rollout(owner: Rollout, _objects: Objects) -> Iterator[Part]:
    """A Rollout replaces pods step by step, as a canary or all at once beside the old ones."""
    if owner.spec is not None and owner.spec.template is not None:
        replicas = count(owner.spec.replicas, 1)
        yield Part(template=owner.spec.template, replicas=replicas, strategy="RollingUpdate", named=False)


def _steps(spec: WorkflowSpec, labels: dict[str, str]) -> Iterator[Part]:
    shared = (*(spec.volumes or ()), *_claimed(spec))
    common = (spec.pod_metadata.labels if spec.pod_metadata is not None else None) or {}
    copies = len(spec.templates or ())
    too_many = copies * (len(shared) + len(common)) > _MOST_COPIES
    if too_many:
        shared, common = (), {}
    for step in spec.templates or ():
        containers = _containers(step)
        if not containers:
            continue
        made = PodSpec(
            containers=containers,
            init_containers=step.init_containers,
            volumes=(*shared, *(step.volumes or ())),
            # A template's own settings take the place of the workflow's.
            # See: https://argo-workflows.readthedocs.io/en/latest/fields/#template
            service_account_name=step.service_account_name or spec.service_account_name,
            automount_service_account_token=_first(
                step.automount_service_account_token, spec.automount_service_account_token
            ),
            security_context=step.security_context or spec.security_context,
            host_network=spec.host_network,
            node_selector=step.node_selector or spec.node_selector,
        )
        if step.pod_spec_patch or spec.pod_spec_patch or spec.template_defaults is not None:
            made = implied_spec(made, "the workflow patches its pods")
        elif too_many:
            made = implied_spec(made, "the workflow has too much for each of its templates")
        own = (step.metadata.labels if step.metadata is not None else None) or {}
        annotations = (step.metadata.annotations if step.metadata is not None else None) or {}
        yield Part(
            template=template(made, {**common, **own}, annotations),
            role=step.name or "",
            long_running=False,
            labels=labels,
            named=False,
        )


def _containers(step: Step) -> tuple[Container, ...]:
    # Argo calls the only container of a template `main`.
    found: tuple[Container, ...] = ()
    if step.container is not None:
        found = (structs.replace(step.container, name="main"),)
    elif step.script is not None:
        # The script is looked at like an argument, and like one never shown.
        arguments = (*(step.script.args or ()), *((step.script.source,) if step.script.source else ()))
        found = (structs.replace(container_of(step.script), name="main", args=arguments),)
    elif step.container_set is not None:
        shared = step.container_set.volume_mounts or ()
        found = tuple(
            structs.replace(one, volume_mounts=(*(one.volume_mounts or ()), *shared))
            for one in step.container_set.containers or ()
        )
    return (*found, *(step.sidecars or ())) if found else ()


def _claimed(spec: WorkflowSpec) -> Iterator[Volume]:
    """Claims that a workflow makes for each of its runs."""
    for one in spec.volume_claim_templates or ():
        if one.metadata is not None and one.metadata.name:
            yield Volume(name=one.metadata.name, ephemeral=Anything())


def _first(own: bool | None, common: bool | None) -> bool | None:
    return common if own is None else own
