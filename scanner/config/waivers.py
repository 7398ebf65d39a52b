"""The file of accepted risks."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from msgspec import Struct

from assay.policies.read import at, convert, line_at, nearest, parse, read_bytes


class Waiver(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One accepted risk."""

    rule: str
    """The id of a rule or of an engine's check."""
    address: str
    """Which resources; `*` stands for any text, and nothing else is special."""
    reason: str
    path: str = "*"
    """Which files, likewise; relative to the scanned folder."""
    owner: str | None = None
    """Who answers for it."""
    until: date | None = None
    """The last day on which it counts."""


class WaiverFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As written."""

    waivers: tuple[Waiver, ...]


class PlacedWaiver(Struct, frozen=True, kw_only=True):
    """A waiver and where it stands."""

    waiver: Waiver
    file: str
    """As the user named it."""
    line: int


def load_waivers(path: Path, name: str, rules: Mapping[str, str]) -> tuple[PlacedWaiver, ...]:
    """In the file's order, rules by their present ids. Raises PolicyError, with file and line, for what can't be used.

    `rules` gives the present id of every rule and check by each of its names; `name` is what messages call the file.
    """
    text = read_bytes(path)
    shown = Path(name)
    found = convert(parse(text, shown), WaiverFile, text, shown)
    placed: list[PlacedWaiver] = []
    for index, waiver in enumerate(found.waivers):
        where = ("waivers", index)
        for field in ("rule", "address", "reason", "path"):
            if not getattr(waiver, field).strip():
                raise at("it may not be empty", text, shown, (*where, field))
        if waiver.rule not in rules:
            hint = nearest(waiver.rule, rules) or "; `assay rules` lists them"
            raise at(f"no rule or check is named {waiver.rule!r}{hint}", text, shown, (*where, "rule"))
        waiver = Waiver(
            rule=rules[waiver.rule],
            address=waiver.address,
            reason=" ".join(waiver.reason.split()),
            path=waiver.path,
            owner=waiver.owner,
            until=waiver.until,
        )
        placed.append(PlacedWaiver(waiver=waiver, file=name, line=line_at(text, where)))
    return tuple(placed)


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits a pattern in which `*` stands for any text. Linear but for the number of `*`."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    *middle, last = rest
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    place, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True
