"""CPU seconds and peak memory of whole processes, their children included; wall time is noise on a shared machine."""

import os
import statistics
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct


class Cost(Struct, frozen=True):
    """What one run used."""

    cpu: float
    """User and system seconds, of every descendant that was waited for."""
    peak_mib: float
    """Resident set of the largest single process."""
    code: int
    wall: float = 0.0
    """Seconds from its start to its end."""


class Memory(Struct, frozen=True):
    """What one run held at its highest, looked at every SAMPLE_SECONDS."""

    together_mib: float
    """Sum over the process and its descendants of their proportional set sizes (PSS), which share out what several
    processes map, so that nothing counts twice."""
    processes: int
    """How many there were then."""
    code: int


SAMPLE_SECONDS = 0.05
PROC = Path("/proc")


def cost(command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Runs a command to its end."""
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status), wall)


def memory(command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None) -> Memory:
    """Runs a command to its end and samples its process tree; a run of its own, as looking takes time as well."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    highest, processes = 0, 0
    while process.poll() is None:
        sizes = [size for number in _tree(process.pid) if (size := _proportional_kib(number))]
        if sum(sizes) > highest:
            highest, processes = sum(sizes), len(sizes)
        time.sleep(SAMPLE_SECONDS)
    return Memory(highest / 1024, processes, process.returncode)


def _tree(root: int) -> Iterator[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = defaultdict(list)
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            # The name, in brackets, may hold anything; the parent stands second after it.
            parent = (folder / "stat").read_bytes().rpartition(b")")[2].split()[1]
            children[int(parent)].append(int(folder.name))
    found = [root]
    for number in found:
        yield number
        found += children[number]


def _proportional_kib(number: int) -> int:
    """0 where it has ended meanwhile."""
    with suppress(OSError):
        for line in (PROC / str(number) / "smaps_rollup").read_bytes().splitlines():
            if line.startswith(b"Pss:"):
                return int(line.split()[1])
    return 0


def paired(ours: Sequence[str], theirs: Sequence[str], cwd: Path, runs: int = 3) -> tuple[list[Cost], list[Cost]]:
    """Runs the two in turn, after one uncounted run of each, so that both meet the same machine."""
    cost(ours, cwd)
    cost(theirs, cwd)
    pairs = [(cost(ours, cwd), cost(theirs, cwd)) for _ in range(runs)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def median_cpu(costs: Sequence[Cost]) -> float:
    """The middle run's CPU seconds."""
    return statistics.median(one.cpu for one in costs)


def peak(costs: Sequence[Cost]) -> float:
    """The largest process seen in any run, in MiB."""
    return max(one.peak_mib for one in costs)


def row(what: str, measured: str, goal: str, met: bool) -> str:
    """A line of the results table."""
    return f"| {what} | {measured} | {goal} | {'yes' if met else '**no**'} |"
