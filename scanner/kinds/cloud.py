"""Cloud accounts themselves."""

from msgspec import Struct


class Listing(Struct, frozen=True, kw_only=True):
    """Where in an account the resources of a kind were listed. Nothing can be said of what was not."""

    provider: str
    account: str
    """Its id."""
    kind: str
    """The kind of ours."""
    regions: list[str]
    """Where everything of the kind was listed, sorted; an empty text stands for what is in no region."""
    incomplete: list[str]
    """Where something of it could not be."""
