"""Hands the graphs that checkov rendered to the modules that state facts from them, so that nothing is parsed twice."""

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import convert, to_builtins

from assay.detectors.iac.encodable import valid_text
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.redact_facts import mask_facts
from assay.scanner.api import Resource

STATED_BY = {
    "terraform": "assay.detectors.iac.facts.terraform",
    "terraform_plan": "assay.detectors.iac.facts.terraform",
    "cloudformation": "assay.detectors.iac.facts.cloudformation",
}
"""Framework → the module that states facts from its graphs, imported where there are any."""


def resources(framework: str, graphs: Sequence[Any], copy: PrivateCopy) -> Iterator[Resource]:
    """The typed resources of a framework's graphs; nothing for a framework that only has verdicts."""
    stated_by = STATED_BY.get(framework)
    if stated_by is None:
        return
    module = importlib.import_module(stated_by)
    for graph in graphs:
        for resource in module.resources(graph, copy.root):
            # checkov's own kinds of text, list and mapping, which carry line marks, end here.
            stated = valid_text(to_builtins(resource, enc_hook=_plain))
            mask_facts(stated.get("facts", {}))
            yield convert(stated, Resource)


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str.__str__(value)
    raise NotImplementedError(f"{type(value).__name__} is no JSON value")
