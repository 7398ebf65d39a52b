"""Facts of a live cluster's control plane, as far as the API server tells."""

import re
from collections.abc import Iterator, Mapping, Sequence

from assay.detectors.cluster.objects import Objects, Placed, namespace_of
from assay.detectors.cluster.platform.namespaces import has_openshift
from assay.detectors.cluster.platform.network_plugins import enforced
from assay.detectors.cluster.platform.objects import Node, NodeSpec, Version
from assay.detectors.cluster.pods.objects import Pod
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_SERVER = "kube-apiserver"
_AUDIT_SINKS = ("audit-log-path", "audit-webhook-config-file")
_NUMBERS = re.compile(r"v?(\d{1,4}\.\d{1,4}(?:\.\d{1,4})?)", re.ASCII)
_ONLY_PROVIDER = Unknown(reason="the API server's own settings are not there to see; only the provider can tell")

Flags = Mapping[str, str]


def state(objects: Objects) -> Iterator[Resource]:
    """`cluster.control-plane`, of a live cluster only: files declare none."""
    for placed in objects.of("Version"):
        yield _control_plane(objects, placed)


def _control_plane(objects: Objects, placed: Placed) -> Resource:
    version: Version = placed.object
    numbers = _NUMBERS.match(version.git_version)
    servers = list(_servers(objects))
    facts = {
        "version": numbers[1] if numbers else Unknown(reason="the API server doesn't say its version"),
        "managed_by": _managed_by(objects, version.git_version),
        "anonymous_access": _anonymous(version, servers),
        "secrets_encrypted": _each(objects, servers, ("encryption-provider-config",), ()),
        "audit_logged": _each(objects, servers, ("audit-policy-file",), _AUDIT_SINKS),
        "network_policy": enforced(objects),
    }
    return stated(objects, placed, "cluster.control-plane", "ControlPlane", facts)


def _servers(objects: Objects) -> Iterator[Flags]:
    """The flags of the API servers that run as pods on the cluster's own nodes."""
    for placed in objects.of("Pod"):
        pod: Pod = placed.object
        if namespace_of(pod.metadata) != "kube-system" or pod.spec is None:
            continue
        # A static pod is owned by its node; anything else in this namespace may be called so.
        if not any(owner.kind == "Node" for owner in pod.metadata.owner_references or ()):
            continue
        for container in pod.spec.containers or ():
            if container.name == _SERVER:
                yield _flags((*(container.command or ()), *(container.args or ())))


def _flags(words: Sequence[str]) -> Flags:
    found: dict[str, str] = {}
    for word, following in zip(words, (*words[1:], ""), strict=True):
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            found[name] = value if equals else ("" if following.startswith("--") else following)
    return found


def _each(objects: Objects, servers: Sequence[Flags], needed: Sequence[str], one_of: Sequence[str]) -> bool | Unknown:
    """Whether each API server has the flags; what stands in the files that they name is not there to see."""
    if not servers:
        unread = objects.unread("Pod")
        return Unknown(reason=unread) if unread else _ONLY_PROVIDER
    return all(
        all(flags.get(name) for name in needed) and (not one_of or any(flags.get(name) for name in one_of))
        for flags in servers
    )


def _anonymous(version: Version, servers: Sequence[Flags]) -> bool | Unknown:
    if version.anonymous is not None:
        return version.anonymous
    if servers and all(flags.get("anonymous-auth") == "false" for flags in servers):
        return False
    return Unknown(reason=version.anonymous_reason or "whether callers without credentials are let in was not told")


_SUFFIXES = (
    ("-eks-", "eks"),
    ("-gke.", "gke"),
    ("-aliyun", "ack"),
    ("-tke", "tke"),
    ("+iks", "iks"),
    ("-oke", "oke"),
)
"""What versions of managed clusters hold."""

_LABELS = (
    ("eks.amazonaws.com/", "eks"),
    ("cloud.google.com/gke-", "gke"),
    ("kubernetes.azure.com/", "aks"),
    ("node.openshift.io/", "openshift"),
    ("doks.digitalocean.com/", "doks"),
    ("lke.linode.com/", "lke"),
    ("oke.oraclecloud.com/", "oke"),
    ("k8s.scaleway.com/", "kapsule"),
)
"""How labels of managed clusters' nodes begin."""

_PROVIDERS = (("digitalocean://", "doks"), ("linode://", "lke"), ("ibm://", "iks"))
"""How provider ids begin that only a managed service's nodes have; machines at AWS or Azure may be anybody's."""


def _managed_by(objects: Objects, version: str) -> str | Unknown | None:
    # OpenShift first, which runs on all clouds and as a service of theirs.
    if has_openshift(objects):
        return "openshift"
    found = {manager for placed in objects.of("Node") for manager in _of_node(placed.object)}
    if "openshift" in found:
        return "openshift"
    unread = objects.unread("Namespace")
    if unread:
        return Unknown(reason=unread)
    by_version = next((manager for sign, manager in _SUFFIXES if sign in version.lower()), None)
    if by_version or found:
        return by_version or min(found)
    unread = objects.unread("Node")
    return Unknown(reason=unread) if unread else None


def _of_node(node: Node) -> Iterator[str]:
    for key in node.metadata.labels or {}:
        yield from (manager for start, manager in _LABELS if key.startswith(start))
    provider = (node.spec or NodeSpec()).provider_id or ""
    yield from (manager for start, manager in _PROVIDERS if provider.startswith(start))
