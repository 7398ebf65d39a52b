"""Hands the graphs that checkov rendered to the modules that state facts from them, so that nothing is parsed twice."""

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import convert, to_builtins

from assay.detectors.iac.encodable import valid_text
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.redact import mask_line
from assay.scanner.api import FREE_TEXT, Resource

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
            for name in FREE_TEXT & stated.get("facts", {}).keys():
                stated["facts"][name] = _masked(stated["facts"][name], name)
            yield convert(stated, Resource)


def _masked(value: Any, key: str) -> Any:
    if isinstance(value, str):
        # With its key, as a value may be secret only by what it is called.
        line = mask_line(f"{key} = {value}")
        return line.removeprefix(f"{key} = ") if line.startswith(f"{key} = ") else "[redacted]"
    if isinstance(value, dict):
        return {name: inner if name in ("fact", "origin") else _masked(inner, name) for name, inner in value.items()}
    return [_masked(inner, key) for inner in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str.__str__(value)
    raise NotImplementedError(f"{type(value).__name__} is no JSON value")
