"""From where ports of nodes and hosts are reached: it is the nodes' addresses that tell, and files don't know them."""

from typing import Any

import pytest

from assay.scanner.api import Resource, Unknown, is_unknown
from tests.unit.exposure_objects import listing, pods, port, resource, service, service_port
from tests.unit.exposure_ways import DENY, EVERYWHERE, NO_VALUE, WEB, closed, ways

LIVE = "kube:c"
IN_FILES = "whether nodes have public addresses isn't known"


def node(public: bool | Unknown, name: str = "a") -> Resource:
    return resource("cluster.node", f"Node.{name}", {"public_address": public}, LIVE)


def origins(found: list[Any], via: tuple[str, ...] = ()) -> list[Any]:
    """Those from outside the cluster, `?` for one that isn't known."""
    outside = [one for one in found if one != "?" and one[0] not in ("cluster", "namespace") and one[2] == via]
    return ["?" if is_unknown(origin) else origin for origin, _, _ in outside]


def cluster(*resources: Resource, unread: bool = False) -> list[Resource]:
    why = Unknown(reason="403") if unread else True
    return [*closed(*resources), listing("cluster.node", LIVE, why)]


WAYS = {
    "port of nodes": [
        pods("web", ports=[port(8080)], source=LIVE),
        service("web", [service_port(80, 8080, node=30080)], kind="NodePort", source=LIVE),
    ],
    "port of a host": [pods("web", ports=[port(8080, host=80)], source=LIVE)],
    "network of the nodes": [pods("web", host_network=True, source=LIVE)],
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node(False)], ["private-network"]),
        ([node(True)], ["internet"]),
        ([node(False), node(True, "b")], ["internet"]),
        ([node(NO_VALUE)], ["?", "private-network"]),
        ([node(NO_VALUE), node(True, "b")], ["internet"]),
        ([], ["?", "private-network"]),
    ],
)
def test_in_a_live_cluster_the_addresses_of_its_nodes_tell(
    way: str, nodes: list[Resource], expected: list[str]
) -> None:
    via = ("Service.ml.web",) if way == "port of nodes" else ()
    assert origins(ways(*cluster(*WAYS[way], *nodes)), via) == expected
    assert origins(ways(*cluster(*WAYS[way], *nodes, unread=True)), via) == ["?", "private-network"]


def test_a_node_port_of_files_may_be_open_to_the_internet() -> None:
    found = ways(WEB, service("web", [service_port(80, 8080)], kind="NodePort"))
    assert origins(found, ("Service.ml.web",)) == ["?", "private-network"]
    assert [one[0].reason for one in found if is_unknown(one[0])] == [IN_FILES]


def test_a_load_balancer_that_has_no_address_is_reached_by_its_node_ports_only() -> None:
    pending = service("web", [service_port(443, "http", node=30080)], kind="LoadBalancer", pending=True)
    assert origins(ways(WEB, pending), ("Service.ml.web",)) == ["?", "private-network"]
    assert ways(WEB, service("web", [service_port(443)], kind="LoadBalancer", pending=True)) == [EVERYWHERE]


def test_of_the_node_ports_of_an_internal_load_balancer_a_firewall_may_close_the_public_ones() -> None:
    pod = pods("web", ports=[port(8080)], source=LIVE)
    ports = [service_port(443, 8080, node=30080)]
    inner = service("web", ports, kind="LoadBalancer", internal=True, source=LIVE)
    via = ("Service.ml.web",)
    assert set(origins(ways(*cluster(pod, inner, node(False))), via)) == {"private-network"}
    assert set(origins(ways(*cluster(pod, inner, node(True))), via)) == {"?", "private-network"}


def test_a_host_port_is_open_on_the_node_unless_a_policy_keeps_addresses_out() -> None:
    hosted = pods("web", ports=[port(8080, host=80)])
    found = ways(hosted)
    assert origins(found) == ["?", "private-network"] and found[-1] == EVERYWHERE
    assert ways(hosted, DENY) == []
    assert ways(pods("web", ports=[{**port(8080), "host_port": NO_VALUE}])) == [EVERYWHERE, "?"]


def test_pods_on_the_nodes_network_are_reached_on_every_port_of_it() -> None:
    host = pods("web", host_network=True)
    assert [(one[1], one[2]) for one in ways(host)] == [(0, ()), (0, ())]
    assert origins(ways(host)) == ["?", "private-network"]
    assert ways(host, DENY) == ["?"]
    assert ways(pods("web", host_network=NO_VALUE)) == [EVERYWHERE, "?"]
