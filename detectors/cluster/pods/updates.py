"""Whether an update takes all pods of a workload away at the same time."""

from assay.detectors.cluster.amounts import Amount, amount
from assay.detectors.cluster.owners.workflows import Rollout
from assay.detectors.cluster.pods.objects import Controller, RollingUpdate
from assay.detectors.cluster.pods.templates import Template
from assay.scanner.api import Unknown

_ROUNDED_UP = ("DaemonSet", "StatefulSet")
"""Of these a percentage is rounded up, of Deployments and what is made like them down.
See: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/
"""
_HALF = 50
"""Percent, which never are all of several pods."""


def together(template: Template) -> bool | Unknown:
    """By `Recreate`, or by how many pods a rolling update may take away. One by one is never together."""
    strategy = template.update_strategy
    if isinstance(strategy, Unknown):
        return strategy
    if strategy != "RollingUpdate":
        return strategy == "Recreate"
    away = amount(_max_unavailable(template))
    if away is None:
        # The defaults: one, or a quarter rounded down.
        return False
    return away if isinstance(away, Unknown) else _all_of(away, template)


def _max_unavailable(template: Template) -> int | str | None:
    """As the owner's own object has it; operators take the default."""
    owner = template.owner.object
    rolling: RollingUpdate | None = None
    if isinstance(owner, Controller) and owner.spec is not None:
        strategy = owner.spec.update_strategy if template.controller in _ROUNDED_UP else owner.spec.strategy
        rolling = (strategy.rolling_update or strategy.rolling_params) if strategy is not None else None
    elif isinstance(owner, Rollout) and owner.spec is not None and owner.spec.strategy is not None:
        rolling = owner.spec.strategy.canary
    return rolling.max_unavailable if rolling is not None else None


def _all_of(away: Amount, template: Template) -> bool | Unknown:
    if away.all:
        return True
    if away.number <= 1 and not away.percent:
        return False
    up, pods = template.controller in _ROUNDED_UP, template.replicas
    if isinstance(pods, int):
        return pods > 1 and away.of(pods, up) >= pods
    if away.percent and (not up or away.number <= _HALF):
        return False
    return pods or Unknown(reason="the number of nodes that it runs on isn't known")
