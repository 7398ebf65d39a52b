"""A process's memory can be put on huge pages, and holds what it held."""

import subprocess
import sys

CODE = """
import sys
from assay.scanner.hook.huge_pages import use_huge_pages
held = [str(number) for number in range(300_000)]
moved = use_huge_pages()
assert held == [str(number) for number in range(300_000)]
with open("/proc/self/smaps_rollup") as stream:
    huge = next(int(line.split()[1]) << 10 for line in stream if line.startswith("AnonHugePages"))
assert huge >= moved, (huge, moved)
sys.exit(0 if moved % (2 << 20) == 0 else 1)
"""


def test_what_a_process_holds_stays_as_it_is() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
