"""What is open to pods of which namespaces where administrators' policies decide too.

Ports are cut into ranges that no rule tells apart, and namespaces put together that no rule tells apart; each range is
then asked of each of these.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from msgspec import Struct, structs

from assay.detectors.answers import Answer, any_of, each_reason
from assay.detectors.exposure.declared import ALL, HIGHEST, Allowance, Peer, Policy, Span
from assay.detectors.exposure.endpoints import NAME_LABEL, Namespaces, Workload, named
from assay.detectors.exposure.policies import Rules, settle, sure
from assay.detectors.exposure.selectors import Selector
from assay.detectors.exposure.tiers import some_pass, steps
from assay.scanner.api import Unknown

MOST_CUTS = 400
"""Ranges of ports that the policies of one workload tell apart."""
MOST_ASKED = 200_000
"""Namespaces times selectors of them, of all workloads of a source together."""
_ELSEWHERE = ""
"""In the place of a name: whichever namespace isn't known."""
_PROTOCOLS = ("sctp", "tcp", "udp")
_TOO_MANY_PORTS = Unknown(reason=f"its policies tell more than {MOST_CUTS} ranges of ports apart")
_TOO_MANY_NAMESPACES = Unknown(reason="there are too many namespaces for its policies' selectors to be tried on each")


class Within(Struct, frozen=True):
    """What one range of ports is open to within the cluster; as of `openings.Opening`."""

    span: Span
    origin: str | None
    wider: Unknown | None
    rules: tuple[int, ...] = ()
    """The numbers of the rules that are for it, where it matters who is let in: ranges that are open to the same
    origin may be open to others of it."""


class Origins:
    """Asked once for each set of policies and namespace."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._left = MOST_ASKED
        self._known: dict[tuple[object, ...], tuple[Within | Unknown, ...]] = {}

    def of(self, rules: Rules, workload: Workload) -> tuple[Within | Unknown, ...]:
        """What a workload's policies leave open to pods, sorted; Unknown where a rule's ports can't be read."""
        spans, doubts = _spans(rules, workload)
        key = (workload.namespace, spans, tuple(doubts), *rules.identity)
        if key not in self._known:
            self._known[key] = (*self._find(rules, workload, spans), *doubts)
        return self._known[key]

    def _find(self, rules: Rules, workload: Workload, spans: Sequence[Span]) -> Iterator[Within | Unknown]:
        if len(spans) > MOST_CUTS:
            yield _TOO_MANY_PORTS
            return
        alike = self._alike(rules, workload)
        if isinstance(alike, Unknown):
            yield alike
            return
        yield from _joined([self._origin(rules, workload, span, alike) for span in spans])

    def _alike(self, rules: Rules, workload: Workload) -> Sequence[str] | Unknown:
        """One namespace of each sort that the policies tell apart, the workload's own first."""
        known = self._namespaces
        selectors = sorted(set(_selectors(rules)), key=repr)
        names = sorted({*known.names, workload.namespace})
        self._left -= len(names) * len(selectors)
        if self._left < 0:
            return _TOO_MANY_NAMESPACES
        found: dict[tuple[Answer, ...], str] = {}
        # Those with workloads first, so that they stand for their sort.
        for name in sorted(names, key=lambda name: (name not in known.inhabited, name)):
            if name != workload.namespace:
                found.setdefault(tuple(known.selected(one, name) for one in selectors), name)
        others = [*found.values(), *([] if known.closed else [_ELSEWHERE])]
        return [workload.namespace, *others]

    def _origin(self, rules: Rules, workload: Workload, span: Span, alike: Sequence[str]) -> Within:
        own, *others = (self._lets(rules, workload, span, name) for name in alike)
        doubt = next((one for one in (own, *others) if isinstance(one, Unknown)), None)
        inhabited = self._namespaces.inhabited if self._namespaces.closed else ()
        counting = set(alike[1:]).intersection(inhabited) or set(alike[1:])
        if own is True and all(one is True for name, one in zip(alike[1:], others, strict=True) if name in counting):
            return Within(span, "cluster", None)
        if any(one is True for one in others):
            return Within(span, "namespaces", doubt, _fitting(rules, span, workload))
        if own is True:
            return Within(span, "namespace", doubt, _fitting(rules, span, workload))
        return Within(span, None, doubt)

    def _lets(self, rules: Rules, workload: Workload, span: Span, name: str) -> Answer:
        """Whether some pod of a namespace is let in to the ports of a span, which no rule tells apart."""

        def meets(rule: Allowance) -> tuple[Answer, bool]:
            if not _holds(rule, span, workload):
                return False, False
            return self._meets(rule, workload.namespace, name)

        def lets(policies: Iterable[Policy]) -> Answer:
            return any_of(
                rule if isinstance(rule, Unknown) else meets(rule)[0] for policy in policies for rule in policy.ingress
            )

        def by_policies() -> Answer:
            otherwise = some_pass(steps(rules.after, "ingress", meets), True)
            return settle(rules, lets(rules.certain), [lets([one]) for one, _ in rules.doubtful], otherwise)

        return sure(rules, some_pass(steps(rules.before, "ingress", meets), by_policies()))

    def _meets(self, rule: Allowance, home: str, name: str) -> tuple[Answer, bool]:
        """Whether a rule is for some pods of a namespace, and whether for all."""
        if rule.everyone:
            return True, True
        found = [self._meets_peer(one, home, name) for one in rule.peers]
        return any_of(some for some, _ in found), any(some is True and whole for some, whole in found)

    def _meets_peer(self, peer: Peer | Unknown, home: str, name: str) -> tuple[Answer, bool]:
        if isinstance(peer, Unknown):
            return peer, False
        if peer.elsewhere is not None:
            return False, False
        if peer.block is not None:
            doubt = Unknown(reason=f"a policy names {peer.block.cidr}, which may be addresses of pods")
            return peer.block.everything or doubt, peer.block.everything
        whole = peer.pods is None or peer.pods.everything
        if peer.namespaces is None:
            return name == home, whole
        if name == _ELSEWHERE:
            return self._meets_elsewhere(peer.namespaces, whole)
        selected = self._namespaces.selected(peer.namespaces, name)
        if selected is not True and peer.namespaces.by_absence:
            # For all but a few is for everyone; it keeps nobody out, being for some only.
            return True, False
        return selected, whole

    def _meets_elsewhere(self, selector: Selector, whole: bool) -> tuple[Answer, bool]:
        """Of namespaces that aren't declared here: one may have the labels, and another may not."""
        if named(selector) is not None:
            return False, False
        if all(isinstance(one, Unknown) or one.key != NAME_LABEL for one in selector.requirements):
            if self._namespaces.unread is not None and not selector.everything:
                return Unknown(reason=self._namespaces.unread), False
            return True, whole and selector.everything
        answer = self._namespaces.selected(selector, _ELSEWHERE)
        return (True, whole) if answer is True else (answer if answer is False else True, False)


