"""Services: which pods stand behind them, and from where outside of the cluster they are reached."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address

from msgspec import Struct

from assay.detectors.answers import Answer, all_of
from assay.detectors.exposure import read
from assay.detectors.exposure.addresses import Block, block, reach_internet
from assay.detectors.exposure.endpoints import Workload
from assay.detectors.exposure.nodes import INTERNET, PRIVATE, Nodes
from assay.detectors.exposure.selectors import Index, Selector, equalities, matches
from assay.detectors.worlds import World
from assay.scanner.api import Resource, Unknown

MOST_SERVICES = 100
"""That select one workload, and are looked at."""
MOST_PORTS = 200
"""Of one Service."""
_ANYWHERE = ""
"""In the place of a namespace that isn't known."""
_STANDS_FOR = Unknown(reason="the Service stands for an address or a pod, not for a Service")


class ServicePort(Struct, frozen=True, kw_only=True):
    """A port of a Service."""

    port: int | Unknown
    target: str | Unknown
    protocol: str
    node_port: int | Unknown | None
    name: str | Unknown | None

    def targets(self, workload: Workload) -> Iterator[int | Unknown]:
        """The ports of a workload's pods that it leads to. One that has no port of the name isn't behind it."""
        if isinstance(self.target, Unknown):
            yield self.target
        elif is_number(self.target):
            yield int(self.target)
        else:
            yield from workload.named(self.target, self.protocol)


class Service(Struct, frozen=True, kw_only=True):
    """A Service."""

    address: str
    namespace: str | Unknown
    name: str | Unknown
    type: str | Unknown
    selector: Selector | Unknown | None
    external_name: str | Unknown | None
    ports: tuple[ServicePort | Unknown, ...]
    entrances: tuple[str | Unknown, ...]
    """Origins outside of the cluster from where it is reached by itself, without a route."""

    @property
    def stands_for(self) -> tuple[str, str] | Unknown | None:
        """Namespace and name of the Service that an ExternalName stands for; None: something outside."""
        if self.external_name is None or isinstance(self.external_name, Unknown):
            return self.external_name
        parts = self.external_name.lower().removesuffix(".").split(".")
        if parts[2:3] == ["svc"]:
            return parts[1], parts[0]
        if parts[3:4] == ["svc"]:
            # One pod of a Service without an address of its own.
            return parts[2], parts[1]
        return _STANDS_FOR if "pod" in parts[2:4] or _is_ip(self.external_name) else None

    @property
    def may_stand_for(self) -> tuple[str, str] | None:
        """The same for a host name without its end, which some proxies fill in; empty: whichever namespace."""
        if not isinstance(self.external_name, str):
            return None
        parts = self.external_name.lower().split(".")
        return (parts[1] if len(parts) == 2 else _ANYWHERE, parts[0]) if len(parts) <= 2 else None


class Services:
    """The Services of a source."""

    def __init__(self, world: World, nodes: Nodes) -> None:
        self.unread = world.unread("network.service")
        self.by_name: dict[tuple[str, str], list[Service]] = defaultdict(list)
        self._named: dict[str, list[Service]] = defaultdict(list)
        self.of: dict[int, Service] = {}
        """By the resource's id."""
        for resource in sorted(world.of("network.service"), key=lambda one: one.address):
            self.of[id(resource)] = service(world, resource, nodes)
        self.all = tuple(self.of.values())
        found_in: dict[str, list[Service]] = defaultdict(list)
        for one in self.all:
            if isinstance(one.namespace, str) and isinstance(one.name, str):
                self.by_name[one.namespace, one.name].append(one)
                self._named[one.name].append(one)
            if one.selector is not None and one.type != "ExternalName":
                found_in[one.namespace if isinstance(one.namespace, str) else _ANYWHERE].append(one)
        self._by_namespace = {
            namespace: Index((one.selector, one) for one in services if one.selector is not None)
            for namespace, services in found_in.items()
        }

    def named(self, name: str) -> Sequence[Service]:
        """Those of a name, in whichever namespace."""
        return self._named.get(name, ())

    def before(self, workload: Workload) -> Iterator[tuple[Service, Answer] | Unknown]:
        """The Services that a workload's pods stand behind, or may stand behind; by address in each namespace."""
        left = MOST_SERVICES
        for one in self._candidates(workload):
            chosen = False if one.selector is None else matches(one.selector, workload.labels)
            selects = all_of((chosen, one.namespace if isinstance(one.namespace, Unknown) else True))
            if selects is False:
                continue
            if left == 0:
                yield Unknown(reason=f"more than {MOST_SERVICES} Services lead to it")
                return
            left -= 1
            yield one, selects

    def _candidates(self, workload: Workload) -> Iterator[Service]:
        for namespace in (workload.namespace, _ANYWHERE):
            if namespace in self._by_namespace:
                yield from self._by_namespace[namespace].candidates(workload.labels)


