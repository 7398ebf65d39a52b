"""As `iac_driver.py`, in a process that has imported all of checkov as anybody would, and nothing in its place."""

import importlib

from assay.detectors.iac import offline
from assay.detectors.iac.frameworks import FRAMEWORKS
from assay.detectors.iac.grammar_tables import use_prepared_tables
from tests.integration import iac_driver

if __name__ == "__main__":
    offline.settle_environment()
    # Building the tables anew takes 20 seconds; that they are what would be built is another test's business.
    use_prepared_tables()
    for library in ("networkx", "requests", "tabulate", "charset_normalizer", "regex", "asyncio"):
        importlib.import_module(library)
    for framework in FRAMEWORKS:
        importlib.import_module(framework.runner.partition(":")[0])
    iac_driver.main()
