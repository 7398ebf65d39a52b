"""Where models are made and served on managed services."""

from msgspec import Struct

from assay.scanner.kinds.traffic import Way


class Notebook(Struct, frozen=True, kw_only=True):
    """A managed notebook, workbench or compute instance for people."""

    provider: str
    public: bool
    """Has a public address or reaches the internet directly."""
    root_access: bool
    """Its users are root on the machine."""
    encrypted_at_rest: bool
    """Its disk, by whatever key."""
    kms_key: str | None
    in_private_network: bool
    """Attached to a network of the customer's."""
    metadata_v2_only: bool
    """The instance-metadata service refuses requests without a session token (AWS), or the equivalent."""
    region: str | None
    """As of a bucket."""
    tags: dict[str, str]


class TrainingJob(Struct, frozen=True, kw_only=True):
    """A training, processing or tuning job, or the cluster that runs them."""

    provider: str
    own_code: bool
    """Code of the customer's runs here, such as a container or a script; False where the provider runs its own."""
    network_isolated: bool
    """The job's containers make no network calls, or run in a network without a way out."""
    in_private_network: bool
    traffic_encrypted: bool
    """Traffic between the job's machines is encrypted."""
    output_encrypted: bool
    """What it writes, with a customer-managed key."""
    volume_encrypted: bool
    """Its scratch disks, with a customer-managed key."""
    region: str | None
    """As of a bucket."""
    tags: dict[str, str]


class Endpoint(Struct, frozen=True, kw_only=True):
    """A place where a model answers requests, or a model that waits to be served."""

    provider: str
    deployed: bool
    """False for a model that is only declared, and that some endpoint may serve later."""
    public: bool
    """Reachable from the internet."""
    authenticated: bool
    """Callers must prove who they are with an identity; a shared static key does not count."""
    encrypted_at_rest: bool
    """Its storage volumes, by whatever key."""
    kms_key: str | None
    captures_data: bool
    """Requests and responses are kept for monitoring."""
    own_code: bool
    """A container or a model file of the customer's runs here; False where the provider serves its own model."""
    network_isolated: bool
    """The model's container makes no network calls."""
    content_filtered: bool
    """A guardrail or content filter stands before the model; only meaningful for generative models."""
    generative: bool
    """Serves a foundation or language model."""
    region: str | None
    """As of a bucket."""
    tags: dict[str, str]


class Workspace(Struct, frozen=True, kw_only=True):
    """An AI platform's shared home: SageMaker domain, Azure ML workspace, feature store, model registry."""

    provider: str
    service: str
    """`sagemaker-domain`, `sagemaker-feature-group`, `azureml-workspace`, `vertex-featurestore` …"""
    public: bool
    encrypted_at_rest: bool
    kms_key: str | None
    invocations_logged: bool
    """Calls to models are logged (Bedrock invocation logging, diagnostic settings)."""
    region: str | None
    """As of a bucket."""
    tags: dict[str, str]


class Software(Struct, frozen=True, kw_only=True):
    """A server for AI work that runs in a cluster, known by its kind of owner, image or command."""

    source: str
    """As of `workload.pods`."""
    namespace: str
    workload: str
    """Address of the workload."""
    software: str
    """`ray`, `jupyter`, `vllm`, `mlflow`, `qdrant` …; the list is in `detectors/cluster/software/`."""
    ports: list[int]
    """On which it listens: what it is told, else its default; sorted."""
    authenticated: bool
    """It asks callers who they are, by itself or by a proxy in the same pod."""
    tls: bool
    """It speaks TLS itself, or a proxy in the same pod does."""
    listens_locally: bool
    """On the loopback address only, so that nothing outside the pod reaches it."""
    settings: list[str]
    """Settings of this software that matter, by name and sorted, each as its rule explains: `remote-code`,
    `model-control`, `anonymous-admin` …"""
    ways_in: list[Way]
    """Derived: the ways in to these ports of its workload; none where it listens locally."""


class Tenant(Struct, frozen=True, kw_only=True):
    """A Kubeflow Profile, or another operator's tenant: a namespace with an owner and contributors."""

    source: str
    namespace: str
    contributors: int
    """How many users and groups may edit it besides its owner."""
    open_to_everyone: bool
    """Everyone who can log in may use it."""
    quota: bool
