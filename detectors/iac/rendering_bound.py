"""Bounds the work that the rendering of Terraform may take, counted in steps, so that no clock decides on a result.

checkov follows each edge of its graph many times, and reads a text anew from each of its brackets. Past the bound a
value stays as it is written, as checkov leaves one of more than 10,000 characters, and the module is named.
"""

import importlib
from collections.abc import Callable
from typing import Any

from assay.detectors.iac.failures import SkipLog
from assay.detectors.iac.private_copy import PrivateCopy

MAX_STEPS = 2_000_000_000
"""Of one part. terraform-aws-eks, with 9,300 blocks on several levels, takes a tenth of it."""
EDGE_STEPS = 1_000
"""For following an edge, beside the text that it leads to."""
TEXT_STEPS = 10
"""For each character of a text that is evaluated, beside one for each bracket in it."""

_RENDERING = "checkov.terraform.graph_builder.variable_rendering"


class Work:
    """The steps that one part has taken."""

    def __init__(self, most: int) -> None:
        self._left = most

    @property
    def over(self) -> bool:
        """Whether the bound is met."""
        return self._left < 0

    def take(self, steps: int) -> None:
        """Counts steps before they are taken."""
        self._left -= steps


def bound_rendering(copy: PrivateCopy, log: SkipLog) -> None:
    """Stops what takes too long, and notes its modules. For the process of one part: it changes checkov's modules.

    Whatever saves work must come after it, so that only what is done counts.
    """
    work = Work(MAX_STEPS)
    texts: Any = importlib.import_module(f"{_RENDERING}.evaluate_terraform")
    handler: Any = importlib.import_module("checkov.terraform.graph_builder.foreach.abstract_handler")
    renderer: Any = importlib.import_module(f"{_RENDERING}.renderer").TerraformVariableRenderer

    def note(vertex: Any) -> None:
        path, module = named(vertex)
        whose = "their" if module is None else "its"
        reason = f"{whose} values take too many steps to work out, and are not all known"
        log.skipped(copy.relative(path), reason if module is None else f"{module}: {reason}")

    texts.evaluate_terraform = handler.evaluate_terraform = _bounded_evaluation(texts.evaluate_terraform, work)
    follow, finish = renderer.evaluate_vertex_attribute_from_edge, renderer.evaluate_non_rendered_values

    def follow_within(self: Any, edge_list: list[Any]) -> None:
        if not work.over:
            work.take(EDGE_STEPS)
            follow(self, edge_list)
        vertex = self.local_graph.vertices[edge_list[0].origin]
        if work.over and vertex:
            note(vertex)

    def finish_within(self: Any) -> None:
        finish(self)
        if work.over:
            for vertex in self.local_graph.vertices:
                note(vertex)

    renderer.evaluate_vertex_attribute_from_edge = follow_within
    renderer.evaluate_non_rendered_values = finish_within


def named(block: Any) -> tuple[str, str | None]:
    """The outermost module call by which a block came into the graph, with its file; else the block's own file."""
    call = block.source_module_object
    if call is None:
        return block.path, None
    while call.nested_tf_module is not None:
        call = call.nested_tf_module
    return call.path, f"module.{call.name}"


def _bounded_evaluation(evaluate: Callable[..., Any], work: Work) -> Callable[..., Any]:
    def evaluate_within(input_str: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(input_str, str):
            if work.over:
                return input_str
            work.take(len(input_str) * (TEXT_STEPS + input_str.count("{") + input_str.count("[")))
        return evaluate(input_str, *arguments, **options)

    return evaluate_within
