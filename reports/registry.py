"""The report formats, and how to get at one."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from typing import Protocol, cast

from assay.reports.options import RenderOptions
from assay.scanner.model.finding import Report

FORMATS: Mapping[str, str] = {
    "text": "assay.reports.text:render",
    "json": "assay.reports.json_report:render",
    "lines": "assay.reports.lines:render",
    "sarif": "assay.reports.sarif:render",
}
"""Format → where its renderer is. Imported when asked for, so that no run pays for another's format."""


class Renderer(Protocol):
    """Tells a report in one format. The caller does the writing: same report and options, same bytes."""

    def __call__(self, report: Report, options: RenderOptions, /) -> bytes:
        """The whole document, ending in a newline."""
        ...


def pieces(name: str, report: Report, options: RenderOptions) -> Iterable[bytes]:
    """The document of a format in `FORMATS`, a piece at a time where its module can tell it so."""
    module = import_module(FORMATS[name].partition(":")[0])
    in_pieces = getattr(module, "pieces", None)
    return cast(Iterable[bytes], in_pieces(report, options)) if in_pieces else (renderer(name)(report, options),)


def renderer(name: str) -> Renderer:
    """The renderer of a format in `FORMATS`; a KeyError for any other name."""
    module, _, attribute = FORMATS[name].partition(":")
    return cast(Renderer, getattr(import_module(module), attribute))
