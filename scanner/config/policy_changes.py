"""Which files of the policy differ between the working tree and the trusted side."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from assay.scanner.config.settings import MAX_BYTES, Settings, load_settings, parse_toml
from assay.scanner.errors import UsageError
from assay.scanner.safe.files import read_inside
from assay.scanner.safe.tree import is_inside

_CONFIGURATION = ("assay.toml", "pyproject.toml")


def changed_policy(top: Path, trusted: Path, folders: Sequence[str], named: Sequence[str]) -> tuple[str, ...]:
    """Paths relative to `top`, sorted. `folders` are where the trusted configuration stands and what is scanned,
    relative to both roots; `named` are the paths that the command line adds. Configurations in other folders above
    them count too, since merging one would change which of them is in force."""
    paths: set[str] = set(named)
    for root in (top, trusted):
        for place in {place for folder in folders for place in _folders(root, folder)}:
            prefix = f"{place}/" if place != "." else ""
            paths |= {prefix + name for name in _CONFIGURATION}
            paths |= {prefix + path for path in _named_by(root / place)}
    files = {file for path in paths for root in (top, trusted) for file in _files(root, path)}
    return tuple(sorted(path for path in files if _content(top, path) != _content(trusted, path)))


def _folders(root: Path, folder: str) -> Iterable[str]:
    place = Path(folder)
    return (other.as_posix() for other in (place, *place.parents) if (root / other).is_dir())


def _named_by(folder: Path) -> Iterable[str]:
    try:
        settings = load_settings(folder)
    except UsageError:
        settings = Settings()  # The configuration itself differs, and is named.
    packs = [name for name in settings.packs if name.endswith((".yaml", ".yml"))]
    single = [path for path in (settings.waivers, settings.baseline) if path]
    return [path for path in (*packs, *settings.rules, *single) if is_inside(path)]


def _files(root: Path, path: str) -> Iterable[str]:
    """A file and, as a pack may extend its neighbours, the policy files beside it; all of them for a folder."""
    place = root / path
    try:
        if place.is_dir() and not place.is_symlink():
            return [found.relative_to(root).as_posix() for found in place.rglob("*.y*ml")]
        beside = []
        if path.endswith((".yaml", ".yml")) and place.parent.is_dir():
            beside = [found.relative_to(root).as_posix() for found in place.parent.glob("*.y*ml")]
    except OSError:
        return [path]  # A name that no file can have.
    return [path, *beside]


def _content(root: Path, path: str) -> bytes | None:
    """What stands there; None for nothing, a link or what can't be read."""
    try:
        text = read_inside(root, path, 1 << 28)
    except OSError:
        return b"a link" if os.path.islink(root / path) else None  # noqa: PTH114  # a Path raises for a long name
    if path.rpartition("/")[2] != "pyproject.toml" or len(text) > MAX_BYTES:
        return text
    try:
        tool = parse_toml(text).get("tool", {})
        section = tool.get("assay") if isinstance(tool, dict) else None
        return None if section is None else msgspec.json.encode(section, order="deterministic", enc_hook=str)
    except (ValueError, RecursionError):
        return text
