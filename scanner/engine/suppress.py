"""Accepted risks: which findings waivers and comments suppress, and which waivers are out of date or of no use."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct, structs

from assay.policies.book import OWN_ENGINE, Book
from assay.scanner.config.waivers import PlacedWaiver, matches
from assay.scanner.engine.judge import LOOK_FAILED
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import Finding, ResourceRef, Suppression
from assay.scanner.model.resource import InlineWaiver

WAIVER_EXPIRED = "waiver-expired"
"""The rule id of a waiver whose last day has passed."""


class Suppressed(Struct, frozen=True, kw_only=True):
    """What accepting risks came to."""

    findings: tuple[Finding, ...]
    """The same findings, some of them suppressed."""
    remarks: tuple[Finding, ...]
    """Expired waivers, as findings without a fingerprint."""
    warnings: tuple[str, ...]
    """One line for each comment that can't be read, or names no rule."""
    unused: tuple[tuple[str, str], ...]
    """The rule, and one line, of each waiver or comment that matches nothing."""


def suppress(
    findings: Sequence[Finding],
    waivers: Sequence[PlacedWaiver],
    inline: Sequence[InlineWaiver],
    book: Book,
    today: date,
) -> Suppressed:
    """A waiver of the file goes before a comment, and both before what an engine skipped."""
    by_file = _ByRule(waivers, today)
    by_comment = _ByPlace(inline, book, today)
    kept = tuple(_suppressed(finding, by_file, by_comment) for finding in findings)
    return Suppressed(
        findings=kept,
        remarks=(*by_file.expired(book), *by_comment.expired(book)),
        warnings=tuple(by_comment.warnings()),
        unused=(*by_file.unused(), *by_comment.unused()),
    )


def _suppressed(finding: Finding, by_file: "_ByRule", by_comment: "_ByPlace") -> Finding:
    # A look that failed cannot be accepted away: the scan stays incomplete.
    if finding.outcome == "pass" or finding.rule == LOOK_FAILED:
        return finding
    found = by_file.find(finding)
    # Asked even where a waiver was found, or the comment would seem to be of no use.
    comment = by_comment.find(finding)
    reason = found or comment
    return structs.replace(finding, suppressed=reason) if reason else finding


class _ByRule:
    """The waivers of a file."""

    def __init__(self, waivers: Sequence[PlacedWaiver], today: date) -> None:
        self._waivers: dict[str, list[PlacedWaiver]] = {}
        self._today = today
        self._used: set[int] = set()
        self._all = waivers
        for placed in waivers:
            self._waivers.setdefault(placed.waiver.rule, []).append(placed)

    def find(self, finding: Finding) -> Suppression | None:
        path = finding.location.path if finding.location else ""
        found = None
        for rule in (finding.rule, *finding.corroborated_by):
            for placed in self._waivers.get(rule, ()):
                waiver = placed.waiver
                if not (matches(waiver.address, finding.resource.address) and matches(waiver.path, path)):
                    continue
                self._used.add(id(placed))
                if found is None and not self._is_over(waiver.until):
                    until = waiver.until.isoformat() if waiver.until else None
                    found = Suppression(by="waiver", reason=waiver.reason, owner=waiver.owner, until=until)
        return found

    def expired(self, book: Book) -> Iterable[Finding]:
        for placed in self._all:
            if self._is_over(placed.waiver.until):
                place = f"{placed.file}:{placed.line}"
                yield _expired(book, place, placed.waiver.rule, str(placed.waiver.until), None)

    def unused(self) -> Iterable[tuple[str, str]]:
        for placed in self._all:
            if id(placed) not in self._used and not self._is_over(placed.waiver.until):
                rule = placed.waiver.rule
                yield (
                    rule,
                    f"{placed.file}:{placed.line}: the waiver for {rule} matches nothing; "
                    "remove it, or mend its address",
                )

    def _is_over(self, until: date | None) -> bool:
        return until is not None and until < self._today


class _ByPlace:
    """The comments in scanned files."""

    def __init__(self, inline: Sequence[InlineWaiver], book: Book, today: date) -> None:
        self._names = book.rule_names
        self._today = today.isoformat()
        self._all = inline
        self._comments: dict[tuple[str, str], list[tuple[InlineWaiver, str]]] = {}
        self._used: set[tuple[InlineWaiver, str]] = set()
        for comment in inline:
            for name in comment.rules if comment.problem is None else ():
                if rule := self._names.get(name):
                    self._comments.setdefault((comment.path, rule), []).append((comment, name))

    def find(self, finding: Finding) -> Suppression | None:
        place = finding.location
        if place is None or place.start_line is None:
            return None
        end = place.end_line or place.start_line
        found = None
        for rule in (finding.rule, *finding.corroborated_by):
            for comment, name in self._comments.get((place.path, rule), ()):
                if not (place.start_line <= comment.covers <= end or place.start_line <= comment.line <= end):
                    continue
                self._used.add((comment, name))
                if found is None and not self._is_over(comment):
                    found = Suppression(by="inline", reason=comment.reason or "", until=comment.until)
        return found

    def expired(self, book: Book) -> Iterable[Finding]:
        for comment in self._all:
            if comment.problem is None and self._is_over(comment):
                where = Location(path=comment.path, start_line=comment.line, end_line=comment.line)
                # By its file alone, or it would be news whenever its line moves.
                yield _expired(book, comment.path, ", ".join(comment.rules), str(comment.until), where)

    def warnings(self) -> Iterable[str]:
        for comment in self._all:
            place = f"{comment.path}:{comment.line}: the comment assay:ignore"
            if comment.problem is not None:
                yield f"{place} counts for nothing: {comment.problem}"
                continue
            for name in comment.rules:
                if name not in self._names:
                    yield f"{place} names {name}, and no rule or check has that name; `assay rules` lists them"

    def unused(self) -> Iterable[tuple[str, str]]:
        for comment in self._all:
            for name in comment.rules if comment.problem is None and not self._is_over(comment) else ():
                if name in self._names and (comment, name) not in self._used:
                    place = f"{comment.path}:{comment.line}"
                    yield (
                        self._names[name],
                        f"{place}: the comment assay:ignore for {name} matches no finding; remove it",
                    )

    def _is_over(self, comment: InlineWaiver) -> bool:
        return comment.until is not None and comment.until < self._today


def remark(
    book: Book, rule: str, address: str, message: str, location: Location | None, evidence: Mapping[str, Any]
) -> Finding:
    """A failing finding of our own about the policy in use; it has no fingerprint yet."""
    check, _ = book.engine_check(OWN_ENGINE, rule)
    return Finding(
        rule=rule,
        outcome="fail",
        severity=check.severity,
        title=check.title,
        message=message,
        resource=ResourceRef(kind="policy", address=address),
        location=location,
        safeguards=check.safeguards,
        controls=book.controls(rule, check.safeguards),
        evidence=evidence,
        fix=check.fix,
        fingerprint="",
    )


def _expired(book: Book, address: str, rule: str, until: str, location: Location | None) -> Finding:
    message = f"{address}: the waiver for {rule} ended on {until} and suppresses nothing"
    return remark(book, WAIVER_EXPIRED, address, message, location, {"rule": rule, "until": until})
