"""Finds what checkov skipped: it logs, or says nothing, and goes on."""

import logging
import re
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePath
from traceback import walk_stack, walk_tb
from types import TracebackType

from assay.detectors.iac.diagnosis import NOT_TAKEN, refusal
from assay.detectors.iac.frameworks import is_surely, visible
from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.iac.survey import Survey
from assay.detectors.iac.syntax import Fault, Syntax
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


_PASSED_OVER = "checkov passes over it or a part of it"
_LONGEST_PATH = 8192
_WORDS = {
    "FileNotFoundError": "it names a file that is not here",
    "RecursionError": "it is nested too deeply",
    "UnicodeDecodeError": "it is not UTF-8",
}
"""What an exception's type says of a file."""


class SkipLog(logging.Handler):
    """Collects, while a runner runs, what checkov logs when it skips something.

    Of a message only the check's id, the file and the type of the exception are kept: the rest may quote a secret.
    """

    def __init__(self, copy: PrivateCopy, known: Collection[str]) -> None:
        super().__init__(logging.WARNING)
        self._copy = copy
        self._known = frozenset(known)
        self.skips: dict[tuple[str | None, str], None] = {}
        """(file, reason) in the order of their first coming."""
        self.unread: dict[str, Fault] = {}
        """What was skipped of files that may or may not be the framework's."""
        self.unrendered: set[str] = set()
        """Files with a manifest that is a template's, though it parses."""

    def __enter__(self) -> "SkipLog":
        self._root = logging.getLogger()
        self._before = (self._root.level, list(self._root.handlers))
        self._root.handlers[:] = [self]
        _set_level(self._root, logging.WARNING)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set_level(self._root, self._before[0])
        self._root.handlers[:] = self._before[1]

    def emit(self, record: logging.LogRecord) -> None:
        """Called by checkov's loggers."""
        message = record.getMessage()
        kind = record.exc_info[0] if record.exc_info else None
        trace = record.exc_info[2] if record.exc_info else None
        crashed = _CHECK_CRASHED.match(message)
        if crashed:
            path = self._file_in(crashed["place"]) or self.file_in_hand(trace)
            self.skipped(path, f"the check {crashed['check']} crashes on it")
        elif _SKIPPED.search(message) or kind:
            path = self._file_in(message) or self.file_in_hand(trace)
            self.skipped(path, _WORDS.get(kind.__name__ if kind else "", _PASSED_OVER))

    def skipped(self, path: str | None, reason: str) -> None:
        """Notes something that was skipped."""
        self.skips.setdefault((path, reason))

    def unread_in_hand(self, fault: Fault) -> None:
        """Notes that the file which checkov is busy with could not be read, or not as a whole."""
        path = self.file_in_hand(None)
        if path is not None:
            self.unread.setdefault(path, fault)

    def unrendered_in_hand(self) -> None:
        """Notes that the file which checkov is busy with holds a template."""
        path = self.file_in_hand(None)
        if path is not None:
            self.unrendered.add(path)

    def file_in_hand(self, trace: TracebackType | None) -> str | None:
        """The file that checkov was busy with where it raised, or is now: what it logs often does not say."""
        frames = [frame for frame, _ in walk_tb(trace)][::-1] if trace else [f for f, _ in walk_stack(sys._getframe(1))]
        for frame in frames:
            for value in list(frame.f_locals.values()):
                if isinstance(value, dict):
                    value = value.get("file_path_")  # of a vertex of checkov's graphs
                if isinstance(value, str | PurePath):
                    path = self._copy.relative(str(value)[:_LONGEST_PATH])
                    if path in self._known:
                        return path
        return None

    def _file_in(self, message: str) -> str | None:
        names = message.replace(self._copy.root, "")
        found = [path for path in self._known if path in names]
        return max(found, key=len, default=None)


def _set_level(logger: logging.Logger, level: int) -> None:
    """Only where it is another, as it makes every logger there is forget what it knew."""
    if logger.level != level:
        logger.setLevel(level)


