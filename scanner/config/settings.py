"""The configuration file: `[tool.assay]` in pyproject.toml, or assay.toml."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from assay.policies.read import explain_misfit
from assay.scanner.errors import UsageError
from assay.scanner.model.finding import Severity
from assay.scanner.safe.files import read_inside

MAX_BYTES = 1 << 20
"""The largest configuration file that is read."""
_QUOTED = re.compile(rb"\"[^\"\n]*\"|'[^'\n]*'")
_PART = re.compile(r"\"[^\"]*\"|'[^']*'|[\w-]+")
_DOTTED = rf"(?P<keys>(?:{_PART.pattern})(?:[ \t]*\.[ \t]*(?:{_PART.pattern}))*)[ \t]*"
_KEY = re.compile(rf"[ \t]*{_DOTTED}=")
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*{_DOTTED}\]")
_MAX_DEPTH = 100
"""Parts of one key. The standard library's parser is quadratic in them."""


class GateSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What the gate wants besides `fail-on`, whatever the packs say."""

    detectors: tuple[str, ...] = ()
    """Red unless each of these ran whole."""
    controls: Mapping[str, Literal["satisfied", "assessed"]] = field(default_factory=dict)
    """`pack:id` → the status without which it is red; `assessed`: neither not-assessed nor unknown."""
    policy_changes: Literal["fail", "report"] = "fail"
    """Whether a change that touches policy makes the gate red by itself; `report` makes it a finding of medium
    severity, for where the policy's owner must approve such a change anyway."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """What a configuration file may say; the command line wins over it."""

    packs: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """Folders of further rules, relative to the configuration file; judged under a time limit."""
    waivers: str | None = None
    """The file of accepted risks, relative to the configuration file."""
    baseline: str | None = None
    """The file of findings that were there before, likewise."""
    inline_waivers: bool = True
    """Whether comments in scanned files may suppress findings: ours, and those of the engines."""
    fail_on: Severity | None = None
    gate: GateSettings = GateSettings()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    jobs: int | None = None
    allow_incomplete: bool = False


def find_settings(folder: Path, stop: Path) -> Path:
    """The folder whose configuration counts: the nearest with one from `folder` up to `stop`, else `stop`, or `folder`
    where it isn't below it."""
    if not folder.is_relative_to(stop):
        return folder
    for candidate in (folder, *folder.parents):
        if candidate == stop or has_settings(candidate):
            return candidate
    return folder


def has_settings(folder: Path) -> bool:
    """Whether the folder has a configuration of ours. Raises UsageError for one that can't be read."""
    shared = _table(folder / "pyproject.toml")
    return _table(folder / "assay.toml") is not None or _section(shared) is not None


def load_settings(folder: Path) -> Settings:
    """The folder's configuration, or none. Raises UsageError, naming the file, for one that can't be used."""
    own = _table(folder / "assay.toml")
    shared = _table(folder / "pyproject.toml")
    section = _section(shared)
    if own is not None and section is not None:
        raise UsageError(f"{folder}: both assay.toml and [tool.assay] in pyproject.toml; keep one of them")
    found, name = (own, "assay.toml") if own is not None else (section, "pyproject.toml")
    if found is None:
        return Settings()
    try:
        return msgspec.convert(found, Settings)
    except msgspec.ValidationError as error:
        raise _misfit(str(error), found, folder / name) from None


def _misfit(said: str, found: Any, path: Path) -> UsageError:
    """`file:line: key: what; the mend`."""
    message, where = explain_misfit(said, found, Settings)
    if path.name == "assay.toml" and isinstance(found, dict) and where == ("tool",):
        message = "unknown field `tool`; in assay.toml the keys stand at the top, without [tool.assay]"
    above = ("tool", "assay") if path.name == "pyproject.toml" else ()
    line = line_in_toml(_read(path).decode("utf-8"), (*above, *map(str, where)))
    shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).lstrip(".")
    return UsageError(f"{path}:{line}: {shown or '[tool.assay]'}: {message}")


def line_in_toml(text: str, where: tuple[str, ...]) -> int:
    """The line of a key, or of the nearest table or key above it that is written out; counted from 1.

    The standard library's parser tells no positions, so the text is searched, which a key's likeness within a text of
    many lines may mislead.
    """
    table: tuple[str, ...] = ()
    best, line = 0, 1
    for number, written in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(written):
            here = table = _keys(header["keys"])
        elif key := _KEY.match(written):
            here = (*table, *_keys(key["keys"]))
        else:
            continue
        common = min(len(here), len(where))
        if common > best and here[:common] == where[:common]:
            best, line = common, number
    return line


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def parse_toml(text: bytes) -> dict[str, Any]:
    """Raises ValueError or RecursionError for what isn't TOML, or would take the parser hours."""
    if any(_QUOTED.sub(b"", line).count(b".") > _MAX_DEPTH for line in text.splitlines()):
        raise ValueError("a key of too many parts")
    import tomllib  # not where nothing is configured

    return tomllib.loads(text.decode("utf-8"))


def _section(shared: dict[str, Any] | None) -> Any:
    tool = shared.get("tool") if shared else None
    return tool.get("assay") if isinstance(tool, dict) else None


def _table(path: Path) -> dict[str, Any] | None:
    if path.is_symlink() and path.name == "assay.toml":
        raise UsageError(f"{path}: a link, which could lead out of the tree; put the file itself there")
    if path.name == "assay.toml" and path.exists() and not path.is_file():
        raise UsageError(f"{path}: not a regular file; put the configuration itself there")
    if path.is_symlink() or not path.is_file():
        return None
    text = _read(path)
    if path.name == "pyproject.toml" and b"tool.assay" not in text:
        return None  # Not ours, nor ours to complain of.
    import tomllib

    try:
        return parse_toml(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML: {error}") from None
    except (RecursionError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as TOML: {type(error).__name__}") from None


def _read(path: Path) -> bytes:
    try:
        return read_inside(path.parent.resolve(), path.name, MAX_BYTES)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
