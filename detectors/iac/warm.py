"""Imports what any part may need, once, for a process from which one is forked for each hook."""

import pkgutil
from importlib import import_module

from assay.detectors.iac import detector, manifests, offline
from assay.detectors.iac.frameworks import FRAMEWORKS
from assay.detectors.iac.graph_facts import STATED_BY
from assay.detectors.iac.imports.loading import lean_imports, load_everything

_OURS = (detector, manifests)
_SECRETS = (
    "checkov.secrets.plugins",
    "detect_secrets.filters",
    "detect_secrets.plugins",
    "detect_secrets.transformers",
)
"""Packages whose modules the secrets engine imports when it begins to look."""


def warm() -> None:
    """It changes this process's environment as a part's own process would."""
    offline.settle_environment()
    load_everything(framework.id for framework in FRAMEWORKS)
    with lean_imports():
        for package in map(import_module, _SECRETS):
            for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
                import_module(module.name)
    for module_name in STATED_BY.values():
        import_module(module_name)
