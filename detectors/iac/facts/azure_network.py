"""Facts of Azure's network security groups, networks, role assignments and identities."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.iac.facts.block import Block, World
from assay.detectors.iac.facts.policy_document import contains
from assay.detectors.iac.facts.values import (
    all_of,
    any_of,
    as_fact,
    at,
    boolean,
    present,
    settled,
    strings,
    tags,
    text,
    value_of,
    written,
)
from assay.scanner.api import Fact, Known, Unknown

_ANYWHERE = frozenset({"*", "internet", "any", "<nw>/0", "/0"})
_OWNERS = frozenset({"owner", "user access administrator", "role based access control administrator"})
_OWNER_IDS = (
    # See: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/privileged
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
)


def security_group(block: Block, world: World) -> Mapping[str, Fact]:
    """`azurerm_network_security_group` with its own rules and the separate ones that name it."""
    openings: list[Any] = []
    for rule in block.blocks("security_rule"):
        openings += [rule] if isinstance(rule, Unknown) else _openings(rule)
    joined = world.joined(block, "azurerm_network_security_rule", "network_security_group_name", name="name")
    for rule in joined.blocks:
        openings += _openings(rule)
    if joined.stray:
        openings.append(joined.stray)
    return {
        "provider": Known(value="azure"),
        "openings": Known(value=openings),
        "default": Known(value=False),
        "tags": tags(block.get("tags")),
    }


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


def assignment(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_role_assignment`."""
    name, id_ = text(block.get("role_definition_name"), None), written(block.get("role_definition_id"))
    if isinstance(name, Unknown):
        administrator: Fact = name
    elif name.value is not None:
        administrator = Known(value=str(name.value).lower() in _OWNERS)
    elif isinstance(id_, str) and "${" not in id_ and "/" in id_:
        administrator = Known(value=id_.lower().endswith(_OWNER_IDS))
    else:
        administrator = id_ if isinstance(id_, Unknown) else Unknown(reason=f"what the role {id_} allows isn't known")
    role = value_of(name) or id_
    principals, scopes = strings(block.get("principal_id")), strings(block.get("scope"))
    return {
        "provider": Known(value="azure"),
        "principals": as_fact(principals),
        "public": Known(value=False),
        "administrator": administrator,
        "statements": Known(
            value=[
                {
                    "actions": [] if role is None else [role],
                    "resources": scopes,
                    "conditional": value_of(present(block.get("condition"))),
                }
            ]
        ),
    }


def definition(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_role_definition`: who is granted it is said elsewhere."""
    statements: list[Any] = []
    everything: list[Fact] = []
    scopes = strings(block.first("assignable_scopes", "scope"))
    for permission in block.blocks("permissions"):
        if isinstance(permission, Unknown):
            statements.append(permission)
            everything.append(permission)
            continue
        actions, without = strings(permission.get("actions")), strings(permission.get("not_actions"))
        statements.append({"actions": actions, "resources": scopes, "conditional": False})
        nothing_withheld = without if isinstance(without, Unknown) else not without
        everything.append(all_of([contains(actions, "*"), as_fact(nothing_withheld)]))
    return {
        "provider": Known(value="azure"),
        "principals": Known(value=[]),
        "public": Known(value=False),
        "administrator": any_of(everything),
        "statements": Known(value=statements),
    }


def identity(block: Block, _world: World) -> Mapping[str, Fact]:
    """`azurerm_user_assigned_identity`."""
    return {
        "provider": Known(value="azure"),
        "type": Known(value="managed-identity"),
        "assumable_by_anyone": Known(value=False),
        "assumable_by": Known(value=[]),
        "long_lived_keys": Known(value=False),
        "permission_boundary": Known(value=None),
        "tags": tags(block.get("tags")),
    }
