"""What has been read of an account so far, so that a look that was stopped can go on where it was.

A file for each account and caller, to which a line is added for each listing that is whole: the digest of the line, and
what was read. A line that was cut off, or that another version wrote, counts for nothing. It holds arguments of
resources, tags masked, and no object's content; only the user can read it.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from assay.detectors.aws.api import Account
from assay.detectors.aws.collector import Collector
from assay.detectors.aws.gathering import Listing
from assay.detectors.aws.reading import Item, Read, plain, restored

RESUMED_WITHIN = 12 * 3600.0
"""Seconds after which what was read is read again: an audit is of one day."""
_HOME = Path(__file__).parent
_DIGITS = 32


class _Line(msgspec.Struct):
    key: str
    at: float
    reads: Any


class Journal:
    """Of one account."""

    def __init__(self, folder: str | None, account: Account, caller: str) -> None:
        """`caller` is who asks: another one may be told other things. It is kept as a digest."""
        name = hashlib.sha256(f"{account.partition} {account.id} {caller}".encode()).hexdigest()[:_DIGITS]
        self._path = Path(folder, f"aws-{name}.jsonl") if folder else None
        self._stream: int | None = None
        self._known: dict[str, Any] = {}
        self._keys: dict[str, str] = {}
        self._lock = threading.Lock()

    def open(self, now: float | None = None) -> None:
        """Takes up what an unfinished look has left, if it is young enough."""
        if self._path is None:
            return
        now = time.time() if now is None else now
        with suppress(OSError):
            self._stream = os.open(
                self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            with os.fdopen(os.dup(self._stream), "rb") as stream:
                for line in stream:
                    one = _decoded(line)
                    if one is not None and 0 <= now - one.at <= RESUMED_WITHIN:
                        self._known[one.key] = one.reads
            # What a cut-off line is followed by starts a line of its own.
            os.write(self._stream, b"\n")

    def known(self, listing: Listing) -> list[Read] | None:
        """What an unfinished look read of a listing; None where it has to be read."""
        found = self._known.get(self._key(listing))
        return None if found is None else [_changed(read, restored) for read in msgspec.convert(found, list[Read])]

    def add(self, listing: Listing, reads: Sequence[Read]) -> None:
        """Keeps a listing that is whole, unless asking again may bring more. A full disk costs the resumption only."""
        if self._stream is None or not all(read.lasting for read in reads):
            return
        self._write(self._key(listing), [_changed(read, plain) for read in reads])

    def known_item(self, listing: Listing, collector: Collector, element: Mapping[str, Any]) -> list[Item] | None:
        """As of `gathering.Kept`."""
        found = self._known.get(_key_of_item(self._key(listing), collector, element)) if self._known else None
        if found is None:
            return None
        items = msgspec.convert(found, list[Item])
        return [msgspec.structs.replace(one, arguments=restored(one.arguments)) for one in items]

    def add_item(self, listing: Listing, collector: Collector, element: Mapping[str, Any], item: Item | None) -> None:
        """As of `gathering.Kept`: so that a listing with thousands of further calls needn't begin anew."""
        if self._stream is None:
            return
        items = [] if item is None else [msgspec.structs.replace(item, arguments=plain(item.arguments))]
        self._write(_key_of_item(self._key(listing), collector, element), items)

    def _key(self, listing: Listing) -> str:
        if listing.id not in self._keys:
            self._keys[listing.id] = key_of(listing)
        return self._keys[listing.id]

    def _write(self, key: str, found: Any) -> None:
        line = msgspec.json.encode(_Line(key, time.time(), found))
        with self._lock, suppress(OSError):
            if self._stream is not None:
                os.write(self._stream, b"%s %s\n" % (_digest(line).encode(), line))

    def close(self, whole: bool) -> None:
        """Takes everything away where the look came to its end."""
        if self._stream is not None:
            os.close(self._stream)
            self._stream = None
        if whole and self._path is not None:
            with suppress(OSError):
                self._path.unlink()


def key_of(listing: Listing) -> str:
    """By all that decides what is read of it and how it is kept."""
    wanted = [(one.id, [detail.call for detail in one.details if detail.wanted]) for one in listing.collectors]
    said = msgspec.json.encode((_code(), str(listing.call), listing.region, wanted))
    return hashlib.sha256(said).hexdigest()[:_DIGITS]


def _key_of_item(listing_key: str, collector: Collector, element: Mapping[str, Any]) -> str:
    said = msgspec.json.encode((listing_key, collector.id, element), enc_hook=str, order="deterministic")
    return hashlib.sha256(said).hexdigest()[:_DIGITS]


def _changed(read: Read, change: Callable[[Any], Any]) -> Read:
    items = (msgspec.structs.replace(item, arguments=change(item.arguments)) for item in read.items)
    return msgspec.structs.replace(read, items=tuple(items))


def _decoded(line: bytes) -> _Line | None:
    digest, _, rest = line.rstrip(b"\n").partition(b" ")
    if digest.decode("ascii", "replace") != _digest(rest):
        return None
    try:
        return msgspec.json.decode(rest, type=_Line)
    except msgspec.DecodeError:
        return None


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()[:_DIGITS]


@cache
def _code() -> str:
    """A digest of what declares and lays out what is read."""
    digest = hashlib.sha256()
    for path in sorted(_HOME.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGITS]
