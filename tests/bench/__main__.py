"""`make bench`: runs every bench and writes the last figures into RESULTS.md."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from assay.scanner.engine.observe import engine_versions
from assay.scanner.version import __version__

BENCHES = (
    "bench_startup",
    "bench_policy",
    "bench_judge",
    "bench_sarif",
    "bench_iac",
    "bench_hook",
    "bench_cluster",
    "bench_aws",
    "bench_assets",
)
TARGET = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    """Prints the table and keeps it."""
    lines = [
        "# Last figures",
        "",
        "Made by `make bench` (`ASSAY_BENCH_REPOS=FOLDER make bench` takes public repositories from a folder). CPU",
        "seconds of whole processes, children included; medians of paired runs, as the machine is shared and noisy.",
        "",
        f"Assay {__version__}, checkov {engine_versions().get('checkov')}, Python {platform.python_version()}, "
        f"{os.cpu_count()} processors.",
        "",
        "| what | measured | goal | met |",
        "|---|---|---|---|",
    ]
    for name in BENCHES:
        lines += _rows(name)
        sys.stdout.write("\n".join(lines[-3:]) + "\n")
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rows(name: str) -> list[str]:
    """Each bench runs in a process of its own: a child's peak memory counts what its parent held when it forked."""
    code = f"import json; from tests.bench.{name} import run; print(json.dumps(run()))"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    return list(json.loads(done.stdout))


if __name__ == "__main__":
    main()
