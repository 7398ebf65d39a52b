"""Pods that operators make, of which their owners declare a part only."""

from typing import Any, TypeVar

from msgspec import Struct, structs

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.pods.objects import Container, Implied, ImpliedSpec, PodSpec, PodTemplate

T = TypeVar("T", Container, PodSpec)


def spec_of(holder: PodSpec) -> PodSpec:
    """What a struct that has more fields than a pod's holds of a pod."""
    return PodSpec(**_fields(holder, PodSpec))


def container_of(holder: Container) -> Container:
    """What a struct that has more fields than a container's holds of a container."""
    return Container(**_fields(holder, Container))


def implied(container: Container, reason: str) -> Implied:
    """A container of which what isn't set is not known."""
    return Implied(**_fields(container, Container), reason=reason)


def implied_spec(spec: PodSpec, reason: str) -> ImpliedSpec:
    """A pod of which what isn't set is not known, that of its containers included."""
    fields = _fields(spec, PodSpec)
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


def given_by(one: Struct) -> dict[str, Any]:
    """The fields of a container or pod that are set."""
    return {name: value for name in one.__struct_fields__ if (value := getattr(one, name)) is not None}


def over(lower: T, upper: T) -> T:
    """A container or pod with what another one sets in place of its own."""
    return structs.replace(lower, **given_by(upper))


def template(
    spec: PodSpec | None, labels: dict[str, str] | None = None, annotations: dict[str, str] | None = None
) -> PodTemplate:
    """A template of these."""
    return PodTemplate(metadata=Meta(labels=labels, annotations=annotations), spec=spec)


def _fields(one: Struct, of: type[Struct]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in of.__struct_fields__}
