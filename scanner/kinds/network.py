"""Network boundaries."""

from msgspec import Struct


class Opening(Struct, frozen=True, kw_only=True):
    """One rule that lets traffic in or out."""

    direction: str
    """`ingress` or `egress`."""
    protocol: str
    """`tcp`, `udp`, `icmp` or `all`."""
    from_port: int
    """0 with `to_port` 65535: all ports."""
    to_port: int
    cidrs: list[str]
    """Address ranges; `0.0.0.0/0` and `::/0` are the internet."""
    described: bool


class Boundary(Struct, frozen=True, kw_only=True):
    """A security group, firewall rule or network security group."""

    provider: str
    openings: list[Opening]
    """Allowing rules only, those of separate rule resources included, and those that the provider adds."""
    default: bool
    """The network's default boundary, which whatever names none falls into."""
    governs_ingress: bool
    """What may come in is decided here; a firewall rule of Google Cloud is for one direction only."""
    governs_egress: bool
    """What may leave is decided here."""
    tags: dict[str, str]


class Network(Struct, frozen=True, kw_only=True):
    """A VPC or virtual network."""

    provider: str
    flow_logged: bool
    """A flow log records its traffic: on AWS what is accepted and what is rejected."""
    tags: dict[str, str]
