"""What earlier looks at files found, by all that decided it: facts and engines' verdicts, never judgements.

Three sizes of answer. A whole detector's, where nothing that it read has changed: then no process is started for it. A
part's. And a file's, for the parts that look at each file by itself.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from assay.scanner.cache.store import Store
from assay.scanner.model.detector import DetectorOutcome, DetectorSpec, Tree
from assay.scanner.model.resource import Failure, Record
from assay.scanner.safe.digest import digest_of, digest_of_texts


class _Whole(Struct, frozen=True, kw_only=True):
    """The first line of what is kept of a whole detector; its records follow, a line each."""

    read: Mapping[str, str]
    """Path → digest."""
    outcome: DetectorOutcome


_decode_whole = msgspec.json.Decoder(_Whole).decode
_encode = msgspec.json.Encoder().encode


class Looks:
    """The answers of one store, under the circumstances of this run."""

    def __init__(self, store: Store, circumstances: str) -> None:
        self._store = store
        self._circumstances = circumstances

    def of_tree(self, spec: DetectorSpec, tree: Tree, chosen: Sequence[str]) -> "Trace":
        """Those of one detector at one tree; `chosen` is whatever else decides which parts there are."""
        return Trace(self._store, [self._circumstances, spec.id, spec.entry], tree, chosen)

    def trim(self) -> None:
        """To be called once, at the end of a run."""
        self._store.trim()


class Trace:
    """What is known of one tree, and what comes to be known."""

    def __init__(self, store: Store, about: list[str], tree: Tree, chosen: Sequence[str]) -> None:
        self._store = store
        self._tree = tree
        self._part_texts = [
            *about,
            tree.named or tree.root,
            *(("all",) if tree.only is None else ("named", *tree.only)),
            "",
            # A module may lie behind a link to a folder: where that leads decides as much as what lies there.
            *(text for link in sorted(tree.folder_links.items()) for text in link),
        ]
        self._chosen = chosen

    def whole(self) -> tuple[DetectorOutcome, Sequence[bytes]] | None:
        """How the detector's run ended and the lines of its records, if every file that it read is as it was.

        Not where files were named: what else belongs to these is found by reading what does not.
        """
        if self._tree.only is not None:
            return None
        found = self._store.get(self._whole_key())
        if found is None:
            return None
        head, *lines = found.splitlines()
        kept = _decode_whole(head)
        for path, digest in kept.read.items():
            if digest_of(f"{self._tree.root}/{self._tree.links.get(path, path)}") != digest:
                return None
        return kept.outcome, lines

    def keep_whole(self, read: Mapping[str, str], outcome: DetectorOutcome, records: Iterable[Record]) -> None:
        """Of a run of which everything could be kept."""
        if self._tree.only is not None:
            return
        head = _encode(_Whole(read=read, outcome=outcome))
        self._store.put(self._whole_key(), b"\n".join([head, *map(_encode, records)]))

    def part(self, part: str, key: str) -> Sequence[bytes] | None:
        """The lines of what a part found, or of what it found in one file."""
        found = self._store.get(self._part_key(part, key))
        return None if found is None else found.splitlines()

    def keep_part(self, part: str, key: str, lines: Iterable[bytes]) -> None:
        """As `part` gives them back."""
        self._store.put(self._part_key(part, key), b"\n".join(lines))

    def _part_key(self, part: str, key: str) -> str:
        return digest_of_texts(["part", *self._part_texts, part, key])

    def _whole_key(self) -> str:
        tree = self._tree
        links = [text for link in (*tree.links.items(), *tree.folder_links.items()) for text in link]
        return digest_of_texts(["whole", *self._part_texts, *self._chosen, "", *tree.files, "", *links])


def may_be_kept(records: Iterable[Record]) -> bool:
    """Whether the same files would give the same records again."""
    return all(record.lasting for record in records if isinstance(record, Failure))
