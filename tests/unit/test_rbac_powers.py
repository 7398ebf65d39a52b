"""Each dangerous right is told where it is held, and nothing that only looks like it.

That powers are told exactly where single requests are allowed is in test_rbac_one_evaluator.py.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors.rbac import rules
from assay.detectors.rbac.access import Rule
from assay.detectors.rbac.dangers import DANGERS, Danger, Right
from assay.detectors.rbac.powers import Held, powers_of
from tests.unit.rbac_source import rule

_RBAC, _CSR = ("rbac.authorization.k8s.io",), ("certificates.k8s.io",)


def _rules(*written: dict[str, Any]) -> tuple[Rule, ...]:
    return tuple(
        rules.of_parts(
            one["verbs"],
            one.get("apiGroups", ()),
            one.get("resources", ()),
            one.get("resourceNames", ()),
            one.get("nonResourceURLs", ()),
        )
        for one in written
    )


def _powers(*written: dict[str, Any], namespace: str | None = None) -> set[str]:
    return {one.power for one in powers_of(_rules(*written), namespace)}


def _held(*written: dict[str, Any], namespace: str | None = None) -> dict[str, Held]:
    return {one.power: one for one in powers_of(_rules(*written), namespace)}


def _granting(danger: Danger, group: str | None = None) -> list[dict[str, Any]]:
    """The least rules that give it; with a group, of that one in place of their own."""
    return [_least(right, group) for right in danger.rights]


def _least(right: Right, group: str | None) -> dict[str, Any]:
    own, resource = right.things[0]
    subresource = resource.replace("/*", "/scopes")
    return rule(
        right.verbs[0], subresource, (own if group is None else group,), names=right.names[:1] if _named(right) else ()
    )


def _named(right: Right) -> bool:
    return bool(right.names) and right.verbs[0] not in ("create", "deletecollection")


_EACH = pytest.mark.parametrize("danger", DANGERS, ids=lambda one: f"{one.power}-{one.rights[0].things[0][1]}")


@_EACH
def test_the_least_rights_give_the_power(danger: Danger) -> None:
    place = next((right.namespaces[0] for right in danger.rights if right.namespaces), None)
    assert danger.power in _powers(*_granting(danger), namespace=place)


@_EACH
def test_a_group_that_looks_alike_gives_nothing(danger: Danger) -> None:
    for group in ("example.com", "core", "v1", "rbac", "secrets-store.csi.x-k8s.io"):
        assert not _powers(*_granting(danger, group))


@_EACH
def test_a_resource_that_looks_alike_gives_nothing(danger: Danger) -> None:
    for right in danger.rights:
        for group, resource in right.things:
            beside = [f"{resource}x", resource.upper(), f"{resource}/x"]
            if "/" in resource:
                beside += [resource.split("/")[0] + "/x", resource.split("/")[1]]
            names = set(rules.of_parts(right.verbs).verbs)
            found = powers_of(_rules(rule(",".join(sorted(names)), ",".join(beside), (group,))), None)
            assert danger.power not in {one.power for one in found if one.resource == resource}


@_EACH
def test_verbs_that_are_not_meant_give_nothing(danger: Danger) -> None:
    for right in danger.rights:
        others = {"get", "list", "watch", "create", "update", "patch", "delete", "proxy", "approve"} - set(right.verbs)
        written = [rule(",".join(sorted(others)), resource, (group,)) for group, resource in right.things]
        told = {resource if not group else f"{group}/{resource}" for group, resource in right.things}
        found = [one for one in powers_of(_rules(*written), None) if one.power == danger.power]
        # Another line of the table may give the same power by other verbs on the same thing.
        lines = [other for other in DANGERS if other.power == danger.power and other is not danger]
        assert not [one for one in found if one.resource in told] or lines


@_EACH
def test_a_role_binding_gives_nothing_that_has_no_namespace(danger: Danger) -> None:
    if any(right.cluster for right in danger.rights):
        granting = _granting(danger)
        assert danger.power in _powers(*granting)
        assert danger.power not in _powers(*granting, namespace="ml")


@_EACH
def test_a_part_of_what_is_needed_together_is_not_enough(danger: Danger) -> None:
    if len(danger.rights) > 1:
        for one in _granting(danger):
            assert danger.power not in _powers(one)


def test_the_same_words_in_another_group_are_not_secrets() -> None:
    assert not _powers(rule("get,list", "secrets", ("example.com",)))
    assert _powers(rule("get,list", "secrets", ("example.com", ""))) == {"read-secrets"}
    assert "read-secrets" in _powers(rule("get", "secrets", ("*",)))


def test_everything_stands_for_all_other_powers() -> None:
    assert _powers(rule("*", "*", ("*",)), rule("get", "secrets")) == {"everything"}
    listed = "get,list,watch,create,update,patch,delete,deletecollection"
    assert _powers(rule(listed, "*", ("*",)), namespace="ml") == {"everything"}
    assert "everything" not in _powers(rule("*", "*", ("",)))
    assert "everything" not in _powers(rule("get,list,watch", "*", ("*",)))
    assert "everything" not in _powers(rule("*", "*", ("*",), names=("one",)))


def test_wildcards_are_told_with_what_they_include() -> None:
    assert {"wildcard-resources", "read-secrets", "reach-kubelets"} <= _powers(rule("get", "*"))
    assert "reach-kubelets" not in _powers(rule("get", "*"), namespace="ml")
    assert {"wildcard-verbs", "bind-roles", "escalate-roles", "write-roles"} == _powers(rule("*", "roles", _RBAC))
    assert _powers(rule("get,list", "*", ("custom.metrics.k8s.io",))) == set()
    assert _powers(rule("create", "*", ("custom.metrics.k8s.io",))) == {"wildcard-resources"}


def test_what_a_wildcard_includes_is_told_in_one_line_for_each_power() -> None:
    found = [
        one for one in powers_of(_rules(rule("delete", "*", ("", "apps"))), None) if one.power == "delete-workloads"
    ]
    assert [one.resource for one in found] == ["apps/*", "core/*"]
    assert {one.resource for one in powers_of(_rules(rule("get", "*", ("*",))), None)} == {"*"}


def test_a_wildcard_of_subresources_takes_those_of_pods() -> None:
    assert _powers(rule("create", "*/exec")) == {"exec-in-pods"}
    assert _powers(rule("create", "pods/*")) == set()
    assert _powers(rule("update", "*/scale", ("*",))) == set()


def test_names_restrict_what_has_an_object_and_forbid_what_has_none() -> None:
    found = _held(rule("get,create,deletecollection,patch", "secrets", names=("db", "ca")))
    assert set(found) == {"read-secrets", "write-secrets"}
    assert found["read-secrets"].names == ("ca", "db")
    assert found["write-secrets"].verbs == ("patch",)
    assert _powers(rule("create", "pods", names=("one",))) == set()
    assert _held(rule("create", "pods/exec", names=("one",)))["exec-in-pods"].names == ("one",)


def test_a_rule_for_all_objects_makes_one_for_some_of_them_idle() -> None:
    found = _held(rule("get,list", "secrets", names=("db",)), rule("list", "secrets"))["read-secrets"]
    assert found.names == () and found.verbs == ("list",)


def test_only_signers_of_kubernetes_make_credentials() -> None:
    approval = rule("update", "certificatesigningrequests/approval", _CSR)
    own = rule("approve", "signers", _CSR, names=("issuers.cert-manager.io/*",))
    theirs = rule("approve", "signers", _CSR, names=("kubernetes.io/kube-apiserver-client", "example.com/x"))
    assert _powers(approval, own) == set()
    assert _held(approval, theirs)["approve-certificates"].names in ((), ("kubernetes.io/kube-apiserver-client",))
    assert _powers(approval) == set()


def test_config_maps_of_kube_system_are_more_than_others() -> None:
    write = rule("patch", "configmaps")
    assert _powers(write, namespace="kube-system") == {"write-aws-auth", "change-dns", "write-configmaps"}
    assert _powers(write) == {"write-aws-auth", "change-dns", "write-configmaps"}
    assert _powers(write, namespace="ml") == {"write-configmaps"}
    one = rule("patch", "configmaps", names=("coredns",))
    assert _powers(one, namespace="kube-system") == {"change-dns", "write-configmaps"}


def test_a_role_binding_grants_its_own_namespace_and_no_other() -> None:
    assert _powers(rule("patch", "namespaces"), namespace="ml") == {"label-namespaces"}
    assert _powers(rule("patch", "namespaces", names=("ml",)), namespace="ml") == {"label-namespaces"}
    assert _powers(rule("patch", "namespaces", names=("web",)), namespace="ml") == set()


def test_constraints_that_give_nothing_are_harmless() -> None:
    groups = ("security.openshift.io",)
    assert _powers(rule("use", "securitycontextconstraints", groups, names=("restricted-v2",))) == set()
    assert _powers(rule("use", "securitycontextconstraints", groups)) == {"use-privileged-policies"}
    named = _held(rule("use", "securitycontextconstraints", groups, names=("privileged", "restricted-v2")))
    assert named["use-privileged-policies"].names == ("privileged",)


def test_custom_workloads_of_ai_are_told_apart_from_controllers() -> None:
    assert _powers(rule("create", "rayclusters", ("ray.io",))) == {"write-custom-workloads"}
    assert _powers(rule("create", "deployments", ("apps",))) == {"write-controllers"}
    assert _powers(rule("create", "deployments", ("ray.io",))) == set()


def test_reading_urls_is_no_power() -> None:
    assert _powers(rule("get", urls=("/metrics", "*"))) == set()


_VERBS = ("get", "list", "create", "patch", "delete", "bind", "escalate", "*")
_RESOURCES = ("secrets", "pods", "pods/exec", "*/exec", "nodes/proxy", "configmaps", "roles", "*", "namespaces")
_some_rules = st.lists(
    st.builds(
        lambda verbs, resources, groups, names: rule(",".join(verbs), ",".join(resources), groups, names),
        st.lists(st.sampled_from(_VERBS), min_size=1, max_size=3, unique=True),
        st.lists(st.sampled_from(_RESOURCES), min_size=1, max_size=3, unique=True),
        st.lists(st.sampled_from(("", "apps", "*", *_RBAC)), min_size=1, max_size=2, unique=True),
        st.lists(st.sampled_from(("one", "aws-auth", "ml")), max_size=2, unique=True),
    ),
    max_size=4,
)
_places = st.sampled_from((None, "ml", "kube-system"))


@settings(max_examples=200, deadline=None)
@given(_some_rules, _some_rules, _places)
def test_further_rules_take_no_power_away(some: list[Any], more: list[Any], place: str | None) -> None:
    before, after = _powers(*some, namespace=place), _powers(*some, *more, namespace=place)
    assert before <= after or after == {"everything"}


@settings(max_examples=200, deadline=None)
@given(_some_rules, _places)
def test_the_whole_cluster_gives_what_a_namespace_gives(some: list[Any], place: str | None) -> None:
    whole = _powers(*some)
    assert _powers(*some, namespace=place) <= whole or whole == {"everything"}


def test_a_role_with_countless_rules_is_told_in_bounded_space() -> None:
    many = [rule("get", "secrets", names=[f"s{number}"]) for number in range(2_000)]
    [one] = powers_of(_rules(*many), None)
    assert len(one.names) == 2_000
    wide = [rule("*", "*", ("",), names=[f"s{number}"]) for number in range(500)]
    assert len(powers_of(_rules(*wide), None)) < 500