def failures(
    part: str,
    survey: Survey,
    copy: PrivateCopy,
    errors: Mapping[str, Fault],
    log: SkipLog,
    parsed: Collection[str] | None,
) -> Iterator[Failure]:
    """A failure for each file that the part should have looked at and did not, at most one a file, and one for each
    other thing it skipped.

    `errors`: the files that the runner could not parse; `parsed`: those that it parsed, None where it does not say.
    """
    claimed = survey.claims.get(part, frozenset())
    found = dict(_faults(part, survey, copy))
    for path, fault in {**errors, **log.unread}.items():
        # The Terraform runner also reads variables, and walks hidden folders that it makes no use of.
        planned = path in claimed or (part == "terraform" and ".tfvars" in path and visible(path))
        if planned and path not in survey.unrendered:
            found.setdefault(path, fault)
    said = {path for path, _ in log.skips if path is not None} | log.unrendered
    for path in sorted(_not_taken(survey, part, parsed, {*found, *said})):
        if is_surely(part, survey.syntax[path].documents):
            found[path] = refusal(part, copy, path, NOT_TAKEN)
    for skipped, reason in log.skips:
        if skipped is None:
            yield failure(part, None, f"{reason}; checkov does not say which file that is")
        elif skipped not in found:
            by_hand = "check that by hand"
            whole = reason == _PASSED_OVER
            fault = refusal(part, copy, skipped, reason, by_hand) if whole else Fault(reason=reason, advice=by_hand)
            yield failure(part, skipped, fault)
    for path, fault in sorted(found.items()):
        yield failure(part, path, fault)


def not_recognised(part: str, survey: Survey, parsed: Collection[str] | None, failed: Collection[str]) -> list[str]:
    """Sound files that may be the framework's, and that checkov did not take.

    `parsed`: the files that the runner parsed, None where it does not say; `failed`: those named otherwise.
    """
    return sorted(path for path in _not_taken(survey, part, parsed, failed) if _may_be(part, survey.syntax[path]))


def failure(part: str, path: str | None, fault: Fault | str) -> Failure:
    """A failure of this detector; a text where no file is at fault."""
    if isinstance(fault, str):
        named = f"{path}: {fault}" if path else fault
        fault = Fault(reason=fault)
    else:
        named = f"{path}: {fault.reason}; {fault.advice}" if path else f"{fault.reason}; {fault.advice}"
    if path is None:
        return Failure(detector=DETECTOR, part=part, reason=one_line(named))
    line = (fault.line or 1) if fault.has_lines else None
    place = Location(path=path, start_line=line, end_line=line)
    # What renders may run out of time or memory, and another day not.
    lasting = part not in ("helm", "kustomize")
    return Failure(detector=DETECTOR, part=part, reason=one_line(named), location=place, lasting=lasting)


def _faults(part: str, survey: Survey, copy: PrivateCopy) -> Iterator[tuple[str, Fault]]:
    claimed = {path for framework, paths in survey.claims.items() if framework != "secrets" for path in paths}
    for path, fault in {**survey.faults, **copy.faults}.items():
        # A broken file that no other framework can recognise is reported once, by the part that is always there.
        first_to_name = path not in claimed if part == "secrets" else path in survey.claims.get(part, frozenset())
        if first_to_name and fault.framework in (None, part):
            yield path, fault


def _not_taken(survey: Survey, part: str, parsed: Collection[str] | None, failed: Collection[str]) -> set[str]:
    if parsed is None:
        return set()
    sound = survey.claims.get(part, frozenset()) & survey.syntax.keys() - survey.faults.keys()
    return set(sound) - set(parsed) - survey.unrendered - set(failed)


def _may_be(part: str, syntax: Syntax) -> bool:
    wanted = _PERHAPS.get(part)
    return wanted is not None and any(document is not None and document >= wanted for document in syntax.documents)


_PERHAPS: Mapping[str, frozenset[str]] = {
    "kubernetes": frozenset({"apiVersion", "kind"}),
    "github_actions": frozenset({"jobs"}),
}
"""Keys that files of many tools have in common with the framework's."""
