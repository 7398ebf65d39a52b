"""`make bench`: runs every bench and writes the last figures into RESULTS.md."""

import os
import platform
import sys
from importlib import import_module
from pathlib import Path

from assay.scanner.engine.observe import engine_versions
from assay.scanner.version import __version__

BENCHES = ("bench_startup", "bench_judge", "bench_sarif", "bench_iac")
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
        lines += import_module(f"tests.bench.{name}").run()
        sys.stdout.write("\n".join(lines[-3:]) + "\n")
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
