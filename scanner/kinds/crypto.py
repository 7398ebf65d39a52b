"""Keys in key-management services."""

from msgspec import Struct


class Key(Struct, frozen=True, kw_only=True):
    """A customer-managed key."""

    provider: str
    symmetric: bool
    rotated: bool
    """Rotates by itself."""
    rotation_days: int | None
    """None: it does not rotate, or the provider does not say how often."""
    deletion_window_days: int | None
    """Days between asking for deletion and losing the key; None: no such window."""
    deletion_protected: bool
    """Cannot be purged at once (soft delete, purge protection, a window of at least 7 days)."""
    usable_by_anyone: bool
    """Its policy lets any principal use it, with no condition."""
    hardware_backed: bool
    tags: dict[str, str]
