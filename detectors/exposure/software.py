"""The ways in to servers for AI work: those of their workload that lead to the ports on which they listen."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from msgspec import structs

from assay.detectors.exposure import read
from assay.detectors.exposure.declared import ALL
from assay.detectors.exposure.ways import EVERY_PORT, Way, in_order
from assay.detectors.worlds import World
from assay.scanner.api import Resource, Unknown

MOST_PORTS = 50
"""Of one server."""


def ports_of(world: World) -> Mapping[str, frozenset[int]]:
    """The ports on which software listens, by the address of its workload."""
    found: dict[str, set[int]] = defaultdict(set)
    for resource in world.of("ai.software"):
        workload = read.text(read.fact(resource, "workload"))
        ports = read.listed(read.fact(resource, "ports"))
        if isinstance(workload, str) and not isinstance(ports, Unknown):
            found[read.bare(world, workload)].update(one for one in ports[:MOST_PORTS] if isinstance(one, int))
    return {workload: frozenset(ports) for workload, ports in found.items()}


def ways_to(resource: Resource, workload: Sequence[Way | Unknown] | None) -> list[Way | Unknown]:
    """The ways in to an `ai.software`, from those of its workload; None: the workload isn't there."""
    local = read.boolean(read.fact(resource, "listens_locally"))
    if local is True:
        return []
    if workload is None:
        return [Unknown(reason="its workload isn't among what was read")]
    ports = read.listed(read.fact(resource, "ports"))
    if isinstance(ports, Unknown):
        return [ports] if workload else []
    numbers = sorted({one for one in ports[:MOST_PORTS] if isinstance(one, int)})
    doubt = next((one for one in ports if isinstance(one, Unknown)), None)
    if len(ports) > MOST_PORTS:
        doubt = Unknown(reason=f"it listens on more than {MOST_PORTS} ports")
    found: list[Way | Unknown] = [] if doubt is None or not workload else [doubt]
    for way in workload:
        if isinstance(way, Unknown):
            found.append(way)
        elif way.protocol not in (ALL, "tcp"):
            continue
        elif way.port == EVERY_PORT:
            found += [structs.replace(way, port=port) for port in numbers]
        elif way.port in numbers:
            found.append(way)
    if isinstance(local, Unknown):
        return [local] if found else []
    return in_order(found)
