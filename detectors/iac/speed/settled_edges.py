"""Passes over an edge of Terraform's graph that would change nothing, as nothing it reads has since it was followed.

checkov follows the edges again and again, up to fifty times: every other time all those that it has reached so far.
Following one is a function of what its two ends hold. Where that changed nothing, or only wrote a variable anew from
the argument that it is called with, it is not followed again before an end of it has changed.
"""

from typing import Any

from assay.detectors.iac.speed.originals import known

_GRAPH = "checkov.terraform.graph_builder"
ORIGINALS = {
    f"{_GRAPH}.variable_rendering.renderer": "225291d49fbf89fb",
    f"{_GRAPH}.local_graph": "500e6512d38d94da",
    f"{_GRAPH}.graph_components.blocks": "79f9e66892895377",
    "checkov.common.graph.graph_builder.variable_rendering.renderer": "c1611da7c245d376",
    "checkov.common.graph.graph_builder.graph_components.blocks": "ea5076d5b314ea38",
    "checkov.common.graph.graph_builder.variable_rendering.breadcrumb_metadata": "0441179bdcbe07e9",
}


def pass_over_settled_edges() -> None:
    """For the process of one part, as it changes checkov's module."""
    modules: list[Any] = [known(name, digest) for name, digest in ORIGINALS.items()]
    if None in modules:
        return
    renderer, breadcrumbs = modules[0].TerraformVariableRenderer, modules[-1]
    follow, update = renderer.evaluate_vertex_attribute_from_edge, renderer.update_evaluated_value

    def follow_unless_settled(self: Any, edge_list: list[Any]) -> None:
        progress = self.__dict__.get("assay_progress")
        if progress is None:
            progress = self.assay_progress = Progress(self.local_graph.vertices, breadcrumbs.BreadcrumbMetadata)
        if not progress.settled(edge_list):
            follow(self, edge_list)
            progress.followed(edge_list)

    def update_and_note(
        self: Any,
        changed_attribute_key: str,
        changed_attribute_value: Any,
        vertex: int,
        change_origin_id: int,
        attribute_at_dest: Any = None,
    ) -> None:
        update(self, changed_attribute_key, changed_attribute_value, vertex, change_origin_id, attribute_at_dest)
        if "assay_progress" in self.__dict__:
            progress: Progress | None = self.__dict__.get("assay_progress")
        if progress is not None:
            progress.updated(changed_attribute_key, vertex, change_origin_id, attribute_at_dest)

    renderer.evaluate_vertex_attribute_from_edge = follow_unless_settled
    renderer.update_evaluated_value = update_and_note


class Progress:
    """How far the rendering of one graph has come."""

    def __init__(self, vertices: list[Any], breadcrumb: Any) -> None:
        self._vertices = vertices
        self._breadcrumb = breadcrumb
        self._versions = [0] * len(vertices)
        self._settled: dict[tuple[int, ...], tuple[tuple[int, ...], tuple[Any, str, int] | None]] = {}
        self._updates: list[tuple[Any, str, int] | None] = []
        # What changes one vertex must be seen to change no other.
        self._off = share_values(vertices)

    def settled(self, edges: list[Any]) -> bool:
        """Whether following these edges of one attribute would leave everything as it is."""
        self._updates.clear()
        if self._off:
            return False
        found = self._settled.get(tuple(map(id, edges)))
        if found is None or found[0] != self._state(edges):
            return False
        if found[1] is not None:
            vertex, attribute, caller = found[1]
            # Of the variable's way here, which others continue, checkov begins a new list each time.
            vertex.changed_attributes[attribute] = [self._breadcrumb(caller, None)]
        return True

    def updated(self, attribute: str, vertex: int, origin: int, found_at: Any) -> None:
        """Notes a change of a vertex."""
        self._versions[vertex] += 1
        # A text stands for a variable that takes its caller's argument; then nothing of what it was is read.
        again = isinstance(found_at, str) and "." not in attribute and vertex != origin
        again = again and self._vertices[origin].find_attribute(found_at) is None
        self._updates.append((self._vertices[vertex], attribute, origin) if again else None)

    def followed(self, edges: list[Any]) -> None:
        """Notes that these edges were followed just now."""
        if not self._updates:
            self._settled[tuple(map(id, edges))] = (self._state(edges), None)
        elif len(self._updates) == 1 and self._updates[0] is not None:
            self._settled[tuple(map(id, edges))] = (self._state(edges), self._updates[0])

    def _state(self, edges: list[Any]) -> tuple[int, ...]:
        versions = self._versions
        return tuple([version for edge in edges for version in (versions[edge.origin], versions[edge.dest])])


def share_values(vertices: list[Any]) -> bool:
    """Whether a mapping or a list is part of the attributes of two vertices."""
    owners: dict[int, int] = {}
    for index, vertex in enumerate(vertices):
        left = [vertex.attributes] if vertex else []
        while left:
            node = left.pop()
            owner = owners.setdefault(id(node), index)
            if owner != index:
                return True
            values = node.values() if isinstance(node, dict) else node
            left += [value for value in values if isinstance(value, dict | list)]
    return False
