"""Nodes, and configurations of them, with the namespaces whose pods use their accelerators."""

from collections import defaultdict

from assay.detectors.exposure import read
from assay.detectors.exposure.answers import Answer, any_of
from assay.detectors.exposure.endpoints import containers
from assay.detectors.worlds import World
from assay.scanner.api import Resource, Unknown

_BY_LABEL = "nodes use it by their labels, and files don't say which pods come to them"


class Tenancy:
    """Which namespaces' pods use a node's accelerators."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._on: dict[str, set[str]] = defaultdict(set)
        self._asking: set[str] = set()
        """Namespaces whose pods ask for accelerators, on whatever node."""
        self._doubts: dict[str, set[str]] = defaultdict(set)
        """By node; of any node under the empty name."""
        unread = world.unread("workload.pods")
        if unread is not None:
            self._doubts[""].add(unread)
        for resource in world.of("workload.pods"):
            self._place(resource)

    def of(self, node: Resource) -> list[str | Unknown]:
        """The namespaces, sorted."""
        name = read.name_of(self._world, node, "Node")
        doubts = self._doubts.get(name, set()) | self._doubts.get("", set())
        return [*sorted(self._on.get(name, ())), *(Unknown(reason=one) for one in sorted(doubts))]

    def under(self, plugin: Resource) -> list[str | Unknown]:
        """The namespaces whose pods may come to nodes that use a configuration of the device plugin; sorted."""
        everywhere = read.boolean(read.fact(plugin, "everywhere"))
        doubts = sorted(set().union(*self._doubts.values()))
        found: list[str | Unknown] = [*sorted(self._asking)]
        if everywhere is not True and len(found) + len(doubts) > 1:
            reason = everywhere.reason if isinstance(everywhere, Unknown) else _BY_LABEL
            return [Unknown(reason=reason)]
        return [*found, *(Unknown(reason=one) for one in doubts)]

    def _place(self, resource: Resource) -> None:
        uses = _uses_accelerators(resource)
        if uses is False:
            return
        namespace, nodes = read.text(read.fact(resource, "namespace")), read.texts(read.fact(resource, "nodes"))
        if uses is True and isinstance(namespace, str):
            self._asking.add(namespace)
        elif isinstance(uses, Unknown) and not self._world.live:
            self._doubts[""].add(f"{resource.address}: {uses.reason}")
        for node in (nodes,) if isinstance(nodes, Unknown) else nodes:
            if isinstance(node, Unknown):
                self._doubts[""].add(f"{resource.address}: {node.reason}")
                continue
            name = read.bare(self._world, node).removeprefix("Node.")
            if isinstance(uses, Unknown):
                self._doubts[name].add(f"{resource.address}: {uses.reason}")
            elif isinstance(namespace, Unknown):
                self._doubts[name].add(f"{resource.address}: {namespace.reason}")
            else:
                self._on[name].add(namespace)


def _uses_accelerators(resource: Resource) -> Answer:
    found: list[Answer] = []
    for container in containers(resource):
        gpus = container if isinstance(container, Unknown) else read.number(read.part(container, "gpus"))
        found.append(gpus if isinstance(gpus, Unknown) else gpus > 0)
    return any_of(found)
