"""The built-in policy files as already parsed, so that no run pays for reading 700 kB of YAML.

    python -m assay.policies.prepared [--check]

Each value is kept under the digest of the YAML that it was parsed from: a file that has been edited since is simply
parsed, so what is kept can be out of date but never wrong.
"""

import hashlib
import sys
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from assay.scanner.safe import yaml

HOME = Path(__file__).parent
TARGET = HOME / "prepared.json"


def value_of(text: bytes) -> Any:
    """The file's value. Raises YamlError as `yaml.load`."""
    found = _kept().get(hashlib.sha256(text).hexdigest())
    return yaml.load(text) if found is None else found


@cache
def _kept() -> dict[str, Any]:
    try:
        kept = orjson.loads(TARGET.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return kept if isinstance(kept, dict) else {}


def render() -> bytes:
    """The file's content, from the YAML files as they are now."""
    paths = sorted(HOME.rglob("*.yaml"))
    texts = {hashlib.sha256(text).hexdigest(): text for text in (path.read_bytes() for path in paths)}
    parsed = {digest: yaml.load(text) for digest, text in texts.items()}
    return orjson.dumps(parsed, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def main(argv: list[str]) -> int:
    """Writes the file, or with `--check` says whether it is current; the exit code."""
    if argv == ["--check"]:
        if TARGET.is_file() and TARGET.read_bytes() == render():
            return 0
        sys.stderr.write(f"{TARGET.name} is not current; run `make docs`\n")
        return 1
    TARGET.write_bytes(render())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
