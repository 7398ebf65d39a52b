"""The smallest set of bindings without which a source reaches a target no more.

It is a minimum vertex cut between the source and the goals, found by augmenting paths (Ford and Fulkerson); nothing but
bindings can be cut, and Kubernetes' own only where there is no other way. Where rights of several bindings are needed
together, a binding stands at several places in the graph: then none of the set can be spared, and it is the smallest
where one binding suffices, but of larger ones there may be a smaller one.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence

from assay.detectors.rbac.graph import Graph
from assay.detectors.rbac.nearest import Field, Gate

MOST_VISITS = 8_000
"""Edges looked at for one cut. Beyond it the answer is the first bindings of every way, which is a cut as well."""
MOST_VISITS_IN_ALL = 400_000
"""For all cuts of one graph, and as much again to find the first bindings, without which no cut is known."""
_OFTEN = 3
_MOST_GATES = 24
"""Searches without a binding that many ways lead through, to learn for all sources at once whether it is a cut."""


class Cuts:
    """The cuts of one graph; the same question is answered once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._left_for_first = MOST_VISITS_IN_ALL
        self._left = MOST_VISITS_IN_ALL
        self._answers: dict[tuple[str, bool, frozenset[str], frozenset[int]], list[str]] = {}
        self._nodes: dict[str, list[int]] = defaultdict(list)
        for node, label in graph.grants.items():
            self._nodes[label].append(node)
        every = frozenset(graph.grants)
        ours = frozenset(node for node, label in graph.grants.items() if label not in graph.expected)
        self._cuttable = [(True, ours), (False, every)] if graph.expected else [(False, every)]
        """Whether Kubernetes' own are spared, and what may be taken away: first without them, then with them."""
        self._asked: dict[tuple[str, str], int] = defaultdict(int)
        self._gates: dict[tuple[str, str], Gate] = {}
        self._ahead: dict[tuple[Field, frozenset[str], bool], _Ahead] = {}

    def smallest(self, nodes: Sequence[int], target: str, field: Field, own: frozenset[str]) -> list[str] | None:
        """Addresses, sorted; empty where a goal needs no binding; None: it takes too long to find out.

        `nodes` are the shortest way from the source. `own` are the labels of goals that don't count.
        """
        for spares, cuttable in self._cuttable:
            try:
                grants = self._first(nodes[0], field, own, cuttable)
            except _TooManyError:
                return None
            if grants is not None:
                key = (field, own, spares)
                if key not in self._ahead:
                    self._ahead[key] = _Ahead(self._graph, field, own, cuttable)
                return self._solved(self._ahead[key], nodes, (target, spares), grants)
        return []

    def _first(self, source: int, field: Field, own: frozenset[str], cuttable: frozenset[int]) -> set[int] | None:
        """The first bindings on every way; None: a goal is reached without any."""
        found: set[int] = set()
        pending, seen = [source], {source}
        while pending:
            node = pending.pop()
            if field.is_goal(node, own):
                return None
            after = self._graph.out[node]
            self._left_for_first -= 1 + len(after)
            if self._left_for_first < 0:
                raise _TooManyError
            for one in field.onward(node, after, own):
                if one not in seen:
                    seen.add(one)
                    if one in cuttable:
                        found.add(one)
                    else:
                        pending.append(one)
        return found

    def _solved(
        self, ahead: "_Ahead", nodes: Sequence[int], asked: tuple[str, bool], grants: Collection[int]
    ) -> list[str]:
        labels = {self._graph.grants[one] for one in grants}
        if len(labels) == 1:
            return sorted(labels)
        key = (*asked, ahead.own, frozenset(grants))
        if key not in self._answers:
            gate = self._gate(ahead, nodes, asked[0], len(labels) - 1)
            self._answers[key] = [gate] if gate else self._flowing(ahead, nodes[0], sorted(grants), labels)
        return self._answers[key]

    def _gate(self, ahead: "_Ahead", nodes: Sequence[int], target: str, weight: int) -> str | None:
        """A binding of the shortest way, the last first, without which the source has no way left.

        It is searched for where it saves enough: `weight` is what the flow would have to try at least.
        """
        for label in [self._graph.grants[node] for node in reversed(nodes) if node in ahead.cuttable]:
            key = (target, label)
            self._asked[key] += weight
            if key not in self._gates and self._asked[key] > _OFTEN and len(self._gates) < _MOST_GATES:
                self._gates[key] = Gate(self._graph, ahead.field.goals, self._nodes[label], ahead.field.ways)
            # What may be reached all the same leaves it to the flow to decide.
            if key in self._gates and not self._gates[key].may_reach(nodes[0], ahead.own):
                return label
        return None

    def _flowing(self, ahead: "_Ahead", source: int, grants: Sequence[int], labels: set[str]) -> list[str]:
        most = min(self._left, MOST_VISITS)
        if most <= 0:  # the first edge would be one too many
            return sorted(labels)
        search = _Search(self._graph, ahead, most)
        try:
            found = search.minimum(grants)
            if self._graph.copied and len(found) > 1:
                found = search.reduced(source, found, labels)
        except _TooManyError:
            found = labels
        self._left -= search.visits
        return sorted(found)


