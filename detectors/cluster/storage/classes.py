"""What storage classes encrypt: by their parameters, or because the provider always does."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.stating import cluster_wide, unnamed, unresolved
from assay.detectors.cluster.stating import state as stated
from assay.detectors.cluster.storage.objects import StorageClass
from assay.scanner.api import Resource, Unknown

_DEFAULT = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


class Maker(Struct, frozen=True, kw_only=True):
    """What is known of a provisioner."""

    always: bool | None = False
    """It encrypts everything; None: something that can't be seen from here decides."""
    switch: str | None = None
    """The parameter that turns encryption on, by `true`."""
    key: str | None = None
    """The parameter that names a key of one's own."""
    own_key: bool = False
    """It encrypts with keys of one's own only."""
    network: bool = False
    """What it makes is a file system that a network carries."""


_EBS = Maker(switch="encrypted", key="kmskeyid")
_NEVER = Maker()
_ELSEWHERE = Maker(always=None)
_SHARE = Maker(always=None, network=True)
_AZURE_DISK = Maker(always=True, key="diskencryptionsetid")
_AZURE_SHARE = Maker(always=True, network=True)
_GOOGLE_DISK = Maker(always=True, key="disk-encryption-kms-key")
_CEPH = Maker(switch="encrypted", key="encryptionkmsid")
_PORTWORX = Maker(switch="secure", own_key=True)

_MAKERS: Mapping[str, Maker] = {
    "blob.csi.azure.com": _AZURE_SHARE,
    "blockvolume.csi.oraclecloud.com": Maker(always=True, key="kms-key-id"),
    "cephfs.csi.ceph.com": Maker(switch="encrypted", key="encryptionkmsid", network=True),
    "cinder.csi.openstack.org": _ELSEWHERE,
    "csi.trident.netapp.io": _ELSEWHERE,
    "csi.vsphere.vmware.com": _ELSEWHERE,
    "disk.csi.azure.com": _AZURE_DISK,
    "diskplugin.csi.alibabacloud.com": Maker(switch="encrypted", key="kmskeyid"),
    "dobs.csi.digitalocean.com": Maker(always=True),
    "docker.io/hostpath": _NEVER,
    "driver.longhorn.io": Maker(switch="encrypted", own_key=True),
    "ebs.csi.aws.com": _EBS,
    "ebs.csi.eks.amazonaws.com": _EBS,
    # A file system that is there already holds what it makes, and has its own setting.
    "efs.csi.aws.com": _SHARE,
    "file.csi.azure.com": _AZURE_SHARE,
    "filestore.csi.storage.gke.io": Maker(always=True, key="instance-encryption-kms-key", network=True),
    "fsx.csi.aws.com": Maker(always=True, key="kmskeyid", network=True),
    "hostpath.csi.k8s.io": _NEVER,
    "k8s-sigs.io/nfs-subdir-external-provisioner": _SHARE,
    "k8s.io/minikube-hostpath": _NEVER,
    "kubernetes.io/aws-ebs": _EBS,
    "kubernetes.io/azure-disk": _AZURE_DISK,
    "kubernetes.io/azure-file": _AZURE_SHARE,
    "kubernetes.io/cinder": _ELSEWHERE,
    "kubernetes.io/gce-pd": _GOOGLE_DISK,
    "kubernetes.io/glusterfs": _SHARE,
    "kubernetes.io/no-provisioner": _NEVER,
    "kubernetes.io/portworx-volume": _PORTWORX,
    "kubernetes.io/vsphere-volume": _ELSEWHERE,
    "linodebs.csi.linode.com": Maker(switch="linodebs.csi.linode.com/luks-encrypted", own_key=True),
    "local.csi.openebs.io": _NEVER,
    "microk8s.io/hostpath": _NEVER,
    "nfs.csi.k8s.io": _SHARE,
    "openebs.io/local": _NEVER,
    "pd.csi.storage.gke.io": _GOOGLE_DISK,
    "pxd.portworx.com": _PORTWORX,
    "rancher.io/local-path": _NEVER,
    "rbd.csi.ceph.com": _CEPH,
    "smb.csi.k8s.io": _SHARE,
    "topolvm.io": _NEVER,
    "vpc.block.csi.ibm.io": Maker(always=True, key="encryptionkey"),
}
"""By provisioner. Parameters in lower case, as drivers compare them without regard to case."""


def state(objects: Objects) -> Iterator[Resource]:
    """`cluster.storage-class`."""
    for placed in objects.of("storage.k8s.io/StorageClass"):
        yield _storage_class(objects, placed)


def maker(provisioner: str) -> Maker | None:
    """What is known of a provisioner; Rook puts its own namespace before those of Ceph."""
    for name in (provisioner, *(known for known in _PREFIXED if provisioner.endswith(f".{known}"))):
        if name in _MAKERS:
            return _MAKERS[name]
    return _SHARE if "/nfs-" in provisioner or provisioner.endswith("/nfs") else None


_PREFIXED = ("rbd.csi.ceph.com", "cephfs.csi.ceph.com")


def _storage_class(objects: Objects, placed: Placed) -> Resource:
    found: StorageClass = placed.object
    annotations = found.metadata.annotations or {}
    parameters = {key.lower(): value for key, value in (found.parameters or {}).items()}
    known = maker(found.provisioner or "")
    encrypted = _encrypted(known, parameters)
    at, aliases = cluster_wide("StorageClass", found.metadata)
    facts = {
        "provisioner": found.provisioner or Unknown(reason="the storage class names no provisioner"),
        "default": any(annotations.get(key) == "true" for key in _DEFAULT),
        "encrypted_at_rest": encrypted,
        "customer_managed_key": _own_key(known, parameters, encrypted),
        # The API server's own default.
        "reclaim_policy": found.reclaim_policy or "Delete",
        "network_file_system": known.network if known else Unknown(reason="the provisioner isn't known to us"),
    }
    return stated(objects, placed, "cluster.storage-class", at, facts, aliases)


def _encrypted(known: Maker | None, parameters: Mapping[str, str]) -> bool | Unknown:
    if known is None:
        return Unknown(reason="whether this provisioner encrypts isn't known to us")
    if known.always is None:
        return Unknown(reason="what lies under the storage class decides, and can't be seen from it")
    if known.always:
        return True
    given = parameters.get(known.switch) if known.switch else None
    if unresolved(given):
        return Unknown(reason="unresolved: the parameter that turns encryption on")
    # A default of the account may encrypt EBS volumes nonetheless, which nothing in the cluster shows or keeps.
    return given is not None and given.lower() in ("true", "1", "yes")


def _own_key(known: Maker | None, parameters: Mapping[str, str], encrypted: bool | Unknown) -> bool | Unknown:
    if known is None or isinstance(encrypted, Unknown):
        # A key is of use only where something is encrypted, which isn't known.
        return encrypted
    if known.network and known.key is None:
        return Unknown(reason="the storage account's own settings decide")
    key = parameters.get(known.key) if known.key else None
    if encrypted and unnamed(key):
        return Unknown(reason="unresolved: the parameter that names the key")
    return encrypted and (known.own_key or bool(key))
