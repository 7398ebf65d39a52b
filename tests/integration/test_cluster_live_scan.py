"""Live clusters as a user types it: the real command, the sandboxed child, a kubeconfig and a real socket."""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.detectors.cluster.table import APIS
from tests.e2e.cluster_command import run as assay
from tests.kube_server import KubeServer

POLICIES = "networkpolicies.networking.k8s.io"
SECRET = "s3cret-t0ken-value"
SEEDS = f"""
apiVersion: v1
kind: Namespace
metadata: {{name: ml}}
---
apiVersion: v1
kind: Secret
metadata: {{name: registry, namespace: ml}}
stringData: {{token: {SECRET}}}
---
apiVersion: v1
kind: Pod
metadata: {{name: notebook, namespace: ml}}
spec:
  containers:
  - name: main
    image: registry.example/notebook:1
    args: [--token={SECRET}]
    env: [{{name: API_KEY, value: {SECRET}}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: deny, namespace: ml}}
spec: {{podSelector: {{}}, policyTypes: [Ingress]}}
"""


@pytest.fixture
def server() -> Iterator[KubeServer]:
    with KubeServer(SEEDS) as started:
        yield started


def observed(kubeconfig: Path, *args: str, exit_code: int = 0) -> list[Mapping[str, Any]]:
    done = assay(kubeconfig, "observe", *args, "--quiet")
    assert done.returncode == exit_code, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def addresses(records: list[Mapping[str, Any]], kind: str) -> list[str]:
    return [record["address"] for record in records if record.get("kind") == kind]


def sources(records: list[Mapping[str, Any]]) -> set[str]:
    return {record["facts"]["source"]["value"] for record in records if record.get("kind") == "cluster.listing"}


def reasons(records: list[Mapping[str, Any]]) -> list[str]:
    return [record["reason"] for record in records if record["record"] == "failure"]


def test_a_cluster_is_observed_whole_and_nothing_secret_is_kept(server: KubeServer, tmp_path: Path) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config")
    done = assay(kubeconfig, "observe", "kube:test", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert SECRET not in done.stdout
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert reasons(records) == []
    assert sorted(addresses(records, "cluster.listing")) == sorted(api.name for api in APIS)
    assert addresses(records, "workload.pods") == ["Pod.ml.notebook"]
    assert addresses(records, "network.policy") == ["NetworkPolicy.ml.deny"]
    assert server.writes == []


def test_two_runs_say_the_same(server: KubeServer, tmp_path: Path) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config")
    runs = [assay(kubeconfig, "observe", "kube:", "--quiet").stdout for _ in range(2)]
    first, second = (re.sub(r'"(seconds|started|finished)":[^,}]+', "", run) for run in runs)
    assert first == second


def test_a_denial_makes_the_scan_incomplete_and_says_what_to_do(server: KubeServer, tmp_path: Path) -> None:
    server.deny(POLICIES)
    kubeconfig = server.kubeconfig(tmp_path / "config")
    done = assay(kubeconfig, "scan", "kube:test", "--format", "json")
    assert done.returncode == 3
    assert f"list {POLICIES}: denied to these credentials" in done.stdout
    assert "`assay cluster role` prints a ClusterRole that suffices" in done.stdout
    [listing] = [
        record for record in observed(kubeconfig, "kube:test", exit_code=3) if record.get("address") == POLICIES
    ]
    assert listing["facts"]["complete"]["fact"] == "unknown"


@pytest.mark.parametrize("name", ["gone", "a\x1b[31m", "../x"])
def test_an_unknown_context_is_one_line_and_wrong_use(server: KubeServer, tmp_path: Path, name: str) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config")
    for args in (["scan", "--quiet"], ["observe"], ["baseline"]):
        done = assay(kubeconfig, *args, "kube:test", f"kube:{name}")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "there are: test" in done.stderr and "\x1b" not in done.stderr
    assert server.log == []


def test_a_missing_or_broken_kubeconfig_is_one_line_and_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("{")
    for name, said in (("none", "is not there"), ("broken", "is not a kubeconfig: it is not valid YAML")):
        done = assay(tmp_path / name, "scan", "kube:")
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1) and said in done.stderr


def away(server: KubeServer, kubeconfig: Path, context: str = "away") -> Path:
    """Adds a context whose server isn't there."""
    server.kubeconfig(kubeconfig, context=context)
    config = yaml.safe_load(kubeconfig.read_text())
    next(one for one in config["clusters"] if one["name"] == context)["cluster"]["server"] = "https://127.0.0.1:9"
    kubeconfig.write_text(yaml.safe_dump(config))
    return kubeconfig


