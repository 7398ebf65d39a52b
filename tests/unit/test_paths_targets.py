"""What attack paths start from and lead to: pods, nodes, tenants, volumes, clouds, and what is one's own."""

from typing import Any

import pytest

from assay.detectors.rbac import targets
from assay.detectors.rbac.escapes import escape, sensitive
from assay.scanner.kinds import paths as kind
from tests.unit.paths_world import (
    LIVE,
    account,
    binding,
    claim,
    container,
    listings,
    mounts,
    namespace,
    paths,
    pods,
    possible,
    resource,
    role,
    rule,
    subject,
    sure,
)

ADMIN = [account("prod/api"), binding("administration", "cluster-admin", ["prod/api"])]
PRIVILEGED = container(privileged=True)


def host_path(path: str, read_only: bool = False) -> dict[str, Any]:
    """A workload's facts with a folder of the node in its container."""
    volume = {"name": "v", "type": "hostPath", "host_path": path, "claim": None, "token": False}
    return {
        "volumes": [volume],
        "containers": container(mounts=[{"volume": "v", "path": "/host", "read_only": read_only}]),
    }


def test_a_mounted_token_is_its_account() -> None:
    found = paths([*ADMIN, pods("prod/web", service_account="api")])["Deployment.prod.web"]
    assert [hop["technique"] for hop in sure(found)["cluster-admin"]["hops"]] == [
        "service-account-token", "cluster-admin",
    ]  # fmt: skip
    assert sure(found)["cluster-admin"]["cut"] == ["ClusterRoleBinding.administration"]


def test_without_a_token_there_is_no_way_to_the_account() -> None:
    world = [*ADMIN, pods("prod/web", service_account="api", token_mounted=False)]
    assert paths(world)["Deployment.prod.web"] == []


@pytest.mark.parametrize(
    "facts",
    [
        {"containers": PRIVILEGED},
        {"containers": container(capabilities_added=["SYS_ADMIN"])},
        {"containers": container(capabilities_added=["ALL"])},
        {"containers": container(capabilities_added=["SYS_PTRACE"]), "host_pid": True},
        {"containers": container(declared={"host_process": True})},
        host_path("/"),
        host_path("/var/lib/kubelet", read_only=True),
        host_path("/var/run/docker.sock", read_only=True),
        host_path("/run//containerd/../containerd/containerd.sock"),
        host_path("/etc/cron.d"),
        host_path("/var/lib/kubelet/pods"),
    ],
)
def test_containers_that_are_as_good_as_the_node(facts: dict[str, Any]) -> None:
    found = sure(paths([pods("ml/web", **facts)])["Deployment.ml.web"])
    assert found["nodes"]["length"] == 1 and found["nodes"]["cut"] == []


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"host_pid": True},
        {"containers": container(capabilities_added=["SYS_PTRACE", "NET_ADMIN", "IPC_LOCK"])},
        {"containers": PRIVILEGED, "host_users": False},
        host_path("/var/log/app"),
        host_path("/etc/cron.d", read_only=True),
        host_path("/var/lib/kubelet/device-plugins"),
        host_path("/data/models"),
        {"volumes": host_path("/")["volumes"]},
    ],
)
def test_containers_that_only_look_so(facts: dict[str, Any]) -> None:
    assert "nodes" not in sure(paths([pods("ml/web", **facts)])["Deployment.ml.web"])


def test_what_a_sandbox_holds_back_is_unknown() -> None:
    found = paths([pods("ml/web", containers=PRIVILEGED, runtime_class="kata-qemu")])["Deployment.ml.web"]
    assert "nodes" in possible(found) and "nodes" not in sure(found)


def test_links_in_a_path_dont_hide_a_folder() -> None:
    assert sensitive("/data/../etc/kubernetes", writable=False)
    assert not sensitive("/data/etc/kubernetes", writable=True)


def test_hostile_facts_dont_crash() -> None:
    for value in (None, 1, "x", [None, 1, "x", []], {"a": 1}):
        assert escape(dict.fromkeys(("containers", "volumes", "host_pid", "runtime_class"), value)).sure is False


def test_a_claim_may_be_a_folder_of_the_node() -> None:
    volume = resource(
        "cluster.persistent-volume", "PersistentVolume.disk", host_path="/", claim="PersistentVolumeClaim.ml.disk"
    )
    world = [pods("ml/web", volumes=mounts("disk")), claim("ml/disk"), volume]
    assert "nodes" in sure(paths(world)["Deployment.ml.web"])


def test_a_node_gives_the_pods_that_run_there_and_no_others() -> None:
    world = [
        *listings(),
        account("prod/api", LIVE),
        role("all", rule("*", "*", "*"), source=LIVE),
        binding("administration", "all", ["prod/api"], source=LIVE),
        pods("prod/web", LIVE, service_account="api", nodes=["n1"]),
        pods("ml/beside", LIVE, containers=PRIVILEGED, nodes=["n1"]),
        pods("ml/elsewhere", LIVE, containers=PRIVILEGED, nodes=["n2"]),
        namespace("ml", LIVE), namespace("prod", LIVE), namespace("kube-system", LIVE),
    ]  # fmt: skip
    found = paths(world)
    beside = sure(found["Deployment.ml.beside"])
    assert [hop["reached"] for hop in beside["cluster-admin"]["hops"]] == [
        "Node.n1", "Deployment.prod.web", "ServiceAccount:prod/api", "cluster-admin",
    ]  # fmt: skip
    assert set(sure(found["Deployment.ml.elsewhere"])) == {"nodes"}


