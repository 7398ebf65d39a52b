"""What a whole scan asks of a cluster, by the server's log: reads and access reviews, and no value of a Secret."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import jsonschema
import pytest

from tests.e2e import cluster_seeds
from tests.e2e.cluster_command import run
from tests.kube_server import KubeServer

SCHEMA = Path(__file__).parents[1] / "integration" / "data" / "sarif-2.1.0.schema.json"
REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
LISTS = re.compile(r"/api/v1/[a-z]+|/apis/[a-z0-9.-]+/v[0-9a-z]+/[a-z]+")
DISCOVERY = {"/version", "/api", "/apis"}


class Scanned(NamedTuple):
    """A server after a scan, and all that the scan has said."""

    server: KubeServer
    folder: Path
    stdout: str
    stderr: str

    def written(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scanned]:
    folder = tmp_path_factory.mktemp("scanned")
    with KubeServer(cluster_seeds.grown(engines=True), apis=cluster_seeds.CUSTOM) as server:
        # Slow enough for requests to overlap.
        server.inject("*", lambda request, usual: usual(request)._replace(wait=0.01))
        kubeconfig = server.kubeconfig(folder / "config")
        outputs = [f"--output={name}={folder / name}" for name in ("json", "sarif", "text")]
        done = run(kubeconfig, "scan", "kube:test", "--verbose", *outputs)
        assert done.returncode == 1, done.stderr
        observed = run(kubeconfig, "observe", "kube:test", "--output", str(folder / "inventory"))
        assert observed.returncode == 0, observed.stderr
        yield Scanned(server, folder, done.stdout + observed.stdout, done.stderr + observed.stderr)


def test_nothing_is_written_but_access_reviews(scanned: Scanned) -> None:
    log = scanned.server.log
    assert scanned.server.writes == []
    assert {one.method for one in log} == {"GET", "POST"}
    assert {one.path for one in log if one.method == "POST"} == {REVIEW}


def test_at_most_four_requests_are_in_flight(scanned: Scanned) -> None:
    assert 1 < scanned.server.most_at_once <= 4


def test_nothing_is_read_but_lists_and_what_the_server_says_of_itself(scanned: Scanned) -> None:
    read = {one.path for one in scanned.server.log if one.method == "GET"} - DISCOVERY
    assert [path for path in read if not LISTS.fullmatch(path)] == []
    assert not any("watch" in one.query for one in scanned.server.log)
    assert not any("configmaps" in path or "/events" in path for path in read)


def test_of_secrets_only_the_metadata_is_asked_for(scanned: Scanned) -> None:
    asked = [one for one in scanned.server.log if "secrets" in one.path]
    assert {one.path for one in asked} == {"/api/v1/secrets"}
    for one in asked:
        assert one.accept == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def test_no_value_of_a_secret_setting_or_variable_and_no_persons_name_is_told(scanned: Scanned) -> None:
    told = [scanned.stdout, scanned.stderr, *map(scanned.written, ("json", "sarif", "text", "inventory"))]
    for text in told:
        assert not any(value in text for value in cluster_seeds.PRIVATE)
        assert "@lumen-onkologie" not in text


def test_each_list_is_read_once_a_scan(scanned: Scanned) -> None:
    lists = [(one.path, one.query) for one in scanned.server.log if one.method == "GET" and one.path not in DISCOVERY]
    assert len(lists) <= 2 * len(set(lists))  # A scan, and an observation.


def test_the_sarif_of_a_live_scan_is_valid_and_names_resources_instead_of_places(scanned: Scanned) -> None:
    document = json.loads(scanned.written("sarif"))
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert [error.message for error in validator.iter_errors(document)] == []
    results = document["runs"][0]["results"]
    assert len(results) > 500
    for one in results:
        [place] = one["locations"]
        # A stand-in, as some readers of SARIF refuse results without a file.
        assert place["physicalLocation"]["artifactLocation"]["uri"].startswith(".assay/inventory/")
        assert place["logicalLocations"][0]["fullyQualifiedName"] and one["message"]["text"]


def test_fingerprints_of_a_live_scan_tell_its_findings_apart(scanned: Scanned) -> None:
    prints = [one["fingerprint"] for one in json.loads(scanned.written("json"))["findings"]]
    assert all(prints) and len(set(prints)) == len(prints)


def test_the_text_of_a_live_scan_names_each_failing_resource_and_no_file(scanned: Scanned) -> None:
    failing = [one for one in json.loads(scanned.written("json"))["findings"] if one["outcome"] == "fail"]
    addresses = {one["resource"]["address"] for one in failing}
    assert [one for one in addresses if one not in scanned.stdout] == []
    assert "scanned  kube:test" in scanned.written("text") and "Not in a file" in scanned.written("text")


def test_judging_the_saved_inventory_says_what_the_scan_said(scanned: Scanned) -> None:
    done = run(scanned.folder / "config", "judge", str(scanned.folder / "inventory"), "--format", "json")
    judged, told = json.loads(done.stdout), json.loads(scanned.written("json"))
    assert done.returncode == 1
    for key in ("findings", "controls", "summary", "gate", "complete", "rules"):
        assert judged[key] == told[key], key
