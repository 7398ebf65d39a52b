"""Objects that make up a cluster (namespaces, nodes, quotas, budgets, webhooks), decoded to what we need of them."""

from typing import Any

from msgspec import Struct, field

from assay.detectors.cluster.objects import Meta
from assay.detectors.cluster.selectors import LabelSelector

Quantities = dict[str, str | int | float]


class Version(Struct, frozen=True, kw_only=True):
    """What the API server says of itself: no object of the API, but added by the live reader as kind `Version`."""

    git_version: str
    """As `/version` has it, `v1.31.4-eks-a1b2c3`."""
    anonymous: bool | None
    """Callers without credentials are let in as `system:anonymous`; None: it could not be told."""
    anonymous_reason: str | None = None
    """Why it could not be told, in a line."""
    metadata: Meta = field(default_factory=Meta)


class Namespace(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Namespace."""

    metadata: Meta = field(default_factory=Meta)


class QuotaSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a ResourceQuota says; also what a Kubeflow Profile wants to be said."""

    hard: Quantities | None = None


class ResourceQuota(Struct, frozen=True, kw_only=True, rename="camel"):
    """A ResourceQuota."""

    metadata: Meta = field(default_factory=Meta)
    spec: QuotaSpec | None = None


class Limit(Struct, frozen=True, kw_only=True, rename="camel"):
    """A limit of a LimitRange; `default` is what containers get that set none."""

    type: str | None = None
    default: Quantities | None = None


class LimitSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a LimitRange says."""

    limits: list[Limit] | None = None


class LimitRange(Struct, frozen=True, kw_only=True, rename="camel"):
    """A LimitRange."""

    metadata: Meta = field(default_factory=Meta)
    spec: LimitSpec | None = None


class Taint(Struct, frozen=True, kw_only=True, rename="camel"):
    """What keeps pods from a node."""

    key: str | None = None
    effect: str | None = None


class NodeSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a Node says."""

    provider_id: str | None = field(default=None, name="providerID")
    taints: list[Taint] | None = None


class NodeInfo(Struct, frozen=True, kw_only=True, rename="camel"):
    """Versions of a node's software."""

    kubelet_version: str | None = None
    container_runtime_version: str | None = None


class NodeAddress(Struct, frozen=True, kw_only=True, rename="camel"):
    """An address of a node, or a name."""

    type: str | None = None
    address: str | None = None


class NodeStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a Node is."""

    addresses: list[NodeAddress] | None = None
    capacity: Quantities | None = None
    node_info: NodeInfo | None = None


class Node(Struct, frozen=True, kw_only=True, rename="camel"):
    """A Node."""

    metadata: Meta = field(default_factory=Meta)
    spec: NodeSpec | None = None
    status: NodeStatus | None = None


class BudgetSpec(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a PodDisruptionBudget says."""

    selector: LabelSelector | None = None
    min_available: int | str | None = None
    max_unavailable: int | str | None = None


class BudgetStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """How a PodDisruptionBudget stands in a live cluster."""

    expected_pods: int | None = None
    desired_healthy: int | None = None


class DisruptionBudget(Struct, frozen=True, kw_only=True, rename="camel"):
    """A PodDisruptionBudget."""

    api_version: str | None = None
    metadata: Meta = field(default_factory=Meta)
    spec: BudgetSpec | None = None
    status: BudgetStatus | None = None


class ClientConfig(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a webhook is called; the address itself is not stated."""

    url: str | None = None


class WebhookRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a webhook looks at."""

    operations: list[str] | None = None
    api_groups: list[str] | None = None
    resources: list[str] | None = None
    scope: str | None = None


class WebhookEntry(Struct, frozen=True, kw_only=True, rename="camel"):
    """One webhook of a configuration."""

    name: str | None = None
    failure_policy: str | None = None
    client_config: ClientConfig | None = None
    namespace_selector: LabelSelector | None = None
    rules: list[WebhookRule] | None = None
    match_conditions: list[Any] | None = None


class WebhookConfiguration(Struct, frozen=True, kw_only=True, rename="camel"):
    """A MutatingWebhookConfiguration or ValidatingWebhookConfiguration."""

    api_version: str | None = None
    metadata: Meta = field(default_factory=Meta)
    webhooks: list[WebhookEntry] | None = None
