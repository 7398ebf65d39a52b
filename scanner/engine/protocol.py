"""What the engine and a detector's host process say to each other.

The job goes down the host's standard input as one line of JSON, and where the job says so another line follows once the
plan is made. Frames come back through a pipe of their own: one JSON
line each, a part's line followed by the bytes that it counts. A host that ends without an `end` frame was cut short.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from assay.scanner.model.detector import DetectorSpec, Tree


class Job(Struct, frozen=True, kw_only=True):
    """What a host is to do."""

    spec: DetectorSpec
    tree: Tree
    skip: tuple[str, ...]
    """Parts that the user left out."""
    only: tuple[str, ...]
    """Parts that the user chose; empty: all."""
    jobs: int
    """Parts that may run at the same time."""
    scratch: str
    """A private folder that the engine removes afterwards."""
    asks: bool = False
    """Whether the engine answers the plan with what it knows already."""


class Started(Struct, frozen=True, kw_only=True, tag_field="frame", tag="started"):
    """The sandbox is up."""

    isolation: str


class Planned(Struct, frozen=True, kw_only=True, tag_field="frame", tag="planned"):
    """The detector's plan."""

    parts: tuple[str, ...]
    seconds: float
    """The parts' wall-clock limits, added up."""
    reason: str | None = None
    files: int | None = None
    """How many files the parts take up."""
    left_out: tuple[str, ...] = ()
    """Parts that the user left out."""
    keys: Mapping[str, str] = {}
    """Of parts that are looked at as a whole; as in `Part`."""
    file_keys: Mapping[str, Mapping[str, str]] = {}
    """Of parts that look at each file by itself: path → key."""
    read: Mapping[str, str] = {}
    """As in `Plan`."""


class Doing(Struct, frozen=True, kw_only=True, tag_field="frame", tag="doing"):
    """What a part is at."""

    text: str


class PartDone(Struct, frozen=True, kw_only=True, tag_field="frame", tag="part"):
    """A part has ended; `bytes` of records follow, one JSON object a line."""

    id: str
    bytes: int
    failure: str | None
    """How it failed, for a person; None: it ended well."""
    again: bool = False
    """It was a second look, after a crash."""


class Broken(Struct, frozen=True, kw_only=True, tag_field="frame", tag="broken"):
    """The host itself could not go on."""

    reason: str


class End(Struct, frozen=True, kw_only=True, tag_field="frame", tag="end"):
    """Everything was sent."""


class Known(Struct, frozen=True, kw_only=True):
    """The engine's answer to a plan: what it needn't be told again."""

    parts: tuple[str, ...] = ()
    """Whole parts."""
    files: Mapping[str, tuple[str, ...]] = {}
    """Of other parts, files."""


Frame = Started | Planned | Doing | PartDone | Broken | End

encode = msgspec.json.Encoder().encode
decode_job = msgspec.json.Decoder(Job).decode
decode_known = msgspec.json.Decoder(Known).decode
decode_frame = msgspec.json.Decoder(Frame).decode
MAX_FRAME = 64 << 20
"""Longest frame line. The plan for a tree of 100,000 files has 10 MB."""
