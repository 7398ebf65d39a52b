"""Traffic in a Kubernetes cluster: policies, services, and the ways that lead in from outside."""

from msgspec import Struct


class Requirement(Struct, frozen=True, kw_only=True):
    """One requirement of a label selector."""

    key: str
    operator: str
    """`In`, `NotIn`, `Exists` or `DoesNotExist`; equality is `In` one value."""
    values: list[str]


class Peer(Struct, frozen=True, kw_only=True):
    """Whom a rule of a policy is about. Either `cidr`, or `elsewhere`, or selectors."""

    pods: list[Requirement] | None
    """None: all pods, of the namespaces that are selected."""
    namespaces: list[Requirement] | None
    """None: the policy's own namespace; empty: all."""
    cidr: str | None
    excepted: list[str]
    elsewhere: str | None
    """`nodes` (the nodes' own addresses) or `names` (addresses that some host names stand for), neither of which is
    known; None: neither."""


class PolicyPort(Struct, frozen=True, kw_only=True):
    """A port of a rule of a NetworkPolicy."""

    protocol: str
    port: str | None
    """A number, the name of a container's port, or None for all."""
    end_port: int | None


class Allowance(Struct, frozen=True, kw_only=True):
    """One rule of a policy."""

    direction: str
    """`ingress` or `egress`."""
    action: str
    """`allow`, the only one that a NetworkPolicy has; `deny`; `pass`, which leaves it to the next tier."""
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
    """`kubernetes`; `admin` (AdminNetworkPolicy, BaselineAdminNetworkPolicy, ClusterNetworkPolicy); or `cilium`,
    `calico`, whose rules are not evaluated, so that what they may touch is unknown."""
    pods: list[Requirement]
    """Which pods of the namespace it is for; empty: all."""
    directions: list[str]
    """`ingress`, `egress`."""
    allows: list[Allowance]
    """In their order, which matters to administrators' policies: the first that fits decides."""
    subject: list[Requirement] | None
    """Of an administrator's policy: for the pods of which namespaces; None: of its own, or for other engines of all."""
    tier: str | None
    """Of an administrator's policy: `admin`, which decides before NetworkPolicies, or `baseline`, which decides where
    no NetworkPolicy selects."""
    priority: int | None
    """Of an administrator's policy: the lower one of a tier decides first; None: the only one of its tier."""
    in_force: bool
    """Of an administrator's policy in a live cluster: its status says that the network plugin acts on it. True for
    all others, and in files."""


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
    granted: bool
    """The route may refer to it: it is of the route's own namespace, or a ReferenceGrant lets it; always, for routes
    that need none."""


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
    RequestAuthentication, Linkerd's Server; and for those who call, DestinationRule."""

    source: str
    namespace: str
    type: str
    mesh: str
    """`istio` or `linkerd`."""
    whole_mesh: bool
    """It stands in the mesh's root namespace and selects nothing."""
    pods: list[Requirement]
    mutual_tls: str | None
    """`STRICT`, `PERMISSIVE`, `DISABLE`; None: says nothing of it. Of a DestinationRule, what callers speak: `DISABLE`
    where they switch TLS off, if only for some ports or subsets; `SIMPLE` where they ask for the server's certificate
    alone; `STRICT` for mutual TLS."""
    requires_identity: bool
    """It lets in only callers whose identity or token it names, and refuses all others."""
    host: str | None
    """Of a DestinationRule: which service it is about, as callers name it; None for others."""
    plain_ports: list[int]
    """Of a DestinationRule: the only ports for which callers switch TLS off; empty: all, or none."""


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


class Callers(Struct, frozen=True, kw_only=True):
    """Who can come in to a workload's port from within the cluster, where policies let in some only.

    Both sides' policies count: the workload's for what comes in, and the callers' own for what goes out."""

    origin: str
    """As of the way in that they take."""
    port: int
    """The pods' port; 0: every port."""
    protocol: str
    authenticated: bool
    """As of the way in."""
    everyone: bool
    """All pods of the cluster may, so that none is named."""
    workloads: list[str]
    """Addresses of at most 20 of the workloads that are known, sorted; unknown for such as may be among them."""
    more: int
    """How many there are besides."""
    other_tenants: list[str]
    """Namespaces among theirs that are another tenant's than the workload's own; sorted."""


class Destination(Struct, frozen=True, kw_only=True):
    """Where a workload's pods may connect to by one set of ports, where policies let out some only.

    By their own policies; whether they are let in is the other side's affair."""

    port: int
    """0: every port, or those that go by a name; of a range, its first."""
    last: int
    """Of a range, its last; else as `port`."""
    protocol: str
    blocks: list[str]
    """Blocks of addresses, at most 20, sorted by their text; what is excepted from them stands in the policy."""
    everyone: bool
    """All pods of the cluster, so that none is named."""
    namespaces: list[str]
    """Of the workloads that are known, at most 20; sorted."""
    workloads: list[str]
    """Addresses of at most 20 of the workloads that are known, sorted; unknown for such as may be among them."""
    more: int
    """How many workloads there are besides."""
