"""From what was observed to the report: derive, judge, accept risks, tell what is new, decide."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from msgspec import Struct, structs

from assay.detectors.registry import DERIVATIONS
from assay.policies.book import Book
from assay.scanner.config.baseline import Baseline
from assay.scanner.config.settings import GateSettings
from assay.scanner.config.waivers import PlacedWaiver
from assay.scanner.engine import gate_mode
from assay.scanner.engine.bounded import judge_bounded
from assay.scanner.engine.change import Compared, compare, priors
from assay.scanner.engine.controls import left_open
from assay.scanner.engine.declared import apart
from assay.scanner.engine.declared import compare as compare_declared
from assay.scanner.engine.derive import derive
from assay.scanner.engine.gate import Demands
from assay.scanner.engine.gate_mode import Review
from assay.scanner.engine.inventory import Inventory
from assay.scanner.engine.judge import EVERYTHING, LOOK_FAILED, Wanted, aliases_of, fold, in_order
from assay.scanner.engine.report import make_report
from assay.scanner.engine.suppress import Suppressed, suppress
from assay.scanner.model.finding import Finding, Report, Severity, Suppression
from assay.scanner.model.prior import Prior
from assay.scanner.model.resource import Resource


class Policy(Struct, frozen=True, kw_only=True):
    """Everything that decides."""

    book: Book
    wanted: Wanted = EVERYTHING
    waivers: tuple[PlacedWaiver, ...] = ()
    baseline: Baseline | None = None
    baseline_renames: Mapping[str, str] = {}
    """Present path → path when the baseline was made."""
    inline: bool = True
    """Whether comments may suppress findings."""
    fail_on: Severity = "high"
    gate: GateSettings = GateSettings()
    allow_incomplete: bool = False
    notes: tuple[str, ...] = ()
    """What the report warns of besides: what was left out of the scan, and who said so."""
    only: frozenset[str] | None = None
    """Where single files are judged: their paths. What was learnt of others serves to judge these. None: all."""


def assess(inventory: Inventory, policy: Policy, review: Review | None = None) -> Report:
    """The whole report. The same inputs give the same bytes: the day on which waivers end is the inventory's."""
    inventory, declared = apart(inventory)
    inventory = _of_files(derive(inventory, DERIVATIONS), policy.only)
    judged = _judge(inventory, policy, declared)
    findings, remarks = judged.findings, judged.remarks
    base = _judge(derive(review.base.inventory, DERIVATIONS), policy) if review and review.base else None
    if not policy.inline:
        findings = tuple(gate_mode.expose(one, "comments suppress nothing here") for one in findings)
    elif review is not None:
        trusted = base if review.trusted is review.base else None
        if trusted is None and review.trusted is not None:
            trusted = _judge(derive(review.trusted.inventory, DERIVATIONS), policy)
        accepted = trusted.findings if trusted else ()
        findings, exposed = gate_mode.only_trusted(findings, accepted, review, inventory.excerpts)
        severity: Severity | None = "medium" if policy.gate.policy_changes == "report" else None
        remarks = (*remarks, *gate_mode.remarks(review, inventory.waivers, exposed, policy.book, severity))
    if findings != judged.findings or remarks:
        # What a comment kept apart may now say the same as a rule of ours.
        ours = [one for one in findings if one.engine is None]
        engines = [one for one in findings if one.engine is not None]
        findings = in_order((*fold(ours, engines, policy.book, aliases_of(inventory.resources)), *remarks))

    gone: tuple[Prior, ...] = ()
    if policy.baseline is not None:
        compared = compare(findings, policy.baseline.findings, policy.baseline_renames, inventory.excerpts)
        findings, gone = _with_baseline(findings, compared, policy.baseline), compared.gone
    if base is not None and review is not None and review.base is not None:
        known = priors((*base.findings, *base.remarks), review.base.inventory.excerpts)
        earlier = [one for one in known if one.outcome != "pass"]
        compared = compare(findings, earlier, review.base.renames, inventory.excerpts)
        findings, gone = _with_changes(findings, compared), compared.gone
    demands = Demands(
        fail_on=policy.fail_on, gate=policy.gate, compared_with=review.name if review and review.base else None
    )
    was_judged = _was_judged(inventory, policy)
    return make_report(
        inventory,
        findings,
        policy.book,
        demands,
        left_open=left_open(policy.book, inventory.detectors, policy.wanted),
        allow_incomplete=policy.allow_incomplete,
        fixed=_count_fixed(gone, inventory, was_judged),
        warnings=(
            *policy.notes,
            *(line for outcome in inventory.detectors for line in outcome.elsewhere),
            *judged.warnings,
            *(line for rule, line in judged.unused if was_judged(rule)),
        ),
    )


