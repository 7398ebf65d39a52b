"""Loads checkov's runners, and later what they turn out to need."""

import importlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from assay.detectors.iac.frameworks import BY_ID
from assay.detectors.iac.grammar_tables import build_deferred, use_prepared_tables
from assay.detectors.iac.imports.check_index import read_index
from assay.detectors.iac.imports.registries import defer_checks, load_deferred
from assay.detectors.iac.imports.stand_ins import stand_ins

_CHECKS_OF: Mapping[str, tuple[str, ...]] = {
    "bicep": ("bicep", "arm"),
    "helm": ("kubernetes",),
    "kustomize": ("kubernetes",),
    "serverless": ("serverless", "cloudformation"),
    "terraform_json": ("terraform",),
    "terraform_plan": ("terraform",),
}
"""Frameworks that run the checks of others, which not all of them import themselves, as checkov's CLI imports all."""

_inside = False


@contextmanager
def lean_imports() -> Iterator[None]:
    """Imports inside load no library that has a stand-in, and, from now on, no check before it is asked for."""
    global _inside
    if _inside:
        yield
        return
    if listed := read_index():
        defer_checks(listed, lean_imports)
    _inside = True
    try:
        with stand_ins():
            yield
    finally:
        _inside = False


def load_runner(framework: str) -> Any:
    """The class of the runner."""
    module, name = BY_ID[framework].runner.split(":")
    if module not in sys.modules:
        with lean_imports():
            use_prepared_tables()
            importlib.import_module(module)
            if read_index() is None:
                for owner in _CHECKS_OF.get(framework, ()):
                    importlib.import_module(f"checkov.{owner}")
    return getattr(sys.modules[module], name)


def load_everything(frameworks: Iterable[str]) -> None:
    """Loads the runners with all that their scans may come to need, for a process that is forked for many scans."""
    for framework in frameworks:
        load_runner(framework)
        with lean_imports():
            graph_checks = importlib.import_module("checkov.common.checks_infra.registry")
            for owner in _CHECKS_OF.get(framework, (framework,)):
                if listed := read_index():
                    load_deferred(listed, owner)
                graph_checks.get_graph_checks_registry(owner).load_checks()
    build_deferred()
