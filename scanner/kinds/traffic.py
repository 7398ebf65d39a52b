"""Traffic in a Kubernetes cluster: policies, services, and the ways that lead in from outside."""

from msgspec import Struct


class Requirement(Struct, frozen=True, kw_only=True):
    """One requirement of a label selector."""

    key: str
    operator: str
    """`In`, `NotIn`, `Exists` or `DoesNotExist`; equality is `In` one value."""
    values: list[str]


class Peer(Struct, frozen=True, kw_only=True):
    """Whom a rule of a NetworkPolicy lets in or out to. Either `cidr` or selectors."""

    pods: list[Requirement] | None
    """None: all pods, of the namespaces that are selected."""
    namespaces: list[Requirement] | None
    """None: the policy's own namespace; empty: all."""
    cidr: str | None
    excepted: list[str]


class PolicyPort(Struct, frozen=True, kw_only=True):
    """A port of a rule of a NetworkPolicy."""

    protocol: str
    port: str | None
    """A number, the name of a container's port, or None for all."""
    end_port: int | None


class Allowance(Struct, frozen=True, kw_only=True):
    """One rule of a NetworkPolicy."""

    direction: str
    """`ingress` or `egress`."""
    peers: list[Peer]
    """Empty: everyone."""
    ports: list[PolicyPort]
    """Empty: all."""


class Policy(Struct, frozen=True, kw_only=True):
    """A NetworkPolicy, or a policy of another engine that may change what the NetworkPolicies decide."""

    source: str
    """As of `workload.pods`."""
    namespace: str | None
    engine: str
    """`kubernetes`; or `cilium`, `calico`, `admin`, whose rules are not evaluated, so that what they may touch is
    unknown."""
    pods: list[Requirement]
    """Which pods of the namespace it is for; empty: all."""
    directions: list[str]
    """`ingress`, `egress`."""
    allows: list[Allowance]


class ServicePort(Struct, frozen=True, kw_only=True):
    """A port of a Service."""

    port: int
    target: str
    """A number, or the name of a container's port."""
    protocol: str
    node_port: int | None
    name: str | None
    """By which routes may refer to it."""


class Service(Struct, frozen=True, kw_only=True):
    """A Kubernetes Service."""

    source: str
    namespace: str
    type: str
    """`ClusterIP`, `NodePort`, `LoadBalancer` or `ExternalName`."""
    selector: dict[str, str] | None
    """None: its endpoints are made by hand."""
    external_name: str | None
    """The host name that an `ExternalName` stands for; None for other types."""
    ports: list[ServicePort]
    internal: bool
    """A load balancer that only the cloud's private network reaches, by the provider's annotation."""
    source_ranges: list[str]
    """Who may connect to the load balancer; empty: everyone."""
    external_ips: bool
    pending: bool
    """A LoadBalancer of a live cluster that has no address."""
    ways_in: list["Way"]
    """Derived: from where it can be reached, whichever pods stand behind it."""


class Backend(Struct, frozen=True, kw_only=True):
    """Where a route sends requests."""

    namespace: str
    service: str
    port: str | None
    """A number, the name of a Service's port, or None for all."""
    host: str | None
    """For which host name; None: all."""
    path: str | None


class Route(Struct, frozen=True, kw_only=True):
    """An Ingress, HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, OpenShift Route or Istio VirtualService."""

    source: str
    namespace: str
    type: str
    """Its kind."""
    hosts: list[str]
    backends: list[Backend]
    tls_hosts: list[str]
    """Hosts that it has a certificate for, `*` for all; for routes of a Gateway the Gateway decides."""
    gateways: list[str]
    """Addresses of the Gateways that it names."""
    internal: bool
    """By its annotation or class, reached from a private network only."""
    source_ranges: list[str]
    authenticated: bool
    """Callers are authenticated on the way, by an annotation or filter that is known for that."""
    redirects_to_tls: bool
    tls: bool
    """Derived: every host is served over TLS."""
    published: bool
    """Derived: reached from the internet."""


class Listener(Struct, frozen=True, kw_only=True):
    """A port of a Gateway."""

    name: str
    port: int
    protocol: str
    """`HTTP`, `HTTPS`, `TLS`, `TCP` …"""
    host: str | None
    tls: bool
    minimum_tls: str | None


class Gateway(Struct, frozen=True, kw_only=True):
    """A Gateway of the Gateway API or of Istio."""

    source: str
    namespace: str
    listeners: list[Listener]
    internal: bool


class MeshPolicy(Struct, frozen=True, kw_only=True):
    """What a mesh declares for a namespace or some of its workloads: PeerAuthentication, AuthorizationPolicy,
    RequestAuthentication, Linkerd's Server."""

    source: str
    namespace: str
    type: str
    mesh: str
    """`istio` or `linkerd`."""
    whole_mesh: bool
    """It stands in the mesh's root namespace and selects nothing."""
    pods: list[Requirement]
    mutual_tls: str | None
    """`STRICT`, `PERMISSIVE`, `DISABLE`; None: says nothing of it."""
    requires_identity: bool
    """It lets in only callers whose identity or token it names, and refuses all others."""


class Way(Struct, frozen=True, kw_only=True):
    """A way in to a workload's port."""

    origin: str
    """`internet`; `private-network` (the cloud's network or the nodes'); `cluster` (pods of any namespace);
    `namespaces` (pods of some other namespaces); `namespace` (pods of its own namespace). A wider one holds the
    narrower ones."""
    port: int
    """The pods' port; 0: every port."""
    protocol: str
    tls: bool
    """Encrypted as far as the last thing outside the pod that is known, such as an Ingress; False within a cluster
    without a mesh that demands it."""
    authenticated: bool
    """Something on the way asks who calls."""
    via: list[str]
    """Addresses of the Service, Ingress, Gateway … that it goes through, outermost first."""
