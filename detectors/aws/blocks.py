"""From what was read of an account to resources with facts, by the functions that state infrastructure code."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import convert, to_builtins

from assay.detectors.aws.api import Account
from assay.detectors.aws.reading import Item, Read
from assay.detectors.cloud.block import Bindings, Block, World
from assay.detectors.cloud.table import state
from assay.detectors.cloud.values import Reference
from assay.detectors.redact_facts import mask_facts
from assay.scanner.api import Resource, Unknown

SURFACE = "aws"
_KEY = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/(?P<id>[A-Za-z0-9-]+)")
_ALIAS = "aws_kms_alias"

Types = Mapping[str, str]
"""Collector → Terraform's name for what it lists."""


def resources(account: Account, reads: Iterable[Read], types: Types) -> Iterator[Resource]:
    """Every resource of a known type, by region, and there in the order in which it was listed."""
    by_region: dict[str, list[tuple[str, Item]]] = {}
    unread: dict[str, Unknown] = {}
    for one in reads:
        type_ = types[one.collector]
        for item in one.items:
            by_region.setdefault(item.region, []).append((type_, item))
        if type_ == _ALIAS and one.troubles:
            said = f"whether the key is the customer's own: {one.troubles[0].call} {one.troubles[0].reason}"
            unread[one.region] = Unknown(reason=said)
    for region, items in sorted(by_region.items()):
        yield from _stated(account, region, items, unread.get(region))


def _stated(
    account: Account, region: str, items: Sequence[tuple[str, Item]], unread: Unknown | None
) -> Iterator[Resource]:
    known: dict[str, Any] = {}
    for id_, (type_, item) in enumerate(items):
        if type_ == _ALIAS:
            known[str(item.arguments.get("target_key_id"))] = item.arguments.get("name")
            continue
        for name in (item.address, *item.names):
            known.setdefault(name, Reference(text=item.address, targets=(id_,), value=name))
    resolve = _resolver(account, region, known, unread)
    blocks = [
        Block(
            type=type_,
            address=item.address,
            id=id_,
            scope=region,
            arguments=item.arguments,
            resolve=resolve,
            wrapped=False,
            bindings={},
            configured=lambda name: region if name == "region" else Unknown(reason="an account has no provider"),
        )
        for id_, (type_, item) in enumerate(items)
    ]
    for resource in state(World(blocks), blocks, SURFACE):
        stated = to_builtins(resource)
        mask_facts(stated["facts"])
        yield convert(stated, Resource)


def _resolver(
    account: Account, region: str, known: Mapping[str, Any], unread: Unknown | None
) -> Callable[[Any, Bindings], Any]:
    """What a text of an argument stands for: another resource of the region, a key of AWS's, or itself."""

    def resolve(value: Any, _bindings: Bindings) -> Any:
        if isinstance(value, list | tuple):
            return [resolve(inner, _bindings) for inner in value]
        if not isinstance(value, str):
            return value
        found = known.get(value)
        if found is not None:
            return found
        key = _KEY.fullmatch(value)
        if key and (key["region"], key["account"]) == (region, account.id):
            return known.get(key["id"], value if unread is None else unread)
        return value

    return resolve
