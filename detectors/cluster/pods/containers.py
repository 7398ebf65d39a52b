"""Facts of containers."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.detectors.cluster.pods import contexts
from assay.detectors.cluster.pods.environment import from_secrets, in_the_open
from assay.detectors.cluster.pods.image_volumes import images, models
from assay.detectors.cluster.pods.images import Image, parse
from assay.detectors.cluster.pods.objects import Container, Handler, Implied, PodSpec
from assay.detectors.cluster.pods.quantities import requested
from assay.detectors.cluster.pods.start_fetches import fetches
from assay.detectors.cluster.pods.volumes import mounts, read_only
from assay.detectors.cluster.stating import bounded, placeholder, resolved, unresolved
from assay.scanner.api import Unknown

_POLICIES = ("Always", "IfNotPresent", "Never")
_IMPLIED_IN: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "image_tag", "image_pinned"),
    "security_context": (
        "declared", "runs_as_root", "run_as_user", "seccomp", "privileged", "privilege_escalation", "read_only_root",
        "capabilities_added", "capabilities_dropped", "proc_mount",
    ),
    "resources": ("cpu_requested", "cpu_limited", "memory_requested", "memory_limited", "gpus"),
    "liveness_probe": ("liveness_probe",),
    "readiness_probe": ("readiness_probe",),
    "startup_probe": ("startup_probe",),
}  # fmt: skip
"""Field of the API, and the facts that rest on it: not known where an operator may set it."""
_IMPLIED_LISTS = ("ports", "mounts", "secret_environment", "plain_secret_environment", "fetches_at_start")


def containers(spec: PodSpec, annotations: Mapping[str, str]) -> list[Any]:
    """`kinds.workload.Container`s of a pod, in the order in which they start."""
    return bounded(_containers(spec, annotations), "containers")


def type_of(container: Container, field: str) -> str:
    """What runs at which time; an init container that is restarted always goes on beside the others.

    See: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
    """
    if field == "init_containers":
        return "sidecar" if container.restart_policy == "Always" else "init"
    return "ephemeral" if field == "ephemeral_containers" else "container"


def _containers(spec: PodSpec, annotations: Mapping[str, str]) -> Iterator[Any]:
    fixed, mountable = read_only(spec), images(spec)
    for field in ("init_containers", "containers", "ephemeral_containers"):
        for container in getattr(spec, field) or ():
            facts = _facts(container, spec, annotations, fixed, mountable) | {"type": type_of(container, field)}
            yield _with_unknowns(facts, container) if isinstance(container, Implied) else facts


def _facts(
    container: Container,
    spec: PodSpec,
    annotations: Mapping[str, str],
    fixed: frozenset[str],
    mountable: Mapping[str, Image],
) -> dict[str, Any]:
    image = parse(container.image)
    if container.image == "auto":
        # See: https://istio.io/latest/docs/setup/additional-setup/gateway/
        image = parse(None, absent="the mesh sets the image as it injects its proxy")
    apparmor = contexts.apparmor_annotation(annotations, container.name, spec.security_context)
    context = container.security_context
    return {
        "name": resolved(container.name or ""),
        "image": image.text,
        "image_tag": image.tag,
        "image_pinned": image.pinned,
        "pull_policy": image.pull_policy
        if not container.image_pull_policy
        else contexts.one_of(container.image_pull_policy, _POLICIES, "imagePullPolicy"),
        "declared": contexts.declared(context, apparmor),
        **contexts.effective(context, spec.security_context),
        "ports": bounded(_ports(container, spec), "ports"),
        "mounts": mounts(container, fixed),
        **requested(container.resources, spec.resources),
        "liveness_probe": container.liveness_probe is not None,
        "readiness_probe": container.readiness_probe is not None,
        "startup_probe": container.startup_probe is not None,
        "probe_hosts": _probe_hosts(container),
        "secret_environment": from_secrets(container),
        "plain_secret_environment": in_the_open(container),
        "fetches_at_start": _with_models(fetches(container, image.repository, spec), models(container, mountable)),
    }


def _with_unknowns(facts: dict[str, Any], container: Implied) -> dict[str, Any]:
    unknown = Unknown(reason=container.reason)
    for field, names in _IMPLIED_IN.items():
        if getattr(container, field) is None:
            facts |= dict.fromkeys(names, unknown)
    for name in _IMPLIED_LISTS:
        facts[name] = [*facts[name], unknown]
    return facts


def _with_models(fetched: list[str | Unknown], mounted: set[str | Unknown]) -> list[str | Unknown]:
    """A model that is mounted as an image is pulled as the container starts."""
    if not mounted:
        return fetched
    found = mounted.union(fetched)
    known = sorted(one for one in found if isinstance(one, str))
    return [*known, *sorted((one for one in found if isinstance(one, Unknown)), key=lambda one: one.reason)]


def _ports(container: Container, spec: PodSpec) -> Iterator[Any]:
    for port in container.ports or ():
        number, host = _number(port.container_port), _number(port.host_port)
        if isinstance(number, Unknown) or isinstance(host, Unknown):
            yield number if isinstance(number, Unknown) else host
            continue
        # In the node's network each port is the node's; the API server fills that in.
        # See: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#ports
        yield {
            "number": number or 0,
            "protocol": contexts.one_of((port.protocol or "TCP").lower(), ("tcp", "udp", "sctp"), "a port's protocol"),
            "host_port": host or (number if spec.host_network is True else None) or None,
            "name": resolved(port.name) if port.name else None,
        }


def _number(value: int | str | None) -> int | Unknown | None:
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and len(value) < 6:
            return int(value)
        return placeholder(value) if unresolved(value) else Unknown(reason="unreadable: a port isn't a number")
    return value


def _probe_hosts(container: Container) -> bool:
    hooks = container.lifecycle
    handlers: tuple[Handler | None, ...] = (
        container.liveness_probe,
        container.readiness_probe,
        container.startup_probe,
        hooks.post_start if hooks is not None else None,
        hooks.pre_stop if hooks is not None else None,
    )
    return any(
        action is not None and bool(action.host)
        for handler in handlers
        if handler is not None
        for action in (handler.http_get, handler.tcp_socket)
    )
