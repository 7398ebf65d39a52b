"""Loads a pack file with the packs that it extends, merged; every mistake is placed at a file and line."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field, structs

from assay.policies import prepared
from assay.policies.read import PolicyError, at, convert, nearest, parse, read_bytes
from assay.scanner.model.finding import Severity, Testable
from assay.scanner.model.rule import Control, Level, Pack, PackGate, Requirement
from assay.scanner.safe.files import read_inside

MAX_LINEAGE = 16
"""Packs that one may extend, one through the other."""

AWAITED_PARAMETERS = frozenset(
    {
        "allowed_countries",  # data residency: a country per region, once facts state it
        "adequate_countries",  # data residency: third countries under an adequacy decision
        "maximum_credential_age_days",  # live accounts: when a password or key was last changed
        "maximum_evaluation_age_days",  # model evaluations, and scans in the ledger: their dates
        "maximum_session_hours",  # live accounts: how long a session may last
        "restricted_zip3",  # personal data: three-digit ZIP areas that must become 000
    }
)
"""Parameters that packs may set though no rule reads them yet, each with the detector that it waits for. A name leaves
this list when the first rule reads it."""


class Vocabulary(Struct, frozen=True, kw_only=True):
    """What a pack may name."""

    safeguards: Set[str]
    rules: Set[str]
    """Ours, and every engine's checks."""
    parameters: Set[str]
    """Those of some rule."""


class LoadedPack:
    """A pack, and the files that it was read from."""

    def __init__(self, pack: Pack, read: Callable[[], Sequence["_File"]], proven: bool = False) -> None:
        self.pack = pack
        self.proven = proven
        """Whether it is a built-in one, whose parameters fit the built-in rules by test."""
        self._read = read

    @cached_property
    def files(self) -> Sequence["_File"]:
        """Its own first, then what it extends, nearest first."""
        return self._read()

    def at(self, message: str, where: tuple[str | int, ...]) -> PolicyError:
        """An error placed in the nearest file that gives this key."""
        for file in self.files:
            if _has(file.value, where):
                return file.at(message, where)
        return self.files[0].at(message)


class _ControlText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A control as written: with an inherited id, only the keys that differ."""

    id: str
    title: str | UnsetType = UNSET
    citation: str | UnsetType = UNSET
    testable: Testable | UnsetType = UNSET
    safeguards: tuple[str, ...] | UnsetType = UNSET
    include: tuple[str, ...] | UnsetType = UNSET
    exclude: tuple[str, ...] | UnsetType = UNSET
    requirement: Level | tuple[Requirement, ...] | UnsetType = UNSET
    human: str | UnsetType | None = UNSET
    unverified: str | UnsetType | None = UNSET


class _GateText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fail_on: Severity | UnsetType | None = UNSET
    detectors: tuple[str, ...] | UnsetType = UNSET
    controls: Mapping[str, Literal["satisfied", "assessed"] | None] = field(default_factory=dict)
    """None lifts what the parent asks."""


class PackText(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pack as written."""

    id: str
    title: str
    version: str
    source: str | UnsetType = UNSET
    extends: str | None = None
    drop: tuple[str, ...] = ()
    requirement: Level = "required"
    """The level of new controls that give none."""
    since: date | None = None
    """From when the levels hold that this file gives without a day of their own."""
    unknown: Literal["report", "fail"] | UnsetType = UNSET
    parameters: Mapping[str, Any] = field(default_factory=dict)
    gate: _GateText = _GateText()
    controls: tuple[_ControlText, ...] = ()
    unverified: str | UnsetType | None = UNSET


class _File(Struct, frozen=True, kw_only=True):
    path: Path
    raw: bytes
    value: Any
    text: PackText

    def at(self, message: str, where: tuple[str | int, ...] = ()) -> PolicyError:
        return at(message, self.raw, self.path, where)


def load(path: Path, vocabulary: Vocabulary, home: Path, trusted: bool = True, use_prepared: bool = True) -> LoadedPack:
    """A pack with all that it inherits. Raises PolicyError, with file and line.

    A built-in one that is as it was when it was prepared was checked then. `home` holds the built-in packs. What a pack
    that isn't `trusted` extends must lie below the folder of the file that names it, and no step to it may be a link.
    """
    if use_prepared and path.parent == prepared.HOME / "packs":
        pack = prepared.pack_of(read_bytes(path))
        if pack is not None:
            return LoadedPack(pack, lambda: _read_lineage(path, home, trusted), proven=True)
    files = _read_lineage(path, home, trusted)
    if path.parent != home and (home / f"{files[0].text.id}.yaml").is_file():
        raise files[0].at("this id is a built-in pack's; a pack of your own needs one of its own", ("id",))
    for file in files:
        _check_names(file, vocabulary)
    pack = _merge(None, files[-1])
    for file in reversed(files[:-1]):
        pack = _merge(pack, file)
    return LoadedPack(pack, lambda: files)


