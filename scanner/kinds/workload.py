"""What runs in a Kubernetes cluster: pods, by the template that they are made from."""

from msgspec import Struct

from assay.scanner.kinds.paths import Path
from assay.scanner.kinds.traffic import Callers, Destination, Way


class Port(Struct, frozen=True, kw_only=True):
    """A port that a container declares. One that it listens on and doesn't declare is open all the same."""

    number: int
    protocol: str
    """`tcp`, `udp` or `sctp`."""
    host_port: int | None
    """On the node's own address."""
    name: str | None
    """By which Services and NetworkPolicies may refer to it."""


class Mount(Struct, frozen=True, kw_only=True):
    """A volume in a container."""

    volume: str
    path: str
    read_only: bool


class Context(Struct, frozen=True, kw_only=True):
    """A pod's or container's security context as declared, without what it inherits. None: not set."""

    run_as_user: int | None
    run_as_non_root: bool | None
    seccomp: str | None
    """`RuntimeDefault`, `Localhost` or `Unconfined`."""
    apparmor: str | None
    """`RuntimeDefault`, `Localhost` or `Unconfined`, from the field or the annotation; where they differ, `Unconfined`
    if one of them says so, else as the field has it."""
    selinux_type: str | None
    selinux_user_or_role: bool
    """A user or role of SELinux is set."""
    host_process: bool
    """A Windows container that is a process of the host."""


class Container(Struct, frozen=True, kw_only=True):
    """A container of a pod. What it inherits from the pod is filled in, `declared` apart."""

    name: str
    type: str
    """`container`, `init`, `sidecar` (an init container that goes on running) or `ephemeral`."""
    image: str
    """Without credentials."""
    image_tag: str | None
    """None where the image has a digest only, or neither."""
    image_pinned: bool
    """By digest, so that it is always the same."""
    pull_policy: str
    """`Always`, `IfNotPresent` or `Never`; where not set, what the API server would set."""
    declared: Context
    runs_as_root: bool
    """It may run as user 0: its user is 0, or neither its user nor `runAsNonRoot` is set."""
    run_as_user: int | None
    seccomp: str | None
    privileged: bool
    privilege_escalation: bool
    """`allowPrivilegeEscalation` isn't false."""
    read_only_root: bool
    """Its root file system can't be written to."""
    capabilities_added: list[str]
    """Without `CAP_`, sorted."""
    capabilities_dropped: list[str]
    """Without `CAP_`, sorted; `ALL` among them drops all."""
    proc_mount: str
    """`Default` or `Unmasked`."""
    ports: list[Port]
    mounts: list[Mount]
    cpu_requested: bool
    cpu_limited: bool
    memory_requested: bool
    memory_limited: bool
    gpus: int
    """Whole accelerators that it asks for, of any maker."""
    liveness_probe: bool
    readiness_probe: bool
    startup_probe: bool
    probe_hosts: bool
    """A probe or lifecycle hook names a host other than the pod itself."""
    secret_environment: list[str]
    """Names of variables that are filled from Secrets, and `*` for a whole Secret; sorted."""
    plain_secret_environment: list[str]
    """Names of variables whose value stands in the template and looks like a secret; sorted. Never the value."""
    fetches_at_start: list[str]
    """What it gets from the network as it starts and then runs or loads, by kind: `model` (a model that isn't pinned to
    a revision or digest), `model-pinned`, `model-signed` (its signature is checked before anything else runs), `code`
    (a script or repository), `packages`; sorted."""


class ImageVolume(Struct, frozen=True, kw_only=True):
    """An image whose files are a volume, such as a model in a registry."""

    name: str
    """The volume's."""
    image: str
    """Without credentials."""
    image_tag: str | None
    """None where the image has a digest only, or neither."""
    image_pinned: bool
    """By digest, so that it is always the same."""


class Volume(Struct, frozen=True, kw_only=True):
    """A volume of a pod."""

    name: str
    type: str
    """As in the API: `hostPath`, `emptyDir`, `persistentVolumeClaim`, `secret`, `configMap`, `csi` …"""
    host_path: str | None
    """Absolute, without `..`, doubled slashes or one at the end."""
    claim: str | None
    """The claim's name in the pod's namespace, that of an ephemeral volume included."""
    token: bool
    """Holds a service-account token."""
    memory: bool
    """An `emptyDir` in memory, such as `/dev/shm`."""


