"""Attack paths over nodes: who shares one, what the pods on it use, and nodes of the control plane."""

from typing import Any

import pytest

from assay.scanner.api import Resource, Unknown
from tests.unit.paths_world import (
    LIVE,
    account,
    binding,
    container,
    listings,
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

PRIVILEGED = container(privileged=True)
DENIED = Unknown(reason="403 Forbidden")
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


def placed(labels: dict[str, str] | None = None, tolerates: tuple[str, ...] = (), control_plane: bool = False) -> Any:
    """The placement of a workload that asks for these labels and bears these taints."""
    return {"node_labels": labels or {}, "control_plane": control_plane, "tolerates": sorted(tolerates)}


def evil(**facts: Any) -> Resource:
    return pods("a/evil", containers=PRIVILEGED, token_mounted=False, **facts)


def found(*world: Resource) -> list[Any]:
    return paths(list(world))["Deployment.a.evil"]


def test_secrets_that_other_pods_of_the_node_use_are_within_reach() -> None:
    way = sure(found(evil(), pods("b/victim", uses_secrets=True)))["secrets"]
    assert [hop["technique"] for hop in way["hops"]] == ["container-escape", "pods-on-node", "secrets-of-pods"]
    assert way["hops"][-1]["reached"] == "secrets that pods use in b"


def test_a_workload_that_uses_its_own_secrets_is_no_fault() -> None:
    assert found(pods("a/evil", uses_secrets=True, token_mounted=False)) == []
    assert "secrets" not in sure(found(evil(uses_secrets=True), pods("b/victim")))


def test_whether_pods_use_secrets_that_is_not_known_leaves_it_open() -> None:
    assert possible(found(evil(), pods("b/victim", uses_secrets=DENIED)))["secrets"] == DENIED.reason


def test_workloads_of_files_that_ask_for_different_nodes_share_them_for_certain_no_more() -> None:
    here = found(
        evil(placement=placed({"pool": "cpu"})), pods("b/victim", placement=placed({"pool": "gpu"}), uses_secrets=True)
    )
    assert set(sure(here)) == {"nodes"}
    assert possible(here).keys() == {"other-tenant", "secrets"}


def test_workloads_that_may_share_nodes_share_them() -> None:
    here = found(evil(placement=placed({"pool": "gpu"})), pods("b/victim", placement=placed({"zone": "a"})))
    assert "other-tenant" in sure(here)


def test_a_taint_that_only_one_of_them_bears_leaves_it_open() -> None:
    alone = placed({"pool": "gpu"}, ("dedicated",))
    here = found(evil(placement=alone), pods("b/victim"))
    assert "other-tenant" in possible(here) and "other-tenant" not in sure(here)
    both = found(evil(placement=alone), pods("b/victim", placement=placed(tolerates=("dedicated",))))
    assert "other-tenant" in sure(both)


def test_a_placement_that_is_not_known_leaves_it_open_where_others_are_apart() -> None:
    apart = [pods("b/one", placement=placed({"pool": "x"})), pods("b/other", placement=placed({"pool": "y"}))]
    here = found(evil(placement=DENIED), *apart)
    assert "other-tenant" in possible(here) and "cluster-admin" in possible(here)


def test_a_hundred_sorts_of_nodes_are_bounded_and_nothing_is_sure_beyond() -> None:
    many = [pods(f"b/w{one}", placement=placed({"pool": f"p{one}"})) for one in range(100)]
    here = found(evil(placement=placed({"pool": "zzz"})), *many)
    assert set(sure(here)) == {"nodes"} and "other-tenant" in possible(here)


def test_a_node_of_the_control_plane_is_the_cluster() -> None:
    way = sure(found(evil(placement=placed({CONTROL_PLANE: ""}, control_plane=True))))["cluster-admin"]
    assert [hop["technique"] for hop in way["hops"]] == ["container-escape", "control-plane-node"]
    assert way["way"][0].startswith("a node of the control plane (container-escape: privileged container main")


@pytest.mark.parametrize(
    ("controller", "tolerates", "open_"),
    [
        ("Deployment", (CONTROL_PLANE,), True),
        ("DaemonSet", ("*",), True),
        ("Deployment", ("*",), False),
        ("DaemonSet", ("dedicated",), False),
    ],
)
def test_what_may_come_to_a_node_of_the_control_plane_leaves_it_open(
    controller: str, tolerates: tuple[str, ...], open_: bool
) -> None:
    world = [pods("a/evil", controller=controller, containers=PRIVILEGED, placement=placed(tolerates=tolerates))]
    here = paths(world)[f"{controller}.a.evil"]
    assert ("cluster-admin" in possible(here)) is open_ and "cluster-admin" not in sure(here)


def node(name: str, **facts: Any) -> Resource:
    return resource("cluster.node", f"Node.{name}", LIVE, **facts)


def test_of_a_live_cluster_the_nodes_labels_decide() -> None:
    nodes = [node("one", control_plane=True), node("two", control_plane=False)]
    for name, rules in (("one", True), ("two", False)):
        world = [*listings(), namespace("a", LIVE), *nodes, evil(source=LIVE, nodes=[name])]
        assert ("cluster-admin" in sure(found(*world))) is rules


def test_nodes_that_could_not_be_listed_leave_the_control_plane_open() -> None:
    world = [*listings("cluster.node"), namespace("a", LIVE), evil(source=LIVE, nodes=["two"])]
    assert possible(found(*world))["cluster-admin"] == "list cluster.node: 403 Forbidden"


def test_whoever_chooses_the_node_of_his_pod_chooses_one_of_the_control_plane() -> None:
    world = [
        *listings(), namespace("ml", LIVE), node("one", control_plane=True),
        account("ml/x", LIVE), subject("ml/x", LIVE),
        role("pods", rule("create", "pods"), source=LIVE), binding("b", "pods", ["ml/x"], within="ml", source=LIVE),
    ]  # fmt: skip
    assert "cluster-admin" in sure(paths(world)["ServiceAccount:ml/x"])


@pytest.mark.parametrize(
    ("facts", "by"),
    [
        ({"containers": PRIVILEGED}, "privileged container main"),
        ({"containers": container(capabilities_added=["SYS_ADMIN"])}, "SYS_ADMIN of container main"),
        ({"containers": container(declared={"host_process": True})}, "host container main"),
    ],
)
def test_a_path_says_what_lets_a_container_out(facts: dict[str, Any], by: str) -> None:
    way = sure(paths([pods("a/evil", token_mounted=False, **facts)])["Deployment.a.evil"])["nodes"]
    assert way["hops"][0]["rule"] == by and by in way["told"]
    assert way["way"] == [f"any node (container-escape: {by})"]
    assert way["remedy"] == ["no grant is needed for it: what the first step uses has to go"]


def test_a_path_says_where_a_right_is_held_and_which_grants_to_cut() -> None:
    world = [
        namespace("ml"), account("ml/x"), subject("ml/x"),
        role("pods", rule("create", "pods")), binding("b", "pods", ["ml/x"], within="ml"),
    ]  # fmt: skip
    way = sure(paths(world)["ServiceAccount:ml/x"])["nodes"]
    assert way["way"] == ["any node (create-pods in ml)"]
    assert way["remedy"] == ["the fewest grants to cut: RoleBinding.ml.b"]


def test_of_a_long_path_a_message_shows_the_first_and_the_last_step_whole() -> None:
    chain = [account(f"ml/a{one}") for one in range(6)]
    world = [namespace("ml"), subject("ml/a0"), *chain, binding("end", "cluster-admin", ["ml/a5"])]
    for one in range(5):
        names = [f"a{one + 1}"]
        world += [
            role(f"r{one}", rule("create", "serviceaccounts/token", names=names)),
            binding(f"b{one}", f"r{one}", [f"ml/a{one}"], within="ml"),
        ]
    way = sure(paths(world)["ServiceAccount:ml/a0"])["cluster-admin"]
    assert way["length"] == 6 and len(way["way"]) == 3
    assert way["way"][1] == "then 4 steps more" and "cluster-admin" in way["way"][2]
    assert all(len(text) <= 100 for text in way["way"])


def test_an_administrator_comes_to_nodes_by_privileged_pods() -> None:
    world = [account("ml/x"), subject("ml/x"), binding("b", "cluster-admin", ["ml/x"])]
    way = sure(paths(world)["ServiceAccount:ml/x"])["nodes"]
    assert way["hops"][-1]["technique"] == "create-privileged-pods"
