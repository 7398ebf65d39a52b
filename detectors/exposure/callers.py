"""Which workloads come in by the ways from within the cluster where policies let in some only."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from heapq import merge
from itertools import islice

from msgspec import Struct

from assay.detectors.answers import Answer, any_of
from assay.detectors.exposure.declared import ALL, Allowance, Span
from assay.detectors.exposure.endpoints import Workload
from assay.detectors.exposure.matching import Alike, Doubtful, Matched, Matching, Meant
from assay.detectors.exposure.openings import WITHIN
from assay.detectors.exposure.outgoing import EVERYONE, Outgoing, peers_of
from assay.detectors.exposure.policies import Rules, Traffic
from assay.detectors.exposure.tenants import Tenants
from assay.detectors.exposure.ways import EVERY_PORT, Way, each_once
from assay.scanner.api import Unknown

MOST_NAMED = 20
"""Workloads that are named of one list; the others are counted."""
MOST_TENANTS = 200
"""Namespaces of other tenants that are named."""
_MOST_PORTS = 10
"""Of a workload, that are asked about where a way leads to every port."""


class _Group(Struct, frozen=True, kw_only=True):
    """Callers to whom the same policies apply as they go out, so that what one of them may, all may."""

    example: Workload
    rules: Rules
    """The example's, for what goes out."""
    addresses: tuple[str, ...]
    """Sorted."""
    namespaces: tuple[str, ...]
    doubt: Unknown | None = None
    """Why they may not be let in; their addresses then aren't told, but for a single one."""


class Callers:
    """Asked once for each workload; those who are let in are put together once for each set of peers."""

    def __init__(self, traffic: Traffic, matching: Matching, tenants: Tenants) -> None:
        self._traffic = traffic
        self._matching = matching
        self._tenants = tenants
        self._outgoing = Outgoing(traffic, matching)
        self._grouped: dict[object, tuple[_Group, ...] | Unknown] = {}
        self._others: dict[object, list[str | Unknown]] = {}

    def of(self, workload: Workload, ways: Collection[Way | Unknown]) -> list[Mapping[str, object] | Unknown]:
        """`kinds.traffic.Callers`, in the order of the ways; Unknown for each reason why there may be more."""
        rules = self._traffic.rules(workload, "ingress")
        if rules.open:
            return []
        found: list[Mapping[str, object] | Unknown] = []
        for way in each_once(ways):
            if isinstance(way, Unknown):
                found.append(way)
            elif not way.via and way.origin in WITHIN:
                meant = None if rules.tiered else frozenset(_meant(rules, way, workload))
                everyone = meant is not None and any(peer.every_pod for _, peer in meant)
                groups = () if everyone else self._let_in(workload, rules, way, meant)
                found.append(self._told(workload, way, groups, everyone))
        return found

    def _let_in(
        self, workload: Workload, rules: Rules, way: Way, meant: frozenset[Meant] | None
    ) -> tuple[_Group, ...] | Unknown:
        """Those whom the workload's own policies let in; asked one by one where it isn't peers alone that decide."""
        ports = tuple(_asked(way, workload))
        key: object = meant
        if meant is None:
            key = (*rules.identity, workload.namespace, ports, way.protocol, workload.ports)
        if key not in self._grouped:
            matched = self._matching.of(meant) if meant is not None else self._asked(workload, way, ports)
            self._grouped[key] = matched if isinstance(matched, Unknown) else tuple(self._groups(matched))
        return self._grouped[key]

    def _asked(self, workload: Workload, way: Way, ports: Sequence[int]) -> Matched | Unknown:
        too_many = self._matching.spend(10 * len(self._matching.all))
        if too_many is not None:
            return too_many
        protocol = _protocol(way)
        return self._matching.matched(
            (number, any_of(self._traffic.admits(workload, one.example, port, protocol) for port in ports))
            for number, one in enumerate(self._matching.all)
        )

    def _groups(self, matched: Matched) -> Iterator[_Group]:
        together: dict[object, list[Alike]] = defaultdict(list)
        for number in sorted(matched.certain):
            one = self._matching.all[number]
            rules = self._traffic.rules(one.example, "egress")
            together[rules.open or rules.identity, one.example.host_network].append(one)
        for those in together.values():
            yield _Group(
                example=those[0].example,
                rules=self._traffic.rules(those[0].example, "egress"),
                addresses=tuple(sorted(address for one in those for address in one.addresses)),
                namespaces=tuple(sorted({one.example.namespace for one in those})),
            )
        by_reason: dict[str, list[Doubtful]] = defaultdict(list)
        for doubt in matched.doubtful:
            by_reason[doubt.why.reason].append(doubt)
        for doubts in by_reason.values():
            first = self._matching.all[doubts[0].numbers[0]]
            yield _Group(
                example=first.example,
                rules=self._traffic.rules(first.example, "egress"),
                addresses=first.addresses if _is_one(doubts) else (),
                namespaces=tuple(sorted({one.namespace for one in doubts})),
                doubt=doubts[0].why,
            )

    def _told(
        self, workload: Workload, way: Way, groups: tuple[_Group, ...] | Unknown, everyone: bool
    ) -> Mapping[str, object]:
        way_in = {name: getattr(way, name) for name in ("origin", "port", "protocol", "authenticated")}
        told = {**way_in, "everyone": everyone}
        doubt = groups if isinstance(groups, Unknown) else self._matching.spend(len(groups))
        if isinstance(groups, Unknown) or doubt is not None:
            return {**told, "workloads": [doubt], "more": doubt, "other_tenants": [doubt]}
        ports = tuple(_asked(way, workload))
        at = self._matching.number.get(workload.like)
        answers = [self._comes(one, workload, at, _protocol(way), ports) for one in groups]
        certain = [one for one, answer in zip(groups, answers, strict=True) if answer is True]
        doubtful = [(one, why) for one, why in zip(groups, answers, strict=True) if isinstance(why, Unknown)]
        number, first = counted([one.addresses for one in certain], workload.address)
        doubts = {why.reason for one, why in doubtful if one.addresses != (workload.address,)}
        others = self._of_others(workload, certain, doubtful)
        missing = None if everyone else self._matching.missing
        if missing is not None:
            doubts.add(missing.reason)
            others = [*others, missing] if self._tenants.owned(workload.namespace) else others
        return {
            **told,
            "workloads": [*first, *(Unknown(reason=reason) for reason in sorted(doubts)[:MOST_NAMED])],
            "more": number - len(first),
            "other_tenants": others,
        }

    def _comes(self, group: _Group, workload: Workload, at: int | None, protocol: str, ports: Sequence[int]) -> Answer:
        if group.doubt is not None:
            return group.doubt
        found: Answer = False
        for port in ports:
            answer = self._outgoing.lets(group.example, group.rules, workload, at, port, protocol)
            if answer is True:
                return True
            found = answer if found is False else found
        return found

    def _of_others(
        self, workload: Workload, certain: Sequence[_Group], doubtful: Sequence[tuple[_Group, Unknown]]
    ) -> list[str | Unknown]:
        if not self._tenants.owned(workload.namespace):
            return []
        key = (workload.namespace, tuple(id(one) for one in certain), tuple((id(one), why) for one, why in doubtful))
        if key not in self._others:
            found = set(
                self._tenants.others(workload.namespace, sorted({n for one in certain for n in one.namespaces}))
            )
            for group, why in doubtful:
                if any(True for _ in self._tenants.others(workload.namespace, group.namespaces)):
                    found.add(why)
            names = sorted(one for one in found if isinstance(one, str))
            reasons = sorted({one.reason for one in found if isinstance(one, Unknown)})
            if len(names) > MOST_TENANTS:
                reasons = [*reasons, f"more than {MOST_TENANTS} namespaces of other tenants"]
            self._others[key] = [*names[:MOST_TENANTS], *(Unknown(reason=one) for one in reasons)]
        return self._others[key]


