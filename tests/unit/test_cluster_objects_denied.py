"""Each kind denied in turn: what was known before is the same or Unknown, and never something else."""

from typing import Any

import pytest
import yaml

from assay.detectors.cluster.access import rbac, tenants
from assay.detectors.cluster.decoding import identify
from assay.detectors.cluster.objects import Placed
from assay.detectors.cluster.platform.objects import Version
from assay.scanner.model.fact import is_unknown
from tests.unit.cluster_manifests import LIVE, cluster, facts_of, network, objects_of

STATES = (rbac.state, network, cluster, tenants.state)

WORLD = """
{apiVersion: v1, kind: Namespace, metadata: {name: ml, labels: {guard: 'no'}, annotations: {config.linkerd.io/default-inbound-policy: deny}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: openshift-kube-apiserver}}
---
{apiVersion: v1, kind: Node, metadata: {name: n, labels: {doks.digitalocean.com/node-pool: a}}}
---
{apiVersion: v1, kind: ResourceQuota, metadata: {name: q, namespace: ml}, spec: {hard: {requests.nvidia.com/gpu: 4}}}
---
{apiVersion: v1, kind: LimitRange, metadata: {name: l, namespace: ml}, spec: {limits: [{type: Container, default: {cpu: 1}}]}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: s, namespace: ml}}
---
{apiVersion: v1, kind: Secret, metadata: {name: t, namespace: ml, annotations: {kubernetes.io/service-account.name: s}}}
---
{apiVersion: v1, kind: Service, metadata: {name: front, namespace: ml, annotations: {cloud.google.com/backend-config: b}}, spec: {type: ClusterIP, selector: {a: b}, ports: [{port: 80, targetPort: 8080}]}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c, namespace: ml}, spec: {}}
---
{apiVersion: v1, kind: Pod, metadata: {name: p, namespace: ml}, spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: c}}], containers: [{name: a, volumeMounts: [{name: v, mountPath: /models}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: kube-apiserver-n, namespace: kube-system, ownerReferences: [{kind: Node, name: n}]}, spec: {containers: [{name: kube-apiserver, args: [--encryption-provider-config=x]}]}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: cilium, namespace: kube-system}, spec: {template: {spec: {containers: [{name: a}]}}}}
---
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: b, namespace: ml}, spec: {minAvailable: 1}, status: {expectedPods: 1, desiredHealthy: 1}}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: s}, provisioner: ebs.csi.aws.com}
---
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: front, annotations: {ingressclass.kubernetes.io/is-default-class: 'true'}}, spec: {controller: k8s.io/ingress-nginx}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i, namespace: ml, annotations: {nginx.ingress.kubernetes.io/auth-url: x}}, spec: {ingressClassName: front, tls: [{}], rules: [{host: a.org}]}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: g, namespace: ml, annotations: {kubernetes.io/ingress.class: gce}}, spec: {defaultBackend: {service: {name: front, port: {number: 80}}}}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: d, namespace: ml, annotations: {nginx.ingress.kubernetes.io/auth-url: x}}, spec: {rules: [{host: a.org}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: api, namespace: ml}, spec: {listeners: [{name: s, port: 443, protocol: HTTPS}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: ml}, spec: {parentRefs: [{name: api, sectionName: s}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: door, namespace: ml}, spec: {selector: {a: b}, servers: [{port: {number: 443, protocol: HTTPS}, tls: {mode: SIMPLE}}]}}
---
{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: v, namespace: ml}, spec: {gateways: [door]}}
---
{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: o, namespace: ml}, spec: {host: a.org, to: {name: front}, port: {targetPort: 8080}}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: open, namespace: ml}, spec: {rules: [{}]}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: closed, namespace: ml}, spec: {}}
---
{apiVersion: policy.linkerd.io/v1beta3, kind: Server, metadata: {name: s, namespace: ml}, spec: {podSelector: {}}}
---
{apiVersion: policy.linkerd.io/v1alpha1, kind: AuthorizationPolicy, metadata: {name: a, namespace: ml}, spec: {targetRef: {kind: Server, name: s}}}
---
{apiVersion: kubeflow.org/v1, kind: Profile, metadata: {name: ml}, spec: {owner: {kind: User, name: a}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: e, namespace: ml}, roleRef: {kind: ClusterRole, name: edit}, subjects: [{kind: Group, name: 'system:authenticated'}]}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: w}, webhooks: [{name: h, namespaceSelector: {matchExpressions: [{key: guard, operator: NotIn, values: ['no']}]}}]}
"""  # noqa: E501  # one object a line


def facts(denied: str | None = None) -> dict[tuple[str, str], Any]:
    texts = (text for text in WORLD.split("---") if identify(yaml.safe_load(text)) != denied)
    objects = objects_of("---".join(texts), source=LIVE, missing={denied: "403 Forbidden"} if denied else {})
    objects.add("Version", Placed(object=Version(git_version="v1.31.4", anonymous=False)))
    return {
        (f"{number} {address}", name): value
        for number, state in enumerate(STATES)
        for address, stated in facts_of(state, objects).items()
        for name, value in stated.items()
    }


KINDS = sorted(objects_of(WORLD, source=LIVE).kinds())


def undecided(value: Any) -> bool:
    """Unknown, or a list that says of itself that it may lack something."""
    return is_unknown(value) or (isinstance(value, list) and any(map(undecided, value))) or (
        isinstance(value, dict) and any(map(undecided, value.values()))
    )  # fmt: skip


@pytest.mark.parametrize("denied", KINDS)
def test_a_denied_kind_makes_facts_unknown_and_never_other_than_they_are(denied: str) -> None:
    whole, rest = facts(), facts(denied)
    changed = {key: value for key, value in rest.items() if value != whole[key]}
    assert all(map(undecided, changed.values())), {key: (whole[key], value) for key, value in changed.items()}


def test_denials_are_felt() -> None:
    """The world above is rich enough: these kinds decide on facts of other kinds."""
    whole = facts()
    felt = {denied for denied in KINDS if any(value != whole[key] for key, value in facts(denied).items())}
    assert felt >= {
        "LimitRange",
        "Namespace",
        "Pod",
        "ResourceQuota",
        "Secret",
        "Service",
        "apps/DaemonSet",
        "gateway.networking.k8s.io/Gateway",
        "kubeflow.org/Profile",
        "networking.istio.io/Gateway",
        "networking.k8s.io/IngressClass",
        "policy.linkerd.io/Server",
        "rbac.authorization.k8s.io/RoleBinding",
    }