def _policies(rules: Rules) -> Iterator[Policy]:
    yield from (policy for policy, _ in (*rules.before, *rules.after))
    yield from rules.certain
    yield from (policy for policy, _ in rules.doubtful)


def _rules(rules: Rules) -> Iterator[Allowance | Unknown]:
    for policy in _policies(rules):
        yield from policy.ingress


def _selectors(rules: Rules) -> Iterator[Selector]:
    for rule in _rules(rules):
        for peer in () if isinstance(rule, Unknown) else rule.peers:
            if isinstance(peer, Peer) and peer.namespaces is not None:
                yield peer.namespaces


def _spans(rules: Rules, workload: Workload) -> tuple[tuple[Span, ...], Sequence[Unknown]]:
    """Ranges of ports that no rule tells apart, sorted, and why there may be more of them."""
    stated = {span for rule in _rules(rules) if not isinstance(rule, Unknown) for span in _numbered(rule, workload)}
    doubts = each_reason(one for one in stated if isinstance(one, Unknown))
    spans = [one for one in stated if isinstance(one, Span)]
    cuts: Mapping[str, set[int]] = defaultdict(lambda: {1, HIGHEST + 1})
    for protocol in (ALL,) if all(one.protocol == ALL for one in spans) else _PROTOCOLS:
        edges = cuts[protocol]
        for one in spans:
            if one.protocol in (ALL, protocol) and not one.every:
                edges.update((one.first, one.last + 1))
    found = [
        Span(protocol, first, after - 1)
        for protocol, edges in sorted(cuts.items())
        for first, after in pairwise(sorted(one for one in edges if 1 <= one <= HIGHEST + 1))
    ]
    return tuple(found), doubts


def _numbered(rule: Allowance, workload: Workload) -> Iterator[Span | Unknown]:
    """A rule's ports by number; those of names as the workload has them."""
    for span in rule.spans:
        if isinstance(span, Unknown) or not span.name:
            yield span
            continue
        for port in workload.named(span.name, span.protocol):
            yield port if isinstance(port, Unknown) else Span(span.protocol, port, port)


def _holds(rule: Allowance, span: Span, workload: Workload) -> bool:
    return any(
        isinstance(one, Span)
        and one.protocol in (ALL, span.protocol)
        and (one.every or one.first <= span.first <= one.last)
        for one in _numbered(rule, workload)
    )


def _joined(found: Sequence[Within]) -> Iterator[Within]:
    """Without what is closed; neighbours that are open to the same put together, and protocols too."""
    by_protocol: dict[str, list[Within]] = defaultdict(list)
    for one in found:
        before = by_protocol[one.span.protocol][-1:]
        if before and _adjoin(before[0], one):
            span = structs.replace(before[0].span, last=one.span.last)
            by_protocol[one.span.protocol][-1] = structs.replace(before[0], span=span)
        else:
            by_protocol[one.span.protocol].append(one)
    first, *others = ([_of(ALL, one) for one in those] for those in by_protocol.values())
    joined = [first] if all(one == first for one in others) else list(by_protocol.values())
    yield from (one for those in joined for one in those if one.origin is not None or one.wider is not None)


def _fitting(rules: Rules, span: Span, workload: Workload) -> tuple[int, ...]:
    found = enumerate(_rules(rules))
    return tuple(number for number, one in found if isinstance(one, Unknown) or _holds(one, span, workload))


def _of(protocol: str, one: Within) -> Within:
    return structs.replace(one, span=structs.replace(one.span, protocol=protocol))


def _adjoin(one: Within, other: Within) -> bool:
    same = (one.origin, one.wider, one.rules) == (other.origin, other.wider, other.rules)
    return same and one.span.last + 1 == other.span.first
