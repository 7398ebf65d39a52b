"""From roles, bindings, accounts and workloads to who may do what."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from assay.detectors.rbac.access import Subject
from assay.detectors.rbac.clouds import Clouds
from assay.detectors.rbac.compile import compile_access
from assay.detectors.rbac.grants import grants
from assay.detectors.rbac.provider import provider_of
from assay.detectors.rbac.roles import Roles
from assay.detectors.rbac.subjects import subjects
from assay.detectors.rbac.tokens import Tokens
from assay.detectors.worlds import World, unknown_of, value, with_facts, worlds
from assay.scanner.api import Fact, Known, Resource, Unknown

_OF_CLOUDS = ("identity.grant", "identity.principal", "identity.trust")
"""They say what the cloud identities of service accounts may do."""


_MOST_REASONS = 5


def derive(resources: Sequence[Resource]) -> Iterator[Resource]:
    """What is given, with what follows added: first what belongs to no source, then source by source."""
    for resource in resources:
        if not isinstance(value(resource, "source", None), str):
            yield resource
    clouds = [resource for resource in resources if resource.kind in _OF_CLOUDS]
    joined = Clouds(clouds)
    for world in worlds(resources):
        with _collector_paused():
            found = _derive_one(world, clouds, joined)
        yield from found


def _derive_one(world: World, clouds: Sequence[Resource], joined: Clouds) -> Sequence[Resource]:
    from assay.detectors.rbac.paths import add_paths

    found = compile_access(world)
    tokens = Tokens(world)
    added: list[Resource] = []
    for kind, given in world.by_kind.items():
        for resource in given:
            if kind == "rbac.role":
                added.append(with_facts(resource, {"built_in": _built_in(resource, found.roles)}))
            elif kind == "workload.pods":
                added.append(with_facts(resource, {"token_mounted": tokens.mounted(resource)}))
            elif kind == "rbac.service-account":
                added.append(with_facts(resource, _of_account(resource, joined, world)))
            else:
                added.append(resource)
    return add_paths(
        world, found, [*added, *grants(world.source, found, provider_of(world)), *subjects(world, found)], clouds
    )


@contextmanager
def _collector_paused() -> Iterator[None]:
    """What is derived holds no cycles, and looking for some takes half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _of_account(resource: Resource, clouds: Clouds, world: World) -> Mapping[str, Fact]:
    namespace = str(value(resource, "namespace", ""))
    name = resource.address.partition(f"ServiceAccount.{namespace}.")[2]
    asked, cloud = value(resource, "cloud_identity", None), value(resource, "cloud", None)
    doubts = [unknown_of(resource, field) for field in ("namespace", "cloud_identity", "cloud")]
    ways = clouds.ways(
        Subject(type="ServiceAccount", name=name, namespace=namespace),
        cloud if isinstance(cloud, str) else "",
        asked if isinstance(asked, str) else None,
        world.source,
    )
    sure = {way.identity.shown for way in ways if way.unsure is None}
    reasons = {way.unsure for way in ways if way.unsure is not None} | {one.reason for one in doubts if one}
    return {
        "default_account": unknown_of(resource, "namespace") or Known(value=name == "default"),
        "cloud_identities": Known(
            value=[*sorted(sure), *(Unknown(reason=one) for one in sorted(reasons)[:_MOST_REASONS])]
        ),
    }


def _built_in(resource: Resource, roles: Roles) -> Fact:
    role = roles.at(resource.address)
    if role.built_in is None:
        return Unknown(reason=role.rules.unknown or "")
    return Known(value=role.built_in)
