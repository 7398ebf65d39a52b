"""Reads an account: listings side by side, the further calls for each item beside them."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Lock
from typing import Any, Protocol

from jmespath.exceptions import JMESPathError
from msgspec import Struct

from assay.detectors.aws.api import Account, Api, Limits
from assay.detectors.aws.collector import Call, Collector, Detail, call
from assay.detectors.aws.items import filled, found, laid_out
from assay.detectors.aws.reading import Item, Read, Trouble
from assay.detectors.aws.trouble import NO_CONNECTION, Refused
from assay.detectors.cloud.arguments import pick
from assay.scanner.api import Unknown

_NOT_WANTED = Unknown(reason="not collected: no rule that was chosen needs it")


class Kept(Protocol):
    """What an earlier look that was stopped has left of the items of listings, and what this one leaves."""

    def known_item(self, listing: "Listing", collector: Collector, element: Mapping[str, Any]) -> "list[Item] | None":
        """The item that an element became, with its further calls; none for what was left out. None: not known."""
        ...

    def add_item(
        self, listing: "Listing", collector: Collector, element: Mapping[str, Any], item: "Item | None"
    ) -> None:
        """Keeps it. Called from several threads."""
        ...


def _sought(expression: str, tree: Any, made: Call) -> Any:
    """What a JMESPath finds in an answer. Raises Refused where the answer is of a shape in which it can't look."""
    try:
        return found(expression, tree)
    except JMESPathError as error:
        said = f"the answer is not of the known shape ({type(error).__name__})"
        raise Refused(made, said, advice="report it", lasting=True) from None


class Listing(Struct, frozen=True):
    """One call in one region, with all the collectors that read its answer."""

    call: Call
    region: str
    collectors: tuple[Collector, ...]

    @property
    def id(self) -> str:
        """By which a checkpoint knows it."""
        return f"{self.region}/{'+'.join(one.id for one in self.collectors)}"


def listings(collectors: Iterable[Collector], regions: Sequence[str], home: str) -> Iterator[Listing]:
    """What is to be read: a call that several collectors declare is made once."""
    shared: dict[tuple[str, str, bool], list[Collector]] = {}
    for one in collectors:
        shared.setdefault((one.call, repr(sorted(one.given.items())), one.once), []).append(one)
    for (name, _, once), alike in shared.items():
        for region in (home,) if once else regions:
            yield Listing(call(name), region, tuple(alike))


