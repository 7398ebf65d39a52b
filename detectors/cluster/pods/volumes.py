"""Volumes of pods, and how containers mount them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import normpath
from typing import Any

from assay.detectors.cluster.pods.objects import Container, PodSpec
from assay.detectors.cluster.pods.volume_objects import Volume
from assay.detectors.cluster.stating import bounded, placeholder, resolved, unresolved
from assay.scanner.api import Unknown

_NOT_SOURCES = ("name", "unheard")
_SOURCES = tuple(
    (field, name)
    for field, name in zip(Volume.__struct_fields__, Volume.__struct_encode_fields__, strict=True)
    if field not in _NOT_SOURCES
)
"""Field of the struct, and the API's name for that type of volume."""

_WINDOWS = re.compile(r"[A-Za-z]:|\\\\")
"""A drive, or a pipe such as that of a container runtime."""

_ALWAYS_READ_ONLY = ("secret", "configMap", "projected", "downwardAPI", "image")
"""The kubelet mounts these read-only whatever is declared.
See: https://kubernetes.io/docs/concepts/storage/volumes/
"""


def volumes(spec: PodSpec, claims: Mapping[str, Sequence[str | Unknown]], pods: str, live: bool = False) -> list[Any]:
    """`kinds.workload.Volume`s. A volume that a StatefulSet makes claims for is one for each claim.

    `pods` is how the pods are named, for the claims of ephemeral volumes.
    """
    return bounded(_volumes(spec, claims, pods, live), "volumes")


def read_only(spec: PodSpec) -> frozenset[str]:
    """Names of the volumes that can't be written to, however they are mounted."""
    return frozenset(volume.name or "" for volume in spec.volumes or () if _read_only(volume))


def mounts(container: Container, read_only_volumes: frozenset[str]) -> list[Any]:
    """`kinds.workload.Mount`s. A volume that is read-only itself can't be mounted otherwise."""
    return bounded(_mounts(container, read_only_volumes), "mounts")


def type_of(volume: Volume, live: bool = False) -> str | Unknown:
    """As in the API; in a file an empty directory where nothing is said, as the API server would set.

    A live cluster has set it: a volume without a source there has one of a type that is newer than this program.
    """
    found = [name for field, name in _SOURCES if getattr(volume, field) is not None]
    if volume.unheard is not None or (live and not found):
        return Unknown(reason="a volume is of a type that isn't known")
    if len(found) > 1:
        return Unknown(reason="unreadable: a volume has several sources")
    return found[0] if found else "emptyDir"


def _volumes(spec: PodSpec, claims: Mapping[str, Sequence[str | Unknown]], pods: str, live: bool) -> Iterator[Any]:
    for volume in spec.volumes or ():
        for claim in claims.get(volume.name or "", ()) or (_claim(volume, pods),):
            yield {
                "name": resolved(volume.name or ""),
                "type": type_of(volume, live),
                "host_path": None if volume.host_path is None else _host_path(volume.host_path.path or ""),
                "claim": claim,
                "token": _holds_token(volume),
                "memory": volume.empty_dir is not None and volume.empty_dir.medium == "Memory",
            }


def _mounts(container: Container, read_only_volumes: frozenset[str]) -> Iterator[Any]:
    for mount in container.volume_mounts or ():
        yield {
            "volume": resolved(mount.name or ""),
            "path": resolved(mount.mount_path or ""),
            "read_only": mount.read_only is True or (mount.name or "") in read_only_volumes,
        }


def _host_path(path: str) -> str | Unknown:
    """As the node resolves it, but for links."""
    if not path:
        return Unknown(reason="unreadable: a volume names no folder of the node")
    if unresolved(path):
        return placeholder(path)
    return path if _WINDOWS.match(path) else normpath(f"/{path.lstrip('/')}")


def _claim(volume: Volume, pods: str) -> str | Unknown | None:
    if volume.ephemeral is not None:
        return resolved(f"{pods}-{volume.name or ''}")
    if volume.persistent_volume_claim is None:
        return None
    name = volume.persistent_volume_claim.claim_name
    return resolved(name) if name else Unknown(reason="unreadable: a volume's claim has no name")


def _read_only(volume: Volume) -> bool:
    kind = type_of(volume)
    if kind in _ALWAYS_READ_ONLY:
        return True
    for field, _ in _SOURCES:
        source = getattr(volume, field)
        if source is not None and getattr(source, "read_only", None) is True:
            return True
    return False


def _holds_token(volume: Volume) -> bool | Unknown:
    if volume.projected is not None:
        return any(one.service_account_token is not None for one in volume.projected.sources or ())
    if volume.secret is not None:
        # Before version 1.24 each service account had a Secret named so; whether another one holds a token, only its
        # type says.
        return "-token-" in (volume.secret.secret_name or "")
    return False
