"""The shortest way from everywhere to a target, in one search backwards from it.

What is a target for one source may be another's own: its namespace's Secrets, its volumes. So goals carry labels, and
every node learns of the nearest two different labels; a source that has one label of its own takes the other. For
sources that have several, one more search tells every node of more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

from assay.detectors.rbac.graph import Certainty, Graph

KEPT = 2
_KEPT_FOR_SEVERAL = 16
"""Where a source has several labels of its own, though fewer than these."""
_MOST_EXACT = 64
"""Different sets of several labels of one's own, of each target."""

Ways = Mapping[str, int]
"""Label → the next node towards the nearest goal that has it, the nearest first; -1 at the goal itself."""
_NOWHERE: dict[str, int] = {}
"""The ways of all nodes that have none; never written to."""


class Field:
    """The ways of all nodes to some goals."""

    def __init__(self, goals: Mapping[int, str], ways: "Sequence[Ways] | _Others") -> None:
        """`ways` are those of all nodes, to goals of which each has a label."""
        self.goals = goals
        self.ways = ways

    def label(self, node: int, own: frozenset[str]) -> str | None:
        """That of the nearest goal that isn't one's own, if it is known."""
        return next((label for label in self.ways[node] if label not in own), None)

    def path(self, node: int, label: str) -> list[int]:
        """The nodes from this one to the goal, both included."""
        ways, found = self.ways, [node]
        while (node := ways[node][label]) >= 0:
            found.append(node)
        return found


class Gate:
    """What may be reached without some nodes, whatever the way."""

    def __init__(self, graph: Graph, goals: Mapping[int, str], without: Collection[int]) -> None:
        self._label: list[str | None] = [None] * len(graph.keys)
        self._several = bytearray(len(graph.keys))
        for node in without:
            self._several[node] = True  # as if all were known of it, so that nothing is told to those before it
        self._spread(graph, goals)
        for node in without:
            self._several[node] = False

    def may_reach(self, node: int, own: frozenset[str]) -> bool:
        """Whether a goal that isn't one's own may be reached. With at most one label of one's own, whether it is.

        Of two different labels, one is another's; with several labels of one's own, a third may be.
        """
        label = self._label[node]
        return bool(self._several[node]) or (label is not None and label not in own)

    def _spread(self, graph: Graph, goals: Mapping[int, str]) -> None:
        labels, several, into = self._label, self._several, graph.into
        pending = []
        for node, label in goals.items():
            if not several[node]:
                labels[node] = label
                pending.append((node, label))
        while pending:
            node, label = pending.pop()
            for before in into[node]:
                if several[before]:
                    continue
                known = labels[before]
                if known is None:
                    labels[before] = label
                elif known != label:
                    several[before] = True
                else:
                    continue
                pending.append((before, label))


class Target:
    """One target: its goals, and the searches for it, which are made once and when needed."""

    def __init__(self, graph: Graph, goals: Iterable[tuple[int, str]]) -> None:
        self.graph = graph
        self.goals = dict(sorted(set(goals)))
        self._labels = frozenset(self.goals.values())
        self._fields: dict[tuple[Certainty, int], Field] = {}
        self._exact: dict[tuple[Certainty, frozenset[str]], Field | None] = {}

    def search(self, node: int, own: frozenset[str], certainty: Certainty) -> tuple[Field, str | None] | None:
        """The field in which the node's shortest way lies, and its label, if there is one; None: it wasn't looked for.

        Ways to what is one's own may be in it as well.
        """
        field = self._field(certainty, KEPT)
        label = field.label(node, own)
        if label is not None or len(field.ways[node]) < KEPT:
            return field, label
        exact = self._without(own, certainty)
        return (exact, exact.label(node, own)) if exact else None

    def _field(self, certainty: Certainty, kept: int) -> Field:
        key = (certainty, kept)
        if key not in self._fields:
            self._fields[key] = Field(self.goals, _spread(self.graph, self.goals, certainty, kept))
        return self._fields[key]

    def _without(self, own: frozenset[str], certainty: Certainty) -> Field | None:
        # The nearest two are both its own, and there may be a third.
        key = (certainty, own)
        if key not in self._exact:
            self._exact[key] = self._exactly(own, certainty) if len(self._exact) < _MOST_EXACT else None
        return self._exact[key]

    def _exactly(self, own: frozenset[str], certainty: Certainty) -> Field:
        if len(own & self._labels) < _KEPT_FOR_SEVERAL:
            ways = self._field(certainty, _KEPT_FOR_SEVERAL).ways
            return Field(self.goals, _Others(ways, own))
        others = {node: label for node, label in self.goals.items() if label not in own}
        return Field(self.goals, _spread(self.graph, others, certainty, 1))


class _Others(dict[int, Ways]):
    """Of each node that is asked about, the shortest way to what isn't one's own."""

    def __init__(self, ways: "Sequence[Ways] | _Others", own: frozenset[str]) -> None:
        super().__init__()
        self._ways = ways
        self._own = own

    def __missing__(self, node: int) -> Ways:
        ways = self._ways[node].items()
        found = self[node] = next(({label: after} for label, after in ways if label not in self._own), _NOWHERE)
        return found


def _spread(graph: Graph, goals: Mapping[int, str], certainty: Certainty, kept: int) -> Sequence[Ways]:
    """At most `kept` ways of every node, to different labels; of those that are as long, to the goal that comes first.

    A search that keeps fewer, or leaves out goals of some labels, finds what is left of these ways without the others:
    which label enters a node first changes nothing in the order in which others do.
    """
    ways = [_NOWHERE] * len(graph.keys)
    into, maybe, entity = graph.into, graph.maybe if certainty == "possible" else {}, graph.entity
    for node, label in goals.items():
        ways[node] = {label: -1}
    queue = list(goals.items())
    waiting = 0
    while queue:
        entered: list[tuple[int, str]] = []
        for index, learnt in enumerate(queue):  # grows by what is as far away
            node, label = learnt
            if index >= waiting and entity[node]:  # what leads into it is further away
                entered.append(learnt)
                continue
            for before in chain(into[node], maybe[node]) if node in maybe else into[node]:
                known = ways[before]
                if known is _NOWHERE:
                    ways[before] = {label: node}
                elif len(known) < kept and label not in known:
                    known[label] = node
                else:
                    continue
                queue.append((before, label))
        queue, waiting = entered, len(entered)
    return ways
