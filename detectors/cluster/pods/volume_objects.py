"""Volumes of pods, decoded to what facts are stated from."""

from msgspec import Struct, field

UNHEARD = "a source that isn't known"
"""The key under which the decoding of files notes that a volume has one. No key of the API looks like it."""


class Named(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A reference to an object of the pod's namespace."""

    name: str | None = None


class HostPath(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A folder or file of the node."""

    path: str | None = None


class EmptyDir(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A folder that lives as long as the pod."""

    medium: str | None = None


class Claim(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A claim that is mounted."""

    claim_name: str | None = None
    read_only: bool | None = None


class SecretSource(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A Secret as files."""

    secret_name: str | None = None


class Anything(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Something that counts by being there."""


class ProjectedSource(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """One of several sources of a volume."""

    service_account_token: Anything | None = None
    secret: Named | None = None
    config_map: Named | None = None


class Projected(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Several sources in one volume."""

    sources: tuple[ProjectedSource, ...] | None = None


class Csi(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A volume that a driver makes for the pod."""

    driver: str | None = None
    read_only: bool | None = None


class ReadOnly(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A source of which only this counts."""

    read_only: bool | None = None


class ImageSource(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """An image, the files of which are the volume."""

    reference: str | None = None


class Volume(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A volume: its name, and one of the sources."""

    name: str | None = None
    host_path: HostPath | None = None
    empty_dir: EmptyDir | None = None
    persistent_volume_claim: Claim | None = None
    secret: SecretSource | None = None
    config_map: Named | None = None
    projected: Projected | None = None
    csi: Csi | None = None
    ephemeral: Anything | None = None
    downward_api: Anything | None = field(default=None, name="downwardAPI")
    nfs: ReadOnly | None = None
    image: ImageSource | None = None
    git_repo: Anything | None = None
    iscsi: ReadOnly | None = None
    fc: ReadOnly | None = None
    flex_volume: ReadOnly | None = None
    flocker: Anything | None = None
    aws_elastic_block_store: ReadOnly | None = None
    azure_disk: ReadOnly | None = None
    azure_file: ReadOnly | None = None
    gce_persistent_disk: ReadOnly | None = None
    cephfs: ReadOnly | None = None
    cinder: ReadOnly | None = None
    glusterfs: ReadOnly | None = None
    photon_persistent_disk: Anything | None = None
    portworx_volume: ReadOnly | None = None
    quobyte: ReadOnly | None = None
    rbd: ReadOnly | None = None
    scale_io: ReadOnly | None = field(default=None, name="scaleIO")
    storageos: ReadOnly | None = None
    vsphere_volume: Anything | None = None
    unheard: Anything | None = field(default=None, name=UNHEARD)
    """A source of another name, in a file."""


HEARD = frozenset(Volume.__struct_encode_fields__)
"""The keys of a volume."""
