"""What the rules on grants of clusters say of real roles and bindings, each from the objects as they are written."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from assay.detectors.rbac.compile import compile_access
from assay.detectors.rbac.dangers import AREAS, EVERYTHING
from assay.detectors.rbac.grants import grants
from assay.policies import book as policy
from assay.policies import messages, pack_files, rule_files
from assay.policies.compiled import Decision, compile_rule, prepare
from assay.scanner.api import Resource
from tests.unit.rbac_source import binding, listing, role, rule, world

SAFEGUARDS = pack_files.load_safeguards(policy.HOME / "safeguards.yaml")
RULES = {one.id: one for one in rule_files.load(policy.HOME / "rules" / "rbac", SAFEGUARDS, prove=False)}
EXAMPLES = [
    pytest.param(one, example, id=f"{name}-{number}")
    for name, one in RULES.items()
    for number, example in enumerate(one.examples)
]
ON_ADMINISTRATORS = {"cluster-grant-not-administrator", "cluster-grant-not-namespace-administrator"}

_RBAC, _ADMISSION = ("rbac.authorization.k8s.io",), ("admissionregistration.k8s.io",)
_CSR, _OPENSHIFT = ("certificates.k8s.io",), ("security.openshift.io",)
_APPROVAL = rule("update", "certificatesigningrequests/approval", _CSR)

FAILING: Mapping[str, tuple[dict[str, Any], ...]] = {
    "cluster-grant-no-admission-writing": (rule("create", "validatingwebhookconfigurations", _ADMISSION),),
    "cluster-grant-no-api-definitions": (rule("delete", "customresourcedefinitions", ("apiextensions.k8s.io",)),),
    "cluster-grant-no-aws-auth-writing": (rule("patch", "configmaps", names=("aws-auth",)),),
    "cluster-grant-no-certificate-approval": (_APPROVAL, rule("approve", "signers", _CSR)),
    "cluster-grant-no-configmap-writing": (rule("patch", "configmaps"),),
    "cluster-grant-no-custom-workloads": (rule("create", "rayclusters", ("ray.io",)),),
    "cluster-grant-no-data-deletion": (rule("delete", "persistentvolumeclaims"),),
    "cluster-grant-no-dns-changes": (rule("update", "configmaps"),),
    "cluster-grant-no-ephemeral-containers": (rule("patch", "pods/ephemeralcontainers"),),
    "cluster-grant-no-escalation": (rule("bind", "clusterroles", _RBAC),),
    "cluster-grant-no-event-deletion": (rule("delete", "events", ("events.k8s.io",)),),
    "cluster-grant-no-exec": (rule("get", "pods/exec"),),
    "cluster-grant-no-impersonation": (rule("impersonate", "users"),),
    "cluster-grant-no-kubelet-access": (rule("get", "nodes/proxy"),),
    "cluster-grant-no-log-reading": (rule("get", "pods/log"),),
    "cluster-grant-no-namespace-labelling": (rule("patch", "namespaces"),),
    "cluster-grant-no-network-policy-writing": (rule("delete", "networkpolicies", ("networking.k8s.io",)),),
    "cluster-grant-no-node-changes": (rule("patch", "nodes"),),
    "cluster-grant-no-pod-creation": (rule("create", "deployments", ("apps",)),),
    "cluster-grant-no-pod-stealing": (rule("create", "pods/eviction"), rule("patch", "nodes/status")),
    "cluster-grant-no-port-forwarding": (rule("create", "pods/portforward"),),
    "cluster-grant-no-privileged-pod-policies": (rule("use", "securitycontextconstraints", _OPENSHIFT),),
    "cluster-grant-no-publishing": (rule("create", "services"),),
    "cluster-grant-no-role-writing": (rule("create", "rolebindings", _RBAC),),
    "cluster-grant-no-secret-reading": (rule("list", "secrets"),),
    "cluster-grant-no-secret-writing": (rule("patch", "secrets"),),
    "cluster-grant-no-service-status": (rule("patch", "services/status"),),
    "cluster-grant-no-token-creation": (rule("create", "serviceaccounts/token"),),
    "cluster-grant-no-token-secrets": (rule("create,get", "secrets"),),
    "cluster-grant-no-volume-creation": (rule("create", "persistentvolumes"),),
    "cluster-grant-no-wildcard-resources": (rule("list", "*", ("apps",)),),
    "cluster-grant-no-wildcard-verbs": (rule("*", "leases", ("coordination.k8s.io",)),),
    "cluster-grant-no-workload-deletion": (rule("delete", "jobs", ("batch",)),),
}

NAMED: Mapping[str, dict[str, Any]] = {
    "cluster-grant-no-configmap-writing": rule("patch", "configmaps", names=("one",)),
    "cluster-grant-no-secret-reading": rule("get", "secrets", names=("one",)),
    "cluster-grant-no-secret-writing": rule("patch", "secrets", names=("one",)),
    "cluster-grant-no-token-creation": rule("create", "serviceaccounts/token", names=("one",)),
    "cluster-grant-no-admission-writing": rule("patch", "validatingwebhookconfigurations", _ADMISSION, names=("one",)),
    "cluster-grant-no-pod-creation": rule("patch", "deployments", ("apps",), names=("one",)),
}


def _only(*objects: dict[str, Any], live: bool = False, **further: Any) -> Resource:
    found = world(objects, live, **further)
    [one] = grants(found.source, compile_access(found))
    return one


def _said(one: Resource) -> dict[str, Decision]:
    facts, context = prepare(one)
    return {name: compile_rule(each).decide(facts, context) for name, each in RULES.items() if each.kind == one.kind}


def _outcomes(one: Resource) -> dict[str, str]:
    return {name: decision.outcome for name, decision in _said(one).items() if decision.outcome is not None}


def _failing(one: Resource) -> set[str]:
    return {name for name, outcome in _outcomes(one).items() if outcome == "fail"}


@pytest.mark.parametrize(("rule_", "example"), EXAMPLES)
def test_a_rule_says_of_its_examples_what_they_say_and_what_is_taken_away_never_makes_it_pass(
    rule_: Any, example: Any
) -> None:
    before = rule_files.try_example(rule_, example).outcome
    assert (before or "not-applicable") == example.outcome
    for name in example.facts:
        poorer = msgspec.structs.replace(example, facts={**example.facts, name: {"unknown": "taken away"}})
        assert rule_files.try_example(rule_, poorer).outcome in (before, "unknown"), name


@pytest.mark.parametrize("name", sorted(FAILING))
def test_each_rule_fails_for_its_rights_and_the_message_tells_power_subject_and_binding(name: str) -> None:
    one = _only(role("r", *FAILING[name]), binding("b", "r", "ServiceAccount:ml/train"))
    decision = _said(one)[name]
    assert decision.outcome == "fail"
    told = one.address.join(messages.fill(RULES[name].message, decision.shown))
    assert "ClusterRoleBinding.b#ServiceAccount:ml/train" in told
    assert any(each["verbs"][0] in told for each in FAILING[name])


@pytest.mark.parametrize("name", sorted(NAMED))
def test_rights_to_one_object_that_is_named_are_sound(name: str) -> None:
    one = _only(role("r", NAMED[name]), binding("b", "r", "ServiceAccount:ml/train"))
    assert _outcomes(one)[name] == "pass"


@pytest.mark.parametrize(
    ("resource", "group"),
    [
        ("ingresses", "networking.k8s.io"),
        ("gateways", "gateway.networking.k8s.io"),
        ("httproutes", "gateway.networking.k8s.io"),
        ("routes", "route.openshift.io"),
        ("virtualservices", "networking.istio.io"),
    ],
)
@pytest.mark.parametrize("verb", ["delete", "deletecollection"])
def test_deleting_what_leads_in_is_deciding_what_is_reached(resource: str, group: str, verb: str) -> None:
    one = _only(role("r", rule(verb, resource, (group,))), binding("b", "r", "ServiceAccount:ml/train"))
    assert _failing(one) == {"cluster-grant-no-publishing"}


def test_deleting_services_is_told_once() -> None:
    one = _only(role("r", rule("delete", "services")), binding("b", "r", "ServiceAccount:ml/train"))
    assert _failing(one) == {"cluster-grant-no-workload-deletion"}


def test_every_rule_on_powers_has_a_role_that_fails_it_here() -> None:
    over_powers = {name for name, one in RULES.items() if "resource.areas" in (one.applies or "")}
    assert set(FAILING) == over_powers


def test_every_power_has_a_rule_that_asks_for_it() -> None:
    asked = "".join(one.assertion or "" for one in RULES.values())
    assert {power for power in AREAS if f'"{power}"' not in asked} == set()


def test_every_rule_has_each_kind_of_example() -> None:
    for one in RULES.values():
        assert {"pass", "fail", "unknown"} <= {example.outcome for example in one.examples}, one.id
        assert any(example.name.startswith("looks bad but is sound") for example in one.examples), one.id


def test_what_may_do_everything_is_told_of_once() -> None:
    wide = role("root", rule("*", "*", ("*",)))
    account = "ServiceAccount:ml/train"
    assert _failing(_only(wide, binding("b", "root", account))) == {"cluster-grant-not-administrator"}
    inside = _only(wide, binding("b", "root", account, namespace="ml"))
    assert _failing(inside) == {"cluster-grant-not-namespace-administrator"}


def test_a_role_that_could_not_be_read_is_told_of_once() -> None:
    extra = [listing("rbac.role", "403"), listing("rbac.binding")]
    for one in (
        _only(binding("b", "elsewhere", "ServiceAccount:ml/train")),
        _only(binding("b", "elsewhere", "ServiceAccount:ml/train"), live=True, extra=extra),
    ):
        undecided = {name for name, outcome in _outcomes(one).items() if outcome == "unknown"}
        assert undecided == {"cluster-grant-not-administrator"}
        assert _failing(one) == set()


def test_harmless_rights_fail_nothing() -> None:
    one = _only(role("r", rule("get,list,watch", "pods,services,nodes")), binding("b", "r", "ServiceAccount:ml/train"))
    assert _failing(one) == set()
    assert "unknown" not in _outcomes(one).values()


def test_callers_without_credentials_get_nothing_and_least_of_all_something_dangerous() -> None:
    harmless, reader = role("r", rule("get", "pods")), role("r", rule("get", "secrets"))
    bound = binding("b", "r", "Group:system:unauthenticated")
    assert _failing(_only(harmless, bound)) == {"cluster-grant-nothing-for-anonymous"}
    assert _failing(_only(reader, bound)) == {
        "cluster-grant-nothing-for-anonymous",
        "cluster-grant-no-power-for-anonymous",
        "cluster-grant-no-secret-reading",
    }


@pytest.mark.parametrize(
    ("group", "name"),
    [
        ("system:authenticated", "cluster-grant-no-power-for-authenticated"),
        ("system:serviceaccounts", "cluster-grant-no-power-for-all-pods"),
    ],
)
def test_what_everybody_has_is_harmless(group: str, name: str) -> None:
    bound = binding("b", "r", f"Group:{group}")
    assert _outcomes(_only(role("r", rule("get", "pods")), bound))[name] == "pass"
    assert name in _failing(_only(role("r", rule("get", "secrets")), bound))
    assert name in _failing(_only(role("r", rule("*", "*", ("*",))), bound))


def test_default_accounts_get_nothing() -> None:
    one = _only(role("r", rule("get", "pods")), binding("b", "r", "ServiceAccount:ml/default"))
    assert _failing(one) == {"cluster-grant-nothing-for-default-account"}


def test_kubernetes_own_grants_fail_nothing_until_they_are_changed() -> None:
    bound = binding("cluster-admin", "cluster-admin", "Group:system:masters")
    own = role("cluster-admin", rule("*", "*", ("*",)), rule("*", urls=("*",)))
    assert _failing(_only(own, bound, live=True)) == set()
    scheduler = "system:kube-scheduler"
    bound = binding(scheduler, scheduler, f"User:{scheduler}")
    assert _failing(_only(role(scheduler, rule("create", "pods/binding")), bound, live=True)) == set()
    changed = _only(role(scheduler, rule("get", "secrets")), bound, live=True)
    assert _failing(changed) == {"cluster-grant-no-secret-reading"}


def test_another_binding_to_system_masters_is_told() -> None:
    one = _only(role("r", rule("get", "pods")), binding("b", "r", "Group:system:masters"))
    assert _failing(one) == {"cluster-grant-not-to-masters"}


def test_everything_is_a_power_of_its_own_area() -> None:
    assert AREAS[EVERYTHING] == "everything"
