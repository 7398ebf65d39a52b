"""Tells the packs as SARIF taxonomies, and refers to their controls."""

import re
import uuid
from collections.abc import Sequence

from assay.reports.sarif.values import Json, web_uri
from assay.reports.visible_text import one_line, sentence
from assay.scanner.model.finding import ControlStatus, Report

_CITATIONS = (
    (re.compile(r"(https?://[^\s<>\"']+)"), "{0}"),
    (re.compile(r"CELEX:? ?(\w+)"), "https://eur-lex.europa.eu/legal-content/EN/TXT/?uri=CELEX:{0}"),
    (
        re.compile(r"(\d+) CFR Parts? (?:160 and )?(\d+)", re.IGNORECASE),
        "https://www.ecfr.gov/current/title-{0}/part-{1}",
    ),
)
"""How a pack's source names its law → where the law is published."""


class Taxonomies:
    """One taxonomy for each pack, sorted by id, with a taxon for each of its controls in the report's order."""

    def __init__(self, report: Report) -> None:
        packs = {pack.id: pack for pack in report.packs}
        controls: dict[str, list[ControlStatus]] = {pack: [] for pack in packs}
        for control in report.controls:
            controls.setdefault(control.pack, []).append(control)
        self.components: list[Json] = []
        self.supported: list[Json] = []
        self._taxa: dict[str, Json] = {}
        self._targets: dict[str, Json] = {}
        self._by_controls: dict[tuple[str, ...], list[Json]] = {}
        for index, pack in enumerate(sorted(controls)):
            name, guid = one_line(pack), pack_guid(pack)
            component: Json = {
                "name": name,
                "guid": guid,
                "isComprehensive": True,
                "language": "en-US",
                "taxa": [_taxon(control) for control in controls[pack]],
            }
            if pack in packs:
                title = one_line(packs[pack].title)
                component["fullName"] = title
                component["version"] = one_line(packs[pack].version)
                component["shortDescription"] = {"text": sentence(title)}
                component["fullDescription"] = {"text": sentence(f"{title}: {one_line(packs[pack].source)}")}
                uri = _published(packs[pack].source)
                if uri:
                    component["informationUri"] = uri
            self.components.append(component)
            self.supported.append({"name": name, "index": index, "guid": guid})
            for number, control in enumerate(controls[pack]):
                taxon = {"id": one_line(control.id), "index": number}
                key = f"{pack}:{control.id}"
                self._taxa[key] = {**taxon, "toolComponent": {"name": name, "index": index}}
                self._targets[key] = {**taxon, "toolComponent": {"name": name, "index": index, "guid": guid}}

    def taxa(self, controls: tuple[str, ...]) -> list[Json]:
        """References for a result; a control that the report doesn't list is left out."""
        found = self._by_controls.get(controls)
        if found is None:
            found = [self._taxa[control] for control in controls if control in self._taxa]
            self._by_controls[controls] = found
        return found

    def relationships(self, controls: Sequence[str]) -> list[Json]:
        """What ties a rule to its controls. `relevant`: a rule is some of a control's evidence, seldom all of it."""
        return [
            {"target": self._targets[control], "kinds": ["relevant"]}
            for control in controls
            if control in self._targets
        ]


def pack_guid(pack: str) -> str:
    """The same for a pack in every report, whatever the pack's version."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:assay:pack:{pack}"))


def _published(source: str) -> str | None:
    for citation, uri in _CITATIONS:
        match = citation.search(source)
        if match:
            return web_uri(uri.format(*match.groups()))
    return None


def _taxon(control: ControlStatus) -> Json:
    title = one_line(control.title) or one_line(control.id)
    outcome = (
        f"{control.status}: {control.fail} failing, {control.unknown} unknown and {control.passed} passing findings "
        f"by {control.rules} rules; testable: {control.testable}."
    )
    return {
        "id": one_line(control.id),
        "name": title,
        "shortDescription": {"text": sentence(title)},
        "fullDescription": {"text": f"{one_line(control.pack)} {one_line(control.id)}: {sentence(title)}"},
        "help": {"text": f"{sentence(title)} In this run {outcome}"},
        "properties": {
            "status": control.status,
            "testable": control.testable,
            "rules": control.rules,
            "fail": control.fail,
            "pass": control.passed,
            "unknown": control.unknown,
        },
    }
