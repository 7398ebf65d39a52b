"""The one place that states Assay's version, which pyproject.toml reads; and how those of other packages are told."""

import os
import sys

__version__ = "0.1.0"
_METADATA = ".dist-info"


def installed_version(package: str) -> str | None:
    """As the folder of its metadata is named; None: it isn't installed.

    `importlib.metadata` would say the same, but imports a parser of mail for it, which every run would wait for.
    """
    begins = f"{package.replace('-', '_').lower()}-"
    for place in sys.path:
        try:
            names = os.listdir(place or ".")  # noqa: PTH208  # names are enough
        except OSError:
            continue
        for name in names:
            if name.lower().startswith(begins) and name.endswith(_METADATA):
                return name[len(begins) : -len(_METADATA)]
    return None
