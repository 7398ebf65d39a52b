"""Which roles and bindings are Kubernetes' own, and which only bear their names."""

import pytest
from msgspec import structs

from assay.detectors.rbac import built_in
from assay.detectors.rbac.access import Subject, What
from tests.unit.rbac_source import access, binding, role, rule

_EDIT = {"rbac.authorization.k8s.io/aggregate-to-edit": "true"}
_CLUSTER_ADMIN = (rule("*", "*", ("*",)), rule("*", urls=("*",)))


def _is_own(*objects: object, address: str, live: bool = True) -> bool | None:
    return access(objects, live=live).roles.at(address).built_in  # type: ignore[arg-type]


def test_a_role_is_own_by_its_name_and_its_rules() -> None:
    assert _is_own(role("cluster-admin", *_CLUSTER_ADMIN), address="ClusterRole.cluster-admin") is True


def test_the_name_alone_is_not_enough() -> None:
    changed = role("system:node-proxier", rule("list,watch", "endpoints,services"), rule("get", "secrets"))
    assert _is_own(changed, address="ClusterRole.system:node-proxier") is False


def test_the_rules_alone_are_not_enough() -> None:
    assert _is_own(role("root", *_CLUSTER_ADMIN), address="ClusterRole.root") is False
    inside = role("cluster-admin", *_CLUSTER_ADMIN, namespace="ml")
    assert _is_own(inside, address="Role.ml.cluster-admin") is False


def test_a_role_of_another_version_is_own() -> None:
    before_1_22 = rule("create,delete,deletecollection,patch,update", "configmaps,endpoints,secrets")
    now = rule("create", "serviceaccounts/token")
    found = role("system:aggregate-to-edit", before_1_22, now, labels=_EDIT)
    assert _is_own(found, address="ClusterRole.system:aggregate-to-edit") is True


def test_a_role_that_was_made_smaller_is_own() -> None:
    found = role("system:kube-scheduler", rule("get", "nodes"))
    assert _is_own(found, address="ClusterRole.system:kube-scheduler") is True


def test_names_of_objects_that_were_taken_out_count() -> None:
    every = role("system:kube-scheduler", rule("get,update", "leases", ("coordination.k8s.io",)))
    one = role(
        "system:kube-scheduler", rule("get,update", "leases", ("coordination.k8s.io",), names=("kube-scheduler",))
    )
    assert _is_own(every, address="ClusterRole.system:kube-scheduler") is False
    assert _is_own(one, address="ClusterRole.system:kube-scheduler") is True


def test_what_others_add_to_an_aggregated_role_counts() -> None:
    added = role("operator-edit", rule("create", "notebooks", ("kubeflow.org",)), labels=_EDIT)
    for address in ("ClusterRole.edit", "ClusterRole.admin"):
        assert _is_own(role("other"), address=address, live=False) is True
        assert _is_own(added, address=address, live=False) is False
    assert _is_own(added, address="ClusterRole.view", live=False) is True


def test_an_aggregated_role_of_a_live_cluster_is_told_by_the_rules_that_were_filled_in() -> None:
    selectors = ({"matchLabels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}},)
    own = role("view", rule("get,list,watch", "pods,configmaps"), selectors=selectors)
    more = role("view", rule("get,list,watch", "pods,secrets"), selectors=selectors)
    assert _is_own(own, address="ClusterRole.view") is True
    assert _is_own(more, address="ClusterRole.view") is False


def test_files_may_bind_kubernetes_own_roles_without_declaring_them() -> None:
    found = access([binding("devs", "view", "Group:devs", namespace="ml")])
    devs = Subject(type="Group", name="devs")
    assert found.can(devs, "list", What(resource="pods"), "ml") is True
    assert found.can(devs, "list", What(resource="pods"), "web") is False
    assert found.can(devs, "list", What(resource="secrets"), "ml") is False


def test_a_role_of_a_file_goes_before_kubernetes_own() -> None:
    found = access([role("view", rule("get", "secrets")), binding("devs", "view", "Group:devs")])
    devs = Subject(type="Group", name="devs")
    assert found.can(devs, "get", What(resource="secrets"), None) is True
    assert found.can(devs, "list", What(resource="pods"), None) is False


def test_only_the_binding_that_kubernetes_makes_is_expected() -> None:
    objects = [
        role("cluster-admin", *_CLUSTER_ADMIN),
        binding("cluster-admin", "cluster-admin", "Group:system:masters", "Group:devs"),
        binding("other", "cluster-admin", "Group:system:masters"),
    ]
    found = access(objects, live=True)
    assert {(one.binding, one.subject.name): one.expected for one in found.holdings} == {
        ("ClusterRoleBinding.cluster-admin", "system:masters"): True,
        ("ClusterRoleBinding.cluster-admin", "devs"): False,
        ("ClusterRoleBinding.other", "system:masters"): False,
    }


def test_a_binding_to_a_changed_role_is_not_expected() -> None:
    objects = [
        role("system:discovery", rule("get", urls=("*",))),
        binding("system:discovery", "system:discovery", "Group:system:authenticated"),
    ]
    [one] = access(objects, live=True).holdings
    assert not one.expected


def test_controllers_and_kubeadms_own_are_in_the_table() -> None:
    controller = "ClusterRoleBinding.system:controller:job-controller"
    account = "ServiceAccount:kube-system/job-controller"
    assert built_in.expects(controller, "ClusterRole.system:controller:job-controller", account)
    assert built_in.own_account("kube-system/coredns") and not built_in.own_account("kube-system/default")
    assert built_in.own_group("kubeadm:cluster-admins") and not built_in.own_group("devs")
    assert "Role.kube-system.extension-apiserver-authentication-reader" in built_in.originals()


@pytest.mark.parametrize("address", sorted(built_in.originals()))
def test_every_role_of_the_table_is_own_and_one_right_more_is_not(address: str) -> None:
    original = built_in.originals()[address]
    assert built_in.unchanged(address, original.rules)
    more = structs.replace(access([role("x", rule("steal", "pods"))]).roles.at("ClusterRole.x").rules.sure[0])
    everything = address == "ClusterRole.cluster-admin"
    assert built_in.unchanged(address, (*original.rules, more)) is everything


def test_a_role_with_countless_rights_is_told_in_bounded_time() -> None:
    many = [f"x{number}" for number in range(2_000)]
    wide = role("view", rule(",".join(many), ",".join(many), many, names=many), rule("get", "pods"))
    assert _is_own(wide, address="ClusterRole.view") is False
    rules = [
        rule("get,list,watch", "pods,configmaps,bindings", names=[f"{n}-{k}" for k in range(900)]) for n in range(60)
    ]
    assert _is_own(role("view", *rules), address="ClusterRole.view") is False