class Placement(Struct, frozen=True, kw_only=True):
    """Which nodes pods may be put on, as far as they say."""

    node_labels: dict[str, str]
    """Labels that their nodes must have, by `nodeSelector` or by an affinity with a single value."""
    control_plane: bool
    """They are put on nodes of the control plane only."""
    tolerates: list[str]
    """Keys of taints that they bear, `*` for all; sorted."""


class Pods(Struct, frozen=True, kw_only=True):
    """The pods of one owner (Deployment, RayCluster, bare Pod …) that are made from one template."""

    source: str
    """The set of objects that it belongs to: `kube:CONTEXT`, or for files `manifests`, or the chart's or overlay's
    folder. Objects of different sources have nothing to do with each other."""
    namespace: str
    controller: str
    """The owner's kind, `Pod` where there is none."""
    role: str
    """Which of several templates of one owner it is, such as `head` and `workers`; else empty."""
    labels: dict[str, str]
    """Of the pods."""
    service_account: str
    token_declared: bool | None
    """`automountServiceAccountToken` of the pod; None: the service account decides."""
    host_network: bool
    host_pid: bool
    host_ipc: bool
    host_users: bool
    """Root in the pod is root on the node: no user namespace of its own."""
    windows: bool
    """`spec.os` says so, which alone exempts it from what only Linux has; a node selector doesn't."""
    sysctls: list[str]
    context: Context
    """Of the pod, as declared."""
    containers: list[Container]
    volumes: list[Volume]
    image_volumes: list[ImageVolume]
    replicas: int | None
    """None: one a node, or one a run."""
    long_running: bool
    """Serves until it is stopped, other than a job."""
    update_strategy: str | None
    """`RollingUpdate`, `Recreate` or `OnDelete`; None where there is none."""
    updated_together: bool
    """An update may take all its pods away before a new one serves: `Recreate`, or a `maxUnavailable` of them all."""
    spread: bool
    """Its pods are kept apart by topology spread constraints or anti-affinity."""
    runtime_class: str | None
    """A sandboxed runtime where it is set, such as `gvisor` or `kata`."""
    mesh: str | None
    """The service mesh whose proxy is in the pods or is asked for: `istio`, `linkerd`."""
    uses_secrets: bool
    """Its pods are given Secrets of their namespace, as files, in variables or to pull images with."""
    placement: Placement
    nodes: list[str]
    """Where its pods run now; empty for what is only declared."""
    running: int
    """How many pods run now; 0 for what is only declared."""
    system: str | None
    """A cluster component that is expected to be privileged, known by its image and namespace: `gpu-operator`,
    `gpu-device-plugin`, `network-plugin`, `storage-driver`, `kube-proxy`, `node-agent`, `control-plane` …"""
    purpose: list[str]
    """What AI work it does, by kind of owner, images and commands: `training`, `serving`, `notebook`, `pipeline`,
    `registry`, `vector-store`, `monitoring`; sorted, often empty."""

    token_mounted: bool
    """Derived: a token of its service account is mounted."""
    disruption_budget: bool
    """Derived: a PodDisruptionBudget selects it, under which not all its pods may be evicted at the same time."""
    isolates_ingress: bool
    """Derived: some NetworkPolicy for incoming traffic selects it."""
    isolates_egress: bool
    ways_in: list[Way]
    """Derived: from where its ports can be reached."""
    callers: list[Callers]
    """Derived: for each way in from within the cluster, which workloads take it; none where no policy limits it."""
    destinations: list[Destination]
    """Derived: where it may connect to; none where no policy limits it."""
    internet_egress: bool
    """Derived: it may connect to any address of the internet."""
    metadata_egress: bool
    """Derived: it may connect to the cloud's instance-metadata service at 169.254.169.254."""
    paths: list[Path]
    """Derived: the shortest path to each thing that whoever takes over the pod can reach."""
    shared_writable_claims: list[str]
    """Derived: claims that it mounts and that it, or another workload beside it, can write to."""
