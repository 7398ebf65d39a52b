"""Facts of admission webhooks."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from assay.detectors.answers import Answer, all_of, any_of
from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.platform.objects import (
    ClientConfig,
    Namespace,
    WebhookConfiguration,
    WebhookEntry,
    WebhookRule,
)
from assay.detectors.cluster.selectors import LabelSelector, requirements, takes
from assay.detectors.cluster.stating import bounded, cluster_wide, is_live, unnamed
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_GROUP = "admissionregistration.k8s.io"
_NAME = "kubernetes.io/metadata.name"
_MOST = 500_000
"""Requirements that are asked of namespaces, for all webhooks together."""


def state(objects: Objects) -> Iterator[Resource]:
    """`cluster.webhook`, one for each entry of a configuration."""
    exemptions = _Exemptions(objects)
    for kind, sort in (("MutatingWebhookConfiguration", "mutating"), ("ValidatingWebhookConfiguration", "validating")):
        for placed in objects.of(f"{_GROUP}/{kind}"):
            configuration: WebhookConfiguration = placed.object
            for entry in configuration.webhooks or ():
                yield _webhook(objects, placed, kind, sort, entry, exemptions)


def _webhook(
    objects: Objects, placed: Placed, kind: str, sort: str, entry: WebhookEntry, exemptions: "_Exemptions"
) -> Resource:
    configuration: WebhookConfiguration = placed.object
    at, aliases = cluster_wide(kind, configuration.metadata)
    # The default changed with `v1`.
    default = "Ignore" if configuration.api_version == f"{_GROUP}/v1beta1" else "Fail"
    facts = {
        "type": sort,
        "fails_open": _among((entry.failure_policy or default,), {"Ignore"}, "what happens while the webhook is down"),
        "outside": _outside((entry.client_config or ClientConfig()).url),
        "exempts": exemptions.of(entry),
        "guards_pods": any_of(map(_looks_at_pods, entry.rules or ())),
    }
    return stated(objects, placed, "cluster.webhook", f"{at}/{entry.name or ''}", facts, (at, *aliases))


_LOOPBACK = re.compile(r"https://(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?(?:/|$)", re.IGNORECASE | re.ASCII)


def _outside(url: str | None) -> Answer:
    if unnamed(url):
        return Unknown(reason="unresolved: the address of the webhook")
    # Providers run webhooks beside the API server, on its own machine.
    return bool(url) and not _LOOPBACK.match(url or "")


def _looks_at_pods(rule: WebhookRule) -> Answer:
    return all_of(
        (
            _among(rule.operations or (), {"CREATE", "*"}, "an operation that the webhook looks at"),
            _among(rule.api_groups or (), {"", "*"}, "an API group that the webhook looks at"),
            _among(rule.resources or (), {"pods", "*", "*/*"}, "a resource that the webhook looks at"),
            _among((rule.scope or "*",), {"Namespaced", "*"}, "the scope that the webhook looks at"),
        )
    )


def _among(given: Iterable[str], wanted: Set[str], what: str) -> Answer:
    """Whether one of them is wanted; `what` tells what a placeholder stands for."""
    placeholder = Unknown(reason=f"unresolved: {what}")
    return any_of(placeholder if unnamed(one) else one in wanted for one in given)


class _Exemptions:
    """The namespaces of a source, and which of them selectors leave out."""

    def __init__(self, objects: Objects) -> None:
        self._live = is_live(objects)
        self._unread = objects.unread("Namespace")
        self._labels: dict[str, Mapping[str, str]] = {}
        for placed in objects.of("Namespace"):
            namespace: Namespace = placed.object
            name = namespace.metadata.name or ""
            # The API server sets this label on each, so that files needn't.
            self._labels[name] = {**(namespace.metadata.labels or {}), _NAME: name}
        self._left = _MOST

    def of(self, entry: WebhookEntry) -> list[Any] | Unknown:
        """Namespaces by name, sorted; an Unknown among them where there may be more."""
        if entry.match_conditions:
            return Unknown(reason="conditions in CEL decide what it looks at, which are not evaluated")
        wanted = requirements(entry.namespace_selector or LabelSelector())
        if isinstance(wanted, Unknown) or not wanted:
            return wanted
        self._left -= len(self._labels) * sum(1 + len(one["values"]) for one in wanted)
        if self._left < 0:
            return Unknown(reason="there are too many namespaces and webhooks to compare them all")
        names = {name for name, labels in self._labels.items() if not takes(wanted, labels)}
        names |= _named(wanted)
        unsure = _beyond(wanted)
        if unsure and self._live:
            unsure = self._unread
        return bounded([*sorted(names), *([Unknown(reason=unsure)] if unsure else [])], "namespaces")


def _named(wanted: Sequence[Mapping[str, Any]]) -> set[str]:
    """Namespaces that are left out by name, whether they are there or not."""
    return {name for one in wanted if one["key"] == _NAME and one["operator"] == "NotIn" for name in one["values"]}


def _beyond(wanted: Sequence[Mapping[str, Any]]) -> str | None:
    """Why files don't tell all namespaces that are left out; None: they are left out by name only."""
    if all(one["key"] == _NAME and one["operator"] == "NotIn" for one in wanted):
        return None
    return "it leaves out namespaces by their labels, and files don't show all namespaces"
