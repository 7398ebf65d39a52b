"""Facts of what Istio and Linkerd declare for those who are called."""

from collections.abc import Iterator
from typing import Any

from assay.detectors.cluster.mesh import callers, istio_authorization
from assay.detectors.cluster.mesh.objects import (
    AuthorizationPolicy,
    AuthorizationSpec,
    LinkerdAuthorization,
    LinkerdAuthorizationSpec,
    LinkerdServer,
    LinkerdServerSpec,
    Mtls,
    PeerAuthentication,
    PeerSpec,
    RequestAuthentication,
    RequestSpec,
    TargetRef,
)
from assay.detectors.cluster.objects import Meta, Objects, Placed, address, namespace_of
from assay.detectors.cluster.platform.objects import Namespace
from assay.detectors.cluster.selectors import equalities, requirements_or
from assay.detectors.cluster.stating import in_namespace
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_ISTIO = "security.istio.io"
_LINKERD = "policy.linkerd.io"
_ROOT_NAMESPACE = "istio-system"
"""Istio's root namespace, unless somebody chose another in its configuration."""

_AIMED = Unknown(reason="the policy is for a Gateway or Service that it names")
_LINKERD_DEFAULT = "config.linkerd.io/default-inbound-policy"


def state(objects: Objects) -> Iterator[Resource]:
    """`network.mesh-policy`."""
    for placed in objects.of(f"{_ISTIO}/PeerAuthentication"):
        yield _peer(objects, placed)
    requiring = istio_authorization.Policies(objects, _ROOT_NAMESPACE)
    for placed in objects.of(f"{_ISTIO}/AuthorizationPolicy"):
        yield _authorization(objects, placed, requiring)
    for placed in objects.of(f"{_ISTIO}/RequestAuthentication"):
        yield _request(objects, placed)
    yield from callers.state(objects)
    yield from _linkerd(objects)


def _istio(
    objects: Objects,
    placed: Placed,
    kind: str,
    spec: PeerSpec | AuthorizationSpec | RequestSpec,
    mutual_tls: str | Unknown | None,
    requires_identity: bool | Unknown,
) -> Resource:
    meta: Meta = placed.object.metadata
    labels = (spec.selector and spec.selector.match_labels) or {}
    aimed = not isinstance(spec, PeerSpec) and (spec.target_ref is not None or spec.target_refs)
    pods = _AIMED if aimed else equalities(labels)
    stating = {
        "namespace": namespace_of(meta),
        "type": kind,
        "mesh": "istio",
        "whole_mesh": not labels and not isinstance(pods, Unknown) and _in_root(namespace_of(meta)),
        "pods": pods,
        **callers.NOT_OF_CALLERS,
        "mutual_tls": mutual_tls,
        "requires_identity": requires_identity,
    }
    return stated(objects, placed, "network.mesh-policy", address(kind, meta), stating)


def _in_root(namespace: str) -> bool | Unknown:
    there = in_namespace(namespace)
    return there if isinstance(there, Unknown) else there == _ROOT_NAMESPACE


def _peer(objects: Objects, placed: Placed) -> Resource:
    policy: PeerAuthentication = placed.object
    spec = policy.spec or PeerSpec()
    mode = _mode(spec.mtls)
    at_ports = {_mode(one) for one in (spec.port_level_mtls or {}).values()} - {None}
    mutual_tls = mode if at_ports <= {mode} else Unknown(reason="some ports have a mode of their own")
    return _istio(objects, placed, "PeerAuthentication", spec, mutual_tls, False)


def _mode(mtls: Mtls | None) -> str | Unknown | None:
    """None: as what stands above it says."""
    mode = mtls.mode if mtls else None
    if mode in (None, "UNSET"):
        return None
    known = mode in ("STRICT", "PERMISSIVE", "DISABLE")
    return mode if known else Unknown(reason="the PeerAuthentication has a mode that Istio doesn't know")


