"""Runs the cluster detector against a test server, in this process."""

from collections.abc import Sequence
from pathlib import Path

from assay.detectors.cluster.detector import ClusterDetector
from assay.detectors.cluster.live.limits import Limits
from assay.scanner.api import Failure, Narrowed, Record, Remote, Resource, Tree, Unknown
from assay.scanner.kinds import registry

QUICK = Limits(connect_seconds=5, silent_seconds=5, wait_seconds=2, waiting_seconds=3)
"""So that a test that fails does so soon."""


def look(
    kubeconfig: Path,
    names: Sequence[str] = ("",),
    *,
    kinds: Sequence[str] | None = None,
    namespaces: Sequence[str] = (),
    limits: Limits = QUICK,
) -> list[Record]:
    """Everything that the parts emit, one part after the other; each resource fits its kind."""
    detector = ClusterDetector(limits, {"KUBECONFIG": str(kubeconfig), "HOME": str(kubeconfig.parent)})
    remote = Remote(
        names=tuple(names),
        kinds=None if kinds is None else tuple(kinds),
        narrowed=Narrowed(namespaces=tuple(namespaces)),
    )
    tree = Tree(root="", files=(), remote=remote)
    parts = detector.plan(tree).parts
    detector.preload(parts)
    found: list[Record] = []
    for part in parts:
        detector.observe(tree, part, found.append)
    for record in found:
        if isinstance(record, Resource):
            registry.check(record)
    return found


def failures(records: Sequence[Record]) -> list[str]:
    """The reasons of failures."""
    return [record.reason for record in records if isinstance(record, Failure)]


def listings(records: Sequence[Record]) -> dict[str, Resource]:
    """The listings, by address."""
    return {one.address: one for one in of_kind(records, "cluster.listing")}


def of_kind(records: Sequence[Record], kind: str) -> list[Resource]:
    """The resources of one kind."""
    return [record for record in records if isinstance(record, Resource) and record.kind == kind]


def incomplete(records: Sequence[Record]) -> dict[str, str]:
    """Listings that are not whole, and why."""
    found: dict[str, str] = {}
    for address, resource in listings(records).items():
        complete = resource.facts["complete"]
        if isinstance(complete, Unknown):
            found[address] = complete.reason
    return found
