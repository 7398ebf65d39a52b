"""As `iac_driver.py`, with the bound on the steps of rendering that is its last argument."""

import sys

from assay.detectors.iac import rendering_bound
from tests.integration import iac_driver

if __name__ == "__main__":
    rendering_bound.MAX_STEPS = int(sys.argv.pop())
    iac_driver.main()
