"""A path's nodes told as hops, each with the objects and the rights that allow it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from assay.detectors.rbac.access import Subject
from assay.detectors.rbac.graph import Graph
from assay.detectors.rbac.surroundings import Surroundings

_DIRECT = {
    ("workload", "identity"): "service-account-token",
    ("workload", "node"): "container-escape",
    ("workload", "volume"): "mounted-volume",
    ("node", "workload"): "pods-on-node",
    ("identity", "cloud"): "cloud-identity",
    ("identity", "admin"): "system-masters",
}
"""Techniques that need no right, by what they lead from and to."""


class Telling:
    """Tells paths of one graph. Hops are shared by the paths that have them."""

    def __init__(self, graph: Graph, around: Surroundings) -> None:
        self._graph = graph
        self._around = around
        self._told: dict[tuple[int, ...], dict[str, Any]] = {}

    def hops(self, nodes: Sequence[int]) -> list[dict[str, Any]]:
        """In the shape of `kinds.paths.Hop`, one for each thing that the path gets hold of."""
        found = []
        start = 0
        for index in range(1, len(nodes)):
            if self._graph.entity[nodes[index]]:
                found.append(self._hop(tuple(nodes[start : index + 1])))
                start = index
        return found

    def _hop(self, nodes: tuple[int, ...]) -> dict[str, Any]:
        if nodes not in self._told:
            self._told[nodes] = {
                "reached": self._reached(nodes[-1]),
                "technique": self._technique(nodes),
                "objects": self._objects(nodes),
                "rule": self._rule(nodes),
            }
        return self._told[nodes]

    def _technique(self, nodes: Sequence[int]) -> str:
        for node in nodes:
            if self._graph.kind(node) == "can":
                return self._graph.keys[node][1]
        return _DIRECT.get((self._graph.kind(nodes[0]), self._graph.kind(nodes[-1])), "service-account-token")

    def _objects(self, nodes: Sequence[int]) -> list[str]:
        found = []
        for node in nodes:
            if node in self._graph.grants:
                found += [self._graph.grants[node], self._graph.roles[node]]
        if not found:
            found = [self._address(node) for node in (nodes[0], nodes[-1])]
        return [one for one in dict.fromkeys(found) if one]

    def _rule(self, nodes: Sequence[int]) -> str:
        texts = [self._graph.texts[edge] for edge in pairwise(nodes) if edge in self._graph.texts]
        where = next((self._graph.keys[node][3] for node in nodes if self._graph.kind(node) == "can"), "")
        if not texts:
            return ""
        return f"{'; '.join(texts)} in {where or 'the whole cluster'}"

    def _address(self, node: int) -> str:
        kind, *names = self._graph.keys[node]
        if kind in ("workload", "role"):
            return names[1] if kind == "workload" else names[0]
        if kind != "identity":
            return ""
        if names[0] != "ServiceAccount":
            return f"{names[0]}:{names[1]}"
        namespace, _, name = names[1].partition("/")
        return self._around.account(Subject(type="ServiceAccount", name=name, namespace=namespace)).address

    def _reached(self, node: int) -> str:
        kind, *names = self._graph.keys[node]
        match kind:
            case "workload":
                return names[1]
            case "identity":
                return f"{names[0]}:{names[1]}"
            case "node":
                return f"Node.{names[0]}" if names[0] else "any node"
            case "secrets":
                return f"secrets in {names[0] or 'every namespace'}"
            case "new-pods":
                return f"new pods in {names[0] or 'every namespace'}"
            case "volume":
                return f"PersistentVolumeClaim.{names[0]}.{names[1]}"
            case "role":
                return f"{names[0] or 'every right'} in {names[1] or 'the whole cluster'}"
            case "cloud":
                return names[0] or "an identity in the cloud"
        return "cluster-admin"


def told(hops: Sequence[dict[str, Any]]) -> str:
    """What is reached by which technique, one after the other."""
    return ", then ".join(f"{hop['reached']} ({hop['technique']})" for hop in hops)
