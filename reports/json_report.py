"""Tells a report as `assay-report/1`, the document that other tools read."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from assay.reports.options import RenderOptions
from assay.reports.visible_text import escape_json
from assay.scanner.model.finding import Finding, Report

_FINDINGS = b'\n  "findings": []'
"""As the top of the document says it; within a text the quotes would be escaped."""
_AT_ONCE = 500
_LINES = msgspec.json.Encoder(order="deterministic")


def render(report: Report, options: RenderOptions) -> bytes:
    """Two-space indented JSON, but for findings, of which each is a line, so that `grep` finds them and `diff` shows
    them. Every key of the contract is there, nulls included; maps are sorted by key."""
    return b"".join(pieces(report, options))


def pieces(report: Report, _options: RenderOptions) -> Iterator[bytes]:
    """The same a few findings at a time: those of a large cluster come to hundreds of megabytes."""
    document: dict[str, Any] = _plain(msgspec.structs.replace(report, findings=()))
    for detector in document["detectors"]:
        del detector["record"]
    for excerpt in document["excerpts"]:
        del excerpt["record"]
    whole = escape_json(msgspec.json.format(_encode(document), indent=2)) + b"\n"
    if not report.findings:
        yield whole
        return
    before, empty, after = whole.partition(_FINDINGS)
    yield before + empty.removesuffix(b"]")
    for start in range(0, len(report.findings), _AT_ONCE):
        lines = escape_json(_encode_lines(report.findings[start : start + _AT_ONCE]))
        yield (b",\n    " if start else b"\n    ") + lines.removesuffix(b"\n").replace(b"\n", b",\n    ")
    yield b"\n  ]" + after


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(value, str_keys=True, order="deterministic")
    return made


def _encode(document: Any) -> bytes:
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return msgspec.json.encode(_without_surrogates(document))


def _encode_lines(findings: Sequence[Finding]) -> bytes:
    """Each as a line. Maps are sorted; the fields of structs keep their order."""
    try:
        return _LINES.encode_lines(findings)
    except UnicodeEncodeError:
        # A file name that isn't UTF-8 reaches Python with lone surrogates, which JSON cannot carry.
        return _LINES.encode_lines([_without_surrogates(_plain(one)) for one in findings])


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
