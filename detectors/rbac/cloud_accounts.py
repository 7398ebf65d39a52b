"""Which service accounts clouds speak of, looked up by the account."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from assay.detectors.cloud.names import matches
from assay.detectors.rbac.access import Subject
from assay.scanner.api import Resource, is_unknown, reason_of

MOST_PATTERNS = 200
"""Patterns that are compared with every account; beyond them the answer is unknown."""
MOST_SAID = 100_000
"""Answers in all."""
_TOO_MANY = "the clouds say too much of service accounts to read it all"
_EKS = re.compile(r"arn:aws[a-z-]*:eks:[^:]*:\d{12}:cluster/(?P<name>[^/]+)")
_EKSCTL = re.compile(r"(?:[^@]*@)?(?P<name>[^.@]+)\.[a-z0-9-]+\.eksctl\.io")
_GKE = re.compile(r"gke_(?P<project>[^_]+)_[^_]+_[^_]+")


class Said(Struct, frozen=True):
    """That a resource of a cloud speaks of a service account."""

    resource: Resource
    unsure: str | None
    """Why it may be of another one."""


class _Entry(Struct, frozen=True):
    resource: Resource
    cluster: Any


class PodAccounts:
    """What some resources say in lists of `kinds.identity.PodAccounts`."""

    def __init__(self, provider: str, said: Sequence[tuple[Resource, Any]]) -> None:
        """`said` is each resource with one element of its list."""
        self._provider = provider
        self._exact: dict[str, list[_Entry]] = defaultdict(list)
        self._patterns: dict[str, list[_Entry]] = defaultdict(list)
        self._unread: list[tuple[Resource, str]] = []
        clusters: set[str] = set()
        for resource, one in said:
            subject = one if is_unknown(one) else one.get("subject") if isinstance(one, Mapping) else None
            if not isinstance(subject, str):
                self._unread.append((resource, reason_of(subject)))
                continue
            cluster = one.get("cluster")
            if isinstance(cluster, str):
                clusters.add(cluster)
            kept = self._patterns if set("*?") & set(subject) else self._exact
            kept[subject].append(_Entry(resource, cluster))
        self._several = len(clusters) > 1
        self._left = MOST_SAID

    def of(self, subject: Subject, source: str) -> Iterator[Said]:
        """What speaks of an account, or may; in the order of the inventory for each sort."""
        for one in self._all_of(subject, source):
            self._left -= 1
            yield Said(one.resource, _TOO_MANY) if self._left < 0 else one
            if self._left < 0:
                return

    def _all_of(self, subject: Subject, source: str) -> Iterator[Said]:
        text = f"{subject.namespace}:{subject.name}"
        found = list(self._exact.get(text, ()))
        for index, (pattern, entries) in enumerate(self._patterns.items()):
            if index >= MOST_PATTERNS:
                beyond = f"more than {MOST_PATTERNS} patterns of service accounts"
                yield from (Said(entry.resource, beyond) for entry in entries[:1])
            elif matches(pattern, text):
                found += entries
        for entry in found:
            unsure = self._elsewhere(entry.cluster, source)
            if unsure is not True:
                yield Said(entry.resource, unsure)
        yield from (Said(resource, reason) for resource, reason in self._unread)

    def _elsewhere(self, cluster: Any, source: str) -> str | Literal[True] | None:
        """True where it is another cluster's; None where it is this one's, as far as is known."""
        here = _cluster_of(source)
        if here is not None and here[0] != self._provider:
            return True
        if here is not None and isinstance(cluster, str) and "${" not in cluster and "." not in _plain(cluster):
            return None if _plain(cluster) == here[1] else True
        if cluster is None:
            return None
        if is_unknown(cluster):
            return f"which cluster it is for isn't known: {reason_of(cluster)}" if self._several else None
        return f"it is for the cluster {cluster}, and which one this is isn't known" if self._several else None


def _plain(cluster: str) -> str:
    return cluster.removesuffix(".svc.id.goog")


def _cluster_of(source: str) -> tuple[str, str] | None:
    """The provider, with the cluster or Google's project, where a context's name shows it as the clouds' tools do."""
    context = source.removeprefix("kube:")
    if context == source:
        return None
    if found := _EKS.fullmatch(context) or _EKSCTL.fullmatch(context):
        return "aws", found["name"]
    if found := _GKE.fullmatch(context):
        return "gcp", found["project"]
    return None
