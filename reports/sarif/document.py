"""Puts a SARIF log together: one run, so that a service that keeps one analysis for a category keeps all of it."""

import re
import uuid
from collections.abc import Sequence

import orjson

from assay.reports.sarif.invocation import invocation, notification_descriptors
from assay.reports.sarif.results import ResultBuilder
from assay.reports.sarif.rules import rule_descriptors
from assay.reports.sarif.taxonomies import Taxonomies
from assay.reports.sarif.values import ROOT, TOP, Json, artifact_uri, repository_uri, semantic_version
from assay.reports.source_lines import REDACTED, SourceLines
from assay.reports.visible_text import cut, one_line
from assay.scanner.model.finding import Finding, Report

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
INFORMATION = "https://pypi.org/project/assay-scanner/"
"""Where a reader of a result learns about Assay."""


class Log:
    """A report's SARIF log, built from all of its failing findings or some."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._source = SourceLines(report.excerpts)
        self._taxonomies = Taxonomies(report)
        self.failing = [finding for finding in report.findings if finding.outcome == "fail"]
        self._unknown = [finding for finding in report.findings if finding.outcome == "unknown"]

    def build(self, failing: Sequence[Finding], snippets: bool, left_out: Sequence[str]) -> bytes:
        """The document, on one line. Each text in it went through `visible_text`: orjson leaves U+009B as it is."""
        log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [self._run(failing, snippets, left_out)]}
        return orjson.dumps(log, option=orjson.OPT_APPEND_NEWLINE)

    def _run(self, failing: Sequence[Finding], snippets: bool, left_out: Sequence[str]) -> Json:
        report = self._report
        rules = rule_descriptors(report, [*failing, *self._unknown], self._taxonomies)
        indexes = {str(rule["id"]): index for index, rule in enumerate(rules)}
        builder = ResultBuilder(self._source, self._taxonomies, indexes, snippets=snippets)
        run: Json = {
            "tool": {"driver": self._driver(rules), "extensions": _engines(report)},
            "automationDetails": automation_details(report),
            "invocations": [invocation(report, self._unknown, builder, indexes, left_out)],
            "originalUriBaseIds": _bases(report),
            "taxonomies": self._taxonomies.components,
            "results": [builder.result(finding) for finding in failing],
            "columnKind": "unicodeCodePoints",
            "defaultEncoding": "utf-8",
            "language": "en-US",
            "redactionTokens": [REDACTED],
            "properties": self._properties(failing),
        }
        provenance = version_control(report)
        if provenance:
            run["versionControlProvenance"] = [provenance]
        return run

    def _driver(self, rules: list[Json]) -> Json:
        version = one_line(self._report.tool.version)
        return {
            "name": "Assay",
            "fullName": f"Assay {version}",
            "version": version,
            "semanticVersion": semantic_version(version),
            "informationUri": INFORMATION,
            "shortDescription": {"text": "Policy-driven security and compliance scanner for AI infrastructure."},
            "language": "en-US",
            "rules": rules,
            "notifications": notification_descriptors(),
            "supportedTaxonomies": self._taxonomies.supported,
        }

    def _properties(self, failing: Sequence[Finding]) -> Json:
        report, summary = self._report, self._report.summary
        return {
            "gate": {"status": report.gate.status, "reasons": [one_line(reason) for reason in report.gate.reasons]},
            "complete": report.complete,
            "summary": {
                "fail": summary.fail,
                "pass": summary.passed,
                "unknown": summary.unknown,
                "suppressed": summary.suppressed,
                "new": summary.new,
                "existing": summary.existing,
                "fixed": summary.fixed,
                "worsened": summary.worsened,
            },
            "results": {"total": len(self.failing), "shown": len(failing)},
        }


def automation_details(report: Report) -> Json:
    """What was scanned, by what: GitHub's category is the id up to its last slash, and a later run replaces the
    earlier one of its category. The guid holds no time, so that a second run gives the same bytes."""
    # `.`, `./` and the folder's own name are the same folder, and one category.
    named = [report.folder if target.rstrip("/") in (".", "") else target for target in report.targets]
    targets = "+".join(sorted(map(_slug, named))) or "."
    packs = "+".join(sorted(_slug(pack.id) for pack in report.packs)) or "none"
    category = f"assay/{cut(targets, 200, '')}/{cut(packs, 200, '')}/"
    revision = report.repository.revision if report.repository else None
    return {
        "id": category,
        "description": {"text": f"Assay of {cut(', '.join(map(one_line, named)), 500)}."},
        "guid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:assay:run:{category}{report.tool.version}:{revision}")),
        "correlationGuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:assay:category:{category}")),
    }


def version_control(report: Report) -> Json | None:
    """Which revision was scanned; None outside a repository. One without a remote that can be shown has a name of its
    own, as SARIF requires a URI, and the path on this machine is nobody's business."""
    repository = report.repository
    if repository is None or not (repository.revision or repository.uri):
        return None
    uri = repository_uri(repository.uri) or uuid.uuid5(uuid.NAMESPACE_URL, f"urn:assay:{repository.revision}").urn
    told: Json = {"repositoryUri": uri, "mappedTo": {"uriBaseId": TOP if repository.path else ROOT}}
    if repository.revision:
        told["revisionId"] = one_line(repository.revision)
    if repository.branch:
        told["branch"] = one_line(repository.branch)
    return told


def _bases(report: Report) -> Json:
    """What paths are relative to; where a part of a repository was scanned, that part and the repository's top."""
    path = report.repository.path if report.repository else ""
    scanned: Json = {"description": {"text": "The scanned folder."}}
    if not path:
        return {ROOT: scanned}
    top = {"description": {"text": "The top of the repository."}}
    return {ROOT: {"uri": f"{artifact_uri(path)}/", "uriBaseId": TOP, **scanned}, TOP: top}


def _engines(report: Report) -> list[Json]:
    return [
        {"name": one_line(name), "version": one_line(report.tool.engines[name])} for name in sorted(report.tool.engines)
    ]


def _slug(text: str) -> str:
    """A part of the category: a target without what a machine adds to it, such as the folders above it."""
    shown = text.rstrip("/").rpartition("/")[2] if text.startswith("/") else text
    return re.sub(r"[^\w.:@-]+", "-", shown, flags=re.ASCII).strip("-") or "."
