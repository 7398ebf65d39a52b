"""Blocks of IP addresses as ranges of numbers: what lies in them, and whether they are as good as the internet."""

import ipaddress
from collections.abc import Iterable, Sequence

from msgspec import Struct

Range = tuple[int, int, int]
"""IP version, first and last address."""


class Block(Struct, frozen=True):
    """A block without what is excepted from it."""

    cidr: str
    ranges: tuple[Range, ...]
    everything: bool
    """All addresses of its IP version, nothing excepted."""

    @classmethod
    def whole(cls, version: int) -> "Block":
        """All addresses of an IP version."""
        cidr = {4: "0.0.0.0/0", 6: "::/0"}[version]
        return cls(cidr, (_range(cidr),), everything=True)

    def holds(self, address: str) -> bool:
        """Whether it holds an address; the address must be one."""
        one = ipaddress.ip_address(address)
        number = int(one)
        return any(version == one.version and first <= number <= last for version, first, last in self.ranges)


def block(cidr: str, excepted: Iterable[str]) -> Block | None:
    """None where one of the texts isn't a block."""
    try:
        whole = _range(cidr)
        without = [_range(one) for one in excepted]
    except ValueError:
        return None
    ranges = tuple(_without([whole], without))
    size = whole[2] - whole[1] + 1
    return Block(cidr, ranges, everything=ranges == (whole,) and size == 1 << _BITS[whole[0]])


def reach_internet(blocks: Iterable[Block]) -> bool:
    """Whether blocks hold together at least as much of the public addresses as a /7, IPv4 or IPv6.

    Rules on cloud networks draw the line there too: it is the internet however it is cut into pieces.
    """
    left = _without(_merged(one for found in blocks for one in found.ranges), _NOT_PUBLIC)
    for version, public in _PUBLIC.items():
        if sum(last - first + 1 for one, first, last in left if one == version) >= public >> 7:
            return True
    return False


def shared(blocks: Iterable[Block], others: Iterable[Block]) -> tuple[Block, ...]:
    """What blocks have in common with others, as one block without a text of its own."""
    ranges = _merged(one for found in blocks for one in found.ranges)
    apart = _without(ranges, (one for found in others for one in found.ranges))
    return _together(_without(ranges, apart))


def without(blocks: Iterable[Block], others: Iterable[Block]) -> tuple[Block, ...]:
    """What blocks hold and others don't, as one block without a text of its own."""
    taken = (one for found in others for one in found.ranges)
    return _together(_without((one for found in blocks for one in found.ranges), taken))


def _together(ranges: Iterable[Range]) -> tuple[Block, ...]:
    found = tuple(ranges)
    return (Block("", found, everything=False),) if found else ()


_BITS = {4: 32, 6: 128}


def _range(cidr: str) -> Range:
    network = ipaddress.ip_network(cidr.strip(), strict=False)
    first = int(network.network_address)
    return network.version, first, first + (1 << (network.max_prefixlen - network.prefixlen)) - 1


def _merged(ranges: Iterable[Range]) -> list[Range]:
    """Sorted, without overlaps."""
    found: list[Range] = []
    for version, first, last in sorted(ranges):
        if found and found[-1][0] == version and first <= found[-1][2] + 1:
            found[-1] = (version, found[-1][1], max(last, found[-1][2]))
        else:
            found.append((version, first, last))
    return found


def _without(ranges: Iterable[Range], taken: Iterable[Range]) -> list[Range]:
    """In one pass over both, as there may be thousands."""
    holes = _merged(taken)
    left: list[Range] = []
    at = 0
    for version, start, last in _merged(ranges):
        first = start
        while at < len(holes) and (holes[at][0], holes[at][2]) < (version, first):
            at += 1
        seen = at
        while seen < len(holes) and holes[seen][0] == version and holes[seen][1] <= last:
            if holes[seen][1] > first:
                left.append((version, first, holes[seen][1] - 1))
            first = holes[seen][2] + 1
            seen += 1
        if first <= last:
            left.append((version, first, last))
        at = max(at, seen - 1)
    return left


_NOT_PUBLIC: Sequence[Range] = _merged(
    _range(cidr)
    for cidr in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.168.0.0/16", "224.0.0.0/3", "::/3", "4000::/2", "8000::/1",
    )
)  # fmt: skip
"""Private, local, multicast and reserved addresses; of IPv6 all but 2000::/3, from which public ones are given."""
_PUBLIC = {4: 1 << 32, 6: 1 << 125}
"""How many addresses a version has that a share of is taken: all for IPv4, those of 2000::/3 for IPv6."""
