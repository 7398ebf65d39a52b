"""Infrastructure code against checkov's own command line, in turn: cold, and again where nothing changed."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import Cost, cost, median_cpu, paired, peak, row

ROOT = Path(__file__).parents[2]
HERE = Path(sys.executable)
ASSAY, CHECKOV = str(HERE.with_name("assay")), str(HERE.with_name("checkov"))
OFFLINE = ("--skip-download", "--quiet", "-o", "json")


def tree() -> tuple[str, Path]:
    """terragoat where ASSAY_BENCH_REPOS holds it, else the bundled example."""
    if found := repository("terragoat"):
        return "terragoat", found
    return "fixtures/acme-ai", ROOT / "fixtures" / "acme-ai"


def repository(name: str) -> Path | None:
    """A public repository, where ASSAY_BENCH_REPOS holds it."""
    repos = os.environ.get("ASSAY_BENCH_REPOS")
    return Path(repos, name) if repos and Path(repos, name).is_dir() else None


def module_file(folder: Path) -> Path:
    """A file of some 5 kB, in a module of several."""
    return next(folder / path for path in ("terraform/aws/s3.tf", "terraform/aws/kms.tf") if (folder / path).exists())


def run() -> list[str]:
    """Rows for the results table."""
    name, folder = tree()
    with tempfile.TemporaryDirectory() as scratch:
        return [
            *_one_file(module_file(folder), Path(scratch)),
            *_cold(name, folder, Path(scratch)),
            _unchanged(name, folder, Path(scratch)),
            *_never_ending(Path(scratch)),
        ]


def ratio_row(what: str, mine: list[Cost], others: list[Cost], least: float) -> str:
    """By CPU, children included."""
    ratio = median_cpu(others) / median_cpu(mine)
    cpu = f"{median_cpu(mine):.2f} s against {median_cpu(others):.2f} s CPU: {ratio:.1f}× less"
    return row(what, cpu, f"≥ {least:.0f}× less", ratio >= least)


def _one_file(file: Path, scratch: Path) -> list[str]:
    ours = [ASSAY, "scan", str(file), "--quiet", "--no-cache"]
    mine, others = paired(ours, [CHECKOV, "-f", str(file), *OFFLINE], scratch, runs=5)
    size = f"one .tf of {file.stat().st_size / 1000:.1f} kB, cold: no cache, no server"
    return [ratio_row(f"{size}, against checkov's CLI", mine, others, 4)]


def _cold(name: str, folder: Path, scratch: Path) -> list[str]:
    ours = [ASSAY, "scan", str(folder), "--quiet", "--no-cache"]
    mine, others = paired(ours, [CHECKOV, "-d", str(folder), *OFFLINE], scratch)
    memory = peak(mine) / peak(others)
    size = f"{peak(mine):.0f} MiB against {peak(others):.0f} MiB"
    return [
        ratio_row(f"cold scan of {name}, against checkov's CLI, both with all their frameworks", mine, others, 3),
        row(f"largest process of that scan, {_failed(ours)} failing findings", size, "no more", memory <= 1),
    ]


def _unchanged(name: str, folder: Path, scratch: Path) -> str:
    ours = [ASSAY, "scan", str(folder), "--quiet", "--cache", str(scratch / "cache")]
    mine, others = paired(ours, [CHECKOV, "-d", str(folder), *OFFLINE], scratch, runs=5)
    return ratio_row(f"unchanged {name} again, from the cache, against checkov's CLI", mine, others, 50)


def _never_ending(scratch: Path) -> list[str]:
    folder = repository("terraform-aws-eks")
    if folder is None:
        return []
    ours = cost([ASSAY, "scan", str(folder), "--quiet", "--no-cache"], scratch)
    told = f"{ours.cpu:.0f} s CPU, {ours.peak_mib:.0f} MiB, exit {ours.code}"
    return [
        row("terraform-aws-eks, which checkov's CLI doesn't finish in 900 s", told, "finishes", ours.code in (0, 1, 3))
    ]


def _failed(command: list[str]) -> int:
    shown = [part for part in command if part != "--quiet"]
    done = subprocess.run([*shown, "--format", "json"], capture_output=True, check=False)
    return int(json.loads(done.stdout)["summary"]["fail"])
