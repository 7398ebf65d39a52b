"""The shortest way from everywhere to a target, in one search backwards from it.

What is a target for one source may be another's own: its namespace's Secrets, its volumes. So goals carry labels, and
every node learns of the nearest two different labels; a source that has one label of its own takes the other. For
sources that have several, further searches tell every node of more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from assay.detectors.rbac.graph import Certainty, Graph

KEPT = 2
_KEPT_FOR_SOME = 8
"""For nodes to which more than two labels are their source's own."""
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

    def is_goal(self, node: int, own: frozenset[str]) -> bool:
        """Whether it is one, and not one's own."""
        label = self.goals.get(node)
        return label is not None and label not in own

    def onward(self, node: int, after: Sequence[int], own: frozenset[str]) -> list[int]:
        """Those of the next nodes from which a goal may be reached that isn't one's own, the nearest to it last."""
        ways = self.ways
        # Of two ways with different labels, one is another's; with several labels of one's own, a third may be.
        found = [one for one in after if (known := ways[one]) and (len(known) > 1 or own.isdisjoint(known))]
        if len(found) > 1:
            found += [one for label, one in ways[node].items() if one >= 0 and label not in own]
        return found

    def path(self, node: int, label: str) -> list[int]:
        """The nodes from this one to the goal, both included."""
        ways, found = self.ways, [node]
        while (node := ways[node][label]) >= 0:
            found.append(node)
        return found


class Gate:
    """What may be reached without some nodes, whatever the way.

    A short look ahead answers most questions. Once these have cost what a search for all nodes costs, that is made.
    """

    def __init__(
        self, graph: Graph, goals: Mapping[int, str], without: Collection[int], ways: "Sequence[Ways] | _Others" = ()
    ) -> None:
        """`ways` are tried first: those that are the nearest with these nodes."""
        self._graph = graph
        self._goals = goals
        self._without = frozenset(without)
        self._ways = ways
        self._left = len(graph.keys)
        """Nodes and edges to be looked at, before the search for all of them."""
        self._known: _Labels | None = None

    def may_reach(self, node: int, own: frozenset[str]) -> bool:
        """Whether a goal that isn't one's own may be reached. With at most one label of one's own, whether it is.

        Of two different labels, one is another's; with several labels of one's own, a third may be.
        """
        if self._known is None:
            answer = self._ahead(node, own)
            if answer is not None:
                return answer
            self._known = _Labels(self._graph, self._goals, self._without)
        label = self._known.first[node]
        return bool(self._known.several[node]) or (label is not None and label not in own)

    def _ahead(self, source: int, own: frozenset[str]) -> bool | None:
        """The same from one node; None: it takes too long."""
        out, ways, goals = self._graph.out, self._ways, self._goals
        pending, seen, met = [source], set(self._without), set[str]()
        while pending:
            node = pending.pop()
            if node in seen:
                continue
            seen.add(node)
            label = goals.get(node)
            if label is not None:
                met.add(label)
                if label not in own or len(met) > 1:
                    return True
            self._left -= 1 + len(out[node])
            if self._left < 0:
                return None
            pending += out[node]
            if ways:
                pending += [after for after in ways[node].values() if after >= 0]
        return False


