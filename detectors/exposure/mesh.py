"""What a service mesh asks of those who connect to a workload within the cluster: TLS, and who they are."""

from collections import defaultdict
from collections.abc import Iterator

from msgspec import Struct

from assay.detectors.answers import Answer
from assay.detectors.exposure import read
from assay.detectors.exposure.endpoints import Workload
from assay.detectors.exposure.selectors import Selector, matches, selector
from assay.detectors.worlds import World
from assay.scanner.api import Resource, Unknown

OF_CALLERS = "DestinationRule"
"""Says what callers speak; what a workload takes, which alone keeps others out, isn't changed by it."""
_PROXY_NOT_SEEN = Unknown(reason="its namespace is in a mesh, and no proxy is seen in its pods")
MOST_POLICIES = 200
"""That are for one namespace, of all meshes together."""


class Protection(Struct, frozen=True):
    """Of what comes in from within the cluster."""

    tls: Answer = False
    authenticated: Answer = False


class _Policy(Struct, frozen=True, kw_only=True):
    address: str
    namespace: str | Unknown
    type: str | Unknown
    mesh: str | Unknown
    whole_mesh: Answer
    selector: Selector | Unknown
    mutual_tls: str | Unknown | None
    requires_identity: Answer

    def applies(self, workload: Workload) -> Answer:
        if self.whole_mesh is not False:
            return self.whole_mesh
        if isinstance(self.namespace, Unknown):
            return self.namespace
        if self.namespace != workload.namespace:
            return False
        return matches(self.selector, workload.labels)

    @property
    def rank(self) -> int:
        """The most special policy decides: a workload's before a namespace's before the mesh's.

        One of which it isn't known whether it is the mesh's may be a namespace's.
        """
        if self.whole_mesh is True:
            return 2
        return 1 if isinstance(self.selector, Selector) and self.selector.everything else 0


class Meshes:
    """The meshes of a source."""

    def __init__(self, world: World) -> None:
        self._unread = world.unread("network.mesh-policy")
        self._by_namespace: dict[str, list[_Policy]] = defaultdict(list)
        self._everywhere: list[_Policy] = []
        self._proxied: dict[str, str | Unknown | None] = {}
        for resource in sorted(world.of("network.mesh-policy"), key=lambda one: one.address):
            found = _policy(resource)
            if found.whole_mesh is False and isinstance(found.namespace, str):
                self._by_namespace[found.namespace].append(found)
            else:
                self._everywhere.append(found)
        for namespace in world.of("cluster.namespace"):
            name = read.name_of(world, namespace, "Namespace")
            self._proxied[name] = read.optional_text(read.fact(namespace, "mesh"))

    def protection(self, workload: Workload, resource: Resource) -> Protection:
        """Of a workload. Without a mesh's proxy in front of its pods nothing of what a mesh declares holds."""
        mesh = read.optional_text(read.fact(resource, "mesh"))
        if mesh is None:
            found = self._behind(self._proxied.get(workload.namespace), workload)
            return Protection(*(one if one is False else _PROXY_NOT_SEEN for one in (found.tls, found.authenticated)))
        return self._behind(mesh, workload)

    def _behind(self, mesh: str | Unknown | None, workload: Workload) -> Protection:
        if mesh is None or workload.host_network is True:
            return Protection()
        if isinstance(mesh, Unknown):
            return Protection(mesh, mesh)
        if self._unread is not None:
            return Protection(Unknown(reason=self._unread), Unknown(reason=self._unread))
        policies = [*self._everywhere, *self._by_namespace.get(workload.namespace, ())]
        if len(policies) > MOST_POLICIES:
            doubt = Unknown(reason=f"more than {MOST_POLICIES} policies of the mesh are for its namespace")
            return Protection(doubt, doubt)
        chosen = [(one, applies) for one in policies if (applies := one.applies(workload)) is not False]
        chosen = [(one, applies) for one, applies in chosen if isinstance(one.mesh, Unknown) or one.mesh == mesh]
        authenticated = _authenticated(chosen)
        # Linkerd knows who calls from the certificate of its TLS alone.
        return Protection(authenticated if mesh == "linkerd" else _tls(chosen), authenticated)


def _tls(chosen: list[tuple[_Policy, Answer]]) -> Answer:
    for rank in range(3):
        modes: set[bool] = set()
        for policy, applies in chosen:
            if policy.rank != rank or policy.mutual_tls is None or policy.type == OF_CALLERS:
                continue
            if isinstance(policy.mutual_tls, Unknown):
                return policy.mutual_tls
            if isinstance(applies, Unknown):
                return applies
            modes.add(policy.mutual_tls == "STRICT")
        if len(modes) > 1:
            return Unknown(reason="policies of the mesh contradict each other on mutual TLS")
        if modes:
            return modes.pop()
    return False


def _authenticated(chosen: list[tuple[_Policy, Answer]]) -> Answer:
    asks = list(_asking(chosen))
    if not any(answer is not False for _, answer in asks):
        return False
    for address, answer in asks:
        if isinstance(answer, Unknown):
            return answer
        if not answer:
            return Unknown(reason=f"whether {address} lets in callers without an identity isn't known")
    return True


def _asking(chosen: list[tuple[_Policy, Answer]]) -> Iterator[tuple[str, Answer]]:
    """The policies that say who may connect, each with whether it demands an identity."""
    for policy, applies in chosen:
        if (
            policy.type in ("PeerAuthentication", "RequestAuthentication", OF_CALLERS)
            and policy.requires_identity is False
        ):
            continue
        yield policy.address, applies if isinstance(applies, Unknown) else policy.requires_identity


def _policy(resource: Resource) -> _Policy:
    return _Policy(
        address=resource.address,
        namespace=read.text(read.fact(resource, "namespace")),
        type=read.text(read.fact(resource, "type")),
        mesh=read.text(read.fact(resource, "mesh")),
        whole_mesh=read.boolean(read.fact(resource, "whole_mesh")),
        selector=selector(read.fact(resource, "pods")),
        mutual_tls=read.optional_text(read.fact(resource, "mutual_tls")),
        requires_identity=read.boolean(read.fact(resource, "requires_identity")),
    )
