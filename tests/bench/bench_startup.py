"""`assay --version` and `--help` against an interpreter that does nothing."""

import sys
from pathlib import Path

from tests.bench.measure import median_cpu, paired, row


def run() -> list[str]:
    """Rows for the results table."""
    assay = str(Path(sys.executable).with_name("assay"))
    rows = []
    for option in ("--version", "--help"):
        ours, nothing = paired([assay, option], [sys.executable, "-c", "pass"], Path.cwd(), runs=41)
        ratio = median_cpu(ours) / median_cpu(nothing)
        rows.append(row(f"`assay {option}` / `python -c pass`", f"{ratio:.2f}× CPU", "≤ 2×", ratio <= 2))
    return rows
