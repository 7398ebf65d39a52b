"""What the provider decides, or another resource does: tuning jobs, agents, logical servers, cluster identities."""

from pathlib import Path

from tests.unit.facts_source import expect, from_terraform


def test_who_runs_the_code_of_jobs_and_endpoints(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
resource "aws_bedrock_custom_model" "tuned" {}
resource "aws_bedrockagent_agent" "agent" {}
resource "aws_sagemaker_model" "own" {}
resource "aws_sagemaker_endpoint_configuration" "own" {}
resource "aws_sagemaker_data_quality_job_definition" "own" {}
resource "azurerm_machine_learning_compute_cluster" "own" {}
resource "azurerm_cognitive_account" "service" { kind = "OpenAI" }
""",
    )
    assert {address: facts["own_code"] for address, facts in found.items()} == {
        "aws_bedrock_custom_model.tuned": False,
        "aws_bedrockagent_agent.agent": False,
        "aws_sagemaker_model.own": True,
        "aws_sagemaker_endpoint_configuration.own": True,
        "aws_sagemaker_data_quality_job_definition.own": True,
        "azurerm_machine_learning_compute_cluster.own": True,
        "azurerm_cognitive_account.service": False,
    }


def test_jobs_of_azure_write_to_the_storage_account_of_their_workspace(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
resource "azurerm_storage_account" "keyed" {
  customer_managed_key { key_vault_key_id = "https://v.vault.azure.net/keys/k" }
}
resource "azurerm_storage_account" "plain" {}
resource "azurerm_machine_learning_workspace" "keyed" { storage_account_id = azurerm_storage_account.keyed.id }
resource "azurerm_machine_learning_workspace" "plain" { storage_account_id = azurerm_storage_account.plain.id }
resource "azurerm_machine_learning_compute_cluster" "keyed" {
  machine_learning_workspace_id = azurerm_machine_learning_workspace.keyed.id
}
resource "azurerm_machine_learning_compute_cluster" "plain" {
  machine_learning_workspace_id = azurerm_machine_learning_workspace.plain.id
}
resource "azurerm_machine_learning_compute_cluster" "stray" { machine_learning_workspace_id = "/x" }
""",
    )
    cluster = "azurerm_machine_learning_compute_cluster"
    expect(found, f"{cluster}.keyed", output_encrypted=True)
    expect(found, f"{cluster}.plain", output_encrypted=False)
    unknown = "? the storage account of its workspace decides, which isn't declared here"
    expect(found, f"{cluster}.stray", output_encrypted=unknown)


def test_logical_servers_hold_no_data_and_single_servers_are_joined(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
resource "azurerm_mssql_server" "s" {}
resource "azurerm_mssql_database" "d" { server_id = azurerm_mssql_server.s.id }
resource "azurerm_postgresql_server" "bare" {}
resource "azurerm_mysql_server" "joined" { name = "joined" }
resource "azurerm_mysql_server_key" "joined" {
  server_id        = azurerm_mysql_server.joined.id
  key_vault_key_id = "https://v.vault.azure.net/keys/k"
}
resource "azurerm_mysql_active_directory_administrator" "joined" { server_name = azurerm_mysql_server.joined.name }
resource "azurerm_monitor_diagnostic_setting" "joined" {
  target_resource_id = azurerm_mysql_server.joined.id
  enabled_log { category = "MySqlAuditLogs" }
}
resource "azurerm_postgresql_server" "measured" {}
resource "azurerm_monitor_diagnostic_setting" "measured" {
  target_resource_id = azurerm_postgresql_server.measured.id
  metric { category = "AllMetrics" }
}
""",
    )
    expect(found, "azurerm_mssql_server.s", holds_data=False)
    expect(found, "azurerm_mssql_database.d", holds_data=True)
    bare = {"kms_key": None, "iam_authentication": False, "audit_logged": False}
    expect(found, "azurerm_postgresql_server.bare", **bare)
    expect(found, "azurerm_postgresql_server.measured", audit_logged=False)
    joined = {"kms_key": "https://v.vault.azure.net/keys/k", "iam_authentication": True, "audit_logged": True}
    expect(found, "azurerm_mysql_server.joined", **joined)


def test_pods_have_identities_where_the_provider_is_that_of_their_cluster(tmp_path: Path) -> None:
    found = from_terraform(
        tmp_path,
        """
resource "aws_eks_cluster" "with" { name = "with" }
resource "aws_eks_cluster" "without" { name = "without" }
resource "aws_iam_openid_connect_provider" "with" { url = aws_eks_cluster.with.identity[0].oidc[0].issuer }
resource "aws_iam_openid_connect_provider" "github" { url = "https://token.actions.githubusercontent.com" }
""",
    )
    expect(found, "aws_eks_cluster.with", workload_identity=True)
    expect(found, "aws_eks_cluster.without", workload_identity=False)


def test_an_identity_provider_of_some_cluster_is_unknown(tmp_path: Path) -> None:
    url = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
    provider = f'resource "aws_iam_openid_connect_provider" "p" {{ url = "{url}" }}'
    found = from_terraform(tmp_path, f'resource "aws_eks_cluster" "c" {{}}\n{provider}\n')
    unknown = "? an identity provider is declared, but for which cluster can't be told"
    expect(found, "aws_eks_cluster.c", workload_identity=unknown)
