"""The errors that a user can meet, each one line that says what, where and what to do next."""


class UsageError(Exception):
    """Wrong use or configuration: one line on stderr, exit 2."""
