"""Whose a namespace is."""

from collections.abc import Iterable, Iterator

from assay.detectors.exposure import read
from assay.detectors.worlds import World
from assay.scanner.api import Unknown


class Tenants:
    """The tenants of a source's namespaces."""

    def __init__(self, world: World) -> None:
        self._of: dict[str, str | Unknown | None] = {}
        for resource in world.of("ai.tenant"):
            namespace = read.text(read.fact(resource, "namespace"))
            if isinstance(namespace, str):
                self._of[namespace] = namespace
        for resource in world.of("cluster.namespace"):
            name = read.name_of(world, resource, "Namespace")
            tenant = read.optional_text(read.fact(resource, "tenant"))
            if tenant is not None or name not in self._of:
                self._of[name] = tenant
        unread = world.unread("cluster.namespace", "ai.tenant")
        self._missing = None if unread is None else Unknown(reason=unread)

    def others(self, own: str, namespaces: Iterable[str]) -> Iterator[str | Unknown]:
        """Those of some namespaces that are another tenant's than one is; none where that is nobody's."""
        tenant = self._tenant(own)
        for name in namespaces:
            if name == own or tenant is None:
                continue
            theirs = self._tenant(name)
            if isinstance(tenant, Unknown):
                yield tenant
            elif isinstance(theirs, Unknown):
                yield theirs
            elif theirs is not None and theirs != tenant:
                yield name

    def owned(self, namespace: str) -> bool:
        """Whether a namespace is a tenant's, or may be."""
        return self._tenant(namespace) is not None

    def _tenant(self, namespace: str) -> str | Unknown | None:
        return self._of.get(namespace, self._missing)
