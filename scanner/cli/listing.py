"""What the `rules` and `packs` commands print: plain tables, or JSON that other tools read."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from assay.scanner.safe.text import one_line


def print_json(value: Any) -> None:
    """Indented JSON and a newline."""
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def print_table(rows: Iterable[Sequence[str]], header: Sequence[str]) -> None:
    """Columns as wide as their longest cell; the last one runs on."""
    lines = [tuple(header), *(tuple(one_line(cell) for cell in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header) - 1)]
    for line in lines:
        cells = [f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)]
        sys.stdout.write("  ".join([*cells, line[-1]]).rstrip() + "\n")
