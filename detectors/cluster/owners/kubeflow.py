"""Kubeflow's kinds: notebooks, TensorBoards and training jobs."""

from collections.abc import Iterator

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta, Objects
from assay.detectors.cluster.owners.implied import apart, implied_spec, template
from assay.detectors.cluster.owners.parts import Part, count, name_labels
from assay.detectors.cluster.pods.objects import (
    Container,
    ContainerPort,
    Env,
    PodSpec,
    PodTemplate,
    Resources,
    VolumeMount,
)
from assay.detectors.cluster.pods.volume_objects import Claim, Volume


class NotebookSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """A notebook server."""

    template: PodTemplate | None = None


class Notebook(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Notebook."""

    metadata: Meta = field(default_factory=Meta)
    spec: NotebookSpec | None = None


class TensorboardSpec(Struct, frozen=True, kw_only=True):
    """What a TensorBoard shows. The field is in lower case."""

    logspath: str | None = None


class Tensorboard(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Tensorboard."""

    metadata: Meta = field(default_factory=Meta)
    spec: TensorboardSpec | None = None


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
    own = name_labels(owner.metadata.name, "statefulset", "notebook-name")
    labels = {**(owner.metadata.labels or {}), **own}
    yield Part(template=owner.spec.template, replicas=1, strategy="RollingUpdate", labels=labels, named=False)


def tensorboard(owner: Tensorboard, _objects: Objects) -> Iterator[Part]:
    """A Tensorboard, which the controller starts on all addresses, with the logs' claim read-only.

    See: https://github.com/kubeflow/kubeflow/tree/master/components/tensorboard-controller
    """
    path = (owner.spec.logspath if owner.spec is not None else None) or ""
    cloud = path.startswith(("gs://", "s3://", "/cns/"))
    folder = path if cloud or not path.startswith("pvc://") else "/tensorboard_logs/"
    # A path without a scheme is of a claim with a fixed name.
    claim = path.removeprefix("pvc://").partition("/")[0] if path.startswith("pvc://") else "tb-volume"
    container = Container(
        name="tensorboard",
        command=("/usr/local/bin/tensorboard",),
        args=(f"--logdir={folder}", "--bind_all"),
        ports=(ContainerPort(container_port=6006),),
        volume_mounts=() if cloud else (VolumeMount(name="tbpd", mount_path=folder, read_only=True),),
    )
    volume = Volume(name="tbpd", persistent_volume_claim=Claim(claim_name=claim))
    made = PodSpec(containers=(container,), volumes=() if cloud else (volume,))
    yield Part(
        template=template(implied_spec(apart(made), "the TensorBoard controller sets it"), owner.metadata.labels),
        replicas=1,
        strategy="RollingUpdate",
        labels=name_labels(owner.metadata.name, "app"),
        named=False,
    )


def training(owner: TrainingJob, _objects: Objects) -> Iterator[Part]:
    """A training job. The role is in lower case, as in the label that the operator sets."""
    if owner.spec is None:
        return
    for framework in TrainingSpec.__struct_fields__:
        replicas: dict[str, Replicas] = getattr(owner.spec, framework) or {}
        for role, one in sorted(replicas.items()):
            labels = name_labels(owner.metadata.name, "training.kubeflow.org/job-name")
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