def service(world: World, resource: Resource, nodes: Nodes) -> Service:
    """A `network.service`."""
    namespace = read.text(read.fact(resource, "namespace"))
    ports = read.listed(read.fact(resource, "ports"))
    read_ports = (ports,) if isinstance(ports, Unknown) else tuple(_port(one) for one in ports[:MOST_PORTS])
    if not isinstance(ports, Unknown) and len(ports) > MOST_PORTS:
        read_ports = (*read_ports, Unknown(reason=f"more than {MOST_PORTS} ports"))
    return Service(
        address=resource.address,
        namespace=namespace,
        name=_name(world, resource, namespace),
        type=read.text(read.fact(resource, "type")),
        selector=_selector(read.fact(resource, "selector")),
        external_name=read.optional_text(read.fact(resource, "external_name")),
        ports=read_ports,
        entrances=tuple(_entrances(resource, read_ports, nodes)),
    )


def _name(world: World, resource: Resource, namespace: str | Unknown) -> str | Unknown:
    """A name that no Service may have, such as a placeholder, may become any."""
    written = read.bare(world, resource.address)
    name = written.removeprefix(f"Service.{namespace}.") if isinstance(namespace, str) else written.rpartition(".")[2]
    return name if _NAME.fullmatch(name) else Unknown(reason=f"the name of {resource.address} isn't known")


_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def limited(ranges: object) -> Answer:
    """Whether a list of blocks keeps the internet out. An empty one lets everyone in."""
    found = read.texts(ranges)
    if isinstance(found, Unknown):
        return found
    if not found:
        return False
    blocks: list[Block] = []
    doubt: Unknown | None = None
    for one in found:
        parsed = one if isinstance(one, Unknown) else block(one, ())
        if isinstance(parsed, Block):
            blocks.append(parsed)
        else:
            doubt = parsed or Unknown(reason="a block of addresses that can't be read")
    return False if reach_internet(blocks) else doubt or True


def is_number(port: str) -> bool:
    """Whether a text is a port's number, not its name."""
    return port.isascii() and port.isdigit() and len(port) <= 5


def _entrances(resource: Resource, ports: tuple[ServicePort | Unknown, ...], nodes: Nodes) -> Iterator[str | Unknown]:
    kind = read.text(read.fact(resource, "type"))
    if isinstance(kind, Unknown):
        yield kind
        return
    if kind == "ExternalName":
        return
    if kind == "LoadBalancer" and read.boolean(read.fact(resource, "pending")) is not True:
        origin = _balanced(resource)
        yield origin
        if origin == INTERNET:
            return
    if kind == "NodePort":
        yield from nodes.origins
    elif kind == "LoadBalancer" and any(isinstance(one, Unknown) or one.node_port is not None for one in ports):
        yield from nodes.by_the_way
    external = read.boolean(read.fact(resource, "external_ips"))
    if external is not False:
        yield external if isinstance(external, Unknown) else Unknown(reason="who reaches its external IPs isn't known")


def _balanced(resource: Resource) -> str | Unknown:
    """Ranges that were chosen one by one, such as an office's, count as a private network."""
    internal = read.boolean(read.fact(resource, "internal"))
    few = limited(read.fact(resource, "source_ranges"))
    if internal is True or few is True:
        return PRIVATE
    for one in (internal, few):
        if isinstance(one, Unknown):
            return one
    return INTERNET


def _selector(value: object) -> Selector | Unknown | None:
    """An empty selector is none, as for Kubernetes."""
    if value is None:
        return None
    found = read.labels(value)
    return found if isinstance(found, Unknown) else equalities(found) if found else None


def _port(stated: object) -> ServicePort | Unknown:
    port: Mapping[str, object] | Unknown = read.mapped(stated)
    if isinstance(port, Unknown):
        return port
    protocol = read.text(read.part(port, "protocol"))
    if isinstance(protocol, Unknown):
        return protocol
    return ServicePort(
        port=read.number(read.part(port, "port")),
        target=read.text(read.part(port, "target")),
        protocol=protocol.lower(),
        node_port=read.optional_number(read.part(port, "node_port")),
        name=read.optional_text(read.part(port, "name")),
    )
