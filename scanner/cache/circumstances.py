"""What besides the files decides what a detector finds: our own code, the installed packages, Python, the shell."""

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

PASSED_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ")
"""The only variables of the user's environment that a detector of files sees."""
_TOOLS = ("helm", "kubectl", "kustomize")
"""Programs that detectors start."""
_OBSERVING = ("detectors", "scanner")
"""The folders of code that observes; policies and reports only speak of what was observed."""
_ROOT = Path(__file__).resolve().parents[2]
_ALL = (*_OBSERVING, "policies", "reports")


def circumstances(environment: Mapping[str, str]) -> str:
    """A digest of all of it. Files are told apart by size and time, as an installer or an editor leaves them."""
    tools = (f"{folder}/{tool}" for folder in environment.get("PATH", "").split(":") for tool in _TOOLS)
    return _digest(
        [
            f"{sys.version} {sys.platform} {os.geteuid()}",
            _observing(),
            *(f"{name}={environment.get(name)}" for name in PASSED_VARIABLES),
            *(_identity(tool) for tool in tools if tool.startswith("/")),
        ]
    )


def code_state() -> str:
    """A digest of our own code and of the folders of installed packages, as they are now, for whoever asks often."""
    return _digest([*(line for folder in _ALL for line in _code(_ROOT / folder)), *map(_identity, sys.path)])


@lru_cache(maxsize=1)
def _observing() -> str:
    """As this process found it first: what it has imported doesn't change any more."""
    code = (line for folder in _OBSERVING for line in _code(_ROOT / folder))
    return _digest([*code, *sorted(set(_packages(sys.path)))])


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.blake2b(digest_size=32)
    for line in lines:
        digest.update(line.encode("utf-8", "surrogateescape") + b"\0")
    return digest.hexdigest()


def _code(folder: Path) -> Iterator[str]:
    """Every file of ours, in an order of its own."""
    pending = [str(folder)]
    while pending:
        entries = sorted(os.scandir(pending.pop()), key=lambda entry: entry.name)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    pending.append(entry.path)
            elif not entry.name.endswith((".md", ".pyc")):
                found = entry.stat()
                yield f"{entry.path} {found.st_size} {found.st_mtime_ns}"


def _packages(places: Iterable[str]) -> Iterator[str]:
    """Name and version of each installed package, as its folder of metadata has them, and when it was installed."""
    for place in places:
        if not place or place.endswith(".zip"):
            continue
        try:
            entries = list(os.scandir(place))
        except OSError:
            continue
        for entry in entries:
            if entry.name.endswith((".dist-info", ".egg-info", ".pth")):
                yield f"{entry.name} {entry.stat().st_mtime_ns}"


def _identity(path: str) -> str:
    try:
        found = os.stat(path)  # noqa: PTH116  # many that aren't there; a Path is dearer
    except OSError:
        return f"{path} is not there"
    return f"{path} {found.st_size} {found.st_mtime_ns}"
