"""Has the secrets engine read what a file says of skips once, and not three times for each secret in it."""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from assay.detectors.iac.speed.originals import known

ORIGINALS = {"checkov.secrets.runner": "cd2575d6b3652475", "checkov.secrets.context_parser": "998d16d6d46c0d76"}
_MARK = "Metadata"
"""The key, at the top of a document or of its items, under which skips stand."""
_NOTHING = ()
"""In the place of a file that does not parse, or holds neither a mapping nor a list."""


def read_skips_once() -> None:
    """For the process of one part, as it changes checkov's module."""
    modules: list[Any] = [known(name, digest) for name, digest in ORIGINALS.items()]
    if None in modules:
        return
    runner = modules[0]
    # It keeps nothing but the file's lines. Secrets come file by file.
    runner.ContextParser = lru_cache(maxsize=1)(runner.ContextParser)
    search: Callable[..., Any] = runner.Runner.search_for_suppression

    def search_for_suppression(*, secret: Any, root_folder: str | None, **rest: Any) -> Any:
        if secret.filename.endswith((".json", ".yml", ".yaml")):
            # Where it stands already, checkov does not read it.
            secret.resource_config = read(Path(root_folder or "", secret.filename))
        return search(secret=secret, root_folder=root_folder, **rest)

    read = lru_cache(maxsize=1)(_read)
    runner.Runner.search_for_suppression = staticmethod(search_for_suppression)


def _read(place: Path) -> Any:
    import yaml

    try:
        content = place.read_text("utf-8")
        if _MARK not in content and "\\" not in content:
            return _NOTHING
        found = json.loads(content) if place.name.endswith(".json") else yaml.safe_load(content)
    except Exception:  # noqa: BLE001  # as checkov does: what does not parse holds no skips
        return _NOTHING
    return found if isinstance(found, dict | list) else _NOTHING