def _authorization(objects: Objects, placed: Placed, policies: istio_authorization.Policies) -> Resource:
    policy: AuthorizationPolicy = placed.object
    spec = policy.spec or istio_authorization.NOTHING
    return _istio(objects, placed, "AuthorizationPolicy", spec, None, policies.requires_identity(policy))


def _request(objects: Objects, placed: Placed) -> Resource:
    policy: RequestAuthentication = placed.object
    # It refuses tokens that are wrong, and lets in callers without any.
    return _istio(objects, placed, "RequestAuthentication", policy.spec or RequestSpec(), None, False)


def _linkerd(objects: Objects) -> Iterator[Resource]:
    servers: dict[tuple[str, str], Any] = {}
    one_port = Unknown(reason="Linkerd decides for each port by itself")
    for placed in objects.of(f"{_LINKERD}/Server"):
        server: LinkerdServer = placed.object
        spec = server.spec or LinkerdServerSpec()
        pods = requirements_or(spec.pod_selector, Unknown(reason="the Server isn't for pods"))
        servers[namespace_of(server.metadata), server.metadata.name or ""] = pods
        opened = spec.access_policy in ("all-unauthenticated", "cluster-unauthenticated")
        yield _of_linkerd(objects, placed, "Server", server.metadata, pods, False if opened else one_port)
    for placed in objects.of(f"{_LINKERD}/AuthorizationPolicy"):
        policy: LinkerdAuthorization = placed.object
        yield _linkerd_authorization(objects, placed, policy, servers, one_port)
    with_servers = {in_namespace(namespace) for namespace, _ in servers}
    for placed in objects.of("Namespace"):
        yield from _linkerd_default(objects, placed, with_servers, one_port)


def _linkerd_authorization(
    objects: Objects,
    placed: Placed,
    policy: LinkerdAuthorization,
    servers: dict[tuple[str, str], Any],
    one_port: Unknown,
) -> Resource:
    spec = policy.spec or LinkerdAuthorizationSpec()
    target = spec.target_ref or TargetRef()
    there = (namespace_of(policy.metadata), target.name or "")
    pods = servers.get(there, Unknown(reason="the policy is for something other than a Server that is there to see"))
    if target.kind == "Namespace":
        pods = []
    by_identity = {"MeshTLSAuthentication", "ServiceAccount"}
    named = any(one.kind in by_identity for one in spec.required_authentication_refs or ())
    return _of_linkerd(objects, placed, "AuthorizationPolicy", policy.metadata, pods, one_port if named else False)


def _of_linkerd(
    objects: Objects,
    placed: Placed,
    kind: str,
    meta: Meta,
    pods: Any,
    requires: bool | Unknown,
    mode: str | None = None,
) -> Resource:
    facts = {
        "namespace": (meta.name or "") if kind == "Namespace" else namespace_of(meta),
        "type": kind,
        "mesh": "linkerd",
        "whole_mesh": False,
        "pods": pods,
        "mutual_tls": mode,
        "requires_identity": requires,
        **callers.NOT_OF_CALLERS,
    }
    return stated(objects, placed, "network.mesh-policy", address(kind, meta, kind != "Namespace"), facts)


def _linkerd_default(
    objects: Objects, placed: Placed, with_servers: set[str | Unknown], one_port: Unknown
) -> Iterator[Resource]:
    """What the annotation of a Namespace says of all ports that have no Server."""
    namespace: Namespace = placed.object
    policy = (namespace.metadata.annotations or {}).get(_LINKERD_DEFAULT)
    if not policy:
        return
    requires: bool | Unknown = policy in ("all-authenticated", "cluster-authenticated", "deny")
    unread = objects.unread(f"{_LINKERD}/Server")
    if requires and unread:
        requires = Unknown(reason=unread)
    elif requires and any(one == namespace.metadata.name or isinstance(one, Unknown) for one in with_servers):
        requires = one_port
    mode = "STRICT" if requires is True else None
    yield _of_linkerd(objects, placed, "Namespace", namespace.metadata, [], requires, mode)
