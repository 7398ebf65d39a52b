"""Judges an inventory by a policy: rules on resources, engines' verdicts, and what could not be looked at."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from assay.detectors.registry import DERIVATIONS
from assay.policies.book import OWN_ENGINE, Book
from assay.policies.compiled import prepare
from assay.scanner.engine.collector import collector_paused
from assay.scanner.engine.decisions import Answer, Decide, Decisions
from assay.scanner.engine.fingerprint import Fingerprints
from assay.scanner.engine.inventory import Inventory
from assay.scanner.engine.lineage import Lineage
from assay.scanner.engine.passes import PassesTogether
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import Finding, Outcome, ResourceRef, Suppression
from assay.scanner.model.resource import EngineVerdict, Failure, Resource

LOOK_FAILED = "look-failed"
"""The rule id of a planned look that failed."""
SKIPPED = "a comment in the file skips this check"
"""Ends the message of an engine's finding that a comment suppresses."""
_NOT_COUNTED_YET = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which rules and engine checks the user wants to hear of."""

    only: frozenset[str] = frozenset()
    """Empty: all."""
    skip: frozenset[str] = frozenset()

    def judges(self, rule: str) -> bool:
        """Whether it is judged. A skipped rule of ours still is, so that it takes along the checks it folds in."""
        return not self.only or rule in self.only


EVERYTHING = Wanted()


def judge(
    inventory: Inventory,
    book: Book,
    wanted: Wanted = EVERYTHING,
    decide: Decide = lambda rule, facts, given: rule.decide(facts, given),
) -> tuple[Finding, ...]:
    """Every finding, in the report's order: by file, line, rule and address."""
    with collector_paused():
        decisions = Decisions(book, wanted.judges, decide)
        passes = PassesTogether()
        ours: list[Finding] = []
        for resource in inventory.resources:
            ours += _judge_resource(resource, book, decisions, passes)
        ours += passes.findings(book)
        lineage = Lineage(book, DERIVATIONS)
        kinds = {(r.location.path if r.location else "", r.address): r.kind for r in inventory.resources}
        checks = [v for v in _past_skips(inventory.verdicts) if wanted.judges(v.check) and v.check not in wanted.skip]
        told = [verdict for verdict in checks if not _says_nothing(verdict, book)]
        engines = [_judge_verdict(verdict, book, kinds, lineage) for verdict in told]
        aliases = aliases_of(inventory.resources)
        folded = [finding for finding in fold(ours, engines, book, aliases) if finding.rule not in wanted.skip]
        failed = [_judge_failure(failure, book, lineage) for failure in inventory.failures]
        return in_order((*folded, *failed))


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted, and with fingerprints."""
    prints = Fingerprints()
    return tuple(
        msgspec.structs.replace(
            f, fingerprint=prints.next(f.rule, f.location.path if f.location else "", f.resource.address)
        )
        for f in sorted(findings, key=_order)
    )


def _past_skips(verdicts: Iterable[EngineVerdict]) -> Iterator[EngineVerdict]:
    """The verdicts, where a skipped check passes after all its pass: then there was nothing to accept."""
    passing = {_seen(verdict) for verdict in verdicts if verdict.past_skip and verdict.result == "pass"}
    failing = {_seen(verdict) for verdict in verdicts if verdict.past_skip and verdict.result == "fail"}
    for verdict in verdicts:
        if verdict.past_skip:
            continue
        if verdict.result == "skipped" and _seen(verdict) in passing - failing:
            yield msgspec.structs.replace(verdict, result="pass", reason=None)
        else:
            yield verdict


def _says_nothing(verdict: EngineVerdict, book: Book) -> bool:
    return verdict.result == "pass" and book.engine_check(verdict.engine, verdict.check)[0].empty_pass


def _seen(verdict: EngineVerdict) -> tuple[str, str, str, str]:
    return verdict.engine, verdict.check, verdict.resource, verdict.location.path if verdict.location else ""


def _judge_resource(resource: Resource, book: Book, decisions: Decisions, passes: PassesTogether) -> Iterator[Finding]:
    if not decisions.groups(resource.kind):
        return
    facts, given = prepare(resource, book.inputs(resource.kind))
    found: dict[tuple[str, Outcome], Finding] = {}
    origins = {name: fact.origin for name, fact in resource.facts.items() if fact.origin is not None}
    named = ResourceRef(kind=resource.kind, address=resource.address)
    for answer in decisions.ask(resource.kind, facts, given, _Plain(facts)):
        if answer.together:
            passes.count(resource, answer.variant)
            continue
        finding = _finding(resource, named, answer, origins)
        # Packs with other parameters that come to the same outcome share one finding.
        key = (finding.rule, finding.outcome)
        if key in found:
            controls = tuple(sorted({*found[key].controls, *finding.controls}))
            finding = msgspec.structs.replace(found[key], controls=controls)
        found[key] = finding
    yield from found.values()


class _Plain(dict[str, Any]):
    """A resource's facts as JSON has them, each turned once for all rules that read it."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self._facts = facts

    def __missing__(self, name: str) -> Any:
        self[name] = found = msgspec.to_builtins(self._facts[name])
        return found