def test_in_files_any_workload_may_share_the_node() -> None:
    world = [*ADMIN, pods("prod/web", service_account="api"), pods("ml/rogue", containers=PRIVILEGED)]
    hops = sure(paths(world)["Deployment.ml.rogue"])["cluster-admin"]["hops"]
    assert [hop["technique"] for hop in hops[:2]] == ["container-escape", "pods-on-node"]


EXEC = role("exec", rule("create", "pods/exec"))


def test_namespaces_of_one_tenant_are_no_other_tenants() -> None:
    world = [
        namespace("a", tenant="blue"), namespace("b", tenant="blue"), namespace("c", tenant="green"),
        account("a/x"), subject("a/x"), pods("b/web"), EXEC, binding("e", "exec", ["a/x"], within="b"),
    ]  # fmt: skip
    assert paths(world)["ServiceAccount:a/x"] == []
    crossing = [*world, pods("c/web"), binding("f", "exec", ["a/x"], within="c")]
    assert set(sure(paths(crossing)["ServiceAccount:a/x"])) == {"other-tenant"}


def test_a_groups_own_namespaces_are_no_target_and_others_only_where_there_are_tenants() -> None:
    world = [
        namespace("a"), namespace("b"), pods("a/web"), pods("b/web"), EXEC, subject("Group:team"),
        binding("e", "exec", ["Group:team"], within="a"), binding("s", "admin", ["Group:team"], within="a"),
        namespace("kube-system", enforces="restricted"),
    ]  # fmt: skip
    found = paths(world)["Group:team"]
    assert {"secrets", "other-tenant"}.isdisjoint(sure(found))
    everywhere = [*world, binding("x", "exec", ["Group:team"])]
    assert "other-tenant" not in sure(paths(everywhere)["Group:team"])
    tenants = [one for one in everywhere if not one.address.startswith("Namespace")]
    tenants += [namespace("a", tenant="blue"), namespace("b", tenant="green")]
    assert "other-tenant" in sure(paths(tenants)["Group:team"])


def test_volumes_that_the_source_mounts_are_its_own() -> None:
    world = [
        account("ml/x"), EXEC, binding("e", "exec", ["ml/x"], within="ml"), claim("ml/weights", "model"),
        pods("ml/web", service_account="x", volumes=mounts("weights")),
        pods("ml/serving", volumes=mounts("weights")),
    ]  # fmt: skip
    assert "data-volumes" not in sure(paths(world)["Deployment.ml.web"])
    world += [claim("ml/cohort", "dataset"), pods("ml/job", volumes=mounts("cohort"))]
    assert sure(paths(world)["Deployment.ml.web"])["data-volumes"]["hops"][-1]["reached"] == (
        "PersistentVolumeClaim.ml.cohort"
    )


def test_the_third_nearest_volume_is_found_where_two_are_ones_own() -> None:
    own = [{**mounts(name)[0], "name": name} for name in ("a", "b")]
    world = [
        account("ml/x"), EXEC, binding("e", "exec", ["ml/x"], within="ml"),
        pods("ml/web", service_account="x", volumes=own), pods("ml/first", volumes=own),
        pods("ml/second", volumes=mounts("c")), *(claim(f"ml/{name}", "model") for name in "abc"),
    ]  # fmt: skip
    found = sure(paths(world)["Deployment.ml.web"])["data-volumes"]
    assert found["hops"][-1]["reached"] == "PersistentVolumeClaim.ml.c" and found["cut"] == ["RoleBinding.ml.e"]


def test_claims_without_models_or_data_are_no_target() -> None:
    world = [
        account("ml/x"), subject("ml/x"), EXEC, binding("e", "exec", ["ml/x"], within="ml"), claim("ml/cache"),
        pods("ml/serving", volumes=mounts("cache")),
    ]  # fmt: skip
    assert "data-volumes" not in {
        *sure(paths(world)["ServiceAccount:ml/x"]),
        *possible(paths(world)["ServiceAccount:ml/x"]),
    }


ARN = "arn:aws:iam::111122223333:role/loader"
CLOUD = [account("ml/x", cloud="aws", cloud_identity=ARN), pods("ml/web", service_account="x")]


def test_a_cloud_identity_continues_the_path() -> None:
    found = paths(CLOUD)["Deployment.ml.web"]
    assert sure(found)["cloud"]["hops"][-1] == {
        "reached": ARN, "technique": "cloud-identity", "objects": ["ServiceAccount.ml.x"], "rule": "",
    }  # fmt: skip
    assert possible(found) == {"cloud-administrator": "what this identity may do in the cloud was not scanned"}


def test_the_targets_are_those_that_the_kind_names() -> None:
    assert targets.TARGETS == kind.TARGETS
