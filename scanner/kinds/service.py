"""Services that watch and record."""

from msgspec import Struct


class Alarm(Struct, frozen=True, kw_only=True):
    """Whether somebody is told of an event as it is recorded."""

    event: str
    """Such as `use-of-root` or `changes-of-policies`."""
    set: bool


class Trail(Struct, frozen=True, kw_only=True):
    """A log of who called which API of a cloud account."""

    provider: str
    active: bool
    """It is switched on, and records."""
    multi_region: bool
    validated: bool
    """Log files carry digests that show tampering."""
    encrypted_at_rest: bool
    kms_key: str | None
    data_events: bool
    """Reads and writes of objects are recorded too."""
    watchable: bool
    """Records go to a store of logs as well, in which they can be searched and watched."""
    alarms: list[Alarm]
    """For each of the events that CIS names."""
    bucket_public: bool
    """Anyone can read the bucket to which its files go."""
    bucket_access_logged: bool
    """Who reads its files is recorded in turn."""
    tags: dict[str, str]


class LogGroup(Struct, frozen=True, kw_only=True):
    """A place where logs are kept."""

    provider: str
    retention_days: int | None
    """None: kept for ever."""
    kms_key: str | None
    region: str | None
    """As of a bucket."""
    tags: dict[str, str]


class Cluster(Struct, frozen=True, kw_only=True):
    """A managed Kubernetes cluster, as its cloud declares it."""

    provider: str
    public_endpoint: bool
    """The API server has an address on the internet."""
    endpoint_cidrs: list[str]
    """Ranges that may reach a public endpoint."""
    secrets_encrypted: bool
    """Secrets in etcd are encrypted with a customer-managed key."""
    audit_logged: bool
    logs_collected: bool
    """Logs of the system's components, or of everything that runs in it, go to the cloud's log store."""
    private_nodes: bool
    network_policy: bool
    """An engine that enforces network policies is on."""
    workload_identity: bool
    """Pods get identities of the cloud, so that no key need be stored."""
    tags: dict[str, str]


class Repository(Struct, frozen=True, kw_only=True):
    """A registry of container images."""

    provider: str
    immutable_tags: bool
    scanned_on_push: bool
    encrypted_at_rest: bool
    kms_key: str | None
    public: bool
    region: str | None
    """As of a bucket."""
    tags: dict[str, str]
