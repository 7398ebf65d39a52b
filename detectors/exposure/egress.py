"""Where a workload's pods may connect to outside of the cluster."""

from collections.abc import Iterable

from assay.detectors.exposure.addresses import Block, reach_internet
from assay.detectors.exposure.answers import Answer, any_of
from assay.detectors.exposure.declared import Policy, Span
from assay.detectors.exposure.endpoints import Outside, Workload
from assay.detectors.exposure.policies import Traffic, settle
from assay.scanner.api import Unknown

METADATA = (Outside(ip="169.254.169.254"), Outside(ip="fd00:ec2::254"))
"""Of AWS, Azure and Google Cloud alike; the second is AWS' over IPv6."""
_HTTP = 80


class Egress:
    """Asked once for each workload; policies' blocks are put together once for each set of policies."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._known: dict[tuple[int, ...], tuple[tuple[Policy, ...], Answer]] = {}

    def internet(self, workload: Workload) -> Answer:
        """Whether it may connect to the internet, by whichever port."""
        rules = self._traffic.rules(workload, "egress")
        doubtful = [self._reach([policy]) for policy, _ in rules.doubtful]
        return settle(rules, self._reach(rules.certain), doubtful)

    def metadata(self, workload: Workload) -> Answer:
        """Whether it may connect to the cloud's instance-metadata service."""
        return any_of(self._traffic.decide(workload, one, _HTTP, "tcp") for one in METADATA)

    def _reach(self, policies: Iterable[Policy]) -> Answer:
        chosen = tuple(policies)
        key = tuple(id(one) for one in chosen)
        if key not in self._known:
            # The policies are kept too, so that their ids aren't given to others.
            self._known[key] = (chosen, _internet(chosen))
        return self._known[key][1]


def _internet(policies: Iterable[Policy]) -> Answer:
    blocks: dict[str, Block] = {}
    doubt: Unknown | None = None
    for policy in policies:
        for rule in policy.egress:
            if isinstance(rule, Unknown):
                doubt = doubt or rule
                continue
            if not any(isinstance(one, Span) and not one.name for one in rule.spans):
                # Names are those of pods' ports; no address outside has one.
                doubt = doubt or next((one for one in rule.spans if isinstance(one, Unknown)), None)
                continue
            if rule.everyone:
                return True
            for peer in rule.peers:
                if isinstance(peer, Unknown):
                    doubt = doubt or peer
                elif peer.block is not None:
                    blocks[f"{peer.block.cidr} {peer.block.ranges}"] = peer.block
    return True if reach_internet(blocks.values()) else doubt or False
