"""Facts of claims and volumes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assay.detectors.cluster.objects import Meta, Objects, Placed, address, namespace_of
from assay.detectors.cluster.pods.purposes import purposes
from assay.detectors.cluster.pods.templates import templates
from assay.detectors.cluster.stating import bounded, cluster_wide, is_live
from assay.detectors.cluster.stating import state as stated
from assay.detectors.cluster.storage.contents import holds, names_of, speaks_of_data
from assay.detectors.cluster.storage.objects import (
    Claim,
    ClaimRef,
    ClaimSpec,
    Driver,
    HostPath,
    PersistentVolume,
    VolumeSpec,
)
from assay.detectors.cluster.table import APIS
from assay.scanner.api import Resource, Unknown

_OLD_CLASS = "volume.beta.kubernetes.io/storage-class"
_CLAIM = "PersistentVolumeClaim"
_MOST_PATHS = 50
"""Paths that one claim is mounted at and that are looked at."""

Mounts = Mapping[tuple[str, str], Sequence[str]]
"""Where claims are mounted, by namespace and name; a data set adds the word `dataset`."""
_DATASET = "dataset"


def state(objects: Objects) -> Iterator[Resource]:
    """`cluster.volume-claim` and `cluster.persistent-volume`."""
    found = templates(objects)
    mounts = _mounts(found)
    declared: set[tuple[str, str]] = set()
    unread = _unread_workloads(objects)
    for placed in objects.of(_CLAIM):
        claim: Claim = placed.object
        declared.add((namespace_of(claim.metadata), claim.metadata.name or ""))
        yield _claim(objects, placed, claim.metadata, claim.spec or ClaimSpec(), mounts, unread)
    if not is_live(objects):
        for template in found:
            yield from _of_template(objects, template, mounts, declared, unread)
    for placed in objects.of("PersistentVolume"):
        yield _volume(objects, placed)


def _unread_workloads(objects: Objects) -> str | None:
    return objects.unread(*(api.id for api in APIS if "workload.pods" in api.states))


def _mounts(found: Sequence[Any]) -> Mounts:
    paths: dict[tuple[str, str], list[str]] = defaultdict(list)
    for template in found:
        claims: dict[str, list[str]] = defaultdict(list)
        for volume in template.spec.volumes or ():
            source = volume.persistent_volume_claim
            if volume.name and source is not None and source.claim_name:
                claims[volume.name].append(source.claim_name)
        for volume_name, names in template.claims.items():
            claims[volume_name] = [name for name in names if isinstance(name, str)]
        serves = purposes(template) if claims else ()
        for container in (*(template.spec.containers or ()), *(template.spec.init_containers or ())):
            for mount in container.volume_mounts or ():
                for name in claims.get(mount.name or "", ())[:_MOST_PATHS]:
                    known = paths[template.namespace, name]
                    if mount.mount_path and len(known) < _MOST_PATHS:
                        known.append(mount.mount_path)
                    if _DATASET not in known and speaks_of_data(mount.mount_path or "", serves):
                        known.append(_DATASET)
    return paths


def _claim(
    objects: Objects, placed: Placed, meta: Meta, spec: ClaimSpec, mounts: Mounts, unread: str | None
) -> Resource:
    namespace, name = namespace_of(meta), meta.name or ""
    annotations = meta.annotations or {}
    spoken = [name, meta.generate_name or "", *names_of(meta.labels, annotations), *mounts.get((namespace, name), ())]
    held: list[Any] = [*holds(spoken)]
    if unread and len(held) < 2:
        held.append(Unknown(reason=unread))
    declared_class = spec.storage_class_name
    facts = {
        "namespace": namespace,
        "storage_class": annotations.get(_OLD_CLASS) if declared_class is None else declared_class,
        "access_modes": bounded(sorted(set(spec.access_modes or ())), "access modes"),
        "volume": spec.volume_name or None,
        "holds": held,
    }
    return stated(objects, placed, "cluster.volume-claim", address(_CLAIM, meta), facts)


def _of_template(
    objects: Objects, template: Any, mounts: Mounts, declared: set[tuple[str, str]], unread: str | None
) -> Iterator[Resource]:
    """The claims that a StatefulSet makes for its pods."""
    if not template.claims:
        return
    made = {one.metadata.name: one for one in _claim_templates(template.owner.object) if one.metadata is not None}
    for volume, names in template.claims.items():
        if volume not in made:
            continue
        spec = made[volume].spec
        for name in names:
            if not isinstance(name, str) or (template.namespace, name) in declared:
                continue
            declared.add((template.namespace, name))
            meta = Meta(name=name, namespace=template.namespace, labels=made[volume].metadata.labels,
                        annotations=made[volume].metadata.annotations)  # fmt: skip
            converted = ClaimSpec(
                storage_class_name=spec.storage_class_name if spec else None,
                access_modes=list(spec.access_modes or ()) if spec else None,
            )
            placed = Placed(object=template.owner.object, place=template.place)
            yield _claim(objects, placed, meta, converted, mounts, unread)


def _claim_templates(owner: Any) -> Sequence[Any]:
    spec = getattr(owner, "spec", None)
    return getattr(spec, "volume_claim_templates", None) or ()


_SOURCES = (
    ("csi", "csi"),
    ("flex_volume", "flexVolume"),
    ("host_path", "hostPath"),
    ("local", "local"),
    ("nfs", "nfs"),
    ("aws_elastic_block_store", "awsElasticBlockStore"),
    ("azure_disk", "azureDisk"),
    ("azure_file", "azureFile"),
    ("cephfs", "cephfs"),
    ("cinder", "cinder"),
    ("fc", "fc"),
    ("flocker", "flocker"),
    ("gce_persistent_disk", "gcePersistentDisk"),
    ("glusterfs", "glusterfs"),
    ("iscsi", "iscsi"),
    ("photon_persistent_disk", "photonPersistentDisk"),
    ("portworx_volume", "portworxVolume"),
    ("quobyte", "quobyte"),
    ("rbd", "rbd"),
    ("scale_io", "scaleIO"),
    ("storageos", "storageos"),
    ("vsphere_volume", "vsphereVolume"),
)
"""Field of `VolumeSpec`, and the API's name."""


def _volume(objects: Objects, placed: Placed) -> Resource:
    volume: PersistentVolume = placed.object
    spec = volume.spec or VolumeSpec()
    sources = [name for field, name in _SOURCES if getattr(spec, field) is not None]
    no_source = Unknown(reason="the volume has no source that we know, or several")
    driver = (spec.csi or spec.flex_volume or Driver()).driver
    at, aliases = cluster_wide("PersistentVolume", volume.metadata)
    facts = {
        "type": sources[0] if len(sources) == 1 else no_source,
        "driver": driver or None,
        "host_path": (spec.host_path or HostPath()).path,
        "storage_class": spec.storage_class_name or None,
        "claim": _claimed(spec.claim_ref),
        "access_modes": bounded(sorted(set(spec.access_modes or ())), "access modes"),
    }
    return stated(objects, placed, "cluster.persistent-volume", at, facts, aliases)


def _claimed(reference: ClaimRef | None) -> str | None:
    if reference is None or not reference.name:
        return None
    return address(_CLAIM, Meta(name=reference.name, namespace=reference.namespace))
