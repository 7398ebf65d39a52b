"""Places where data lies: object storage, block volumes, shared file systems."""

from msgspec import Struct


class Bucket(Struct, frozen=True, kw_only=True):
    """An object-storage bucket or container (S3, Cloud Storage, Azure storage account)."""

    provider: str
    """`aws`, `gcp` or `azure`."""
    name: str | None
    """None where the provider will make one up."""
    encrypted_at_rest: bool
    """By whatever key, the provider's default encryption included."""
    encryption_declared: bool
    """Whether the source itself asks for encryption, rather than relying on the provider's default."""
    kms_key: str | None
    """The customer-managed key's reference as written; None: a key of the provider's."""
    public_access_blocked: bool
    """A bucket- or account-level setting refuses public grants whatever the ACL and the policy say."""
    public_access_block_declared: bool
    """Whether the source itself asks to refuse every public grant, and does not rely on the account or defaults."""
    public_read: bool
    """Some grant (ACL, policy, IAM binding) lets anyone read."""
    public_write: bool
    """Some grant lets anyone write."""
    tls_required: bool
    """Plain HTTP is refused."""
    versioned: bool
    access_logged: bool
    retention_days: int | None
    """Days until objects expire by lifecycle; None: kept for ever."""
    object_lock: bool
    """Objects cannot be changed or removed before a date."""
    region: str | None
    """As the provider's API spells it: `eu-west-1`, `europe-west4`, `westeurope`, or a larger place such as `eu`.
    None: the provider keeps it where it likes."""
    replica_regions: list[str]
    """Regions to which what it holds is copied."""
    tags: dict[str, str]
    """Tags or labels as declared."""


class Volume(Struct, frozen=True, kw_only=True):
    """A block volume or a disk."""

    provider: str
    encrypted_at_rest: bool
    kms_key: str | None
    snapshots_public: bool
    """Some snapshot of it can be read by other accounts at will."""
    region: str | None
    """As of a bucket."""
    tags: dict[str, str]


class FileSystem(Struct, frozen=True, kw_only=True):
    """A shared file system (EFS, FSx, Filestore, Azure Files)."""

    provider: str
    encrypted_at_rest: bool
    kms_key: str | None
    transit_encrypted: bool
    """Clients must mount it over TLS or an equivalent."""
    backed_up: bool
    region: str | None
    """As of a bucket."""
    replica_regions: list[str]
    """Regions to which what it holds is copied."""
    tags: dict[str, str]
