"""What clouds say of themselves in files."""

from msgspec import Struct


class Export(Struct, frozen=True, kw_only=True):
    """An export of a cloud's inventory: Cloud Asset Inventory's, Resource Graph's."""

    provider: str
    scopes: int
    """How many projects, folders, organisations or subscriptions it tells of."""
    resources: int
    """How many assets of any type it tells of."""
    contents: list[str]
    """What is told of them: `resource` (configuration), `iam-policy`, `name` (that they are there)."""
    every_type: bool
    """Whoever made it says that nothing was left out by type, scope or query."""
    age_days: int
    """Whole days since the moment that it tells of."""
    age_days_at_most: int
    """The same; where the moment isn't told, the days since the newest change that it tells of."""
