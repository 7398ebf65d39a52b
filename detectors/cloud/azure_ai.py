"""Facts of Azure Machine Learning, Azure's AI services, clusters, registries and log workspaces."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.azure_storage import account_key
from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.policy_document import contains
from assay.detectors.cloud.values import (
    all_of,
    any_of,
    at,
    boolean,
    integer,
    negated,
    present,
    reference,
    settled,
    strings,
    tags,
    text,
)
from assay.scanner.api import Fact, Known, Unknown

_GENERATIVE = frozenset({"openai", "aiservices"})
_AUDIT_LOGS = ("kube-audit", "kube-audit-admin")
_AUDIT_GROUPS = ("audit", "allLogs")


def workspace(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_machine_learning_workspace`, `azurerm_ai_foundry`."""
    network = block.get("public_network_access")
    # See: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs/resources/machine_learning_workspace
    public = boolean(block.get("public_network_access_enabled"), True)
    if network is not None:
        named = text(network, "Enabled")
        public = Known(value=str(named.value).lower() == "enabled") if isinstance(named, Known) else named
    return {
        "provider": Known(value="azure"),
        "service": Known(value="azureml-workspace" if "machine" in block.type else "azure-ai-foundry"),
        "public": public,
        # See: https://learn.microsoft.com/azure/machine-learning/concept-data-encryption
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.at("encryption", "key_id")),
        "tags": tags(block.get("tags")),
    }


