"""The interface of a detector, and what the engine says of its run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from assay.scanner.model.resource import Record


class Doing(Struct, frozen=True):
    """What a detector is at, for whoever waits. It is shown on a terminal, and kept nowhere."""

    text: str


Emit = Callable[[Record | Doing], None]


class Part(Struct, frozen=True, kw_only=True):
    """A piece of a detector's work that may fail alone; each runs in a process of its own."""

    id: str
    """Unique within the detector, such as `terraform`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """JSON values for `observe`."""
    again: Mapping[str, Any] | None = None
    """Where the part crashes, it is observed once more with these options, and only that counts."""
    of: str | None = None
    """The part with which it is chosen or left out, where it is a second look at the same."""
    seconds: float = 900.0
    """Wall-clock limit."""
    joins: str | None = None
    """The part in whose process, before it, this one may be looked at, as there is little to do and what they change in
    their process doesn't touch the other."""
    key: str | None = None
    """A digest of everything in the tree that decides what is found, if it is worth keeping that."""
    keys: Mapping[str, str] | None = None
    """Instead, where each file is looked at by itself: such a digest for each of them."""
    known: tuple[str, ...] = ()
    """Set by the engine: those of the files of which everything is known already, so that they needn't be looked at."""


class Plan(Struct, frozen=True, kw_only=True):
    """What a detector will do with a target, or why nothing."""

    parts: tuple[Part, ...] = ()
    reason: str | None = None
    """Why there is nothing to do; only when there are no parts."""
    files: int | None = None
    """How many of the tree's files some part takes up; None for a detector that doesn't look at files."""
    read: Mapping[str, str] = field(default_factory=dict)
    """Path → digest (`scanner.safe.digest`) of each file whose content this plan and the parts' keys rest upon, as it
    was when it was read. Nothing is kept of a plan without it."""


class Tree(Struct, frozen=True, kw_only=True):
    """The files under a target folder, listed once by the engine."""

    root: str
    """Absolute path."""
    files: tuple[str, ...]
    """POSIX paths relative to the root, sorted."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Those of the files that are links → the regular file below the root that is read in their place."""
    folder_links: Mapping[str, str] = field(default_factory=dict)
    """Links to folders → the folder below the root; its files are listed where they lie."""
    named: str = ""
    """The absolute path by which the root is known where the files lie elsewhere, as those of an earlier version do."""
    only: tuple[str, ...] | None = None
    """Where the user named single files: the files that findings are for. None: all."""
    remote: "Remote | None" = None
    """Set where the target is no folder; then there are no files."""


ROLE = "assay"
"""The role that is assumed in each account of an organisation, unless another one is named."""


class Narrowed(Struct, frozen=True, kw_only=True):
    """To what the user limits a look at what isn't files; empty: everything."""

    namespaces: tuple[str, ...] = ()
    """Of clusters."""
    regions: tuple[str, ...] = ()
    """Of cloud accounts."""
    services: tuple[str, ...] = ()
    """Of cloud accounts, by the names of their SDK."""
    accounts: tuple[str, ...] = ()
    """Of an organisation, by their ids."""
    role: str = ""
    """The name of the role to assume in each account of an organisation; empty: `ROLE`."""
    external_id: str = ""
    """What the trust policies of these roles ask for; empty: nothing."""


class Remote(Struct, frozen=True, kw_only=True):
    """What is looked at that isn't files."""

    scheme: str = ""
    """`kube`, `aws`, `aws-org`: what the user wrote before the colon."""
    names: tuple[str, ...]
    """As the user wrote them, without the scheme: contexts of a kubeconfig, profiles; empty text is the default one."""
    kinds: tuple[str, ...] | None = None
    """The kinds that the selected rules need, so that no more is read; None: all."""
    fields: Mapping[str, tuple[str, ...]] | None = None
    """Kind → those of its fields that the selected rules read; a kind that isn't named is read whole. None: all."""
    narrowed: Narrowed = Narrowed()
    keep: str | None = None
    """A folder in which a detector may keep what it has read, so that it can go on after it was stopped; None: none."""


class Detector(Protocol):
    """Looks at targets of some sort and states facts. Decides nothing."""

    def plan(self, tree: Tree) -> Plan:
        """Runs in the sandboxed host process. Reads names, and file contents only as far as needed to plan."""
        ...

    def preload(self, parts: Sequence[Part]) -> None:
        """Imports what the parts need, once, before one process is forked for each part."""
        ...

    def observe(self, tree: Tree, part: Part, emit: Emit) -> None:
        """Looks, and emits records. An exception is a crash of this part alone."""
        ...


class DetectorSpec(Struct, frozen=True, kw_only=True):
    """A line of the registry: everything the engine must know without importing the detector."""

    id: str
    entry: str
    """`package.module:Class`, or `/path/of/a/file.py:Class` where the operator named one; imported in the sandboxed
    child only."""
    targets: tuple[str, ...]
    """Schemes it takes: `path`, `kube`, `aws` …"""
    surfaces: Mapping[str, tuple[str, ...]]
    """Surface → kinds that it states there."""
    capabilities: frozenset[Literal["network", "credentials", "named-files", "named-folders", "runs_target_code"]] = (
        frozenset()
    )
    """Granted by the operator, never by the scanned tree. `named-files`: what the user names after the scheme is the
    path of a file that it may read. `named-folders`: it may be that of a folder, too."""
    memory_bytes: int = 4 << 30
    """Address-space limit of each process."""
    output_bytes: int = 256 << 20
    """How much one part may send."""
    warm: str | None = None
    """`module:function` that imports what any part may need, for a process that is forked for each hook."""
    check: str | None = None
    """`module:function` that tells wrong use before anything is looked at: it gets what the user named after the
    scheme, and the variables that the detector gets, and gives what is wrong in one line, or None. It reads the
    operator's own configuration at most, and logs in nowhere."""


class Derivation(Struct, frozen=True, kw_only=True):
    """A line of the registry: facts that follow from several resources together."""

    id: str
    entry: str
    """`package.module:function`, imported where there is anything to derive from. The function is pure, takes the
    inventory's resources and gives them back with more facts, and new resources besides."""
    states: Mapping[str, Mapping[str, tuple[str, ...]]]
    """Kind → field that it adds → the kinds that it is derived from. A kind that is new has the field `*`."""

    @property
    def reads(self) -> frozenset[str]:
        """Every kind that something is derived from."""
        return frozenset(kind for by_field in self.states.values() for kinds in by_field.values() for kind in kinds)


class DetectorOutcome(Struct, frozen=True, kw_only=True, tag_field="record", tag="detector"):
    """How a detector's run ended."""

    id: str
    status: Literal["ok", "partial", "failed", "skipped"]
    reason: str | None = None
    """Always given unless the status is ok; there it names what the user left out."""
    resources: int = 0
    seconds: float = 0.0
    """From its start to its end."""
    isolation: str = "none"
    """The sandbox level that was reached, such as `landlock+netns`."""
    files: int | None = None
    """How many files it took up; None where it doesn't look at files."""
    left_out: tuple[str, ...] = ()
    """Surfaces that are there, and that the user chose not to look at."""
    elsewhere: tuple[str, ...] = ()
    """What could not be looked at in files that bear on those that were named, a line each. It fails no look."""
    unreached: tuple[str, ...] = ()
    """Why nothing at all was learnt, a line for each target of which that is so. No option excuses it."""
