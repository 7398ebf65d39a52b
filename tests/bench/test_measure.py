"""What the benches measure by."""

import sys
from pathlib import Path

from tests.bench.measure import memory

HOLDING = "import time; held = bytearray(b'x') * (40 << 20); time.sleep(3)"
PARENT = f"""
import subprocess, sys
held = [subprocess.Popen([sys.executable, "-c", {HOLDING!r}]) for _ in range(2)]
sys.exit(sum(one.wait() for one in held) + 3)
"""


def test_the_memory_of_all_processes_is_counted_and_not_only_the_largest(tmp_path: Path) -> None:
    whole = memory([sys.executable, "-c", PARENT], tmp_path)
    assert whole.processes >= 3 and whole.code == 3
    assert 80 < whole.together_mib < 200  # each of the two holds 40


def test_what_processes_share_counts_once(tmp_path: Path) -> None:
    forking = "import os; held = bytearray(b'x') * (60 << 20); os.fork(); import time; time.sleep(1)"
    assert 60 < memory([sys.executable, "-c", forking], tmp_path).together_mib < 100
