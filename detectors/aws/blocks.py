"""From what was read of an account to resources with facts, by the functions that state infrastructure code."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, convert, to_builtins

from assay.detectors.aws.api import Account
from assay.detectors.aws.collector import Collector
from assay.detectors.aws.reading import Item, Read
from assay.detectors.cloud.block import Bindings, Block, World
from assay.detectors.cloud.table import state
from assay.detectors.cloud.values import Reference
from assay.detectors.redact_facts import mask_facts
from assay.scanner.api import Resource, Unknown

SURFACE = "aws"
_KEY = re.compile(r"arn:aws[a-z-]*:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/(?P<id>[A-Za-z0-9-]+)")
_ALIAS = "aws_kms_alias"
_LEFT_OUT = Unknown(reason="not looked at: --services leaves it out")
_NO_PROVIDER = Unknown(reason="an account has no provider")


class _Listed(Struct, frozen=True):
    """What one collector gave in one region."""

    collector: Collector
    read: Read

    @property
    def missing(self) -> Unknown | None:
        """Why there may be more than what was listed."""
        for trouble in self.read.troubles:
            if not trouble.items:
                return Unknown(reason=f"{trouble.call}: {trouble.reason}")
        return None


def resources(
    account: Account, reads: Sequence[Read], collectors: Mapping[str, Collector], left_out: Sequence[Collector] = ()
) -> Iterator[Resource]:
    """Every resource of a known type, by region, and there in the order in which it was listed.

    Of what is `left_out` nothing is known that others' facts may rest on.
    """
    listed = [_Listed(collectors[read.collector], read) for read in reads]
    regions = {item.region for one in listed for item in one.read.items}
    for region in sorted(regions):
        # What is listed once for the account may be spoken of in each region.
        here = [one for one in listed if one.collector.once or one.read.region == region]
        yield from _stated(account, region, here, left_out)


def _stated(
    account: Account, region: str, listed: Sequence[_Listed], left_out: Sequence[Collector]
) -> Iterator[Resource]:
    pairs = [(one.collector.type, item) for one in listed for item in one.read.items]
    resolve = _resolver(account, region, pairs, listed)

    def block(id_: int, type_: str, item: Item) -> Block:
        return Block(
            type=type_,
            address=item.address,
            id=id_,
            scope=item.region,
            arguments=item.arguments,
            resolve=resolve,
            wrapped=False,
            bindings={},
            configured=lambda name: item.region if name == "region" else _NO_PROVIDER,
        )

    blocks = [block(id_, type_, item) for id_, (type_, item) in enumerate(pairs)]
    missing = [(one.collector, one.missing) for one in listed if one.missing]
    missing += [(one, _LEFT_OUT) for one in left_out]
    unlisted = [block(-2, one.type, _unlisted(one, region, why)) for one, why in missing]
    here = [one for one, (_, item) in zip(blocks, pairs, strict=True) if item.region == region]
    for resource in state(World([*blocks, *unlisted]), here, SURFACE):
        stated = to_builtins(resource)
        mask_facts(stated["facts"])
        yield convert(stated, Resource)


def _unlisted(one: Collector, region: str, why: Unknown) -> Item:
    """What stands for those that weren't listed: whether they speak of another resource isn't known."""
    return Item(address=one.call, region=region, arguments=dict.fromkeys(one.shape, why))


def _resolver(
    account: Account, region: str, pairs: Sequence[tuple[str, Item]], listed: Sequence[_Listed]
) -> Callable[[Any, Bindings], Any]:
    """What a text of an argument stands for: another resource, a key of AWS's, or itself."""
    known: dict[str, Any] = {}
    for id_, (type_, item) in enumerate(pairs):
        if type_ == _ALIAS:
            known[str(item.arguments.get("target_key_id"))] = item.arguments.get("name")
            continue
        for name in (item.address, *item.names):
            known.setdefault(name, Reference(text=item.address, targets=(id_,), value=name))
    unread = next((one.missing for one in listed if one.collector.type == _ALIAS and one.missing), None)

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
