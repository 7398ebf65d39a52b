"""What may leave where nothing is declared, and GKE's logs: the defaults of Azure and Google Cloud."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.facts_source import from_terraform

UNSET = 'variable "unset" {}\n'
UNKNOWN = "? unresolved: var.unset"
OUT = {"direction": "egress", "protocol": "all", "from_port": 0, "to_port": 65535, "cidrs": ["0.0.0.0/0"]}
EVERYTHING = [{**OUT, "described": False}]
DENY = {
    "access": '"Deny"',
    "direction": '"Outbound"',
    "protocol": '"*"',
    "source_address_prefix": '"*"',
    "destination_address_prefix": '"Internet"',
    "destination_port_range": '"*"',
}


@pytest.mark.parametrize(
    ("changes", "openings"),
    [
        ({}, []),
        ({"source_address_prefix": '"VirtualNetwork"', "destination_address_prefix": '"0.0.0.0/0"'}, []),
        ({"destination_port_range": '"25"'}, EVERYTHING),
        ({"protocol": '"Tcp"'}, EVERYTHING),
        ({"destination_address_prefix": '"203.0.113.0/24"'}, EVERYTHING),
        ({"direction": '"Inbound"'}, EVERYTHING),
        ({"destination_address_prefix": "var.unset"}, [UNKNOWN]),
    ],
)
def test_security_groups_of_azure_let_everything_out_unless_a_rule_denies_all(
    tmp_path: Path, changes: dict[str, str], openings: list[Any]
) -> None:
    arguments = "\n".join(f"{name} = {value}" for name, value in {**DENY, **changes}.items())
    inside = f'resource "azurerm_network_security_group" "inside" {{\nsecurity_rule {{\n{arguments}\n}}\n}}\n'
    beside = (
        'resource "azurerm_network_security_group" "beside" { name = "beside" }\n'
        'resource "azurerm_network_security_rule" "beside" {\n'
        f"network_security_group_name = azurerm_network_security_group.beside.name\n{arguments}\n}}\n"
    )
    found = from_terraform(tmp_path, UNSET, inside, beside)
    for name in ("inside", "beside"):
        group = found[f"azurerm_network_security_group.{name}"]
        assert (group["openings"], group["governs_egress"]) == (openings, True)


@pytest.mark.parametrize(
    ("firewall", "openings"),
    [
        ("", EVERYTHING),
        ('direction = "EGRESS"\ndeny { protocol = "all" }', []),
        ('direction = "EGRESS"\ndestination_ranges = ["0.0.0.0/0"]\ndeny { protocol = "ALL" }', []),
        ('direction = "EGRESS"\ndestination_ranges = ["10.0.0.0/8"]\ndeny { protocol = "all" }', EVERYTHING),
        ('direction = "EGRESS"\ntarget_tags = ["web"]\ndeny { protocol = "all" }', EVERYTHING),
        ('direction = "EGRESS"\ndisabled = true\ndeny { protocol = "all" }', EVERYTHING),
        ('direction = "EGRESS"\ndeny { protocol = "tcp" }', EVERYTHING),
        ('deny { protocol = "all" }', EVERYTHING),
        ('direction = var.unset\ndeny { protocol = "all" }', [UNKNOWN]),
    ],
)
def test_networks_of_google_cloud_let_everything_out_unless_a_firewall_denies_all(
    tmp_path: Path, firewall: str, openings: list[Any]
) -> None:
    text = f'resource "google_compute_firewall" "f" {{\nnetwork = google_compute_network.n.name\n{firewall}\n}}\n'
    found = from_terraform(tmp_path, UNSET, 'resource "google_compute_network" "n" {}\n', text if firewall else "")
    implied = found["google_compute_network.n network.boundary"]
    assert (implied["openings"], implied["governs_egress"], implied["default"]) == (openings, True, False)
    assert implied["governs_ingress"] is False


def test_a_firewall_policy_may_deny_what_the_network_lets_out(tmp_path: Path) -> None:
    association = "google_compute_network_firewall_policy_association"
    found = from_terraform(
        tmp_path,
        'resource "google_compute_network" "n" {}\n',
        f'resource "{association}" "a" {{\n  attachment_target = google_compute_network.n.id\n}}\n',
    )
    reason = "? a firewall policy is associated with the network and may deny it"
    assert found["google_compute_network.n network.boundary"]["openings"] == [reason]


def test_a_firewall_of_google_cloud_governs_one_direction(tmp_path: Path) -> None:
    text = """
resource "google_compute_firewall" "in" {
  allow { protocol = "tcp" }
}
resource "google_compute_firewall" "out" {
  direction = "EGRESS"
  allow { protocol = "all" }
}
"""
    found = from_terraform(tmp_path, text)
    firewalls = [found[f"google_compute_firewall.{name}"] for name in ("in", "out")]
    assert [(one["governs_ingress"], one["governs_egress"]) for one in firewalls] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("arguments", "collected"),
    [
        ("", True),
        ('logging_service = "none"', False),
        ('logging_service = "logging.googleapis.com/kubernetes"', True),
        ("logging_config { enable_components = [] }", False),
        ('logging_config { enable_components = ["SYSTEM_COMPONENTS"] }', True),
        ("logging_service = var.unset", UNKNOWN),
        ('enable_autopilot = true\nlogging_service = "none"', True),
    ],
)
def test_gke_always_audits_but_its_logs_can_be_switched_off(tmp_path: Path, arguments: str, collected: object) -> None:
    found = from_terraform(tmp_path, UNSET, f'resource "google_container_cluster" "c" {{\n{arguments}\n}}\n')
    cluster = found["google_container_cluster.c"]
    assert (cluster["logs_collected"], cluster["audit_logged"]) == (collected, True)
