"""Facts that follow from several objects of a cluster together: network, volumes, budgets, namespaces, nodes.

Pure: run before judging, and never stored. Objects of different sources have nothing to do with each other.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from assay.detectors.answers import stated
from assay.detectors.exposure import endpoints, read, software
from assay.detectors.exposure.budgets import Budgets
from assay.detectors.exposure.callers import Callers
from assay.detectors.exposure.destinations import Destinations
from assay.detectors.exposure.egress import Egress
from assay.detectors.exposure.endpoints import Workload
from assay.detectors.exposure.homes import Homes
from assay.detectors.exposure.matching import Matching
from assay.detectors.exposure.mesh import Meshes
from assay.detectors.exposure.nodes import Nodes
from assay.detectors.exposure.policies import Traffic
from assay.detectors.exposure.routes import Routes
from assay.detectors.exposure.services import Services
from assay.detectors.exposure.signatures import Signatures
from assay.detectors.exposure.tenancy import Tenancy
from assay.detectors.exposure.tenants import Tenants
from assay.detectors.exposure.volumes import Claims, Storage
from assay.detectors.exposure.ways import Way, Ways
from assay.detectors.worlds import World, with_facts, worlds
from assay.scanner.api import Fact, Known, Resource, Unknown

_NO_NAMESPACE = Unknown(reason="its namespace isn't known")
_OF_ENDS = (
    "disruption_budget",
    "isolates_ingress",
    "isolates_egress",
    "ways_in",
    "callers",
    "destinations",
    "internet_egress",
    "metadata_egress",
)


def derive(resources: Sequence[Resource]) -> Iterator[Resource]:
    """All resources, in their order, with the derived facts of their kinds."""
    added: dict[int, dict[str, Fact]] = defaultdict(dict)
    for world in worlds(resources):
        for number, facts in _derive(world):
            added[number].update(facts)
    for resource in resources:
        yield with_facts(resource, added[id(resource)]) if id(resource) in added else resource


def _derive(world: World) -> Iterator[tuple[int, Mapping[str, Fact]]]:
    """Facts by the resource's id."""
    ends = [endpoints.workload(one) for one in world.of("workload.pods")]
    traffic = Traffic(world)
    nodes = Nodes(world)
    services = Services(world, nodes)
    routes = Routes(world, services)
    ways = Ways(traffic, services, routes, nodes)
    yield from _workloads(world, ends, traffic, ways)
    for resource in world.of("network.service"):
        yield id(resource), {"ways_in": _told(ways.to_service(services.of[id(resource)]))}
    for resource in world.of("network.route"):
        route = routes.of[id(resource)]
        yield id(resource), {"tls": stated(route.tls), "published": stated(route.published)}
    claims, storage = Claims(world), Storage(world)
    for resource in world.of("cluster.volume-claim"):
        yield (
            id(resource),
            {
                "encrypted_at_rest": stated(storage.says(resource, "encrypted_at_rest")),
                "customer_managed_key": stated(storage.says(resource, "customer_managed_key")),
                "mounted_by": Known(value=claims.mounted_by(resource)),
                "written_by": Known(value=claims.written_by(resource)),
            },
        )
    for resource in world.of("workload.pods"):
        yield id(resource), {"shared_writable_claims": Known(value=claims.shared_writable(resource))}
    homes, signatures = Homes(world, traffic.policies, traffic.namespaces), Signatures(world)
    for resource in world.of("cluster.namespace"):
        yield id(resource), {**homes.facts(resource), "images_verified": stated(signatures.of(resource))}
    tenancy = Tenancy(world)
    for resource in world.of("cluster.node"):
        yield id(resource), {"tenants": Known(value=tenancy.of(resource))}
    for resource in world.of("cluster.device-plugin"):
        yield id(resource), {"tenants": Known(value=tenancy.under(resource))}


def _workloads(
    world: World, ends: Sequence[Workload | None], traffic: Traffic, ways: Ways
) -> Iterator[tuple[int, Mapping[str, Fact]]]:
    budgets, egress, meshes = Budgets(world, ends), Egress(traffic), Meshes(world)
    missing = world.unread("workload.pods") or (_NO_NAMESPACE.reason if None in ends else None)
    matching = Matching(traffic.namespaces, (one for one in ends if one is not None), missing)
    callers, destinations = Callers(traffic, matching, Tenants(world)), Destinations(traffic, matching)
    listening = software.ports_of(world)
    into: dict[str, list[Way | Unknown]] = defaultdict(list)
    for resource, end in zip(world.of("workload.pods"), ends, strict=True):
        if end is None:
            yield id(resource), dict.fromkeys(_OF_ENDS, _NO_NAMESPACE)
            continue
        address = read.bare(world, resource.address)
        protection = meshes.protection(end, resource)
        inside = ways.inside(end, protection, listening.get(address, ()))
        found = ways.into(end, protection, inside)
        into[address] += found
        yield (
            id(resource),
            {
                "disruption_budget": stated(budgets.keep_some(end, resource)),
                "isolates_ingress": stated(traffic.isolates(end, "ingress")),
                "isolates_egress": stated(traffic.isolates(end, "egress")),
                "ways_in": _told(found),
                "callers": Known(value=callers.of(end, inside)),
                "destinations": Known(value=destinations.of(end)),
                "internet_egress": stated(egress.internet(end)),
                "metadata_egress": stated(egress.metadata(end)),
            },
        )
    for resource in world.of("ai.software"):
        workload = read.text(read.fact(resource, "workload"))
        ours = into.get(read.bare(world, workload)) if isinstance(workload, str) else [workload]
        yield id(resource), {"ways_in": _told(software.ways_to(resource, ours))}


def _told(found: Sequence[Way | Unknown]) -> Known:
    return Known(value=[one if isinstance(one, Unknown) else one.stated() for one in found])
