"""Roles, bindings and service accounts as facts: as written, sorted, and without people's names."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.detectors.cluster.access import rbac
from assay.scanner.model.fact import Unknown
from assay.scanner.safe import pseudonyms
from tests.unit.cluster_manifests import LIVE, facts_of, objects_of, unknown

RBAC = "rbac.authorization.k8s.io/v1"


def one(text: str, **options: Any) -> dict[str, Any]:
    [facts] = facts_of(rbac.state, objects_of(text, **options)).values()
    return facts


def test_a_roles_rules_are_as_written_and_sorted() -> None:
    facts = one(f"""
apiVersion: {RBAC}
kind: Role
metadata: {{name: reader, namespace: ml, labels: {{team: ml}}}}
rules:
- {{apiGroups: [""], resources: [secrets, pods/exec], verbs: [list, get], resourceNames: [b, a]}}
- {{nonResourceURLs: [/metrics], verbs: [get]}}
- {{apiGroups: null, resources: null, verbs: null}}
""")
    assert facts["namespace"] == "ml" and facts["labels"] == {"team": "ml"}
    assert facts["rules"] == [
        {
            "verbs": ["get", "list"],
            "api_groups": [""],
            "resources": ["pods/exec", "secrets"],
            "resource_names": ["a", "b"],
            "urls": [],
        },
        {"verbs": ["get"], "api_groups": [], "resources": [], "resource_names": [], "urls": ["/metrics"]},
        {"verbs": [], "api_groups": [], "resources": [], "resource_names": [], "urls": []},
    ]
    assert facts["aggregates"] == [] and facts["bootstrapped"] is False


def test_a_role_without_rules_has_none() -> None:
    assert one(f"{{apiVersion: {RBAC}, kind: ClusterRole, metadata: {{name: a}}, rules: null}}")["rules"] == []


def test_a_cluster_role_has_no_namespace_and_goes_by_checkovs_name_too() -> None:
    text = f"""
apiVersion: {RBAC}
kind: ClusterRole
metadata: {{name: view, labels: {{kubernetes.io/bootstrapping: rbac-defaults}}}}
aggregationRule:
  clusterRoleSelectors:
  - matchLabels: {{aggregate: "true"}}
  - matchExpressions: [{{key: a, operator: Near}}]
"""
    [resource] = rbac.state(objects_of(text))
    assert resource.address == "ClusterRole.view" and resource.aliases == ("ClusterRole.default.view",)
    facts = one(text)
    assert facts["namespace"] is None and facts["bootstrapped"] is True
    assert facts["aggregates"][0] == [{"key": "aggregate", "operator": "In", "values": ["true"]}]
    assert unknown(facts["aggregates"][1])


BINDING = f"""
apiVersion: {RBAC}
kind: RoleBinding
metadata: {{name: all, namespace: ml}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}}
subjects:
- {{kind: User, name: maria.meier@example.org}}
- {{kind: User, name: maria}}
- {{kind: User, name: "system:kube-scheduler"}}
- {{kind: User, name: "system:maria@example.org"}}
- {{kind: Group, name: data-scientists}}
- {{kind: Group, name: team@example.org}}
- {{kind: ServiceAccount, name: runner, namespace: jobs}}
- {{kind: ServiceAccount, name: homeless}}
- {{kind: Robot, name: r2}}
- {{kind: User}}
- {{kind: Group, name: "${{GROUP}}"}}
"""


def test_people_are_named_by_a_pseudonym_and_all_others_by_their_name() -> None:
    subjects = one(BINDING)["subjects"]
    names = [subject["subject"] for subject in subjects if not unknown(subject)]
    assert names[0].startswith("user-") and names[1].startswith("user-") and names[0] != names[1]
    assert names[2] == "system:kube-scheduler"
    assert names[3].startswith("user-")
    assert names[4] == "data-scientists"
    assert names[5].startswith("group-")
    assert subjects[6] == {"type": "ServiceAccount", "subject": "runner", "namespace": "jobs"}
    assert all(map(unknown, subjects[8:]))


def test_an_account_without_a_namespace_is_of_its_role_binding_and_of_none_in_a_cluster_role_binding() -> None:
    homeless = {"type": "ServiceAccount", "subject": "homeless", "namespace": "ml"}
    assert one(BINDING)["subjects"][7] == homeless
    wide = BINDING.replace("kind: RoleBinding", "kind: ClusterRoleBinding")
    assert unknown(one(wide)["subjects"][7]["namespace"])


IMPERSONATING = f"""
apiVersion: {RBAC}
kind: ClusterRole
metadata: {{name: helpdesk}}
rules:
- apiGroups: [""]
  resources: [users]
  verbs: [impersonate]
  resourceNames: [maria.meier@example.org, "system:admin"]
