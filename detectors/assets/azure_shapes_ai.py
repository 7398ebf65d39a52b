"""The same for Azure Machine Learning, AI services, clusters, registries and log workspaces."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.assets.azure_values import engine_of_policies, node_pool, secrets_key, vault_key
from assay.detectors.assets.shape import NOT_SAID, Shape, enabled, opposite
from assay.detectors.cloud.arguments import By, Each, Or, pick

_PUBLIC = By("properties.publicNetworkAccess", enabled)
_TAGS = {"tags": "tags"}
_WORKSPACE = {
    "public_network_access_enabled": _PUBLIC,
    "encryption": By("properties.encryption", vault_key),
    "storage_account_id": "properties.storageAccount",
    **_TAGS,
}
_COMPUTE = {
    "machine_learning_workspace_id": "_parent",
    "subnet_resource_id": "properties.properties.subnet.id",
    **_TAGS,
}


def _kind(tree: Mapping[str, Any]) -> str:
    return str(tree.get("kind", "")).lower()


def _computes(kind: str) -> Any:
    return lambda tree: str(pick(tree, "properties.computeType")).lower() == kind


AI_SHAPES: Mapping[str, tuple[Shape, ...]] = {
    "microsoft.cognitiveservices/accounts": (
        Shape(
            "azurerm_cognitive_account",
            {
                "kind": "kind",
                "customer_managed_key": By("properties.encryption", vault_key),
                "public_network_access_enabled": _PUBLIC,
                "local_auth_enabled": By("properties.disableLocalAuth", opposite),
                "outbound_network_access_restricted": "properties.restrictOutboundNetworkAccess",
                **_TAGS,
            },
        ),
    ),
    "microsoft.cognitiveservices/accounts/raipolicies": (
        # Microsoft's own filter by default.
        Shape(
            "azurerm_cognitive_account_rai_policy",
            {
                "cognitive_account_id": "_parent",
                "content_filter": Each(
                    "properties.contentFilters", {"filter_enabled": "enabled", "block_enabled": "blocking"}
                ),
            },
            lambda tree: pick(tree, "properties.type") != "SystemManaged",
        ),
    ),
    "microsoft.containerregistry/registries": (
        Shape(
            "azurerm_container_registry",
            {
                "encryption": By("properties.encryption", vault_key),
                "anonymous_pull_enabled": "properties.anonymousPullEnabled",
                **_TAGS,
            },
        ),
    ),
    "microsoft.containerservice/managedclusters": (
        Shape(
            "azurerm_kubernetes_cluster",
            {
                "private_cluster_enabled": "properties.apiServerAccessProfile.enablePrivateCluster",
                "api_server_access_profile": Each(
                    "properties.apiServerAccessProfile", {"authorized_ip_ranges": "authorizedIPRanges"}
                ),
                "default_node_pool": By("properties.agentPoolProfiles", node_pool),
                "key_management_service": By("properties.securityProfile.azureKeyVaultKms", secrets_key),
                "network_profile": Each(
                    "properties.networkProfile", {"network_policy": By("networkPolicy", engine_of_policies)}
                ),
                "workload_identity_enabled": "properties.securityProfile.workloadIdentity.enabled",
                "oidc_issuer_enabled": "properties.oidcIssuerProfile.enabled",
                **_TAGS,
            },
        ),
    ),
    "microsoft.machinelearningservices/workspaces": (
        # A project is judged as its hub is, whose settings it has.
        Shape("azurerm_machine_learning_workspace", _WORKSPACE, lambda tree: _kind(tree) not in ("hub", "project")),
        Shape("azurerm_ai_foundry", _WORKSPACE, lambda tree: _kind(tree) == "hub"),
    ),
    "microsoft.machinelearningservices/workspaces/computes": (
        Shape("azurerm_machine_learning_compute_cluster", _COMPUTE, _computes("amlcompute")),
        Shape(
            "azurerm_machine_learning_compute_instance",
            {**_COMPUTE, "node_public_ip_enabled": Or("properties.properties.enableNodePublicIp", NOT_SAID)},
            _computes("computeinstance"),
        ),
    ),
    "microsoft.operationalinsights/workspaces": (
        Shape("azurerm_log_analytics_workspace", {"retention_in_days": "properties.retentionInDays", **_TAGS}),
    ),
}
"""As `SHAPES`, of which it is a part."""
