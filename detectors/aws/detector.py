"""The AWS detector: what live accounts hold, read through their APIs, one part for each profile."""

import importlib
import os
from collections.abc import Iterator, Mapping, Sequence

from assay.detectors.aws import accounts
from assay.detectors.aws.accounts import NotConnected
from assay.detectors.aws.api import Account, Api, Limits
from assay.detectors.aws.blocks import resources
from assay.detectors.aws.collector import Collector
from assay.detectors.aws.gathering import Listing, gather, listings
from assay.detectors.aws.journal import Journal
from assay.detectors.aws.reading import Read
from assay.detectors.aws.reads.table import needed
from assay.detectors.aws.trouble import Refused
from assay.scanner.api import Emit, Failure, Part, Plan, Remote, Resource, Tree
from assay.scanner.safe.text import one_line

DETECTOR = "aws"
_PACKAGES = ("botocore.session", "botocore.paginate", "botocore.parsers", "jmespath")
_SECONDS = 6 * 3600.0


class AwsDetector:
    """States what the APIs of accounts tell. Reads, and changes nothing."""

    def __init__(self, limits: Limits | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._limits = limits or Limits()
        self._environ = environ

    def plan(self, tree: Tree) -> Plan:
        """A part for each profile, the first of them by the detector's name, with which the others go."""
        names = tree.remote.names if tree.remote else ()
        if not names:
            return Plan(reason="no account was named")
        first, *others = dict.fromkeys(names)
        parts = [Part(id=DETECTOR, options={"profile": first}, seconds=_SECONDS)]
        for number, name in enumerate(others, 2):
            shown = one_line(name, 100) or str(number)
            parts.append(Part(id=f"{DETECTOR}:{shown}", of=DETECTOR, options={"profile": name}, seconds=_SECONDS))
        return Plan(parts=tuple(parts))

    def preload(self, parts: Sequence[Part]) -> None:  # noqa: ARG002  # all parts need the same
        """Imports what reads and states."""
        for package in _PACKAGES:
            importlib.import_module(package)
        accounts.loader()

    def observe(self, tree: Tree, part: Part, emit: Emit) -> None:
        """Reads the account of one profile. What can't be read is in failures, and in the facts that rest on it."""
        remote = tree.remote or Remote(names=())
        collectors, left_out = needed(remote.kinds, remote.fields, remote.narrowed.services)
        allowed = frozenset((*accounts.FIRST, *(made for one in collectors for made in one.calls)))
        session = accounts.session(str(part.options["profile"]))
        api = Api(session, allowed, self._limits)
        try:
            account, caller = accounts.account_of(session, api, self._environ)
        except NotConnected as error:
            emit(_failure(part, str(error)))
            return
        journal = Journal(remote.keep, account, caller)
        journal.open()
        whole = False
        try:
            where, wrong = _where(account, api, remote.narrowed.regions)
            for said in wrong:
                emit(_failure(part, f"{account.shown}: {said}"))
            reads = self._read(account, api, list(listings(collectors, where, account.home)), journal)
            for record in _told(account, reads, {one.id: one for one in collectors}, left_out, part):
                emit(record)
            whole = not wrong and all(read.lasting for read in reads)
        finally:
            journal.close(whole)

    def _read(self, account: Account, api: Api, wanted: Sequence[Listing], journal: Journal) -> Sequence[Read]:
        """In the order of the listings, whatever the order of the answers."""
        found = {one.id: journal.known(one) for one in wanted}

        def keep(listing: Listing, reads: list[Read]) -> None:
            journal.add(listing, reads)
            found[listing.id] = reads

        gather(account, api, [one for one in wanted if found[one.id] is None], self._limits, journal, keep)
        return [read for one in wanted for read in found[one.id] or ()]


def _where(account: Account, api: Api, asked: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The regions to look at, and what is wrong with that."""
    try:
        return accounts.regions(account, api, asked)
    except Refused as refused:
        said = f"which regions are on isn't known: {refused.call}: {refused}; {refused.advice}"
        return (asked, ()) if asked else ((account.home,), (f"{said}; only {account.home} was looked at",))


def _told(
    account: Account,
    reads: Sequence[Read],
    collectors: Mapping[str, Collector],
    left_out: Sequence[Collector],
    part: Part,
) -> Iterator[Failure | Resource]:
    for read in reads:
        for trouble in read.troubles:
            share = f" for {trouble.items} of them" if trouble.items else ""
            said = f"{account.shown}, {read.region}: {trouble.call}{share}: {trouble.reason}; {trouble.advice}"
            yield _failure(part, said, collectors[read.collector].kinds, read.region)
    yield from resources(account, reads, collectors, left_out)


def _failure(part: Part, text: str, kinds: tuple[str, ...] = (), what: str | None = None) -> Failure:
    return Failure(detector=DETECTOR, part=part.id, reason=one_line(text), kinds=kinds, what=what)
