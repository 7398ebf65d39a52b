"""Claims, volumes and storage classes, decoded to what we need of them."""

from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta


class ClaimSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a claim says."""

    storage_class_name: str | None = None
    access_modes: list[str] | None = None
    volume_name: str | None = None


class Claim(Struct, frozen=True, kw_only=True, rename="camel"):
    """A PersistentVolumeClaim."""

    metadata: Meta = field(default_factory=Meta)
    spec: ClaimSpec | None = None


class StorageClass(Struct, frozen=True, kw_only=True, rename="camel"):
    """A storage class. Its parameters' values are looked at and not stated."""

    metadata: Meta = field(default_factory=Meta)
    provisioner: str | None = None
    parameters: dict[str, str] | None = None
    reclaim_policy: str | None = None


class Driver(Struct, frozen=True, kw_only=True, rename="camel"):
    """The driver of a volume."""

    driver: str | None = None


class HostPath(Struct, frozen=True, kw_only=True, rename="camel"):
    """A folder of the node."""

    path: str | None = None


class ClaimRef(Struct, frozen=True, kw_only=True, rename="camel"):
    """The claim that has a volume."""

    namespace: str | None = None
    name: str | None = None


class VolumeSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a PersistentVolume says: one of the sources, and how it is used."""

    storage_class_name: str | None = None
    access_modes: list[str] | None = None
    claim_ref: ClaimRef | None = None
    csi: Driver | None = None
    flex_volume: Driver | None = None
    host_path: HostPath | None = None
    local: Any = None
    nfs: Any = None
    aws_elastic_block_store: Any = None
    azure_disk: Any = None
    azure_file: Any = None
    cephfs: Any = None
    cinder: Any = None
    fc: Any = None
    flocker: Any = None
    gce_persistent_disk: Any = None
    glusterfs: Any = None
    iscsi: Any = None
    photon_persistent_disk: Any = None
    portworx_volume: Any = None
    quobyte: Any = None
    rbd: Any = None
    scale_io: Any = field(default=None, name="scaleIO")
    storageos: Any = None
    vsphere_volume: Any = None


class PersistentVolume(Struct, frozen=True, kw_only=True, rename="camel"):
    """A PersistentVolume."""

    metadata: Meta = field(default_factory=Meta)
    spec: VolumeSpec | None = None
