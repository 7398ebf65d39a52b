"""As `iac_driver.py`, by the slow ways: checkov and its engines as they are installed."""

from assay.detectors.iac.speed.ways import WAYS
from tests.integration import iac_driver

if __name__ == "__main__":
    WAYS.clear()
    iac_driver.main()
