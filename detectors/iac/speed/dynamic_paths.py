"""Follows a path to a dynamic block of Terraform key by key, where checkov matches each path of the resource with it.

checkov asks `dpath`, for which each name on the way is a pattern, once for each edge that leads to the block. Where
the names hold no sign of a pattern, and the resource nothing but mappings by text, lists and values, there is one place
that they can match.
"""

import re
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from assay.detectors.iac.speed.originals import known

_BLOCKS = "checkov.terraform.graph_builder.graph_components.blocks"
ORIGINALS = {_BLOCKS: "79f9e66892895377", "dpath": "3bca89a3b6d6315f", "dpath.segments": "21ad5a8f7707540f"}
_PATTERN = re.compile(r"[*?\[]")
_VALUES = (bytes, str, int, float, type(None))


def follow_paths() -> None:
    """For the process of one part, as it changes checkov's module."""
    modules: list[Any] = [known(name, digest) for name, digest in ORIGINALS.items()]
    if None in modules:
        return
    blocks, dpath, _ = modules

    last: list[Any] = [None, None, None]

    def search(tree: Any, path: Sequence[str]) -> Any:
        found = followed(tree, path)
        last[:] = tree, path, found
        return dpath.search(tree, path) if found is None else found

    def get(tree: Any, path: Sequence[str]) -> Any:
        # Asked at once where `search` found something, and for the same.
        found = last[2] if last[0] is tree and last[1] is path else None
        return found[0] if found else dpath.get(tree, path)

    blocks.dpath = SimpleNamespace(search=search, get=get)


def followed(tree: Any, path: Sequence[str]) -> list[Any] | None:
    """What stands at the path, if anything; None where only `dpath` can tell."""
    if not all(type(name) is str and _is_plain(name) for name in path) or not _is_simple(tree):
        return None
    for name in path:
        if type(tree) is dict:
            if name not in tree:
                return []
            tree = tree[name]
        elif type(tree) is list:
            if not name.isdecimal() or int(name) >= len(tree):
                return []
            tree = tree[int(name)]
        else:
            return [] if isinstance(tree, _VALUES) else None
    return [tree]


def _is_plain(name: str) -> bool:
    """Whether the name is no pattern, and no number but one that is written as such."""
    if _PATTERN.search(name):
        return False
    try:
        return str(int(name)) == name and not name.startswith("-")
    except ValueError:
        return True


def _is_simple(tree: Any) -> bool:
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            for key, value in node.items():
                # An empty key is an error.
                if not key or not isinstance(key, str):
                    return False
                if not isinstance(value, _VALUES):
                    left.append(value)
        elif isinstance(node, list):
            left += [value for value in node if not isinstance(value, _VALUES)]
        elif not isinstance(node, _VALUES):
            return False
    return True
