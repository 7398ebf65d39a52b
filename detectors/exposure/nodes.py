"""From where the nodes' own addresses are reached: ports of nodes and hosts, and pods on the nodes' network."""

from assay.detectors.answers import Answer, any_of
from assay.detectors.exposure import read
from assay.detectors.worlds import World
from assay.scanner.api import Unknown

INTERNET, PRIVATE = "internet", "private-network"
_OF_FILES = Unknown(reason="whether nodes have public addresses isn't known")
_NO_NODES = Unknown(reason="no node is there to see, and so not whether nodes have public addresses")
_UNLESS_CLOSED = Unknown(reason="nodes have public addresses, and whether a firewall closes these ports isn't known")

Origins = tuple[str | Unknown, ...]


class Nodes:
    """The nodes of a source, all alike: a port of a Service is open on each, and pods move from one to another."""

    def __init__(self, world: World) -> None:
        public = _public(world)
        doubt: Origins = (PRIVATE, public) if isinstance(public, Unknown) else (PRIVATE,)
        self.origins: Origins = (INTERNET,) if public is True else doubt
        """Of what is opened there on purpose. Those beside the nodes reach it in any case."""
        self.by_the_way: Origins = (PRIVATE, _UNLESS_CLOSED) if public is True else doubt
        """Of the ports that a load balancer's Service gets on each node, whether somebody wants them or not."""


def _public(world: World) -> Answer:
    """Whether some node has a public address."""
    if not world.live:
        return _OF_FILES
    unread = world.unread("cluster.node")
    if unread is not None:
        return Unknown(reason=unread)
    stated = [read.boolean(read.fact(one, "public_address")) for one in world.of("cluster.node")]
    return any_of(stated) if stated else _NO_NODES
