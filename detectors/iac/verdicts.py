"""Turns checkov's records into verdicts."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.redact import mask_line
from assay.scanner.api import EngineVerdict, Location

ENGINE = "checkov"
OURS = "assay"
"""Under this name the catalogue holds what no engine says, but the detector itself."""

_RENDERED = frozenset({"helm", "kustomize"})
"""Frameworks whose line numbers are those of rendered output that nobody keeps."""


def verdicts(reports: Iterable[Any], copy: PrivateCopy, framework: str) -> list[EngineVerdict]:
    """The verdicts of a framework's reports, sorted, each once."""
    lines = _Lines(copy)
    found: set[EngineVerdict] = set()
    for report in reports:
        for record in report.failed_checks:
            found.add(_verdict(record, "fail", copy, lines, framework))
        for record in report.passed_checks:
            found.add(_verdict(record, "pass", copy, lines, framework))
        for record in report.skipped_checks:
            found.add(_verdict(record, "skipped", copy, lines, framework))
    return sorted(found, key=_order)


def _verdict(record: Any, result: Any, copy: PrivateCopy, lines: "_Lines", framework: str) -> EngineVerdict:
    path = copy.relative(record.file_path)
    resource = str(record.resource).replace(copy.root, "")
    kind = resource.split(":")[-1].split(".")[0] if framework in _RENDERED else None
    start, end = lines.span(path, record.file_line_range, kind, framework in _RENDERED)
    return EngineVerdict(
        engine=ENGINE,
        check=record.check_id,
        result=result,
        resource=resource,
        title=record.check_name,
        framework=framework,
        location=Location(path=path, start_line=start, end_line=end),
        reason=_reason(record) if result == "skipped" else None,
    )


def _reason(record: Any) -> str:
    # A comment of the scanned file, cut and masked as its lines are.
    return mask_line(str(record.check_result.get("suppress_comment") or "no reason given"))


class _Lines:
    """Keeps line ranges inside their files."""

    def __init__(self, copy: PrivateCopy) -> None:
        self._copy = copy
        self._files: dict[str, list[str] | None] = {}

    def span(self, path: str, wanted: Any, kind: str | None, rendered: bool) -> tuple[int, int]:
        """The range, counted from 1; for rendered output the place in the source that it most likely came from."""
        if path not in self._files:
            self._files[path] = self._copy.lines(path)
        lines = self._files[path]
        if rendered:
            return document_of(lines or [], kind)
        count = len(lines) - (not lines[-1]) if lines else None
        start, end = (value if isinstance(value, int) else 1 for value in (*(wanted or ()), 1, 1)[:2])
        start = max(1, start if count is None else min(start, max(1, count)))
        return start, max(start, end if count is None else min(end, count))


def document_of(lines: list[str], kind: str | None) -> tuple[int, int]:
    """The YAML document of a template that declares a kind; the whole file where none or more than one does."""
    count = max(1, len(lines) - (not lines[-1] if lines else 0))
    at = [index for index, line in enumerate(lines) if re.fullmatch(rf"kind:\s*{re.escape(kind or '')}\s*", line)]
    if len(at) != 1:
        return 1, count
    start = next((index + 1 for index in range(at[0], -1, -1) if lines[index].startswith("---")), 0)
    end = next((index for index in range(at[0], count) if lines[index].startswith("---")), count)
    return start + 1, max(start + 1, end)


def _order(verdict: EngineVerdict) -> Any:
    location = verdict.location
    place = (location.path, location.start_line or 0, location.end_line or 0) if location else ("", 0, 0)
    return (*place, verdict.check, verdict.resource, verdict.result, verdict.title, verdict.reason or "")


def unknown(check: str, resource: str, title: str, framework: str, reason: str, location: Location) -> EngineVerdict:
    """A verdict that could not be made."""
    return EngineVerdict(
        engine=OURS,
        check=check,
        result="unknown",
        resource=resource,
        title=title,
        framework=framework,
        location=location,
        reason=reason,
    )


def unrecognised(paths: Iterable[str], framework: str) -> Iterator[EngineVerdict]:
    """Unknowns for files that checkov does not take for what they are."""
    for path in paths:
        reason = f"it reads as {framework.replace('_', ' ')}, but checkov's schema does not take it"
        place = Location(path=path, start_line=1, end_line=1)
        yield unknown("unrecognised-file", path, "File not taken by checkov", framework, reason, place)


def unrendered(paths: Iterable[str], framework: str) -> Iterator[EngineVerdict]:
    """Unknowns for templates that no chart of the tree renders."""
    for path in sorted(paths):
        reason = "it is a template that nothing in the tree renders, so what will be applied is not known"
        yield unknown(
            "unrendered-template",
            path,
            "Template not rendered",
            framework,
            reason,
            Location(path=path, start_line=1, end_line=1),
        )
