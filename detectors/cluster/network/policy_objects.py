"""Network policies of Kubernetes and of other engines, decoded to what we need of them."""

from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.selectors import LabelSelector


class IpBlock(Struct, frozen=True, kw_only=True, rename="camel"):
    """A range of addresses."""

    cidr: str | None = None
    excepted: list[str] | None = field(default=None, name="except")


class PolicyPeer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom a rule is about."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IpBlock | None = None


class PolicyPort(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which port a rule is about."""

    protocol: str | None = None
    port: int | str | None = None
    end_port: int | None = None


class PolicyRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule for either direction; `peers_from` is of an ingress rule, `peers_to` of an egress rule."""

    peers_from: list[PolicyPeer] | None = field(default=None, name="from")
    peers_to: list[PolicyPeer] | None = field(default=None, name="to")
    ports: list[PolicyPort] | None = None


class PolicySpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a NetworkPolicy says."""

    pod_selector: LabelSelector | None = None
    policy_types: list[str] | None = None
    ingress: list[PolicyRule] | None = None
    egress: list[PolicyRule] | None = None


class NetworkPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """A NetworkPolicy of Kubernetes."""

    metadata: Meta = field(default_factory=Meta)
    spec: PolicySpec | None = None


class CiliumSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a policy of Cilium says. Of its rules we only need to know whether there are any."""

    endpoint_selector: LabelSelector | None = None
    node_selector: LabelSelector | None = None
    ingress: list[Any] | None = None
    ingress_deny: list[Any] | None = None
    egress: list[Any] | None = None
    egress_deny: list[Any] | None = None


class CiliumPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """A CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy."""

    metadata: Meta = field(default_factory=Meta)
    spec: CiliumSpec | None = None
    specs: list[CiliumSpec] | None = None


class CalicoSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a policy of Calico says."""

    selector: str | None = None
    namespace_selector: str | None = None
    service_account_selector: str | None = None
    types: list[str] | None = None
    ingress: list[Any] | None = None
    egress: list[Any] | None = None


class CalicoPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """A NetworkPolicy or GlobalNetworkPolicy of Calico."""

    metadata: Meta = field(default_factory=Meta)
    spec: CalicoSpec | None = None


class AdminPods(Struct, frozen=True, kw_only=True, rename="camel"):
    """Pods of some namespaces."""

    namespace_selector: LabelSelector | None = None
    pod_selector: LabelSelector | None = None


class AdminSubject(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an administrator's policy is for: whole namespaces, or pods of some."""

    namespaces: LabelSelector | None = None
    pods: AdminPods | None = None


class AdminPeer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Whom a rule of an administrator's policy is about; exactly one of the fields."""

    namespaces: LabelSelector | None = None
    pods: AdminPods | None = None
    nodes: LabelSelector | None = None
    networks: list[str] | None = None
    domain_names: list[str] | None = None


class AdminRange(Struct, frozen=True, kw_only=True, rename="camel"):
    """A range of ports; of v1alpha1 with its protocol."""

    protocol: str | None = None
    start: int | None = None
    end: int | None = None


class AdminNumber(Struct, frozen=True, kw_only=True, rename="camel"):
    """A port of v1alpha1."""

    protocol: str | None = None
    port: int | None = None


class AdminPort(Struct, frozen=True, kw_only=True, rename="camel"):
    """A port of a rule of v1alpha1; exactly one of the fields."""

    port_number: AdminNumber | None = None
    port_range: AdminRange | None = None
    named_port: str | None = None


class DestinationPort(Struct, frozen=True, kw_only=True, rename="camel"):
    """Ports of a protocol; exactly one of the fields."""

    number: int | None = None
    range: AdminRange | None = None


class AdminTransport(Struct, frozen=True, kw_only=True, rename="camel"):
    """What is matched of a protocol."""

    destination_port: DestinationPort | None = None


class AdminProtocol(Struct, frozen=True, kw_only=True, rename="camel"):
    """A protocol of a rule of v1alpha2; exactly one of the fields."""

    tcp: AdminTransport | None = None
    udp: AdminTransport | None = None
    sctp: AdminTransport | None = None
    destination_named_port: str | None = None


class AdminRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule for either direction; `ports` are of v1alpha1, `protocols` of v1alpha2."""

    action: str | None = None
    peers_from: list[AdminPeer] | None = field(default=None, name="from")
    peers_to: list[AdminPeer] | None = field(default=None, name="to")
    ports: list[AdminPort] | None = None
    protocols: list[AdminProtocol] | None = None


class AdminSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an administrator's policy says."""

    tier: str | None = None
    priority: int | None = None
    subject: AdminSubject | None = None
    ingress: list[AdminRule] | None = None
    egress: list[AdminRule] | None = None


class Condition(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a controller notes of an object."""

    status: str | None = None


class AdminStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What has become of an administrator's policy."""

    conditions: list[Condition] | None = None


class AdminPolicy(Struct, frozen=True, kw_only=True, rename="camel"):
    """An AdminNetworkPolicy, BaselineAdminNetworkPolicy or ClusterNetworkPolicy."""

    metadata: Meta = field(default_factory=Meta)
    spec: AdminSpec | None = None
    status: AdminStatus | None = None
