"""Powers that take several rights, where a subject has these by several grants and by none of them alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any

from msgspec import Struct

from assay.detectors.rbac.access import SOMEONE, Holding, Rule, Subject, identities
from assay.detectors.rbac.compile import Access
from assay.detectors.rbac.dangers import DANGERS
from assay.detectors.rbac.powers import rights_of
from assay.scanner.api import Unknown

_MOST_PLACES = 200_000
"""Places of subjects and of their groups, looked at in one source. A cluster with 5,000 bindings needs 2,000."""
_MOST_TOLD = 50
_TOO_MUCH = "too many grants give parts of what is dangerous together"
_SEVERAL = 2


class _State(Struct, frozen=True):
    """What of one power is held in a place."""

    sure: Mapping[int, tuple[str, str]] = {}
    """Each of its rights that is, with the first binding that gives it, and that one's rule."""
    maybe: Mapping[int, str] = {}
    """Each that may be, with the reason why that isn't known."""
    alone: bool = False
    """One grant gives the power, in this way or in another."""
    bindings: frozenset[str] = frozenset()
    """Some that give or may give anything of it, `_SEVERAL` at most."""


_Held = Mapping[str | None, Mapping[int, _State]]
"""By place, None being the whole cluster, and by the power's place in the table."""
_NOTHING = _State()


class Together:
    """Asked of one subject after the other; what members hold is put together once."""

    def __init__(self, found: Access) -> None:
        self._found = found
        self._rights: dict[tuple[int, bool], Mapping[int, Mapping[int, str]]] = {}
        self._held: dict[tuple[Subject, ...], _Held] = {}
        self._someone = self._of_all(one for _, held in found.given for one in held if one.subject == SOMEONE)
        self._left = _MOST_PLACES

    def of(self, subject: Subject) -> list[Any]:
        """The fact `together`."""
        own, *groups = identities(subject)
        others = self._of_groups(tuple(groups))
        several = others or self._someone or len(self._found.named(own)) >= _SEVERAL
        mine = self._of_member(own) if several else {}
        places = sorted({*mine, *(others if None in mine else ())}, key=lambda place: place or "")
        self._left -= len(places)
        if self._left < 0:
            return [Unknown(reason=_TOO_MUCH)]
        told: dict[tuple[str, str], dict[str, Any]] = {}
        unsure = self._found.unread
        wide: set[str] = set()
        """Powers that are told for the whole cluster."""
        for place in places:
            for danger in sorted({danger for at in {None, place} for danger in mine.get(at, ())}):
                whole = _merged([_at(mine, place, danger), _at(others, place, danger)])
                power = DANGERS[danger].power
                if _joint(whole, danger) and not _joint_in_any_way(others, place, power) and power not in wide:
                    told.setdefault((power, place or ""), _fact(power, place, whole))
                    if place is None:
                        wide.add(power)
                elif reason := self._why_unknown(whole, place, danger):
                    unsure = unsure or reason
        listed: list[Any] = [told[key] for key in sorted(told)]
        if len(listed) > _MOST_TOLD:
            listed, unsure = listed[:_MOST_TOLD], f"{len(listed) - _MOST_TOLD} more"
        return [*listed, Unknown(reason=unsure)] if unsure else listed

    def _why_unknown(self, held: _State, place: str | None, danger: int) -> str | None:
        """Why it may have the power by several grants."""
        held = _merged([held, _at(self._someone, place, danger)])
        parts = range(len(DANGERS[danger].rights))
        if held.alone or len(held.bindings) < _SEVERAL or not all(at in held.sure or at in held.maybe for at in parts):
            return None
        return next((held.maybe[at] for at in parts if at not in held.sure), None)

    def _of_member(self, member: Subject) -> _Held:
        if (member,) not in self._held:
            self._held[member,] = self._of_all(self._found.named(member))
        return self._held[member,]

    def _of_groups(self, groups: tuple[Subject, ...]) -> _Held:
        if groups not in self._held:
            self._held[groups] = _joined([self._of_member(one) for one in groups])
        return self._held[groups]

    def _of_all(self, holdings: Iterable[Holding]) -> _Held:
        found: dict[str | None, dict[int, list[_State]]] = defaultdict(lambda: defaultdict(list))
        for one in holdings:
            for danger, state in self._states(one):
                found[one.namespace][danger].append(state)
        return {place: {danger: _merged(some) for danger, some in by.items()} for place, by in found.items()}

    def _states(self, one: Holding) -> Iterable[tuple[int, _State]]:
        cluster = one.namespace is None
        sure = self._rights_of(one.rules, cluster)
        maybe = self._rights_of(one.maybe, cluster)
        reason = one.unknown or ""
        if one.subject == SOMEONE:
            sure, maybe = {}, _united(sure, maybe)
            reason = reason or f"a subject of {one.binding} could not be read"
        if not sure and not maybe:
            return
        alone = {DANGERS[danger].power for danger, given in sure.items() if len(given) == len(DANGERS[danger].rights)}
        for danger in sorted({*sure, *maybe, *(at for power in alone for at in _ways()[power])}):
            yield (
                danger,
                _State(
                    sure={at: (one.binding, rule) for at, rule in sure.get(danger, {}).items()},
                    maybe=dict.fromkeys(maybe.get(danger, ()), reason),
                    alone=DANGERS[danger].power in alone,
                    bindings=frozenset({one.binding}),
                ),
            )

    def _rights_of(self, rules: tuple[Rule, ...], cluster: bool) -> Mapping[int, Mapping[int, str]]:
        # Holdings of one role share its rules, which are kept as long as these.
        key = (id(rules), cluster)
        if key not in self._rights:
            self._rights[key] = rights_of(rules, cluster)
        return self._rights[key]


