"""The shortest way from everywhere to a target, in one search backwards from it.

What is a target for one source may be another's own: its namespace's Secrets, its volumes. So goals carry labels, and
every node learns of the nearest two different labels; a source that has one label of its own takes the other.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from assay.detectors.rbac.graph import Certainty, Graph

KEPT = 2
_MOST_EXACT = 64
"""Searches for sources that have several labels of their own, of each target and certainty."""


class Way(Struct, frozen=True):
    """The next step towards the nearest goal of a label."""

    label: str
    length: int
    after: int
    """The next node; -1 at the goal itself."""


class Field:
    """The ways of all nodes to some goals."""

    def __init__(
        self,
        graph: Graph,
        goals: Sequence[tuple[int, str]],
        certainty: Certainty = "sure",
        kept: int = KEPT,
        without: Collection[int] = (),
    ) -> None:
        """Of each node at most `kept` ways are known; nodes in `without` are taken away."""
        self.goals: Mapping[int, str] = dict(goals)
        self.kept = kept
        self.ways = _spread(graph, goals, certainty, kept, without)

    def way(self, node: int, own: frozenset[str]) -> Way | None:
        """The shortest to a label that isn't one's own, if it is known."""
        return next((way for way in self.ways[node] if way.label not in own), None)

    def may_reach(self, node: int, own: frozenset[str]) -> bool:
        """Whether a goal that isn't one's own may be reached. With at most one label of one's own, whether it is.

        Of two ways with different labels, one is another's; with several labels of one's own, a third may be.
        """
        ways = self.ways[node]
        if len(ways) == 1:
            return ways[0].label not in own
        return len(ways) > 1

    def path(self, node: int, label: str) -> list[int]:
        """The nodes from this one to the goal, both included."""
        found = [node]
        while (after := next(way.after for way in self.ways[found[-1]] if way.label == label)) >= 0:
            found.append(after)
        return found


class Target:
    """One target: its goals, and the search for it, which is made once and when needed."""

    def __init__(self, graph: Graph, goals: Iterable[tuple[int, str]]) -> None:
        self.graph = graph
        self.goals = sorted(set(goals))
        self._kept = min(KEPT, len({label for _, label in self.goals}))
        self._fields: dict[Certainty, Field] = {}
        self._exact: dict[tuple[Certainty, frozenset[str]], Field | None] = {}

    def field(self, certainty: Certainty) -> Field:
        """The ways to all goals, whosever they are."""
        if certainty not in self._fields:
            self._fields[certainty] = Field(self.graph, self.goals, certainty, max(self._kept, 1))
        return self._fields[certainty]

    def search(self, node: int, own: frozenset[str], certainty: Certainty) -> tuple[Field, Way | None] | None:
        """The field in which the node's shortest way lies, and the way, if there is one; None: it wasn't looked for."""
        field = self.field(certainty)
        way = field.way(node, own)
        if way is not None or len(field.ways[node]) < KEPT or not own:
            return field, way
        exact = self._without(own, certainty)
        return (exact, exact.way(node, own)) if exact else None

    def _without(self, own: frozenset[str], certainty: Certainty) -> Field | None:
        # The nearest two are both its own, and there may be a third.
        key = (certainty, own)
        if key not in self._exact:
            made = sum(field is not None for field in self._exact.values())
            goals = [goal for goal in self.goals if goal[1] not in own]
            self._exact[key] = Field(self.graph, goals, certainty, 1) if made < _MOST_EXACT else None
        return self._exact[key]


def _spread(
    graph: Graph, goals: Sequence[tuple[int, str]], certainty: Certainty, kept: int, without: Collection[int]
) -> list[tuple[Way, ...]]:
    ways: list[tuple[Way, ...]] = [()] * len(graph.keys)
    level = [(node, label, -1) for node, label in goals]
    length = 0
    into, maybe, entity = graph.into, graph.maybe, graph.entity
    while level:
        further: list[tuple[int, str, int]] = []
        for node, label, after in level:  # grows by what is as far away
            known = ways[node]
            if len(known) >= kept or (known and known[0].label == label) or node in without:
                continue
            ways[node] = (*known, Way(label, length, after))
            wave = further if entity[node] else level
            for before in into[node]:
                if len(ways[before]) < kept:
                    wave.append((before, label, node))
            if certainty == "possible":
                for before in maybe.get(node, ()):
                    if len(ways[before]) < kept:
                        wave.append((before, label, node))
        level = further
        length += 1
    return ways
