"""Resources of Kubernetes by their source, for derivations: what is there, and what could not be read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from assay.scanner.api import NOT_COLLECTED, Fact, Known, Resource, Unknown


class World(Struct, frozen=True, kw_only=True):
    """The objects of one cluster, or of one set of files that is applied together."""

    source: str
    live: bool
    by_kind: Mapping[str, Sequence[Resource]]

    def of(self, kind: str) -> Sequence[Resource]:
        """The resources of a kind, in the inventory's order."""
        return self.by_kind.get(kind, ())

    def unread(self, *kinds: str) -> str | None:
        """Why resources of one of the kinds may be missing, in a line; None: they are all there, as far as is declared.

        In a live cluster a kind without a listing was not collected. Files have listings only of what is declared in
        them and could not be read.
        """
        for kind in kinds:
            listings = [one for one in self.of("cluster.listing") if kind in value(one, "kinds", ())]
            if not listings and self.live:
                return NOT_COLLECTED
            for one in listings:
                complete = one.facts.get("complete")
                if isinstance(complete, Unknown):
                    return complete.reason
                if kind in _ACROSS and not one.address.startswith(_AT_HOME) and _was_limited(one):
                    return f"{one.address} of other namespaces, which were not asked for, may bear on it"
        return None


_ACROSS = frozenset({"network.gateway", "network.mesh-policy", "network.route"})
"""Kinds whose resources may bear on workloads of other namespaces than their own."""
_AT_HOME = ("ingresses.", "routes.route.openshift.io")
"""Of these kinds, what leads to Services of its own namespace only."""


def _was_limited(listing: Resource) -> bool:
    return value(listing, "namespaces", None) is not None and value(listing, "served", True)


def worlds(resources: Iterable[Resource]) -> Sequence[World]:
    """The sources, sorted. Resources without a known `source` belong to none."""
    found: dict[str, dict[str, list[Resource]]] = defaultdict(lambda: defaultdict(list))
    for resource in resources:
        source = value(resource, "source", None)
        if isinstance(source, str):
            found[source][resource.kind].append(resource)
    return [
        World(source=source, live=source.startswith("kube:"), by_kind=by_kind)
        for source, by_kind in sorted(found.items())
    ]


def value(resource: Resource, field: str, default: Any) -> Any:
    """A fact's value where it is known; it may hold unknowns deeper inside."""
    fact = resource.facts.get(field)
    return fact.value if isinstance(fact, Known) else default


def unknown_of(resource: Resource, field: str) -> Unknown | None:
    """The fact, where it is unknown or was not stated."""
    fact = resource.facts.get(field)
    if fact is None:
        return Unknown(reason=NOT_COLLECTED)
    return fact if isinstance(fact, Unknown) else None


def with_facts(resource: Resource, facts: Mapping[str, Fact]) -> Resource:
    """The resource with more facts."""
    return structs.replace(resource, facts={**resource.facts, **facts})
