"""Which files what a person named comes to."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from assay.scanner.safe.tree import list_tree

ENDINGS = (".json", ".ndjson", ".jsonl", ".json.gz", ".ndjson.gz", ".jsonl.gz")
"""Of the files of a folder that are taken for exports; a file that is named itself may end as it likes."""
_LINK = "it is a link out of the folder, and isn't followed; put the file there"


class Place(Struct, frozen=True):
    """A file."""

    path: Path
    shown: str
    """Its name, or its path below the folder that was named."""
    itself: bool
    """It was named, and not found in a folder."""
    amiss: str = ""
    """Why it can't be read."""


def places(names: Sequence[str]) -> Iterator[Place]:
    """The files of paths that are there, in the order of the names."""
    for name in names:
        root = Path(name).resolve()
        if not root.is_dir():
            yield Place(root, root.name, True)
            continue
        listing = list_tree(root)
        for path in listing.tree.files:
            if path not in listing.tree.links and path.lower().endswith(ENDINGS):
                yield Place(root / path, path, False)
        for path in listing.links_out:
            if path.lower().endswith(ENDINGS):
                yield Place(root / path, path, False, _LINK)
        for path, reason in listing.unreadable:
            yield Place(root / path, path, False, reason)
