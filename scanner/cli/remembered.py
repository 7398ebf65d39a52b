"""Which earlier looks a run may go by: the user's, those of a folder that the operator names, or its own alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.scanner.cache.circumstances import circumstances
from assay.scanner.cache.looks import Looks
from assay.scanner.cache.place import cache_folder
from assay.scanner.cache.store import Store
from assay.scanner.errors import UsageError
from assay.scanner.safe.text import one_line


@contextmanager
def remembered(named: str | None, *, no_cache: bool, trusted: bool) -> Iterator[Looks | None]:
    """`trusted`: nobody but the user wrote to the user's cache. Raises UsageError for a folder that can't be used.

    Where it isn't trusted, as in gate mode, what this run finds in one version of a tree serves it for the other.
    """
    if no_cache and named:
        raise UsageError("--cache and --no-cache contradict each other; give one of them")
    folder = Path(named) if named else cache_folder(os.environ) if trusted else None
    if no_cache or (folder is None and trusted):
        yield None
        return
    if folder is not None:
        store = Store(folder)
        if named and (refusal := store.refusal()):
            raise UsageError(f"--cache {one_line(named, 200)}: {refusal}; name another folder")
        looks = Looks(store, circumstances(os.environ))
        yield looks
        looks.trim()
        return
    import tempfile  # not for those that use the user's cache

    with tempfile.TemporaryDirectory(prefix="assay-looks-") as private:
        yield Looks(Store(Path(private)), circumstances(os.environ))
