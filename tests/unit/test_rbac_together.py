"""Powers that a subject has by several grants are told of it, and only where none of them gives one alone."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.detectors.rbac import together
from assay.detectors.rbac.access import Subject
from assay.detectors.rbac.compile import Access, compile_access
from assay.detectors.rbac.dangers import DANGERS, Right
from assay.detectors.rbac.subjects import subjects
from assay.detectors.rbac.together import Together
from assay.detectors.worlds import with_facts, worlds
from assay.policies import book as policy
from assay.policies import rule_files
from assay.policies.compiled import compile_rule, prepare
from assay.scanner.api import Known, Unknown, is_unknown
from tests.unit.rbac_requests import ML, TRAIN, may
from tests.unit.rbac_source import access, binding, listing, resources, role, rule, world

CSR = ("certificates.k8s.io",)
MINE, OF_ML, OF_ALL = "ServiceAccount:ml/train", "Group:system:serviceaccounts:ml", "Group:system:serviceaccounts"
SEVERAL = [danger for danger in DANGERS if len(danger.rights) > 1]
HALVES = {
    "approve-certificates": (
        rule("update", "certificatesigningrequests/approval", CSR),
        rule("approve", "signers", CSR),
    ),
    "issue-token-secrets": (rule("create", "secrets"), rule("list", "secrets")),
    "steal-pods": (rule("create", "pods/eviction"), rule("patch", "nodes/status")),
}
OTHER_WAYS = {
    "approve-certificates": (rule("update", "certificatesigningrequests/status", CSR), rule("sign", "signers", CSR)),
    "steal-pods": (rule("deletecollection", "pods"), rule("delete", "nodes")),
}
RULE = next(
    one
    for one in rule_files.load(policy.HOME / "rules" / "rbac", policy.load([]).safeguards, prove=False)
    if one.id == "subject-no-dangerous-combination"
)


def _two(power: str, subject: str = MINE, first: str | None = None, second: str | None = None) -> list[dict[str, Any]]:
    """One half for the account, the other for it or for a group, each in the whole cluster or in a namespace."""
    one, other = HALVES[power]
    return [
        role("one", one),
        role("other", other),
        binding("a", "one", MINE, namespace=first),
        binding("b", "other", subject, namespace=second),
    ]


def _of(found: Access, subject: Subject = TRAIN) -> list[tuple[str, str | None]]:
    return [(one["power"], one["namespace"]) for one in Together(found).of(subject) if not is_unknown(one)]


def test_there_are_powers_that_take_several_rights() -> None:
    assert {danger.power for danger in SEVERAL} == set(HALVES)


@pytest.mark.parametrize("power", HALVES)
@pytest.mark.parametrize("subject", [MINE, OF_ML, OF_ALL, "Group:system:authenticated"])
def test_two_halves_make_a_finding_of_the_subject(power: str, subject: str) -> None:
    found = world(_two(power, subject))
    told = {one.address: one for one in subjects(found, compile_access(found))}["ServiceAccount:ml/train"]
    fact = told.facts["together"]
    assert isinstance(fact, Known)
    [one] = fact.value
    assert (one["power"], one["namespace"]) == (power, None)
    assert one["grants"] == ["ClusterRoleBinding.a", "ClusterRoleBinding.b"]
    decision = compile_rule(RULE).decide(*prepare(told))
    assert decision.outcome == "fail" and "ClusterRoleBinding.b" in decision.shown["told"]


@pytest.mark.parametrize("power", OTHER_WAYS)
def test_the_other_way_to_a_power_counts_as_well(power: str) -> None:
    one, other = OTHER_WAYS[power]
    bound = [binding("a", "one", MINE), binding("b", "other", MINE)]
    assert _of(access([role("one", one), role("other", other), *bound])) == [(power, None)]


@pytest.mark.parametrize("power", HALVES)
def test_one_grant_that_gives_it_all_is_told_of_the_grant(power: str) -> None:
    whole = [role("whole", *HALVES[power]), binding("w", "whole", MINE)]
    assert _of(access([*whole, *_two(power)])) == []
    everything = [role("everything", rule("*", "*", ("*",))), binding("w", "everything", MINE)]
    assert _of(access([*everything, *_two(power)])) == []


def test_a_power_that_one_grant_gives_is_not_told_in_another_way() -> None:
    evicts, deletes = HALVES["steal-pods"], OTHER_WAYS["steal-pods"]
    objects = [
        role("whole", *evicts),
        binding("w", "whole", MINE),
        role("half", deletes[0]),
        binding("h", "half", MINE),
    ]
    assert _of(access(objects)) == []


def test_halves_in_different_namespaces_are_harmless() -> None:
    assert _of(access(_two("issue-token-secrets", first="ml", second="web"))) == []
    assert _of(access(_two("issue-token-secrets", first="ml", second="ml"))) == [("issue-token-secrets", "ml")]
    assert _of(access(_two("issue-token-secrets", first="ml"))) == [("issue-token-secrets", "ml")]


def test_a_role_binding_grants_no_half_that_has_no_namespace() -> None:
    assert _of(access(_two("steal-pods", second="ml"))) == []
    assert _of(access(_two("steal-pods", first="ml"))) == [("steal-pods", "ml")]
    assert _of(access(_two("approve-certificates", first="ml", second="ml"))) == []


def test_making_pods_is_no_way_to_steal_them() -> None:
    objects = [role("one", rule("create", "pods")), role("other", rule("patch", "nodes"))]
    assert _of(access([*objects, binding("a", "one", MINE), binding("b", "other", MINE)])) == []


def test_what_holds_in_the_whole_cluster_is_told_once() -> None:
    narrower = [binding(f"n{number}", "other", MINE, namespace="ml") for number in range(3)]
    assert _of(access([*_two("issue-token-secrets"), *narrower])) == [("issue-token-secrets", None)]


def test_what_a_group_has_by_itself_is_told_of_the_group_alone() -> None:
    one, other = HALVES["steal-pods"]
    objects = [role("one", one), role("other", other), binding("a", "one", OF_ML), binding("b", "other", OF_ALL)]
    found = access([*objects, role("r", one), binding("c", "r", MINE)])
    assert _of(found) == []
    assert _of(found, Subject(type="Group", name="system:serviceaccounts:ml")) == [("steal-pods", None)]
    assert _of(found, Subject(type="Group", name="system:serviceaccounts")) == []


def test_what_a_group_has_by_itself_is_not_told_again_where_another_way_leads_to_it() -> None:
    (one, other), (another, _) = HALVES["steal-pods"], OTHER_WAYS["steal-pods"]
    objects = [role("one", one), role("other", other), binding("a", "one", OF_ML), binding("b", "other", OF_ML)]
    assert _of(access([*objects, role("r", another), binding("c", "r", MINE)])) == []


def test_a_role_that_is_declared_elsewhere_may_be_the_other_half() -> None:
    [one, _] = HALVES["steal-pods"]
    objects = [role("one", one), binding("a", "one", MINE), binding("b", "elsewhere", MINE)]
    [only] = Together(access(objects)).of(TRAIN)
    assert only == Unknown(reason="ClusterRole.elsewhere isn't declared here")


def test_what_one_unread_grant_may_give_alone_is_told_of_the_grant() -> None:
    assert Together(access([binding("b", "elsewhere", MINE)])).of(TRAIN) == []
    objects = [role("r", rule("get", "pods")), binding("a", "r", MINE), binding("b", "elsewhere", MINE)]
    assert Together(access(objects)).of(TRAIN) == []


def test_a_sure_combination_is_told_beside_an_unknown_one() -> None:
    half = [role("half", HALVES["steal-pods"][0]), binding("h", "half", MINE), binding("c", "elsewhere", MINE)]
    [sure, unsure] = Together(access([*_two("issue-token-secrets"), *half])).of(TRAIN)
    assert sure["power"] == "issue-token-secrets" and is_unknown(unsure)


def test_bindings_that_could_not_be_listed_leave_it_unknown() -> None:
    extra = [listing("rbac.role"), listing("rbac.binding", "403")]
    assert Together(access([], live=True, extra=extra)).of(TRAIN) == [Unknown(reason="403")]


def test_a_subject_that_could_not_be_read_may_be_this_one() -> None:
    given = resources(_two("steal-pods"))
    hidden = with_facts(given[3], {"subjects": Known(value=[Unknown(reason="unresolved")])})
    [one] = worlds([*given[:3], hidden])
    reason = "a subject of ClusterRoleBinding.b could not be read"
    assert Together(compile_access(one)).of(TRAIN) == [Unknown(reason=reason)]


def test_very_many_places_are_told_in_bounded_space(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = HALVES["issue-token-secrets"]
    roles = [role("one", one), role("other", other)]
    bound = [binding(f"b{number}", "other", MINE, namespace=f"n{number:03}") for number in range(200)]
    told = Together(access([*roles, binding("a", "one", MINE), *bound])).of(TRAIN)
    assert len(told) == 51 and told[-1] == Unknown(reason="150 more")
    monkeypatch.setattr(together, "_MOST_PLACES", 100)
    assert is_unknown(Together(access([*roles, binding("a", "one", MINE), *bound])).of(TRAIN)[0])


_PLACES = (None, ML, "web")
_bindings = st.lists(
    st.tuples(
        st.sampled_from([f"{index}-{part}" for index, danger in enumerate(SEVERAL) for part in range(2)] + ["whole"]),
        st.sampled_from((MINE, OF_ML, "Group:system:authenticated")),
        st.sampled_from(_PLACES),
    ),
    min_size=1,
    max_size=6,
)


def _least(right: Right) -> dict[str, Any]:
    group, resource = right.things[0]
    return rule(right.verbs[0], resource, (group,), names=right.names[:1])


_ROLES = [
    *(
        role(f"{index}-{part}", _least(right))
        for index, danger in enumerate(SEVERAL)
        for part, right in enumerate(danger.rights)
    ),
    role("whole", *(_least(right) for right in SEVERAL[0].rights)),
]


def _has(objects: Sequence[dict[str, Any]], power: str, place: str | None) -> bool:
    found = access([*_ROLES, *objects], live=True)
    return any(
        all(may(found, right, place, right.names or ("x",)) for right in danger.rights)
        for danger in SEVERAL
        if danger.power == power
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_bindings)
def test_it_is_told_exactly_where_requests_are_allowed_and_by_no_binding_alone(bound: list[Any]) -> None:
    objects = [binding(f"b{number}", of, who, namespace=place) for number, (of, who, place) in enumerate(bound)]
    mine = [one for one, (_, who, _) in zip(objects, bound, strict=True) if who == MINE]
    groups = [one for one in objects if one not in mine]
    told = set(_of(access([*_ROLES, *objects], live=True)))
    for power in HALVES:
        wide = False
        for place in _PLACES:
            alone = any(_has([one], power, place) for one in objects)
            expected = not alone and _has(objects, power, place) and not _has(groups, power, place)
            assert ((power, place) in told) is (expected and not wide), (power, place)
            wide = wide or (expected and place is None)
