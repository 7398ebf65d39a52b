"""What follows from several resources together: added to what was observed, before it is judged, and never stored."""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import cast

from msgspec import structs

from assay.scanner.engine.collector import collector_paused
from assay.scanner.engine.inventory import Inventory
from assay.scanner.model.detector import Derivation
from assay.scanner.model.resource import Resource

Derive = Callable[[Sequence[Resource]], Iterable[Resource]]


def derive(inventory: Inventory, derivations: Sequence[Derivation]) -> Inventory:
    """The inventory with derived facts and resources; each derivation sees what those before it added."""
    with collector_paused():
        for one in derivations:
            if any(resource.kind in one.reads for resource in inventory.resources):
                inventory = structs.replace(inventory, resources=tuple(_load(one.entry)(inventory.resources)))
    return inventory


def _load(entry: str) -> Derive:
    module, _, name = entry.partition(":")
    return cast(Derive, getattr(import_module(module), name))
