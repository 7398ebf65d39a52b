"""Which faster ways serve which framework."""

import importlib
from collections.abc import Callable

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


def take_faster_ways(framework: str) -> None:
    """For the process of one part, as they change checkov's modules. After its runner is imported."""
    for way in WAYS.get(framework, ()):
        module, name = way.split(":")
        take: Callable[[], None] = getattr(importlib.import_module(module), name)
        take()
