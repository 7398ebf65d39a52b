"""Comments that ask for silence: checkov's own, which a second look looks past, and ours, which are stated."""

import os
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from msgspec.structs import replace

from assay.detectors.iac.private_copy import PrivateCopy
from assay.detectors.redact import mask_line
from assay.scanner.api import EngineVerdict, InlineWaiver
from assay.scanner.safe.comments import MARK, find_ignores

PAST_SKIPS = "-past-skips"
"""Ends the id of the part that is a framework's second look."""
_MARK = re.compile(rb"(?:(?:checko|bridgecre)(?=[vw][\"']?\s*:|[vw]\.io/skip)|corte(?=x[\"']?\s*:|x\.io/skip))")
"""All that checkov heeds: `checkov:skip=` in comments, `checkov.io/skip` in annotations, `checkov:` in metadata."""
_NEVER = re.compile(r"(?!)")
_BY_COMMENT = ("common.util.suppression", "secrets.runner", "terraform.context_parsers.base_parser")
"""Where checkov looks for its comments, by an expression that each of these modules imported."""
_BY_METADATA = ("arm.context_parser", "cloudformation.context_parser")


def has_skip(content: bytes) -> bool:
    """Whether a file may tell checkov to leave out a check."""
    return _MARK.search(content) is not None


def heed_no_skip() -> None:
    """From here on checkov, in this process, reads nothing that would silence it.

    The files stay as they are: an expression could tell altered text from the original, and pass for that.
    """
    for name in _BY_COMMENT:
        import_module(f"checkov.{name}").__dict__["COMMENT_REGEX"] = _NEVER
    for name in _BY_METADATA:
        import_module(f"checkov.{name}").__dict__["ContextParser"].collect_skip_comments = staticmethod(_no_skips)
    import_module("checkov.kubernetes.kubernetes_utils").__dict__["SKIP_ANNOTATION_PREFIXES"] = ()


def _no_skips(*_: object, **__: object) -> list[object]:
    return []


_PRAGMA = "pragma"
"""What each of the engine's own expressions for a comment that silences it holds."""


class Allowlist:
    """What `pragma: allowlist secret` hides from the secrets engine.

    In this process the engine finds it, and it is told as a skipped check: a line that nothing says a word of could
    hide anything.
    """

    def __init__(self) -> None:
        module = import_module("detect_secrets.filters.allowlist")
        heeded = module.is_line_allowlisted
        self._hidden: set[tuple[str, str]] = set()
        expressions = [one for some in module._get_allowlist_regexes_for_file("of any sort") for one in some]
        word = _PRAGMA if all(_PRAGMA in one.pattern for one in expressions) else ""

        def is_line_allowlisted(filename: str, line: str, context: Any) -> bool:
            # The engine gives arguments by these names. It looks at the line and at the one before it.
            if (word in line or word in context.previous_line) and heeded(filename, line, context):
                self._hidden.add((filename, _bare(line)))
            return False

        module.__dict__["is_line_allowlisted"] = is_line_allowlisted

    def told(self, verdicts: Iterable[EngineVerdict], copy: PrivateCopy) -> Iterator[EngineVerdict]:
        """The verdicts, those on hidden lines as skipped."""
        hidden = {(copy.relative(os.path.abspath(name)), line) for name, line in self._hidden}  # noqa: PTH100
        for verdict in verdicts:
            place = verdict.location
            lines = copy.lines(place.path) if place and hidden and verdict.result == "fail" else None
            at = (place.start_line or 1) - 1 if place else 0
            if place and lines and at < len(lines) and (place.path, _bare(lines[at])) in hidden:
                yield replace(verdict, result="skipped", reason="pragma: allowlist secret")
            else:
                yield verdict


def _bare(line: str) -> str:
    """A line as the engine's readers of YAML and of its kin, which write values anew, and we have it in common."""
    return re.sub(r"[\s\"']", "", line)


def spoken_of(verdicts: Iterable[EngineVerdict], copy: PrivateCopy, marked: Iterable[str]) -> Iterator[EngineVerdict]:
    """The second look's verdicts on checks that a marked file names, and so may have skipped."""
    texts = {path: "\n".join(copy.lines(path) or ()) for path in marked}
    for verdict in verdicts:
        text = texts.get(verdict.location.path) if verdict.location else None
        if text is not None and verdict.result in ("fail", "pass") and verdict.check in text:
            yield replace(verdict, reason=None, past_skip=True)


def inline_waivers(paths: Iterable[str], copy: PrivateCopy) -> Iterator[InlineWaiver]:
    """The `assay:ignore` comments of files, secrets in their reasons masked."""
    for path in sorted(paths):
        lines = copy.lines(path)
        if lines is None or not any(MARK in line for line in lines):
            continue
        for found in find_ignores(lines, path):
            yield replace(found, reason=mask_line(found.reason)) if found.reason else found
