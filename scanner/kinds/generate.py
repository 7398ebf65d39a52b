"""Writes the kinds' JSON Schemas, for people and editors: `python -m assay.scanner.kinds.generate [--check]`."""

import sys
from pathlib import Path

import orjson

from assay.scanner.kinds import registry

TARGET = Path(__file__).with_name("schema.json")


def render() -> bytes:
    """One document; each kind under its name."""
    kinds = {kind: registry.schema(kind) for kind in sorted(registry.KINDS)}
    return orjson.dumps(kinds, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


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
