"""Tells a report as `assay-report/1`, the document that other tools read."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from assay.reports.options import RenderOptions
from assay.reports.visible_text import escape_json
from assay.scanner.model.finding import Report

_FINDINGS = b'\n  "findings": []'
"""As the top of the document says it; within a text the quotes would be escaped."""
_AT_ONCE = 500


def render(report: Report, options: RenderOptions) -> bytes:
    """Two-space indented JSON. Every key of the contract is there, nulls included; maps are sorted by key."""
    return b"".join(pieces(report, options))


def pieces(report: Report, _options: RenderOptions) -> Iterator[bytes]:
    """The same a few findings at a time: those of a large cluster come to hundreds of megabytes."""
    document: dict[str, Any] = _plain(msgspec.structs.replace(report, findings=()))
    for detector in document["detectors"]:
        del detector["record"]
    for excerpt in document["excerpts"]:
        del excerpt["record"]
    whole = escape_json(msgspec.json.format(_encode(document, None), indent=2)) + b"\n"
    if not report.findings:
        yield whole
        return
    before, empty, after = whole.partition(_FINDINGS)
    yield before + empty.removesuffix(b"]")
    for start in range(0, len(report.findings), _AT_ONCE):
        some = report.findings[start : start + _AT_ONCE]
        told = escape_json(msgspec.json.format(_encode(some, "deterministic"), indent=2)).replace(b"\n", b"\n  ")
        yield (b"," if start else b"") + told.removeprefix(b"[").removesuffix(b"\n  ]")
    yield b"\n  ]" + after


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(value, str_keys=True, order="deterministic")
    return made


def _encode(document: Any, order: Literal["deterministic"] | None) -> bytes:
    """`deterministic` sorts the keys of maps, and leaves the fields of structs in their order."""
    try:
        return msgspec.json.encode(document, order=order)
    except UnicodeEncodeError:
        # A file name that isn't UTF-8 reaches Python with lone surrogates, which JSON cannot carry.
        return msgspec.json.encode(_without_surrogates(msgspec.to_builtins(document, order=order)))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value
