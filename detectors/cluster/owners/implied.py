"""Pods that operators make, of which their owners declare a part only."""

from msgspec import structs

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.pods.objects import Container, Implied, ImpliedSpec, PodSpec, PodTemplate


def spec_of(holder: PodSpec) -> PodSpec:
    """What a struct that has more fields than a pod's holds of a pod."""
    return PodSpec(**{name: getattr(holder, name) for name in PodSpec.__struct_fields__})


def container_of(holder: Container) -> Container:
    """What a struct that has more fields than a container's holds of a container."""
    return Container(**{name: getattr(holder, name) for name in Container.__struct_fields__})


def implied(container: Container, reason: str) -> Implied:
    """A container of which what isn't set is not known."""
    return Implied(**{name: getattr(container, name) for name in Container.__struct_fields__}, reason=reason)


def implied_spec(spec: PodSpec, reason: str) -> ImpliedSpec:
    """A pod of which what isn't set is not known, that of its containers included."""
    fields = {name: getattr(spec, name) for name in PodSpec.__struct_fields__}
    for name in ("containers", "init_containers"):
        if fields[name]:
            fields[name] = tuple(implied(container, reason) for container in fields[name])
    return ImpliedSpec(**fields, reason=reason)


def apart(spec: PodSpec) -> PodSpec:
    """A pod whose operator gives it nothing of the node's but what its owner asks for."""
    return structs.replace(
        spec,
        host_network=spec.host_network is True,
        host_pid=spec.host_pid is True,
        host_ipc=spec.host_ipc is True,
        host_users=spec.host_users is not False,
    )


def over(lower: Container, upper: Container) -> Container:
    """A container with what another one sets in place of its own."""
    return structs.replace(
        lower, **{name: value for name in Container.__struct_fields__ if (value := getattr(upper, name)) is not None}
    )


def template(
    spec: PodSpec | None, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None
) -> PodTemplate:
    """A template of these."""
    return PodTemplate(metadata=Meta(labels=labels, annotations=annotations), spec=spec)
