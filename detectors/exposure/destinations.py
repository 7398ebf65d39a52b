"""Where workloads may connect to by their own policies, where these let out to some only."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from assay.detectors.answers import each_reason
from assay.detectors.exposure.callers import MOST_NAMED, counted
from assay.detectors.exposure.declared import Allowance, Policy, Span
from assay.detectors.exposure.egress import EVERYWHERE
from assay.detectors.exposure.endpoints import Workload
from assay.detectors.exposure.matching import Matching, Meant
from assay.detectors.exposure.openings import doubts
from assay.detectors.exposure.outgoing import EVERYONE, peers_of
from assay.detectors.exposure.policies import Rules, Traffic
from assay.detectors.exposure.ways import EVERY_PORT
from assay.scanner.api import Unknown

MOST_SPANS = 50
"""Sets of ports that are told of one workload."""
_IN_TIERS = Unknown(reason="administrators' policies decide too, and where they let out to isn't told one by one")
_TOO_MANY = Unknown(reason=f"more than {MOST_SPANS} sets of ports to connect to")


_Among = tuple[tuple[str, ...], tuple[str, ...], tuple[Unknown, ...]]
"""Addresses, namespaces, and why there may be more."""


class _Reached(Struct, frozen=True):
    """What a set of policies lets out to by one set of ports, but for the workloads."""

    span: Span
    meant: frozenset[Meant]
    blocks: tuple[str, ...]
    doubts: tuple[Unknown, ...]


class Destinations:
    """Computed once for each set of policies."""

    def __init__(self, traffic: Traffic, matching: Matching) -> None:
        self._traffic = traffic
        self._matching = matching
        self._known: dict[object, Sequence[_Reached | Unknown]] = {}
        self._among: dict[frozenset[Meant], _Among] = {}

    def of(self, workload: Workload) -> list[Mapping[str, object] | Unknown]:
        """`kinds.traffic.Destination`, sorted by their ports; Unknown for each reason why there may be more."""
        rules = self._traffic.rules(workload, "egress")
        if rules.open:
            return []
        if rules.undefined is not None or rules.tiered:
            return [rules.undefined or _IN_TIERS]
        if rules.identity not in self._known:
            self._known[rules.identity] = tuple(_reached(rules, workload))
        told = [one if isinstance(one, Unknown) else self._told(workload, one) for one in self._known[rules.identity]]
        return [*told, *each_reason(doubts(rules))]

    def _told(self, workload: Workload, reached: _Reached) -> Mapping[str, object]:
        addresses, namespaces, unsure = self._workloads(reached.meant)
        number, first = counted([addresses], workload.address)
        span = reached.span
        return {
            "port": EVERY_PORT if span.every or span.name else span.first,
            "last": EVERY_PORT if span.every or span.name else span.last,
            "protocol": span.protocol,
            "blocks": list(reached.blocks),
            "everyone": any(peer.every_pod for _, peer in reached.meant),
            "namespaces": list(namespaces),
            "workloads": [*first, *unsure, *reached.doubts],
            "more": number - len(first),
        }

    def _workloads(self, meant: frozenset[Meant]) -> _Among:
        """None where everyone is meant."""
        if any(peer.every_pod for _, peer in meant):
            return (), (), ()
        if meant not in self._among:
            self._among[meant] = self._find(meant)
        return self._among[meant]

    def _find(self, meant: frozenset[Meant]) -> _Among:
        matched = self._matching.of(meant)
        if isinstance(matched, Unknown):
            return (), (), (matched,)
        missing = self._matching.missing
        found = [self._matching.all[number] for number in matched.certain]
        names = sorted({one.example.namespace for one in found})
        reasons = [] if missing is None else [missing.reason]
        reasons += sorted({one.why.reason for one in matched.doubtful})
        if len(names) > MOST_NAMED:
            reasons.append(f"of {len(names)} namespaces {MOST_NAMED} are named")
        return (
            tuple(sorted(address for one in found for address in one.addresses)),
            tuple(names[:MOST_NAMED]),
            tuple(Unknown(reason=reason) for reason in reasons[:MOST_NAMED]),
        )


def _reached(rules: Rules, workload: Workload) -> Iterator[_Reached | Unknown]:
    """Sorted; the rules of the same ports put together."""
    by_span: dict[Span, list[tuple[Policy, Allowance]]] = defaultdict(list)
    unread: list[Unknown] = []
    for policy in rules.certain:
        for rule in policy.egress:
            for span in (rule,) if isinstance(rule, Unknown) else rule.spans:
                if isinstance(span, Unknown):
                    unread.append(span)
                elif isinstance(rule, Allowance):
                    by_span[span].append((policy, rule))
    for span in sorted(by_span)[:MOST_SPANS]:
        yield _to(span, by_span[span], workload)
    if len(by_span) > MOST_SPANS:
        yield _TOO_MANY
    yield from each_reason(unread)


def _to(span: Span, rules: Sequence[tuple[Policy, Allowance]], workload: Workload) -> _Reached:
    meant = {one for policy, rule in rules for one in peers_of(rule, policy, workload)}
    everyone = any(rule.everyone for _, rule in rules)
    named = {peer.block.cidr for _, peer in meant if peer.block is not None}
    blocks = sorted({one.cidr for one in EVERYWHERE} if everyone else named)
    if everyone:
        meant = {("", EVERYONE)}
    unsure = [one for _, rule in rules for one in rule.peers if isinstance(one, Unknown)]
    if len(blocks) > MOST_NAMED:
        unsure.append(Unknown(reason=f"of {len(blocks)} blocks {MOST_NAMED} are named"))
    return _Reached(
        span=span,
        meant=frozenset(meant),
        blocks=tuple(blocks[:MOST_NAMED]),
        doubts=tuple(each_reason(unsure)[:MOST_NAMED]),
    )
