"""Facts of Google Cloud's firewalls, networks, clusters, image repositories and log buckets."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.iac.facts.block import Block, World
from assay.detectors.iac.facts.gcp_iam import open_to_all
from assay.detectors.iac.facts.values import (
    Reference,
    all_of,
    any_of,
    at,
    boolean,
    choice,
    integer,
    present,
    reference,
    settled,
    strings,
    tags,
    text,
    value_of,
)
from assay.scanner.api import Fact, Known, Unknown

_ANYWHERE = "0.0.0.0/0"


def firewall(block: Block, _world: World) -> Mapping[str, Fact]:
    """`google_compute_firewall`; one that is disabled lets nothing in."""
    disabled = boolean(block.get("disabled"), False)
    openings: list[Any] = []
    if isinstance(disabled, Unknown):
        openings.append(disabled)
    elif not disabled.value:
        for rule in block.blocks("allow"):
            openings += [rule] if isinstance(rule, Unknown) else _openings(block, rule)
    return {
        "provider": Known(value="gcp"),
        "openings": Known(value=openings),
        "default": Known(value=False),
        "tags": Known(value={}),
    }


def _openings(block: Block, rule: Block) -> list[Any]:
    direction = text(block.get("direction"), "INGRESS")
    if isinstance(direction, Unknown):
        return [direction]
    ingress = str(direction.value).upper() == "INGRESS"
    protocol = value_of(text(rule.get("protocol"), "all"))
    ports = strings(rule.get("ports"))
    described = value_of(present(block.get("description")))
    listed = [ports] if isinstance(ports, Unknown) else [_port(port) for port in ports] or [(0, 65535)]
    return [
        port
        if isinstance(port, Unknown)
        else {
            "direction": "ingress" if ingress else "egress",
            "protocol": protocol.lower() if isinstance(protocol, str) else protocol,
            "from_port": port[0],
            "to_port": port[1],
            "cidrs": _ranges(block, ingress),
            "described": described,
        }
        for port in listed
    ]


def _port(port: Any) -> Any:
    first, _, last = str(port).partition("-") if not isinstance(port, Unknown) else ("", "", "")
    if not first.isdecimal() or not (last or first).isdecimal():
        return port if isinstance(port, Unknown) else Unknown(reason="unreadable: expected a port")
    return int(first), int(last or first)


def _ranges(block: Block, ingress: bool) -> Any:
    names = ("source_ranges",) if ingress else ("destination_ranges",)
    narrowed = ("source_tags", "source_service_accounts") if ingress else ()
    value = block.get(names[0])
    if not value and any(block.get(name) for name in narrowed):
        return []
    if not value:
        # Everywhere, where nothing narrows it.
        # See: https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/compute_firewall
        return [_ANYWHERE]
    return strings([settled(one) for one in value] if isinstance(value, list) else settled(value))


def network(block: Block, world: World) -> Mapping[str, Fact]:
    """`google_compute_network`: its flow is logged where that of each of its subnetworks is."""
    subnetworks = world.joined(block, "google_compute_subnetwork", "network", name="name")
    answers = [at(_logs(other), other.location) for other in subnetworks.blocks]
    automatic = boolean(block.get("auto_create_subnetworks"), True)
    if isinstance(automatic, Unknown):
        answers.append(automatic)
    elif automatic.value:
        # Subnetworks that are made by themselves log nothing.
        # See: https://cloud.google.com/vpc/docs/using-flow-logs
        answers.append(Known(value=False))
    elif not answers:
        answers.append(subnetworks.stray or Unknown(reason="its subnetworks are not declared here"))
    return {
        "provider": Known(value="gcp"),
        "flow_logged": all_of([*answers, *([subnetworks.stray] if subnetworks.stray else [])]),
        "tags": Known(value={}),
    }


def subnetwork(block: Block, world: World) -> Mapping[str, Fact] | None:
    """`google_compute_subnetwork` of a network that is declared elsewhere; None where the network speaks for it."""
    if isinstance(block.get("network"), Reference) and world.of_type("google_compute_network"):
        return None
    return {"provider": Known(value="gcp"), "flow_logged": _logs(block), "tags": Known(value={})}


def _logs(block: Block) -> Fact:
    config = block.block("log_config")
    return config if isinstance(config, Unknown) else Known(value=config is not None)


def cluster(block: Block, _world: World) -> Mapping[str, Fact]:
    """`google_container_cluster`."""
    private = boolean(block.at("private_cluster_config", "enable_private_endpoint"), False)
    public: Fact = Known(value=not private.value) if isinstance(private, Known) else private
    autopilot = boolean(block.get("enable_autopilot"), False)
    identity = present(block.at("workload_identity_config", "workload_pool"))
    nodes = boolean(block.at("private_cluster_config", "enable_private_nodes"), False)
    policies = [
        boolean(block.at("network_policy", "enabled"), False),
        choice(block.get("datapath_provider"), "", "ADVANCED_DATAPATH"),
        autopilot,
    ]
    return {
        "provider": Known(value="gcp"),
        "public_endpoint": public,
        "endpoint_cidrs": Known(value=[]) if public == Known(value=False) else _authorised(block),
        "secrets_encrypted": choice(block.at("database_encryption", "state"), "DECRYPTED", "ENCRYPTED"),
        # Written without being asked for, and can't be switched off.
        # See: https://cloud.google.com/kubernetes-engine/docs/how-to/audit-logging
        "audit_logged": Known(value=True),
        "private_nodes": nodes,
        "network_policy": any_of(policies),
        "workload_identity": any_of([identity, autopilot]),
        "tags": tags(block.get("resource_labels")),
    }


def _authorised(block: Block) -> Fact:
    config = block.block("master_authorized_networks_config")
    if config is None or isinstance(config, Unknown):
        return config or Known(value=[_ANYWHERE])
    cidrs: list[Any] = []
    for entry in config.blocks("cidr_blocks"):
        listed = entry if isinstance(entry, Unknown) else strings(settled(entry.get("cidr_block")))
        cidrs += [listed] if isinstance(listed, Unknown) else listed
    return Known(value=cidrs)


def repository(block: Block, world: World) -> Mapping[str, Fact]:
    """`google_artifact_registry_repository`."""
    scanning = text(block.at("vulnerability_scanning_config", "enablement_config"), "INHERITED")
    scanned: Fact = scanning
    if isinstance(scanning, Known):
        off = scanning.value == "DISABLED"
        scanned = Known(value=False) if off else Unknown(reason="the project's Container Scanning API decides")
    return {
        "provider": Known(value="gcp"),
        "immutable_tags": boolean(block.at("docker_config", "immutable_tags"), False),
        "scanned_on_push": scanned,
        # See: https://cloud.google.com/artifact-registry/docs/cmek
        "encrypted_at_rest": Known(value=True),
        "kms_key": reference(block.get("kms_key_name")),
        "public": open_to_all(block, world, "google_artifact_registry_repository", "repository"),
        "tags": tags(block.get("labels")),
    }


def log_bucket(block: Block, _world: World) -> Mapping[str, Fact]:
    """`google_logging_project_bucket_config`."""
    return {
        "provider": Known(value="gcp"),
        # Thirty days. See: https://cloud.google.com/logging/docs/buckets
        "retention_days": integer(block.get("retention_days"), 30),
        "kms_key": reference(block.at("cmek_settings", "kms_key_name")),
        "tags": Known(value={}),
    }
