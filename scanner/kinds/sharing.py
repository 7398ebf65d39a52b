"""Copies of data that can be handed to others as a whole, and doors to stores."""

from msgspec import Struct


class Snapshot(Struct, frozen=True, kw_only=True):
    """A copy that others can be given: a snapshot, a machine image, a document. Of volumes' snapshots and of images a
    live account lists only those that everyone may take."""

    provider: str
    type: str
    """`volume`, `database`, `image` or `document`."""
    public: bool
    """Every account may take it."""
    encrypted_at_rest: bool
    region: str | None
    """As of a bucket."""


class Defaults(Struct, frozen=True, kw_only=True):
    """What an account sets for everything that is made in a region."""

    provider: str
    volumes_encrypted: bool
    """Block volumes are encrypted whatever is asked for."""
    snapshots_shared: bool
    """Snapshots of volumes could be made public."""
    images_shared: bool
    """Images of machines could be made public."""
    region: str | None
    """As of a bucket."""


class AccessPoint(Struct, frozen=True, kw_only=True):
    """A door of its own to a bucket, with a policy and a block of its own."""

    provider: str
    public_access_blocked: bool
    """It refuses public grants whatever its policy says."""
    private_network: bool
    """It can be reached from one private network only."""
    region: str | None
    """As of a bucket."""
