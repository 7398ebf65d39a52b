"""Where backups are kept."""

from msgspec import Struct


class Vault(Struct, frozen=True, kw_only=True):
    """A store of backups of several services."""

    provider: str
    locked: bool
    """Backups can't be deleted before their time, not even by an administrator."""
    kms_key: str | None
    public: bool
    """Its policy lets anyone in."""
    region: str | None
    """As of a bucket."""
    tags: dict[str, str]
