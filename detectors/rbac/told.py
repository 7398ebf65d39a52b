"""A path's nodes told as hops, each with the objects and the rights that allow it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct

from assay.detectors.rbac.access import Subject
from assay.detectors.rbac.graph import Cite, Graph, Key
from assay.detectors.rbac.surroundings import Surroundings
from assay.scanner.api import Unknown

_DIRECT = {
    ("workload", "identity"): "service-account-token",
    ("workload", "node"): "container-escape",
    ("workload", "volume"): "mounted-volume",
    ("workload", "pod-secrets"): "secrets-of-pods",
    ("node", "admin"): "control-plane-node",
    ("node", "workload"): "pods-on-node",
    ("identity", "cloud"): "cloud-identity",
    ("cloud", "administrator"): "cloud-rights",
    ("identity", "admin"): "system-masters",
}
"""Techniques that need no right, by what they lead from and to."""


_LONGEST = 90
"""Of a hop in a message, which shows of every text a hundred letters."""
_MOST_SHOWN = 3
_NO_GRANT = "no grant is needed for it: what the first step uses has to go"


class Told(Struct, frozen=True):
    """A path's hops."""

    hops: list[dict[str, Any]]
    """In the shape of `kinds.paths.Hop`, one for each thing that the path gets hold of."""
    line: str
    """What is reached by which technique, one after the other."""
    way: list[str]
    """As in `kinds.paths.Path`."""


class _Hop(Struct, frozen=True):
    fact: dict[str, Any]
    text: str


def remedy(cut: Sequence[str] | Unknown) -> list[str]:
    """As in `kinds.paths.Path`."""
    if isinstance(cut, Unknown):
        return ["the fewest grants to cut aren't known"]
    return [f"the fewest grants to cut: {cut[0]}", *cut[1:]] if cut else [_NO_GRANT]


class Telling:
    """Tells paths of one graph. Paths that are told alike are the same object, and so are their hops.

    So ten thousand accounts of one group take no more room than one of them, and are judged once.
    """

    def __init__(self, graph: Graph, around: Surroundings) -> None:
        self._graph = graph
        self._around = around
        self._by_nodes: dict[tuple[int, ...], _Hop] = {}
        self._hops: dict[tuple[str, str, tuple[str, ...], str], _Hop] = {}
        self._paths: dict[tuple[int, ...], Told] = {}
        """By the identities of their hops, which are all kept."""

    def told(self, nodes: Sequence[int]) -> Told:
        """The path through these nodes."""
        entity, hops, start = self._graph.entity, [], 0
        for index in range(1, len(nodes)):
            if entity[nodes[index]]:
                hops.append(self._hop(tuple(nodes[start : index + 1])))
                start = index
        key = tuple(map(id, hops))
        if key not in self._paths:
            texts = [hop.text for hop in hops]
            self._paths[key] = Told([hop.fact for hop in hops], ", then ".join(texts), _way(texts))
        return self._paths[key]

    def _hop(self, nodes: tuple[int, ...]) -> _Hop:
        if nodes not in self._by_nodes:
            right = next((key for node in nodes if (key := self._graph.keys[node])[0] == "can"), None)
            cite = self._cite(nodes)
            reached, technique = self._reached(nodes[-1]), self._technique(nodes, right, cite)
            objects, rule = self._objects(nodes, cite), self._rule(nodes, right, cite)
            fact = {"reached": reached, "technique": technique, "objects": objects, "rule": rule}
            # What a technique needs to be understood: where a right is held, or what else allows it.
            detail = f" in {_place(right)}" if right else f": {rule}" if rule else ""
            fresh = _Hop(fact, f"{reached} ({technique}{detail})")
            self._by_nodes[nodes] = self._hops.setdefault((reached, technique, tuple(objects), rule), fresh)
        return self._by_nodes[nodes]

    def _technique(self, nodes: Sequence[int], right: Key | None, cite: Cite | None) -> str:
        if right:
            return right[1]
        if cite:
            return cite.technique
        return _DIRECT.get((self._graph.kind(nodes[0]), self._graph.kind(nodes[-1])), "service-account-token")

    def _objects(self, nodes: Sequence[int], cite: Cite | None) -> list[str]:
        found = []
        for node in nodes:
            if node in self._graph.grants:
                found += [self._graph.grants[node], self._graph.roles[node]]
        if not found:
            found = [self._address(node) for node in (nodes[0], nodes[-1])]
            found += cite.objects if cite else ()
        return [one for one in dict.fromkeys(found) if one]

    def _cite(self, nodes: Sequence[int]) -> Cite | None:
        cites = self._graph.cites
        return next((cites[edge] for edge in pairwise(nodes) if edge in cites), None) if cites else None

    def _rule(self, nodes: Sequence[int], right: Key | None, cite: Cite | None) -> str:
        texts = [self._graph.texts[edge] for edge in pairwise(nodes) if edge in self._graph.texts]
        if not texts:
            return cite.rule if cite else ""
        return f"{'; '.join(texts)} in {_place(right)}"

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
                some = f"a node {names[1]}" if len(names) > 1 and names[1] else "any node"
                return f"Node.{names[0]}" if names[0] else some
            case "secrets":
                return f"secrets in {names[0] or 'every namespace'}"
            case "pod-secrets":
                return f"secrets that pods use in {names[0]}"
            case "new-pods":
                return f"new pods in {names[0] or 'every namespace'}"
            case "volume":
                return f"PersistentVolumeClaim.{names[0]}.{names[1]}"
            case "role":
                return f"{names[0] or 'every right'} in {names[1] or 'the whole cluster'}"
            case "cloud":
                return names[0] or "an identity in the cloud"
            case "administrator":
                return "administrator in the cloud"
        return "cluster-admin"


def _place(right: Key | None) -> str:
    return (right[3] if right else "") or "the whole cluster"


def _way(texts: Sequence[str]) -> list[str]:
    short = [
        text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[1 - _LONGEST // 2 :]}" for text in texts
    ]
    if len(short) > _MOST_SHOWN:
        short = [short[0], f"{len(short) - 2} steps more", short[-1]]
    return [short[0], *(f"then {text}" for text in short[1:])]
