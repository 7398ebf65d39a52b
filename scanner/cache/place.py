"""Where the user's cache lies."""

from collections.abc import Mapping
from pathlib import Path


def cache_folder(environment: Mapping[str, str]) -> Path | None:
    """`$XDG_CACHE_HOME/assay`, else `~/.cache/assay`; None where neither variable names an absolute path."""
    for name, below in (("XDG_CACHE_HOME", "assay"), ("HOME", ".cache/assay")):
        base = environment.get(name, "")
        if base.startswith("/"):
            return Path(base, below)
    return None
