"""Tells failing findings as SARIF results."""

from assay.reports.sarif.taxonomies import Taxonomies
from assay.reports.sarif.values import LEVELS, ROOT, SCORES, Json, artifact_uri, digest, markdown_code, plain_message
from assay.reports.sarif.values import markdown_text as escaped
from assay.reports.source_lines import REDACTED, SourceLines
from assay.reports.visible_text import cut, one_line, paragraph, sentence, source_line
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import Finding, ResourceRef, Suppression

MOST_SNIPPET_LINES, MOST_LINE_LENGTH, MARGIN = 10, 160, 2
MOST_CONTROLS = 12
MOST_RELATED = 10
"""Named in a message; all of them are in `taxa`."""
MOST_TEXT = 1000
CUT = "…"
"""What detectors end a line with that was too long to show."""

_BASELINE = {"new": "new", "worsened": "updated", "existing": "unchanged"}


class ResultBuilder:
    """Builds results that share what they have in common: findings on one resource have one location object."""

    def __init__(
        self, source: SourceLines, taxonomies: Taxonomies, rule_indexes: dict[str, int], *, snippets: bool
    ) -> None:
        self._source = source
        self._taxonomies = taxonomies
        self._rule_indexes = rule_indexes
        self._snippets = snippets
        self._places: dict[tuple[str, int | None, int | None], Json] = {}
        self._locations: dict[tuple[ResourceRef, Location | None], list[Json]] = {}
        self._properties: dict[tuple[str, str, str | None, tuple[str, ...]], Json] = {}
        self._advice: dict[tuple[tuple[str, ...], str], tuple[str, str]] = {}

    def result(self, finding: Finding) -> Json:
        """A failing finding; suppressed ones say so."""
        fingerprint = one_line(finding.fingerprint)
        rule = one_line(finding.rule)
        result: Json = {
            "ruleId": rule,
            "ruleIndex": self._rule_indexes[rule],
            "kind": "fail",
            "level": LEVELS[finding.severity],
            "message": self._message(finding),
            "locations": self.locations(finding),
            "partialFingerprints": {
                # The only one GitHub reads. Its form is CodeQL's: a hash, then how often it occurred before.
                "primaryLocationLineHash": f"{digest(finding.fingerprint)}:1",
                "assayFingerprint/v1": fingerprint,
            },
            "fingerprints": {"assayFingerprint/v1": fingerprint},
            "rank": SCORES[finding.severity] * 10,
            "properties": self._shared_properties(finding),
        }
        taxa = self._taxonomies.taxa(finding.controls)
        if taxa:
            result["taxa"] = taxa
        if finding.related:
            result["relatedLocations"] = self._related(finding)
        if finding.change is not None:
            result["baselineState"] = _BASELINE[finding.change]
        if finding.suppressed is not None:
            result["suppressions"] = [_suppression(finding.suppressed)]
        return result

    def locations(self, finding: Finding) -> list[Json]:
        """Where a finding is: lines of a file, and the resource by its address."""
        key = (finding.resource, finding.location)
        found = self._locations.get(key)
        if found is None:
            found = self._locations[key] = [self._location(*key)]
        return found

    def _location(self, resource: ResourceRef, location: Location | None) -> Json:
        if location is None or not location.path.strip("/"):
            # GitHub refuses a result without a file, and takes no free text for one. What a detector saw in a live
            # account or cluster is told as a file in the inventory. See: github/codeql-action#2456.
            location = Location(path=f".assay/inventory/{resource.kind}.json")
        key = (location.path, location.start_line, location.end_line)
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = self._physical_location(location)
        return {"physicalLocation": place, **logical_location(resource)}

    def _related(self, finding: Finding) -> list[Json]:
        return [
            {"id": number, "message": {"text": "This decides it too."}, **self._location(finding.resource, place)}
            for number, place in enumerate(finding.related[:MOST_RELATED], 1)
        ]

    def _physical_location(self, location: Location) -> Json:
        start = max(location.start_line or 1, 1)
        end = max(location.end_line or start, start)
        place: Json = {
            "artifactLocation": {"uri": artifact_uri(location.path), "uriBaseId": ROOT},
            "region": self._region(location.path, start, end),
        }
        first, last = self._source.around(location.path, start, end, MARGIN)
        # A context region must be larger than the region, and whole, or the Multitool refuses it.
        if self._snippets and (first, last) != (start, end):
            lines = self._source.between(location.path, first, last)
            if first + len(lines) == last + 1 and len(lines) <= MOST_SNIPPET_LINES + 2 * MARGIN:
                place["contextRegion"] = {"startLine": first, "endLine": last, "snippet": _snippet(lines)}
        return place

    def _region(self, path: str, start: int, end: int) -> Json:
        region: Json = {"startLine": start, "endLine": end}
        first, last = self._source.at(path, start), self._source.at(path, end)
        start_column = len(first) - len(first.lstrip()) + 1 if first and first.strip() else 1
        region["startColumn"] = start_column
        # Where something was masked or cut, the columns after it aren't the file's.
        if last is not None and REDACTED not in last and not last.endswith(CUT):
            end_column = len(last.rstrip()) + 1
            region["endColumn"] = max(end_column, start_column) if start == end else end_column
        if self._snippets and first is not None:
            region["snippet"] = _snippet(self._source.between(path, start, min(end, start + MOST_SNIPPET_LINES - 1)))
        return region

    def _shared_properties(self, finding: Finding) -> Json:
        key = (finding.severity, finding.resource.kind, finding.engine, finding.corroborated_by)
        found = self._properties.get(key)
        if found is None:
            found = self._properties[key] = _properties(*key)
        return found

    def _message(self, finding: Finding) -> Json:
        # The names in it are the scanned tree's, and a line of theirs could pass for one of ours or for a CI's command.
        text = sentence(cut(one_line(finding.message).strip() or one_line(finding.title) or finding.rule, MOST_TEXT))
        key = (finding.controls, finding.fix)
        advice = self._advice.get(key)
        if advice is None:
            advice = self._advice[key] = _advice(*key)
        # GitHub shows a related location where the message links to it by its number.
        links = ", ".join(
            f"[{_link_text(place)}]({number})" for number, place in enumerate(finding.related[:MOST_RELATED], 1)
        )
        see = f" See also {links}." if links else ""
        return {"text": plain_message(text) + see + advice[0], "markdown": escaped(text) + see + advice[1]}


