"""Workloads: the facts of what runs, or is declared to run, in a cluster."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import structs

from assay.detectors.cluster.objects import Objects, Placed, namespace_of
from assay.detectors.cluster.pods import contexts
from assay.detectors.cluster.pods.containers import containers
from assay.detectors.cluster.pods.fold import TOKEN_VOLUME
from assay.detectors.cluster.pods.given_secrets import uses_secrets
from assay.detectors.cluster.pods.image_volumes import image_volumes
from assay.detectors.cluster.pods.objects import Container, ImpliedSpec, Pod, PodSpec
from assay.detectors.cluster.pods.placement import placement
from assay.detectors.cluster.pods.purposes import purposes
from assay.detectors.cluster.pods.system_components import component
from assay.detectors.cluster.pods.templates import Template, templates
from assay.detectors.cluster.pods.updates import together
from assay.detectors.cluster.pods.volumes import volumes
from assay.detectors.cluster.selectors import known_labels
from assay.detectors.cluster.stating import bounded, is_live, placeholder, resolved, unresolved
from assay.detectors.cluster.stating import state as stated
from assay.scanner.api import Resource, Unknown

_SYSCTL = re.compile(r"[a-z0-9][a-z0-9._\-/]{0,252}")
_STRATEGIES = ("RollingUpdate", "Recreate", "OnDelete")
_SANDBOXED = re.compile(
    r"gvisor|runsc|kata|firecracker|confidential|sysbox|edera|nabla|microvm|enclave|hyper-?v", re.ASCII
)
_UNSANDBOXED = re.compile(r"nvidia(?:-.*)?|runc|crun|amd|habana|containerd|docker|process|default|legacy", re.ASCII)
_IMPLIED: Mapping[str, tuple[str, ...]] = {
    "service_account_name": ("service_account",),
    "automount_service_account_token": ("token_declared",),
    "host_network": ("host_network",),
    "host_pid": ("host_pid",),
    "host_ipc": ("host_ipc",),
    "host_users": ("host_users",),
    "security_context": ("context", "sysctls"),
    "runtime_class_name": ("runtime_class",),
}
"""Field of the API, and the facts that rest on it: not known where an operator may set it."""
_WITH_MORE = ("containers", "volumes", "image_volumes")


def state(objects: Objects) -> Iterator[Resource]:
    """One `workload.pods` for each owner and template, without the facts that are derived."""
    accounts = _accounts_without_token(objects)
    unread = objects.unread("ServiceAccount") is not None
    for template in templates(objects):
        # What the API server adds for the service account's token follows from what is declared, unless the account
        # was changed after the pod was made, or can't be asked.
        spec = template.spec
        told = unread or (template.namespace, _account(spec)) in accounts
        keeps = told and spec.automount_service_account_token is None
        kept = template if keeps else structs.replace(template, spec=_without_token_volume(spec))
        facts = _facts(kept, is_live(objects))
        placed = Placed(object=template.owner.object, place=template.place)
        yield stated(objects, placed, "workload.pods", template.address, facts, template.aliases)


def _facts(template: Template, live: bool) -> dict[str, Any]:
    spec = template.spec
    annotations = template.annotations
    controller: str | Unknown = template.controller
    if template.controller_unread is not None:
        controller = Unknown(reason=template.controller_unread)
    nodes = template.nodes
    facts: dict[str, Any] = {
        "namespace": template.namespace or Unknown(reason="its pods are made in any namespace"),
        "controller": controller,
        "role": template.role,
        "labels": known_labels(template.labels),
        "service_account": resolved(_account(spec)),
        "token_declared": spec.automount_service_account_token,
        "host_network": spec.host_network is True,
        "host_pid": spec.host_pid is True,
        "host_ipc": spec.host_ipc is True,
        # See: https://kubernetes.io/docs/concepts/workloads/pods/user-namespaces/
        "host_users": spec.host_users is not False,
        "windows": _windows(spec),
        "sysctls": _sysctls(spec),
        "context": contexts.declared(spec.security_context),
        "containers": containers(spec, annotations),
        "volumes": volumes(spec, template.claims, _pods_of(template), live),
        "image_volumes": image_volumes(spec),
        "replicas": template.replicas,
        "long_running": template.long_running,
        "update_strategy": template.update_strategy
        if not isinstance(template.update_strategy, str)
        else contexts.one_of(template.update_strategy, _STRATEGIES, "the strategy"),
        "updated_together": together(template),
        "spread": _spread(spec),
        "runtime_class": _runtime_class(spec.runtime_class_name),
        "mesh": _mesh(spec, template.labels, annotations),
        "uses_secrets": uses_secrets(template),
        "placement": placement(spec),
        "nodes": nodes if isinstance(nodes, Unknown) else bounded(nodes, "nodes"),
        "running": template.running,
        "system": component(template),
        "purpose": purposes(template),
    }
    if isinstance(template.running, Unknown):
        # A pod may have more in it than its template, such as what a webhook puts in.
        for name in _WITH_MORE:
            facts[name] = [*facts[name], template.running]
    if isinstance(spec, ImpliedSpec):
        unknown = Unknown(reason=spec.reason)
        for field, names in _IMPLIED.items():
            if getattr(spec, field) is None:
                facts |= dict.fromkeys(names, unknown)
        facts["volumes"] = [*facts["volumes"], unknown]
        facts["image_volumes"] = [*facts["image_volumes"], unknown]
        facts["placement"] = unknown
    return facts


def _accounts_without_token(objects: Objects) -> frozenset[tuple[str, str]]:
    return frozenset(
        (namespace_of(placed.object.metadata), placed.object.metadata.name or "")
        for placed in objects.of("ServiceAccount")
        if placed.object.automount_service_account_token is False
    )


def _account(spec: PodSpec) -> str:
    # See: https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/
    return spec.service_account_name or spec.service_account or "default"


def _without_token_volume(spec: PodSpec) -> PodSpec:
    if not any(volume.name == TOKEN_VOLUME for volume in spec.volumes or ()):
        return spec
    return structs.replace(
        spec,
        volumes=tuple(volume for volume in spec.volumes or () if volume.name != TOKEN_VOLUME),
        containers=_without_token_mount(spec.containers),
        init_containers=_without_token_mount(spec.init_containers),
        ephemeral_containers=_without_token_mount(spec.ephemeral_containers),
    )


def _without_token_mount(found: tuple[Container, ...] | None) -> tuple[Container, ...] | None:
    return found and tuple(
        structs.replace(
            one, volume_mounts=tuple(mount for mount in one.volume_mounts or () if mount.name != TOKEN_VOLUME)
        )
        for one in found
    )


def _windows(spec: PodSpec) -> bool | Unknown:
    # The kubelet refuses a pod whose `spec.os` isn't its own, whereas a node's labels may be anything.
    # See: https://kubernetes.io/docs/concepts/security/pod-security-standards/
    name = spec.os.name if spec.os is not None else None
    return placeholder(name) if name and unresolved(name) else name == "windows"


def _sysctls(spec: PodSpec) -> list[str | Unknown]:
    found = spec.security_context.sysctls if spec.security_context is not None else None
    names = {one.name or "" for one in found or ()}
    known: list[str | Unknown] = [*sorted(name for name in names if _SYSCTL.fullmatch(name))]
    odd = [] if len(known) == len(names) else [Unknown(reason="unreadable: a kernel parameter has no name that it may")]
    return bounded([*known, *odd], "kernel parameters")


def _spread(spec: PodSpec) -> bool:
    apart = spec.affinity.pod_anti_affinity if spec.affinity is not None else None
    return bool(spec.topology_spread_constraints) or (apart is not None and bool(apart.required or apart.preferred))


def _runtime_class(name: str | None) -> str | Unknown | None:
    """Only its handler, which nodes are set up with, tells what a class of another name is."""
    if not name or _UNSANDBOXED.fullmatch(name):
        return None
    if unresolved(name):
        return placeholder(name)
    return (
        name
        if _SANDBOXED.search(name)
        else Unknown(reason="only the nodes tell whether the runtime class is a sandbox")
    )


def _mesh(spec: PodSpec, labels: Mapping[str, str], annotations: Mapping[str, str]) -> str | None:
    """By the proxy, or by the label or annotation that asks for one."""
    for container in (*(spec.containers or ()), *(spec.init_containers or ())):
        if container.name in ("istio-proxy", "linkerd-proxy"):
            return container.name.partition("-")[0]
    asked = labels.get("sidecar.istio.io/inject") or annotations.get("sidecar.istio.io/inject")
    if (asked or "").lower() == "true" or labels.get("istio.io/dataplane-mode") == "ambient":
        return "istio"
    return "linkerd" if annotations.get("linkerd.io/inject") in ("enabled", "ingress") else None


def _pods_of(template: Template) -> str:
    """The name of the pods, `web-*` where a controller names them."""
    owner = template.owner.object
    name = owner.metadata.name or ""
    return name if isinstance(owner, Pod) and template.controller == "Pod" and name else f"{name}-*"
