"""A role's rules made ready to ask, from the fact that states them."""

from collections.abc import Collection, Iterable
from typing import Any

from msgspec import Struct

from assay.detectors.cluster.stating import unresolved
from assay.detectors.rbac.access import EVERYTHING, Rule
from assay.scanner.api import is_unknown, reason_of

_LONGEST_TEXT = 160
_SEVERAL = 2


class Rules(Struct, frozen=True, kw_only=True):
    """What a list of rules allows, as far as it could be read."""

    sure: tuple[Rule, ...] = ()
    maybe: tuple[Rule, ...] = ()
    """What is more, at most."""
    unknown: str | None = None
    """Why there may be more."""

    @property
    def all(self) -> tuple[Rule, ...]:
        """Both."""
        return (*self.sure, *self.maybe)


NO_RULES = Rules()


def anything(reason: str) -> Rules:
    """Rules of which nothing is known."""
    return Rules(maybe=(EVERYTHING,), unknown=reason)


def joined(parts: Iterable[Rules]) -> Rules:
    """Several together, each rule once."""
    parts = tuple(parts)
    return Rules(
        sure=tuple(dict.fromkeys(rule for part in parts for rule in part.sure)),
        maybe=tuple(dict.fromkeys(rule for part in parts for rule in part.maybe)),
        unknown=next((part.unknown for part in parts if part.unknown), None),
    )


def read(written: Any) -> Rules:
    """The value of the fact `rules` of a role: a list of `kinds.rbac.PolicyRule`, unknown anywhere in it."""
    if is_unknown(written):
        return anything(reason_of(written))
    return joined(map(_read_one, written))


def of_parts(
    verbs: Collection[str],
    groups: Collection[str] = (),
    resources: Collection[str] = (),
    names: Collection[str] = (),
    urls: Collection[str] = (),
) -> Rule:
    """A rule of which all is known."""
    return Rule(
        verbs=frozenset(verbs),
        groups=frozenset(groups),
        resources=frozenset(resources),
        names=frozenset(names),
        urls=frozenset(urls),
        text=_told(sorted(verbs), sorted(groups), sorted(resources), len(names), sorted(urls)),
    )


def _read_one(written: Any) -> Rules:
    if is_unknown(written):
        return anything(reason_of(written))
    parts = [_Part(written[field]) for field in ("verbs", "api_groups", "resources", "resource_names", "urls")]
    verbs, groups, resources, names, urls = parts
    reason = next((part.unknown for part in parts if part.unknown), None)
    # Without any name that is known, leaving out the unknown ones would make it a rule for all.
    sure = names.known or not names.unknown
    return Rules(
        sure=(of_parts(verbs.known, groups.known, resources.known, names.known, urls.known),) if sure else (),
        maybe=(of_parts(verbs.most, groups.most, resources.most, () if names.unknown else names.known, urls.most),)
        if reason
        else (),
        unknown=reason,
    )


class _Part:
    """One list of a rule."""

    def __init__(self, written: Any) -> None:
        self.unknown: str | None = None
        self.known: list[str] = []
        if is_unknown(written):
            self.unknown = reason_of(written)
            return
        if all(type(one) is str for one in written) and not unresolved(" ".join(written)):
            self.known = list(written)
            return
        for one in written:
            if is_unknown(one):
                self.unknown = reason_of(one)
            elif unresolved(one):
                self.unknown = "unresolved: an entry in a rule of the role"
            else:
                self.known.append(one)

    @property
    def most(self) -> list[str]:
        return ["*"] if self.unknown else self.known


def _told(verbs: list[str], groups: list[str], resources: list[str], names: int, urls: list[str]) -> str:
    told = [*urls]
    if resources:
        listed = ",".join(resources)
        if len(groups) >= _SEVERAL:
            listed += f" of {','.join(group or 'core' for group in groups)}"
        elif groups and groups[0]:
            listed += f".{groups[0]}" if len(resources) < _SEVERAL else f" of {groups[0]}"
        told.append(listed)
    text = f"{','.join(verbs)} {','.join(told)}"
    if names:
        text += " of one name" if names == 1 else f" of {names} names"
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