@cache
def _ways() -> Mapping[str, Sequence[int]]:
    """The places in the table of each power's lines."""
    found: dict[str, list[int]] = defaultdict(list)
    for danger, line in enumerate(DANGERS):
        found[line.power].append(danger)
    return found


def _united(one: Mapping[int, Mapping[int, str]], other: Mapping[int, Mapping[int, str]]) -> dict[int, dict[int, str]]:
    return {danger: {**other.get(danger, {}), **one.get(danger, {})} for danger in {*one, *other}}


def _at(held: _Held, place: str | None, danger: int) -> _State:
    """What holds there: what is given in the whole cluster, too."""
    wide = held.get(None, {}).get(danger, _NOTHING)
    if place is None or danger not in held.get(place, {}):
        return wide
    return _merged([wide, held[place][danger]])


def _joined(several: Sequence[_Held]) -> _Held:
    found: dict[str | None, dict[int, list[_State]]] = defaultdict(lambda: defaultdict(list))
    for held in several:
        for place, by_danger in held.items():
            for danger, state in by_danger.items():
                found[place][danger].append(state)
    return {place: {danger: _merged(some) for danger, some in by.items()} for place, by in found.items()}


def _merged(states: Sequence[_State]) -> _State:
    states = [state for state in states if state is not _NOTHING]
    if len(states) <= 1:
        return states[0] if states else _NOTHING
    sure: dict[int, tuple[str, str]] = {}
    maybe: dict[int, str] = {}
    for state in states:
        for at, given in state.sure.items():
            sure[at] = min(sure.get(at, given), given)
        for at, reason in state.maybe.items():
            maybe[at] = min(maybe.get(at, reason), reason)
    bindings = sorted(set(chain.from_iterable(state.bindings for state in states)))[:_SEVERAL]
    return _State(sure, maybe, any(state.alone for state in states), frozenset(bindings))


def _joint(held: _State, danger: int) -> bool:
    return not held.alone and len(held.sure) == len(DANGERS[danger].rights)


def _joint_in_any_way(held: _Held, place: str | None, power: str) -> bool:
    return any(_joint(_at(held, place, danger), danger) for danger in _ways()[power])


def _fact(power: str, place: str | None, held: _State) -> dict[str, Any]:
    rights = [f"{rule} ({binding})" for _, (binding, rule) in sorted(held.sure.items())]
    return {
        "power": power,
        "namespace": place,
        "grants": sorted({binding for binding, _ in held.sure.values()}),
        "told": " and ".join(rights),
    }