def _of_files(inventory: Inventory, only: frozenset[str] | None) -> Inventory:
    """With those resources alone that were declared in the files; the detectors have seen to all else."""
    if only is None:
        return inventory
    kept = tuple(one for one in inventory.resources if one.location is not None and one.location.path in only)
    return structs.replace(inventory, resources=kept)


def kept_for_baseline(report: Report) -> tuple[Prior, ...]:
    """Everything open that a baseline may hide: not what could not be looked at, nor what is wrong with the policy."""
    return tuple(
        one
        for finding, one in zip(report.findings, priors(report.findings, report.excerpts), strict=True)
        if finding.outcome != "pass"
        and (finding.suppressed is None or finding.suppressed.by == "baseline")
        and _may_be_known(finding)
    )


def _judge(inventory: Inventory, policy: Policy, declared: Sequence[Resource] = ()) -> Suppressed:
    findings = judge_bounded(inventory, policy.book, policy.wanted)
    if declared:
        differing = compare_declared(declared, inventory, findings, policy.book, policy.wanted)
        findings = in_order((*findings, *differing))
    today = date.fromisoformat(inventory.header.started[:10])
    return suppress(findings, policy.waivers, inventory.waivers if policy.inline else (), policy.book, today)


def _was_judged(inventory: Inventory, policy: Policy) -> Callable[[str], bool]:
    """Whether what a rule is for was looked at, and the rule judged."""
    left_out = {surface for outcome in inventory.detectors for surface in outcome.left_out}
    checks = policy.book.checks

    def was_judged(rule: str) -> bool:
        # Where a rule of ours judges is the detectors' affair: with anything left out, it may have been there.
        looked = left_out.isdisjoint(checks[rule].surfaces) if rule in checks else not left_out
        return looked and policy.wanted.judges(rule) and rule not in policy.wanted.skip

    return was_judged


def _with_baseline(findings: Sequence[Finding], compared: Compared, baseline: Baseline) -> tuple[Finding, ...]:
    known = Suppression(by="baseline", reason=f"in the baseline of {baseline.made}")
    done: list[Finding] = []
    for finding, change in zip(findings, compared.changes, strict=True):
        if change == "existing" and _may_be_known(finding):
            done.append(structs.replace(finding, change=change, suppressed=finding.suppressed or known))
        else:
            done.append(structs.replace(finding, change="new" if change == "existing" else change))
    return tuple(done)


def _with_changes(findings: Sequence[Finding], compared: Compared) -> tuple[Finding, ...]:
    done: list[Finding] = []
    for finding, change in zip(findings, compared.changes, strict=True):
        suppressed = finding.suppressed
        if change in ("new", "worsened") and suppressed is not None and suppressed.by == "baseline":
            suppressed = None  # Mended since the baseline was made, and brought back by the change.
        done.append(structs.replace(finding, change=change, suppressed=suppressed))
    return tuple(done)


def _may_be_known(finding: Finding) -> bool:
    return finding.rule != LOOK_FAILED and finding.resource.kind != "policy"


def _count_fixed(gone: Sequence[Prior], inventory: Inventory, was_judged: Callable[[str], bool]) -> int:
    """What was found before and isn't any more. What was not looked at this time was not mended."""
    unseen = {failure.location.path for failure in inventory.failures if failure.location}
    whole = not any(failure.location is None for failure in inventory.failures)
    return sum(whole and one.outcome == "fail" and one.path not in unseen and was_judged(one.rule) for one in gone)
