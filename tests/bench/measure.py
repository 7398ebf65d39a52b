"""CPU seconds and peak memory of whole processes, their children included; wall time is noise on a shared machine."""

import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct


class Cost(Struct, frozen=True):
    """What one run used."""

    cpu: float
    """User and system seconds, of every descendant that was waited for."""
    peak_mib: float
    """Resident set of the largest single process."""
    code: int


def cost(command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None) -> Cost:
    """Runs a command to its end."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status))


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
