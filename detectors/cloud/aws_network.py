"""Facts of AWS security groups and VPCs."""

from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.block import Block, World
from assay.detectors.cloud.values import (
    Reference,
    all_of,
    any_of,
    at,
    choice,
    gathered,
    integer,
    present,
    settled,
    strings,
    tags,
    unresolved,
    value_of,
    written,
)
from assay.scanner.api import Fact, Known, Location, Unknown

_PROTOCOLS = {"-1": "all", "6": "tcp", "17": "udp", "1": "icmp", "58": "icmp", "icmpv6": "icmp"}


def security_group(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_security_group` with its own rules and the separate ones that name it."""
    openings: list[tuple[Any, Location | None]] = []
    for direction in ("ingress", "egress"):
        for rule in block.blocks(direction):
            openings.append((rule if isinstance(rule, Unknown) else _opening(rule, direction), None))
    for type_, fixed in (
        ("aws_security_group_rule", None),
        ("aws_vpc_security_group_ingress_rule", "ingress"),
        ("aws_vpc_security_group_egress_rule", "egress"),
    ):
        joined = world.joined(block, type_, "security_group_id")
        for rule in joined.blocks:
            direction = fixed or settled(rule.get("type"))
            opening = direction if isinstance(direction, Unknown) else _opening(rule, str(direction))
            openings.append((opening, rule.location))
        if joined.stray:
            openings.append((joined.stray, joined.stray.origin))
    return {
        "provider": Known(value="aws"),
        "openings": gathered(openings),
        "default": Known(value=block.type == "aws_default_security_group"),
        "governs_ingress": Known(value=True),
        "governs_egress": Known(value=True),
        "tags": tags(block.get("tags")),
    }


def network(block: Block, world: World) -> Mapping[str, Fact]:
    """`aws_vpc`, with the flow logs that name it."""
    logs = world.joined(block, "aws_flow_log", "vpc_id")
    stray = [logs.stray] if logs.stray else []
    # What is accepted shows where data went, what is rejected shows who tried: one log of both, or one of each.
    # See: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html
    halves = (
        any_of(
            [*(at(choice(log.get("traffic_type"), "ALL", "ALL", half), log.location) for log in logs.blocks), *stray]
        )
        for half in ("ACCEPT", "REJECT")
    )
    return {
        "provider": Known(value="aws"),
        "flow_logged": all_of(halves),
        "tags": tags(block.get("tags")),
    }


def _opening(rule: Block, direction: str) -> Any:
    protocol = settled(rule.first("protocol", "ip_protocol"))
    name = written(protocol)
    if isinstance(name, str):
        name = _PROTOCOLS.get(name.lower(), name.lower())
    ports = _ports(rule, name)
    return {
        "direction": direction,
        "protocol": unresolved("the protocol") if name is None else name,
        "from_port": ports[0],
        "to_port": ports[1],
        "cidrs": _cidrs(rule),
        "described": value_of(present(rule.get("description"))),
    }


def _ports(rule: Block, protocol: Any) -> tuple[Any, Any]:
    """First and last port; everything where the protocol has no ports, or all protocols are let in."""
    if protocol == "all" or (isinstance(protocol, str) and protocol not in ("tcp", "udp")):
        return 0, 65535
    first = value_of(integer(rule.get("from_port"), None))
    last = value_of(integer(rule.get("to_port"), None))
    missing = Unknown(reason="not declared: the ports")
    return missing if first is None else max(first, 0) if isinstance(first, int) else first, (
        missing if last is None else 65535 if last == -1 else last
    )


def _cidrs(rule: Block) -> Any:
    """Address ranges; a rule whose source is another group or a prefix list lets no range in."""
    cidrs: list[Any] = []
    for name in ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"):
        value = rule.get(name)
        listed = strings(_ranges(value))
        if isinstance(listed, Unknown):
            cidrs.append(listed)
        else:
            cidrs += listed
    for name in ("prefix_list_ids", "prefix_list_id"):
        if rule.get(name):
            cidrs.append(Unknown(reason="the ranges of a prefix list"))
    return cidrs


def _ranges(value: Any) -> Any:
    """Ranges whose text is a reference to something unmade are unknown, not themselves a range."""
    if isinstance(value, list | tuple):
        return [settled(element) for element in value]
    return settled(value) if isinstance(value, Reference) or not isinstance(value, str) else value