def logical_location(resource: ResourceRef) -> Json:
    """The resource, by its address."""
    name = cut(one_line(resource.address), MOST_TEXT) or one_line(resource.kind)
    return {"logicalLocations": [{"fullyQualifiedName": name, "kind": "resource"}]}


def _link_text(place: Location) -> str:
    """What a link to a related location shows; brackets would end it."""
    path = one_line(place.path).replace("[", "(").replace("]", ")").replace("\\", "/")
    return f"{path}:{place.start_line or 1}"


def _advice(controls: tuple[str, ...], fix: str) -> tuple[str, str]:
    """What follows a message, as text and as Markdown: the controls that the finding breaks, and the fix."""
    text = markdown = ""
    named, more = controls[:MOST_CONTROLS], len(controls) - MOST_CONTROLS
    rest = f" and {more} more" if more > 0 else ""
    if named:
        text += "\nBreaks " + ", ".join(map(one_line, named)) + rest + "."
        markdown += "\n\n**Breaks** " + ", ".join(map(markdown_code, named)) + rest
    if fix:
        shown = cut(paragraph(fix), MOST_TEXT)
        text += "\nFix: " + plain_message(shown)
        markdown += "\n\n**Fix** " + shown
    return text, markdown


def _properties(severity: str, kind: str, engine: str | None, corroborated_by: tuple[str, ...]) -> Json:
    properties: Json = {"severity": severity, "resourceKind": one_line(kind)}
    if engine is not None:
        properties["engine"] = one_line(engine)
    if corroborated_by:
        properties["corroboratedBy"] = [one_line(check) for check in corroborated_by]
    return properties


def _snippet(lines: tuple[str, ...]) -> Json:
    return {"text": "\n".join(cut(source_line(line), MOST_LINE_LENGTH) for line in lines)}


def _suppression(suppressed: Suppression) -> Json:
    reason = one_line(suppressed.reason)
    if suppressed.owner:
        reason += f" (owner: {one_line(suppressed.owner)})"
    if suppressed.until:
        reason += f" (until {one_line(suppressed.until)})"
    properties: Json = {"by": suppressed.by, "owner": suppressed.owner, "until": suppressed.until}
    return {
        "kind": "inSource" if suppressed.by in ("inline", "engine") else "external",
        "status": "accepted",
        "justification": reason,
        "properties": {key: one_line(str(value)) for key, value in properties.items() if value is not None},
    }
