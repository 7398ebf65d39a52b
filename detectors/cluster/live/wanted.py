"""Which resources of the API a look needs, for reading them and for the role that allows it."""

from collections.abc import Collection, Sequence

from assay.detectors.cluster.table import APIS, Api

VERSION = "Version"
"""As an object's kind: what the API server says of itself, which is no resource of the API."""


def wanted(kinds: Collection[str] | None) -> Sequence[Api]:
    """The resources that kinds of ours rest on or are made exact by, in the table's order; None: all."""
    return [api for api in APIS if kinds is None or not set(kinds).isdisjoint((*api.states, *api.refines))]


def wants_version(kinds: Collection[str] | None) -> bool:
    """Whether the server's own word on its version is needed."""
    return kinds is None or "cluster.control-plane" in kinds
