"""Tells a report as `assay-report/1`, the document that other tools read."""

from typing import Any

import msgspec

from assay.reports.options import RenderOptions
from assay.reports.visible_text import escape_json
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import Report


def render(report: Report, _options: RenderOptions) -> bytes:
    """Two-space indented JSON. Every key of the contract is there, nulls included; maps are sorted by key."""
    document: dict[str, Any] = msgspec.to_builtins(report, str_keys=True, order="deterministic")
    for detector in document["detectors"]:
        del detector["record"]
    for finding, shown in zip(report.findings, document["findings"], strict=True):
        if finding.location is not None:
            shown["location"] = _location(finding.location)
    for excerpt in document["excerpts"]:
        del excerpt["record"]
    return escape_json(msgspec.json.format(_encode(document), indent=2)) + b"\n"


def _location(location: Location) -> dict[str, str | int | None]:
    """All three keys: the struct leaves a missing line number out, readers of the report expect null."""
    return {"path": location.path, "start_line": location.start_line, "end_line": location.end_line}


def _encode(document: Any) -> bytes:
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        # A file name that isn't UTF-8 reaches Python with lone surrogates, which JSON cannot carry.
        return msgspec.json.encode(_without_surrogates(document))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
