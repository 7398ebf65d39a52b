"""From roles, bindings, accounts and workloads to who may do what."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from assay.detectors.rbac.compile import compile_access
from assay.detectors.rbac.grants import grants
from assay.detectors.rbac.roles import Roles
from assay.detectors.rbac.subjects import subjects
from assay.detectors.rbac.tokens import Tokens
from assay.detectors.worlds import World, value, with_facts, worlds
from assay.scanner.api import Fact, Known, Resource, Unknown

_OF_CLOUDS = ("identity.grant", "identity.principal")
"""They say what the cloud identities of service accounts may do."""


def derive(resources: Sequence[Resource]) -> Iterator[Resource]:
    """What is given, with what follows added: first what belongs to no source, then source by source."""
    for resource in resources:
        if not isinstance(value(resource, "source", None), str):
            yield resource
    clouds = [resource for resource in resources if resource.kind in _OF_CLOUDS]
    for world in worlds(resources):
        with _collector_paused():
            found = _derive_one(world, clouds)
        yield from found


def _derive_one(world: World, clouds: Sequence[Resource]) -> Sequence[Resource]:
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
            else:
                added.append(resource)
    return add_paths(world, found, [*added, *grants(world.source, found), *subjects(world, found)], clouds)


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


def _built_in(resource: Resource, roles: Roles) -> Fact:
    role = roles.at(resource.address)
    if role.built_in is None:
        return Unknown(reason=role.rules.unknown or "")
    return Known(value=role.built_in)
