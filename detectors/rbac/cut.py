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

    def smallest(self, nodes: Sequence[int], target: str, field: Field, own: frozenset[str]) -> list[str] | None:
        """Addresses, sorted; empty where a goal needs no binding; None: it takes too long to find out.

        `nodes` are the shortest way from the source. `own` are the labels of goals that don't count.
        """
        for spares, cuttable in self._cuttable:
            search = _Search(self._graph, field, own, cuttable)
            try:
                grants, reached = search.first(nodes[0], self._left_for_first)
            except _TooManyError:
                return None
            finally:
                self._left_for_first -= search.visits
            if not reached:
                return self._solved(search, nodes, (target, spares), grants)
        return []

    def _solved(
        self, search: "_Search", nodes: Sequence[int], asked: tuple[str, bool], grants: Sequence[int]
    ) -> list[str]:
        labels = {self._graph.grants[one] for one in grants}
        if len(labels) == 1:
            return sorted(labels)
        key = (*asked, search.own, frozenset(grants))
        if key not in self._answers:
            gate = self._gate(search, nodes, asked[0], len(labels) - 1)
            self._answers[key] = [gate] if gate else self._flowing(search, nodes[0], grants, labels)
        return self._answers[key]

    def _gate(self, search: "_Search", nodes: Sequence[int], target: str, weight: int) -> str | None:
        """A binding of the shortest way, the last first, without which the source has no way left.

        It is searched for where it saves enough: `weight` is what the flow would have to try at least.
        """
        for label in [self._graph.grants[node] for node in reversed(nodes) if node in search.cuttable]:
            key = (target, label)
            self._asked[key] += weight
            if key not in self._gates and self._asked[key] > _OFTEN and len(self._gates) < _MOST_GATES:
                self._gates[key] = Gate(self._graph, search.field.goals, self._nodes[label])
            # What may be reached all the same leaves it to the flow to decide.
            if key in self._gates and not self._gates[key].may_reach(nodes[0], search.own):
                return label
        return None

    def _flowing(self, search: "_Search", source: int, grants: Sequence[int], labels: set[str]) -> list[str]:
        search.visits, search.most = 0, min(self._left, MOST_VISITS)
        if search.most <= 0:  # the first edge would be one too many
            return sorted(labels)
        try:
            found = search.minimum(grants)
            if self._graph.copied and len(found) > 1:
                found = search.reduced(source, found, labels)
        except _TooManyError:
            found = labels
        finally:
            self._left -= search.visits
        return sorted(found)


class _TooManyError(Exception):
    pass


class _Search:
    """Looks for ways from one source to the goals of a field."""

    def __init__(self, graph: Graph, field: Field, own: frozenset[str], cuttable: frozenset[int]) -> None:
        self.field = field
        self.own = own
        self.cuttable = cuttable
        """The nodes that are bindings which may be taken away."""
        self.visits = 0
        self.most = 0
        self._graph = graph
        self._used: set[int] = set()
        """Bindings that a way of the flow leads through."""
        self._flow: dict[int, dict[int, int]] = defaultdict(dict)
        """Node → the node before it → how many ways of the flow take that edge."""

    def first(self, source: int, most_visits: int) -> tuple[list[int], bool]:
        """The first bindings on every way, and whether a goal is reached without any."""
        self.most = most_visits
        found: set[int] = set()
        pending, seen = [source], {source}
        while pending:
            node = pending.pop()
            if self._is_goal(node):
                return [], True
            for after in self._steps(node):
                if after in seen:
                    continue
                seen.add(after)
                if after in self.cuttable:
                    found.add(after)
                else:
                    pending.append(after)
        return sorted(found), False

    def minimum(self, grants: Sequence[int]) -> set[str]:
        """The cut behind which these bindings, the first of every way, have no way left to a goal."""
        while True:
            reached, end = self._augmenting(grants)
            if end is None:
                break
            self._augment(reached, end)
        # What can still be entered, but not be gone through, is what all ways have to pass.
        entered = [node for node, out in reached if not out and (node, True) not in reached]
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
        pending, seen = [source], {source}
        while pending:
            node = pending.pop()
            if self._is_goal(node):
                return False
            for after in self._steps(node):
                if after not in seen and self._graph.grants.get(after) not in labels:
                    seen.add(after)
                    pending.append(after)
        return True

    def _augmenting(self, grants: Sequence[int]) -> tuple["_Reached", "_State | None"]:
        """A way through what the flow leaves free: how each state was reached, and the goal, if one was."""
        reached: _Reached = {(node, _IN): None for node in reversed(grants)}
        pending = list(reached)
        while pending:
            state = pending.pop()
            if self._is_goal(state[0]):
                return reached, state
            for move in self._moves(state):
                if move[0] not in reached:
                    reached[move[0]] = (state, move[1])
                    pending.append(move[0])
        return reached, None

    def _moves(self, state: "_State") -> "list[tuple[_State, str]]":
        node, side = state
        cuttable = node in self.cuttable
        found: list[tuple[_State, str]] = []
        if side == _IN or not cuttable:
            found += [((before, _OUT), "back") for before, ways in self._flow[node].items() if ways]
        if cuttable and (node in self._used) == (side == _OUT):
            found.append(((node, not side), "through"))
        if side == _OUT:
            found += [((after, after not in self.cuttable), "on") for after in self._steps(node)]
        return found

    def _augment(self, reached: "_Reached", end: "_State") -> None:
        state = end
        while (step := reached[state]) is not None:
            before, move = step
            if move == "through":
                (self._used.add if state[1] == _OUT else self._used.discard)(state[0])
            elif move == "on":
                ways = self._flow[state[0]]
                ways[before[0]] = ways.get(before[0], 0) + 1
            else:
                self._flow[before[0]][state[0]] -= 1
            state = before

    def _steps(self, node: int) -> list[int]:
        """The next nodes from which a goal may be reached, the nearest to it last."""
        ways, own = self.field.ways, self.own
        after = self._graph.out[node]
        self.visits += 1 + len(after)
        if self.visits > self.most:
            raise _TooManyError
        # Of two ways with different labels, one is another's; with several labels of one's own, a third may be.
        found = [one for one in after if (known := ways[one]) and (len(known) > 1 or own.isdisjoint(known))]
        nearest = [one for one in ways[node].values() if one >= 0] if len(found) > 1 else []
        return found + nearest

    def _is_goal(self, node: int) -> bool:
        label = self.field.goals.get(node)
        return label is not None and label not in self.own


_IN, _OUT = False, True
_State = tuple[int, bool]
"""A node, and for bindings the side of it: only between the two can it be cut. Other nodes have the side out."""
_Reached = dict[_State, tuple[_State, str] | None]
