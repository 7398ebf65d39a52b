"""Where models are made and served on managed services."""

from msgspec import Struct


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
