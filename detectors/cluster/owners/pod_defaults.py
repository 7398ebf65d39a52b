"""What Kubeflow adds to pods as they are made: PodDefaults, by the pods' labels.

See: https://github.com/kubeflow/kubeflow/tree/master/components/admission-webhook
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct, field, structs

from assay.detectors.cluster.objects import Meta, Objects, namespace_of
from assay.detectors.cluster.owners.implied import implied_spec
from assay.detectors.cluster.pods.objects import Container, Env, EnvFrom, PodSpec, VolumeMount
from assay.detectors.cluster.pods.volume_objects import Volume
from assay.detectors.cluster.selectors import LabelSelector, requirements, takes
from assay.scanner.api import Unknown

_MOST = 100
"""PodDefaults of one namespace that are compared with each of its pods."""
_MOST_ADDED = 200_000
"""Volumes, mounts and variables, in all pods together."""
_TOO_MANY = "the namespace has too many PodDefaults to say what they add"
T = TypeVar("T", Env, Volume, VolumeMount)


class PodDefaultSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is added, and to which pods."""

    selector: LabelSelector | None = None
    service_account_name: str | None = None
    automount_service_account_token: bool | None = None
    env: tuple[Env, ...] | None = None
    env_from: tuple[EnvFrom, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None


class PodDefault(Struct, frozen=True, kw_only=True, rename="camel"):
    """Kubeflow's PodDefault."""

    metadata: Meta = field(default_factory=Meta)
    spec: PodDefaultSpec | None = None


class PodDefaults:
    """Those of one source, by namespace and in the order in which the webhook goes through them."""

    def __init__(self, objects: Objects) -> None:
        self._by_namespace: dict[str, list[PodDefault]] = defaultdict(list)
        for placed in objects.of("kubeflow.org/PodDefault"):
            one: PodDefault = placed.object
            self._by_namespace[namespace_of(one.metadata)].append(one)
        self._left = _MOST_ADDED
        for found in self._by_namespace.values():
            found.sort(key=lambda one: one.metadata.name or "")

    def applied(self, spec: PodSpec, namespace: str, labels: Mapping[str, str]) -> PodSpec:
        """The pod as it will be made. Of two that set the same, the pod's own stands, and then the first."""
        found = self._by_namespace.get(namespace, ())
        if len(found) > _MOST:
            return implied_spec(spec, _TOO_MANY)
        for one in found:
            said = one.spec or PodDefaultSpec()
            wanted = requirements(said.selector or LabelSelector())
            if isinstance(wanted, Unknown) or not takes(wanted, labels):
                continue
            self._left -= _size(said) * (1 + len(spec.containers or ()))
            if self._left < 0:
                return implied_spec(spec, _TOO_MANY)
            spec = _with(spec, said)
        return spec


def _size(said: PodDefaultSpec) -> int:
    return sum(len(one or ()) for one in (said.env, said.env_from, said.volumes, said.volume_mounts))


def _with(spec: PodSpec, said: PodDefaultSpec) -> PodSpec:
    return structs.replace(
        spec,
        # The webhook sets these whatever the pod says.
        service_account_name=said.service_account_name or spec.service_account_name,
        automount_service_account_token=spec.automount_service_account_token
        if said.automount_service_account_token is None
        else said.automount_service_account_token,
        volumes=_joined(spec.volumes, said.volumes),
        containers=tuple(_in(one, said) for one in spec.containers or ()) or spec.containers,
    )


def _in(container: Container, said: PodDefaultSpec) -> Container:
    if container.name == "istio-proxy":
        return container
    return structs.replace(
        container,
        env=_joined(container.env, said.env),
        env_from=(*(container.env_from or ()), *(said.env_from or ())) or container.env_from,
        volume_mounts=_joined(container.volume_mounts, said.volume_mounts),
    )


def _joined(own: tuple[T, ...] | None, added: tuple[T, ...] | None) -> tuple[T, ...] | None:
    if not added:
        return own
    kept = own or ()
    names = {one.name for one in kept}
    return kept + tuple(one for one in added if one.name not in names)
