"""The same cluster in four forms: manifests, a chart, an overlay, and running; and what is stated and told of each."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from assay.detectors.registry import DERIVATIONS, DETECTORS
from assay.scanner.engine.assess import Policy, assess
from assay.scanner.engine.derive import derive
from assay.scanner.engine.inventory import Inventory
from assay.scanner.engine.observe import Selection, observe
from assay.scanner.engine.target import parse_targets
from tests.e2e import cluster_seeds
from tests.e2e.cluster_controllers import Object, running
from tests.e2e.cluster_verdicts import book, inventory
from tests.integration.cluster_live import look
from tests.kube_server import KubeServer

Facts = Mapping[tuple[str, str], Mapping[str, Any]]
Verdicts = Mapping[tuple[str, str], Sequence[str]]

WHOLE = """
{apiVersion: v1, kind: Namespace, metadata: {name: istio-system}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: gateway}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: ingress-nginx}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: kubeflow}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: nvidia-device-plugin, namespace: gpu-operator}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: default-editor, namespace: oncology}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: trainer, namespace: train}, automountServiceAccountToken: false}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: deployer, namespace: mlops}}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: argo-server, namespace: mlops}}
---
{apiVersion: batch/v1, kind: CronJob, metadata: {name: nightly, namespace: train}, spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {metadata: {labels: {app: nightly}}, spec: {serviceAccountName: trainer, restartPolicy: Never, containers: [{name: main, image: 'registry.example/nightly:1'}]}}}}}}
---
{apiVersion: batch/v1, kind: Job, metadata: {name: once, namespace: train}, spec: {template: {metadata: {labels: {app: once}}, spec: {restartPolicy: Never, containers: [{name: main, image: registry.example/once}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: deployer, namespace: mlops}, spec: {replicas: 2, selector: {matchLabels: {app: deployer}}, template: {metadata: {labels: {app: deployer}}, spec: {serviceAccountName: deployer, containers: [{name: main, image: 'registry.example/deployer:1', ports: [{containerPort: 80}]}]}}}}
---
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: cilium, namespace: kube-system}, spec: {selector: {matchLabels: {k8s-app: cilium}}, template: {metadata: {labels: {k8s-app: cilium}}, spec: {hostNetwork: true, containers: [{name: cilium-agent, image: 'quay.io/cilium/cilium:v1.17.1'}]}}}}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: kubeflow-edit}, rules: [{apiGroups: [''], resources: [configmaps], verbs: [get]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: deploy}, rules: [{apiGroups: [apps], resources: [deployments], verbs: [create, patch]}, {apiGroups: [''], resources: [secrets], verbs: [get, list]}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: deploy, namespace: serve}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: deploy}, subjects: [{kind: ServiceAccount, name: deployer, namespace: mlops}]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: people}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}, subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: platform-team}]}
"""  # noqa: E501  # one object a line
"""What a cluster has besides the fixtures' trees, so that files declare all that the live one knows."""


def objects(tree: str) -> list[Object]:
    """A tree of the fixtures and the rest, each object once."""
    found = {
        _key(one): one for one in (*(one for one in yaml.safe_load_all(WHOLE) if one), *cluster_seeds.declared(tree))
    }
    return list(found.values())


def manifests(declared: Sequence[Object], folder: Path) -> Inventory:
    """As plain manifests, several files."""
    for number, one in enumerate(declared):
        path = folder / "k8s" / f"{number % 7}" / f"{number:03}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(one))
    return _of_files(folder, "kubernetes")


