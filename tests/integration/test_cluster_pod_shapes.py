"""Pods of a live cluster that are not of the shape that is known, which shows as their containers are decoded."""

from pathlib import Path

import msgspec

from assay.scanner.api import Known
from tests.integration.cluster_live import failures, incomplete, listings, look, of_kind
from tests.kube_server import KubeServer
from tests.kube_server.status import Answer
from tests.unit.pod_manifests import owned, running, spec


def test_a_pod_with_an_odd_container_is_told_and_those_beside_it_are_kept(tmp_path: Path) -> None:
    good = [running(f"web-{n}", spec(), owned("ReplicaSet", "web")) for n in range(2)]
    odd = running("web-2", spec({"name": "main", "image": 7}), owned("ReplicaSet", "web"))
    body = msgspec.json.encode({"kind": "PodList", "apiVersion": "v1", "items": [good[0], odd, good[1]]})
    with KubeServer([]) as server:
        server.inject("pods", lambda request, usual: Answer(200, body), verbs=["list"])
        records = look(server.kubeconfig(tmp_path / "config"), kinds=["workload.pods"])
    said = "1 of 3 objects are not of the shape that is known: Expected `str | null`, got `int`"
    assert said in incomplete(records)["pods"] and "`$.spec.containers[0].image`" in incomplete(records)["pods"]
    assert [said in one for one in failures(records)] == [True]
    assert listings(records)["pods"].facts["objects"] == Known(value=3)
    [workload] = of_kind(records, "workload.pods")
    assert workload.facts["running"] == Known(value=2)
