"""Findings, control statuses, the gate, and the report document that other tools read."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Location
from assay.scanner.model.resource import Excerpt

Outcome = Literal["fail", "pass", "unknown"]
Severity = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
"""Most severe first."""
Testable = Literal["automatable", "partly", "process-only"]
ControlOutcome = Literal["satisfied", "violated", "unknown", "not-assessed", "process-only"]


class ResourceRef(Struct, frozen=True, kw_only=True):
    """Which resource a finding is about."""

    kind: str
    address: str


class Suppression(Struct, frozen=True, kw_only=True):
    """Why a failing finding does not count."""

    by: Literal["waiver", "inline", "engine", "baseline"]
    reason: str
    owner: str | None = None
    until: str | None = None
    """ISO date."""


class Finding(Struct, frozen=True, kw_only=True):
    """A rule judged on a resource."""

    rule: str
    engine: str | None = None
    """The outside engine whose own check this is; None for a rule of ours."""
    corroborated_by: tuple[str, ...] = ()
    """Engine checks that said the same of the same resource, and were folded into this finding."""
    outcome: Outcome
    severity: Severity
    title: str
    message: str
    resource: ResourceRef
    location: Location | None
    safeguards: tuple[str, ...]
    controls: tuple[str, ...]
    """`pack:id`, sorted."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    fix: str
    fingerprint: str
    change: Literal["new", "worsened", "existing"] | None = None
    suppressed: Suppression | None = None
    related: tuple[Location, ...] = ()
    """Other places that decided it, such as the block that opens the port."""


class ControlStatus(Struct, frozen=True, kw_only=True):
    """How a control of a pack fared."""

    pack: str
    id: str
    title: str
    testable: Testable
    status: ControlOutcome
    rules: int
    """Rules and engine checks that evidence it and had something to judge."""
    fail: int
    passed: int = field(name="pass")
    unknown: int
    suppressed: int = 0
    """Findings against it whose risk was accepted; they count for nothing above."""


class Summary(Struct, frozen=True, kw_only=True):
    """Counts of findings; `fail` counts the unsuppressed."""

    fail: int = 0
    passed: int = field(name="pass", default=0)
    unknown: int = 0
    suppressed: int = 0
    new: int = 0
    existing: int = 0
    fixed: int = 0
    worsened: int = 0


class Gate(Struct, frozen=True, kw_only=True):
    """The decision, with its reasons."""

    status: Literal["green", "red"]
    reasons: tuple[str, ...]


class Tool(Struct, frozen=True, kw_only=True):
    """Who made the report."""

    version: str
    engines: Mapping[str, str] = field(default_factory=dict)
    """Versions of the outside engines, by name."""


class ClusterRef(Struct, frozen=True, kw_only=True):
    """A live cluster that was looked at."""

    source: str
    """`kube:CONTEXT`, with the context that an empty name came to."""
    version: str | None
    """What its API server runs, such as `1.31.4`; None: it was not asked, or didn't say."""


class PackRef(Struct, frozen=True, kw_only=True):
    """What a report says of a pack it was judged by."""

    id: str
    title: str
    version: str
    source: str


class Report(Struct, frozen=True, kw_only=True):
    """The whole of `assay-report/1`. Reports tell this; they compute nothing of their own."""

    schema: str = "assay-report/1"
    tool: Tool
    targets: tuple[str, ...]
    detectors: tuple[DetectorOutcome, ...]
    findings: tuple[Finding, ...]
    controls: tuple[ControlStatus, ...]
    summary: Summary
    gate: Gate
    complete: bool
    """False when a planned look failed; the process then exits 3."""
    warnings: tuple[str, ...] = ()
    """One line each: waivers that are of no use, comments that can't be read."""
    compared_with: str | None = None
    """The ref without whose findings the gate decided, for `--diff`."""
    packs: tuple[PackRef, ...] = ()
    rules: Mapping[str, "RuleRef"] = field(default_factory=dict)
    """What explains each rule that occurs in the findings, by id."""
    excerpts: tuple[Excerpt, ...] = ()
    """Source lines for the text and SARIF reports, by path and line; secrets are masked."""
    repository: "Repository | None" = None
    folder: str = ""
    """The scanned folder's own name, without what lies above it."""
    files: int = 0
    """How many files lie in the targets, whoever looks at them."""
    started: str | None = None
    """RFC 3339 time at which the scan began."""
    finished: str | None = None
    exit_code: int = 0
    clusters: tuple[ClusterRef, ...] = ()
    judged: bool = True
    """Whether there is any finding but of looks that failed. Without one, the gate's colour says nothing."""


class RuleRef(Struct, frozen=True, kw_only=True):
    """What a report says of a rule."""

    title: str
    severity: Severity
    safeguards: tuple[str, ...]
    controls: tuple[str, ...]
    why: str
    fix: str
    references: tuple[str, ...] = ()


class Repository(Struct, frozen=True, kw_only=True):
    """The version-controlled tree that was scanned, where it is one."""

    uri: str | None
    """The remote, without credentials."""
    revision: str | None
    branch: str | None
    path: str = ""
    """Where the scanned folder lies in it; empty for its top."""
