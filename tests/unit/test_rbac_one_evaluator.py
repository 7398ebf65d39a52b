"""Powers and techniques say of roles what single requests say, in both directions: nothing more, nothing less."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.detectors.rbac import rules
from assay.detectors.rbac.access import Rule, What
from assay.detectors.rbac.compile import Access
from assay.detectors.rbac.dangers import DANGERS, EVERYTHING, WILDCARD_RESOURCES, WILDCARD_VERBS, Danger, Right
from assay.detectors.rbac.powers import powers_of
from assay.detectors.rbac.techniques import TECHNIQUES, Ability, Need, Technique, abilities
from tests.unit.rbac_requests import ML, TRAIN, may
from tests.unit.rbac_source import access, binding, role, rule

FRESH = "not-in-any-rule"
WILDCARDS = {WILDCARD_VERBS, WILDCARD_RESOURCES}
RIGHTS: tuple[Right | Need, ...] = (
    *(right for danger in DANGERS for right in danger.rights),
    *(need for technique in TECHNIQUES for need in technique.needs),
)
_OF_THE_TABLES = {name for one in RIGHTS if isinstance(one, Right) for name in one.names}
NAMES = ("one", ML, "kube-system", "restricted", *sorted(_OF_THE_TABLES))
VERBS = ("get", "list", "create", "patch", "delete", "deletecollection", "*")
RESOURCES = ("secrets", "pods", "*/exec", "*/approval", "*", "userextras/scopes", "pods/*", "namespaces", "*/*")


@st.composite
def _near(draw: st.DrawFn) -> dict[str, Any]:
    """A rule that is about one of the tables' rights, or nearly."""
    right = draw(st.sampled_from(RIGHTS))
    things = draw(st.lists(st.sampled_from(right.things), min_size=1, max_size=2, unique=True))
    groups = draw(st.sampled_from((sorted({group for group, _ in things}), ["*"], ["example.com"], ["", "apps"])))
    resources = {resource.replace("/*", draw(st.sampled_from(("/*", "/scopes")))) for _, resource in things}
    resources |= draw(st.sets(st.sampled_from(RESOURCES), max_size=1))
    verbs = draw(st.sets(st.sampled_from(right.verbs), min_size=1)) | draw(st.sets(st.sampled_from(VERBS), max_size=1))
    names = draw(st.sets(st.sampled_from(NAMES), max_size=2)) if draw(st.booleans()) else ()
    return rule(",".join(sorted(verbs)), ",".join(sorted(resources)), groups, sorted(names))