@pytest.mark.parametrize("others", [[], ["kube:test"]])
def test_a_cluster_of_which_nothing_is_learnt_is_told_on_standard_error_and_no_option_excuses_it(
    server: KubeServer, tmp_path: Path, others: list[str]
) -> None:
    kubeconfig = away(server, server.kubeconfig(tmp_path / "config"))
    for args in (["scan", "--quiet"], ["scan"], ["observe"], ["baseline"]):
        done = assay(kubeconfig, *args, "kube:away", *others, "--allow-incomplete")
        assert done.returncode == 3
        [line] = [line for line in done.stderr.splitlines() if "127.0.0.1:9" in line]
        assert line.startswith("assay: context away: the API server at 127.0.0.1:9 does not answer: no connection")
    text = assay(kubeconfig, "scan", "kube:away").stdout
    assert "GREEN" not in text and "gate     NOT DECIDED: nothing was judged" in text
    assert text.count("does not answer") == 1


@pytest.mark.parametrize(
    "args",
    [
        ["kube:", "--only", "iac"],
        ["kube:", "--only", "terraform"],
        ["kube:", "--skip", "cluster"],
        ["kube:", "--only", "bucket-versioned"],
        [".", "--only", "cluster"],
        [".", "kube:", "--only", "cluster"],
        [".", "kube:", "--skip", "iac"],
    ],
)
def test_a_selection_that_leaves_a_target_unseen_is_wrong_use(
    server: KubeServer, tmp_path: Path, args: list[str]
) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config")
    for command in ("scan", "observe"):
        done = assay(kubeconfig, command, *args)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
        assert "nothing looks at" in done.stderr and "leave the target out, or choose otherwise" in done.stderr


def test_a_configuration_that_leaves_a_cluster_out_is_no_green_scan(server: KubeServer, tmp_path: Path) -> None:
    (tmp_path / "assay.toml").write_text('skip = ["cluster"]\n')
    done = assay(server.kubeconfig(tmp_path / "config"), "scan", "kube:")
    assert done.returncode == 2 and "the configuration leaves out cluster" in done.stderr


def test_a_selection_of_what_looks_at_the_target_is_kept(server: KubeServer, tmp_path: Path) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config")
    (tmp_path / "repo").mkdir()
    names = ("kube: --only cluster", "kube: --only pods-no-host-path", "repo --only iac", "repo --only CKV_AWS_18")
    for args in map(str.split, (*names, "repo --only dockerfile", "repo --skip terraform")):
        assert assay(kubeconfig, "scan", *args).returncode in (0, 1), args


def test_a_colon_that_was_forgotten_is_named(server: KubeServer, tmp_path: Path) -> None:
    done = assay(server.kubeconfig(tmp_path / "config"), "scan", "kube")
    assert done.returncode == 2 and "write kube: with a colon" in done.stderr
    assert "colon" not in assay(tmp_path / "config", "scan", "nowhere").stderr


def test_denials_alike_are_told_in_one_line_and_found_one_by_one(server: KubeServer, tmp_path: Path) -> None:
    for name in ("limitranges", "nodes", "pods"):
        server.deny(name)
    kubeconfig = server.kubeconfig(tmp_path / "config")
    text = " ".join(assay(kubeconfig, "scan", "kube:").stdout.split())
    assert text.count("`assay cluster role` prints") == 1
    assert "cluster partial context test: list limitranges, nodes, pods: denied to these credentials" in text
    document = json.loads(assay(kubeconfig, "scan", "kube:", "--format", "json").stdout)
    assert len([one for one in document["findings"] if one["rule"] == "look-failed"]) == 3


def test_the_context_and_the_version_of_a_cluster_are_told(server: KubeServer, tmp_path: Path) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config")
    assert re.search(r"^cluster  test, Kubernetes \d+\.\d+", assay(kubeconfig, "scan", "kube:").stdout, re.MULTILINE)
    [cluster] = json.loads(assay(kubeconfig, "scan", "kube:", "--format", "json").stdout)["clusters"]
    assert cluster["source"] == "kube:test"


def test_the_printed_role_is_all_that_a_scan_needs(server: KubeServer, tmp_path: Path) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config", user="system:serviceaccount:audit:assay")
    assert reasons(observed(kubeconfig, "kube:test", exit_code=3)) != []
    printed = assay(kubeconfig, "cluster", "role", "--binding", "serviceaccount:audit/assay")
    assert (printed.returncode, printed.stderr) == (0, "")
    for document in yaml.safe_load_all(printed.stdout):
        server.storage.put(document)
    assert reasons(observed(kubeconfig, "kube:test")) == []
    assert server.writes == []


def test_the_role_of_a_pack_is_all_that_a_scan_by_this_pack_needs(server: KubeServer, tmp_path: Path) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config", user="auditor")
    printed = assay(kubeconfig, "cluster", "role", "--pack", "hipaa", "--binding", "user:auditor")
    for document in yaml.safe_load_all(printed.stdout):
        server.storage.put(document)
    done = assay(kubeconfig, "scan", "kube:test", "--pack", "hipaa", "--format", "json")
    assert done.returncode in (0, 1), done.stderr
    assert not any(one.status == 403 for one in server.log if one.user == "auditor")


