"""Hands the graphs that checkov rendered to the modules that state facts from them, so that nothing is parsed twice."""

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from assay.detectors.iac.private_copy import PrivateCopy
from assay.scanner.api import Resource

_STATED_BY = {
    "terraform": "assay.detectors.iac.facts.terraform",
    "terraform_plan": "assay.detectors.iac.facts.terraform",
    "cloudformation": "assay.detectors.iac.facts.cloudformation",
}


def resources(framework: str, graphs: Sequence[Any], copy: PrivateCopy) -> Iterator[Resource]:
    """The typed resources of a framework's graphs; nothing for a framework that only has verdicts."""
    stated_by = _STATED_BY.get(framework)
    if stated_by is None:
        return
    module = importlib.import_module(stated_by)
    for graph in graphs:
        yield from module.resources(graph, copy.root)
