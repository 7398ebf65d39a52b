"""Describes the rules that occur in the results."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from assay.reports.sarif.taxonomies import Taxonomies
from assay.reports.sarif.values import LEVELS, SCORES, Json, markdown_code, pascal_name, web_uri, worst
from assay.reports.visible_text import cut, one_line, paragraph, sentence
from assay.scanner.model.finding import Finding, Report, RuleRef

MOST_TAGS = 10
"""GitHub refuses a rule with more than 20 tags and keeps 10."""
LONGEST_DESCRIPTION = 1000
"""GitHub takes 1,024 characters."""


def rule_descriptors(report: Report, findings: Sequence[Finding], taxonomies: Taxonomies) -> list[Json]:
    """One descriptor for each rule of the findings, sorted by id. A rule's severity is the worst of its findings',
    as services show one severity for a rule."""
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    return [_descriptor(rule, by_rule[rule], report.rules, taxonomies) for rule in sorted(by_rule)]


def _descriptor(rule: str, findings: Sequence[Finding], known: Mapping[str, RuleRef], taxonomies: Taxonomies) -> Json:
    about = known.get(rule) or _from_finding(findings[0])
    severity = worst((about.severity, *{finding.severity for finding in findings}))
    title = one_line(about.title) or one_line(rule)
    references = [uri for uri in map(web_uri, about.references) if uri]
    descriptor: Json = {
        "id": one_line(rule),
        "name": pascal_name(rule, about.title),
        "shortDescription": {"text": sentence(cut(title, LONGEST_DESCRIPTION))},
        "fullDescription": {"text": sentence(cut(paragraph(about.why) or title, LONGEST_DESCRIPTION))},
        "help": {
            "text": _help_text(about, title, references),
            "markdown": _help_markdown(about, title, references),
        },
        "defaultConfiguration": {"level": LEVELS[severity]},
        "properties": {
            "tags": _tags(about),
            "precision": "medium" if any(finding.engine for finding in findings) else "high",
            "security-severity": f"{SCORES[severity]:.1f}",
        },
    }
    if references:
        descriptor["helpUri"] = references[0]
    relationships = taxonomies.relationships(about.controls)
    if relationships:
        descriptor["relationships"] = relationships
    return descriptor


def _from_finding(finding: Finding) -> RuleRef:
    return RuleRef(
        title=finding.title,
        severity=finding.severity,
        safeguards=finding.safeguards,
        controls=finding.controls,
        why="",
        fix=finding.fix,
    )


def _tags(about: RuleRef) -> list[str]:
    """`security`, then controls of each pack in turn, so that a long list of one doesn't hide the other; then the
    safeguards."""
    packs: dict[str, list[str]] = {}
    for control in about.controls:
        packs.setdefault(control.partition(":")[0], []).append(control)
    in_turn = [control for turn in zip_longest(*packs.values()) for control in turn if control is not None]
    return [one_line(tag) for tag in _unique(("security", *in_turn, *about.safeguards))][:MOST_TAGS]


def _unique(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _help_text(about: RuleRef, title: str, references: Sequence[str]) -> str:
    parts = [sentence(title), paragraph(about.why)]
    if about.controls:
        parts.append("Controls: " + ", ".join(map(one_line, about.controls)))
    if about.safeguards:
        parts.append("Safeguards: " + ", ".join(map(one_line, about.safeguards)))
    if about.fix:
        parts.append("Fix: " + paragraph(about.fix))
    if references:
        parts.append("References:\n" + "\n".join(references))
    return "\n\n".join(part for part in parts if part)


def _help_markdown(about: RuleRef, title: str, references: Sequence[str]) -> str:
    parts = [f"# {title}", paragraph(about.why)]
    if about.controls:
        parts.append("**Controls:** " + ", ".join(map(markdown_code, about.controls)))
    if about.safeguards:
        parts.append("**Safeguards:** " + ", ".join(map(markdown_code, about.safeguards)))
    if about.fix:
        parts.append("## Fix\n\n" + paragraph(about.fix))
    if references:
        parts.append("## References\n\n" + "\n".join(f"- <{uri}>" for uri in references))
    return "\n\n".join(part for part in parts if part)
