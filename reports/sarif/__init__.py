"""Tells a report as SARIF 2.1.0, for code-scanning services."""

from assay.reports.options import RenderOptions
from assay.reports.sarif.document import Log
from assay.reports.sarif.limits import within_limits
from assay.scanner.model.finding import Report


def render(report: Report, _options: RenderOptions) -> bytes:
    """One SARIF log with one run. Failing findings are results, unknown ones are notifications, passes are left out."""
    log = Log(report)
    return within_limits(log.failing, log.build)
