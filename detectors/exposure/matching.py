"""Which of the workloads that are known are meant by the peers of rules; the same peers are asked once."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from assay.detectors.answers import Answer
from assay.detectors.exposure.declared import Peer
from assay.detectors.exposure.endpoints import Namespaces, Workload, named
from assay.detectors.exposure.selectors import Selector
from assay.scanner.api import Unknown

MOST_ASKED = 3_000_000
"""Workloads that are held against peers, of all policies of a source together. Some seconds' work."""
_TOO_MANY = Unknown(reason="there are too many workloads and policies to name who is meant by each")

Meant = tuple[str, Peer]
"""A peer, and the namespace of its policy where that decides on whom it means; else empty."""


class Alike(Struct, frozen=True, kw_only=True):
    """Workloads that no policy can tell apart by what it selects."""

    example: Workload
    addresses: tuple[str, ...]
    """Sorted."""


class Doubtful(Struct, frozen=True, kw_only=True):
    """Some of a namespace that may be meant, for one reason."""

    why: Unknown
    namespace: str
    numbers: tuple[int, ...]


class Matched(Struct, frozen=True, kw_only=True):
    """Who is meant; numbers are of `Matching.all`."""

    certain: frozenset[int] = frozenset()
    doubtful: tuple[Doubtful, ...] = ()


class Matching:
    """The workloads of a source, by namespace and label."""

    def __init__(self, namespaces: Namespaces, workloads: Iterable[Workload], missing: str | None = None) -> None:
        self.missing = None if missing is None else Unknown(reason=missing)
        """Why there may be other workloads than those that are known."""
        self._namespaces = namespaces
        self._left = MOST_ASKED
        together: dict[tuple[object, ...], list[Workload]] = defaultdict(list)
        for one in workloads:
            together[one.like].append(one)
        ordered = sorted(together.values(), key=lambda those: min(one.address for one in those))
        self.all: Sequence[Alike] = [
            Alike(example=those[0], addresses=tuple(sorted(one.address for one in those))) for those in ordered
        ]
        self.number: Mapping[tuple[object, ...], int] = {
            alike.example.like: number for number, alike in enumerate(self.all)
        }
        """By `Workload.like`."""
        self._in: dict[str, list[int]] = defaultdict(list)
        self._labelled: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self._unsure: dict[str, list[int]] = defaultdict(list)
        for number, alike in enumerate(self.all):
            self._place(number, alike.example)
        self._undeclared = sorted(self._in.keys() - namespaces.names)
        self._known: dict[Meant, Matched | Unknown] = {}
        self._together: dict[frozenset[Meant], Matched | Unknown] = {}

    def of(self, meant: frozenset[Meant]) -> Matched | Unknown:
        """Who is meant by one or another of some peers."""
        if meant not in self._together:
            found = [self._of(*one) for one in sorted(meant, key=repr)]
            doubt = next((one for one in found if isinstance(one, Unknown)), None)
            cost = sum(len(one.certain) + len(one.doubtful) for one in found if isinstance(one, Matched))
            doubt = doubt or self.spend(cost // 10)
            self._together[meant] = doubt or _joined([one for one in found if isinstance(one, Matched)])
        return self._together[meant]

    def matched(self, answers: Iterable[tuple[int, Answer]]) -> Matched:
        """From whether each is meant, by its number."""
        certain: set[int] = set()
        doubtful: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, answer in answers:
            if isinstance(answer, Unknown):
                doubtful[self.all[number].example.namespace, answer.reason].append(number)
            elif answer:
                certain.add(number)
        return Matched(
            certain=frozenset(certain),
            doubtful=tuple(
                Doubtful(why=Unknown(reason=reason), namespace=namespace, numbers=tuple(numbers))
                for (namespace, reason), numbers in sorted(doubtful.items())
            ),
        )

    def spend(self, cost: int) -> Unknown | None:
        """Notes that so many workloads are asked about; why that is too many."""
        self._left -= cost
        return _TOO_MANY if self._left < 0 else None

    def _place(self, number: int, one: Workload) -> None:
        self._in[one.namespace].append(number)
        labels = {} if isinstance(one.labels, Unknown) else one.labels
        if isinstance(one.labels, Unknown) or any(isinstance(value, Unknown) for value in labels.values()):
            self._unsure[one.namespace].append(number)
        for key, value in labels.items():
            if isinstance(value, str):
                self._labelled[one.namespace, key, value].append(number)

    def _of(self, home: str, peer: Peer) -> Matched | Unknown:
        if (home, peer) not in self._known:
            self._known[home, peer] = self._find(home, peer)
        return self._known[home, peer]

    def _find(self, home: str, peer: Peer) -> Matched | Unknown:
        if peer.block is not None or peer.elsewhere is not None:
            return Matched()
        answers: list[tuple[int, Answer]] = []
        for namespace in self._meant(home, peer.namespaces):
            numbers = self._candidates(namespace, peer.pods)
            too_many = self.spend(len(numbers) + 1)
            if too_many is not None:
                return too_many
            answers += [(one, peer.is_(self.all[one].example, home, self._namespaces)) for one in numbers]
        return self.matched(answers)

    def _meant(self, home: str, selector: Selector | None) -> Iterator[str]:
        """The namespaces that a peer may mean, of those that have workloads."""
        if selector is None:
            yield home
            return
        names = named(selector)
        chosen = {*self._namespaces.candidates(selector), *self._undeclared} if names is None else names
        yield from sorted(chosen & self._in.keys())

    def _candidates(self, namespace: str, pods: Selector | None) -> Collection[int]:
        demanded = () if pods is None else pods.demanded
        found = [self._labelled.get((namespace, key, value), []) for key, value in demanded if value is not None]
        if not found:
            return self._in.get(namespace, ())
        return sorted({*min(found, key=len), *self._unsure.get(namespace, ())})


def _joined(found: Sequence[Matched]) -> Matched:
    if len(found) == 1:
        return found[0]
    certain = frozenset[int]().union(*(one.certain for one in found))
    left = {doubt for one in found for doubt in one.doubtful if not all(n in certain for n in doubt.numbers)}
    return Matched(certain=certain, doubtful=tuple(sorted(left, key=lambda one: (one.namespace, one.why.reason))))
