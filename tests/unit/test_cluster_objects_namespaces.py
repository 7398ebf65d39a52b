"""Namespaces, nodes, budgets, webhooks and tenants as facts."""

from typing import Any

import msgspec
import pytest

from assay.detectors.cluster.access import tenants
from assay.detectors.cluster.platform import platform
from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, facts_of, objects_of, unknown


def state(*texts: str, **options: Any) -> dict[str, dict[str, Any]]:
    return facts_of(platform.state, objects_of("\n---\n".join(texts), **options))


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


def node(labels: str = "{}", capacity: str = "{}", spec: str = "{}", addresses: str = "null") -> dict[str, Any]:
    text = f"""
apiVersion: v1
kind: Node
metadata: {{name: n, labels: {labels}}}
spec: {spec}
status:
  addresses: {addresses}
  capacity: {capacity}
  nodeInfo: {{kubeletVersion: v1.31.4-eks-1, containerRuntimeVersion: containerd://1.7.20}}
"""
    return state(text)["Node.n"]


def test_a_nodes_versions_and_group() -> None:
    facts = node("{eks.amazonaws.com/nodegroup: gpus}")
    assert (facts["kubelet"], facts["runtime"]) == ("1.31.4-eks-1", "containerd://1.7.20")
    assert facts["pool"] == "gpus" and node()["pool"] is None


@pytest.mark.parametrize(
    ("addresses", "public"),
    [
        ("[{type: InternalIP, address: 10.0.0.5}, {type: ExternalIP, address: 8.8.8.8}]", True),
        ("[{type: InternalIP, address: 8.8.8.8}]", True),
        ("[{type: InternalIP, address: 10.0.0.5}, {type: Hostname, address: n.example.com}]", False),
        ("[{type: InternalIP, address: 10.0.0.5}, {type: ExternalIP, address: '2606:4700::1111'}]", True),
        ("[{type: Hostname, address: n}]", Unknown),
        ("[]", Unknown),
        ("null", Unknown),
    ],
)
def test_whether_a_node_has_an_address_of_the_internet(addresses: str, public: Any) -> None:
    found = node(addresses=addresses)["public_address"]
    assert unknown(found) if public is Unknown else found is public


def test_a_label_that_none_may_be_is_not_known_of_a_namespace() -> None:
    text = "{apiVersion: v1, kind: Namespace, metadata: {name: ml, labels: %s}}"
    labels = state(text % "{team: '${TEAM}', tier: front}")["Namespace.ml"]["labels"]
    assert labels["tier"] == "front" and unknown(labels["team"])
    assert unknown(state(text % "{'$KEY': x}")["Namespace.ml"]["labels"])
    assert unknown(state(text % "{capsule.clastix.io/tenant: $TENANT}")["Namespace.ml"]["tenant"])


GPUS = '{nvidia.com/gpu: "4"}'


@pytest.mark.parametrize(
    ("labels", "capacity", "gpus", "sharing"),
    [
        ("{}", "{cpu: 4}", 0, None),
        ("{}", '{nvidia.com/gpu: "0"}', 0, None),
        ("{}", GPUS, 4, Unknown),
        ("{}", "{amd.com/gpu: 8}", 8, None),
        ("{}", '{google.com/tpu: "4"}', 4, None),
        ("{nvidia.com/gpu.sharing-strategy: none, nvidia.com/gpu.replicas: '1'}", GPUS, 4, None),
        ("{nvidia.com/gpu.sharing-strategy: time-slicing, nvidia.com/gpu.count: '1'}", GPUS, 1, "time-slicing"),
        ("{nvidia.com/gpu.sharing-strategy: mps, nvidia.com/gpu.count: '1'}", GPUS, 1, "mps"),
        ("{nvidia.com/gpu.replicas: '4'}", GPUS, Unknown, "time-slicing"),
        ("{nvidia.com/gpu.product: Tesla-T4-SHARED}", GPUS, Unknown, "time-slicing"),
        ("{nvidia.com/gpu.product: A100-MIG-1g.5gb, nvidia.com/gpu.count: '1'}", GPUS, 1, "mig"),
        ("{nvidia.com/mig.strategy: single, nvidia.com/gpu.count: '4'}", GPUS, 4, None),
        ("{nvidia.com/gpu.count: '1'}", '{nvidia.com/mig-1g.5gb: "7"}', 1, "mig"),
        ("{nvidia.com/gpu.product: A100-MIG-1g.5gb, nvidia.com/gpu.replicas: '2'}", GPUS, Unknown, "time-slicing"),
        ("{cloud.google.com/gke-gpu-sharing-strategy: time-sharing}", GPUS, Unknown, "time-slicing"),
        ("{nvidia.com/mps.capable: 'true', nvidia.com/gpu.count: '1'}", GPUS, 1, "mps"),
        ("{cloud.google.com/gke-gpu-partition-size: 1g.5gb}", GPUS, Unknown, "mig"),
        ("{cloud.google.com/gke-accelerator: nvidia-l4}", GPUS, 4, None),
        ("{}", '{nvidia.com/gpu: "many"}', Unknown, Unknown),
    ],
)
def test_how_a_nodes_accelerators_are_shared(labels: str, capacity: str, gpus: Any, sharing: Any) -> None:
    facts = node(labels, capacity)
    assert agrees(facts["gpus"], gpus) and agrees(facts["gpu_sharing"], sharing)


