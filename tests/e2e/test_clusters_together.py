"""Clusters and files in one run, the options that choose among them, and what is told where there is no way in."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.cluster_command import look_failures, report, run, verdicts
from tests.kube_server import KubeServer, faults

WORKLOAD = """
{apiVersion: v1, kind: Namespace, metadata: {name: ml}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: other}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: ml}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: 'registry.example/web:1', securityContext: {privileged: PRIVILEGED}}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: apart, namespace: other}
spec:
  selector: {matchLabels: {app: apart}}
  template:
    metadata: {labels: {app: apart}}
    spec: {containers: [{name: main, image: 'registry.example/apart:1', securityContext: {privileged: true}}]}
"""
PRIVILEGED = "containers-not-privileged"
WEB = (PRIVILEGED, "Deployment.ml.web")
APART = (PRIVILEGED, "Deployment.other.apart")
MANIFEST = "k8s/web.yaml"


@pytest.fixture(scope="module")
def server() -> Iterator[KubeServer]:
    """A cluster in which the workload is privileged."""
    with KubeServer(WORKLOAD.replace("PRIVILEGED", "true")) as started:
        yield started


@pytest.fixture
def kubeconfig(server: KubeServer, tmp_path: Path) -> Path:
    """In a folder with a tree `repo`, whose manifests declare it to be sound, and a Dockerfile that isn't."""
    manifest = tmp_path / "repo" / MANIFEST
    manifest.parent.mkdir(parents=True)
    manifest.write_text(WORKLOAD.replace("PRIVILEGED", "false"))
    (tmp_path / "repo" / "Dockerfile").write_text("FROM python:3.11\nRUN curl -k https://a.example/x\n")
    return server.kubeconfig(tmp_path / "config")


def test_a_tree_and_a_cluster_are_told_apart_in_one_report(kubeconfig: Path) -> None:
    found = report(kubeconfig, "repo", "kube:test")
    assert found["targets"] == ["repo", "kube:test"]
    assert {one["id"]: one["status"] for one in found["detectors"]} == {"cluster": "ok", "iac": "ok"}
    by_place = {
        one["location"]["path"] if one["location"] else None: one["outcome"]
        for one in found["findings"]
        if (one["rule"], one["resource"]["address"]) == WEB
    }
    assert by_place == {None: "fail", MANIFEST: "pass"}


def test_what_the_tree_declares_does_not_mend_what_runs(kubeconfig: Path) -> None:
    """Nor is a cluster taken to have what only a manifest declares: no join crosses from one source to the other."""
    live = report(kubeconfig, "kube:test")
    both = report(kubeconfig, "repo", "kube:test")

    def of_the_cluster(found: Mapping[str, Any]) -> list[object]:
        return [
            (one["rule"], one["resource"], one["outcome"], one["message"])
            for one in found["findings"]
            if one["location"] is None and one["resource"]["address"] != "manifests"
        ]

    assert of_the_cluster(both) == of_the_cluster(live)


def test_only_and_skip_choose_the_cluster_or_the_files(kubeconfig: Path) -> None:
    only = report(kubeconfig, "kube:test", "--only", "cluster")
    assert WEB in verdicts(only) and not any(one["location"] for one in only["findings"])
    skipped = report(kubeconfig, "repo", "kube:test", "--skip", "kubernetes")
    assert {one["location"]["path"] for one in skipped["findings"] if one["location"]} == {"Dockerfile"}
    assert WEB in verdicts(skipped)
    for found in (only, skipped):
        assert any("--only chooses" in line or "--skip leaves" in line for line in found["warnings"])


def test_a_target_that_nothing_looks_at_is_wrong_use(kubeconfig: Path) -> None:
    assert "nothing looks at repo" in wrong(kubeconfig, "repo", "kube:test", "--only", "cluster")
    assert "nothing looks at kube:test" in wrong(kubeconfig, "repo", "kube:test", "--skip", "cluster")


def test_a_chosen_rule_reads_only_what_it_needs(server: KubeServer, kubeconfig: Path) -> None:
    before = len(server.log)
    found = report(kubeconfig, "kube:test", "--only", "service-not-open-load-balancer")
    read = {one.path for one in server.log[before:]}
    assert "/api/v1/services" in read and not read & {"/api/v1/pods", "/api/v1/secrets"}
    assert {one["rule"] for one in found["findings"]} <= {"service-not-open-load-balancer"}


def test_namespaces_limit_what_has_one_and_keep_what_has_none(kubeconfig: Path) -> None:
    found = verdicts(report(kubeconfig, "kube:test", "--namespaces", "ml"))
    assert WEB in found and APART not in found
    assert any(address.startswith("Namespace.") for _, address in found)
    assert ("control-plane-no-anonymous-access", "ControlPlane") in found


