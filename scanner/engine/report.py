"""Puts the report document together: everything that the formats tell is computed here."""

from collections import Counter
from collections.abc import Iterable, Iterator, Set

from assay.policies.book import OWN_ENGINE, Book
from assay.scanner.engine import controls, gate
from assay.scanner.engine.inventory import Inventory, is_complete, reached
from assay.scanner.engine.judge import LOOK_FAILED
from assay.scanner.model.fact import Known
from assay.scanner.model.finding import ClusterRef, Finding, PackRef, Report, RuleRef, Summary, Tool
from assay.scanner.model.resource import Excerpt, Resource


def make_report(
    inventory: Inventory,
    findings: tuple[Finding, ...],
    book: Book,
    demands: gate.Demands,
    *,
    left_open: Set[str] = frozenset(),
    allow_incomplete: bool,
    fixed: int = 0,
    warnings: tuple[str, ...] = (),
) -> Report:
    """The whole document; the same inventory and policy give the same bytes."""
    complete = is_complete(inventory)
    statuses = controls.statuses(book.packs, findings, left_open)
    decision = gate.decide(findings, statuses, inventory.detectors, book.packs, demands)
    header = inventory.header
    return Report(
        tool=Tool(version=header.version, engines=header.engines),
        targets=header.targets,
        detectors=inventory.detectors,
        findings=findings,
        controls=statuses,
        summary=_summary(findings, fixed),
        warnings=warnings,
        compared_with=demands.compared_with,
        gate=decision,
        complete=complete,
        packs=tuple(PackRef(id=p.id, title=p.title, version=p.version, source=p.source) for p in book.packs),
        rules=_rules(findings, book),
        excerpts=_excerpts(inventory.excerpts, findings),
        repository=header.repository,
        folder=header.folder,
        files=header.files,
        started=header.started,
        finished=header.finished,
        exit_code=gate.exit_code(decision, complete, allow_incomplete, reached(inventory)),
        clusters=tuple(_clusters(inventory.resources)),
        judged=any(finding.rule != LOOK_FAILED for finding in findings),
    )


def _clusters(resources: Iterable[Resource]) -> Iterator[ClusterRef]:
    """By their sources. The listings of files are none of a cluster."""
    sources: set[str] = set()
    versions: dict[str, str] = {}
    for resource in resources:
        if resource.kind in ("cluster.listing", "cluster.control-plane"):
            source, version = resource.facts.get("source"), resource.facts.get("version")
            if isinstance(source, Known) and str(source.value).startswith("kube:"):
                sources.add(source.value)
                if isinstance(version, Known):
                    versions[source.value] = version.value
    yield from (ClusterRef(source=source, version=versions.get(source)) for source in sorted(sources))


def _summary(findings: Iterable[Finding], fixed: int) -> Summary:
    counts: Counter[str] = Counter()
    for finding in findings:
        counts["suppressed" if finding.suppressed else finding.outcome] += 1
        # What a baseline knows is suppressed by it, and there nevertheless; what is waived is nobody's news.
        if finding.change and (finding.suppressed is None or finding.suppressed.by == "baseline"):
            counts[finding.change] += 1
    return Summary(
        fail=counts["fail"],
        passed=counts["pass"],
        unknown=counts["unknown"],
        suppressed=counts["suppressed"],
        new=counts["new"],
        worsened=counts["worsened"],
        existing=counts["existing"],
        fixed=fixed,
    )


def _rules(findings: Iterable[Finding], book: Book) -> dict[str, RuleRef]:
    found: dict[str, RuleRef] = {}
    for finding in findings:
        if finding.rule in found:
            continue
        rule = book.rules.get(finding.rule)
        if rule:
            why, references = rule.why.strip(), rule.references
        elif finding.rule == LOOK_FAILED:
            why, references = "What was not looked at may hold anything; an incomplete scan shows nothing sound.", ()
        else:
            why = (
                f"{finding.engine or OWN_ENGINE} check {finding.rule}, which evidences {', '.join(finding.safeguards)}."
            )
            references = ()
        found[finding.rule] = RuleRef(
            title=rule.title if rule else finding.title,
            severity=finding.severity,
            safeguards=finding.safeguards,
            controls=book.controls(finding.rule, finding.safeguards),
            why=why,
            fix=finding.fix,
            references=references,
        )
    return dict(sorted(found.items()))


def _excerpts(excerpts: Iterable[Excerpt], findings: Iterable[Finding]) -> tuple[Excerpt, ...]:
    """Only what a finding that isn't a pass points at."""
    wanted = {
        (place.path, place.start_line)
        for finding in findings
        if finding.outcome != "pass"
        for place in (finding.location, *finding.related)
        if place
    }
    return tuple(excerpt for excerpt in excerpts if (excerpt.path, excerpt.start_line) in wanted)
