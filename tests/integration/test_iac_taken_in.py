"""A folder hides nothing: a manifest is passed over only where a chart or kustomization really takes it in."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from assay.scanner.api import Known, Resource
from tests.integration.iac_trees import failed, observe, plant, verdicts

BINDING = (
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: {name}\n"
    "  annotations: {{op: {note}}}\n"
    "roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}}\n"
    "subjects: [{{kind: Group, apiGroup: rbac.authorization.k8s.io, name: 'system:authenticated'}}]\n"
)
PRIVILEGED = (
    "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\n"
    "spec: {{containers: [{{name: c, image: i, args: [{argument}], securityContext: {{privileged: true}}}}]}}\n"
)
CHART = {"c/Chart.yaml": "apiVersion: v2\nname: c\nversion: 0.1.0\n"}


def bound(name: str, note: str = "x") -> str:
    return BINDING.format(name=name, note=note)


def found(folder: Path, tree: Mapping[str, str]) -> dict[str, set[str]]:
    """The sources of each binding; nothing failed and nothing is undecided."""
    records = observe(plant(folder / "tree", tree))
    assert failed(records) == [] and verdicts(records, "unknown") == []
    sources: dict[str, set[str]] = {}
    for one in records:
        if isinstance(one, Resource) and one.kind == "rbac.binding":
            source = one.facts["source"]
            assert isinstance(source, Known)
            sources.setdefault(one.address.removeprefix("ClusterRoleBinding."), set()).add(source.value)
    return sources


@pytest.mark.system  # kustomizations need kubectl or kustomize
def test_a_kustomization_hides_no_manifest_that_it_does_not_name(tmp_path: Path) -> None:
    patch = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\nautomountServiceAccountToken: false\n"
    tree = {
        "kustomization.yaml": "resources: []\n",
        "deep/er/a.yaml": bound("beside-nothing"),
        "k/kustomization.yaml": "resources: [taken.yaml, sub, account.yaml]\ncomponents: [../parts]\n"
        "patches: [{path: patch.yaml}]\nconfigMapGenerator: [{name: m, files: [data.yaml]}]\n",
        "k/taken.yaml": bound("taken"),
        "k/account.yaml": "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n",
        "k/patch.yaml": patch,
        "k/data.yaml": bound("data"),
        "k/beside.yaml": bound("beside"),
        "k/sub/kustomization.yml": "resources: [taken-too.yaml]\n",
        "k/sub/taken-too.yaml": bound("taken-too"),
        "k/sub/deploy/beside.yaml": bound("beside-too"),
        "parts/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
        "resources: [part.yaml]\n",
        "parts/part.yaml": bound("part"),
        "never-built/Kustomization": "resources: [a.yaml]\n",
        "never-built/a.yaml": bound("never-built"),
    }
    plain = {"manifests"}
    assert found(tmp_path, tree) == {
        "beside-nothing": plain,
        "taken": {"k"},
        "data": plain,
        "beside": plain,
        "taken-too": {"k"},
        "part": {"k"},
        "beside-too": plain,
        "never-built": plain,
    }


def test_a_chart_hides_no_manifest_that_it_does_not_render(tmp_path: Path) -> None:
    tree = CHART | {
        "c/.helmignore": "# made by hand\n*.swp\n/templates/hidden*\n",
        "c/templates/taken.yaml": bound("taken"),
        "c/templates/hidden.yaml": bound("hidden"),
        "c/templates/_part.yaml": bound("part"),
        "c/crds/a.yaml": bound("installed"),
        "c/examples/a.yaml": bound("example"),
        "c/deploy/rbac.yaml": bound("deployed"),
    }
    plain = {"manifests"}
    assert found(tmp_path, tree) == {
        "taken": {"c"},
        "hidden": plain,
        "part": plain,
        "installed": plain,
        "example": plain,
        "deployed": plain,
    }


@pytest.mark.parametrize("value", ["=", "!x y", "!!binary eA==", "1:30", "'{{ \"{{\" }} .Values.x }}'"])
def test_no_value_hides_an_object_of_a_chart(value: str, tmp_path: Path) -> None:
    tree = CHART | {
        "c/templates/a.yaml": bound("a", value),
        "c/templates/b.yaml": PRIVILEGED.format(argument=value),
    }
    assert found(tmp_path / "facts", tree) == {"a": {"c"}}
    records = observe(plant(tmp_path / "checks", tree))
    assert "CKV_K8S_16" in {one.check for one in verdicts(records, "fail")}  # that a container is privileged


@pytest.mark.system
@pytest.mark.parametrize("value", ["=", "!x y", "'# Source: chart/x'", "1:30"])
def test_no_value_hides_an_object_of_a_kustomization(value: str, tmp_path: Path) -> None:
    tree = {
        "k/kustomization.yaml": "resources: [a.yaml, b.yaml]\n",
        "k/a.yaml": bound("a", value),
        "k/b.yaml": PRIVILEGED.format(argument=value),
    }
    assert found(tmp_path / "facts", tree) == {"a": {"k"}}
    records = observe(plant(tmp_path / "checks", tree))
    assert "CKV_K8S_16" in {one.check for one in verdicts(records, "fail") if one.framework == "kustomize"}
