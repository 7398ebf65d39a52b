"""Pods and the controllers of Kubernetes' own that make them, decoded to what facts are stated from.

Everything may be absent or null. What differs between the pods of one template and decides nothing, such as a pod's
host name, is not declared here, so that it is never decoded.
"""

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.pods.volume_objects import Anything, Named, Volume

Quantities = dict[str, str | int | float]
"""Resource names and amounts, as in `limits`."""


class SecretKey(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A key of a Secret or ConfigMap."""

    name: str | None = None
    key: str | None = None


class FieldPath(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A field of the pod itself."""

    field_path: str | None = None


class ValueFrom(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Where a variable's value comes from, where it doesn't stand in the template."""

    secret_key_ref: SecretKey | None = None
    config_map_key_ref: SecretKey | None = None
    field_ref: FieldPath | None = None


class Env(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A variable. Its value never leaves the function that looks at it."""

    name: str | None = None
    value: str | None = None
    value_from: ValueFrom | None = None


class EnvFrom(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Variables from all keys of an object."""

    prefix: str | None = None
    secret_ref: Named | None = None
    config_map_ref: Named | None = None


class ContainerPort(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A declared port."""

    name: str | None = None
    container_port: int | str | None = None
    host_port: int | str | None = None
    protocol: str | None = None


class VolumeMount(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A volume in a container."""

    name: str | None = None
    mount_path: str | None = None
    sub_path: str | None = None
    read_only: bool | None = None


class Type(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Something of which only the type counts, such as a seccomp profile."""

    type: str | None = None


class Capabilities(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Linux capabilities."""

    add: tuple[str, ...] | None = None
    drop: tuple[str, ...] | None = None


class SELinuxOptions(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """SELinux' context."""

    type: str | None = None
    user: str | None = None
    role: str | None = None


class WindowsOptions(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Security of Windows containers."""

    host_process: bool | None = None


class Sysctl(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A kernel parameter."""

    name: str | None = None


class SecurityContext(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """That of a pod or of a container; each has some of these fields."""

    run_as_user: int | None = None
    run_as_non_root: bool | None = None
    privileged: bool | None = None
    allow_privilege_escalation: bool | None = None
    read_only_root_filesystem: bool | None = None
    capabilities: Capabilities | None = None
    proc_mount: str | None = None
    seccomp_profile: Type | None = None
    app_armor_profile: Type | None = None
    se_linux_options: SELinuxOptions | None = None
    windows_options: WindowsOptions | None = None
    sysctls: tuple[Sysctl, ...] | None = None


class ResourceClaim(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A device that is asked for by dynamic resource allocation."""

    name: str | None = None


class Resources(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """What a container or pod asks for and is limited to."""

    limits: Quantities | None = None
    requests: Quantities | None = None
    claims: tuple[ResourceClaim, ...] | None = None


class HttpGet(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A request of a probe or hook."""

    host: str | None = None
    path: str | None = None
    port: int | str | None = None
    scheme: str | None = None


class TcpSocket(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A connection of a probe or hook."""

    host: str | None = None
    port: int | str | None = None


class Handler(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A probe, or what a lifecycle hook does."""

    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None


class Lifecycle(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A container's hooks."""

    post_start: Handler | None = None
    pre_stop: Handler | None = None


class Container(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A container, init container or ephemeral container."""

    name: str | None = None
    image: str | None = None
    image_pull_policy: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: tuple[Env, ...] | None = None
    env_from: tuple[EnvFrom, ...] | None = None
    ports: tuple[ContainerPort, ...] | None = None
    volume_mounts: tuple[VolumeMount, ...] | None = None
    security_context: SecurityContext | None = None
    resources: Resources | None = None
    liveness_probe: Handler | None = None
    readiness_probe: Handler | None = None
    startup_probe: Handler | None = None
    lifecycle: Lifecycle | None = None
    restart_policy: str | None = None
    """Of an init container: `Always` makes it a sidecar."""


class AntiAffinity(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Which pods are kept apart."""

    required: tuple[Anything, ...] | None = field(default=None, name="requiredDuringSchedulingIgnoredDuringExecution")
    preferred: tuple[Anything, ...] | None = field(default=None, name="preferredDuringSchedulingIgnoredDuringExecution")


class NodeExpression(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """What is asked of a node's label."""

    key: str | None = None
    operator: str | None = None
    values: tuple[str, ...] | None = None


class NodeTerm(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """What is asked of a node. Its name, which differs between the pods of a DaemonSet, isn't read."""

    match_expressions: tuple[NodeExpression, ...] | None = None


class NodeDemand(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Terms of which one must hold."""

    node_selector_terms: tuple[NodeTerm, ...] | None = None


class NodeAffinity(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Which nodes pods are put on."""

    required: NodeDemand | None = field(default=None, name="requiredDuringSchedulingIgnoredDuringExecution")


class Affinity(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Where pods want to be."""

    node_affinity: NodeAffinity | None = None
    pod_anti_affinity: AntiAffinity | None = None


class Toleration(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A taint that pods bear."""

    key: str | None = None
    """None: any."""


class PodSpec(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """What a pod is made of."""

    containers: tuple[Container, ...] | None = None
    init_containers: tuple[Container, ...] | None = None
    ephemeral_containers: tuple[Container, ...] | None = None
    volumes: tuple[Volume, ...] | None = None
    security_context: SecurityContext | None = None
    resources: Resources | None = None
    service_account_name: str | None = None
    service_account: str | None = None
    """The older name of the same field."""
    automount_service_account_token: bool | None = None
    host_network: bool | None = None
    host_pid: bool | None = field(default=None, name="hostPID")
    host_ipc: bool | None = field(default=None, name="hostIPC")
    host_users: bool | None = None
    os: Named | None = None
    node_selector: dict[str, str] | None = None
    node_name: str | None = None
    affinity: Affinity | None = None
    tolerations: tuple[Toleration, ...] | None = None
    image_pull_secrets: tuple[Anything, ...] | None = None
    topology_spread_constraints: tuple[Anything, ...] | None = None
    runtime_class_name: str | None = None
    priority_class_name: str | None = None
    restart_policy: str | None = None


class PodTemplate(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """From which a controller makes its pods."""

    metadata: Meta | None = None
    spec: PodSpec | None = None


class PodStatus(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """How a pod is."""

    phase: str | None = None


class Pod(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A pod."""

    metadata: Meta = field(default_factory=Meta)
    spec: PodSpec | None = None
    status: PodStatus | None = None


class RollingUpdate(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """How many pods are replaced at a time."""

    max_unavailable: int | str | None = None


class Strategy(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """How pods are replaced by newer ones."""

    type: str | None = None
    rolling_update: RollingUpdate | None = None
    rolling_params: RollingUpdate | None = None
    """Of OpenShift's DeploymentConfig."""


class ClaimSpec(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """What a claim asks for."""

    storage_class_name: str | None = None
    access_modes: tuple[str, ...] | None = None
    volume_name: str | None = None


class ClaimTemplate(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A claim that a StatefulSet makes for each pod."""

    metadata: Meta | None = None
    spec: ClaimSpec | None = None


class Ordinals(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """How a StatefulSet numbers its pods."""

    start: int | None = None


class ControllerSpec(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """What the controllers of the core and of `apps` have."""

    template: PodTemplate | None = None
    replicas: int | str | None = None
    strategy: Strategy | None = None
    update_strategy: Strategy | None = None
    volume_claim_templates: tuple[ClaimTemplate, ...] | None = None
    ordinals: Ordinals | None = None


class Controller(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController or Job. Without a spec where only the
    metadata was asked for."""

    metadata: Meta = field(default_factory=Meta)
    spec: ControllerSpec | None = None


Deployment = StatefulSet = DaemonSet = ReplicaSet = ReplicationController = Job = Controller


class JobTemplate(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """From which a CronJob makes its Jobs."""

    metadata: Meta | None = None
    spec: ControllerSpec | None = None


class CronJobSpec(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """What a CronJob runs."""

    job_template: JobTemplate | None = None


class CronJob(Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A CronJob."""

    metadata: Meta = field(default_factory=Meta)
    spec: CronJobSpec | None = None


class Implied(Container, frozen=True, kw_only=True, rename="camel", gc=False):
    """A container that an operator makes, of which its owner declares a part only. Never decoded."""

    reason: str
    """Why what isn't set is not known, in a line."""


class ImpliedSpec(PodSpec, frozen=True, kw_only=True, rename="camel", gc=False):
    """A pod that an operator makes, of which its owner declares a part only. Never decoded."""

    reason: str


class Folded(Pod, frozen=True, kw_only=True, rename="camel", gc=False):
    """One pod that stands for several equal ones of a live cluster. Never decoded, only made by `fold.PodFold`."""

    count: int = 1
    """How many of them run on a node."""
    nodes: tuple[str, ...] = ()
    """On which; sorted."""
    claims: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By volume, the claims that a StatefulSet made for its pods; sorted."""
