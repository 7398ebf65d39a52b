"""A Kubernetes cluster itself: namespaces, nodes, volumes, admission, and what could be listed."""

from msgspec import Struct


class Listing(Struct, frozen=True, kw_only=True):
    """One resource of the API of a live cluster, as it was listed. Nothing can be said of what was not.

    Of files, one resource of the API of which an object is declared that could not be read; none where all could.
    """

    source: str
    """`kube:CONTEXT`; or that of the files."""
    kinds: list[str]
    """The kinds of ours that are stated from it."""
    namespaces: list[str] | None
    """The namespaces that were asked for by name; None: all, or it has none."""
    served: bool
    """The cluster's API has it."""
    complete: bool
    """Never known to be False: what failed is unknown, with the reason."""
    objects: int
    verified: bool
    """The server's certificate was checked. Where it was not, anybody on the way may have answered."""


class Namespace(Struct, frozen=True, kw_only=True):
    """A namespace."""

    source: str
    labels: dict[str, str]
    enforces: str | None
    """Pod Security Standard that admission enforces: `privileged`, `baseline`, `restricted`; None: not set, so that the
    cluster's default holds, which is `privileged` unless somebody changed it."""
    enforced_version: str | None
    tenant: str | None
    """Whose it is, where a Kubeflow Profile or another tenancy operator made it: the operator's own name for the
    tenant, without people's names."""
    system: bool
    """Made by Kubernetes or the provider for its own parts, such as `kube-system`."""
    mesh: str | None
    """The mesh whose proxy its pods get."""
    quota: bool
    """It has a ResourceQuota."""
    gpu_quota: bool
    """A quota that bounds accelerators."""
    default_limits: bool
    """It has a LimitRange that gives containers limits."""
    verified_images: list[str]
    """Patterns of the images that admission lets in by their signature only: `**` is anything, `*` anything without a
    slash; sorted."""
    images_verified: bool
    """Derived: each image of its workloads is one of those."""
    workloads: int
    """Derived: how many workloads it has."""
    privileged_components: list[str]
    """Derived: the components among them that are expected to be privileged, as `workload.pods` names them in `system`;
    sorted. They can't run where admission keeps privileged pods out."""
    denies_ingress: bool
    """Derived: a NetworkPolicy selects all its pods and lets nothing in by itself."""
    denies_egress: bool


class Node(Struct, frozen=True, kw_only=True):
    """A node."""

    source: str
    kubelet: str
    """Its version, `1.31.4`."""
    runtime: str
    """`containerd://1.7.20`."""
    gpus: int
    gpu_sharing: str | None
    """`time-slicing` or `mps`, where several pods share an accelerator without isolation; `mig`, where it is split in
    hardware; None: whole accelerators."""
    pool: str | None
    """The node group, by the provider's label."""
    dedicated: bool
    """It has a taint that keeps other workloads away."""
    control_plane: bool
    """It runs the API server or its database, by its labels. Of most managed clusters such nodes aren't shown."""
    public_address: bool
    """One of its addresses is the internet's, so that whatever listens on the node may be reached from there."""
    tenants: list[str]
    """Derived: namespaces whose pods use its accelerators; sorted."""


class DevicePlugin(Struct, frozen=True, kw_only=True):
    """A configuration of NVIDIA's device plugin that files declare. In a live cluster the nodes tell themselves."""

    source: str
    sharing: str | None
    """`time-slicing` or `mps`, where several pods share an accelerator without isolation; None: neither."""
    everywhere: bool
    """Nodes use it unless their labels name another one."""
    tenants: list[str]
    """Derived: namespaces whose pods may come to the nodes that use it and ask for accelerators; sorted."""


class VolumeClaim(Struct, frozen=True, kw_only=True):
    """A PersistentVolumeClaim."""

    source: str
    namespace: str
    storage_class: str | None
    """None: the cluster's default."""
    access_modes: list[str]
    """`ReadWriteOnce`, `ReadOnlyMany`, `ReadWriteMany`, `ReadWriteOncePod`."""
    volume: str | None
    holds: list[str]
    """What it holds, by its name, its labels and where it is mounted: `model`, `dataset`; sorted, often empty."""
    encrypted_at_rest: bool
    """Derived, from its storage class or volume."""
    customer_managed_key: bool
    """Derived."""
    mounted_by: list[str]
    """Derived: addresses of the workloads that mount it; sorted."""
    written_by: list[str]
    """Derived: those of them that can write to it."""


class StorageClass(Struct, frozen=True, kw_only=True):
    """A storage class."""

    source: str
    provisioner: str
    default: bool
    encrypted_at_rest: bool
    """What it makes is encrypted, by its parameters or because the provider always does."""
    customer_managed_key: bool
    reclaim_policy: str
    network_file_system: bool
    """NFS, SMB and their like, which a network carries."""


class PersistentVolume(Struct, frozen=True, kw_only=True):
    """A PersistentVolume."""

    source: str
    type: str
    """As of a pod's volume."""
    driver: str | None
    host_path: str | None
    storage_class: str | None
    claim: str | None
    """Address of the claim that has it."""
    access_modes: list[str]


class DisruptionBudget(Struct, frozen=True, kw_only=True):
    """A PodDisruptionBudget."""

    source: str
    namespace: str
    selector: dict[str, str] | None
    """Its equalities; None: it selects nothing."""
    min_available: str | None
    """How many pods must stay, `2` or `50%`; None: not set."""
    max_unavailable: str | None
    """How many pods may be away at the same time, `1` or `50%`; None: not set."""
    blocks_all: bool
    """No pod may ever be evicted, so that nodes can't be drained."""


class Webhook(Struct, frozen=True, kw_only=True):
    """An admission webhook."""

    source: str
    type: str
    """`mutating` or `validating`."""
    fails_open: bool
    """Objects are let through when it doesn't answer."""
    outside: bool
    """It is called at a URL, which may lie outside the cluster."""
    exempts: list[str]
    """Namespaces that it doesn't look at, by name; sorted."""
    guards_pods: bool
    """It looks at pods as they are made."""


class ControlPlane(Struct, frozen=True, kw_only=True):
    """The API server and what it says of itself."""

    source: str
    version: str
    """`1.31.4`."""
    managed_by: str | None
    """`eks`, `gke`, `aks`, `openshift` …; None: nobody that is known."""
    anonymous_access: bool
    """Callers without credentials are let in as `system:anonymous`."""
    secrets_encrypted: bool
    """Secrets are encrypted in etcd, where the API server's own flags or the provider tell."""
    audit_logged: bool
    network_policy: bool
    """A network plugin that enforces NetworkPolicies runs."""