def test_namespaces_without_a_cluster_are_wrong_use(kubeconfig: Path) -> None:
    done = run(kubeconfig, "scan", "repo", "--namespaces", "ml")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_baseline_hides_what_it_knows_of_a_cluster_and_nothing_new(server: KubeServer, kubeconfig: Path) -> None:
    kept = str(kubeconfig.parent / "known.json")
    assert run(kubeconfig, "baseline", "kube:test", "--output", kept).returncode == 0
    known = report(kubeconfig, "kube:test", "--baseline", kept)
    assert (known["exit_code"], known["summary"]["fail"], known["summary"]["new"]) == (0, 0, 0)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "intruder", "namespace": "ml"}}
    pod["spec"] = {"hostPID": True, "containers": [{"name": "main", "image": "x", "securityContext": {"privileged": True}}]}  # fmt: skip  # noqa: E501
    server.storage.put(pod)
    try:
        later = report(kubeconfig, "kube:test", "--baseline", kept)
    finally:
        server.storage.remove(pod)
    new = {
        one["resource"]["address"] for one in later["findings"] if one["outcome"] == "fail" and not one["suppressed"]
    }
    assert later["exit_code"] == 1 and "Pod.ml.intruder" in new
    assert APART[1] not in new


def test_a_baseline_hides_no_look_that_failed(server: KubeServer, kubeconfig: Path) -> None:
    server.deny("pods")
    try:
        made = run(kubeconfig, "baseline", "kube:test", "--output", "known.json")
        assert made.returncode == 3 and "could not be looked at" in made.stderr
        found = report(kubeconfig, "kube:test", "--baseline", "known.json", exits=[3])
    finally:
        server.heal()
    assert look_failures(found) and not found["complete"]


def test_exit_codes(server: KubeServer, kubeconfig: Path) -> None:
    assert run(kubeconfig, "scan", "kube:test").returncode == 1
    assert run(kubeconfig, "scan", "kube:test", "--only", "service-not-open-load-balancer").returncode == 0
    server.deny("services", 403)
    try:
        assert run(kubeconfig, "scan", "kube:test").returncode == 3
        assert run(kubeconfig, "scan", "kube:test", "--allow-incomplete").returncode == 1
    finally:
        server.heal()


def told(kubeconfig: Path, *args: str) -> str:
    """The one failure of a scan that finds no way in, which standard error tells too; nothing may pass then."""
    done = run(kubeconfig, "scan", *args, "--format", "json")
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    found = json.loads(done.stdout)
    assert not any(one["outcome"] == "pass" for one in found["findings"])
    assert not any(control["status"] == "satisfied" for control in found["controls"])
    [line] = look_failures(found)
    assert "\n" not in line and "\x1b" not in line
    assert done.stderr == f"assay: {line.removeprefix('cluster: ')}\n"
    return line


def wrong(kubeconfig: Path, *args: str) -> str:
    """The one line of wrong use."""
    done = run(kubeconfig, "scan", *args)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    return done.stderr.strip()


def test_an_unknown_context_is_one_line_with_those_that_are_there(kubeconfig: Path) -> None:
    assert "no context is named 'prod'" in wrong(kubeconfig, "kube:prod")
    assert wrong(kubeconfig, "kube:prod").endswith("there are: test")


def test_a_server_that_is_not_there_is_one_line(kubeconfig: Path) -> None:
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    kubeconfig.write_text(yaml.safe_dump(config))
    line = told(kubeconfig, "kube:test")
    assert "the API server at 127.0.0.1:9 does not answer" in line and "check its address" in line


def test_no_kubeconfig_is_one_line(tmp_path: Path) -> None:
    line = wrong(tmp_path / "none", "kube:test")
    assert f"{tmp_path / 'none'} is not there" in line and "set KUBECONFIG to the file" in line


def test_an_expired_token_is_one_line_without_the_token(server: KubeServer, kubeconfig: Path) -> None:
    config = yaml.safe_load(kubeconfig.read_text())
    config["users"][0]["user"] = {"token": "expired-t0ken"}
    kubeconfig.write_text(yaml.safe_dump(config))
    line = told(kubeconfig, "kube:test")
    assert "401 Unauthorized" in line and "log in anew" in line and "t0ken" not in line


def test_a_failing_cluster_leaves_what_the_tree_tells(server: KubeServer, kubeconfig: Path) -> None:
    server.inject("*", faults.reset())
    server.inject("/version", faults.reset())
    try:
        found = report(kubeconfig, "repo", "kube:test", exits=[3])
    finally:
        server.heal()
    assert (PRIVILEGED, APART[1]) in verdicts(found)
    assert {one["location"]["path"] for one in found["findings"] if one["location"]} == {"Dockerfile", MANIFEST}
    assert len(look_failures(found)) == 1