_roles = st.lists(_near(), min_size=1, max_size=4)
_places = st.sampled_from((None, ML, "kube-system"))
_tried = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _naming(written: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Without rules that a wildcard opens to anything."""
    return [one for one in written if "*" not in one["resources"] and "*" not in one["apiGroups"]]


def _bound(written: Sequence[Mapping[str, Any]], place: str | None) -> Access:
    return access([role("r", *written), binding("b", "r", "ServiceAccount:ml/train", namespace=place)], live=True)


def _read(written: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    return tuple(
        rules.of_parts(one["verbs"], one["apiGroups"], one["resources"], one.get("resourceNames", ()))
        for one in written
    )


def _asked_names(written: Iterable[Mapping[str, Any]]) -> list[str]:
    """All that rules tell apart: each name in them, those of the places, and any other."""
    return sorted({FRESH, ML, "kube-system"}.union(*(one.get("resourceNames", ()) for one in written)))


def _dangerous_names(right: Right, names: Sequence[str]) -> list[str]:
    return [name for name in right.names or names if name not in right.harmless]


def _expected(found: Access, danger: Danger, place: str | None, names: Sequence[str]) -> bool:
    return all(
        (place is None or not right.namespaces or place in right.namespaces)
        and may(found, right, place, _dangerous_names(right, names))
        for right in danger.rights
    )


@_tried
@given(_roles, _places)
def test_a_power_is_told_exactly_where_its_requests_would_be_allowed(written: list[Any], place: str | None) -> None:
    found = _bound(written, place)
    told = {one.power for one in powers_of(_read(written), place)}
    if EVERYTHING in told:
        anything = What(group="*", resource="*")
        assert all(found.can(TRAIN, verb, anything, place) for verb in ("get", "create", "delete"))
        return
    assert not found.can(TRAIN, "*", What(group="*", resource="*"), place)
    names = _asked_names(written)
    assert told - WILDCARDS == {danger.power for danger in DANGERS if _expected(found, danger, place, names)}


@_tried
@given(_roles, _places)
def test_a_power_tells_verbs_and_names_that_would_be_allowed(written: list[Any], place: str | None) -> None:
    found = _bound(written, place)
    for held in powers_of(_read(written), place):
        lines = [right for danger in DANGERS if danger.power == held.power for right in danger.rights]
        group, _, resource = held.resource.rpartition("/") if "." in held.resource.split("/")[0] else ("", "", "")
        about = [one for one in lines if (group, resource) in one.things or ("", held.resource) in one.things]
        for verb in held.verbs if about else ():
            assert any(
                may(found, one, place, [name], [verb])
                for one in about
                if verb in one.verbs
                for name in held.names or _dangerous_names(one, [FRESH, ML, "kube-system"])
            ), (held, verb)


class _Reaches:
    """Whether needs are met for a name; where names don't count, for any."""

    def __init__(self, written: Sequence[Mapping[str, Any]], place: str | None, names: Sequence[str]) -> None:
        self._all, self._naming = _bound(written, place), _bound(_naming(written), place)
        self._place, self._names = place, names
        self._asked: dict[tuple[Need, str], bool] = {}

    def __call__(self, need: Need, name: str) -> bool:
        counts = need.named or need.namespaces
        key = (need, name if counts else "")
        if key not in self._asked:
            found = self._naming if need.explicit else self._all
            self._asked[key] = may(found, need, self._place, [name] if counts else self._names)
        return self._asked[key]


def _told(given: Iterable[Ability], place: str | None, name: str) -> bool:
    for one in given:
        needs = one.technique.needs if one.need is None else (one.technique.needs[one.need],)
        here = any(need.namespaces for need in needs) and place is not None
        if one.name in ("", name) and not (here and name != place):
            return True
    return False


def _parts(told: Sequence[Ability], technique: Technique) -> Iterator[tuple[Need, list[Ability]]]:
    for index, need in enumerate(technique.needs):
        yield need, [one for one in told if one.technique is technique and one.need == index]


@_tried
@given(_roles, _places)
def test_a_technique_is_told_exactly_where_its_requests_would_be_allowed(written: list[Any], place: str | None) -> None:
    names = _asked_names(written)
    reaches = _Reaches(written, place, names)
    told, beyond = abilities(_read(written), place is None)
    assert beyond is None
    for technique in TECHNIQUES:
        whole = [one for one in told if one.technique is technique and one.need is None]
        for name in names:
            expected = all(reaches(need, name) for need in technique.needs)
            assert _told(whole, place, name) is expected, (technique.id, name)
        if any(one.name == "" for one in whole) or len(technique.needs) == 1:
            continue
        for need, parts in _parts(told, technique):
            for name in names:
                assert _told(parts, place, name) is reaches(need, name), (technique.id, need, name)


@pytest.mark.parametrize("right", RIGHTS, ids=lambda one: f"{','.join(one.verbs[:2])}-{one.things[0][1]}")
def test_the_generated_rules_reach_every_line_of_the_tables(right: Right | Need) -> None:
    """The comparisons above would be worth little if no rule allowed anything."""
    group, resource = right.things[0]
    names = right.names if isinstance(right, Right) else ()
    written = [rule(right.verbs[0], resource.replace("/*", "/scopes"), (group,))]
    assert may(_bound(written, None), right, None, names or (FRESH,))