def _read_lineage(path: Path, home: Path, trusted: bool) -> list[_File]:
    files = [_read(path, read_bytes(path))]
    folder = None if trusted else path.parent.resolve()
    seen = {path.resolve(): path.name}
    while (named := files[-1].text.extends) is not None:
        child = files[-1]
        built_in = home / f"{named}.yaml"
        if "/" not in named and built_in.is_file():
            parent, text, folder = built_in, read_bytes(built_in), None
        elif named.endswith((".yaml", ".yml")) and "\0" not in named:
            parent = child.path.parent / named
            text = _read_parent(child, parent, named, folder)
            folder = folder and parent.parent.resolve()
        else:
            raise child.at(f"no built-in pack is named {named!r}, and a path ends in .yaml", ("extends",))
        if parent.resolve() in seen:
            chain = " → ".join((*seen.values(), parent.name))
            raise child.at(f"the packs extend each other in a circle: {chain}", ("extends",))
        if len(seen) > MAX_LINEAGE:
            raise child.at(f"more than {MAX_LINEAGE} packs extend each other", ("extends",))
        seen[parent.resolve()] = parent.name
        files.append(_read(parent, text))
        if files[-1].text.id in {file.text.id for file in files[:-1]}:
            raise child.at(f"the extended pack has the same id, {files[-1].text.id!r}", ("id",))
    return files


def _read_parent(child: _File, parent: Path, named: str, folder: Path | None) -> bytes:
    try:
        return read_bytes(parent) if folder is None else read_inside(folder, named)
    except OSError as error:
        raise child.at(f"{named!r} cannot be read: {error.strerror or error}", ("extends",)) from None
    except PolicyError as error:
        raise child.at(str(error), ("extends",)) from None


def _read(path: Path, text: bytes) -> _File:
    value = parse(text, path)
    return _File(path=path, raw=text, value=value, text=convert(value, PackText, text, path))


def _check_names(file: _File, vocabulary: Vocabulary) -> None:
    """Refuses what the file names and nothing has, and what it names twice."""
    if not file.text.id or set(file.text.id) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise file.at("an id has lower-case letters, digits and hyphens only", ("id",))
    for key in ("title", "version", "source", "unverified"):
        _refuse_blank(file, (key,), getattr(file.text, key))
    for name in file.text.parameters:
        if name not in vocabulary.parameters and name not in AWAITED_PARAMETERS:
            raise file.at(f"no rule has a parameter {name!r}", ("parameters", name))
    seen: set[str] = set()
    for index, control in enumerate(file.text.controls):
        here = ("controls", index)
        if control.id in seen:
            raise file.at(f"the control {control.id!r} is given twice", (*here, "id"))
        seen.add(control.id)
        for key in ("id", "title", "citation", "human", "unverified"):
            _refuse_blank(file, (*here, key), getattr(control, key))
        for place, name in enumerate(_given(control.safeguards, ())):
            if name not in vocabulary.safeguards:
                raise file.at(f"no safeguard is named {name!r}", (*here, "safeguards", place))
        for key in ("include", "exclude"):
            for place, name in enumerate(_given(getattr(control, key), ())):
                if name not in vocabulary.rules:
                    hint = f"{nearest(name, vocabulary.rules)} (rules of your own: --rules DIR)"
                    raise file.at(f"no rule and no engine's check is named {name!r}{hint}", (*here, key, place))
        _check_requirement(file, here, control.requirement)


def _check_requirement(
    file: _File, here: tuple[str | int, ...], given: Level | tuple[Requirement, ...] | UnsetType
) -> None:
    if not isinstance(given, tuple):
        return
    if not given:
        raise file.at("at least one level is needed", (*here, "requirement"))
    for index, (before, after) in enumerate(pairwise(given), 1):
        if after.since is None or (before.since is not None and after.since <= before.since):
            raise file.at("each level has a later day than the one before", (*here, "requirement", index))


