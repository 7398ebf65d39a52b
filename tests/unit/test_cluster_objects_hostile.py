"""Objects of any shape and size: nothing crashes, nothing grows beyond bounds, order doesn't matter."""

import random
import time
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import inspect

from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.resources import resources
from assay.detectors.cluster.table import APIS, BY_ID, struct_of
from assay.scanner.kinds import registry
from assay.scanner.model.resource import Resource
from tests.unit.cluster_manifests import LIVE, add, objects_of

OURS = sorted(api.id for api in APIS if "workload.pods" not in api.states)

WORDS = st.sampled_from(
    ["", "a", "ml", "kube-system", "In", "Exists", "Ingress", "ALLOW", "DENY", "Service", "Gateway", "User", "${X}",
     "80", "10.0.0.0/8", "nginx", "alb", "true", "100%", "https", "STRICT", "TLS", "system:authenticated", "\u0000"]
) | st.text(max_size=8)  # fmt: skip
KEYS = WORDS | st.sampled_from(
    [
        "nginx.ingress.kubernetes.io/auth-url",
        "nvidia.com/gpu.replicas",
        "kubernetes.io/ingress.class",
        "a.tree.hnc.x-k8s.io/depth",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def like(info: inspect.Type, depth: int = 0) -> st.SearchStrategy[Any]:
    """JSON that a struct's field takes, now and then anything at all."""
    match info:
        case inspect.UnionType(types=types):
            return st.one_of([like(one, depth) for one in types])
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.IntType():
            return st.integers(-1, 70_000) | st.integers()
        case inspect.FloatType():
            return st.floats(allow_nan=False, allow_infinity=False)
        case inspect.StrType():
            return WORDS
        case inspect.ListType(item_type=item) | inspect.VarTupleType(item_type=item):
            return st.lists(like(item, depth + 1), max_size=2)
        case inspect.DictType(value_type=inner):
            return st.dictionaries(KEYS, like(inner, depth + 1), max_size=3)
        case inspect.StructType(fields=fields):
            found = {field.encode_name: like(field.type, depth + 1) for field in fields}
            required = {field.encode_name for field in fields if field.required}
            return st.fixed_dictionaries(
                {name: found[name] for name in sorted(required)},
                optional={name: found[name] for name in sorted(set(found) - required)},
            )
    return ANYTHING


def all_facts(objects: Objects) -> list[Resource]:
    found = list(resources(objects))
    for resource in found:
        registry.check(resource)
    msgspec.json.encode(found)
    return found


@pytest.mark.parametrize("api_id", OURS)
@pytest.mark.parametrize("source", ["manifests", LIVE])
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_object_that_decodes_is_too_odd_to_state(api_id: str, source: str, data: st.DataObject) -> None:
    struct = struct_of(api_id)
    objects = Objects(source)
    for document in data.draw(st.lists(like(inspect.type_info(struct)), min_size=1, max_size=3)):
        objects.add(api_id, Placed(object=msgspec.convert(document, struct)))
    all_facts(objects)


@given(st.sampled_from(OURS), st.dictionaries(st.sampled_from(["metadata", "spec", "rules", "webhooks"]), ANYTHING))
@settings(max_examples=300, deadline=None)
def test_whatever_is_no_such_object_is_refused_and_never_a_crash(api_id: str, document: dict[str, Any]) -> None:
    objects = Objects("manifests")
    try:
        objects.add(api_id, Placed(object=msgspec.convert(document, struct_of(api_id))))
    except msgspec.ValidationError:
        return
    all_facts(objects)


def document(api_id: str, spec: Any, number: int = 0, **more: Any) -> dict[str, Any]:
    api = BY_ID[api_id]
    meta = {"name": f"o{number}", "namespace": "ml", **more.pop("metadata", {})}
    version = f"{api.group}/{api.versions[0]}" if api.group else api.versions[0]
    return {"apiVersion": version, "kind": api.kind, "metadata": meta, "spec": spec, **more}


MANY = 30_000
SELECTING = {"matchLabels": {"a": "b"}}
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}
HUGE: dict[str, list[dict[str, Any]]] = {
    "peers": [document("networking.k8s.io/NetworkPolicy", {"ingress": [{"from": [{"podSelector": {}}] * MANY}]})],
    "rules": [document("networking.k8s.io/NetworkPolicy", {"ingress": [{}] * MANY})],
    "paths": [document("networking.k8s.io/Ingress", {"rules": [{"http": {"paths": [{"backend": BACKEND}] * MANY}}]})],
    "hosts": [document("networking.k8s.io/Ingress", {"rules": [{"host": f"h{n}"} for n in range(MANY)]})],
    "routes": [
        document(
            "gateway.networking.k8s.io/HTTPRoute",
            {
                "parentRefs": [{"name": f"g{n}"} for n in range(MANY)],
                "rules": [
                    {
                        "matches": [{"path": {"value": f"/{n}"}} for n in range(MANY)],
                        "backendRefs": [{"name": "web"}] * MANY,
                    }
                ],
            },
        )
    ],
    "subjects": [
        document("rbac.authorization.k8s.io/RoleBinding", {}, subjects=[{"kind": "User", "name": "a"}] * MANY)
    ],
    "open policies": [
        document("security.istio.io/AuthorizationPolicy", {"rules": [{}] if n % 2 else []}, n) for n in range(4000)
    ],
    "budgets and controllers": [
        *(document("policy/PodDisruptionBudget", {"minAvailable": 1, "selector": SELECTING}, n) for n in range(3000)),
        *(
            document("apps/Deployment", {"template": {"metadata": {"labels": {"a": "b"}}}}, n)
            for n in range(3000)
        ),
    ],
    "gateways and services": [
        *(document("networking.istio.io/Gateway", {"selector": {"a": "b"}}, n) for n in range(3000)),
        *(document("Service", {"selector": {"a": "b"}}, n) for n in range(3000)),
    ],
    "webhooks and namespaces": [
        document(
            "admissionregistration.k8s.io/MutatingWebhookConfiguration",
            None,
            webhooks=[{"name": f"w{n}", "namespaceSelector": SELECTING} for n in range(3000)],
        ),
        *(document("Namespace", None, n, metadata={"name": f"n{n}"}) for n in range(3000)),
    ],
    "labels": [
        document("Namespace", None, metadata={"labels": {f"a{n}.tree.hnc.x-k8s.io/depth": "9" for n in range(MANY)}})
    ],
    "long selector": [document("projectcalico.org/NetworkPolicy", {"selector": "has(a) && " * MANY})],
}  # fmt: skip


@pytest.mark.parametrize("name", HUGE)
def test_huge_objects_cost_no_more_than_their_size(name: str) -> None:
    objects = Objects("manifests")
    for one in HUGE[name]:
        add(objects, one)
    began = time.process_time()
    found = all_facts(objects)
    # Far more than it takes here, and far less than the product of its parts would.
    assert time.process_time() - began < 10
    assert len(msgspec.json.encode(found)) < 30_000_000


MIXED = [
    document("networking.k8s.io/NetworkPolicy", {"ingress": [{}]}),
    document("Service", {"ports": [{"port": 80}]}),
    document("Service", {"type": "LoadBalancer"}, 1),
    document("networking.k8s.io/Ingress", {"rules": [{"host": "a"}]}),
    document("security.istio.io/AuthorizationPolicy", {"rules": [{}]}),
    document("security.istio.io/AuthorizationPolicy", {}, 1),
    document("ResourceQuota", {"hard": {"pods": 1}}),
    document("Namespace", None, metadata={"name": "ml"}),
    document("kubeflow.org/Profile", {"owner": {"kind": "User", "name": "a"}}, metadata={"name": "ml"}),
    document("rbac.authorization.k8s.io/RoleBinding", None, subjects=[{"kind": "User", "name": "b"}],
             roleRef={"kind": "ClusterRole", "name": "edit"}),
    document("networking.istio.io/Gateway", {"selector": {"a": "b"}}),
    document("apps/StatefulSet", {"volumeClaimTemplates": [{"metadata": {"name": "models"}}],
                                      "template": {"spec": {}}}),
    document("PersistentVolumeClaim", {}, metadata={"name": "models-o0-0"}),
]  # fmt: skip


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_objects_changes_nothing(shuffle: random.Random) -> None:
    def facts(documents: list[dict[str, Any]]) -> dict[str, Any]:
        objects = Objects("manifests")
        for one in documents:
            add(objects, one)
        return {f"{one.kind} {one.address}": one.facts for one in all_facts(objects)}

    shuffled = list(MIXED)
    shuffle.shuffle(shuffled)
    assert facts(shuffled) == facts(MIXED)


def test_no_value_of_an_annotation_secret_or_parameter_is_in_any_fact() -> None:
    marked = "zebra-marker"
    text = f"""
{{apiVersion: v1, kind: Secret, metadata: {{name: s}}, data: {{a: {marked}}}, stringData: {{a: {marked}}}}}
---
{{apiVersion: v1, kind: ServiceAccount, metadata: {{name: s, annotations: {{a: {marked}}}}}}}
---
{{apiVersion: v1, kind: Service, metadata: {{name: s, annotations: {{a: {marked}}}}}, spec: {{}}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: i, annotations: {{nginx.ingress.kubernetes.io/auth-url: {marked}, a: {marked}}}}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {{name: c}}
provisioner: a
parameters: {{a: {marked}}}
---
{{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {{name: c, annotations: {{a: {marked}}}}}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {{name: w}}
webhooks: [{{name: a, clientConfig: {{url: "https://{marked}", caBundle: {marked}}}}}]
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {{name: r}}
spec: {{tls: {{termination: edge, key: {marked}, certificate: {marked}}}}}
"""
    found = all_facts(objects_of(text))
    assert found and marked.encode() not in msgspec.json.encode(found)
