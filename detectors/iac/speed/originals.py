"""Says whether a module of checkov, or of what it rests on, is the one that a faster way was written for."""

import hashlib
import importlib
from functools import cache
from pathlib import Path
from types import ModuleType


def known(name: str, digest: str) -> ModuleType | None:
    """The module, where the digest of its source is this one; None where it is another, which is then left alone.

    The whole file counts, not the function alone, as a function means what its file lets it mean.
    """
    module = importlib.import_module(name)
    return module if source_digest(module) == digest else None


@cache
def source_digest(module: ModuleType) -> str:
    """Of the module's file as it was when it was first asked for: what is imported stays. `""` where there is none."""
    try:
        return hashlib.sha256(Path(getattr(module, "__file__", None) or "").read_bytes()).hexdigest()[:16]
    except OSError:
        return ""
