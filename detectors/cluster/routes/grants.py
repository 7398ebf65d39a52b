"""ReferenceGrants: which routes may lead to Services of other namespaces.

A Gateway must not follow a reference that none lets. See https://gateway-api.sigs.k8s.io/api-types/referencegrant/
"""

from collections import defaultdict
from collections.abc import Callable

from assay.detectors.cluster.objects import Objects, namespace_of
from assay.detectors.cluster.routes.gateway_objects import GrantSpec, ReferenceGrant
from assay.detectors.cluster.stating import is_live
from assay.scanner.api import Unknown

_GROUP = "gateway.networking.k8s.io"
_NOT_HERE = Unknown(reason="no ReferenceGrant that is declared here lets the route lead to another namespace")

Granted = Callable[[str, str], bool | Unknown]
"""Of a Service's namespace and name: whether a route may lead to it."""


class Grants:
    """The ReferenceGrants of a source."""

    def __init__(self, objects: Objects) -> None:
        unread = objects.unread(f"{_GROUP}/ReferenceGrant")
        self._missing: bool | Unknown = Unknown(reason=unread) if unread else False if is_live(objects) else _NOT_HERE
        self._lets: dict[tuple[str, str, str], list[frozenset[str]]] = defaultdict(list)
        """The names of Services, by kind and namespace of the route and namespace of the Service; empty: all."""
        for placed in objects.of(f"{_GROUP}/ReferenceGrant"):
            self._add(placed.object)

    def to(self, kind: str, namespace: str) -> Granted:
        """What routes of a kind and namespace may lead to."""

        def granted(there: str, service: str) -> bool | Unknown:
            names = self._lets.get((kind, namespace, there), ())
            let = there == namespace or any(service in one or "" in one for one in names)
            return let or self._missing

        return granted

    def _add(self, grant: ReferenceGrant) -> None:
        spec = grant.spec or GrantSpec()
        here = namespace_of(grant.metadata)
        to = spec.grants_to or ()
        services = frozenset(one.name or "" for one in to if one.kind == "Service" and not one.group)
        for one in spec.grants_from or () if services else ():
            if one.group == _GROUP:
                self._lets[one.kind or "", one.namespace or "", here].append(services)