class _Labels:
    """Of every node, one label that is reached without some nodes, and whether others are."""

    def __init__(self, graph: Graph, goals: Mapping[int, str], without: Collection[int]) -> None:
        self.first: list[str | None] = [None] * len(graph.keys)
        self.several = bytearray(len(graph.keys))
        for node in without:
            self.several[node] = True  # as if all were known of it, so that nothing is told to those before it
        self._spread(graph, goals)
        for node in without:
            self.several[node] = False

    def _spread(self, graph: Graph, goals: Mapping[int, str]) -> None:
        first, several, into = self.first, self.several, graph.into
        pending = []
        for node, label in goals.items():
            if not several[node]:
                first[node] = label
                pending.append((node, label))
        while pending:
            node, label = pending.pop()
            for before in into[node]:
                if several[before]:
                    continue
                known = first[before]
                if known is None:
                    first[before] = label
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
        self._fields = _Fields(graph, self.goals)
        self._exact: dict[tuple[Certainty, frozenset[str]], Field | None] = {}
        self._led: set[int] | None = None

    def search(self, node: int, own: frozenset[str], certainty: Certainty) -> tuple[Field, str | None] | None:
        """The field in which the node's shortest way lies, and its label, if there is one; None: it wasn't looked for.

        Ways to what is one's own may be in it as well.
        """
        field = self._fields.of(certainty, KEPT)
        label = field.label(node, own)
        if label is not None or len(field.ways[node]) < KEPT:
            return field, label
        exact = self._without(own, certainty)
        return (exact, exact.label(node, own)) if exact else None

    def unsure(self, node: int) -> bool:
        """Whether edges that aren't sure may lead the node to labels to which those that are sure don't."""
        if not self.graph.reasons:
            return False
        ways = self._fields.of("sure", KEPT).ways
        if self._led is None:
            self._led = _led(self.graph, ways)
        return node in self._led or len(ways[node]) >= KEPT

    def _without(self, own: frozenset[str], certainty: Certainty) -> Field | None:
        # The nearest two are both its own, and there may be a third.
        key = (certainty, own)
        if key not in self._exact:
            self._exact[key] = self._exactly(own, certainty) if len(self._exact) < _MOST_EXACT else None
        return self._exact[key]

    def _exactly(self, own: frozenset[str], certainty: Certainty) -> Field:
        if len(own & self._labels) < _KEPT_FOR_SEVERAL:
            return Field(self.goals, _Others(self._fields, certainty, own))
        others = {node: label for node, label in self.goals.items() if label not in own}
        return Field(self.goals, _spread(self.graph, others, certainty, 1))


class _Fields:
    """The ways of all nodes to the nearest few labels."""

    def __init__(self, graph: Graph, goals: Mapping[int, str]) -> None:
        self._graph = graph
        self._goals = goals
        self._found: dict[tuple[Certainty, int], Field] = {}

    def of(self, certainty: Certainty, kept: int) -> Field:
        """Those to at most so many."""
        key = (certainty, kept)
        if key not in self._found:
            self._found[key] = Field(self._goals, _spread(self._graph, self._goals, certainty, kept))
        return self._found[key]


class _Others(dict[int, Ways]):
    """Of each node that is asked about, the shortest way to what isn't one's own."""

    def __init__(self, fields: _Fields, certainty: Certainty, own: frozenset[str]) -> None:
        super().__init__()
        self._fields = fields
        self._certainty: Certainty = certainty
        self._own = own

    def __missing__(self, node: int) -> Ways:
        for kept in (KEPT, _KEPT_FOR_SOME, _KEPT_FOR_SEVERAL):
            ways = self._fields.of(self._certainty, kept).ways[node]
            label = next((label for label in ways if label not in self._own), None)
            if label is not None or len(ways) < kept:
                break
        found = self[node] = _NOWHERE if label is None else {label: ways[label]}
        return found


def _led(graph: Graph, ways: "Sequence[Ways] | _Others") -> set[int]:
    """The nodes from which edges that aren't sure may lead to labels of which the sure `ways` don't know.

    Of other nodes all labels are known: where such an edge starts, either nothing is behind it, or only what is there.
    """
    found: set[int] = set()
    pending = [
        before
        for node, several in graph.maybe.items()
        for before in several
        if ways[node] and (len(ways[node]) >= KEPT or ways[node].keys() != ways[before].keys())
    ]
    while pending:
        node = pending.pop()
        if node not in found:
            found.add(node)
            pending += graph.into[node]
            pending += graph.maybe.get(node, ())
    return found


def _spread(graph: Graph, goals: Mapping[int, str], certainty: Certainty, kept: int) -> Sequence[Ways]:
    """At most `kept` ways of every node, to different labels; of those that are as long, to the goal that comes first.

    A search that keeps fewer, or leaves out goals of some labels, finds what is left of these ways without the others:
    which label enters a node first changes nothing in the order in which others do.
    """
    ways = [_NOWHERE] * len(graph.keys)
    into, entity = graph.into, graph.entity
    if certainty == "possible":
        into = [*into]
        for node, more in graph.maybe.items():
            into[node] = into[node] + more
    near: list[tuple[int, str]] = []
    """What was reached; grows by what is as far away."""
    further: list[tuple[int, str]] = []
    """What leads into an entity is further away."""
    for node, label in goals.items():
        ways[node] = {label: -1}
        (further if entity[node] else near).append((node, label))
    while near or further:
        for node, label in near:
            for before in into[node]:
                known = ways[before]
                if not known:
                    ways[before] = {label: node}
                elif label not in known and len(known) < kept:
                    known[label] = node
                else:
                    continue
                (further if entity[before] else near).append((before, label))
        near, further = further, []
    return ways
