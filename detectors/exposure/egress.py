"""Where a workload's pods may connect to outside of the cluster."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from assay.detectors.answers import Answer, any_of
from assay.detectors.exposure.addresses import Block, reach_internet, shared, without
from assay.detectors.exposure.declared import ALL, ALLOW, DENY, Allowance, Peer, Policy, Span
from assay.detectors.exposure.endpoints import Outside, Workload
from assay.detectors.exposure.policies import Rules, Traffic, settle, sure
from assay.detectors.exposure.tiers import TIED, Selected
from assay.scanner.api import Unknown

METADATA = (Outside(ip="169.254.169.254"), Outside(ip="fd00:ec2::254"))
"""Of AWS, Azure and Google Cloud alike; the second is AWS' over IPv6."""
_HTTP = 80
MOST_RULES = 500
"""Of a tier of administrators' policies that select one workload."""
Blocks = tuple[Block, ...]
EVERYWHERE = (Block.whole(4), Block.whole(6))


class Egress:
    """Asked once for each workload; policies' blocks are put together once for each set of policies."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._known: dict[tuple[object, ...], tuple[tuple[Policy, ...], Answer]] = {}

    def internet(self, workload: Workload) -> Answer:
        """Whether it may connect to the internet, by whichever port."""
        rules = self._traffic.rules(workload, "egress")
        if not rules.tiered or rules.open:
            return self._by_policies(rules)
        key = ("tiers", *rules.identity)
        if key not in self._known:
            chosen = tuple(policy for policy, _ in (*rules.before, *rules.after))
            self._known[key] = ((*chosen, *rules.certain), sure(rules, self._through_tiers(rules)))
        return self._known[key][1]

    def metadata(self, workload: Workload) -> Answer:
        """Whether it may connect to the cloud's instance-metadata service."""
        return any_of(self._traffic.decide(workload, one, _HTTP, "tcp") for one in METADATA)

    def _by_policies(
        self, rules: Rules, left: Blocks = EVERYWHERE, let: Blocks = (), otherwise: Answer = True
    ) -> Answer:
        """Whether it reaches the internet by what NetworkPolicies let through of the addresses that are left to them,
        and what was let through before."""
        doubtful = [self._reach([policy], left, let) for policy, _ in rules.doubtful]
        return settle(rules, self._reach(rules.certain, left, let), doubtful, otherwise)

    def _through_tiers(self, rules: Rules) -> Answer:
        left, let, doubt = _tier(rules.before, EVERYWHERE)
        rest, more, why = _tier(rules.after, left)
        otherwise = why or reach_internet((*rest, *more, *let))
        return doubt or self._by_policies(rules, left, let, otherwise)

    def _reach(self, policies: Iterable[Policy], left: Blocks, let: Blocks) -> Answer:
        chosen = tuple(policies)
        key = (left, let, *(id(one) for one in chosen))
        if key not in self._known:
            # The policies are kept too, so that their ids aren't given to others.
            self._known[key] = (chosen, _internet(chosen, left, let))
        return self._known[key][1]


def _internet(policies: Iterable[Policy], left: Blocks, let: Blocks) -> Answer:
    blocks: dict[str, Block] = {}
    doubt: Unknown | None = None
    for policy in policies:
        for rule in policy.egress:
            if isinstance(rule, Unknown):
                doubt = doubt or rule
                continue
            if not _leads_out(rule):
                # Names are those of pods' ports; no address outside has one.
                doubt = doubt or next((one for one in rule.spans if isinstance(one, Unknown)), None)
                continue
            if rule.everyone:
                blocks.update((one.cidr, one) for one in EVERYWHERE)
            for peer in rule.peers:
                if isinstance(peer, Unknown):
                    doubt = doubt or peer
                elif peer.block is not None:
                    blocks[f"{peer.block.cidr} {peer.block.ranges}"] = peer.block
    return True if reach_internet((*shared(blocks.values(), left), *let)) else doubt or False


def _leads_out(rule: Allowance) -> bool:
    return any(isinstance(one, Span) and not one.name for one in rule.spans)


def _tier(policies: Sequence[Selected], left: Blocks) -> tuple[Blocks, Blocks, Unknown | None]:
    """What a tier of administrators' policies leaves to what comes after it, what it lets through, and why neither is
    sure. Rules are taken in their order; one for some ports only keeps nothing out, as any port counts."""
    let: list[Block] = []
    passed: list[Block] = []
    doubt: Unknown | None = None
    tied = {priority for priority, found in Counter(one.priority for one, _ in policies).items() if found > 1}
    rules = ((policy, selects, rule) for policy, selects in policies for rule in policy.egress)
    for number, (policy, selects, rule) in enumerate(rules):
        if number == MOST_RULES:
            return left, tuple(let), Unknown(reason=f"more than {MOST_RULES} rules of administrators for what goes out")
        if isinstance(rule, Unknown):
            doubt = doubt or rule
            continue
        blocks = tuple(_blocks(rule))
        unread = next((one for one in (*rule.peers, *rule.spans) if isinstance(one, Unknown)), None)
        if unread is not None or (blocks and selects is not True):
            doubt = doubt or unread or (selects if isinstance(selects, Unknown) else None)
        if not blocks or not _leads_out(rule):
            continue
        if policy.priority in tied:
            doubt = doubt or TIED
        if rule.action != DENY:
            (let if rule.action == ALLOW else passed).extend(shared(blocks, left))
        if any(isinstance(one, Span) and one.protocol == ALL and one.every for one in rule.spans):
            left = without(left, blocks)
    return (*left, *passed), tuple(let), doubt


def _blocks(rule: Allowance) -> Iterator[Block]:
    if rule.everyone:
        yield from EVERYWHERE
    yield from (one.block for one in rule.peers if isinstance(one, Peer) and one.block is not None)
