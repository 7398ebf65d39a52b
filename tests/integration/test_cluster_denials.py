"""A list that can't be read makes nothing look better: each resource of the API in turn, by every kind of refusal."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec import structs

from assay.detectors.cluster.table import APIS, Api
from assay.scanner.api import Known
from assay.scanner.model.finding import Report
from tests.e2e import cluster_seeds
from tests.e2e.cluster_controllers import running
from tests.e2e.cluster_verdicts import QUICK, better, judged, look_failures
from tests.integration.cluster_live import listings, look
from tests.kube_server import KubeServer, faults

ENGINES = [api for api in APIS if api.kind in cluster_seeds.ENGINE_KINDS]
BUILT_IN = [api for api in APIS if not api.optional]
DECISIVE = [
    api
    for api in APIS
    if api.name
    in (
        "clusterroles.rbac.authorization.k8s.io",
        "deployments.apps",
        "namespaces",
        "networkpolicies.networking.k8s.io",
        "persistentvolumeclaims",
        "pods",
        "rolebindings.rbac.authorization.k8s.io",
        "serviceaccounts",
        "services",
    )
]
"""Those that most rests on; each has several objects."""


class Cluster(NamedTuple):
    """A server, the way in, and what is told where everything can be read."""

    server: KubeServer
    kubeconfig: Path
    whole: Report


def cluster(objects: list[dict[str, object]], folder: Path) -> Iterator[Cluster]:
    with KubeServer(objects, apis=cluster_seeds.CUSTOM) as server:
        kubeconfig = server.kubeconfig(folder / "config")
        whole = judged(kubeconfig)
        assert whole.complete and look_failures(whole) == []
        yield Cluster(server, kubeconfig, whole)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from cluster(cluster_seeds.grown(), tmp_path_factory.mktemp("grown"))


@pytest.fixture(scope="module")
def with_engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from cluster(cluster_seeds.grown(engines=True), tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from cluster(cluster_seeds.sound(), tmp_path_factory.mktemp("sound"))


def names(apis: list[Api]) -> list[str]:
    return [api.name for api in apis]


def check(cluster: Cluster, api: Api, said: str, page_objects: int = QUICK.page_objects) -> Report:
    """Judges once more, holds it against the whole, and heals the server."""
    try:
        report = judged(cluster.kubeconfig, structs.replace(QUICK, page_objects=page_objects))
    finally:
        cluster.server.heal()
    assert list(better(cluster.whole, report, api)) == []
    [failure] = look_failures(report)
    assert failure.startswith(f"cluster: context test: list {api.name}: {said}"), failure
    assert (report.complete, report.exit_code) == (False, 3)
    return report


def test_every_resource_of_the_table_has_an_object(with_engines: Cluster) -> None:
    seen = listings(look(with_engines.kubeconfig))
    assert [api.name for api in APIS if seen[api.name].facts["objects"] == Known(value=0)] == []


@pytest.mark.parametrize("api", APIS, ids=names([*APIS]))
def test_a_denied_resource_makes_nothing_look_better(grown: Cluster, api: Api) -> None:
    grown.server.deny(api.name, 403)
    check(grown, api, "denied to these credentials")


@pytest.mark.parametrize("api", ENGINES, ids=names(ENGINES))
def test_a_denied_policy_of_another_engine_makes_nothing_look_better(with_engines: Cluster, api: Api) -> None:
    with_engines.server.deny(api.name, 403)
    check(with_engines, api, "denied to these credentials")


@pytest.mark.parametrize("api", BUILT_IN, ids=names(BUILT_IN))
def test_a_control_on_which_a_denied_resource_bears_is_not_satisfied(sound: Cluster, api: Api) -> None:
    sound.server.deny(api.name, 403)
    check(sound, api, "denied to these credentials")


FAULTS: dict[str, tuple[Callable[[KubeServer, str], object], str]] = {
    "403 that no review foretells": (lambda server, name: server.deny(name, 403, reviewed=False), "403 Forbidden"),
    "404 of what is listed as served": (lambda server, name: server.deny(name, 404), "404 Not Found"),
    "410 for ever": (lambda server, name: server.deny(name, 410), "410 Gone"),
    "429 for ever": (lambda server, name: server.deny(name, 429, retry_after=0), "429 Too Many Requests"),
    "500": (lambda server, name: server.deny(name, 500), "500 Internal Server Error"),
    "silence": (lambda server, name: server.inject(name, faults.hang(), verbs=["list"]), "no answer within 1 s"),
    "half a page": (lambda server, name: server.inject(name, faults.truncated(), verbs=["list"]), "a page that is"),
    "other types": (lambda server, name: server.inject(name, faults.wrong_types(), verbs=["list"]), "5 of 5 objects"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("api", DECISIVE, ids=names(DECISIVE))
def test_however_a_list_fails_nothing_looks_better(grown: Cluster, api: Api, fault: str) -> None:
    inject, said = FAULTS[fault]
    inject(grown.server, api.name)
    check(grown, api, said)


@pytest.mark.parametrize("api", DECISIVE, ids=names(DECISIVE))
def test_a_list_that_breaks_off_in_the_middle_makes_nothing_look_better(grown: Cluster, api: Api) -> None:
    grown.server.deny(api.name, 410, continued=True)
    check(grown, api, "410 Gone", page_objects=4)


@pytest.mark.parametrize("path", ["/api", "/apis", "/version"])
def test_without_discovery_or_version_nothing_looks_better(grown: Cluster, path: str) -> None:
    grown.server.deny(path, 403)
    try:
        report = judged(grown.kubeconfig)
    finally:
        grown.server.heal()
    assert list(better(grown.whole, report)) == []
    assert (report.complete, report.exit_code) == (False, 3)
    assert any("403 Forbidden" in line for line in look_failures(report))


@pytest.mark.parametrize("api", DECISIVE, ids=names(DECISIVE))
def test_a_denial_in_one_of_the_chosen_namespaces_makes_nothing_look_better(grown: Cluster, api: Api) -> None:
    chosen = ("serve", "operators", "clinic")
    whole = judged(grown.kubeconfig, namespaces=chosen)
    grown.server.deny(api.name, 403, namespace="operators" if api.namespaced else None)
    try:
        report = judged(grown.kubeconfig, namespaces=chosen)
    finally:
        grown.server.heal()
    assert list(better(whole, report, api)) == []
    # Whether the chosen ones are there isn't known either, where namespaces can't be listed.
    doubts = [line for line in look_failures(report) if "whether a namespace is named" in line]
    assert len(doubts) == (len(chosen) if api.name == "namespaces" else 0)
    [failure] = [line for line in look_failures(report) if line not in doubts]
    assert f"list {api.name}{' in operators' if api.namespaced else ''}: denied" in failure


def test_what_a_webhook_puts_into_pods_is_not_passed_where_only_the_template_can_be_read(tmp_path: Path) -> None:
    main = {"name": "main", "image": "registry.example/web:1"}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [main]}}
    metadata = {"name": "web", "namespace": "ml"}
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}
    objects = running([deployment])
    for one in objects:
        if one["kind"] == "Pod":
            one["spec"]["containers"].append({**main, "name": "injected", "securityContext": {"privileged": True}})
    with KubeServer(objects) as server:
        kubeconfig = server.kubeconfig(tmp_path / "config")
        whole = judged(kubeconfig)
        server.deny("pods")
        report = judged(kubeconfig)
    [before], [after] = (
        [one.outcome for one in found.findings if one.rule == "containers-not-privileged"] for found in (whole, report)
    )
    assert (before, after) == ("fail", "unknown")
    assert list(better(whole, report)) == []


def test_a_look_that_may_list_nothing_passes_nothing(grown: Cluster, tmp_path: Path) -> None:
    report = judged(grown.server.kubeconfig(tmp_path / "config", user="stranger"))
    assert [one for one in report.findings if one.outcome == "pass"] == []
    assert not any(control.status == "satisfied" for control in report.controls)
    assert len(look_failures(report)) == len(APIS)


def test_what_is_read_whole_again_is_as_before(grown: Cluster) -> None:
    """The comparisons above would see nothing if the server changed on the way."""
    again = judged(grown.kubeconfig)
    assert again.findings == grown.whole.findings and again.controls == grown.whole.controls


def test_the_clusters_are_such_that_denials_could_be_felt(grown: Cluster, sound: Cluster) -> None:
    outcomes = [one.outcome for one in grown.whole.findings]
    assert min(outcomes.count("fail"), outcomes.count("pass"), outcomes.count("unknown")) > 300
    assert sum(one.status == "satisfied" for one in sound.whole.controls) > 5
    assert len({one.rule for one in grown.whole.findings if one.outcome == "fail"}) > 100
