"""Tenants as facts: with whom a Profile is shared, and what bounds it."""

from typing import Any

import msgspec
import pytest

from assay.detectors.cluster.access import tenants
from tests.unit.cluster_manifests import LIVE, cluster, facts_of, objects_of, unknown
from tests.unit.test_cluster_objects_namespaces import PROFILE, QUOTA

BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: NAME, namespace: ml, annotations: {user: tom@example.org, role: edit}}
roleRef: {kind: ClusterRole, name: ROLE}
subjects: [SUBJECT]
"""


def binding(subject: str, role: str = "kubeflow-edit", name: str = "b") -> str:
    return BINDING.replace("NAME", name).replace("ROLE", role).replace("SUBJECT", subject)


def policy(rule: str, namespace: str = "ml") -> str:
    return f"""
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: p, namespace: {namespace}}}
spec: {{rules: [{rule}]}}
"""


def tenant(*more: str, profile: str = PROFILE, **options: Any) -> dict[str, Any]:
    return facts_of(tenants.state, objects_of("\n---\n".join((profile, *more)), **options))["Profile.ml"]


@pytest.mark.parametrize(
    ("more", "contributors"),
    [
        ((), 0),
        ((binding("{kind: User, name: tom@example.org}"),), 1),
        (
            (
                binding("{kind: User, name: tom@example.org}"),
                binding("{kind: User, name: tom@example.org}", "admin", "c"),
            ),
            1,
        ),
        ((binding("{kind: User, name: maria@example.org}", "kubeflow-admin"),), 0),
        ((binding("{kind: User, name: tom@example.org}", "kubeflow-view"),), 0),
        ((binding("{kind: ServiceAccount, name: default-editor}"),), 0),
        ((binding("{kind: Group, name: team}"),), 1),
    ],
)
def test_contributors_of_a_tenant_are_counted_without_its_owner(more: tuple[str, ...], contributors: int) -> None:
    assert tenant(*more)["contributors"] == contributors


HEADER = "request.headers[kubeflow-userid]"


@pytest.mark.parametrize(
    ("more", "is_open"),
    [
        ((), False),
        ((binding('{kind: Group, name: "system:authenticated"}', "kubeflow-view"),), True),
        ((binding("{kind: Group, name: team}"),), False),
        ((policy("{}"),), True),
        ((policy("{}", "other"),), False),
        ((policy("{}").replace("spec: {", "spec: {action: DENY, "),), False),
        ((policy("{}").replace("spec: {", "spec: {selector: {matchLabels: {a: b}}, "),), False),
        ((policy(f"{{when: [{{key: '{HEADER}', values: [maria@example.org]}}]}}"),), False),
        ((policy(f"{{when: [{{key: '{HEADER}', values: ['*']}}]}}"),), True),
        ((policy("{to: [{operation: {paths: [/healthz]}}]}"),), False),
        ((policy("{from: [{source: {namespaces: [ml]}}]}"),), False),
    ],
)
def test_tenants_that_everyone_may_use(more: tuple[str, ...], is_open: bool) -> None:
    assert tenant(*more)["open_to_everyone"] is is_open


def test_a_tenants_quota_is_the_profiles_or_its_namespaces() -> None:
    without = PROFILE.replace(', resourceQuotaSpec: {hard: {pods: "4"}}', "")
    assert tenant()["quota"] is True
    assert tenant(profile=without)["quota"] is False
    assert tenant(QUOTA.replace("HARD", "pods"), profile=without)["quota"] is True


def test_what_could_not_be_read_of_a_tenant_is_unknown() -> None:
    kinds = ("rbac.authorization.k8s.io/RoleBinding", "security.istio.io/AuthorizationPolicy", "ResourceQuota")
    without = PROFILE.replace(', resourceQuotaSpec: {hard: {pods: "4"}}', "")
    facts = tenant(profile=without, source=LIVE, missing=dict.fromkeys(kinds, "403 Forbidden"))
    for name in ("contributors", "open_to_everyone", "quota"):
        assert unknown(facts[name])


def test_no_address_of_a_person_is_in_any_fact_of_a_tenant_or_namespace() -> None:
    owned = "{apiVersion: v1, kind: Namespace, metadata: {name: ml, annotations: {owner: maria@example.org}}}"
    objects = objects_of("\n---\n".join((PROFILE, owned, binding("{kind: User, name: tom@example.org}"))))
    encoded = msgspec.json.encode([*tenants.state(objects), *cluster(objects)])
    assert b"example.org" not in encoded