def _finding(resource: Resource, named: ResourceRef, answer: Answer, origins: Mapping[str, Location]) -> Finding:
    compiled = answer.variant.compiled
    rule = compiled.rule
    place, related = _places(resource.location, compiled.reads, origins, answer.outcome)
    return Finding(
        rule=rule.id,
        outcome=answer.outcome,
        severity=rule.severity,
        title=rule.title,
        message=resource.address.join(answer.message),
        resource=named,
        location=place,
        safeguards=rule.safeguards,
        controls=answer.variant.controls,
        evidence=answer.evidence,
        fix=answer.fix,
        fingerprint=_NOT_COUNTED_YET,
        related=related,
    )


def _places(
    home: Location | None, reads: tuple[str, ...], origins: Mapping[str, Location], outcome: Outcome
) -> tuple[Location | None, tuple[Location, ...]]:
    """Where a finding is, and what else decided it. `origins` are those of the resource's facts that have one.

    It is at the resource, unless every fact that the rule reads was read from one other block of the same file.
    """
    if outcome == "pass" or not origins:
        return home, ()
    found = {origins[name] for name in reads if name in origins} - {home}
    elsewhere = sorted(found, key=lambda one: (one.path, one.start_line or 0, one.end_line or 0))
    alone = len(elsewhere) == 1 and all(origins.get(name) == elsewhere[0] for name in reads)
    if alone and home is not None and elsewhere[0].path == home.path:
        return elsewhere[0], (home,)
    return home, tuple(elsewhere)


def _judge_verdict(
    verdict: EngineVerdict, book: Book, kinds: Mapping[tuple[str, str], str], lineage: Lineage
) -> Finding:
    check, catalogued = book.engine_check(verdict.engine, verdict.check)
    safeguards, controls = check.safeguards, book.controls(verdict.check, check.safeguards)
    if verdict.engine == OWN_ENGINE:
        # What was not followed, rendered or read may hold anything, so the controls it bears on are not decided.
        safeguards, controls = _left_open(verdict.framework, verdict.kinds, book, lineage)
    path = verdict.location.path if verdict.location else ""
    outcome: Outcome = "fail" if verdict.result == "skipped" else verdict.result
    evidence: dict[str, Any] = {} if catalogued else {"catalogued": False}
    if verdict.result == "unknown" and verdict.reason:
        evidence["unknown"] = [verdict.reason]
    suppressed = None
    if verdict.result == "skipped":
        # The engine did not look, so nothing is known in its favour; the comment is shown, and can be audited.
        suppressed = Suppression(by="engine", reason=verdict.reason or "no reason was given")
    return Finding(
        rule=verdict.check,
        engine=None if verdict.engine == OWN_ENGINE else verdict.engine,
        outcome=outcome,
        severity=check.severity,
        title=verdict.title,
        message=_verdict_message(verdict),
        resource=ResourceRef(kind=kinds.get((path, verdict.resource), verdict.framework), address=verdict.resource),
        location=verdict.location,
        safeguards=safeguards,
        controls=controls,
        evidence=evidence,
        fix=check.fix,
        fingerprint=_NOT_COUNTED_YET,
        suppressed=suppressed,
    )


def _verdict_message(verdict: EngineVerdict) -> str:
    if verdict.framework == "secrets" and verdict.location and verdict.result == "fail":
        # The engine's name for the resource is a hash, which tells a reader nothing.
        return f"a secret in {verdict.location.path}: {verdict.title}"
    match verdict.result:
        case "fail":
            return f"{verdict.resource}: {verdict.title}"
        case "unknown":
            return f"{verdict.resource}: not decided: {verdict.reason or 'the engine gave no reason'}"
        case "skipped":
            return f"{verdict.resource}: {SKIPPED}"
    return verdict.title