- {{apiGroups: [""], resources: [configmaps], verbs: [get], resourceNames: [settings]}}
"""


def test_whom_a_rule_lets_somebody_impersonate_is_named_as_in_bindings() -> None:
    rules = one(IMPERSONATING)["rules"]
    maria = one(BINDING)["subjects"][0]["subject"]
    assert sorted(rules[0]["resource_names"]) == sorted([maria, "system:admin"])
    assert rules[1]["resource_names"] == ["settings"]


def test_no_name_of_a_person_is_in_any_fact() -> None:
    encoded = msgspec.json.encode(list(rbac.state(objects_of(BINDING))))
    assert b"maria" not in encoded and b"example.org" not in encoded


@given(st.text())
def test_a_pseudonym_is_always_the_same_and_shows_nothing_of_the_name(name: str) -> None:
    shown = pseudonyms.of_user(name)
    assert shown == pseudonyms.of_user(name)
    if not name.startswith("system:") or "@" in name:
        assert len(shown) == len("user-") + 8 and shown.startswith("user-")


@pytest.mark.parametrize(
    ("reference", "answer"),
    [
        ("{kind: Role, name: r}", "r"),
        ("{kind: Role}", Unknown),
        ("null", Unknown),
        ('{kind: Role, name: "${R}"}', Unknown),
    ],
)
def test_a_role_that_is_not_named_is_unknown(reference: str, answer: Any) -> None:
    role = one(f"{{apiVersion: {RBAC}, kind: RoleBinding, metadata: {{name: b}}, roleRef: {reference}}}")["role"]
    assert isinstance(role, Unknown) if answer is Unknown else role == answer


@pytest.mark.parametrize("kind", ["ClusterRoleBinding", "RoleBinding"])
@pytest.mark.parametrize(
    ("reference", "of_namespaces"),
    [
        ("{kind: ClusterRole, name: r, apiGroup: rbac.authorization.k8s.io}", "ClusterRole"),
        ("{kind: Role, name: r}", "Role"),
        ("{kind: role, name: r}", Unknown),
        ("{kind: $KIND, name: r}", Unknown),
        ("{kind: Role, name: r, apiGroup: apps}", Unknown),
    ],
)
def test_what_no_server_takes_for_a_role_is_unknown(kind: str, reference: str, of_namespaces: Any) -> None:
    where = ", namespace: ml" if kind == "RoleBinding" else ""
    found = one(f"{{apiVersion: {RBAC}, kind: {kind}, metadata: {{name: b{where}}}, roleRef: {reference}}}")
    # A Role is of a namespace, and nothing that a binding of the whole cluster may give.
    refused = of_namespaces is Unknown or (of_namespaces == "Role" and kind == "ClusterRoleBinding")
    assert unknown(found["role_type"]) if refused else found["role_type"] == of_namespaces


def test_a_subject_of_another_group_is_unknown_and_those_beside_it_are_not() -> None:
    subjects = "[{kind: User, name: a, apiGroup: apps}, {kind: Group, name: g, apiGroup: rbac.authorization.k8s.io}]"
    reference = "roleRef: {kind: ClusterRole, name: r}"
    found = one(
        f"{{apiVersion: {RBAC}, kind: ClusterRoleBinding, metadata: {{name: b}}, {reference}, subjects: {subjects}}}"
    )
    assert unknown(found["subjects"][0]) and found["subjects"][1]["type"] == "Group"


def test_placeholders_in_a_roles_labels_may_become_anything() -> None:
    text = f"{{apiVersion: {RBAC}, kind: ClusterRole, metadata: {{name: r, labels: LABELS}}}}"
    found = one(text.replace("LABELS", "{team: '${TEAM}', tier: a}"))["labels"]
    assert unknown(found["team"]) and found["tier"] == "a"
    assert unknown(one(text.replace("LABELS", "{'$KEY': a}"))["labels"])


def account(annotations: str = "{}", more: str = "", secrets: str = "", **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: v1
kind: ServiceAccount
metadata: {{name: trainer, namespace: ml, annotations: {annotations}}}
{more}
---
{secrets}
"""
    return facts_of(rbac.state, objects_of(text, **options))["ServiceAccount.ml.trainer"]


@pytest.mark.parametrize(
    ("annotations", "cloud", "identity"),
    [
        ("{}", None, None),
        (
            '{eks.amazonaws.com/role-arn: "arn:aws:iam::123456789012:role/train"}',
            "aws",
            "arn:aws:iam::123456789012:role/train",
        ),
        (
            "{iam.gke.io/gcp-service-account: train@project.iam.gserviceaccount.com}",
            "gcp",
            "train@project.iam.gserviceaccount.com",
        ),
        (
            "{azure.workload.identity/client-id: 00000000-0000-0000-0000-000000000001}",
            "azure",
            "00000000-0000-0000-0000-000000000001",
        ),
        ('{eks.amazonaws.com/role-arn: "${ROLE}"}', "aws", Unknown),
        ("{iam.gke.io/gcp-service-account: maria@example.org}", "gcp", Unknown),
        (
            '{eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/a", azure.workload.identity/client-id: a-b}',
            Unknown,
            Unknown,
        ),
    ],
)
def test_an_annotation_gives_an_identity_in_a_cloud(annotations: str, cloud: Any, identity: Any) -> None:
    facts = account(annotations)
    for name, expected in (("cloud", cloud), ("cloud_identity", identity)):
        assert unknown(facts[name]) if expected is Unknown else facts[name] == expected


