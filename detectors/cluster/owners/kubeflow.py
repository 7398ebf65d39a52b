"""Kubeflow's kinds: notebooks and training jobs."""

from collections.abc import Iterator

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.owners.implied import implied_spec, template
from assay.detectors.cluster.owners.parts import Part, count
from assay.detectors.cluster.pods.objects import Container, Env, PodSpec, PodTemplate, Resources


class NotebookSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A notebook server."""

    template: PodTemplate | None = None


class Notebook(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Notebook."""

    metadata: Meta = field(default_factory=Meta)
    spec: NotebookSpec | None = None


class Replicas(Struct, frozen=True, kw_only=True, rename="camel"):
    """The replicas of one role of a job."""

    replicas: int | str | None = None
    template: PodTemplate | None = None


class TrainingSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A training job: by its framework, replicas by their role."""

    pytorch_replica_specs: dict[str, Replicas] | None = None
    tf_replica_specs: dict[str, Replicas] | None = None
    mpi_replica_specs: dict[str, Replicas] | None = None
    xgb_replica_specs: dict[str, Replicas] | None = None
    paddle_replica_specs: dict[str, Replicas] | None = None
    jax_replica_specs: dict[str, Replicas] | None = None


class TrainingJob(Struct, frozen=True, kw_only=True, rename="camel"):
    """A PyTorchJob, TFJob, MPIJob, XGBoostJob, PaddleJob or JAXJob."""

    metadata: Meta = field(default_factory=Meta)
    spec: TrainingSpec | None = None


class Trainer(Struct, frozen=True, kw_only=True, rename="camel"):
    """What runs on each node of a training job."""

    image: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: tuple[Env, ...] | None = None
    num_nodes: int | str | None = None
    resources_per_node: Resources | None = None


class TrainJobSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A training job of the newer kind."""

    trainer: Trainer | None = None


class TrainJob(Struct, frozen=True, kw_only=True, rename="camel"):
    """A TrainJob, which names a runtime that has the rest."""

    metadata: Meta = field(default_factory=Meta)
    spec: TrainJobSpec | None = None


def notebook(owner: Notebook, _objects: Objects) -> Iterator[Part]:
    """A Notebook, whose labels its pod gets, too."""
    if owner.spec is None or owner.spec.template is None:
        return
    name = owner.metadata.name
    own = {"statefulset": name, "notebook-name": name} if name is not None else {}
    labels = {**(owner.metadata.labels or {}), **own}
    yield Part(template=owner.spec.template, replicas=1, strategy="RollingUpdate", labels=labels, named=False)


def training(owner: TrainingJob, _objects: Objects) -> Iterator[Part]:
    """A training job. The role is in lower case, as in the label that the operator sets."""
    if owner.spec is None:
        return
    name = owner.metadata.name
    for framework in TrainingSpec.__struct_fields__:
        replicas: dict[str, Replicas] = getattr(owner.spec, framework) or {}
        for role, one in sorted(replicas.items()):
            labels = {} if name is None else {"training.kubeflow.org/job-name": name}
            if framework != "mpi_replica_specs":
                # The operator of MPI jobs has a name of its own for this label in each of its versions.
                labels["training.kubeflow.org/replica-type"] = role.lower()
            yield Part(
                template=one.template or PodTemplate(),
                role=role.lower(),
                replicas=count(one.replicas, 1),
                long_running=False,
                labels=labels,
                named=False,
            )


def train_job(owner: TrainJob, _objects: Objects) -> Iterator[Part]:
    """A TrainJob, as far as it says."""
    trainer = owner.spec.trainer if owner.spec is not None else None
    trainer = trainer or Trainer()
    container = Container(
        name="node",
        image=trainer.image,
        command=trainer.command,
        args=trainer.args,
        env=trainer.env,
        resources=trainer.resources_per_node,
    )
    spec = implied_spec(PodSpec(containers=(container,)), "the training runtime sets it")
    yield Part(
        template=template(spec), role="node", replicas=count(trainer.num_nodes, 1), long_running=False, named=False
    )
