"""Where workloads may connect to outside of the cluster, and arithmetic of blocks of addresses."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.exposure.addresses import block, reach_internet
from assay.scanner.api import Resource, Unknown, is_unknown
from tests.unit.exposure_objects import allow, derived, fact, named, peer, pods, policy, ports

NO_VALUE = Unknown(reason="a variable without a value")
ELSEWHERE = allow("egress", [peer(namespaces=named("batch"))])


def reach(*allows: Any, **facts: Any) -> tuple[Any, Any]:
    """Whether the internet and the metadata service are reached under a policy of these rules."""
    return reached(policy("out", directions=["egress"], allows=allows, **facts))


def reached(*policies: Resource, **facts: Any) -> tuple[Any, Any]:
    found = derived([pods("web", **facts), *policies])["Deployment.ml.web"]
    answers = [fact(found, name) for name in ("internet_egress", "metadata_egress")]
    return tuple("?" if is_unknown(one) else one for one in answers)


def test_what_nothing_isolates_may_connect_anywhere() -> None:
    assert reached() == (True, True)
    assert reached(policy("in")) == (True, True)


def test_what_is_isolated_connects_to_what_is_let_through_only() -> None:
    assert reach() == (False, False)
    assert reach(ELSEWHERE) == (False, False)
    assert reach(allow("egress")) == (True, True)


@pytest.mark.parametrize(
    ("cidr", "excepted", "expected"),
    [
        ("0.0.0.0/0", [], (True, True)),
        ("0.0.0.0/0", ["169.254.169.254/32"], (True, False)),
        ("0.0.0.0/0", ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"], (True, False)),
        ("0.0.0.0/0", ["0.0.0.0/1", "128.0.0.0/1"], (False, False)),
        ("::/0", [], (True, True)),
        ("::/0", ["fd00:ec2::/32"], (True, False)),
        ("10.0.0.0/8", [], (False, False)),
        ("fc00::/7", [], (False, True)),
        ("169.254.169.254/32", [], (False, True)),
        ("203.0.113.0/24", [], (False, False)),
    ],
)
def test_blocks_and_exceptions_decide(cidr: str, excepted: list[str], expected: tuple[bool, bool]) -> None:
    assert reach(allow("egress", [peer(cidr=cidr, excepted=excepted)])) == expected


def test_the_internet_in_pieces_is_the_internet() -> None:
    halves = [allow("egress", [peer(cidr=one)]) for one in ("0.0.0.0/1", "128.0.0.0/1")]
    assert reach(*halves)[0] is True
    eighths = [peer(cidr=f"{first}.0.0.0/8") for first in range(20, 24)]
    assert reach(allow("egress", eighths))[0] is True


def test_any_port_reaches_the_internet_and_only_http_the_metadata() -> None:
    everyone = [peer(cidr="0.0.0.0/0")]
    assert reach(allow("egress", everyone, [ports(443)])) == (True, False)
    assert reach(allow("egress", everyone, [ports(80)])) == (True, True)
    assert reach(allow("egress", everyone, [ports(53, protocol="UDP")])) == (True, False)


def test_names_of_ports_are_those_of_pods() -> None:
    assert reach(allow("egress", [peer(cidr="0.0.0.0/0")], [ports("http")])) == (False, False)


@pytest.mark.parametrize("rule", [NO_VALUE, allow("egress", [NO_VALUE]), allow("egress", [peer(cidr="10.0.0.0/77")])])
def test_what_cant_be_read_may_lead_out(rule: Any) -> None:
    assert reach(rule) == ("?", "?")


def test_where_everything_is_let_through_anyway_nothing_is_unknown() -> None:
    assert reach(NO_VALUE, allow("egress")) == (True, True)


def test_a_selection_that_isnt_known_may_keep_in() -> None:
    assert reach(selects=NO_VALUE) == ("?", "?")
    assert reach(allow("egress"), selects=NO_VALUE) == (True, True)


def test_pods_on_the_nodes_network_are_kept_in_by_nothing_for_sure() -> None:
    assert reached(host_network=True) == (True, True)
    assert reached(policy("out", directions=["egress"]), host_network=True) == ("?", "?")


versions = st.sampled_from([ipaddress.IPv4Network, ipaddress.IPv6Network])
lengths = st.integers(min_value=0, max_value=12)


@given(lengths, st.lists(st.tuples(st.integers(0, 255), lengths), max_size=4), st.integers(0, 255), st.booleans())
def test_what_is_excepted_isnt_held(length: int, holes: list[tuple[int, int]], last: int, six: bool) -> None:
    def network(first: int, size: int) -> str:
        text = f"{first:02x}00::/{size}" if six else f"{first}.0.0.0/{size}"
        return str(ipaddress.ip_network(text, strict=False))

    whole, excepted = network(32, length), [network(*hole) for hole in holes]
    found = block(whole, excepted)
    assert found is not None
    ip = f"{last:02x}00::1" if six else f"{last}.0.0.1"
    address = ipaddress.ip_address(ip)
    expected = address in ipaddress.ip_network(whole) and not any(
        address in ipaddress.ip_network(hole) for hole in excepted
    )
    assert found.holds(ip) is expected


def test_private_and_reserved_addresses_are_no_part_of_the_internet() -> None:
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "224.0.0.0/3", "fc00::/7", "::/3"]
    assert not reach_internet(found for one in private if (found := block(one, ())))


def test_overlapping_blocks_count_once() -> None:
    same = [found for _ in range(9) if (found := block("20.0.0.0/8", ()))]
    assert not reach_internet(same)
