"""What detectors state: resources with facts, engines' verdicts, and the looks that failed."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from assay.scanner.model.fact import Fact, Location


class Resource(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="record", tag="resource"):
    """One thing found."""

    kind: str
    """A typed kind from `assay.scanner.kinds`, such as `storage.bucket`."""
    address: str
    """Its name at the source: a Terraform address, a CloudFormation logical id, an ARN."""
    surface: str
    """Where it was seen: `terraform`, `cloudformation`, `kubernetes`, `aws` …"""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    """By field of the kind. A field that is missing counts as Unknown(not collected)."""
    location: Location | None = None
    aliases: tuple[str, ...] = ()
    """Other texts by which engines name it, in the same file."""


class EngineVerdict(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="record", tag="verdict"):
    """What an outside engine concluded about one resource; a fact about that engine."""

    engine: str
    check: str
    """The engine's own id, such as `CKV_AWS_18`."""
    result: Literal["fail", "pass", "unknown", "skipped"]
    """`skipped`: a comment in the scanned file told the engine not to look."""
    resource: str
    """The engine's own text for the resource."""
    title: str
    framework: str
    """The engine's framework, such as `terraform`; also the finding's surface."""
    location: Location | None = None
    reason: str | None = None
    """For `skipped` the comment's reason, for `unknown` what stood in the way."""
    past_skip: bool = False
    """Whether it comes from a second look, past the comments that tell the engine not to look."""
    kinds: tuple[str, ...] = ()
    """For `unknown` of our own: the kinds of which resources may be missing; empty: whatever the framework looks at."""


class Failure(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="record", tag="failure"):
    """A look that was planned and failed: it makes the scan incomplete."""

    detector: str
    part: str
    """The detector's part of the work, such as `terraform`."""
    reason: str
    """One line: what happened and what to do next."""
    location: Location | None = None
    """The file that could not be looked at; None where it is the whole part."""
    kinds: tuple[str, ...] = ()
    """The kinds of which resources may be missing; empty: whatever the part looks at."""
    lasting: bool = False
    """It follows from the files alone, and will be there as long as they are as they are."""
    what: str | None = None
    """What could not be looked at, word for word a part of the reason. Failures that differ in this alone are told
    together."""


class Excerpt(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="record", tag="excerpt"):
    """Source lines shown with a finding, secrets masked and length bounded by the detector."""

    path: str
    start_line: int
    lines: tuple[str, ...]


class InlineWaiver(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="record", tag="inline-waiver"):
    """A comment `assay:ignore RULE reason="…" until=DATE` in a scanned file. Whether it counts is for judging."""

    path: str
    line: int
    """Where it stands."""
    covers: int
    """The line that it speaks of: its own, or the next one with content where nothing else stands on its line."""
    rules: tuple[str, ...] = ()
    reason: str | None = None
    """Secrets are masked by the detector."""
    until: str | None = None
    """ISO date; the last day on which it counts."""
    problem: str | None = None
    """Why it counts for nothing, where it can't be read."""


Record = Resource | EngineVerdict | Failure | Excerpt | InlineWaiver
"""Anything a detector may emit."""
