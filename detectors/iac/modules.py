"""Terraform modules whose code is not in the tree."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.verdicts import unknown
from assay.detectors.redact import mask_address
from assay.scanner.api import EngineVerdict, Location
from assay.scanner.safe.text import one_line

REMOTE_REFERENCE = "remote-reference"
REMOTE_TITLE = "Remote reference not followed"

_LOCAL = ("./", "../", "/")


def remote_modules(graphs: Sequence[Any], copy: PrivateCopy, framework: str) -> list[EngineVerdict]:
    """An unknown for each module call of a Terraform graph that leads out of the tree, as nothing is downloaded."""
    if framework != "terraform":
        return []
    found: dict[tuple[str, int], EngineVerdict] = {}
    for block in _module_calls(graphs):
        source = _source(block)
        if source is None or _is_in_tree(source, block.path, copy.root):
            continue
        path = copy.relative(block.path)
        start = int(block.attributes.get("__start_line__") or 1)
        end = int(block.attributes.get("__end_line__") or start)
        parent, _, name = str(block.attributes.get("__address__") or block.name).rpartition(".")
        address = f"{parent}.module.{name}" if parent else f"module.{name}"
        reason = (
            f"the source {one_line(mask_address(source), 120)} is not in the scanned folder, and nothing is downloaded"
        )
        location = Location(path=path, start_line=start, end_line=end)
        found[path, start] = unknown(REMOTE_REFERENCE, address, REMOTE_TITLE, framework, reason, location)
    return [found[place] for place in sorted(found)]


def _module_calls(graphs: Sequence[Any]) -> Iterable[Any]:
    return (block for graph in graphs for block in graph.vertices if block.block_type == "module")


def _source(block: Any) -> str | None:
    source = block.attributes.get("source")
    if isinstance(source, list):
        source = source[0] if source else None
    return source if isinstance(source, str) else None


def _is_in_tree(source: str, path: str, root: str) -> bool:
    if not source.startswith(_LOCAL):
        return False
    target = os.path.normpath(os.path.join(os.path.dirname(path), source))  # noqa: PTH118, PTH120  # as checkov joins
    return (target == root or target.startswith(f"{root}/")) and os.path.isdir(target)  # noqa: PTH112