def gather(
    account: Account,
    api: Api,
    wanted: Sequence[Listing],
    limits: Limits,
    kept: Kept,
    finished: Callable[[Listing, list[Read]], None],
) -> None:
    """Reads every listing. `finished` is called with each, in this thread, as soon as it is whole."""
    answers: SimpleQueue[tuple[Listing, list[Read]] | BaseException] = SimpleQueue()
    with ThreadPoolExecutor(max_workers=limits.threads, thread_name_prefix="aws") as pool:
        look = _Look(account, api, limits, kept, pool, answers)
        for one in wanted:
            pool.submit(look.guarded, _Unit(one, look).run)
        try:
            for _ in wanted:
                answer = answers.get()
                if isinstance(answer, BaseException):
                    raise answer
                finished(*answer)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Look:
    """What all listings of an account share."""

    def __init__(
        self,
        account: Account,
        api: Api,
        limits: Limits,
        kept: Kept,
        pool: ThreadPoolExecutor,
        answers: "SimpleQueue[tuple[Listing, list[Read]] | BaseException]",
    ) -> None:
        self.account = account
        self.api = api
        self.limits = limits
        self.kept = kept
        self.pool = pool
        self.answers = answers
        self.ended: Refused | None = None
        """Why nothing more of the account can be read."""

    def guarded(self, work: Callable[[], None]) -> None:
        """A fault of ours ends the look, and not only a thread."""
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # it is raised again in the main thread
            self.answers.put(error)

    def pages(self, made: Call, region: str, parameters: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """As the API's, until the account's credentials are no good."""
        if self.ended:
            raise Refused(made, f"not asked: {self.ended}", advice=self.ended.advice)
        try:
            yield from self.api.pages(made, region, parameters)
        except Refused as refused:
            if refused.ends:
                self.ended = refused
            raise


class _Unit:
    """A listing while it is read. Whole once its pages and the further calls for all its items are through."""

    def __init__(self, listing: Listing, look: _Look) -> None:
        self._listing = listing
        self._look = look
        self._lock = Lock()
        self._open = 1
        self._items: dict[str, dict[int, Item]] = {one.id: {} for one in listing.collectors}
        self._troubles: Counter[tuple[str, str, str, str, bool]] = Counter()
        self._refused: list[Trouble] = []

    def run(self) -> None:
        listing = self._listing
        try:
            self._read_pages()
        except Refused as refused:
            absent = all(refused.is_one_of(one.absent) for one in listing.collectors)
            if absent:
                for one in listing.collectors:
                    self._state_absence(one)
            nowhere = str(refused) == NO_CONNECTION and not self._look.api.offered(listing.call.service, listing.region)
            if not absent and not nowhere:
                self._refused.append(
                    Trouble(call=str(refused.call), reason=str(refused), advice=refused.advice, lasting=refused.lasting)
                )
        self._close()

    def _read_pages(self) -> None:
        listing, look = self._listing, self._look
        given = {
            name: filled(value, {}, look.account, listing.region) for name, value in listing.collectors[0].given.items()
        }
        count = 0
        empty = {one.id: one for one in listing.collectors}
        first = listing.collectors[0]
        if first.prepare:
            self._prepare(first)
        for answer in look.pages(listing.call, listing.region, given):
            page = _as_read(first, answer, listing.call)
            for collector in listing.collectors:
                for element in _sought(collector.items, page, listing.call) or ():
                    if not isinstance(element, dict):
                        continue
                    count += 1
                    if count > look.limits.items:
                        said = f"more than {look.limits.items:,} items: the others are not read"
                        raise Refused(listing.call, said, advice="choose --regions or --services", lasting=True)
                    empty.pop(collector.id, None)
                    self._take(collector, dict(element), count)
        for one in empty.values():
            self._state_absence(one)

    def _prepare(self, collector: Collector) -> None:
        made = call(collector.prepare)
        for seconds in (*self._look.limits.waits, None):
            for page in self._look.pages(made, self._listing.region, {}):
                if found(collector.prepared, page) is True:
                    return
            if seconds is not None:
                time.sleep(seconds)
        raise Refused(made, "it was not made in time", advice="scan again; what was read is kept")

    def _state_absence(self, collector: Collector) -> None:
        if collector.even_absent:
            self._keep(collector, {}, 0)

    def _take(self, collector: Collector, element: dict[str, Any], number: int) -> None:
        if not collector.details:
            self._keep(collector, element, number)
            return
        listed = dict(element)
        if self._known(collector, listed, number):
            return
        with self._lock:
            self._open += 1

        def further() -> None:
            answered = [self._add(collector, detail, element) for detail in collector.details]
            item = self._keep(collector, element, number)
            if all(answered):
                self._look.kept.add_item(self._listing, collector, listed, item)
            self._close()

        self._look.pool.submit(self._look.guarded, further)

    def _known(self, collector: Collector, element: Mapping[str, Any], number: int) -> bool:
        """Whether an earlier look made all further calls for the element."""
        found = self._look.kept.known_item(self._listing, collector, element)
        if found:
            with self._lock:
                self._items[collector.id][number] = found[0]
        return found is not None

    def _keep(self, collector: Collector, element: dict[str, Any], number: int) -> Item | None:
        try:
            item = laid_out(collector, element, self._look.account, self._listing.region)
        except Exception as error:  # noqa: BLE001  # an answer may be of any shape; what is odd of one costs that one
            said = f"an item is not of the known shape ({type(error).__name__})"
            with self._lock:
                self._refused.append(
                    Trouble(call=str(self._listing.call), reason=said, advice="report it", lasting=True)
                )
            return None
        if item is not None:
            with self._lock:
                self._items[collector.id][number] = item
        return item

    def _add(self, collector: Collector, detail: Detail, element: dict[str, Any]) -> bool:
        """Puts the answer of a further call into the item; Unknown where there is none. False: it was asked in vain."""
        made = call(detail.call)
        into = detail.into or made.operation
        if not detail.wanted:
            element[into] = _NOT_WANTED
            return True
        if detail.unless and pick(element, detail.unless):
            return True
        parameters = {name: pick(element, place) for name, place in detail.given.items()}
        unknown = next((value for value in parameters.values() if isinstance(value, Unknown)), None)
        if unknown is not None:
            element[into] = unknown
            return False
        lies_in = pick(element, collector.lies_in) if collector.lies_in else None
        region = lies_in if isinstance(lies_in, str) else self._listing.region
        fixed = {name: filled(value, {}, self._look.account, region) for name, value in detail.fixed.items()}
        try:
            if detail.without and _sought(detail.without, element, made) is True:
                return True
            element[into] = self._answer(made, region, {**fixed, **parameters}, detail.keep)
        except Refused as refused:
            if refused.is_one_of(detail.absent):
                return True
            element[into] = Unknown(reason=f"{made}: {refused}")
            with self._lock:
                self._troubles[collector.id, str(made), str(refused), refused.advice, refused.lasting] += 1
            return False
        return True

    def _answer(self, made: Call, region: str, parameters: Mapping[str, Any], keep: str) -> Any:
        answer: Any = None
        for page in self._look.pages(made, region, parameters):
            value = _sought(keep, {name: inner for name, inner in page.items() if name != "ResponseMetadata"}, made)
            answer = [*answer, *value] if isinstance(answer, list) and isinstance(value, list) else value
        return answer

    def _close(self) -> None:
        with self._lock:
            self._open -= 1
            if self._open:
                return
        self._look.answers.put((self._listing, list(self._reads())))

    def _reads(self) -> Iterator[Read]:
        for one in self._listing.collectors:
            troubles = [
                Trouble(call=made, reason=reason, advice=advice, items=count, lasting=lasting)
                for (collector, made, reason, advice, lasting), count in sorted(self._troubles.items())
                if collector == one.id
            ]
            items = (item for _, item in sorted(self._items[one.id].items()))
            yield Read(
                collector=one.id,
                region=self._listing.region,
                items=tuple(items),
                troubles=(*self._refused, *troubles),
            )


def _as_read(collector: Collector, page: Mapping[str, Any], made: Call) -> Mapping[str, Any]:
    if collector.read is None:
        return page
    try:
        return collector.read(page)
    except ValueError:
        raise Refused(made, "the answer could not be read", advice="report it", lasting=True) from None