@pytest.mark.parametrize(
    ("taints", "dedicated"),
    [
        ("[]", False),
        ("[{key: nvidia.com/gpu, effect: NoSchedule}]", True),
        ("[{key: team, effect: PreferNoSchedule}]", False),
        ("[{key: node.kubernetes.io/not-ready, effect: NoExecute}]", False),
    ],
)
def test_taints_that_keep_others_away(taints: str, dedicated: bool) -> None:
    assert node(spec=f"{{taints: {taints}}}")["dedicated"] is dedicated


DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ml}
spec: {replicas: 2, template: {metadata: {labels: {app: web, tier: a}}, spec: {containers: []}}}
"""


def budget(spec: str, *more: str, version: str = "policy/v1", status: str = "null", **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: {version}
kind: PodDisruptionBudget
metadata: {{name: b, namespace: ml}}
spec: {spec}
status: {status}
"""
    return state(text, *more, **options)["PodDisruptionBudget.ml.b"]


WEB = "selector: {matchLabels: {app: web}}"


@pytest.mark.parametrize(
    ("spec", "more", "blocks"),
    [
        ("{maxUnavailable: 0}", (), True),
        ("{maxUnavailable: 0%}", (), True),
        ("{minAvailable: 100%}", (), True),
        ("{maxUnavailable: 1}", (), False),
        ("{minAvailable: 50%}", (), False),
        (f"{{minAvailable: 1, {WEB}}}", (DEPLOYMENT,), False),
        (f"{{minAvailable: 2, {WEB}}}", (DEPLOYMENT,), True),
        ("{minAvailable: 2, selector: {}}", (DEPLOYMENT,), True),
        ("{minAvailable: 2, selector: {matchLabels: {app: other}}}", (DEPLOYMENT,), False),
        (f"{{minAvailable: 2, {WEB}}}", (), False),
        ("{minAvailable: 2}", (DEPLOYMENT,), False),
        ("{minAvailable: 2, selector: {matchExpressions: [{key: app, operator: Exists}]}}", (DEPLOYMENT,), Unknown),
    ],
)
def test_budgets_under_which_no_pod_may_go(spec: str, more: tuple[str, ...], blocks: Any) -> None:
    assert agrees(budget(spec, *more)["blocks_all"], blocks)


def test_controllers_that_could_not_be_read_may_be_all_that_a_budget_is_for() -> None:
    assert unknown(budget(f"{{minAvailable: 2, {WEB}}}", missing={"apps/Deployment": "broken file"})["blocks_all"])


@pytest.mark.parametrize(
    ("status", "blocks"),
    [
        ("{expectedPods: 2, desiredHealthy: 2}", True),
        ("{expectedPods: 3, desiredHealthy: 2}", False),
        ("{expectedPods: 0, desiredHealthy: 1}", False),
        ("null", Unknown),
    ],
)
def test_a_live_cluster_counts_a_budgets_pods(status: str, blocks: Any) -> None:
    assert agrees(budget("{minAvailable: 2}", status=status, source=LIVE)["blocks_all"], blocks)


@pytest.mark.parametrize(
    ("selector", "version", "fact"),
    [
        ("{matchLabels: {app: web}}", "policy/v1", {"app": "web"}),
        ("{matchExpressions: [{key: app, operator: In, values: [web]}]}", "policy/v1", {"app": "web"}),
        ("{matchExpressions: [{key: app, operator: In, values: [a, b]}]}", "policy/v1", Unknown),
        ("{matchExpressions: [{key: app, operator: Near}]}", "policy/v1", Unknown),
        ("{}", "policy/v1", {}),
        ("{}", "policy/v1beta1", None),
        ("null", "policy/v1", None),
    ],
)
def test_what_a_budget_selects(selector: str, version: str, fact: Any) -> None:
    assert agrees(budget(f"{{selector: {selector}}}", version=version)["selector"], fact)


