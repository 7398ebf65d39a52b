"""Whether a network plug-in runs that enforces NetworkPolicies, known by the DaemonSets of the system's namespaces."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from assay.detectors.cluster.objects import Objects, namespace_of
from assay.detectors.cluster.pods.objects import Container, Controller, Pod
from assay.scanner.api import Unknown

_NAMESPACES = frozenset(
    {
        "calico-system",
        "cilium",
        "kube-flannel",
        "kube-router",
        "kube-system",
        "openshift-ovn-kubernetes",
        "openshift-sdn",
    }
)
_ENFORCING = frozenset(
    {
        "anetd",  # GKE's Dataplane V2
        "antrea-agent",
        "azure-npm",
        "calico-node",
        "canal",
        "cilium",
        "kube-ovn-cni",
        "kube-router",
        "ovnkube-node",
        "weave-net",
    }
)
_NOT_ENFORCING = frozenset({"kube-flannel", "kube-flannel-ds"})
_AWS = "aws-node"
_AWS_AGENTS = ("aws-eks-nodeagent", "aws-network-policy-agent")


class _DaemonSet(Struct, frozen=True):
    name: str
    containers: Sequence[Container]


def enforced(objects: Objects) -> bool | Unknown:
    """False only where the plug-in is known to ignore NetworkPolicies."""
    answers = {_enforces(one) for one in _daemon_sets(objects)}
    if True in answers:
        return True
    unread = objects.unread("apps/DaemonSet")
    if unread:
        return Unknown(reason=unread)
    if False in answers:
        return False
    return Unknown(
        reason="no network plug-in that we know runs as a DaemonSet; the provider may enforce policies itself"
    )


def _daemon_sets(objects: Objects) -> Iterator[_DaemonSet]:
    """Those of the system's namespaces; by their pods, too, where they could not be listed themselves."""
    for placed in objects.of("apps/DaemonSet"):
        found: Controller = placed.object
        template = found.spec.template if found.spec else None
        if namespace_of(found.metadata) in _NAMESPACES and template is not None and template.spec is not None:
            yield _DaemonSet(found.metadata.name or "", template.spec.containers or ())
    for placed in objects.of("Pod"):
        pod: Pod = placed.object
        owners = pod.metadata.owner_references or ()
        if namespace_of(pod.metadata) in _NAMESPACES and pod.spec is not None:
            for owner in owners:
                if owner.kind == "DaemonSet":
                    yield _DaemonSet(owner.name, pod.spec.containers or ())


def _enforces(daemon_set: _DaemonSet) -> bool | None:
    """None: it has nothing to do with it, as far as we know."""
    if daemon_set.name in _NOT_ENFORCING:
        return False
    words = [word for one in daemon_set.containers for word in (*(one.command or ()), *(one.args or ()))]
    if daemon_set.name == "kube-router":
        return "--run-firewall=false" not in words
    if daemon_set.name == _AWS:
        agents = [one for one in daemon_set.containers if one.name in _AWS_AGENTS]
        return any("--enable-network-policy=true" in (one.args or ()) for one in agents)
    return True if daemon_set.name in _ENFORCING else None
