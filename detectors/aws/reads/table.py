"""Every collector, by service."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec.structs import replace

from assay.detectors.aws.collector import Collector, Detail, call
from assay.detectors.aws.reads import (
    account,
    ai,
    alarms,
    backup,
    databases,
    detection,
    identity,
    keys,
    network,
    services,
    sharing,
    storage,
)

COLLECTORS: tuple[Collector, ...] = (
    *storage.COLLECTORS,
    *databases.COLLECTORS,
    *keys.COLLECTORS,
    *identity.COLLECTORS,
    *network.COLLECTORS,
    *services.COLLECTORS,
    *ai.COLLECTORS,
    *detection.COLLECTORS,
    *account.COLLECTORS,
    *alarms.COLLECTORS,
    *sharing.COLLECTORS,
    *backup.COLLECTORS,
)

SERVICES: tuple[str, ...] = tuple(sorted({call(one.call).service for one in COLLECTORS}))
"""What `--services` chooses from, by botocore's names."""


def needed(
    kinds: Collection[str] | None, fields: Mapping[str, Collection[str]] | None, services: Collection[str] = ()
) -> tuple[Sequence[Collector], Sequence[Collector]]:
    """The collectors on which facts of these kinds rest, and those of them that `services` leaves out.

    Of the further calls those are wanted on which a fact rests that is read. None: all of them.
    """
    resting = [one for one in COLLECTORS if one.kinds and (kinds is None or not set(one.kinds).isdisjoint(kinds))]
    chosen = [one for one in resting if not services or call(one.call).service in services]
    left_out = [one for one in resting if one not in chosen]
    return tuple(_with_keys(chosen, fields)), left_out


def _with_keys(chosen: Sequence[Collector], fields: Mapping[str, Collection[str]] | None) -> Iterator[Collector]:
    if chosen:
        yield keys.MANAGED_KEYS
    for one in chosen:
        read = None if fields is None else {name for kind in one.kinds for name in fields.get(kind, ())}
        yield replace(one, details=tuple(_judged(detail, read) for detail in one.details))


def _judged(detail: Detail, read: set[str] | None) -> Detail:
    return replace(detail, wanted=read is None or not detail.fields or not read.isdisjoint(detail.fields))
