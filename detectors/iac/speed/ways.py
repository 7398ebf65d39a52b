"""Which faster ways serve which framework."""

import importlib
from collections.abc import Callable

from assay.detectors.iac.speed.originals import source_digest

_HERE = "assay.detectors.iac.speed"
_TERRAFORM = (
    f"{_HERE}.evaluations:evaluate_once",
    f"{_HERE}.references:look_for_references_once",
    f"{_HERE}.dynamic_paths:follow_paths",
    f"{_HERE}.settled_edges:pass_over_settled_edges",
    f"{_HERE}.iam_actions:look_actions_up_once",
)
WAYS = {
    "terraform": _TERRAFORM,
    "terraform_plan": _TERRAFORM,
    "terraform_json": _TERRAFORM,
    "secrets": (f"{_HERE}.secret_lines:pass_over_lines", f"{_HERE}.secret_skips:read_skips_once"),
}


def know_originals() -> None:
    """Has all the digests made by which the ways are guarded."""
    for way in {way for ways in WAYS.values() for way in ways}:
        for name in importlib.import_module(way.partition(":")[0]).ORIGINALS:
            source_digest(importlib.import_module(name))


def take_faster_ways(framework: str) -> None:
    """For the process of one part, as they change checkov's modules. After its runner is imported."""
    for way in WAYS.get(framework, ()):
        module, name = way.split(":")
        take: Callable[[], None] = getattr(importlib.import_module(module), name)
        take()