def chart(declared: Sequence[Object], folder: Path) -> Inventory:
    """As a chart, in which registry, namespaces and numbers are values, and one part is left out on demand."""
    templates = folder / "chart" / "templates"
    templates.mkdir(parents=True)
    (folder / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: cluster\nversion: 1.0.0\n")
    values = {"registry": "registry.example", "serving": "serve", "copies": 2, "extra": False}
    (folder / "chart" / "values.yaml").write_text(yaml.safe_dump(values))
    for number, one in enumerate(declared):
        text = yaml.safe_dump(one).replace("registry.example/", "{{ .Values.registry }}/")
        text = re.sub(r"(?m)^  namespace: serve$", "  namespace: {{ .Values.serving | quote }}", text)
        text = re.sub(r"(?m)^  replicas: 2$", "  replicas: {{ .Values.copies }}", text)
        (templates / f"{number:03}.yaml").write_text(text)
    (templates / "extra.yaml").write_text("{{ if .Values.extra }}\n" + yaml.safe_dump(declared[0]) + "{{ end }}\n")
    return _of_files(folder, "helm")


def overlay(declared: Sequence[Object], folder: Path) -> Inventory:
    """As an overlay over a base with other numbers of replicas."""
    base = folder / "base"
    base.mkdir(parents=True)
    for number, one in enumerate(declared):
        changed = one
        if one["kind"] == "Deployment" and one["spec"].get("replicas") == 2:
            changed = {**one, "spec": {**one["spec"], "replicas": 1}}
        (base / f"{number:03}.yaml").write_text(yaml.safe_dump(changed))
    names = sorted(path.name for path in base.iterdir())
    (base / "kustomization.yaml").write_text(yaml.safe_dump({"resources": names}))
    copied = [one["metadata"] for one in declared if one["kind"] == "Deployment" and one["spec"].get("replicas") == 2]
    patches = [
        {
            "target": {"kind": "Deployment", "name": one["name"], "namespace": one["namespace"]},
            "patch": yaml.safe_dump([{"op": "replace", "path": "/spec/replicas", "value": 2}]),
        }
        for one in copied
    ]
    (folder / "overlay").mkdir()
    text = yaml.safe_dump({"resources": ["../base"], "patches": patches})
    (folder / "overlay" / "kustomization.yaml").write_text(text)
    return _of_files(folder, "kustomize")


def live(declared: Sequence[Object], folder: Path) -> Inventory:
    """Running in a cluster."""
    with KubeServer(running(declared), apis=cluster_seeds.CUSTOM) as server:
        return inventory(look(server.kubeconfig(folder / "config")))


def facts(of: Inventory) -> Facts:
    """By kind and address, derived ones included, in JSON's types; without the source, which differs."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for one in derive(of, DERIVATIONS).resources:
        assert (one.kind, one.address) not in found
        stated = {name: _plain(getattr(fact, "value", fact)) for name, fact in one.facts.items() if name != "source"}
        found[one.kind, one.address] = stated
    return found


def verdicts(of: Inventory, source: str) -> Verdicts:
    """Outcomes of our own rules by rule and address; what is told of a source together is told of `source`."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in assess(of, Policy(book=book())).findings:
        if one.engine is None:
            address = "all" if one.resource.address == source else one.resource.address
            found.setdefault((one.rule, address), []).append(one.outcome)
    return {place: sorted(outcomes) for place, outcomes in found.items()}


def source_of(of: Inventory) -> str:
    """The one source of an inventory."""
    [source] = {str(getattr(one.facts["source"], "value", "")) for one in of.resources if "source" in one.facts}
    return source


def _of_files(folder: Path, part: str) -> Inventory:
    target = parse_targets([str(folder)], frozenset({"path"}))
    found = observe(target, DETECTORS, Selection(only_parts=(part,)), 2, lambda detector, status: None)
    assert found.failures == ()
    return found


def _plain(value: Any) -> Any:
    """Without the places from which unknowns come, which differ between files and a cluster."""
    return _placeless(msgspec.to_builtins(value))


def _placeless(value: Any) -> Any:
    if isinstance(value, dict):
        unknown = value.get("fact") == "unknown"
        return {key: _placeless(one) for key, one in value.items() if not (unknown and key == "origin")}
    return [_placeless(one) for one in value] if isinstance(value, list) else value


def _key(one: Object) -> tuple[str, str, str, str]:
    return one["apiVersion"], one["kind"], one["metadata"].get("namespace", ""), one["metadata"]["name"]