def _refuse_blank(file: _File, where: tuple[str | int, ...], value: str | UnsetType | None) -> None:
    if isinstance(value, str) and not value.strip():
        raise file.at("may not be empty", where)


def _merge(parent: Pack | None, file: _File) -> Pack:
    text = file.text
    if parent is None and not isinstance(text.source, str):
        raise file.at("`source` is needed where nothing is extended")
    controls = _merge_controls(parent, file)
    inherited = parent or Pack(id="", title="", version="", source="", controls=())
    return Pack(
        id=text.id,
        title=text.title,
        version=text.version,
        source=_given(text.source, inherited.source),
        controls=tuple(controls.values()),
        lineage=(parent.id, *parent.lineage) if parent else (),
        unknown=_given(text.unknown, inherited.unknown),
        parameters={**inherited.parameters, **text.parameters},
        gate=_merge_gate(inherited.gate, file, controls),
        unverified=_given(text.unverified, inherited.unverified),
    )


def _merge_controls(parent: Pack | None, file: _File) -> dict[str, Control]:
    """In the parent's order, new ones last."""
    merged = {control.id: control for control in parent.controls} if parent else {}
    for index, name in enumerate(file.text.drop):
        if name not in merged:
            raise file.at(f"nothing inherited has the id {name!r}", ("drop", index))
        del merged[name]
    for index, control in enumerate(file.text.controls):
        here = ("controls", index)
        if control.id in file.text.drop:
            raise file.at(f"the control {control.id!r} is dropped above", (*here, "id"))
        changed = _merge_control(merged.get(control.id), control, file, here)
        _check_control(changed, file, here)
        merged[control.id] = changed
    if not merged:
        raise file.at("a pack has at least one control", ("controls",))
    return merged


def _merge_control(inherited: Control | None, text: _ControlText, file: _File, here: tuple[str | int, ...]) -> Control:
    given = {
        name: value
        for name, value in structs.asdict(text).items()
        if value is not UNSET and name not in ("id", "requirement")
    }
    if not isinstance(text.requirement, UnsetType):
        given["requirements"] = _requirements(text.requirement, file.text.since)
    if inherited is not None:
        return structs.replace(inherited, **given)
    missing = [name for name in ("title", "citation", "testable") if name not in given]
    if missing:
        raise file.at(f"the control {text.id!r} is new, and needs {' and '.join(missing)}", here)
    return Control(id=text.id, **{"requirements": _requirements(file.text.requirement, file.text.since), **given})


def _requirements(given: Level | tuple[Requirement, ...], since: date | None) -> tuple[Requirement, ...]:
    return given if isinstance(given, tuple) else (Requirement(level=given, since=since),)


def _check_control(control: Control, file: _File, here: tuple[str | int, ...]) -> None:
    if control.testable == "process-only" and (control.safeguards or control.include):
        raise file.at("a process-only control has no safeguards", (*here, "testable"))
    if control.testable == "automatable" and not (control.safeguards or control.include):
        raise file.at("an automatable control names a safeguard, or includes a rule", (*here, "testable"))
    if control.testable != "automatable" and not control.human:
        raise file.at("`human` must say what a person does about it", here)
    both = next((name for name in control.include if name in control.exclude), None)
    if both:
        raise file.at(f"{both!r} is both included and excluded", here)


def _merge_gate(inherited: PackGate, file: _File, controls: Mapping[str, Control]) -> PackGate:
    text = file.text.gate
    for name, wanted in text.controls.items():
        where = ("gate", "controls", name)
        if wanted is None and name not in inherited.controls:
            raise file.at("nothing inherited asks this", where)
        if wanted is not None and name not in controls:
            raise file.at(f"the pack has no control {name!r}", where)
    wanted_of = {
        name: wanted
        for name, wanted in {**inherited.controls, **text.controls}.items()
        if wanted is not None and name in controls
    }
    for name in wanted_of:
        if controls[name].testable == "process-only":
            given = ("gate", "controls", name) if name in text.controls else ("controls",)
            raise file.at(f"the control {name!r} is process-only: no scan can satisfy or assess it", given)
    return PackGate(
        fail_on=_given(text.fail_on, inherited.fail_on),
        detectors=_given(text.detectors, inherited.detectors),
        controls=wanted_of,
    )


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is UNSET else value


def _has(value: Any, where: Iterable[str | int]) -> bool:
    for step in where:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
