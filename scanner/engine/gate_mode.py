"""Gate mode: a change can't talk its way past. What suppresses must be on the trusted side already."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from assay.policies.book import Book
from assay.scanner.engine.change import text_digests
from assay.scanner.engine.inventory import Inventory
from assay.scanner.engine.judge import SKIPPED
from assay.scanner.engine.suppress import remark
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import Finding, Severity
from assay.scanner.model.resource import Excerpt, InlineWaiver

EARLIER_UNREAD = "earlier-version-unread"
"""The rule id of a part of the target that can't be held against what was there before."""
POLICY_CHANGED = "policy-changed"
"""The rule id of a change that touches what it is judged by."""
_BY_COMMENT = ("inline", "engine")
_Place = tuple[str, str, str]


class Earlier(Struct, frozen=True, kw_only=True):
    """A version of the target, observed like the present one."""

    inventory: Inventory
    renames: Mapping[str, str]
    """Present path → path in that version, relative to the scanned folder."""


class Review(Struct, frozen=True, kw_only=True):
    """What the working tree is held against."""

    name: str
    """What messages call the trusted side: a ref or a path."""
    trusted: Earlier | None = None
    """For the comments that count; None: no comment of the working tree counts."""
    base: Earlier | None = None
    """For `--diff`: only what isn't in it is the gate's business."""
    policy_changed: tuple[tuple[str, Location | None], ...] = ()
    """Policy files that the change touches, with their place in the scanned folder."""
    unread: tuple[str, ...] = ()
    """Submodules that the base can't be compared in, so that all that is in them counts as new."""


def only_trusted(
    findings: Sequence[Finding], trusted: Sequence[Finding], review: Review, excerpts: Iterable[Excerpt]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """The findings, suppressed by a comment only where one suppressed the same on the trusted side; and the exposed.

    Where several findings of one rule share an address, as the instructions of a Dockerfile do, the lines must be the
    same too: a comment can't be cut from the one and pasted on the other. `excerpts` are those of the findings.
    """
    if review.trusted is None:
        before = _Accepted((), {}, {})
    else:
        before = _Accepted(trusted, text_digests(review.trusted.inventory.excerpts), {})
    now = _Accepted(findings, text_digests(excerpts), review.trusted.renames if review.trusted else {})
    left: Counter[_Place] = Counter()
    exactly: Counter[tuple[_Place, str]] = Counter()
    for (place, text), count in before.by_comment.items():
        # What is open now and was not is one that lost its comment.
        lost = max(0, now.open[place, text] - before.open[place, text])
        exactly[place, text] = count - lost
        left[place] += 0 if max(now.all[place], before.all[place]) > 1 else count
    kept = [one if _by_comment(one) else None for one in findings]
    for index, finding in enumerate(findings):
        if _by_comment(finding) and exactly[now.keys[index]] > 0:
            exactly[now.keys[index]] -= 1
            left[now.keys[index][0]] -= 1
            kept[index] = None
    why = f"the comment that skips it is not in {review.name} and counts for nothing"
    done: list[Finding] = []
    exposed: list[Finding] = []
    for index, (finding, pending) in enumerate(zip(findings, kept, strict=True)):
        place, _ = now.keys[index]
        if pending is None:
            done.append(finding)
        elif left[place] > 0:
            left[place] -= 1
            done.append(finding)
        else:
            done.append(expose(finding, why))
            exposed.append(done[-1])
    return tuple(done), tuple(exposed)


class _Accepted:
    """How many findings there are in each place, open and suppressed by a comment."""

    def __init__(
        self, findings: Sequence[Finding], texts: Mapping[tuple[str, int], str], renames: Mapping[str, str]
    ) -> None:
        self.keys: list[tuple[_Place, str]] = []
        self.all: Counter[_Place] = Counter()
        self.open: Counter[tuple[_Place, str]] = Counter()
        self.by_comment: Counter[tuple[_Place, str]] = Counter()
        for finding in findings:
            where = finding.location
            text = texts.get((where.path, where.start_line or 0), "") if where else ""
            key = _place(finding, renames), text
            self.keys.append(key)
            self.all[key[0]] += 1
            if _by_comment(finding):
                self.by_comment[key] += 1
            elif finding.outcome != "pass" and finding.suppressed is None:
                self.open[key] += 1


def expose(finding: Finding, why: str) -> Finding:
    """The finding as if no comment spoke of it."""
    if not _by_comment(finding):
        return finding
    said = finding.message.removesuffix(f": {SKIPPED}")
    return structs.replace(
        finding,
        suppressed=None,
        message=f"{said}: {finding.title}; {why}" if said != finding.message else f"{said}; {why}",
    )


def remarks(
    review: Review,
    comments: Sequence[InlineWaiver],
    exposed: Iterable[Finding],
    book: Book,
    severity: Severity | None = None,
) -> Iterator[Finding]:
    """A finding for each policy file, and for each scanned file's comments, that the change touches; of the catalogue's
    severity unless another is given."""
    for found in _remarks(review, comments, exposed, book):
        yield structs.replace(found, severity=severity or found.severity)


def _remarks(
    review: Review, comments: Sequence[InlineWaiver], exposed: Iterable[Finding], book: Book
) -> Iterator[Finding]:
    for path in review.unread:
        message = f"{path}: the commit of this submodule that {review.name} had isn't here, so all in it counts as new"
        yield structs.replace(remark(book, EARLIER_UNREAD, path, message, None, {"submodule": path}), outcome="unknown")
    for path, place in review.policy_changed:
        message = f"{path}: differs from {review.name}; this run is judged by what stands there"
        yield remark(book, POLICY_CHANGED, path, message, place, {"changed": path})
    if review.trusted is None:
        return
    for path, line, rules in _new_comments(comments, review.trusted, exposed):
        message = f"{path}: comments that skip {', '.join(rules)} are not in {review.name} and count for nothing"
        where = Location(path=path, start_line=line, end_line=line)
        yield remark(book, POLICY_CHANGED, path, message, where, {"changed": path, "rules": list(rules)})


def _new_comments(
    comments: Sequence[InlineWaiver], trusted: Earlier, exposed: Iterable[Finding]
) -> Iterator[tuple[str, int | None, tuple[str, ...]]]:
    before = Counter((one.path, one.rules, one.reason, one.until) for one in trusted.inventory.waivers)
    rules: defaultdict[str, set[str]] = defaultdict(set)
    lines: dict[str, int | None] = {}
    for one in comments:
        key = (trusted.renames.get(one.path, one.path), one.rules, one.reason, one.until)
        if before[key] > 0:
            before[key] -= 1
        elif one.problem is None:
            rules[one.path] |= set(one.rules)
            lines.setdefault(one.path, one.line)
    for finding in exposed:
        if finding.location is not None:
            rules[finding.location.path].add(finding.rule)
            lines.setdefault(finding.location.path, finding.location.start_line)
    for path in sorted(rules):
        yield path, lines[path], tuple(sorted(rules[path]))


def _by_comment(finding: Finding) -> bool:
    return finding.suppressed is not None and finding.suppressed.by in _BY_COMMENT


def _place(finding: Finding, renames: Mapping[str, str]) -> _Place:
    path = finding.location.path if finding.location else ""
    before = renames.get(path, path)
    address = finding.resource.address
    return finding.rule, before, address.replace(path, before) if path else address
