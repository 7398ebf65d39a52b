"""PodDisruptionBudgets, and the workloads that they are for."""

from collections import defaultdict

from assay.detectors.exposure import read
from assay.detectors.exposure.answers import Answer, any_of
from assay.detectors.exposure.endpoints import Workload
from assay.detectors.exposure.selectors import Index, Selector, equalities
from assay.detectors.worlds import World
from assay.scanner.api import Unknown


class Budgets:
    """The PodDisruptionBudgets of a source."""

    def __init__(self, world: World) -> None:
        self._unread = world.unread("cluster.disruption-budget")
        budgets: dict[str, list[Selector | Unknown]] = defaultdict(list)
        for resource in world.of("cluster.disruption-budget"):
            namespace = read.text(read.fact(resource, "namespace"))
            stated = read.fact(resource, "selector")
            if isinstance(namespace, Unknown):
                self._unread = self._unread or namespace.reason
            elif stated is not None:
                labels = read.labels(stated)
                budgets[namespace].append(labels if isinstance(labels, Unknown) else equalities(labels))
        self._by_namespace = {name: Index((one, one) for one in found) for name, found in budgets.items()}

    def selects(self, workload: Workload) -> Answer:
        """Whether one of them is for a workload."""
        index = self._by_namespace.get(workload.namespace)
        budgets = index.candidates(workload.labels) if index else iter(())
        found = any_of(one if isinstance(one, Unknown) else one.matches(workload.labels) for one in budgets)
        return Unknown(reason=self._unread) if found is False and self._unread is not None else found