def compute_instance(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_machine_learning_compute_instance`."""
    return {
        "provider": Known(value="azure"),
        "public": boolean(block.get("node_public_ip_enabled"), True),
        "root_access": Unknown(reason="the workspace's settings decide"),
        # See: https://learn.microsoft.com/azure/machine-learning/concept-data-encryption
        "encrypted_at_rest": Known(value=True),
        "kms_key": Known(value=None),
        "in_private_network": present(block.get("subnet_resource_id")),
        "metadata_v2_only": Unknown(reason="Azure's metadata service has no session tokens"),
        "tags": tags(block.get("tags")),
    }


def compute_cluster(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_machine_learning_compute_cluster`: the machines that run training jobs."""
    return {
        "provider": Known(value="azure"),
        "own_code": Known(value=True),
        "network_isolated": Unknown(reason="the routes and rules of its subnet decide"),
        "in_private_network": present(block.get("subnet_resource_id")),
        "traffic_encrypted": Unknown(reason="the job decides"),
        "output_encrypted": _output_encrypted(block, world),
        # OS disks are encrypted by keys of the provider's; a customer's can't be given.
        # See: https://learn.microsoft.com/azure/machine-learning/concept-data-encryption
        "volume_encrypted": Known(value=False),
        "tags": tags(block.get("tags")),
    }


def _output_encrypted(block: Block, world: World) -> Fact:
    """What jobs write goes to the storage account of their workspace.

    See: https://learn.microsoft.com/azure/machine-learning/concept-data-encryption
    """
    home = world.target(block.get("machine_learning_workspace_id"), "azurerm_machine_learning_workspace")
    account = world.target(home.get("storage_account_id"), "azurerm_storage_account") if home else None
    if account is None:
        return Unknown(reason="the storage account of its workspace decides, which isn't declared here")
    key = account_key(account, world)
    key = at(key, key.origin or account.location)
    return Known(value=key.value is not None, origin=key.origin) if isinstance(key, Known) else key


def cognitive(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_cognitive_account`, `azurerm_ai_services`: OpenAI, AI services, language, vision and the rest."""
    kind = text(block.get("kind"), "AIServices" if block.type == "azurerm_ai_services" else None)
    generative: Fact = kind
    if isinstance(kind, Known):
        generative = Known(value=str(kind.value).lower() in _GENERATIVE)
    key = reference(block.at("customer_managed_key", "key_vault_key_id"))
    joined = world.joined(block, "azurerm_cognitive_account_customer_managed_key", "cognitive_account_id")
    for other in joined.blocks:
        key = at(reference(other.get("key_vault_key_id")), other.location)
    public = boolean(block.get("public_network_access_enabled"), True)
    if block.get("public_network_access") is not None:
        named = text(block.get("public_network_access"), "Enabled")
        public = Known(value=str(named.value).lower() == "enabled") if isinstance(named, Known) else named
    return {
        "provider": Known(value="azure"),
        "own_code": Known(value=False),
        "deployed": Known(value=True),
        "public": public,
        # Static keys are accepted unless they are switched off.
        # See: https://learn.microsoft.com/azure/ai-services/disable-local-auth
        "authenticated": negated(boolean(block.first("local_auth_enabled", "local_authentication_enabled"), True)),
        # See: https://learn.microsoft.com/azure/ai-services/encryption/cognitive-services-encryption-keys-portal
        "encrypted_at_rest": Known(value=True),
        "kms_key": joined.stray or key,
        "network_isolated": boolean(block.get("outbound_network_access_restricted"), False),
        "captures_data": Unknown(reason="diagnostic settings decide"),
        "generative": generative,
        "content_filtered": _filtered(block, world),
        "tags": tags(block.get("tags")),
    }


def _filtered(block: Block, world: World) -> Fact:
    """Azure filters content by default; a policy of one's own may filter less.

    See: https://learn.microsoft.com/azure/ai-foundry/openai/concepts/default-safety-policies
    """
    joined = world.joined(block, "azurerm_cognitive_account_rai_policy", "cognitive_account_id")
    answers: list[Fact] = []
    for other in joined.blocks:
        for rule in other.blocks("content_filter"):
            if isinstance(rule, Unknown):
                answers.append(rule)
                continue
            blocks = all_of([boolean(rule.get("filter_enabled"), True), boolean(rule.get("block_enabled"), True)])
            answers.append(at(blocks, other.location))
    return all_of([*answers, *([joined.stray] if joined.stray else [])])


def cluster(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_kubernetes_cluster`."""
    public = negated(boolean(block.get("private_cluster_enabled"), False))
    ranges = block.at("api_server_access_profile", "authorized_ip_ranges")
    listed = strings(block.get("api_server_authorized_ip_ranges") if ranges is None else ranges)
    cidrs: Fact = listed if isinstance(listed, Unknown) else Known(value=listed or ["0.0.0.0/0"])
    nodes = block.block("default_node_pool")
    addressed: Any = nodes
    if isinstance(nodes, Block):
        addressed = nodes.first("node_public_ip_enabled", "enable_node_public_ip")
    secrets = block.block("key_management_service")
    return {
        "provider": Known(value="azure"),
        "public_endpoint": public,
        "endpoint_cidrs": Known(value=[]) if public == Known(value=False) else cidrs,
        # See: https://learn.microsoft.com/azure/aks/use-kms-etcd-encryption
        "secrets_encrypted": secrets if isinstance(secrets, Unknown) else Known(value=secrets is not None),
        "audit_logged": _audited(block, world),
        "private_nodes": negated(boolean(addressed, False)),
        "network_policy": present(block.at("network_profile", "network_policy")),
        "workload_identity": all_of(
            [
                boolean(block.get("workload_identity_enabled"), False),
                boolean(block.get("oidc_issuer_enabled"), False),
            ]
        ),
        "tags": tags(block.get("tags")),
    }


def _audited(block: Block, world: World) -> Fact:
    joined = world.joined(block, "azurerm_monitor_diagnostic_setting", "target_resource_id")
    answers: list[Fact] = []
    for other in joined.blocks:
        for log in (*other.blocks("enabled_log"), *other.blocks("log")):
            if isinstance(log, Unknown):
                answers.append(log)
                continue
            category, group = strings(settled(log.get("category"))), strings(settled(log.get("category_group")))
            wanted = any_of(
                [
                    *(contains(category, name) for name in _AUDIT_LOGS),
                    *(contains(group, name) for name in _AUDIT_GROUPS),
                ]
            )
            answers.append(at(all_of([wanted, boolean(log.get("enabled"), True)]), other.location))
    return any_of([*answers, *([joined.stray] if joined.stray else [])])


def registry(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_container_registry`."""
    return {
        "provider": Known(value="azure"),
        "immutable_tags": Unknown(reason="locks on single images decide"),
        "scanned_on_push": Unknown(reason="Microsoft Defender's settings decide"),
        # See: https://learn.microsoft.com/azure/container-registry/tutorial-enable-customer-managed-keys
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.at("encryption", "key_vault_key_id")),
        "public": boolean(block.get("anonymous_pull_enabled"), False),
        "tags": tags(block.get("tags")),
    }


def log_workspace(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_log_analytics_workspace`."""
    return {
        "provider": Known(value="azure"),
        # See: https://learn.microsoft.com/azure/azure-monitor/logs/data-retention-configure
        "retention_days": integer(block.get("retention_in_days"), 30),
        "kms_key": Unknown(reason="the dedicated cluster that it may be linked to decides"),
        "tags": tags(block.get("tags")),
    }
