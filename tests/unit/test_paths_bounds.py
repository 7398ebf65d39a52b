"""Attack paths in large and hostile clusters: bounded, and never silent about it."""

from random import Random
from typing import Any

import pytest

from assay.detectors.rbac import cut, graph, steps, techniques
from assay.scanner.api import Resource, Unknown, is_unknown
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
    role,
    rule,
    subject,
    sure,
)

RBAC = "rbac.authorization.k8s.io"
HARMLESS = [
    ("get,list,watch", "pods,configmaps,services", ""), ("get", "deployments", "apps"), ("get,list", "nodes", ""),
    ("update", "leases", "coordination.k8s.io"), ("create", "events", ""),
]  # fmt: skip
POWERFUL = [
    ("create", "pods", ""), ("patch", "deployments", "apps"), ("get,list", "secrets", ""), ("create", "pods/exec", ""),
    ("create", "serviceaccounts/token", ""), ("impersonate", "serviceaccounts", ""), ("bind", "clusterroles", RBAC),
    ("create", "rolebindings", RBAC), ("create", "persistentvolumes", ""), ("create", "secrets", ""),
]  # fmt: skip


def cluster(roles: int, bindings: int, accounts: int, workloads: int, namespaces: int) -> list[Resource]:
    """One in twenty roles is powerful, one in fifty workloads privileged."""
    random = Random(4)  # the same one every time
    homes = [f"ns-{number}" for number in range(namespaces)]
    named = [f"{random.choice(homes)}/a{number}" for number in range(accounts)]
    found = [*listings(), namespace("kube-system", LIVE), *(namespace(home, LIVE) for home in homes)]
    found += [account(one, LIVE, long_lived_tokens=int(random.random() < 0.1)) for one in named]
    found += [subject(one, LIVE) for one in named]
    for number in range(roles):
        rules = [rule(*one) for one in random.sample(HARMLESS, 3)]
        if random.random() < 0.05:
            rules += [rule(*one) for one in random.sample(POWERFUL, 2)]
        found.append(role(f"r{number}", *rules, source=LIVE))
    for number in range(bindings):
        who = random.choice(named)
        within = None if random.random() < 0.1 else who.partition("/")[0]
        found.append(binding(f"b{number}", f"r{random.randrange(roles)}", [who], within=within, source=LIVE))
    for number in range(workloads):
        home, _, name = random.choice(named).partition("/")
        nodes = sorted({f"n{random.randrange(500)}" for _ in range(10)})
        facts: dict[str, Any] = {"service_account": name, "nodes": nodes}
        if random.random() < 0.02:
            facts["containers"] = container(privileged=True)
        if random.random() < 0.3:
            facts["volumes"] = mounts(f"c{number}")
            found.append(claim(f"{home}/c{number}", "model", source=LIVE))
        found.append(pods(f"{home}/w{number}", LIVE, **facts))
    found += [role("all", rule("*", "*", "*"), source=LIVE), account("kube-system/root", LIVE)]
    return [*found, binding("root", "all", ["kube-system/root"], source=LIVE)]


def test_a_large_cluster_has_a_path_of_each_sort_and_cuts_for_all() -> None:
    found = paths(cluster(roles=1500, bindings=5000, accounts=2600, workloads=1000, namespaces=200))
    told = [path for each in found.values() for path in sure(each).values()]
    assert {path["target"] for path in told} == {"cluster-admin", "secrets", "nodes", "other-tenant", "data-volumes"}
    assert not any(is_unknown(path["cut"]) for path in told)


def test_beyond_its_bound_the_graph_says_that_it_isnt_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    resources = cluster(roles=30, bindings=200, accounts=100, workloads=40, namespaces=10)
    whole = paths(resources)
    monkeypatch.setattr(graph, "MOST_EDGES", 400)
    for address, found in paths(resources).items():
        for target in sure(whole[address]):
            assert target in sure(found) or any(is_unknown(one) for one in found)


def test_a_cut_that_takes_too_long_is_larger_but_still_one(monkeypatch: pytest.MonkeyPatch) -> None:
    resources = cluster(roles=30, bindings=120, accounts=30, workloads=20, namespaces=5)
    whole = paths(resources)
    monkeypatch.setattr(cut, "MOST_VISITS", 0)
    monkeypatch.setattr(cut, "_MOST_GATES", 0)
    larger = paths(resources)
    tried = 0
    for address, found in larger.items():
        for target, path in sure(found).items():
            smallest = sure(whole[address])[target]["cut"]
            assert len(path["cut"]) >= len(smallest)
            if len(path["cut"]) > len(smallest) and tried < 10:
                tried += 1
                left = paths([one for one in resources if one.address not in path["cut"]])
                assert target not in sure(left[address])
    assert tried


def test_where_no_work_is_left_the_cut_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut, "MOST_VISITS_IN_ALL", 0)
    world = [account("ml/x"), subject("ml/x"), binding("b", "cluster-admin", ["ml/x"])]
    found = sure(paths(world)["ServiceAccount:ml/x"])["cluster-admin"]
    assert found["cut"] == Unknown(reason="finding the fewest grants would take too long")


def test_roles_that_bind_one_another_are_followed_however_far() -> None:
    world = [account("ml/x"), subject("ml/x")]
    for number in range(1500):
        further = f"r{number + 1}" if number < 1499 else "cluster-admin"
        binds = rule("bind", "clusterroles", RBAC, [further])
        world.append(role(f"r{number}", binds, rule("create", "clusterrolebindings", RBAC)))
    found = sure(paths([*world, binding("b", "r0", ["ml/x"])])["ServiceAccount:ml/x"])
    assert found["cluster-admin"]["length"] == 1501
    assert found["cluster-admin"]["cut"] == ["ClusterRoleBinding.b"]


def test_names_beyond_the_bound_leave_the_rest_open() -> None:
    names = [f"n{number}" for number in range(techniques.MOST_NAMES + 1)]
    tokens = role("tokens", rule("create", "serviceaccounts/token", names=names))
    world = [account("ml/x"), subject("ml/x"), tokens, binding("b", "tokens", ["ml/x"])]
    assert any(is_unknown(one) for one in paths(world)["ServiceAccount:ml/x"])


def test_bindings_beyond_the_bound_leave_it_open_what_they_give_together(monkeypatch: pytest.MonkeyPatch) -> None:
    world = [
        account("ml/x"), subject("ml/x"),
        role("bind", rule("bind", "clusterroles", RBAC)), role("bindings", rule("create", "clusterrolebindings", RBAC)),
        binding("a", "bind", ["ml/x"]), binding("b", "bindings", ["ml/x"]),
    ]  # fmt: skip
    assert "cluster-admin" in sure(paths(world)["ServiceAccount:ml/x"])
    monkeypatch.setattr(steps, "MOST_JOINED", 1)
    assert any(is_unknown(one) for one in paths(world)["ServiceAccount:ml/x"])


def test_one_role_with_many_names_in_many_namespaces_stays_within_bounds() -> None:
    names = [f"a{number}" for number in range(500)]
    resources = [account(f"ns-{number % 300}/a{number}") for number in range(500)] + [subject("ns-0/a0")]
    resources.append(role("tokens", rule("create", "serviceaccounts/token", names=names)))
    resources += [binding("b", "tokens", ["ns-0/a0"], within=f"ns-{number}") for number in range(300)]
    assert paths(resources)["ServiceAccount:ns-0/a0"] == []
