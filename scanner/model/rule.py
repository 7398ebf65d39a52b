"""Rules, safeguards, packs and the catalogue of an engine's checks: what judges."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from msgspec import Struct, field

from assay.scanner.model.finding import Severity, Testable


class Example(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A resource with the outcome that the rule must give; the rule's own test."""

    name: str
    outcome: Literal["fail", "pass", "unknown", "not-applicable"]
    facts: Mapping[str, Any]
    """By field of the kind; `{unknown: reason}` stands for a fact that could not be read."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Where they differ from the rule's defaults."""


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"assertion": "assert"}):
    """One YAML file under `policies/rules/`."""

    id: str
    title: str
    kind: str
    severity: Severity
    """As written, or what follows from the file's `scale` (`policies/scale.py`)."""
    safeguards: tuple[str, ...]
    message: str
    """What is wrong, for a failing resource. `{address}` is filled in, and so are facts that the rule reads and, where
    it asserts something of all elements of a list, the fields of the first one that fails (`policies/messages.py`)."""
    why: str
    """Why it matters, for someone who must decide whether to fix it."""
    fix: str
    examples: tuple[Example, ...]
    assertion: str | None = None
    """CEL over `resource` and `params`; true is a pass. Every rule has this or `rego`."""
    rego: str | None = None
    """A Rego module of the package `assay` that decides `pass` from `input.resource` and `input.params`."""
    reads: tuple[str, ...] = ()
    """For `rego`: the fields of the kind that it may see."""
    applies: str | None = None
    """CEL; where it is false the rule has nothing to say of the resource."""
    passes: Literal["each", "together"] = "each"
    """`together`: one finding tells that the rule passes on all resources of a source but those that are told apart.
    For kinds of which there are thousands, such as grants."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of `params.*`; a pack may override them."""
    equivalents: tuple[str, ...] = ()
    """Engine checks that look at the same thing."""
    references: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Earlier ids of the rule."""


class Safeguard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A framework-neutral protection."""

    id: str
    title: str
    statement: str
    evidenced_by: str
    not_evidenced_by: str


Level = Literal["required", "addressable", "voluntary"]
"""`addressable`: do it, or write down why not and what is done instead. `voluntary`: no law or contract demands it."""


class Requirement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How binding a control is from a day on."""

    level: Level
    since: date | None = None
    """None: no day is known, or none was set."""


class Control(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An article or section of a framework."""

    id: str
    """Without a prefix inside its pack: `32(1)(a)`."""
    title: str
    citation: str
    testable: Testable
    safeguards: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    """Single rules that evidence it besides those of its safeguards."""
    exclude: tuple[str, ...] = ()
    """Single rules that do not, though they share a safeguard."""
    requirements: tuple[Requirement, ...] = (Requirement(level="required"),)
    """How binding it is, oldest first; only the first may lack its day."""
    human: str | None = None
    """What a person must do about the part that no scanner can see."""
    unverified: str | None = None
    """Set where the id or heading could not be checked against the source, with the reason."""

    @property
    def requirement(self) -> Level:
        """The level that was set last, whether or not its day has come."""
        return self.requirements[-1].level

    def requirement_on(self, day: date) -> Level | None:
        """How binding it is on a day. None: not yet in force."""
        begun = [known.level for known in self.requirements if known.since is None or known.since <= day]
        return begun[-1] if begun else None


class PackGate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a pack wants of a run before its gate is green."""

    fail_on: Severity | None = None
    """For findings that bear on the pack's controls. None: as the run says."""
    detectors: tuple[str, ...] = ()
    """Red unless each of these ran whole."""
    controls: Mapping[str, Literal["satisfied", "assessed"]] = field(default_factory=dict)
    """Red unless the control has that status; `assessed`: neither not-assessed nor unknown."""


class Pack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A framework's controls plus parameters; what it inherits is already filled in."""

    id: str
    title: str
    version: str
    source: str
    controls: tuple[Control, ...]
    lineage: tuple[str, ...] = ()
    """The ids of the packs that it extends, nearest first."""
    unknown: Literal["report", "fail"] = "report"
    """Whether an unknown finding that one of its controls names reddens the gate."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    gate: PackGate = PackGate()
    unverified: str | None = None
    """Set where the pack as a whole could not be checked against the source, with the reason."""


class EngineCheck(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What we say of one check of an outside engine."""

    id: str
    title: str
    category: str
    surfaces: tuple[str, ...]
    severity: Severity
    safeguards: tuple[str, ...]
    fix: str
    empty_pass: bool = False
    """Whether it also passes where there is nothing of what it looks at, such as the flags of an API server in any
    container: then its pass evidences nothing, and isn't told."""


class Engine(Struct, frozen=True, kw_only=True):
    """An outside engine's checks, by id."""

    name: str
    version: str
    """The engine's version that the catalogue was made from."""
    checks: Mapping[str, EngineCheck]
    fallback: EngineCheck
    """For an id that the catalogue lacks; the finding says so."""


class Policy(Struct, frozen=True):
    """All that judges, but for packs."""

    safeguards: tuple[Safeguard, ...]
    engines: tuple[Engine, ...]
    rules: tuple[Rule, ...]
    """By id."""
