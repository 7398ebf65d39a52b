"""What holds for an account as a whole."""

from msgspec import Struct


class Account(Struct, frozen=True, kw_only=True):
    """A cloud account: its root user, who can do everything and whom no policy binds, and whom its provider warns."""

    provider: str
    root_password: bool
    """The root user can log in with a password."""
    root_mfa: bool
    """The root user needs a second factor."""
    root_hardware_mfa: bool
    """Its second factor is a thing, and not an app's secret that can be copied."""
    root_access_keys: bool
    security_contact: bool
    """Somebody is named to whom the provider writes about security."""


class PasswordPolicy(Struct, frozen=True, kw_only=True):
    """What passwords of an account's users have to be like."""

    provider: str
    minimum_length: int
    symbols: bool
    numbers: bool
    uppercase: bool
    lowercase: bool
    reuse_prevented: int
    """How many earlier passwords can't be used again."""
    maximum_age_days: int | None
    """None: they never expire."""