class _TooManyError(Exception):
    pass


class _Ahead(dict[int, "list[_State]"]):
    """From every node that is asked about, the next ones from which a goal may be reached.

    Known once for all sources that have the same of their own.
    """

    def __init__(self, graph: Graph, field: Field, own: frozenset[str], cuttable: frozenset[int]) -> None:
        super().__init__()
        self.field = field
        self.own = own
        self.cuttable = cuttable
        """The nodes that are bindings which may be taken away."""
        self._out = graph.out

    def __missing__(self, node: int) -> "list[_State]":
        onward = self.field.onward(node, self._out[node], self.own)
        states = self[node] = [2 * one + (one not in self.cuttable) for one in onward]
        return states

    def is_goal(self, node: int) -> bool:
        """Whether it is one, and not one's own."""
        return self.field.is_goal(node, self.own)


class _Search:
    """Looks for the smallest cut between one source and the goals."""

    def __init__(self, graph: Graph, ahead: _Ahead, most: int) -> None:
        """It gives up after so many visits."""
        self.visits = 0
        self._most = most
        self._graph = graph
        self._ahead = ahead
        self._used: set[int] = set()
        """Bindings that a way of the flow leads through."""
        self._flow: dict[int, dict[int, int]] = defaultdict(dict)
        """Node → the node before it → how many ways of the flow take that edge."""

    def minimum(self, grants: Sequence[int]) -> set[str]:
        """The cut behind which these bindings, the first of every way, have no way left to a goal."""
        while True:
            reached, end = self._augmenting(grants)
            if end is None:
                break
            self._augment(reached, end)
        # What can still be entered, but not be gone through, is what all ways have to pass.
        entered = [state >> 1 for state in reached if not state & _OUT and state | _OUT not in reached]
        return {self._graph.grants[node] for node in entered}

    def reduced(self, source: int, found: set[str], labels: Collection[str]) -> set[str]:
        """One binding that is a cut by itself, or the set without what it doesn't take."""
        for label in sorted(found | set(labels)):
            if self._separates(source, {label}):
                return {label}
        for label in sorted(found):
            if self._separates(source, found - {label}):
                found = found - {label}
        return found

    def _separates(self, source: int, labels: Collection[str]) -> bool:
        pending, seen = [source], {2 * source + _OUT}
        while pending:
            node = pending.pop()
            if self._ahead.is_goal(node):
                return False
            for state in self._steps(node):
                if state not in seen and self._graph.grants.get(state >> 1) not in labels:
                    seen.add(state)
                    pending.append(state >> 1)
        return True

    def _augmenting(self, grants: Sequence[int]) -> tuple["_Reached", "_State | None"]:
        """A way through what the flow leaves free: how each state was reached, and the goal, if one was."""
        reached: _Reached = {2 * node: None for node in reversed(grants)}
        pending = list(reached)
        while pending:
            state = pending.pop()
            node, out = state >> 1, state & _OUT
            if self._ahead.is_goal(node):
                return reached, state
            cuttable = node in self._ahead.cuttable
            if node in self._flow and not (cuttable and out):
                for before, ways in self._flow[node].items():
                    if ways and (after := 2 * before + _OUT) not in reached:
                        reached[after] = (state, "back")
                        pending.append(after)
            if cuttable and (node in self._used) == bool(out) and (after := state ^ _OUT) not in reached:
                reached[after] = (state, "through")
                pending.append(after)
            for after in self._steps(node) if out else ():
                if after not in reached:
                    reached[after] = (state, "on")
                    pending.append(after)
        return reached, None

    def _augment(self, reached: "_Reached", end: "_State") -> None:
        state = end
        while (step := reached[state]) is not None:
            node, (previous, move) = state >> 1, step
            before = previous >> 1
            if move == "through":
                (self._used.add if state & _OUT else self._used.discard)(node)
            elif move == "on":
                ways = self._flow[node]
                ways[before] = ways.get(before, 0) + 1
            else:
                self._flow[before][node] -= 1
            state = previous

    def _steps(self, node: int) -> "list[_State]":
        self.visits += 1 + len(self._graph.out[node])
        if self.visits > self._most:
            raise _TooManyError
        return self._ahead[node]


_OUT = 1
_State = int
"""Twice a node, and one more on its far side: only between the two can a binding be cut. Other nodes have but that."""
_Reached = dict[_State, tuple[_State, str] | None]
