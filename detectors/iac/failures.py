"""Finds what checkov skipped: it logs, or says nothing, and goes on."""

import logging
import re
from collections.abc import Collection, Iterator, Mapping
from types import TracebackType
from typing import Any

from assay.detectors.iac.frameworks import visible
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.survey import Survey
from assay.detectors.iac.syntax import Syntax
from assay.scanner.api import Failure, Location
from assay.scanner.safe.text import one_line

DETECTOR = "iac"

_CHECK_CRASHED = re.compile(r"Failed to run check (?P<check>\S+) on (?P<place>.*)", re.DOTALL)
_SKIPPED = re.compile(
    r"Kubernetes skipping|CloudFormation skipping|could not process file|Failed to run Kubernetes runner"
    r"|Failed to add block|fail to pars file|Failed to create a new template|Error building Kustomize output"
    r"|invalid source path|is not set correctly|Cannot read file contents|Permission denied|file not found"
    r"|Fail to read file|Did not find context|YAML error parsing"
)
"""Warnings and errors after which checkov goes on without a file or a resource."""


class SkipLog(logging.Handler):
    """Collects, while a runner runs, what checkov logs when it skips something.

    Of a message only the check's id, the file and the type of the exception are kept: the rest may quote a secret.
    """

    def __init__(self, copy: PrivateCopy, known: Collection[str]) -> None:
        super().__init__(logging.WARNING)
        self._copy = copy
        self._known = known
        self.skips: dict[tuple[str | None, str], None] = {}
        """(file, reason) in the order of their first coming."""

    def __enter__(self) -> "SkipLog":
        self._root = logging.getLogger()
        self._before = (self._root.level, list(self._root.handlers))
        self._root.handlers[:] = [self]
        self._root.setLevel(logging.WARNING)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._root.setLevel(self._before[0])
        self._root.handlers[:] = self._before[1]

    def emit(self, record: logging.LogRecord) -> None:
        """Called by checkov's loggers."""
        message = record.getMessage()
        what = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        crashed = _CHECK_CRASHED.match(message)
        if crashed:
            self.skipped(self._file_in(crashed["place"]), f"check {crashed['check']} crashed ({what or 'no type'})")
        elif _SKIPPED.search(message) or record.exc_info:
            self.skipped(self._file_in(message), f"checkov skipped it ({what or record.module})")

    def skipped(self, path: str | None, reason: str) -> None:
        """Notes something that was skipped."""
        self.skips.setdefault((path, reason))

    def _file_in(self, message: str) -> str | None:
        names = message.replace(self._copy.root, "")
        found = [path for path in self._known if path in names]
        return max(found, key=len, default=None)


def failures(
    part: str,
    survey: Survey,
    copy: PrivateCopy,
    errors: Mapping[str, str],
    log: SkipLog,
) -> Iterator[Failure]:
    """A failure for each file that the part should have looked at and did not, at most one a file, and one for each
    other thing it skipped.

    `errors`: the files that the runner could not parse, with a reason.
    """
    reasons = dict(_faults(part, survey, copy))
    for path, reason in errors.items():
        # The Terraform runner also reads variables, and walks hidden folders that it makes no use of.
        planned = path in survey.claims.get(part, frozenset()) or (".tfvars" in path and visible(path))
        if planned and path not in survey.unrendered:
            reasons.setdefault(path, reason)
    for skipped, reason in log.skips:
        if skipped is None or skipped not in reasons:
            yield failure(part, skipped, reason)
    for path, reason in sorted(reasons.items()):
        yield failure(part, path, f"{reason}; correct the file, then scan again")


def refused(part: str, survey: Survey, parsed: Collection[str] | None, failed: Collection[str]) -> list[str]:
    """Sound files that surely are the framework's, and that checkov did not take: its schemas are older than theirs.

    `parsed`: the files that the runner parsed, None where it does not say; `failed`: those named otherwise.
    """
    if parsed is None:
        return []
    return sorted(_expected(part, survey) - set(parsed) - survey.unrendered - set(failed))


def failure(part: str, path: str | None, reason: str) -> Failure:
    """A failure of this detector."""
    named = f"{path}: {reason}" if path else reason
    return Failure(detector=DETECTOR, part=part, reason=one_line(named), location=Location(path=path) if path else None)


def _faults(part: str, survey: Survey, copy: PrivateCopy) -> Iterator[tuple[str, str]]:
    claimed = {path for framework, paths in survey.claims.items() if framework != "secrets" for path in paths}
    for path, fault in {**survey.faults, **copy.faults}.items():
        # A broken file that no other framework can recognise is reported once, by the part that is always there.
        first_to_name = path not in claimed if part == "secrets" else path in survey.claims.get(part, frozenset())
        if first_to_name:
            yield path, fault.reason


def _expected(part: str, survey: Survey) -> set[str]:
    """The claimed files that surely are what the framework is for."""
    is_one = _SURELY.get(part)
    claimed = survey.claims.get(part, frozenset()) - survey.faults.keys()
    if is_one is None:
        return set()
    return {path for path in claimed if path in survey.syntax and is_one(survey.syntax[path])}


def _has_document(*keys: str) -> Any:
    wanted = frozenset(keys)

    def is_one(syntax: Syntax) -> bool:
        return any(document is not None and document >= wanted for document in syntax.documents)

    return is_one


_SURELY: Mapping[str, Any] = {
    "cloudformation": _has_document("AWSTemplateFormatVersion", "Resources"),
    "kubernetes": _has_document("apiVersion", "kind"),
    "arm": _has_document("$schema", "contentVersion", "resources"),
    "github_actions": _has_document("jobs"),
    "openapi": lambda syntax: _has_document("openapi", "info")(syntax) or _has_document("swagger", "info")(syntax),
    "terraform_plan": _has_document("terraform_version", "planned_values"),
    **dict.fromkeys(
        ("gitlab_ci", "azure_pipelines", "circleci_pipelines", "bitbucket_pipelines", "argo_workflows"),
        lambda syntax: any(document for document in syntax.documents),
    ),
}