def _is_one(doubts: Sequence[Doubtful]) -> bool:
    return len(doubts) == 1 and len(doubts[0].numbers) == 1


def counted(addresses: Sequence[tuple[str, ...]], own: str) -> tuple[int, list[str]]:
    """How many there are besides one's own, and the first of them; each list must be sorted."""
    first = [one for one in islice(merge(*addresses), MOST_NAMED + 1) if one != own][:MOST_NAMED]
    return sum(len(one) for one in addresses) - sum(_holds(one, own) for one in addresses), first


def _holds(addresses: tuple[str, ...], one: str) -> bool:
    at = bisect_left(addresses, one)
    return addresses[at : at + 1] == (one,)


def _meant(rules: Rules, way: Way, workload: Workload) -> Iterator[Meant]:
    """The peers of the rules that are for a way's port. Such as can't be read are among the ways already."""
    for policy in rules.certain:
        for rule in policy.ingress:
            if isinstance(rule, Allowance) and _is_for(rule, way, workload):
                if rule.everyone:
                    yield "", EVERYONE
                yield from peers_of(rule, policy, workload)


def _is_for(rule: Allowance, way: Way, workload: Workload) -> bool:
    for span in rule.spans:
        if not isinstance(span, Span) or span.protocol not in (ALL, way.protocol):
            continue
        if span.every if way.port == EVERY_PORT else span.holds(way.port, way.protocol, workload) is True:
            return True
    return False


def _asked(way: Way, workload: Workload) -> Iterator[int]:
    """The ports for which a connection is tried: of every port those that the workload declares."""
    if way.port != EVERY_PORT:
        yield way.port
        return
    declared = [one.number for one in workload.ports if not isinstance(one, Unknown)]
    yield from sorted(set(declared))[:_MOST_PORTS] or [1]


def _protocol(way: Way) -> str:
    return "tcp" if way.protocol == ALL else way.protocol
