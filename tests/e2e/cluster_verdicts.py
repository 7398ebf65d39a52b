"""Judges what a test server's cluster tells, in this process, and holds two reports against each other."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from assay.detectors.cluster.live.limits import Limits
from assay.detectors.cluster.table import Api
from assay.detectors.registry import DERIVATIONS
from assay.policies import book as policy
from assay.scanner.api import Failure, Record
from assay.scanner.engine.assess import Policy, assess
from assay.scanner.engine.inventory import Header, Inventory, build
from assay.scanner.engine.judge import LOOK_FAILED
from assay.scanner.engine.lineage import Lineage
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.finding import Finding, Report
from tests.integration.cluster_live import look

SOURCE = "kube:test"
QUICK = Limits(connect_seconds=5, silent_seconds=1, wait_seconds=1, waiting_seconds=1, waits=1, restarts=1)
"""So that what never answers takes no time."""
_HEADER = Header(version="0", targets=(SOURCE,), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")


@cache
def book() -> policy.Book:
    """Both packs."""
    return policy.load(["gdpr", "hipaa"])


def inventory(records: Sequence[Record]) -> Inventory:
    """As `observe` builds it of what the detector emits."""
    failed = any(isinstance(one, Failure) for one in records)
    outcome = DetectorOutcome(id="cluster", status="failed" if failed else "ok")
    return build(_HEADER, (outcome,), records)


def judged(kubeconfig: Path, limits: Limits = QUICK, namespaces: Sequence[str] = ()) -> Report:
    """The report on the cluster, or on what it has in these namespaces and outside of any."""
    records = look(kubeconfig, limits=limits, namespaces=namespaces)
    return assess(inventory(records), Policy(book=book()))


def better(before: Report, after: Report, api: Api | None = None) -> Iterator[str]:
    """Everything that looks better after a look that saw less, one line each; `api` is what was not seen, None: some
    objects of anything may be missing."""
    earlier, later = _by_place(before), _by_place(after)
    known = {address for _, address in earlier}
    renamed = {address: _owners_of(address, known) for address in {address for _, address in later} - known}
    for place, findings in later.items():
        rule, address = place
        had = earlier.get(place) or [
            one for owner in renamed.get(address, ()) for one in earlier.get((rule, owner), ())
        ]
        if _count(findings, "pass") > _count(had, "pass"):
            yield f"{place}: {[one.outcome for one in had]} became {[one.outcome for one in findings]}"
        for outcome in ("fail", "unknown"):
            if _count(findings, "pass") and _count(had, outcome) and not _count(findings, outcome, "unknown"):
                yield f"{place}: {outcome} is gone, and a pass is left"
        if sum(map(_told_of, findings)) > sum(map(_told_of, had)) + len(renamed):
            yield f"{place}: passes for more resources than before"
    kept = {address for _, address in later}
    for place, findings in earlier.items():
        rule, address = place
        if place in later or rule == LOOK_FAILED or address == SOURCE:
            continue
        kind = findings[0].resource.kind
        if address in kept and not _stands_for_another(kind):
            yield f"{place}: {[one.outcome for one in findings]} is gone, and the resource is not"
        elif api is not None and kind not in _stated_from(api):
            yield f"{place}: gone, and a {kind} does not rest on {api.name}"
    yield from _better_controls(before, after, api)


def _better_controls(before: Report, after: Report, api: Api | None) -> Iterator[str]:
    bears = _controls_on(api.states) if api is not None else set[str]()
    for was, now in zip(before.controls, after.controls, strict=True):
        name = f"{now.pack}:{now.id}"
        if now.status == "satisfied" and was.status != "satisfied":
            yield f"{name}: was {was.status}, and is satisfied"
        if now.status == "satisfied" and name in bears:
            yield f"{name}: satisfied, though something that bears on it was not seen"
        if now.status == "not-assessed" and was.status != "not-assessed":
            yield f"{name}: was {was.status}, and is not even assessed"


def look_failures(report: Report) -> list[str]:
    """What the report says of looks that failed."""
    return [one.message for one in report.findings if one.rule == LOOK_FAILED]


def _by_place(report: Report) -> Mapping[tuple[str, str], list[Finding]]:
    """By rule and address. Which of several templates of an owner a pod is made from is not known without the owner,
    so that these are taken together."""
    found: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for one in report.findings:
        address = one.resource.address
        found[one.rule, address if address == SOURCE else address.partition("/")[0]].append(one)
    return found


def _owners_of(address: str, known: Collection[str]) -> list[str]:
    """The resources as whose own what stands at an address was told before: where what lies between an owner and its
    pods can't be listed, they go by what they name themselves, which is called like the owner, and begins with it."""
    _, namespace, name = (*address.split(".", 2), "", "")[:3]
    owners = [(one, (*one.split(".", 2), "", "")[1:3]) for one in known]
    return [one for one, (of, owner) in owners if of == namespace and owner and f"{name}-".startswith(f"{owner}-")]


def _count(findings: Sequence[Finding], *outcomes: str) -> int:
    return sum(one.outcome in outcomes for one in findings)


def _told_of(finding: Finding) -> int:
    """For how many resources a pass is told together."""
    number = finding.evidence.get("resources", 0)
    return number if finding.outcome == "pass" and isinstance(number, int) else 0


def _stands_for_another(kind: str) -> bool:
    """Whether several resources may have one address once what follows `/` is cut off."""
    return kind in ("ai.software", "rbac.grant")


def _stated_from(api: Api) -> set[str]:
    derived = {kind for one in DERIVATIONS for kind, by_field in one.states.items() if "*" in by_field
               for source in by_field["*"] if source in api.states}  # fmt: skip
    return {*api.states, *derived}


def _controls_on(kinds: Sequence[str]) -> set[str]:
    rules = Lineage(book(), DERIVATIONS).touched(kinds)
    return {control for rule in rules for control in book().controls(rule.id, rule.safeguards)}
