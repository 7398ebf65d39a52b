"""Where in an account the resources of each kind were listed whole, so that others can tell what isn't there."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from assay.detectors.aws.api import Account
from assay.detectors.aws.blocks import SURFACE
from assay.detectors.aws.collector import Collector
from assay.detectors.aws.reading import Read
from assay.scanner.api import Known, Resource

NOWHERE = ""
"""Stands for what is in no region."""


def listed(
    account: Account,
    reads: Sequence[Read],
    collectors: Mapping[str, Collector],
    left_out: Sequence[Collector],
    regions: Sequence[str],
) -> Iterator[Resource]:
    """A listing for each kind of the collectors, in the kinds' order."""
    whole: dict[str, set[str]] = defaultdict(set)
    broken: dict[str, set[str]] = defaultdict(set)
    for read in reads:
        one = collectors[read.collector]
        where = NOWHERE if one.once else read.region
        failed = any(not trouble.items for trouble in read.troubles)
        for kind in one.kinds:
            (broken if failed else whole)[kind].add(where)
    for one in left_out:
        for kind in one.kinds:
            broken[kind].update((NOWHERE,) if one.once else regions)
    for kind in sorted(whole.keys() | broken.keys()):
        facts = {
            "provider": "aws",
            "account": account.id,
            "kind": kind,
            "regions": sorted(whole[kind] - broken[kind]),
            "incomplete": sorted(broken[kind]),
        }
        yield Resource(
            kind="cloud.listing",
            address=f"account {account.id}, {kind}",
            surface=SURFACE,
            facts={name: Known(value=value) for name, value in facts.items()},
        )
