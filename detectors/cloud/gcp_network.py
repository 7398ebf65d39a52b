"""Facts of Google Cloud's firewalls, networks, clusters, image repositories and log buckets."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.gcp_iam import open_to_all
from assay.detectors.cloud.policy_document import contains
from assay.detectors.cloud.values import (
    Reference,
    all_of,
    any_of,
    at,
    boolean,
    choice,
    integer,
    negated,
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
        "governs_ingress": choice(block.get("direction"), "INGRESS", "INGRESS"),
        "governs_egress": choice(block.get("direction"), "INGRESS", "EGRESS"),
        "tags": Known(value={}),
    }


def implied_rules(block: Block, world: World) -> Mapping[str, Fact]:
    """The rules that every `google_compute_network` ends with: nothing in, everything out.

    See: https://cloud.google.com/firewall/docs/firewalls#default_firewall_rules
    """
    firewalls = world.joined(block, "google_compute_firewall", "network", name="name")
    answers = [at(_denies_egress(other), other.location) for other in firewalls.blocks]
    answers += [firewalls.stray] if firewalls.stray else []
    for type_ in _POLICY_ASSOCIATIONS:
        policies = world.joined(block, type_, "attachment_target")
        reason = "a firewall policy is associated with the network and may deny it"
        answers += [Unknown(reason=reason, origin=other.location) for other in policies.blocks]
    denied = any_of(answers)
    left: list[Any] = [denied] if isinstance(denied, Unknown) else [] if denied.value else [_EVERYTHING_OUT]
    return {
        "provider": Known(value="gcp"),
        "openings": Known(value=left, origin=None if left == [_EVERYTHING_OUT] else denied.origin),
        "default": Known(value=False),
        # What comes in is let in by firewalls, each of which is judged by itself.
        "governs_ingress": Known(value=False),
        "governs_egress": Known(value=True),
        "tags": Known(value={}),
    }


_EVERYTHING_OUT = {
    "direction": "egress",
    "protocol": "all",
    "from_port": 0,
    "to_port": 65535,
    "cidrs": [_ANYWHERE],
    "described": False,
}
_POLICY_ASSOCIATIONS = (
    "google_compute_network_firewall_policy_association",
    "google_compute_region_network_firewall_policy_association",
)


def _denies_egress(firewall_: Block) -> Fact:
    """Whether a firewall refuses all egress of every machine in its network."""
    narrowed = [firewall_.get(name) for name in ("target_tags", "target_service_accounts")]
    answers: list[Fact] = [
        choice(firewall_.get("direction"), "INGRESS", "EGRESS"),
        negated(boolean(firewall_.get("disabled"), False)),
        *(value if isinstance(value, Unknown) else Known(value=not value) for value in narrowed),
    ]
    ranges = _ranges(firewall_, ingress=False)
    answers.append(ranges if isinstance(ranges, Unknown) else contains(ranges, _ANYWHERE))
    denials: list[Fact] = []
    for rule in firewall_.blocks("deny"):
        if isinstance(rule, Unknown):
            denials.append(rule)
            continue
        ports = rule.get("ports")
        whole = ports if isinstance(ports, Unknown) else Known(value=not ports)
        denials.append(all_of([choice(rule.get("protocol"), "all", "all"), whole]))
    return all_of([*answers, any_of(denials)])


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
        # "Audit logs for GKE cannot be disabled", by `logging_service = "none"` neither.
        # See: https://cloud.google.com/kubernetes-engine/docs/concepts/about-logs
        "audit_logged": Known(value=True),
        "private_nodes": nodes,
        "network_policy": any_of(policies),
        "logs_collected": any_of([autopilot, _logs_collected(block)]),
        "workload_identity": any_of([identity, autopilot]),
        "tags": tags(block.get("resource_labels")),
    }


def _logs_collected(block: Block) -> Fact:
    """On unless the service is `none` or the list of components is empty.

    See: https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/container_cluster
    """
    answers = [negated(choice(block.get("logging_service"), "", "none"))]
    config = block.block("logging_config")
    if isinstance(config, Unknown):
        answers.append(config)
    elif config is not None:
        components = strings(config.get("enable_components"))
        answers.append(components if isinstance(components, Unknown) else Known(value=bool(components)))
    return all_of(answers)


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
