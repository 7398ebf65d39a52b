"""A scan of 10,000 pods, 5,000 bindings and the rest, against the official client's typed list of the pods alone."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import Cost, median_cpu, memory, paired, peak, row

ROOT = Path(__file__).parents[2]
SECONDS, MEBIBYTES = 10, 350
TYPED = """\
from kubernetes import client, config
config.load_kube_config()
api = client.CoreV1Api()
pods, token = [], None
while token != "":
    page = api.list_pod_for_all_namespaces(limit=500, _continue=token)
    pods += page.items
    token = page.metadata._continue or ""
assert len(pods) == 10_000, len(pods)
"""


@contextmanager
def served(folder: Path, *options: str) -> Iterator[Path]:
    """The kubeconfig of the large cluster, which is served by a process of its own until the end."""
    config = folder / "config"
    command = [sys.executable, "-m", "tests.kube_server", "--large", *options, "--kubeconfig", str(config)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stdin
        if not server.stdout.readline().startswith("https://"):
            raise RuntimeError("the test server did not start")
        yield config
        server.stdin.close()


def run() -> list[str]:
    """Rows for the results table: with roles of their own, most too strong, and as a platform team hands them out."""
    return [*_scan("each role its own, two grants in three too strong"), *_scan("roles from templates", "--templated")]


def _scan(roles: str, *options: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), *options) as config:
        # `env` becomes the command, so that nothing of it is counted.
        given = ["env", f"KUBECONFIG={config}"]
        assay = str(Path(sys.executable).with_name("assay"))
        ours = [*given, assay, "scan", "kube:test", "--format", "json", "--quiet"]
        theirs = [*given, sys.executable, "-c", TYPED]
        mine, others = paired(ours, theirs, Path(folder))
        held = max((memory(ours, Path(folder)) for _ in range(2)), key=lambda one: one.together_mib)
    whole = _ended(mine, (0, 1)) and _ended(others, (0,)) and held.code in (0, 1)
    seconds, size = median_cpu(mine), held.together_mib
    ratio = median_cpu(others) / seconds
    what = f"scan of 10,000 pods of 1,000 owners, 5,000 bindings ({roles}), 36 kinds, paths included"
    typed = f"{median_cpu(others):.2f} s and {peak(others):.0f} MiB for the client's typed list of the pods alone"
    said = "" if whole else f"; exit codes {sorted({one.code for one in (*mine, *others)})}: not a whole scan"
    cpu = f"{seconds:.2f} s CPU against {typed}: {ratio:.1f}× less{said}"
    return [
        row(what, cpu, f"≤ {SECONDS} s", whole and seconds <= SECONDS),
        row(
            f"memory of all {held.processes} processes of that scan together (PSS at its highest)",
            f"{size:.0f} MiB; the largest single process {peak(mine):.0f} MiB resident",
            f"≤ {MEBIBYTES} MiB",
            whole and 0 < size <= MEBIBYTES,
        ),
    ]


def _ended(costs: list[Cost], codes: tuple[int, ...]) -> bool:
    """A scan that could not look at everything (3), or that failed, is no measurement."""
    return all(one.code in codes for one in costs)
