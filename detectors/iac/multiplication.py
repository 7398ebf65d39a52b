"""Bounds what a few lines of Terraform may multiply into.

checkov writes out each instance of a `count` or a `for_each`, which may be given as a hundred million.
"""

import importlib
import os
from typing import Any

from assay.detectors.iac.failures import SkipLog
from assay.detectors.iac.private_copy import PrivateCopy

MAX_INSTANCES = 1_000
"""Of one block."""
MAX_BLOCKS = 100_000
"""After which nothing more is multiplied: blocks inside multiplied modules multiply again."""


MAX_CALLS = 2_000
"""Of modules from one root module, the calls inside called modules included."""
MAX_CALLS_IN_ALL = 20_000


def bound_multiplication(copy: PrivateCopy, log: SkipLog) -> None:
    """Stops what multiplies too far, and notes its file. For the process of one part: it changes checkov's modules."""
    _bound_instances(copy, log)
    _bound_calls(copy, log)


def _bound_instances(copy: PrivateCopy, log: SkipLog) -> None:
    """Leaves a block that multiplies too far as it stands, once.

    The block is still checked, but what differs from instance to instance is not, so the look is incomplete.
    """
    handler: Any = importlib.import_module("checkov.terraform.graph_builder.foreach.abstract_handler")
    evaluate = handler.ForeachAbstractHandler._handle_static_statement

    def bounded(self: Any, block_index: int, sub_graph: Any = None) -> Any:
        found = evaluate(self, block_index, sub_graph)
        instances = found if isinstance(found, int) else len(found or ())
        if instances <= MAX_INSTANCES and instances + len(self.local_graph.vertices) <= MAX_BLOCKS:
            return found
        block = (sub_graph or self.local_graph).vertices[block_index]
        name = f"module.{block.name}" if block.block_type == "module" else block.name
        log.skipped(copy.relative(block.path), f"{name}: a count or for_each of {instances} is not multiplied out")
        return None

    handler.ForeachAbstractHandler._handle_static_statement = bounded


def _bound_calls(copy: PrivateCopy, log: SkipLog) -> None:
    """Leaves out what a module calls where the calls are too many, or lead back to the caller.

    Three calls in each of ten modules, one below the other, are 59,049 modules.
    """
    parser: Any = importlib.import_module("checkov.terraform.tf_parser").TFParser
    load = parser._internal_dir_load
    calls = {"here": 0, "in all": 0}

    def bounded(self: Any, directory: str, *arguments: Any, nested_modules_data: Any = None, **options: Any) -> Any:
        if nested_modules_data is None:
            calls["here"] = 0
        else:
            calls["here"] += 1
            calls["in all"] += 1
            caller, name = copy.relative(nested_modules_data["file"].file_path), nested_modules_data["module_name"]
            if _leads_back(directory, nested_modules_data):
                log.skipped(caller, f"module.{name}: its module calls lead back to itself")
                return None
            if calls["here"] > MAX_CALLS or calls["in all"] > MAX_CALLS_IN_ALL:
                reason = f"its module calls multiply beyond {MAX_CALLS:,}, and are not all followed"
                log.skipped(caller, f"module.{name}: {reason}")
                return None
        return load(self, directory, *arguments, nested_modules_data=nested_modules_data, **options)

    parser._internal_dir_load = bounded


def _leads_back(directory: str, chain: Any) -> bool:
    while chain:
        if os.path.dirname(chain["file"].file_path) == directory:  # noqa: PTH120  # as checkov compares
            return True
        chain = chain["nested_modules_data"]
    return False
