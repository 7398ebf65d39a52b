"""Namespaces as facts: who owns them, what they enforce and what bounds them."""

from typing import Any

import pytest

from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, cluster, facts_of, objects_of, unknown


def state(*texts: str, **options: Any) -> dict[str, dict[str, Any]]:
    return facts_of(cluster, objects_of("\n---\n".join(texts), **options))


def agrees(fact: Any, expected: Any) -> bool:
    return unknown(fact) if expected is Unknown else bool(fact == expected)


def namespace(name: str = "ml", meta: str = "", *more: str, **options: Any) -> dict[str, Any]:
    text = f"{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}{meta}}}}}"
    return state(text, *more, **options)[f"Namespace.{name}"]


PSA = "pod-security.kubernetes.io"


@pytest.mark.parametrize(
    ("labels", "level", "version"),
    [
        ("{}", None, None),
        (f"{{{PSA}/enforce: restricted}}", "restricted", None),
        (f"{{{PSA}/enforce: baseline, {PSA}/enforce-version: v1.30}}", "baseline", "v1.30"),
        (f"{{{PSA}/warn: restricted}}", None, None),
        (f"{{{PSA}/enforce: strict}}", Unknown, None),
    ],
)
def test_what_pod_security_admission_enforces(labels: str, level: Any, version: str | None) -> None:
    facts = namespace(meta=f", labels: {labels}")
    assert agrees(facts["enforces"], level) and facts["enforced_version"] == version


@pytest.mark.parametrize(
    ("name", "system"),
    [
        ("kube-system", True),
        ("kube-public", True),
        ("gmp-system", True),
        ("kube-system-2", False),
        ("openshift-monitoring", False),
        ("ml", False),
    ],
)
def test_system_namespaces_are_known_by_their_whole_name(name: str, system: bool) -> None:
    assert namespace(name)["system"] is system


def test_openshifts_namespaces_are_its_own_where_it_runs() -> None:
    there = "{apiVersion: v1, kind: Namespace, metadata: {name: openshift-kube-apiserver}}"
    assert namespace("openshift-monitoring", "", there)["system"] is True


QUOTA = """
apiVersion: v1
kind: ResourceQuota
metadata: {name: q, namespace: ml}
spec: {hard: {HARD: "4"}}
"""


@pytest.mark.parametrize(
    ("hard", "gpus"),
    [
        ("pods", False),
        ("requests.nvidia.com/gpu", True),
        ("limits.amd.com/gpu", True),
        ("requests.nvidia.com/mig-1g.5gb", True),
        ("nvidia.com.example/gpu", False),
    ],
)
def test_quotas_of_a_namespace(hard: str, gpus: bool) -> None:
    facts = namespace("ml", "", QUOTA.replace("HARD", hard))
    assert (facts["quota"], facts["gpu_quota"]) == (True, gpus)
    assert namespace("other", "", QUOTA.replace("HARD", hard))["quota"] is False


@pytest.mark.parametrize(
    ("limit", "given"),
    [
        ("{type: Container, default: {memory: 1Gi}}", True),
        ("{type: Container, max: {memory: 1Gi}}", False),
        ("{type: Pod, default: {memory: 1Gi}}", False),
    ],
)
def test_limits_that_containers_get(limit: str, given: bool) -> None:
    text = f"{{apiVersion: v1, kind: LimitRange, metadata: {{name: l, namespace: ml}}, spec: {{limits: [{limit}]}}}}"
    assert namespace("ml", "", text)["default_limits"] is given


def test_quotas_and_limits_that_could_not_be_read_are_unknown() -> None:
    missing = {"ResourceQuota": "403 Forbidden", "LimitRange": "403 Forbidden", "kubeflow.org/Profile": "429"}
    facts = namespace(source=LIVE, missing=missing)
    for name in ("quota", "gpu_quota", "default_limits", "tenant"):
        assert unknown(facts[name])


PROFILE = """
apiVersion: kubeflow.org/v1
kind: Profile
metadata: {name: ml}
spec: {owner: {kind: User, name: maria@example.org}, resourceQuotaSpec: {hard: {pods: "4"}}}
"""


@pytest.mark.parametrize(
    ("meta", "more", "tenant"),
    [
        ("", (), None),
        ("", (PROFILE,), "ml"),
        (", annotations: {owner: maria@example.org}, ownerReferences: [{kind: Profile, name: team}]", (), "team"),
        (", labels: {capsule.clastix.io/tenant: oil}", (), "oil"),
        (", labels: {ml.tree.hnc.x-k8s.io/depth: '0', org.tree.hnc.x-k8s.io/depth: '2'}", (), "org"),
        (", labels: {ml.tree.hnc.x-k8s.io/depth: '0'}", (), None),
    ],
)
def test_whose_a_namespace_is(meta: str, more: tuple[str, ...], tenant: str | None) -> None:
    assert namespace("ml", meta, *more)["tenant"] == tenant


def test_a_profiles_quota_is_its_namespaces() -> None:
    assert namespace("ml", "", PROFILE)["quota"] is True


@pytest.mark.parametrize(
    ("meta", "mesh"),
    [
        ("", None),
        (", labels: {istio-injection: enabled}", "istio"),
        (", labels: {istio.io/rev: stable}", "istio"),
        (", labels: {istio.io/rev: stable, istio-injection: disabled}", None),
        (", labels: {istio.io/dataplane-mode: ambient}", "istio"),
        (", annotations: {linkerd.io/inject: enabled}", "linkerd"),
        (", annotations: {linkerd.io/inject: disabled}", None),
    ],
)
def test_whose_proxy_a_namespaces_pods_get(meta: str, mesh: str | None) -> None:
    assert namespace(meta=meta)["mesh"] == mesh


def test_a_label_that_none_may_be_is_not_known_of_a_namespace() -> None:
    text = "{apiVersion: v1, kind: Namespace, metadata: {name: ml, labels: %s}}"
    labels = state(text % "{team: '${TEAM}', tier: front}")["Namespace.ml"]["labels"]
    assert labels["tier"] == "front" and unknown(labels["team"])
    assert unknown(state(text % "{'$KEY': x}")["Namespace.ml"]["labels"])
    assert unknown(state(text % "{capsule.clastix.io/tenant: $TENANT}")["Namespace.ml"]["tenant"])