def _judge_failure(failure: Failure, book: Book, lineage: Lineage) -> Finding:
    path = failure.location.path if failure.location else None
    # What has no parts, such as the listing of the files, is named once.
    whole = failure.detector if failure.part == failure.detector else f"{failure.detector}/{failure.part}"
    check, _ = book.engine_check(OWN_ENGINE, LOOK_FAILED)
    # Whatever evidence the look would have brought is missing, so the controls it bears on are not decided.
    safeguards, controls = _left_open(failure.part, failure.kinds, book, lineage)
    return Finding(
        rule=LOOK_FAILED,
        outcome="unknown",
        severity=check.severity,
        title=check.title,
        message=f"{whole}: {failure.reason}",
        resource=ResourceRef(kind="file" if path else "detector", address=path or whole),
        location=failure.location,
        safeguards=safeguards,
        controls=controls,
        evidence={"unknown": [failure.reason]},
        fix=check.fix,
        fingerprint=_NOT_COUNTED_YET,
    )


def _left_open(
    surface: str, kinds: Collection[str], book: Book, lineage: Lineage
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Safeguards and controls of whatever resources of the kinds may bear on; without kinds, of the whole surface."""
    if not kinds:
        return book.surface_safeguards(surface), book.surface_controls(surface)
    rules = list(lineage.touched(kinds))
    safeguards = {name for rule in rules for name in rule.safeguards}
    controls = {name for rule in rules for name in book.controls(rule.id, rule.safeguards)}
    return tuple(sorted(safeguards)), tuple(sorted(controls))


Aliases = Mapping[tuple[str, str, str], tuple[str, ...]]
"""Kind, path and address of a resource → the other texts by which engines name it."""


def aliases_of(resources: Iterable[Resource]) -> Aliases:
    """Of those resources that have any."""
    return {(r.kind, r.location.path if r.location else "", r.address): r.aliases for r in resources if r.aliases}


def fold(ours: Iterable[Finding], engines: Iterable[Finding], book: Book, aliases: Aliases) -> Iterator[Finding]:
    """Merges an engine's finding into ours where both say the same of the same resource in the same file."""
    waiting: dict[tuple[str, str, str, Outcome], list[Finding]] = {}
    for found in engines:
        waiting.setdefault(_fold_key(found.rule, found), []).append(found)
    if not waiting:
        yield from ours
        return
    for finding in ours:
        same: list[Finding] = []
        skipped: list[Finding] = []
        rule = book.rules.get(finding.rule)
        for key in _fold_keys(rule.equivalents, finding, aliases) if rule and rule.equivalents else ():
            if key not in waiting:
                continue
            if any(found.suppressed for found in waiting[key]):
                skipped += waiting[key]
            else:
                same += waiting.pop(key)
        if same:
            yield _corroborate(finding, same)
        elif skipped:
            # Who accepted the risk for the engine's check accepted it for ours, which asks the same of the resource.
            yield msgspec.structs.replace(finding, suppressed=finding.suppressed or skipped[0].suppressed)
        else:
            yield finding
    for rest in waiting.values():
        yield from rest


def _fold_key(check: str, finding: Finding) -> tuple[str, str, str, Outcome]:
    return check, finding.location.path if finding.location else "", finding.resource.address, finding.outcome


def _fold_keys(checks: Iterable[str], finding: Finding, aliases: Aliases) -> Iterator[tuple[str, str, str, Outcome]]:
    """The keys of engines' findings that say the same, under each of the resource's names."""
    path, resource = finding.location.path if finding.location else "", finding.resource
    names = (resource.address, *aliases.get((resource.kind, path, resource.address), ()))
    return ((check, path, name, finding.outcome) for check in checks for name in names)


def _corroborate(finding: Finding, same: list[Finding]) -> Finding:
    checks = tuple(sorted({*finding.corroborated_by, *(found.rule for found in same)}))
    controls = tuple(sorted({*finding.controls, *(control for found in same for control in found.controls)}))
    evidence = finding.evidence
    named = {found.rule: found.resource.address for found in same if found.resource.address != finding.resource.address}
    if named:
        kept = evidence.get("engine_resource")
        evidence = {**evidence, "engine_resource": dict(sorted({**(kept or {}), **named}.items()))}
    return msgspec.structs.replace(finding, corroborated_by=checks, controls=controls, evidence=evidence)


def _order(finding: Finding) -> tuple[str, int, str, str, str, str]:
    place = finding.location
    return (
        place.path if place else "\uffff",
        (place.start_line or 0) if place else 0,
        finding.rule,
        finding.resource.address,
        finding.outcome,
        finding.message,
    )
