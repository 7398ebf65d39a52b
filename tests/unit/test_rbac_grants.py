"""What is stated of grants and subjects: who, by which binding, how sure."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from assay.detectors.rbac.compile import compile_access
from assay.detectors.rbac.derive import derive
from assay.detectors.rbac.grants import grants
from assay.detectors.rbac.subjects import subjects
from assay.detectors.worlds import World, with_facts, worlds
from assay.scanner.api import Known, Location, Resource, Unknown, is_unknown
from assay.scanner.kinds import registry
from tests.unit.rbac_source import LISTED, account, binding, listing, resources, role, rule, world

_READER = role("reader", rule("get,list", "secrets"))
_DERIVED_LATER = {"paths"}


def _grants(found: World) -> dict[str, Resource]:
    made = {one.address: one for one in grants(found.source, compile_access(found))}
    for one in made.values():
        _check(one)
    return made


def _subjects(found: World) -> dict[str, Resource]:
    made = {one.address: one for one in subjects(found, compile_access(found))}
    for one in made.values():
        _check(one)
    return made


def _check(one: Resource) -> None:
    registry.check(one)
    assert set(one.facts) | _DERIVED_LATER >= set(registry.fields(one.kind))


def _value(one: Resource, field: str) -> Any:
    fact = one.facts[field]
    assert isinstance(fact, Known), f"{field}: {fact}"
    return fact.value


def _powers(one: Resource) -> list[str]:
    return [power["power"] for power in _value(one, "powers") if not is_unknown(power)]


def _pods(name: str, namespace: str = "ml", **facts: Any) -> Resource:
    stated = {
        "source": "manifests",
        "namespace": namespace,
        "service_account": "default",
        "token_declared": None,
        "volumes": [],
        **facts,
    }
    return Resource(
        kind="workload.pods",
        address=f"Deployment.{namespace}.{name}",
        surface="kubernetes",
        facts={key: fact if isinstance(fact, Unknown) else Known(value=fact) for key, fact in stated.items()},
    )


def _derived(*given_: Resource) -> dict[str, Resource]:
    return {one.address: one for one in derive(given_)}


def test_each_binding_and_subject_is_a_grant() -> None:
    made = _grants(world([_READER, binding("b", "reader", "Group:devs", "ServiceAccount:ml/train", namespace="ml")]))
    assert set(made) == {"RoleBinding.ml.b#Group:devs", "RoleBinding.ml.b#ServiceAccount:ml/train"}
    one = made["RoleBinding.ml.b#ServiceAccount:ml/train"]
    assert _value(one, "subject") == "ml/train" and _value(one, "subject_type") == "ServiceAccount"
    assert _value(one, "namespace") == "ml" and _value(one, "role") == "ClusterRole.reader"
    assert _powers(one) == ["read-secrets"] == _value(one, "holds")
    assert _value(one, "areas") == ["secrets"] and _value(one, "unread") is False


def test_an_engines_verdict_on_a_binding_is_taken_along_only_for_its_only_subject() -> None:
    alone = binding("a", "reader", "Group:devs")
    both = binding("b", "reader", "Group:devs", "Group:ops")
    made = _grants(world([_READER, alone, both]))
    assert made["ClusterRoleBinding.a#Group:devs"].aliases == ("ClusterRoleBinding.a",)
    assert made["ClusterRoleBinding.b#Group:devs"].aliases == ()


def test_a_grant_is_where_its_binding_is() -> None:
    found = resources([_READER, binding("b", "reader", "Group:devs")])
    place = Location(path="rbac.yaml", start_line=3, end_line=9)
    [one] = worlds([found[0], structs.replace(found[1], location=place, aliases=("ClusterRoleBinding.default.b",))])
    [grant] = grants(one.source, compile_access(one))
    assert grant.location == place and grant.surface == "kubernetes"
    assert grant.aliases == ("ClusterRoleBinding.b", "ClusterRoleBinding.default.b")


def test_everyone_is_told_by_how_wide_it_is() -> None:
    wide = {
        "User:system:anonymous": "anonymous",
        "Group:system:unauthenticated": "anonymous",
        "Group:system:authenticated": "authenticated",
        "Group:system:serviceaccounts": "service-accounts",
        "Group:system:serviceaccounts:ml": None,
        "User:system:authenticated": None,
        "Group:devs": None,
    }
    made = _grants(world([_READER, binding("b", "reader", *wide)]))
    assert {name: _value(made[f"ClusterRoleBinding.b#{name}"], "everyone") for name in wide} == wide


def test_a_default_account_is_a_service_account() -> None:
    names = ("ServiceAccount:ml/default", "User:system:serviceaccount:web:default", "User:default", "Group:default")
    made = _grants(world([_READER, binding("b", "reader", *names)]))
    told = {address.split("#")[1]: _value(one, "default_account") for address, one in made.items()}
    assert told == {
        "ServiceAccount:ml/default": True,
        "ServiceAccount:web/default": True,
        "User:default": False,
        "Group:default": False,
    }


def test_a_role_that_is_not_here_may_hold_anything() -> None:
    [one] = _grants(world([binding("b", "elsewhere", "Group:devs")])).values()
    assert _value(one, "unread") is True and _value(one, "holds") == []
    [power] = _value(one, "powers")
    assert is_unknown(power) and "ClusterRole.elsewhere isn't declared here" in power.reason


def test_in_a_live_cluster_a_role_that_is_not_there_grants_nothing() -> None:
    [one] = _grants(world([binding("b", "gone", "Group:devs")], live=True)).values()
    assert _value(one, "powers") == [] and _value(one, "unread") is False


def test_in_a_live_cluster_a_role_that_could_not_be_listed_may_hold_anything() -> None:
    extra = [listing("rbac.role", "clusterroles: 403 Forbidden"), listing("rbac.binding")]
    [one] = _grants(world([binding("b", "gone", "Group:devs")], live=True, extra=extra)).values()
    assert _value(one, "unread") is True
    assert _value(one, "powers") == [Unknown(reason="clusterroles: 403 Forbidden")]


def test_what_is_unknown_of_a_role_leaves_what_is_known() -> None:
    found = resources([_READER, binding("b", "reader", "Group:devs")])
    written = [*_value(found[0], "rules"), Unknown(reason="unresolved: rules")]
    [one] = worlds([with_facts(found[0], {"rules": Known(value=written)}), found[1]])
    [grant] = _grants(one).values()
    assert _powers(grant) == ["read-secrets"] == _value(grant, "holds") and _value(grant, "unread") is True


def test_what_is_unknown_and_harmless_is_not_told() -> None:
    found = resources([_READER, binding("b", "reader", "Group:devs")])
    verbs = {**_value(found[0], "rules")[0], "api_groups": ["example.com"], "verbs": ["get", Unknown(reason="x")]}
    harmless = {**verbs, "verbs": ["get"], "resource_names": [Unknown(reason="x")]}
    [one] = worlds([with_facts(found[0], {"rules": Known(value=[harmless])}), found[1]])
    [grant] = _grants(one).values()
    assert _value(grant, "powers") == [] and _value(grant, "unread") is False
    [one] = worlds([with_facts(found[0], {"rules": Known(value=[verbs])}), found[1]])
    [grant] = _grants(one).values()
    assert _value(grant, "unread") is True


def test_a_subject_that_could_not_be_read_holds_what_the_binding_gives() -> None:
    found = resources([_READER, binding("b", "reader", "Group:devs")])
    hidden = Known(value=[*_value(found[1], "subjects"), Unknown(reason="unresolved: subject")])
    [one] = worlds([found[0], with_facts(found[1], {"subjects": hidden})])
    made = _grants(one)
    unknown = made["ClusterRoleBinding.b#unknown"]
    assert _powers(unknown) == ["read-secrets"]
    assert all(isinstance(unknown.facts[field], Unknown) for field in ("subject", "everyone", "default_account"))


def test_kubernetes_own_grant_is_expected_unless_its_role_was_changed_or_not_read() -> None:
    bound = binding("system:discovery", "system:discovery", "Group:system:authenticated")
    own, changed = (
        role("system:discovery", rule("get", urls=urls)) for urls in (("/api", "/version"), ("/api", "/logs"))
    )
    extra = [listing("rbac.role", "403"), listing("rbac.binding")]
    [one] = _grants(world([own, bound], live=True)).values()
    assert _value(one, "expected") is True
    [one] = _grants(world([changed, bound], live=True)).values()
    assert _value(one, "expected") is False
    [one] = _grants(world([bound], live=True, extra=extra)).values()
    assert isinstance(one.facts["expected"], Unknown)
    [one] = _grants(world([binding("b", "view", "Group:devs")], live=True, extra=extra)).values()
    assert _value(one, "expected") is False


def test_names_of_people_are_in_no_fact() -> None:
    person = "jane.doe@example.com"
    impersonator = role("i", rule("impersonate", "users,groups", names=(person, "system:admin", "devs")))
    made = _grants(world([impersonator, binding("b", "i", "Group:devs")]))
    [one] = made.values()
    assert person not in str(one) and "system:admin" in str(one)
    by_resource = {power["resource"]: power["names"] for power in _value(one, "powers")}
    assert "devs" in by_resource["groups"] and "devs" not in by_resource["users"]


def test_many_names_are_told_in_part() -> None:
    names = [f"s{number:04}" for number in range(1_000)]
    made = _grants(world([role("r", rule("get", "secrets", names=names)), binding("b", "r", "Group:devs")]))
    [one] = made.values()
    [power] = _value(one, "powers")
    assert len(power["names"]) == 21 and is_unknown(power["names"][-1])


def test_subjects_are_whoever_is_bound_or_runs_something() -> None:
    found = resources([_READER, binding("b", "reader", "Group:devs", "User:user-1", "ServiceAccount:ml/train")])
    [one] = worlds([*found, _pods("web", service_account="web"), _pods("job", service_account="train")])
    made = _subjects(one)
    assert set(made) == {"Group:devs", "User:user-1", "ServiceAccount:ml/train", "ServiceAccount:ml/web"}
    assert _value(made["ServiceAccount:ml/train"], "used_by") == ["Deployment.ml.job"]
    assert _value(made["ServiceAccount:ml/train"], "grants") == ["ClusterRoleBinding.b"]
    assert _value(made["ServiceAccount:ml/web"], "grants") == []
    assert {name: _value(made[name], "human") for name in made} == {
        "Group:devs": True,
        "User:user-1": True,
        "ServiceAccount:ml/train": False,
        "ServiceAccount:ml/web": False,
    }


def test_a_subject_has_the_grants_of_its_groups() -> None:
    bound = [
        binding("all", "reader", "Group:system:serviceaccounts"),
        binding("here", "reader", "Group:system:serviceaccounts:ml"),
        binding("own", "reader", "ServiceAccount:ml/train"),
        binding("web", "reader", "Group:system:serviceaccounts:web"),
    ]
    made = _subjects(world([_READER, *bound]))
    expected = ["ClusterRoleBinding.all", "ClusterRoleBinding.here", "ClusterRoleBinding.own"]
    assert _value(made["ServiceAccount:ml/train"], "grants") == expected


def test_kubernetes_own_subjects_are_expected_with_kubernetes_own_grants_alone() -> None:
    scheduler = role("system:kube-scheduler", rule("get", "nodes"))
    own = binding("system:kube-scheduler", "system:kube-scheduler", "User:system:kube-scheduler")
    more = binding("more", "reader", "User:system:kube-scheduler")
    name = "User:system:kube-scheduler"
    assert _value(_subjects(world([scheduler, own], live=True))[name], "expected") is True
    assert _value(_subjects(world([scheduler, _READER, own, more], live=True))[name], "expected") is False
    extra = [listing("rbac.binding", "403"), listing("rbac.role"), listing("workload.pods")]
    unread = _subjects(world([scheduler, own], live=True, extra=extra))[name]
    assert isinstance(unread.facts["expected"], Unknown) and is_unknown(_value(unread, "grants")[-1])


def test_workloads_that_could_not_be_read_may_run_as_anyone() -> None:
    found = resources([_READER, binding("b", "reader", "ServiceAccount:ml/train", "ServiceAccount:web/train")])
    [one] = worlds([*found, _pods("x", service_account=Unknown(reason="unresolved: account"))])
    made = _subjects(one)
    assert is_unknown(_value(made["ServiceAccount:ml/train"], "used_by")[-1])
    assert _value(made["ServiceAccount:web/train"], "used_by") == []


def test_everything_that_is_given_is_passed_on() -> None:
    other = Resource(kind="storage.bucket", address="aws_s3_bucket.x", surface="terraform")
    found = resources([_READER, binding("b", "reader", "Group:devs"), account("train", "ml")])
    made = _derived(other, *found, _pods("web"))
    assert made["aws_s3_bucket.x"] == other
    assert set(made) >= {one.address for one in found} | {
        "Deployment.ml.web",
        "Group:devs",
        "ServiceAccount:ml/default",
    }
    assert _value(made["ClusterRole.reader"], "built_in") is False
    for one in made.values():
        registry.check(one)


def test_sources_are_never_joined() -> None:
    reader = resources([_READER], source="charts/a")
    bound = resources([binding("b", "reader", "Group:devs")], source="charts/b")
    made = _derived(*reader, *bound)
    assert _value(made["ClusterRoleBinding.b#Group:devs"], "unread") is True


def test_a_token_is_mounted_unless_pod_or_account_says_no() -> None:
    objects = resources([account("off", "ml", False), account("on", "ml", True), account("unset", "ml")])
    pods = {
        "default": ({}, True),
        "unset": ({"service_account": "unset"}, True),
        "off": ({"service_account": "off"}, False),
        "pod-wins": ({"service_account": "off", "token_declared": True}, True),
        "pod-off": ({"service_account": "on", "token_declared": False}, False),
        "projected": ({"token_declared": False, "volumes": [{"token": True}]}, True),
        "no-volume": ({"token_declared": False, "volumes": [{"token": False}]}, False),
        "elsewhere": ({"service_account": "elsewhere"}, None),
        "elsewhere-off": ({"service_account": "elsewhere", "token_declared": False}, False),
        "unread-volume": ({"token_declared": False, "volumes": [Unknown(reason="x")]}, None),
        "unread-and-on": ({"volumes": [Unknown(reason="x")]}, True),
        "unread-pod": ({"token_declared": Unknown(reason="x")}, None),
    }
    from assay.detectors.rbac.tokens import Tokens

    [one] = worlds(objects)
    tokens = Tokens(one)
    told = {name: tokens.mounted(_pods(name, **facts)) for name, (facts, _) in pods.items()}
    assert {name: fact.value if isinstance(fact, Known) else None for name, fact in told.items()} == {
        name: mounted for name, (_, mounted) in pods.items()
    }


_SUBJECTS = ("Group:devs", "Group:system:authenticated", "ServiceAccount:ml/train", "User:system:anonymous")
_policies = st.lists(
    st.one_of(
        st.builds(
            lambda name, verbs, things: role(name, rule(verbs, things)),
            st.sampled_from(("red", "green", "view")),
            st.sampled_from(("get", "create", "*")),
            st.sampled_from(("secrets", "pods", "*")),
        ),
        st.builds(
            lambda name, to, who, place: binding(name, to, *who, namespace=place),
            st.sampled_from(("a", "b", "cluster-admin")),
            st.sampled_from(("red", "green", "view", "cluster-admin", "gone")),
            st.lists(st.sampled_from(_SUBJECTS), max_size=3, unique=True),
            st.sampled_from((None, "ml")),
        ),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(_policies, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_objects_changes_no_fact(policy: list[dict[str, Any]], live: bool, chance: random.Random) -> None:
    shuffled = list(policy)
    chance.shuffle(shuffled)
    one, other = world(policy, live), world(shuffled, live)
    assert _sorted(grants(one.source, compile_access(one))) == _sorted(grants(other.source, compile_access(other)))
    assert list(subjects(one, compile_access(one))) == list(subjects(other, compile_access(other)))


def _sorted(made: Any) -> list[str]:
    return sorted(map(str, made))


@settings(max_examples=100, deadline=None)
@given(_policies)
def test_denied_roles_take_no_power_away_that_is_still_seen_and_leave_none_out_silently(
    policy: Sequence[Mapping[str, Any]],
) -> None:
    extra = [listing("rbac.role", "403"), *(one for one in LISTED if one.address != "listing.rbac.role")]
    whole = _grants(world(policy, live=True))
    denied = _grants(world([one for one in policy if one["kind"] != "ClusterRole"], live=True, extra=extra))
    for address, one in whole.items():
        part = denied[address]
        assert _value(part, "unread") or _powers(part) == _powers(one)


def test_a_large_cluster_shares_what_its_grants_have_in_common() -> None:
    roles = [role(f"r{number}", rule("get,list", "pods,secrets"), rule("patch", "deployments", ("apps",)))
             for number in range(300)]  # fmt: skip
    bound = [binding(f"b{number}", f"r{number % 300}", f"ServiceAccount:ns{number % 40}/a{number % 7}",
                     namespace=f"ns{number % 40}") for number in range(1_500)]  # fmt: skip
    made = _grants(world([*roles, *bound], live=True))
    assert len(made) == 1_500
    powers = {id(_value(one, "powers")) for one in made.values()}
    assert len(powers) <= 300 * 40 / 4


def test_what_groups_hold_is_not_told_without_end_for_everybody_in_them() -> None:
    bound = [binding(f"g{number:04}", "reader", "Group:system:authenticated") for number in range(1_500)]
    own = [binding(f"o{number:04}", "reader", f"User:user-{number}") for number in range(1_500)]
    made = _subjects(world([_READER, *bound, *own]))
    told = [_value(one, "grants") for one in made.values()]
    assert sum(map(len, told)) < 600_000
    assert all("ClusterRoleBinding.o" in str(one) for name, one in made.items() if name.startswith("User:"))
    assert sum(is_unknown(one[-1]) for one in told) > 1_000


def test_a_role_too_large_for_all_its_places_is_unknown_there() -> None:
    names = [f"ns{number}" for number in range(1_500)]
    huge = role("huge", *(rule("patch", f"namespaces,x{number}", names=names) for number in range(15)))
    bound = [binding("b", "huge", "Group:devs", namespace=name) for name in names]
    made = list(_grants(world([huge, *bound])).values())
    unread = [one for one in made if _value(one, "unread")]
    assert unread and len(unread) < len(made)
    assert all(_powers(one) == ["label-namespaces"] for one in made if one not in unread)
