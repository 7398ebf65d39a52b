"""The detector of what is declared: the resources of Terraform's states and plans, by their ARNs."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import convert, to_builtins
from msgspec.structs import replace

from assay.detectors.cloud.block import Bindings, Block, World
from assay.detectors.cloud.table import NEEDED, state
from assay.detectors.cloud.values import Reference
from assay.detectors.declared.state import Declared, Unreadable, read
from assay.detectors.redact_facts import mask_facts
from assay.scanner.api import Emit, Failure, Location, Part, Plan, Resource, Tree, Unknown
from assay.scanner.safe.text import one_line

DETECTOR = "declared"
_NAMES = ("id", "arn")
"""By these arguments other resources refer to one."""
_NOT_THERE = Unknown(reason="not in the state: no provider's configuration is")


class DeclaredDetector:
    """States what was declared, by the functions that state infrastructure code; it is compared with, not judged."""

    def plan(self, tree: Tree) -> Plan:
        """One part: what one state declares may be about what another one does."""
        names = tree.remote.names if tree.remote else ()
        if not names:
            return Plan(reason="no state was named")
        return Plan(parts=(Part(id=DETECTOR, options={"paths": list(names)}),))

    def preload(self, parts: Sequence[Part]) -> None:
        """Nothing that takes long."""

    def observe(self, tree: Tree, part: Part, emit: Emit) -> None:  # noqa: ARG002  # the part names the files
        """Emits the resources of all files; one that can't be read is a failure."""
        declared: list[tuple[str, Declared]] = []
        for path in map(str, part.options["paths"]):
            shown = Path(path).name
            try:
                declared += ((shown, one) for one in read(Path(path)) if one.type in NEEDED)
            except Unreadable as error:
                emit(Failure(detector=DETECTOR, part=part.id, reason=one_line(f"{shown} {error}")))
        for resource in _stated(declared):
            emit(resource)


def _stated(declared: Sequence[tuple[str, Declared]]) -> Iterator[Resource]:
    known: dict[str, tuple[int, ...]] = {}
    for id_, (_, one) in enumerate(declared):
        for name in _NAMES:
            value = one.values.get(name)
            if isinstance(value, str):
                known[value] = (*known.get(value, ()), id_)

    def resolve(value: Any, _bindings: Bindings) -> Any:
        if isinstance(value, list | tuple):
            return [resolve(inner, _bindings) for inner in value]
        if isinstance(value, Mapping):
            return {name: resolve(inner, _bindings) for name, inner in value.items() if inner != ""}
        # An id may be that of several resources of different types; whoever asks knows the type.
        found = known.get(value) if isinstance(value, str) else None
        return Reference(text=value, targets=found, value=value) if found else value

    blocks = [
        Block(
            type=one.type,
            address=one.address,
            id=id_,
            arguments=one.values,
            resolve=resolve,
            wrapped=False,
            bindings={},
            location=Location(path=shown),
            configured=lambda _name: _NOT_THERE,
        )
        for id_, (shown, one) in enumerate(declared)
    ]
    world = World(blocks)
    for block in blocks:
        arn = block.arguments.get("arn")
        for resource in state(world, [block], DETECTOR):
            stated = to_builtins(resource)
            mask_facts(stated["facts"])
            names = (arn,) if isinstance(arn, str) else ()
            yield replace(convert(stated, Resource), aliases=names)