def test_the_role_allows_nothing_but_lists(tmp_path: Path) -> None:
    printed = assay(tmp_path / "none", "cluster", "role", "--name", "reader").stdout
    [role] = list(yaml.safe_load_all(printed))
    assert (role["kind"], role["metadata"]) == ("ClusterRole", {"name": "reader"})
    assert {tuple(rule["verbs"]) for rule in role["rules"]} == {("list",)}
    assert {tuple(sorted(rule)) for rule in role["rules"]} == {("apiGroups", "resources", "verbs")}
    assert not any("*" in (*rule["apiGroups"], *rule["resources"]) for rule in role["rules"])


def test_the_role_says_that_it_lets_its_holder_read_secrets_and_can_do_without(
    server: KubeServer, tmp_path: Path
) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config", user="auditor")
    whole = assay(kubeconfig, "cluster", "role").stdout
    assert whole.startswith("# To Kubernetes, listing Secrets is reading them") and "- secrets\n" in whole
    assert "#" not in assay(kubeconfig, "cluster", "role", "--kinds", "rbac.role").stdout
    without = assay(kubeconfig, "cluster", "role", "--without-secrets", "--binding", "user:auditor").stdout
    assert "#" not in without and "secrets" not in without
    for document in yaml.safe_load_all(without):
        server.storage.put(document)
    [reason] = reasons(observed(kubeconfig, "kube:test", exit_code=3))
    assert "list secrets: denied" in reason
    assert assay(kubeconfig, "scan", "kube:test", "--allow-incomplete").returncode in (0, 1)


def test_a_role_for_some_kinds_reads_these_and_what_they_are_derived_from(tmp_path: Path) -> None:
    def resources(*args: str) -> set[str]:
        documents = yaml.safe_load_all(assay(tmp_path / "none", "cluster", "role", *args).stdout)
        return {resource for one in documents for rule in one["rules"] for resource in rule["resources"]}

    assert "pods" not in resources("--kinds", "rbac.role")
    assert resources("--kinds", "rbac.role") == {"clusterroles", "roles"}
    assert {"clusterrolebindings", "roles", "serviceaccounts"} <= resources("--kinds", "rbac.grant")


@pytest.mark.parametrize(
    "args",
    [
        ["--kinds", "no.such-kind"],
        ["--binding", "alice"],
        ["--binding", "user:a\nb"],
        ["--name", "A/b"],
        ["--namespaces", "a.b"],
        ["--namespaces", ""],
        ["--namespaces", "ml,"],
    ],
)
def test_wrong_options_of_the_role_are_one_line(tmp_path: Path, args: list[str]) -> None:
    done = assay(tmp_path / "none", "cluster", "role", *args)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)


def test_a_role_for_which_no_kind_is_chosen_is_for_everything(tmp_path: Path) -> None:
    roles = [assay(tmp_path / "none", "cluster", "role", *args).stdout for args in ((), ("--kinds", ""))]
    assert roles[0] == roles[1] != ""


def test_a_log_in_program_runs_in_the_sandbox(server: KubeServer, tmp_path: Path) -> None:
    answer = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": server.token("admin", ["system:masters"])},
    }
    command = tmp_path / "bin" / "log-in"
    command.parent.mkdir()
    command.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer)}\nEND\n")
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    kubeconfig = server.kubeconfig(tmp_path / "config")
    config = yaml.safe_load(kubeconfig.read_text())
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "log-in", "interactiveMode": "Never"}
    config["users"][0]["user"] = {"exec": plugin}
    kubeconfig.write_text(yaml.safe_dump(config))
    path = f"{command.parent}:{os.environ['PATH']}"
    done = assay(kubeconfig, "observe", "kube:", "--quiet", PATH=path)
    assert done.returncode == 0, done.stdout[-2000:]


def test_several_clusters_are_observed_side_by_side_and_left_out_together(tmp_path: Path) -> None:
    with KubeServer(SEEDS) as first, KubeServer(anonymous=False) as second:
        kubeconfig = first.kubeconfig(tmp_path / "config", context="prod")
        second.kubeconfig(kubeconfig, context="dev")
        records = observed(kubeconfig, "kube:prod", "kube:dev")
        assert addresses(records, "network.policy") == ["NetworkPolicy.ml.deny"]
        assert sources(records) == {"kube:prod", "kube:dev"}
        second.deny("pods")
        said = (
            "context dev: list pods: denied to these credentials, by an access review; "
            "`assay cluster role` prints a ClusterRole that suffices"
        )
        assert reasons(observed(kubeconfig, "kube:prod", "kube:dev", exit_code=3)) == [said]
        kept = observed(kubeconfig, "kube:prod", "kube:dev", "--only", "cluster", exit_code=3)
        assert reasons(kept) == [said]
        assert sources(kept) == {"kube:prod", "kube:dev"}


def test_namespaces_limit_what_has_one(server: KubeServer, tmp_path: Path) -> None:
    kubeconfig = server.kubeconfig(tmp_path / "config")
    records = observed(kubeconfig, "kube:test", "--namespaces", "default")
    assert addresses(records, "network.policy") == [] and addresses(records, "rbac.role") != []
    [listing] = [record for record in records if record.get("address") == POLICIES]
    assert listing["facts"]["namespaces"]["value"] == ["default"]