@pytest.mark.parametrize(("written", "declared"), [("", None), ("false", False), ("true", True), ("null", None)])
def test_whether_tokens_are_mounted_is_as_declared(written: str, declared: Any) -> None:
    assert account(more=f"automountServiceAccountToken: {written}" if written else "")["token_declared"] is declared


TOKEN = """
apiVersion: v1
kind: Secret
metadata: {{name: token, namespace: {namespace}, annotations: {{kubernetes.io/service-account.name: {account}}}}}
type: {type}
data: {{token: c2VjcmV0}}
"""


@pytest.mark.parametrize(
    ("source", "type", "namespace", "name", "number"),
    [
        ("manifests", "kubernetes.io/service-account-token", "ml", "trainer", 1),
        ("manifests", "Opaque", "ml", "trainer", 0),
        ("manifests", "kubernetes.io/service-account-token", "other", "trainer", 0),
        ("manifests", "kubernetes.io/service-account-token", "ml", "other", 0),
        # Of a live cluster's Secrets the type isn't read.
        (LIVE, "kubernetes.io/service-account-token", "ml", "trainer", 1),
    ],
)
def test_secrets_that_hold_a_lasting_token_are_counted(
    source: str, type: str, namespace: str, name: str, number: int
) -> None:
    secret = TOKEN.format(type=type, namespace=namespace, account=name)
    assert account(secrets=secret, source=source)["long_lived_tokens"] == number


@pytest.mark.parametrize("name", ["default", "trainer"])
def test_an_account_that_only_the_secret_with_its_token_names_is_stated(name: str) -> None:
    facts = one(TOKEN.format(type="kubernetes.io/service-account-token", namespace="ml", account=name))
    assert (facts["namespace"], facts["long_lived_tokens"]) == ("ml", 1)
    # Kubernetes makes `default` with nothing set; of any other, what it is like is said where it is declared.
    assert [unknown(facts[fact]) for fact in ("token_declared", "cloud", "cloud_identity")] == [name != "default"] * 3


def test_a_token_of_an_account_whose_name_is_filled_in_later_is_told() -> None:
    secret = TOKEN.format(type="kubernetes.io/service-account-token", namespace="ml", account='"${ACCOUNT}"')
    assert one(secret)["long_lived_tokens"] == 1


def test_a_secret_of_another_type_states_no_account() -> None:
    assert facts_of(rbac.state, objects_of(TOKEN.format(type="Opaque", namespace="ml", account="default"))) == {}


def test_in_a_live_cluster_an_account_is_stated_by_its_secret_only_where_accounts_could_not_be_listed() -> None:
    secret = TOKEN.format(type="kubernetes.io/service-account-token", namespace="ml", account="default")
    assert facts_of(rbac.state, objects_of(secret, source=LIVE)) == {}
    denied = "list serviceaccounts: 403 Forbidden"
    facts = one(secret, source=LIVE, missing={"ServiceAccount": denied})
    assert (facts["long_lived_tokens"], facts["token_declared"]) == (1, Unknown(reason=denied))


def test_unlisted_secrets_leave_the_number_of_tokens_unknown() -> None:
    facts = account(source=LIVE, missing={"Secret": "list secrets: 403 Forbidden"})
    assert facts["long_lived_tokens"] == Unknown(reason="list secrets: 403 Forbidden")


@pytest.mark.parametrize(
    ("namespace", "name", "number"),
    [("ml", "s", 1), ("ml", "other", 0), ("$NAMESPACE", "s", Unknown), ("ml", "$ACCOUNT", Unknown), ("web", "$A", 0)],
)
def test_a_token_of_a_namespace_or_account_that_is_filled_in_later_may_be_any_accounts(
    namespace: str, name: str, number: Any
) -> None:
    secret = f"""
apiVersion: v1
kind: Secret
type: kubernetes.io/service-account-token
metadata: {{name: t, namespace: {namespace}, annotations: {{kubernetes.io/service-account.name: {name}}}}}
"""
    declared = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: s, namespace: ml}}"
    found = facts_of(rbac.state, objects_of(f"{declared}\n---\n{secret}"))["ServiceAccount.ml.s"]["long_lived_tokens"]
    assert unknown(found) if number is Unknown else found == number