@pytest.mark.parametrize(
    ("given", "fact"),
    [
        ("1", "1"),
        ("0", "0"),
        ("'2'", "2"),
        ("50%", "50%"),
        ("null", None),
        ("'${MIN}'", Unknown),
        ("half", Unknown),
        ("-1", Unknown),
    ],
)
def test_how_many_pods_a_budget_keeps_or_lets_go(given: str, fact: Any) -> None:
    for field, name in (("minAvailable", "min_available"), ("maxUnavailable", "max_unavailable")):
        facts = budget(f"{{{field}: {given}}}")
        assert agrees(facts[name], fact)
        assert facts["min_available" if name == "max_unavailable" else "max_unavailable"] is None


def webhook(entry: str, *more: str, version: str = "v1", **options: Any) -> dict[str, Any]:
    text = f"""
apiVersion: admissionregistration.k8s.io/{version}
kind: ValidatingWebhookConfiguration
metadata: {{name: guard}}
webhooks: [{{name: a.example.org, {entry}}}]
"""
    return state(text, *more, **options)["ValidatingWebhookConfiguration.guard/a.example.org"]


@pytest.mark.parametrize(
    ("rule", "guards"),
    [
        ('{operations: [CREATE], apiGroups: [""], resources: [pods]}', True),
        ('{operations: ["*"], apiGroups: ["*"], resources: ["*/*"], scope: "*"}', True),
        ('{operations: [CREATE], apiGroups: [""], resources: [pods/exec]}', False),
        ('{operations: [UPDATE], apiGroups: [""], resources: [pods]}', False),
        ("{operations: [CREATE], apiGroups: [apps], resources: ['*']}", False),
        ('{operations: [CREATE], apiGroups: [""], resources: ["*"], scope: Cluster}', False),
    ],
)
def test_webhooks_that_look_at_pods(rule: str, guards: bool) -> None:
    assert webhook(f"rules: [{rule}]")["guards_pods"] is guards


def test_how_a_webhook_fails_and_where_it_is_called() -> None:
    assert webhook("failurePolicy: Ignore")["fails_open"] is True
    assert webhook("failurePolicy: Fail, clientConfig: {service: {name: a}}")["outside"] is False
    assert webhook("clientConfig: {url: 'https://example.org'}")["outside"] is True
    assert webhook("clientConfig: {url: 'https://127.0.0.1:23443/mutate'}")["outside"] is False
    assert webhook("clientConfig: {url: 'https://127.0.0.1.example.org/'}")["outside"] is True
    assert webhook("clientConfig: {url: 'https://localhost@example.org/'}")["outside"] is True
    assert webhook("sideEffects: None")["fails_open"] is False
    assert webhook("sideEffects: None", version="v1beta1")["fails_open"] is True


def by_name(operator: str, *names: str) -> str:
    values = ", ".join(names)
    expression = f"{{key: kubernetes.io/metadata.name, operator: {operator}, values: [{values}]}}"
    return f"namespaceSelector: {{matchExpressions: [{expression}]}}"


TWO = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n" + (
    "{apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {guard: 'no'}}}"
)
UNLESS_NO = "namespaceSelector: {matchExpressions: [{key: guard, operator: NotIn, values: ['no']}]}"


@pytest.mark.parametrize(
    ("entry", "source", "exempts"),
    [
        ("sideEffects: None", "manifests", []),
        (by_name("NotIn", "kube-system", "a"), "manifests", ["a", "kube-system"]),
        (by_name("In", "a"), "manifests", ["b", Unknown]),
        (UNLESS_NO, "manifests", ["b", Unknown]),
        (UNLESS_NO, LIVE, ["b"]),
        (by_name("In", "a"), LIVE, ["b"]),
    ],
)
def test_namespaces_that_a_webhook_leaves_out(entry: str, source: str, exempts: list[Any]) -> None:
    found = webhook(entry, TWO, source=source)["exempts"]
    assert len(found) == len(exempts) and all(map(agrees, found, exempts))


def test_conditions_of_a_webhook_are_not_evaluated() -> None:
    assert unknown(webhook("matchConditions: [{name: a, expression: 'true'}]")["exempts"])


def test_namespaces_that_could_not_be_read_may_be_left_out() -> None:
    missing = {"Namespace": "403 Forbidden"}
    assert webhook(UNLESS_NO, source=LIVE, missing=missing)["exempts"] == [Unknown(reason="403 Forbidden")]
    assert webhook(by_name("NotIn", "a"), source=LIVE, missing=missing)["exempts"] == ["a"]


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
    encoded = msgspec.json.encode([*tenants.state(objects), *platform.state(objects)])
    assert b"example.org" not in encoded
