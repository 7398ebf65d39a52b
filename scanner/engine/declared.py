"""What was declared against what is there: what is missing, what nobody declared, what is weaker than declared."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from assay.policies.book import Book
from assay.scanner.engine.bounded import judge_bounded
from assay.scanner.engine.inventory import Inventory
from assay.scanner.engine.judge import Wanted
from assay.scanner.engine.suppress import remark
from assay.scanner.engine.target import COMPARED_WITH
from assay.scanner.model.fact import Known
from assay.scanner.model.finding import Finding, ResourceRef
from assay.scanner.model.resource import Resource

ABSENT = "declared-but-absent"
UNDECLARED = "present-but-undeclared"
WEAKER = "weaker-than-declared"
UNDECIDED = "declared-not-compared"
"""Rule ids."""
LISTING = "cloud.listing"
_NOBODYS = (":role/aws-service-role/", ":role/aws-reserved/", ":alias/aws/")
"""In ARNs of what AWS makes and keeps by itself."""
_DEFAULTS = ("default",)
"""Facts that say that a resource came with another one, without anybody asking for it."""


def apart(inventory: Inventory) -> tuple[Inventory, tuple[Resource, ...]]:
    """The inventory without what is only compared with; and that."""
    declared = tuple(one for one in inventory.resources if one.surface == COMPARED_WITH)
    if not declared:
        return inventory, ()
    actual = tuple(one for one in inventory.resources if one.surface != COMPARED_WITH)
    return structs.replace(inventory, resources=actual), declared


def compare(
    declared: Sequence[Resource], inventory: Inventory, findings: Sequence[Finding], book: Book, wanted: Wanted
) -> Iterator[Finding]:
    """A finding for each resource that differs. `findings` are those of the inventory."""
    for found in _differences(declared, inventory, findings, book, wanted):
        if wanted.judges(found.rule) and found.rule not in wanted.skip:
            yield found


def _differences(
    declared: Sequence[Resource], inventory: Inventory, findings: Sequence[Finding], book: Book, wanted: Wanted
) -> Iterator[Finding]:
    listings = _Listings(inventory.resources)
    there = {one.address for one in inventory.resources}
    failing: defaultdict[str, set[str]] = defaultdict(set)
    for finding in findings:
        if finding.outcome == "fail":
            failing[finding.resource.address].add(finding.rule)
    sound = _sound(declared, inventory, book, wanted)
    known: set[str] = set()
    for arn, ones in _by_arn(declared).items():
        known.add(arn)
        by = ", ".join(sorted({_shown(one) for one in ones}))
        said = _Said(book, ResourceRef(kind=ones[0].kind, address=arn), {"declared": by})
        listed = listings.whole(ones[0].kind, arn)
        if arn in there:
            weaker = sorted(failing[arn] & {rule for one in ones for rule in sound[one.address]})
            if weaker:
                yield said(WEAKER, f"weaker than {by} declares, by {', '.join(weaker)}", rules=weaker)
        elif listed is True:
            yield said(ABSENT, f"declared as {by}, and not there")
        elif listed is False:
            why = f"not compared with {by}, as not everything of its kind could be listed there"
            yield structs.replace(said(UNDECIDED, why), outcome="unknown")
    for one in inventory.resources:
        if one.address not in known and listings.whole(one.kind, one.address) is not None and _somebodys(one):
            known.add(one.address)
            said = _Said(book, ResourceRef(kind=one.kind, address=one.address), {})
            yield said(UNDECLARED, "there, and declared in none of the states that were given")


class _Said(Struct, frozen=True):
    """Makes findings about a resource."""

    book: Book
    about: ResourceRef
    evidence: Mapping[str, Any]

    def __call__(self, rule: str, text: str, **more: Any) -> Finding:
        message = f"{self.about.address}: {text}"
        found = remark(self.book, rule, self.about.address, message, None, {**self.evidence, **more})
        return structs.replace(found, resource=self.about)


def _sound(
    declared: Sequence[Resource], inventory: Inventory, book: Book, wanted: Wanted
) -> Mapping[str, frozenset[str]]:
    """Address → the rules that it would pass, were it as declared."""
    alone = structs.replace(
        inventory, resources=tuple(declared), verdicts=(), failures=(), excerpts=(), waivers=(), detectors=()
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for finding in judge_bounded(alone, book, wanted):
        if finding.outcome == "pass":
            found[finding.resource.address].add(finding.rule)
    return defaultdict(frozenset, {address: frozenset(rules) for address, rules in found.items()})


def _by_arn(declared: Sequence[Resource]) -> Mapping[str, list[Resource]]:
    """What isn't made yet has no ARN, and is compared with nothing."""
    found: defaultdict[str, list[Resource]] = defaultdict(list)
    for one in declared:
        for arn in one.aliases:
            found[arn].append(one)
    return found


def _shown(one: Resource) -> str:
    return f"{one.address} ({one.location.path})" if one.location else one.address


def _somebodys(one: Resource) -> bool:
    made = any(isinstance(fact := one.facts.get(name), Known) and fact.value is True for name in _DEFAULTS)
    return not made and not any(part in one.address for part in _NOBODYS)


class _Place(Struct, frozen=True):
    account: str
    kind: str


class _Listings:
    """Where what was listed."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._whole: dict[_Place, frozenset[str]] = {}
        self._broken: dict[_Place, frozenset[str]] = {}
        for one in resources:
            if one.kind == LISTING:
                facts = {name: fact.value for name, fact in one.facts.items() if isinstance(fact, Known)}
                place = _Place(facts["account"], facts["kind"])
                self._whole[place] = frozenset(facts["regions"])
                self._broken[place] = frozenset(facts["incomplete"])

    def whole(self, kind: str, arn: str) -> bool | None:
        """Whether all of a kind was listed where an ARN says that the resource is; None: nobody looked there."""
        _, _, _, region, account, *_ = (*arn.split(":"), "", "", "", "", "", "")
        places = [place for place in self._whole if place.kind == kind and account in ("", place.account)]
        if not places:
            return None
        # The ARN of a bucket says neither account nor region.
        if any(region in self._broken[place] for place in places):
            return False
        return True if all(region in self._whole[place] for place in places) else None
