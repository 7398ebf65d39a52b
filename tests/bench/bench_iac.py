"""A cold scan against checkov's own command line, in turn, over the same files and frameworks."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import median_cpu, paired, peak, row

ROOT = Path(__file__).parents[2]


def tree() -> tuple[str, Path]:
    """terragoat where ASSAY_BENCH_REPOS holds it, else the bundled example."""
    repos = os.environ.get("ASSAY_BENCH_REPOS")
    if repos and Path(repos, "terragoat").is_dir():
        return "terragoat", Path(repos, "terragoat")
    return "fixtures/acme-ai", ROOT / "fixtures" / "acme-ai"


def run() -> list[str]:
    """Rows for the results table."""
    name, folder = tree()
    here = Path(sys.executable)
    ours = [str(here.with_name("assay")), "scan", str(folder), "--quiet"]
    theirs = [str(here.with_name("checkov")), "-d", str(folder), "--skip-download", "--quiet", "-o", "json"]
    mine, others = paired(ours, theirs, Path(tempfile.gettempdir()))
    ratio = median_cpu(others) / median_cpu(mine)
    memory = peak(mine) / peak(others)
    cpu = f"{median_cpu(mine):.2f} s against {median_cpu(others):.2f} s CPU: {ratio:.2f}× less"
    size = f"{peak(mine):.0f} MiB against {peak(others):.0f} MiB"
    return [
        row(
            f"cold scan of {name}, against checkov's CLI, both with all their frameworks", cpu, "≥ 2× less", ratio >= 2
        ),
        row(f"largest process of that scan, {_failed(ours)} failing findings", size, "no more", memory <= 1),
    ]


def _failed(command: list[str]) -> int:
    shown = [part for part in command if part != "--quiet"]
    done = subprocess.run([*shown, "--format", "json"], capture_output=True, check=False)
    return int(json.loads(done.stdout)["summary"]["fail"])
