"""Searches backwards from a target: the shortest way past what is one's own, and cuts of those who own several."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors.rbac import cut, nearest
from assay.detectors.rbac.cut import Cuts
from assay.detectors.rbac.graph import Graph
from assay.detectors.rbac.nearest import Gate, Target

NODES = 12
LABELS = ("a", "b", "c", "d", "e")
numbers = st.integers(0, NODES - 1)
edges = st.lists(st.tuples(numbers, numbers), max_size=40)
goals = st.dictionaries(numbers, st.sampled_from(LABELS), min_size=1, max_size=6)
owned = st.frozensets(st.sampled_from(LABELS), max_size=4)
KINDS = st.lists(st.sampled_from(("identity", "can", "grant")), min_size=NODES, max_size=NODES)


def graph_of(kinds: Sequence[str], joined: Sequence[tuple[int, int]]) -> Graph:
    graph = Graph()
    for number, kind in enumerate(kinds):
        node = graph.node(kind, str(number))
        if kind == "grant":
            graph.grants[node] = f"RoleBinding.b{number}"
    for start, end in joined:
        graph.edge(start, end)
    return graph


def lengths(graph: Graph, start: int, without: Collection[int] = ()) -> dict[int, int]:
    """Node → how many entities are entered on the way to it."""
    found = {start: 0}
    changed = start not in without
    while changed:
        changed = False
        for node, length in list(found.items()):
            for after in graph.out[node]:
                longer = length + graph.entity[after]
                if after not in without and longer < found.get(after, longer + 1):
                    found[after] = longer
                    changed = True
    return found


@settings(max_examples=300, deadline=None)
@given(KINDS, edges, goals, owned)
def test_the_nearest_is_found_however_many_labels_are_ones_own(
    kinds: Any, joined: Any, labels: dict[int, str], own: frozenset[str]
) -> None:
    graph = graph_of(kinds, joined)
    target = Target(graph, labels.items())
    for node in range(NODES):
        reached = lengths(graph, node)
        others = [reached[goal] for goal, label in labels.items() if label not in own and goal in reached]
        searched = target.search(node, own, "sure")
        assert searched is not None
        field, label = searched
        assert (label is not None) == bool(others)
        if label is not None:
            way = field.path(node, label)
            assert all(after in graph.out[before] for before, after in pairwise(way))
            assert labels[way[-1]] == label and label not in own
            assert sum(graph.entity[one] for one in way[1:]) == min(others)


@settings(max_examples=200, deadline=None)
@given(KINDS, edges, goals, owned)
def test_one_search_for_all_finds_the_same_ways_as_one_for_each(
    kinds: Any, joined: Any, labels: dict[int, str], own: frozenset[str]
) -> None:
    graph = graph_of(kinds, joined)
    with pytest.MonkeyPatch.context() as patch:
        together = Target(graph, labels.items())
        found = [_way(together, node, own) for node in range(NODES)]
        patch.setattr(nearest, "_KEPT_FOR_SEVERAL", 0)
        apart = Target(graph, labels.items())
        assert found == [_way(apart, node, own) for node in range(NODES)]


def _way(target: Target, node: int, own: frozenset[str]) -> list[int] | None:
    searched = target.search(node, own, "sure")
    assert searched is not None
    field, label = searched
    return field.path(node, label) if label is not None else None


@settings(max_examples=200, deadline=None)
@given(KINDS, edges, goals, owned, st.frozensets(numbers, max_size=3))
def test_a_gate_never_says_that_what_can_be_reached_cannot(
    kinds: Any, joined: Any, labels: dict[int, str], own: frozenset[str], without: frozenset[int]
) -> None:
    graph = graph_of(kinds, joined)
    gate = Gate(graph, labels, without)
    for node in set(range(NODES)) - without:
        reached = lengths(graph, node, without)
        others = any(goal in reached and label not in own for goal, label in labels.items() if goal not in without)
        assert gate.may_reach(node, own) or not others
        if len(own) < 2:
            assert gate.may_reach(node, own) == others


@settings(max_examples=200, deadline=None)
@given(KINDS, edges, goals, st.lists(st.tuples(numbers, owned), max_size=20), st.frozensets(numbers, max_size=3))
def test_a_gate_answers_the_same_however_often_it_was_asked(
    kinds: Any,
    joined: Any,
    labels: dict[int, str],
    asked: Sequence[tuple[int, frozenset[str]]],
    without: frozenset[int],
) -> None:
    graph = graph_of(kinds, joined)
    often = Gate(graph, labels, without)
    for node, own in asked:
        assert often.may_reach(node, own) == Gate(graph, labels, without).may_reach(node, own)


@settings(max_examples=300, deadline=None)
@given(KINDS, edges, edges, goals, owned)
def test_edges_that_arent_sure_are_passed_over_only_where_they_lead_to_nothing_else(
    kinds: Any, joined: Any, unsure: Any, labels: dict[int, str], own: frozenset[str]
) -> None:
    graph = graph_of(kinds, joined)
    for start, end in unsure[:6]:
        graph.edge(start, end, "not read")
    target = Target(graph, labels.items())
    for node in range(NODES):
        sure, possible = target.search(node, own, "sure"), target.search(node, own, "possible")
        assert sure is not None and possible is not None
        if sure[1] is None and possible[1] is not None:
            assert target.unsure(node)


@settings(max_examples=300, deadline=None)
@given(KINDS, edges, goals, st.lists(owned, min_size=NODES, max_size=NODES))
def test_what_is_a_cut_for_one_source_is_none_for_another_that_has_a_way_past_it(
    kinds: Any, joined: Any, labels: dict[int, str], owns: Sequence[frozenset[str]]
) -> None:
    graph = graph_of(kinds, joined)
    labels = {node: label for node, label in labels.items() if node not in graph.grants}
    target = Target(graph, labels.items())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cut, "_OFTEN", 0)
        cuts = Cuts(graph)
        for node, own in enumerate(owns):
            way = _way(target, node, own) if node not in graph.grants else None
            searched = target.search(node, own, "sure")
            if way is None or searched is None:
                continue
            found = cuts.smallest(way, "secrets", searched[0], own)
            assert found is not None
            taken = [grant for grant, address in graph.grants.items() if address in found]
            reached = lengths(graph, node, taken)
            past = any(goal in reached and label not in own for goal, label in labels.items())
            assert past == (not found)


def test_what_is_ones_own_is_a_goal_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "_OFTEN", 0)
    graph = Graph()
    one, other, hub, far = (graph.node("identity", name) for name in ("one", "other", "hub", "far"))
    for source in (one, other):
        for number in range(2):
            graph.edge(source, (grant := graph.node("grant", f"{source}-{number}")))
            graph.edge(grant, hub)
            graph.grants[grant] = f"RoleBinding.{source}-{number}"
    near, distant = graph.node("grant", "near"), graph.node("grant", "distant")
    graph.grants |= {near: "RoleBinding.near", distant: "RoleBinding.distant"}
    labels = {graph.node("secrets", name): name for name in ("a", "b", "c")}
    a, b, c = labels
    for start, end in ((hub, near), (near, b), (near, c), (hub, distant), (distant, far), (far, a)):
        graph.edge(start, end)
    target, cuts = Target(graph, labels.items()), Cuts(graph)
    told = {}
    for source, own in ((one, frozenset({"a", "b"})), (other, frozenset({"b"}))):
        searched, way = target.search(source, own, "sure"), _way(target, source, own)
        assert searched is not None and way is not None and near in way
        told[source] = cuts.smallest(way, "secrets", searched[0], own)
    assert told[one] == ["RoleBinding.near"]
    assert len(told[other] or ()) == 2
