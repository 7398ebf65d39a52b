"""Whether a workload's own policies let it connect to another, of thousands that are asked about."""

from collections.abc import Iterator

from msgspec import Struct

from assay.detectors.answers import Answer
from assay.detectors.exposure.declared import ALL, Allowance, Peer, Policy, Span
from assay.detectors.exposure.endpoints import Workload
from assay.detectors.exposure.matching import Matched, Matching, Meant
from assay.detectors.exposure.policies import Rules, Traffic
from assay.detectors.exposure.selectors import Selector
from assay.scanner.api import Unknown

EVERYONE = Peer(namespaces=Selector())


class _Let(Struct, frozen=True):
    """Whom a set of policies lets out to by a port."""

    everyone: bool
    certain: frozenset[int]
    whole: bool
    """Nobody else; where not, policies must be asked one by one."""


_EVERYONE = _Let(True, frozenset(), True)


class Outgoing:
    """Computed once for each set of policies and port; the sets are `Traffic`'s, which keeps them."""

    def __init__(self, traffic: Traffic, matching: Matching) -> None:
        self._traffic = traffic
        self._matching = matching
        self._known: dict[object, _Let] = {}

    def lets(self, src: Workload, rules: Rules, dst: Workload, number: int | None, port: int, protocol: str) -> Answer:
        """As `Traffic.lets_out`; `rules` are the source's, and `number` the destination's of `Matching.number`."""
        key = (id(rules), port, protocol)
        let = self._known.get(key)
        if let is None:
            let = self._known[key] = self._find(rules, src, port, protocol)
        if let.everyone:
            return True
        if number is not None and dst.host_network is False:
            if number in let.certain:
                return True
            if let.whole:
                return False
        return self._traffic.lets_out(src, dst, port, protocol)

    def _find(self, rules: Rules, src: Workload, port: int, protocol: str) -> _Let:
        if rules.open:
            return _EVERYONE
        nobody = _Let(False, frozenset(), False)
        if not rules.certain or rules.tiered or rules.undefined is not None:
            return nobody
        fitting = [
            (policy, rule)
            for policy in rules.certain
            for rule in policy.egress
            if isinstance(rule, Allowance) and _is_for(rule, port, protocol)
        ]
        meant = frozenset(one for policy, rule in fitting for one in peers_of(rule, policy, src))
        if any(rule.everyone for _, rule in fitting) or any(peer.every_pod for _, peer in meant):
            return _EVERYONE
        matched = self._matching.of(meant)
        if not isinstance(matched, Matched):
            return nobody
        sure = not (rules.doubtful or rules.more or isinstance(rules.enforced, Unknown) or matched.doubtful)
        return _Let(False, matched.certain, whole=sure and src.host_network is False and _plain(rules))


def peers_of(rule: Allowance, policy: Policy, workload: Workload) -> Iterator[Meant]:
    """The peers of a rule, each with the namespace of its policy where that decides on whom it means."""
    home = policy.namespace if isinstance(policy.namespace, str) else workload.namespace
    for peer in rule.peers:
        if isinstance(peer, Peer):
            yield home if peer.namespaces is None else "", peer


def _is_for(rule: Allowance, port: int, protocol: str) -> bool:
    """Whether it surely is for a port by number."""
    return any(
        isinstance(one, Span) and not one.name and one.protocol in (ALL, protocol) and one.first <= port <= one.last
        for one in rule.spans
    )


def _plain(rules: Rules) -> bool:
    """All is known of what they let out to; no names of ports, and no blocks that may hold pods."""
    for policy in rules.certain:
        for rule in policy.egress:
            if isinstance(rule, Unknown) or any(isinstance(one, Unknown) or one.name for one in rule.spans):
                return False
            if any(isinstance(one, Unknown) or one.block is not None or one.elsewhere for one in rule.peers):
                return False
    return True
