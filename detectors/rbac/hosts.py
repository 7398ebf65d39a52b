"""The part of the graph that is nodes of the cluster: who gets onto them, and whom they give control over."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from assay.detectors.rbac.consequences import Consequences
from assay.detectors.rbac.graph import Cite, Graph
from assay.detectors.rbac.surroundings import Placement, Surroundings, Workload, unread_of
from assay.detectors.worlds import unknown_of, value
from assay.scanner.api import Unknown

_MOST_SORTS = 32
"""Sorts of nodes that files ask for. More are taken for one of which nothing is sure."""
_APART = "whether they run on the same nodes isn't known"
_NOT_CONTROL_PLANE = Placement()


class _Sort(Struct, frozen=True):
    """Nodes that some workloads of files ask for."""

    number: int
    placement: Placement | None
    """None: of different sorts."""
    node: int
    workloads: int
    """The node of the graph that leads to those that run on them."""


class Hosts:
    """Adds nodes: by name where pods run on them; of files, by what workloads ask of theirs."""

    def __init__(self, graph: Graph, around: Surroundings, consequences: Consequences) -> None:
        self._graph = graph
        self._around = around
        self._consequences = consequences
        self._unread = unread_of(around.world, "cluster.node") if around.world.live else None
        self._control_plane = {
            one.address.removeprefix("Node."): unknown_of(one, "control_plane") or value(one, "control_plane", False)
            for one in around.world.of("cluster.node")
        }
        self._sorts = self._sorts_of(around.workloads)

    def add(self, workloads: Iterable[Workload]) -> None:
        """All nodes, with the ways onto them and from them."""
        graph, hosts = self._graph, defaultdict[str, list[int]](list)
        for one in workloads:
            node = self._consequences.workload(one)
            for name in one.nodes if not isinstance(one.nodes, Unknown) else ():
                hosts[name].append(node)
                self._escape(node, one, graph.node("node", name))
            if isinstance(one.nodes, Unknown) or not one.nodes:
                sort = self._sorts.get(one.placement)
                self._escape(node, one, graph.node("node", "") if sort is None else sort.node)
                if sort is not None:
                    graph.edge(sort.workloads, node)
        for name in sorted(hosts):
            for node in hosts[name]:
                graph.edge(graph.node("node", name), node)
            self._rule(graph.node("node", name), self._control_plane.get(name, self._missing()))
        self._add_anywhere(sorted(hosts))
        self._add_sorts()

    def _escape(self, node: int, one: Workload, host: int) -> None:
        if one.escape.sure is False:
            return
        doubt = next((fact.reason for fact in (one.escape.sure, one.nodes) if isinstance(fact, Unknown)), None)
        self._graph.cite(node, host, Cite("container-escape", rule=one.escape.by), doubt)

    def _add_anywhere(self, names: Sequence[str]) -> None:
        graph, anywhere = self._graph, self._graph.node("node", "")
        # Whoever chooses the node of his pod chooses any; and what isn't placed yet may come to any as well.
        graph.edge(anywhere, self._consequences.hosted())
        unlisted = unread_of(self._around.world, "workload.pods")
        if unlisted:
            for name in names:
                graph.edge(graph.node("node", name), self._consequences.hosted(), unlisted)
        for name in sorted(self._control_plane):
            self._rule(anywhere, self._control_plane[name])
        if self._unread:
            self._rule(anywhere, Unknown(reason=self._unread))

    def _rule(self, node: int, control_plane: bool | Unknown) -> None:
        """Whoever has a node of the control plane has the cluster: its certificates and its database are there."""
        if control_plane is not False:
            reason = control_plane.reason if isinstance(control_plane, Unknown) else None
            self._graph.edge(node, self._consequences.admin(), reason)

    def _missing(self) -> bool | Unknown:
        return Unknown(reason=self._unread) if self._unread else False

    def _sorts_of(self, workloads: Sequence[Workload]) -> dict[Placement | None, _Sort]:
        """None where all of them may well share their nodes."""
        if self._around.world.live:
            return {}
        found = sorted({one.placement for one in workloads if one.placement is not None}, key=_order)
        plain = all(_may_share(one, other) for one in found[:_MOST_SORTS] for other in found[:_MOST_SORTS])
        if plain and len(found) <= _MOST_SORTS and not any(one.control_plane or one.may_rule for one in found):
            return {}
        sorts: dict[Placement | None, _Sort] = {}
        for number, placement in enumerate(found[:_MOST_SORTS]):
            sorts[placement] = self._sort(number, placement)
        rest = self._sort(_MOST_SORTS, None)
        return sorts | dict.fromkeys((*found[_MOST_SORTS:], None), rest)

    def _sort(self, number: int, placement: Placement | None) -> _Sort:
        text = placement.text if placement is not None else ""
        node = self._graph.node("node", "", text, str(number))
        return _Sort(number, placement, node, self._graph.node("hosted", str(number)))

    def _add_sorts(self) -> None:
        sorts = sorted({one.number: one for one in self._sorts.values()}.items())
        for _, one in sorts:
            for _, other in sorts:
                same = one.placement is not None and other.placement is not None
                sure = same and _may_share(one.placement or _NOT_CONTROL_PLANE, other.placement or _NOT_CONTROL_PLANE)
                self._graph.edge(one.node, other.workloads, None if sure else _APART)
            if one.placement is None:
                self._rule(one.node, Unknown(reason="whether it runs on a node of the control plane isn't known"))
            elif one.placement.control_plane:
                self._rule(one.node, True)
            elif one.placement.may_rule:
                self._rule(one.node, Unknown(reason="whether it runs on a node of the control plane isn't known"))


def _may_share(one: Placement, other: Placement) -> bool:
    """Whether nothing speaks against a node for both: no label with two values, no taint that only one of them bears.

    Whoever has a node may give it other labels, so that there is a way all the same; but none that is sure.
    """
    labels, others = dict(one.labels), dict(other.labels)
    if any(others.get(key, value) != value for key, value in labels.items()):
        return False
    if one.control_plane != other.control_plane and not (one.bears_all or other.bears_all):
        return False
    return not (_keeps_away(one, other) or _keeps_away(other, one))


def _keeps_away(one: Placement, other: Placement) -> bool:
    return bool(one.labels) and not other.bears_all and not one.tolerates <= other.tolerates


def _order(one: Placement) -> tuple[object, ...]:
    return one.labels, one.control_plane, sorted(one.tolerates), one.may_rule
