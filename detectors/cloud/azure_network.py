"""Facts of Azure's network security groups and networks."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import (
    all_of,
    any_of,
    at,
    boolean,
    choice,
    gathered,
    present,
    settled,
    strings,
    tags,
    text,
    value_of,
)
from assay.scanner.api import Fact, Known, Location, Unknown

_ALL_PORTS = frozenset({"*", "0-65535", "1-65535"})
_ANYWHERE = frozenset({"*", "internet", "any", "<nw>/0", "/0", "0.0.0.0/0"})


def security_group(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_network_security_group` with its own rules and the separate ones that name it."""
    openings: list[tuple[Any, Location | None]] = []
    denials: list[Fact] = []
    for rule in block.blocks("security_rule"):
        openings += [(one, None) for one in ([rule] if isinstance(rule, Unknown) else _openings(rule))]
        denials.append(rule if isinstance(rule, Unknown) else _denies_egress(rule))
    joined = world.joined(block, "azurerm_network_security_rule", "network_security_group_name", name="name")
    for rule in joined.blocks:
        openings += [(one, rule.location) for one in _openings(rule)]
        denials.append(at(_denies_egress(rule), rule.location))
    if joined.stray:
        openings.append((joined.stray, joined.stray.origin))
        denials.append(joined.stray)
    denied = any_of(denials)
    if isinstance(denied, Unknown):
        openings.append((denied, denied.origin))
    elif not denied.value:
        openings.append((_ALLOW_INTERNET_OUTBOUND, None))
    return {
        "provider": Known(value="azure"),
        "openings": gathered(openings),
        "default": Known(value=False),
        "governs_ingress": Known(value=True),
        "governs_egress": Known(value=True),
        "tags": tags(block.get("tags")),
    }


_ALLOW_INTERNET_OUTBOUND = {
    # Every group ends with rules that let everything out to the internet unless an earlier one denies it.
    # See: https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview#default-security-rules
    "direction": "egress",
    "protocol": "all",
    "from_port": 0,
    "to_port": 65535,
    "cidrs": ["0.0.0.0/0"],
    "described": False,
}


def _denies_egress(rule: Block) -> Fact:
    """Whether a rule refuses all that the default would let out."""
    return all_of(
        [
            choice(rule.get("access"), "", "Deny"),
            choice(rule.get("direction"), "", "Outbound"),
            choice(rule.get("protocol"), "*", "*"),
            _holds(rule.first("destination_port_range", "destination_port_ranges"), _ALL_PORTS),
            _holds(rule.first("destination_address_prefix", "destination_address_prefixes"), _ANYWHERE),
            _holds(rule.first("source_address_prefix", "source_address_prefixes"), _ANYWHERE | {"virtualnetwork"}),
        ]
    )


def _holds(value: Any, wanted: frozenset[str]) -> Fact:
    listed = strings([settled(one) for one in value] if isinstance(value, list) else settled(value))
    if isinstance(listed, Unknown):
        return listed
    return any_of(one if isinstance(one, Unknown) else Known(value=one.lower() in wanted) for one in listed)


def _openings(rule: Block) -> list[Any]:
    access, direction = text(rule.get("access"), ""), text(rule.get("direction"), "")
    if isinstance(access, Known) and str(access.value).lower() == "deny":
        return []
    for part in (access, direction):
        if isinstance(part, Unknown):
            return [part]
    ingress = str(value_of(direction)).lower() == "inbound"
    protocol = value_of(text(rule.get("protocol"), "*"))
    if isinstance(protocol, str):
        protocol = "all" if protocol == "*" else protocol.lower()
    side = "source" if ingress else "destination"
    ports = strings(rule.first("destination_port_range", "destination_port_ranges"))
    listed = [ports] if isinstance(ports, Unknown) else [_port(port) for port in ports] or [(0, 65535)]
    cidrs = _ranges(rule.first(f"{side}_address_prefix", f"{side}_address_prefixes"))
    return [
        port
        if isinstance(port, Unknown)
        else {
            "direction": "ingress" if ingress else "egress",
            "protocol": protocol,
            "from_port": port[0],
            "to_port": port[1],
            "cidrs": cidrs,
            "described": value_of(present(rule.get("description"))),
        }
        for port in listed
    ]


def _port(port: Any) -> Any:
    if isinstance(port, Unknown):
        return port
    if port == "*":
        return 0, 65535
    first, _, last = str(port).partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        return Unknown(reason="unreadable: expected a port")
    return int(first), int(last or first)


def _ranges(value: Any) -> Any:
    listed = strings([settled(one) for one in value] if isinstance(value, list) else settled(value))
    if isinstance(listed, Unknown):
        return listed
    return ["0.0.0.0/0" if isinstance(one, str) and one.lower() in _ANYWHERE else one for one in listed]


def network(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_virtual_network`, with the flow logs that name it."""
    joined = world.joined(block, "azurerm_network_watcher_flow_log", "target_resource_id")
    answers: list[Fact] = [at(boolean(other.get("enabled"), True), other.location) for other in joined.blocks]
    if not answers and any(
        log.get("network_security_group_id") for log in world.of_type("azurerm_network_watcher_flow_log")
    ):
        answers.append(Unknown(reason="flow logs are declared for security groups, and which guard it can't be told"))
    return {
        "provider": Known(value="azure"),
        "flow_logged": any_of([*answers, *([joined.stray] if joined.stray else [])]),
        "tags": tags(block.get("tags")),
    }
