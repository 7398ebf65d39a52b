"""Looks at one account: reads what is wanted of it, and emits what was learnt and what could not be."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from assay.detectors.aws import accounts
from assay.detectors.aws.api import Account, Api, Limits
from assay.detectors.aws.blocks import resources
from assay.detectors.aws.collector import Call, Collector
from assay.detectors.aws.gathering import Listing, gather, listings
from assay.detectors.aws.journal import Journal
from assay.detectors.aws.listed import listed
from assay.detectors.aws.reading import Read
from assay.detectors.aws.trouble import Refused
from assay.scanner.api import Doing, Emit, Failure
from assay.scanner.safe.text import one_line

DETECTOR = "aws"
_TOLD_EVERY = 0.5
"""Seconds."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What is to be looked at, in whichever account."""

    collectors: Sequence[Collector]
    left_out: Sequence[Collector] = ()
    """Those that would be needed, but for `--services`."""
    regions: tuple[str, ...] = ()
    """Empty: all that are on."""
    keep: str | None = None
    """As of `Remote`."""
    part: str = DETECTOR
    limits: Limits = Limits()
    environ: Mapping[str, str] = os.environ

    @property
    def allowed(self) -> frozenset[Call]:
        """Every call that may be made."""
        return frozenset((*accounts.FIRST, *(made for one in self.collectors for made in one.calls)))


def look(session: Any, wanted: Wanted, emit: Emit, name: str = "", where: str = "") -> None:
    """Reads the account that a session is in. Raises NotConnected, before anything was emitted.

    `name` is what its organisation calls it, `where` is said before what is being done.
    """
    api = Api(session, wanted.allowed, wanted.limits)
    account, caller = accounts.account_of(session, api, wanted.environ, name)
    journal = Journal(wanted.keep, account, caller)
    journal.open()
    whole = False
    try:
        regions, wrong = _where(account, api, wanted.regions)
        for said in wrong:
            emit(failure(wanted.part, f"{account.shown}: {said}"))
        chosen = list(listings(wanted.collectors, regions, account.home))
        doing = f"{where}{account.shown}, {len(regions)} region{'' if len(regions) == 1 else 's'}"
        reads = _read(account, api, chosen, wanted.limits, journal, _teller(emit, doing, len(chosen)))
        emit(Doing(f"{doing}: stating what was read"))
        for one in _failures(account, reads, {one.id: one for one in wanted.collectors}, wanted.part):
            emit(one)
        for resource in resources(account, reads, {one.id: one for one in wanted.collectors}, wanted.left_out):
            emit(resource)
        # Last: what is cut short above must not look as if everything had been stated.
        for resource in listed(account, reads, {one.id: one for one in wanted.collectors}, wanted.left_out, regions):
            emit(resource)
        whole = not wrong and all(read.lasting for read in reads)
    finally:
        journal.close(whole)


def failure(part: str, text: str, kinds: tuple[str, ...] = (), what: str | None = None) -> Failure:
    """What could not be looked at, in one line."""
    return Failure(detector=DETECTOR, part=part, reason=one_line(text), kinds=kinds, what=what)


def _read(
    account: Account,
    api: Api,
    wanted: Sequence[Listing],
    limits: Limits,
    journal: Journal,
    tell: Callable[[int, Listing], None],
) -> Sequence[Read]:
    """In the order of the listings, whatever the order of the answers."""
    found = {one.id: journal.known(one) for one in wanted}
    unread = [one for one in wanted if found[one.id] is None]
    done = len(wanted) - len(unread)

    def keep(listing: Listing, reads: list[Read]) -> None:
        nonlocal done
        journal.add(listing, reads)
        found[listing.id] = reads
        done += 1
        tell(done, listing)

    gather(account, api, unread, limits, journal, keep)
    return [read for one in wanted for read in found[one.id] or ()]


def _teller(emit: Emit, doing: str, total: int) -> Callable[[int, Listing], None]:
    """Says how far it is, now and then."""
    last = 0.0

    def tell(done: int, listing: Listing) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _TOLD_EVERY:
            last = now
            emit(Doing(f"{doing}: {done} of {total} listings, last {listing.call.service} in {listing.region}"))

    return tell


def _where(account: Account, api: Api, asked: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The regions to look at, and what is wrong with that."""
    try:
        return accounts.regions(account, api, asked)
    except Refused as refused:
        said = f"which regions are on isn't known: {refused.call}: {refused}; {refused.advice}"
        return (asked, ()) if asked else ((account.home,), (f"{said}; only {account.home} was looked at",))


def _failures(
    account: Account, reads: Sequence[Read], collectors: Mapping[str, Collector], part: str
) -> Iterator[Failure]:
    for read in reads:
        for trouble in read.troubles:
            share = f" for {trouble.items} of them" if trouble.items else ""
            said = f"{account.shown}, {read.region}: {trouble.call}{share}: {trouble.reason}; {trouble.advice}"
            yield failure(part, said, collectors[read.collector].kinds, read.region)
