"""IAM policies of Google Cloud: from `google_iam_policy`, from JSON, from `jsonencode`, to their bindings."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from assay.detectors.cloud.block import Block
from assay.detectors.cloud.policy_document import decoded
from assay.detectors.cloud.values import Reference, Template, as_fact, strings, text
from assay.scanner.api import Fact, Known, Unknown


class Binding(Struct, frozen=True, kw_only=True):
    """One role, granted to some members."""

    members: list[Any] | Unknown
    role: Fact
    conditional: Fact


def document(block: Block) -> Any:
    """The tree of a Terraform data source `google_iam_policy`."""
    return {
        "bindings": [
            entry
            if isinstance(entry, Unknown)
            else {"role": entry.get("role"), "members": entry.get("members"), "condition": _condition(entry)}
            for entry in block.blocks("binding")
        ]
    }


def _condition(entry: Block) -> Any:
    condition = entry.block("condition")
    return condition if isinstance(condition, Unknown) else None if condition is None else {"set": True}


def bindings(data: Any) -> list[Binding | Unknown]:
    """What a policy grants; Unknown for what could not be read."""
    tree = decoded(data) if isinstance(data, Reference | Template | str) else data
    if isinstance(tree, Unknown):
        return [tree]
    listed = tree.get("bindings", []) if isinstance(tree, Mapping) else None
    if not isinstance(listed, list | tuple):
        return [listed if isinstance(listed, Unknown) else Unknown(reason="unreadable: expected a policy's bindings")]
    return [_binding(entry) for entry in listed]


def _binding(entry: Any) -> Binding | Unknown:
    if not isinstance(entry, Mapping):
        return entry if isinstance(entry, Unknown) else Unknown(reason="unreadable: expected a binding")
    condition = entry.get("condition")
    return Binding(
        members=strings(entry.get("members")),
        role=text(entry.get("role"), ""),
        conditional=as_fact(condition if isinstance(condition, Unknown) else bool(condition)),
    )


def of_block(block: Block) -> Binding:
    """`google_…_iam_member` and `google_…_iam_binding`."""
    condition = block.block("condition")
    return Binding(
        members=strings(block.first("members", "member")),
        role=text(block.get("role"), ""),
        conditional=condition if isinstance(condition, Unknown) else Known(value=condition is not None),
    )
