"""PodDisruptionBudgets, and the workloads of which they keep some pod while nodes are drained."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice

from assay.detectors.answers import Answer, all_of, any_of
from assay.detectors.cluster.amounts import Amount, amount
from assay.detectors.exposure import read
from assay.detectors.exposure.endpoints import Workload
from assay.detectors.exposure.selectors import Index, Selector, equalities, matches
from assay.detectors.worlds import World
from assay.scanner.api import Resource, Unknown

_MOST = 100
"""Budgets that may be for one workload. The API server evicts nothing that has two."""
_CROWDED = Unknown(reason=f"a workload of the namespace may have more than {_MOST} budgets")
_EACH_NODE = Unknown(reason="a budget is for pods of which one runs on each node or in each run")
_NOT_ONE_LIMIT = Unknown(reason="the budget doesn't say either how many pods must stay or how many may be away")


class Budgets:
    """The PodDisruptionBudgets of a source."""

    def __init__(self, world: World, ends: Sequence[Workload | None]) -> None:
        """`ends` are the world's workloads, in their order."""
        self._unread = world.unread("cluster.disruption-budget")
        pods_unread = world.unread("workload.pods")
        budgets: dict[str, list[_Budget]] = defaultdict(list)
        for resource in world.of("cluster.disruption-budget"):
            namespace = read.text(read.fact(resource, "namespace"))
            stated = read.fact(resource, "selector")
            if isinstance(namespace, Unknown):
                self._unread = self._unread or namespace.reason
            elif stated is not None:
                labels = read.labels(stated)
                selector = labels if isinstance(labels, Unknown) else equalities(labels)
                budgets[namespace].append(_Budget(selector, resource, pods_unread))
        self._by_namespace = {name: Index((one.selector, one) for one in found) for name, found in budgets.items()}
        self._crowded: set[str] = set()
        for resource, workload in zip(world.of("workload.pods"), ends, strict=True):
            if workload is None or workload.namespace in self._crowded:
                continue
            for budget in self._candidates(workload):
                budget.count(resource.address, budget.selects(workload), _replicas(resource))

    def keep_some(self, workload: Workload, resource: Resource) -> Answer:
        """Whether one of them is for a workload, and lets not all its pods be evicted at the same time."""
        if workload.namespace in self._crowded:
            return _CROWDED
        replicas = _replicas(resource)
        found = any_of(
            all_of((one.selects(workload), one.keeps_some(resource.address, replicas)))
            for one in self._candidates(workload)
        )
        return Unknown(reason=self._unread) if found is False and self._unread is not None else found

    def _candidates(self, workload: Workload) -> Sequence["_Budget"]:
        """Those that may be for it; where there are too many, its namespace is noted."""
        index = self._by_namespace.get(workload.namespace)
        if index is None:
            return ()
        found = tuple(islice(index.candidates(workload.labels), _MOST + 1))
        if len(found) > _MOST:
            self._crowded.add(workload.namespace)
        return found


class _Budget:
    """A budget, and the pods that it counts."""

    def __init__(self, selector: Selector | Unknown, resource: Resource, unread: str | None) -> None:
        self.selector = selector
        self._least = _amount(resource, "min_available")
        self._away = _amount(resource, "max_unavailable")
        self._pods: dict[str, int] = {}
        self._sum = 0
        self._doubts = [("", Unknown(reason=unread))] if unread is not None else []

    def selects(self, workload: Workload) -> Answer:
        """Whether it is for a workload."""
        return matches(self.selector, workload.labels)

    def count(self, address: str, selected: Answer, replicas: int | Unknown | None) -> None:
        """Counts a workload's pods in, if it is for them: once, where two revisions of them run."""
        if selected is False:
            return
        number = replicas if isinstance(replicas, int) and selected is True else 0
        before = self._pods.get(address, 0)
        self._pods[address] = max(before, number)
        self._sum += max(number - before, 0)
        doubt = selected if isinstance(selected, Unknown) else _EACH_NODE if replicas is None else replicas
        # One of two is another workload's than whichever is asked about.
        told = any(whose == address for whose, _ in self._doubts) or len(self._doubts) > 1
        if isinstance(doubt, Unknown) and not told:
            self._doubts.append((address, doubt))

    def keeps_some(self, address: str, replicas: int | Unknown | None) -> Answer:
        """Whether some of a workload's pods must stay: fewer may be evicted at the same time than it has.

        Percentages of all pods that the budget counts are rounded up.
        See: https://kubernetes.io/docs/tasks/run-application/configure-pdb/#rounding-logic-when-specifying-percentages
        """
        if isinstance(self._least, Unknown):
            return self._least
        if isinstance(self._away, Unknown):
            return self._away
        pods = _EACH_NODE if replicas is None else replicas
        if self._away is not None:
            return self._leaves_some(self._away, address, pods) if self._least is None else _NOT_ONE_LIMIT
        return _NOT_ONE_LIMIT if self._least is None else self._holds_some(self._least, address, pods)

    def _leaves_some(self, away: Amount, address: str, pods: int | Unknown) -> Answer:
        if away.none or away.all:
            return away.none
        others = self._others(address) if away.percent else 0
        if isinstance(pods, Unknown):
            return pods
        return others if isinstance(others, Unknown) else away.of(others + pods) < pods

    def _holds_some(self, least: Amount, address: str, pods: int | Unknown) -> Answer:
        """Where others' pods are enough for what must stay, all of a workload's may go."""
        if least.none or least.all:
            return least.all
        others = self._others(address)
        if isinstance(others, Unknown):
            return others
        if others == 0 or not least.percent:
            return others < least.number
        return pods if isinstance(pods, Unknown) else others < least.of(others + pods)

    def _others(self, address: str) -> int | Unknown:
        doubt = next((one for whose, one in self._doubts if whose != address), None)
        return self._sum - self._pods.get(address, 0) if doubt is None else doubt


def _amount(resource: Resource, field: str) -> Amount | Unknown | None:
    stated = read.optional_text(read.fact(resource, field))
    return stated if isinstance(stated, Unknown) else amount(stated)


def _replicas(resource: Resource) -> int | Unknown | None:
    return read.optional_number(read.fact(resource, "replicas"))
