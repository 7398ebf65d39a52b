"""Where a look at what is far away keeps what it has read, so that it can go on after it was stopped."""

import os
from collections.abc import Mapping
from pathlib import Path

from assay.scanner.cache.place import cache_folder
from assay.scanner.cache.store import Store


def unfinished(named: str | None, *, no_cache: bool, environment: Mapping[str, str] = os.environ) -> str | None:
    """A folder below the cache's, which nobody but the user can write to; None: nothing is kept."""
    above = Path(named) if named else cache_folder(environment)
    if no_cache or above is None:
        return None
    folder = above.absolute() / "unfinished"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return None if Store(above).refusal() or Store(folder).refusal() else str(folder)
