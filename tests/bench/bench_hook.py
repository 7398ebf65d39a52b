"""The hook on one file that has just been changed, by a server that is warm, against checkov's own command line.

The client is started as the script `assay-hook` starts it where Assay is installed, as pre-commit does.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.bench.bench_iac import ASSAY, CHECKOV, OFFLINE, ROOT, module_file, tree
from tests.bench.measure import Cost, cost, median_cpu, row

RUNS = 5
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); import client; client.run()"
CLIENT = (sys.executable, "-S", "-E", "-I", "-c", START, str(ROOT / "scanner" / "hook"))
CPU, WALL, MEBIBYTES = 30, 20, 200


def run() -> list[str]:
    """Rows for the results table."""
    name, folder = tree()
    with tempfile.TemporaryDirectory() as scratch, _served(Path(scratch)) as environment:
        whole = Path(scratch, "repository")
        shutil.copytree(folder, whole, ignore=shutil.ignore_patterns(".git"))
        (whole / ".git" / "objects").mkdir(parents=True)  # what makes it one
        alone = Path(scratch, "alone", "main.tf")
        alone.parent.mkdir()
        shutil.copyfile(module_file(folder), alone)
        rows = [
            *_rows(f"hook on one changed file of {name}'s module, warm server", module_file(whole), environment),
            *_rows("hook on that file, changed, where it stands alone, warm server", alone, environment),
        ]
        held = float(_status(environment)["memory_mib"])
        return [*rows, row("memory of the server", f"{held:.0f} MiB resident", f"≤ {MEBIBYTES} MiB", held <= MEBIBYTES)]


def _rows(what: str, file: Path, environment: Mapping[str, str]) -> list[str]:
    """Client, server and all that it forks are counted; before each run the file gets another line."""
    mine: list[Cost] = []
    others: list[Cost] = []
    for number in range(RUNS + 1):
        with file.open("a") as stream:
            stream.write(f"# {number}\n")
        mine.append(_hook(file, environment))
        others.append(cost([CHECKOV, "-f", file.name, *OFFLINE], file.parent))
    mine, others = mine[1:], others[1:]
    cpu = median_cpu(others) / median_cpu(mine)
    wall = statistics.median(b.wall for b in others) / statistics.median(a.wall for a in mine)
    spent = f"{median_cpu(mine):.3f} s against {median_cpu(others):.2f} s CPU: {cpu:.0f}× less"
    waited = f"{statistics.median(a.wall for a in mine):.3f} s of wall time: {wall:.0f}× less"
    return [
        row(f"{what}, against checkov's CLI on the file", spent, f"≥ {CPU}× less", cpu >= CPU),
        row("the same, waited for", waited, f"≥ {WALL}× less", wall >= WALL),
    ]


def _hook(file: Path, environment: Mapping[str, str]) -> Cost:
    before = _status(environment)
    spent = cost([*CLIENT, file.name, "--quiet"], file.parent, environment)
    after = _status(environment)
    if after["requests"] != before["requests"] + 1 or spent.code not in (0, 1):
        raise RuntimeError("the server did not do it")
    served = float(after["cpu_seconds"]) - float(before["cpu_seconds"])
    return Cost(spent.cpu + served, spent.peak_mib, spent.code, spent.wall)


@contextmanager
def _served(scratch: Path) -> Iterator[Mapping[str, str]]:
    runtime = scratch / "run"
    runtime.mkdir(mode=0o700)
    environment = {"XDG_RUNTIME_DIR": str(runtime), "XDG_CACHE_HOME": str(scratch / "cache"), "CI": ""}
    subprocess.run([ASSAY, "hook"], cwd=scratch, env={**os.environ, **environment}, check=True, capture_output=True)
    deadline = time.monotonic() + 120
    while not _status(environment)["pid"] and time.monotonic() < deadline:
        time.sleep(0.2)
    try:
        yield environment
    finally:
        subprocess.run([ASSAY, "server", "stop"], env={**os.environ, **environment}, check=True, capture_output=True)


def _status(environment: Mapping[str, str]) -> dict[str, float]:
    done = subprocess.run(
        [ASSAY, "server", "status", "--format", "json"],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
