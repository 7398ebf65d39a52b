"""Which manifests are applied together: a tree's plain ones; and each chart and each overlay by itself."""

from pathlib import Path

import pytest

from assay.scanner.api import Known, Record, Resource
from tests.integration.iac_trees import failed, observe, plant

POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: ml}}\n"
    "spec: {{containers: [{{name: main, image: i}}]}}\n"
)
CHART = {
    "charts/one/Chart.yaml": "apiVersion: v2\nname: one\nversion: 0.1.0\n",
    "charts/one/templates/a.yaml": POD.format(name="one-a"),
    "charts/one/templates/b.yaml": POD.format(name="one-b"),
    "charts/two/Chart.yaml": "apiVersion: v2\nname: two\nversion: 0.1.0\n",
    "charts/two/templates/a.yaml": POD.format(name="two-a"),
}
SUBCHART = {
    "charts/one/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 0.1.0\n",
    "charts/one/charts/sub/templates/a.yaml": POD.format(name="sub-a"),
}
PLAIN = {
    "a.yaml": POD.format(name="plain-a"),
    "deep/er/b.yaml": POD.format(name="plain-b"),
    "charts/beside.yaml": POD.format(name="beside"),
}
KUSTOMIZE = {
    "lone/kustomization.yaml": "resources: [pod.yaml]\n",
    "lone/pod.yaml": POD.format(name="lone"),
    "base/kustomization.yaml": "resources: [pod.yaml]\n",
    "base/pod.yaml": POD.format(name="based"),
    "overlays/dev/kustomization.yaml": "resources: [../../base]\n",
    "overlays/prod/kustomization.yaml": "resources: [../../base]\nnamespace: prod\n",
}
ROOT_CHART = {"Chart.yaml": "apiVersion: v2\nname: root\nversion: 0.1.0\n", "templates/a.yaml": POD.format(name="r")}


def sources(records: list[Record]) -> dict[str, set[str]]:
    """The workloads of each source."""
    found: dict[str, set[str]] = {}
    for one in records:
        if isinstance(one, Resource) and one.kind == "workload.pods":
            source = one.facts["source"]
            assert isinstance(source, Known)
            found.setdefault(source.value, set()).add(one.address)
    return found


def test_plain_manifests_are_one_source_and_each_chart_is_one_of_its_own(tmp_path: Path) -> None:
    records = observe(plant(tmp_path / "tree", PLAIN | CHART))
    assert failed(records) == []
    assert sources(records) == {
        "manifests": {"Pod.ml.plain-a", "Pod.ml.plain-b", "Pod.ml.beside"},
        "charts/one": {"Pod.ml.one-a", "Pod.ml.one-b"},
        "charts/two": {"Pod.ml.two-a"},
    }


def test_a_subchart_goes_with_its_chart(tmp_path: Path) -> None:
    found = sources(observe(plant(tmp_path / "tree", CHART | SUBCHART)))
    assert "manifests" not in found
    assert found["charts/one"] == {"Pod.ml.one-a", "Pod.ml.one-b", "Pod.ml.sub-a"}


def test_a_chart_at_the_root_is_a_source_too(tmp_path: Path) -> None:
    assert sources(observe(plant(tmp_path / "tree", ROOT_CHART))) == {".": {"Pod.ml.r"}}


@pytest.mark.system  # kustomizations need kubectl or kustomize
def test_each_overlay_is_a_source_and_what_it_is_made_of_is_no_plain_manifest(tmp_path: Path) -> None:
    records = observe(plant(tmp_path / "tree", PLAIN | KUSTOMIZE))
    assert failed(records) == []
    assert sources(records) == {
        "manifests": {"Pod.ml.plain-a", "Pod.ml.plain-b", "Pod.ml.beside"},
        "lone": {"Pod.ml.lone"},
        "overlays/dev": {"Pod.ml.based"},
        "overlays/prod": {"Pod.prod.based"},
    }
