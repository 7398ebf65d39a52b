"""Nodes, and configurations of them, with the namespaces whose pods use their accelerators."""

from collections import defaultdict

from assay.detectors.answers import Answer, any_of
from assay.detectors.exposure import read
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
        self._unsure: set[str] = set()
        """Why there may be more of them."""
        self._doubts: dict[str, set[str]] = defaultdict(set)
        """By node; of any node under the empty name."""
        unread = world.unread("workload.pods")
        if unread is not None:
            self._doubts[""].add(unread)
            self._unsure.add(unread)
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
        if everywhere is not True and len(self._asking) + len(self._unsure) > 1:
            return [everywhere if isinstance(everywhere, Unknown) else Unknown(reason=_BY_LABEL)]
        return [*sorted(self._asking), *(Unknown(reason=one) for one in sorted(self._unsure))]

    def _place(self, resource: Resource) -> None:
        uses = _uses_accelerators(resource)
        if uses is False:
            return
        namespace, nodes = read.text(read.fact(resource, "namespace")), read.texts(read.fact(resource, "nodes"))
        whose = uses if isinstance(uses, Unknown) else namespace
        if isinstance(whose, Unknown):
            self._unsure.add(f"{resource.address}: {whose.reason}")
        else:
            self._asking.add(whose)
        for node in (nodes,) if isinstance(nodes, Unknown) else nodes:
            if isinstance(node, Unknown):
                self._doubts[""].add(f"{resource.address}: {node.reason}")
                continue
            name = read.bare(self._world, node).removeprefix("Node.")
            if isinstance(whose, Unknown):
                self._doubts[name].add(f"{resource.address}: {whose.reason}")
            else:
                self._on[name].add(whose)


def _uses_accelerators(resource: Resource) -> Answer:
    found: list[Answer] = []
    for container in containers(resource):
        gpus = container if isinstance(container, Unknown) else read.number(read.part(container, "gpus"))
        found.append(gpus if isinstance(gpus, Unknown) else gpus > 0)
    return any_of(found)
