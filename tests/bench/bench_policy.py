"""Policy: packs, rules and the catalogue loaded and compiled, one pack against ten, in fresh processes."""

import subprocess
import sys
from statistics import median

from tests.bench.measure import row

ROUNDS = 9
TEN = (
    "gdpr", "hipaa", "eu-ai-act", "nist-ai-rmf", "iso-42001", "mitre-atlas", "nist-800-53", "pci-dss", "soc2",
    "owasp-ml",
)  # fmt: skip
_CODE = """\
import sys, time
from assay.policies import book
from assay.scanner.kinds import registry
began = time.process_time()
loaded = book.load(sys.argv[1:])
read = time.process_time()
for kind in registry.KINDS:
    loaded.variants(kind)
print(read - began, time.process_time() - began)
"""


def run() -> list[str]:
    """Rows for the results table."""
    ones, tens = [], []
    for _ in range(ROUNDS):
        ones.append(_seconds(TEN[:1]))
        tens.append(_seconds(TEN))
    load = median(read for read, _ in tens)
    ratio = median(ten / one for (_, one), (_, ten) in zip(ones, tens, strict=True))
    return [
        row("ten packs, every rule and the catalogue loaded", f"{load * 1000:.0f} ms CPU", "≤ 50 ms", load <= 0.05),
        row("ten packs / one, loaded and every rule compiled", f"{ratio:.2f}× CPU", "≤ 1.2×", ratio <= 1.2),
    ]


def _seconds(packs: tuple[str, ...]) -> tuple[float, float]:
    done = subprocess.run([sys.executable, "-I", "-c", _CODE, *packs], stdout=subprocess.PIPE, text=True, check=True)
    read, whole = done.stdout.split()
    return float(read), float(whole)
