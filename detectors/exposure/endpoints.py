"""Who talks to whom: workloads, addresses outside, and what is known of namespaces."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet

from msgspec import Struct

from assay.detectors.answers import Answer, all_of
from assay.detectors.exposure import read
from assay.detectors.exposure.selectors import Labels, Requirement, Selector
from assay.detectors.worlds import World
from assay.scanner.api import Resource, Unknown

NAME_LABEL = "kubernetes.io/metadata.name"
"""Kubernetes gives it to every namespace itself, so it holds for those too that aren't declared."""
MOST_PORTS = 1000


class Port(Struct, frozen=True, kw_only=True):
    """A port that a container declares."""

    number: int
    protocol: str
    host_port: int | Unknown | None = None
    name: str | Unknown | None = None


class Workload(Struct, frozen=True, kw_only=True):
    """The pods of one owner, as an end of a connection."""

    address: str
    namespace: str
    labels: Labels | Unknown
    host_network: Answer = False
    ports: tuple[Port | Unknown, ...] = ()

    @property
    def like(self) -> tuple[object, ...]:
        """Equal for workloads that no policy can tell apart by what it selects."""
        labels = self.labels if isinstance(self.labels, Unknown) else frozenset(self.labels.items())
        return self.namespace, labels, self.host_network

    def named(self, name: str, protocol: str) -> Iterator[int | Unknown]:
        """The numbers of its ports of a name; Unknown for ports that may be it."""
        for port in self.ports:
            if isinstance(port, Unknown):
                yield port
            elif port.protocol == protocol and isinstance(port.name, Unknown):
                yield port.name
            elif port.protocol == protocol and port.name == name:
                yield port.number


class Outside(Struct, frozen=True, kw_only=True):
    """An address that isn't a pod's."""

    ip: str


Endpoint = Workload | Outside


def workload(resource: Resource) -> Workload | None:
    """None where not even its namespace is known."""
    namespace = read.text(read.fact(resource, "namespace"))
    if isinstance(namespace, Unknown):
        return None
    return Workload(
        address=resource.address,
        namespace=namespace,
        labels=read.labels(read.fact(resource, "labels")),
        host_network=read.boolean(read.fact(resource, "host_network")),
        ports=tuple(_ports(resource)),
    )


def containers(resource: Resource) -> tuple[Mapping[str, object] | Unknown, ...]:
    """The containers that a workload states."""
    found = read.listed(read.fact(resource, "containers"))
    return (found,) if isinstance(found, Unknown) else tuple(read.mapped(one) for one in found)


class Namespaces:
    """The namespaces of a source: their names, their labels, and whether there may be others."""

    def __init__(self, world: World) -> None:
        self.unread = world.unread("cluster.namespace")
        """Why some may be missing."""
        self.closed = world.live and self.unread is None
        """There are no others than those that are known."""
        self._labels: dict[str, Labels | Unknown] = {}
        system: set[str] = set()
        for resource in world.of("cluster.namespace"):
            name = read.name_of(world, resource, "Namespace")
            labels = read.labels(read.fact(resource, "labels"))
            if not isinstance(labels, Unknown):
                labels = {**labels, NAME_LABEL: name}
            if name in self._labels and self._labels[name] != labels:
                labels = Unknown(reason=f"namespace {name} is declared several times, with different labels")
            self._labels[name] = labels
            if read.fact(resource, "system") is True:
                system.add(name)
        homes = {read.text(read.fact(one, "namespace")) for one in world.of("workload.pods")}
        everyone = world.unread("workload.pods") is not None or any(isinstance(one, Unknown) for one in homes)
        self.inhabited: AbstractSet[str] = {one for one in self._labels if everyone or one in homes} - system
        """Those with workloads, or maybe so, without the cluster's own."""
        self._by_label: dict[tuple[str, str | Unknown], list[str]] = defaultdict(list)
        self._unsure: list[str] = []
        for name, labels in sorted(self._labels.items()):
            if isinstance(labels, Unknown) or any(isinstance(one, Unknown) for one in labels.values()):
                self._unsure.append(name)
            else:
                for label in labels.items():
                    self._by_label[label].append(name)

    @property
    def names(self) -> AbstractSet[str]:
        """Those that are known."""
        return self._labels.keys()

    def candidates(self, selector: Selector) -> Collection[str]:
        """The names of those that may be selected."""
        found = [self._by_label.get((key, value), []) for key, value in selector.demanded if value is not None]
        return [*min(found, key=len), *self._unsure] if found else self.names

    def selected(self, selector: Selector, name: str) -> Answer:
        """Whether a namespace is selected. Of one that isn't declared only the name is known."""
        labels = self._labels.get(name)
        if labels is None:
            labels = Unknown(reason=self.unread or f"the labels of namespace {name} aren't declared here")
        if not isinstance(labels, Unknown):
            return selector.matches(labels)
        named, doubt = {NAME_LABEL: name}, labels
        return all_of(
            one.matches(named) if isinstance(one, Requirement) and one.key == NAME_LABEL else doubt
            for one in selector.requirements
        )


def named(selector: Selector) -> frozenset[str] | None:
    """The only namespaces that a selector may choose, where it says their names."""
    for one in selector.requirements:
        if isinstance(one, Requirement) and one.key == NAME_LABEL and one.operator == "In":
            return one.values
    return None


def _ports(resource: Resource) -> Iterator[Port | Unknown]:
    left = MOST_PORTS
    for container in containers(resource):
        if isinstance(container, Unknown):
            yield container
            continue
        if container.get("type") in ("init", "ephemeral"):
            continue
        ports = read.listed(read.part(container, "ports"))
        if isinstance(ports, Unknown):
            yield ports
            continue
        for stated in ports[:left]:
            yield _port(stated)
        left -= len(ports)
        if left < 0:
            yield Unknown(reason=f"more than {MOST_PORTS} ports")
            return


def _port(stated: object) -> Port | Unknown:
    port = read.mapped(stated)
    if isinstance(port, Unknown):
        return port
    number, protocol = read.number(read.part(port, "number")), read.text(read.part(port, "protocol"))
    if isinstance(number, Unknown):
        return number
    if isinstance(protocol, Unknown):
        return protocol
    return Port(
        number=number,
        protocol=protocol.lower(),
        host_port=read.optional_number(read.part(port, "host_port")),
        name=read.optional_text(read.part(port, "name")),
    )
