"""NetworkPolicies: ports, blocks of addresses, and pods on the node's network."""

from typing import Any

import pytest

from assay.detectors.exposure.endpoints import Outside
from tests.unit.exposure_objects import allow, container, peer, pods, policy, port, ports
from tests.unit.exposure_traffic import OTHER, PEER, WEB, reaches


@pytest.mark.parametrize(
    ("stated", "number", "protocol", "fits"),
    [
        (ports(8080), 8080, "tcp", True),
        (ports(8080), 8081, "tcp", False),
        (ports(8080), 8080, "udp", False),
        (ports(8080, protocol="UDP"), 8080, "udp", True),
        (ports(8000, 9000), 8500, "tcp", True),
        (ports(8000, 9000), 9001, "tcp", False),
        (ports(None), 1, "tcp", True),
        (ports(None, protocol="UDP"), 1, "tcp", False),
        (ports("http"), 8080, "tcp", True),
        (ports("http"), 9090, "tcp", False),
        (ports("metrics"), 9090, "tcp", False),
    ],
)
def test_ports_by_number_range_name_and_protocol(stated: Any, number: int, protocol: str, fits: bool) -> None:
    one = policy("p", allows=[allow("ingress", ports=[stated])])
    assert reaches(PEER, WEB, number, one, protocol=protocol) is fits


def test_a_named_port_is_the_destinations_for_egress_too() -> None:
    out = policy("p", "batch", directions=["egress"], allows=[allow("egress", ports=[ports("http")])])
    assert reaches(OTHER, WEB, 8080, out) is True
    assert reaches(OTHER, PEER, 8080, out) is False


@pytest.mark.parametrize(
    ("cidr", "excepted", "ip", "fits"),
    [
        ("203.0.113.0/24", [], "203.0.113.9", True),
        ("203.0.113.0/24", ["203.0.113.8/29"], "203.0.113.9", False),
        ("203.0.113.0/24", [], "203.0.114.9", False),
        ("0.0.0.0/0", ["10.0.0.0/8"], "10.1.1.1", False),
        ("0.0.0.0/0", [], "2001:db8::1", False),
        ("2001:db8::/32", ["2001:db8:1::/48"], "2001:db8::1", True),
        ("2001:db8::/32", ["2001:db8:1::/48"], "2001:db8:1::1", False),
        ("::/0", [], "2001:db8::1", True),
    ],
)
def test_blocks_and_exceptions_of_both_versions(cidr: str, excepted: list[str], ip: str, fits: bool) -> None:
    one = policy("p", allows=[allow("ingress", [peer(cidr=cidr, excepted=excepted)])])
    assert reaches(Outside(ip=ip), WEB, 8080, one) is fits


def test_selectors_let_no_address_in() -> None:
    one = policy("p", allows=[allow("ingress", [peer(namespaces=[])])])
    assert reaches(Outside(ip="203.0.113.9"), WEB, 8080, one) is False


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0"])
def test_a_block_of_all_addresses_holds_the_pods(cidr: str) -> None:
    assert reaches(PEER, WEB, 8080, policy("p", allows=[allow("ingress", [peer(cidr=cidr)])])) is True


def test_containers_that_have_ended_have_no_ports() -> None:
    made = pods("web", containers=[container([port(8080, "http")], kind="init")])
    one = policy("p", allows=[allow("ingress", ports=[ports("http")])])
    assert reaches(PEER, made, 8080, one) is False
