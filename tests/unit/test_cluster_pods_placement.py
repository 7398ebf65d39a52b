"""Which nodes pods ask for, and whether they are given Secrets."""

from typing import Any

import pytest

from assay.detectors.cluster.objects import Objects
from assay.detectors.cluster.platform import nodes
from assay.detectors.cluster.pods import workloads
from assay.scanner.model.fact import Unknown
from tests.unit.cluster_manifests import LIVE, facts_of, objects_of

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


def facts(spec: str) -> dict[str, Any]:
    text = f"{{apiVersion: v1, kind: Pod, metadata: {{name: a, namespace: ml}}, spec: {spec}}}"
    return only(objects_of(text))


def only(objects: Objects) -> dict[str, Any]:
    [found] = facts_of(workloads.state, objects).values()
    return found


def affinity(*terms: str) -> str:
    listed = ", ".join(f"{{matchExpressions: [{term}]}}" for term in terms)
    required = f"requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{listed}]}}"
    return f"{{containers: [], affinity: {{nodeAffinity: {{{required}}}}}}}"


def test_pods_that_ask_for_nothing_may_be_anywhere() -> None:
    assert facts("{containers: []}")["placement"] == {"node_labels": {}, "control_plane": False, "tolerates": []}


def test_labels_are_asked_for_by_selector_and_by_an_affinity_with_one_value() -> None:
    assert facts("{containers: [], nodeSelector: {pool: gpu}}")["placement"]["node_labels"] == {"pool": "gpu"}
    one = affinity("{key: pool, operator: In, values: [gpu]}, {key: zone, operator: In, values: [a, b]}")
    assert facts(one)["placement"]["node_labels"] == {"pool": "gpu"}
    several = affinity("{key: pool, operator: In, values: [gpu]}", "{key: pool, operator: In, values: [cpu]}")
    assert facts(several)["placement"]["node_labels"] == {}


@pytest.mark.parametrize(
    ("spec", "asked"),
    [
        (f"{{containers: [], nodeSelector: {{{CONTROL_PLANE}: ''}}}}", True),
        (affinity(f"{{key: {CONTROL_PLANE}, operator: Exists}}"), True),
        (
            affinity(
                f"{{key: {CONTROL_PLANE}, operator: Exists}}",
                "{key: node-role.kubernetes.io/master, operator: Exists}",
            ),
            True,
        ),
        (affinity(f"{{key: {CONTROL_PLANE}, operator: Exists}}", "{key: pool, operator: Exists}"), False),
        (affinity(f"{{key: {CONTROL_PLANE}, operator: DoesNotExist}}"), False),
        (f"{{containers: [], tolerations: [{{key: {CONTROL_PLANE}, operator: Exists}}]}}", False),
    ],
)
def test_the_control_plane_is_asked_for_where_every_term_does(spec: str, asked: bool) -> None:
    assert facts(spec)["placement"]["control_plane"] is asked


def test_a_toleration_without_a_key_bears_all_taints() -> None:
    tolerations = "[{operator: Exists}, {key: dedicated, operator: Equal, value: gpu}]"
    assert facts(f"{{containers: [], tolerations: {tolerations}}}")["placement"]["tolerates"] == ["*", "dedicated"]


@pytest.mark.parametrize(
    ("spec", "used"),
    [
        ("{containers: []}", False),
        ("{containers: [], volumes: [{name: a, configMap: {name: c}}]}", False),
        ("{containers: [], volumes: [{name: a, secret: {secretName: db}}]}", True),
        ("{containers: [], volumes: [{name: a, projected: {sources: [{secret: {name: db}}]}}]}", True),
        ("{containers: [], imagePullSecrets: [{name: registry}]}", True),
        ("{containers: [{name: a, envFrom: [{secretRef: {name: db}}]}]}", True),
        ("{containers: [{name: a, env: [{name: P, valueFrom: {secretKeyRef: {name: db, key: p}}}]}]}", True),
        ("{containers: [{name: a, env: [{name: P, value: p}]}]}", False),
        ("{containers: [], initContainers: [{name: a, envFrom: [{secretRef: {name: db}}]}]}", True),
    ],
)
def test_secrets_are_used_as_files_in_variables_and_to_pull_images(spec: str, used: bool) -> None:
    assert facts(spec)["uses_secrets"] is used


def test_a_pod_that_may_have_more_in_it_than_is_seen_may_be_given_secrets() -> None:
    text = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {template: {spec: {containers: []}}}}"
    assert only(objects_of(text))["uses_secrets"] is False
    denied = objects_of(text, source=LIVE)
    denied.miss("Pod", "403")
    assert only(denied)["uses_secrets"] == Unknown(reason="403")
    graph = "{apiVersion: serving.kserve.io/v1alpha1, kind: InferenceGraph, metadata: {name: a}}"
    assert isinstance(only(objects_of(graph))["uses_secrets"], Unknown)


@pytest.mark.parametrize(("label", "rules"), [(CONTROL_PLANE, True), ("node-role.kubernetes.io/worker", False)])
def test_a_node_of_the_control_plane_is_known_by_its_label(label: str, rules: bool) -> None:
    text = f"{{apiVersion: v1, kind: Node, metadata: {{name: a, labels: {{{label}: ''}}}}}}"
    assert facts_of(nodes.state, objects_of(text, source=LIVE))["Node.a"]["control_plane"] is rules
