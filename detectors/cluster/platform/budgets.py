"""Facts of disruption budgets."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from assay.detectors.cluster.amounts import Amount, amount
from assay.detectors.cluster.objects import Objects, Placed, address, namespace_of
from assay.detectors.cluster.platform.objects import BudgetSpec, BudgetStatus, DisruptionBudget
from assay.detectors.cluster.selectors import LabelSelector, requirements
from assay.detectors.cluster.stating import is_live
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_CONTROLLERS = ("apps/Deployment", "apps/StatefulSet")
_MOST = 200
"""Controllers that are looked at for one budget."""


def state(objects: Objects) -> Iterator[Resource]:
    """`cluster.disruption-budget`."""
    found = objects.of("policy/PodDisruptionBudget")
    # A live cluster counts by itself, autoscalers and all.
    replicas = None if is_live(objects) or not found else _Replicas(objects)
    for placed in found:
        yield _budget(objects, placed, replicas)


def _budget(objects: Objects, placed: Placed, replicas: "_Replicas | None") -> Resource:
    budget: DisruptionBudget = placed.object
    spec = budget.spec or BudgetSpec()
    facts = {
        "namespace": namespace_of(budget.metadata),
        "selector": _selector(budget, spec.selector),
        "min_available": _text(spec.min_available),
        "max_unavailable": _text(spec.max_unavailable),
        "blocks_all": _blocks_all(budget, spec, replicas),
    }
    return stated(objects, placed, "cluster.disruption-budget", address("PodDisruptionBudget", budget.metadata), facts)


def _selector(budget: DisruptionBudget, selector: LabelSelector | None) -> dict[str, Any] | Unknown | None:
    # An empty selector takes everything, which it did not before `policy/v1`.
    if selector is None or (selector.empty and budget.api_version == "policy/v1beta1"):
        return None
    found = requirements(selector)
    if isinstance(found, Unknown):
        return found
    if all(one["operator"] == "In" and len(one["values"]) == 1 for one in found):
        return {one["key"]: one["values"][0] for one in found}
    return Unknown(reason="the budget selects by more than equal labels")


def _text(stated: int | str | None) -> str | Unknown | None:
    found = amount(stated)
    return found.text if isinstance(found, Amount) else found


def _blocks_all(budget: DisruptionBudget, spec: BudgetSpec, replicas: "_Replicas | None") -> bool | Unknown:
    """`replicas` is None for a live cluster."""
    if str(spec.max_unavailable) in ("0", "0%") or spec.min_available == "100%":
        return True
    if replicas is None:
        status = budget.status or BudgetStatus()
        if status.expected_pods is None or status.desired_healthy is None:
            return Unknown(reason="the cluster has not counted the budget's pods yet")
        return 0 < status.expected_pods <= status.desired_healthy
    least = _number(spec.min_available)
    if not least:
        return False
    selector = _selector(budget, spec.selector)
    if selector is None or isinstance(selector, Unknown):
        return False if selector is None else selector
    number = replicas.of(namespace_of(budget.metadata), selector)
    # Without any such controller there is nothing that it could block.
    return number if isinstance(number, Unknown) else 0 < number <= least


def _number(amount: int | str | None) -> int:
    text = str(amount)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0


class _Replicas:
    """How many pods are declared, by labels."""

    def __init__(self, objects: Objects) -> None:
        self._all: dict[str, list[tuple[Mapping[str, str], int]]] = defaultdict(list)
        self._by_label: dict[tuple[str, str, str], list[tuple[Mapping[str, str], int]]] = defaultdict(list)
        self._unread = objects.unread(*_CONTROLLERS)
        for kind in _CONTROLLERS:
            for placed in objects.of(kind):
                self._add(placed.object)

    def _add(self, controller: Any) -> None:
        spec = controller.spec
        template = spec.template if spec is not None else None
        if template is None:
            return
        labels = (template.metadata and template.metadata.labels) or {}
        number = 1 if spec.replicas is None else _number(spec.replicas)
        namespace = namespace_of(controller.metadata)
        self._all[namespace].append((labels, number))
        for key, value in labels.items():
            self._by_label[namespace, key, value].append((labels, number))

    def of(self, namespace: str, selector: Mapping[str, str]) -> int | Unknown:
        """How many pods with these labels the namespace's controllers declare."""
        if self._unread:
            return Unknown(reason=self._unread)
        candidates = min(
            (self._by_label.get((namespace, key, value), []) for key, value in selector.items()),
            key=len,
            default=self._all.get(namespace, []),
        )
        if len(candidates) > _MOST:
            return Unknown(reason=f"the budget may be for more than {_MOST} controllers")
        return sum(number for labels, number in candidates if selector.items() <= labels.items())
