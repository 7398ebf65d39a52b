"""Tells new findings from earlier ones: matched exactly first, then one to one through renamed files."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from assay.scanner.model.finding import SEVERITIES, Finding
from assay.scanner.model.prior import Prior
from assay.scanner.model.resource import Excerpt

Change = Literal["new", "worsened", "existing"]
_Key = tuple[str, str, str]
_MODULE_FILES = (".tf", ".tf.json")
_RANK = {"pass": 0, "unknown": 1, "fail": 2}


class Compared(Struct, frozen=True, kw_only=True):
    """How present findings stand to earlier ones."""

    changes: tuple[Change | None, ...]
    """One a finding, in their order; None for a pass."""
    gone: tuple[Prior, ...]
    """Earlier findings that no present one matches."""


def priors(findings: Sequence[Finding], excerpts: Iterable[Excerpt]) -> list[Prior]:
    """Findings as they will be remembered, passes too; `excerpts` are those of the same report."""
    texts = text_digests(excerpts)
    lines: defaultdict[tuple[str, str, str], set[int | None]] = defaultdict(set)
    for finding in findings:
        lines[_address(finding)].add(finding.location.start_line if finding.location else None)
    return [_prior(finding, texts, alone=len(lines[_address(finding)]) == 1) for finding in findings]


def _module(path: str) -> str:
    return path.rpartition("/")[0]


def _address(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.location.path if finding.location else "", finding.resource.address


def _prior(finding: Finding, texts: Mapping[tuple[str, int], str], *, alone: bool) -> Prior:
    import json  # not by those who compare with nothing

    place = finding.location
    offences = finding.evidence.get("offences") or ()
    return Prior(
        rule=finding.rule,
        path=place.path if place else "",
        address=finding.resource.address,
        outcome=finding.outcome,
        severity=finding.severity,
        text=texts.get((place.path, place.start_line or 0), "") if place else "",
        offences=tuple(sorted({_digest(json.dumps(offence, sort_keys=True)) for offence in offences})),
        measures=tuple(
            (name, one["value"] if one["more_is_better"] else -one["value"])
            for name, one in sorted((finding.evidence.get("measures") or {}).items())
        ),
        alone=alone,
    )


def text_digests(excerpts: Iterable[Excerpt]) -> Mapping[tuple[str, int], str]:
    """A digest of each excerpt, by path and first line. Secrets are masked in excerpts already."""
    return {(one.path, one.start_line): _digest(" ".join(" ".join(one.lines).split())) for one in excerpts}


def compare(
    findings: Sequence[Finding],
    earlier: Sequence[Prior],
    renames: Mapping[str, str],
    excerpts: Iterable[Excerpt] = (),
) -> Compared:
    """`renames` gives the earlier path of files that were renamed since. What stays ambiguous is new."""
    present = priors(findings, excerpts)
    # A rule that now takes an engine's check along was that check before.
    others = [finding.corroborated_by for finding in findings]
    matched: dict[int, int] = {}
    open_now = [index for index, finding in enumerate(findings) if finding.outcome != "pass"]
    open_then = list(range(len(earlier)))

    def pair(keys: Callable[[int], Iterable[_Key]], earlier_keys: Mapping[int, _Key] | None = None) -> None:
        nonlocal open_now, open_then
        groups: defaultdict[_Key, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for index in open_then:
            if earlier_keys is None:
                groups[_key(earlier[index], earlier[index].path)][1].append(index)
            elif index in earlier_keys:
                groups[earlier_keys[index]][1].append(index)
        for index in open_now:
            for key in keys(index):
                if key in groups:
                    groups[key][0].append(index)
                    break
        for now, then in groups.values():
            matched.update(_pair(now, then, present, earlier))
        taken = set(matched.values())
        open_now = [index for index in open_now if index not in matched]
        open_then = [index for index in open_then if index not in taken]

    def in_place(index: int) -> Iterable[_Key]:
        return (_key(present[index], present[index].path),)

    def as_the_engines(index: int) -> Iterable[_Key]:
        one = present[index]
        return [(rule, one.path, _placeless(one.address, one.path)) for rule in others[index]]

    def renamed(index: int) -> Iterable[_Key]:
        before = renames.get(present[index].path)
        return () if before is None else (_key(present[index], before),)

    def moved(index: int) -> Iterable[_Key]:
        one = present[index]
        return ((one.rule, _module(one.path), one.address),) if one.alone and one.path.endswith(_MODULE_FILES) else ()

    pair(in_place)
    pair(as_the_engines)
    pair(renamed)
    # Within a folder of Terraform an address is one resource, whichever file it stands in.
    modules = {
        index: (earlier[index].rule, _module(earlier[index].path), earlier[index].address)
        for index in open_then
        if earlier[index].alone and earlier[index].path.endswith(_MODULE_FILES)
    }
    pair(moved, modules)
    changes: list[Change | None] = []
    for index, finding in enumerate(findings):
        if finding.outcome == "pass":
            changes.append(None)
        elif index not in matched:
            changes.append("new")
        else:
            changes.append("worsened" if _is_worse(present[index], earlier[matched[index]]) else "existing")
    return Compared(changes=tuple(changes), gone=tuple(earlier[index] for index in open_then))


def _pair(
    now: Sequence[int], then: Sequence[int], present: Sequence[Prior], earlier: Sequence[Prior]
) -> Mapping[int, int]:
    """Those with the same text; and, of a resource that stood and stands alone, the one with the other."""
    found: dict[int, int] = {}
    by_text: defaultdict[str, list[int]] = defaultdict(list)
    for index in then:
        by_text[earlier[index].text].append(index)
    for index in now:
        same = by_text[present[index].text]
        if same:
            found[index] = same.pop(0)
    if found:
        taken = set(found.values())
        now = [index for index in now if index not in found]
        then = [index for index in then if index not in taken]
    # Which of several instructions was mended and which was broken, nothing tells.
    if all(present[index].alone for index in now) and all(earlier[index].alone for index in then):
        found |= dict(zip(now, then, strict=False))
    return found


def _is_worse(now: Prior, then: Prior) -> bool:
    if _RANK[now.outcome] != _RANK[then.outcome]:
        return _RANK[now.outcome] > _RANK[then.outcome]
    if SEVERITIES.index(now.severity) < SEVERITIES.index(then.severity):
        return True
    before = dict(then.measures)
    if any(value < before.get(name, value) for name, value in now.measures):
        return True
    return bool(set(now.offences) - set(then.offences)) and now.outcome == "fail"


def _key(one: Prior, path: str) -> _Key:
    return one.rule, path, _placeless(one.address, one.path)


def _placeless(address: str, path: str) -> str:
    """Engines put a file's path into some addresses, which would change with its name."""
    return address.replace(path, "\0") if path else address


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
