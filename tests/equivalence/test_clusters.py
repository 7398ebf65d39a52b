"""The product's promise: a cluster declared as manifests, as a chart or as an overlay, and the same one as it runs,
have the same facts and the same verdicts, but for what is listed here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from assay.scanner.engine.inventory import Inventory
from tests.equivalence import cluster_forms
from tests.equivalence.cluster_forms import Facts, facts, objects, source_of, verdicts

TREES = ["sound", "vulnerable"]


@pytest.fixture(scope="module", params=TREES)
def tree(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def declared(tree: str, tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    return cluster_forms.manifests(objects(tree), tmp_path_factory.mktemp("manifests"))


@pytest.fixture(scope="module")
def live(tree: str, tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    return cluster_forms.live(objects(tree), tmp_path_factory.mktemp("live"))


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Inventory:
    """A cluster with nothing but what every cluster has from its start."""
    return cluster_forms.live([], tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize(
    "form",
    [cluster_forms.chart, pytest.param(cluster_forms.overlay, marks=pytest.mark.system)],
    ids=["chart", "overlay"],
)
def test_a_chart_and_an_overlay_are_the_manifests_that_they_render_to(
    form: Callable[..., Inventory], tree: str, declared: Inventory, tmp_path: Path
) -> None:
    rendered = form(objects(tree), tmp_path)
    assert source_of(declared) == "manifests" != source_of(rendered)
    assert facts(rendered) == facts(declared)
    assert verdicts(rendered, source_of(rendered)) == verdicts(declared, "manifests")


ONLY_RUNNING = {
    ("workload.pods", "nodes"),
    ("workload.pods", "running"),
}
"""Facts of what runs, which nothing that is only declared has."""


ONLY_DECLARED = {"cluster.device-plugin"}
"""What a server isn't asked for, as values of ConfigMaps are: nodes tell how they share accelerators."""


def _without_the_servers(field: tuple[str, str], address: str, value: Any) -> Any:
    """A live cluster's fact without what the API server, or an operator, adds to what was declared."""
    match field:
        case ("cluster.namespace", "labels"):
            return {key: one for key, one in value.items() if key != "kubernetes.io/metadata.name"}
        case ("network.service", "ports"):
            # The server chooses ports on the nodes.
            return [{**port, "node_port": None} for port in value]
        case ("rbac.subject", "grants"):
            # Bound to everyone who has logged in, in every cluster that runs.
            return [one for one in value if not one.startswith("ClusterRoleBinding.system:")]
        case ("workload.pods", "labels") if address.startswith("InferenceService."):
            # KServe gives its pods an `app` where nobody chose one, and its object's own labels.
            kept = {key: one for key, one in value.items() if key != "networking.kserve.io/visibility"}
            return {key: one for key, one in kept.items() if not one.startswith("isvc.")}
        case ("workload.pods", "paths"):
            # Which node a pod is on, and what else is there, is only known of what runs.
            return [(one["target"], one["sure"]) for one in value]
        case ("workload.pods", "ways_in"):
            # Which addresses nodes have, too; a way through nothing is by a port of the node.
            return [{**one, "origin": one["origin"] if one["via"] else None} for one in value]
    return value


def _differences(declared: Facts, live: Facts) -> Mapping[tuple[str, str, str], tuple[Any, Any]]:
    found: dict[tuple[str, str, str], tuple[Any, Any]] = {}
    for kind, address in declared.keys() & live.keys():
        here, there = declared[kind, address], live[kind, address]
        for name in here.keys() | there.keys():
            if (kind, name) not in ONLY_RUNNING:
                field = (kind, name)
                pair = tuple(_without_the_servers(field, address, one.get(name)) for one in (here, there))
                if pair[0] != pair[1]:
                    found[kind, address, name] = (pair[0], pair[1])
    return found


def test_what_runs_has_the_facts_of_what_is_declared(declared: Inventory, live: Inventory, empty: Inventory) -> None:
    here, there = facts(declared), facts(live)
    assert {kind for kind, _ in here.keys() - there.keys()} == ONLY_DECLARED
    assert there.keys() - here.keys() <= facts(empty).keys()
    assert _differences(here, there) == {}
    assert len(here) > 100


def test_what_runs_has_the_verdicts_of_what_is_declared(declared: Inventory, live: Inventory, empty: Inventory) -> None:
    here, there = verdicts(declared, "manifests"), verdicts(live, source_of(live))
    differing = {place for place in here.keys() | there.keys() if here.get(place) != there.get(place)}
    # What every cluster has from its start is told of, too, as is its control plane, which no file declares.
    of_files = {place for place in differing if cluster_forms.book().rules[place[0]].kind in ONLY_DECLARED}
    assert of_files and differing - of_files <= verdicts(empty, source_of(empty)).keys() - here.keys()
    assert "ControlPlane" in {address for _, address in differing}
    assert len(here) > 800


def test_a_difference_between_what_runs_and_what_is_declared_is_seen(
    tree: str, declared: Inventory, tmp_path: Path
) -> None:
    """The comparison itself: a container that runs as something else than was declared."""
    changed = objects(tree)
    [deployer] = [one for one in changed if one["kind"] == "Deployment" and one["metadata"]["name"] == "deployer"]
    deployer["spec"]["template"]["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    other = cluster_forms.live(changed, tmp_path)
    differing = _differences(facts(declared), facts(other))
    assert ("workload.pods", "Deployment.mlops.deployer", "containers") in differing
    place = ("containers-not-privileged", "Deployment.mlops.deployer")
    assert verdicts(declared, "manifests")[place] == ["pass"]
    assert verdicts(other, source_of(other))[place] == ["fail"]
