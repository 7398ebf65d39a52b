"""An export of 200 MB: the memory of the process that reads it, and its speed against a parser that states nothing."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.measure import median_cpu, paired, row

ROOT = Path(__file__).parents[2]
MEBIBYTES, PEAK, SECONDS = 200, 200, 30
READ = """\
import resource, sys
from pathlib import Path
from assay.detectors.assets.detector import AssetsDetector
from assay.scanner.api import Remote, Tree
path = Path(sys.argv[1])
tree = Tree(root="", files=(), remote=Remote(names=(str(path),)))
detector = AssetsDetector()
found = []
for part in detector.plan(tree).parts:
    detector.observe(tree, part, lambda record: found.append(None))
assert len(found) > 10_000, len(found)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)
"""
PARSED = "import json, sys\nfor line in open(sys.argv[1], 'rb'): json.loads(line)\n"


def run() -> list[str]:
    """Rows for the results table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "export.ndjson")
        assets = write(path)
        ours, theirs = [sys.executable, "-c", READ, str(path)], [sys.executable, "-c", PARSED, str(path)]
        done = subprocess.run(ours, stdout=subprocess.PIPE, check=True, text=True)
        peak = int(done.stdout)
        mine, others = paired(ours, theirs, Path(folder))
    what = f"export of {MEBIBYTES} MB, {assets:,} assets, a third of them judged"
    seconds = median_cpu(mine)
    said = f"{seconds:.1f} s CPU, against {median_cpu(others):.1f} s for `json.loads` of its lines"
    return [
        row(f"{what}: memory of the process", f"{peak} MiB", f"≤ {PEAK} MiB", peak <= PEAK),
        row(f"{what}: facts of all", said, f"≤ {SECONDS} s", seconds <= SECONDS),
    ]


def write(path: Path) -> int:
    """The fixture's resources for one project after the other, with virtual machines between; how many assets."""
    fixture = (ROOT / "fixtures" / "assets" / "google.ndjson").read_text().splitlines()
    machine = json.dumps({"name": "//compute.googleapis.com/projects/acme-ml-prod/zones/z/instances/N", "asset_type":
        "compute.googleapis.com/Instance", "resource": {"data": {"disks": [{"source": "d" * 40}] * 20}}})  # fmt: skip
    count = size = number = 0
    with path.open("w") as stream:
        while size < MEBIBYTES << 20:
            number += 1
            for line in (*fixture, *[machine] * 60):
                line = line.replace("acme-ml-prod", f"acme-{number}").replace("acme-models", f"acme-{number}-models")
                line = line.replace("410029381122", str(410029381122 + number))
                size += stream.write(line + "\n")
                count += 1
    return count
