"""Has checkov look for the references in a text of Terraform once, and not for each edge and at each level."""

from collections.abc import Mapping, Sequence
from typing import Any

from assay.detectors.iac.speed.originals import known

MAX_KEPT = 100_000
"""Texts whose references are kept; after that it begins anew."""

_BUILDER = "checkov.terraform.graph_builder"
ORIGINALS = {
    f"{_BUILDER}.utils": "e52a455c28ca081d",
    f"{_BUILDER}.local_graph": "500e6512d38d94da",
    f"{_BUILDER}.variable_rendering.renderer": "225291d49fbf89fb",
    f"{_BUILDER}.variable_rendering.vertex_reference": "700f2287c3e581e2",
    "checkov.common.graph.graph_builder.variable_rendering.vertex_reference": "c031765ecc1240e2",
    "checkov.common.util.data_structures_utils": "3255fbc4d83a49e9",
}
_NEVER_COPIED = (str, int, float, bool, type(None))


def look_for_references_once() -> None:
    """For the process of one part, as it changes checkov's modules."""
    modules: list[Any] = [known(name, digest) for name, digest in ORIGINALS.items()]
    if None in modules:
        return
    texts, _, renderer, *_ = modules
    look, copy = texts.get_referenced_vertices_in_str_value, renderer.pickle_deepcopy
    kept: dict[Any, list[Any]] = {}

    def references(str_value: Any, aliases: Mapping[str, Mapping[str, str]], resources_types: Sequence[str]) -> Any:
        if type(str_value) is not str:
            return look(str_value, aliases, resources_types)
        # An alias is read for its type alone.
        named = tuple((name, alias["block_type_"]) for name, alias in aliases.items())
        key = (str_value, named, tuple(resources_types))
        found = kept.get(key)
        if found is None:
            if len(kept) >= MAX_KEPT:
                kept.clear()
            found = kept[key] = look(str_value, aliases, resources_types)
        return list(found)  # Its members are read only.

    def deep_copy(value: Any) -> Any:
        return value if type(value) in _NEVER_COPIED else copy(value)

    texts.get_referenced_vertices_in_str_value = references
    renderer.pickle_deepcopy = deep_copy
