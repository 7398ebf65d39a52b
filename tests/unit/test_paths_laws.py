"""Laws of attack paths, on generated clusters: shortest, monotonous, cut by what is said, the same in any order."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors.rbac.access import Subject, What
from assay.detectors.rbac.compile import Access, compile_access
from assay.detectors.worlds import worlds
from assay.scanner.api import Resource
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
NAMESPACES = ("a", "b", "kube-system")
GUARDED = "b"
ACCOUNTS = ("a/x", "a/y", "b/x", "kube-system/x")
WORKLOADS = {
    "a/web": {"service_account": "x", "nodes": ["n1"]},
    "a/root": {"service_account": "y", "nodes": ["n1"], "containers": container(privileged=True)},
    "b/web": {"service_account": "x", "nodes": ["n2"], "volumes": mounts("weights")},
    "kube-system/agent": {"service_account": "x", "nodes": ["n1", "n2"], "token_mounted": False},
}
RULES = {
    "everything": [rule("*", "*", "*")],
    "pods": [rule("create", "pods")],
    "deployments": [rule("patch", "deployments", "apps")],
    "exec": [rule("create", "pods/exec")],
    "secrets": [rule("get", "secrets")],
    "tokens": [rule("create", "serviceaccounts/token", names=["x"])],
    "become": [rule("impersonate", "serviceaccounts")],
    "harmless": [rule("get,list", "pods,services")],
}
HALVES = {
    "write-secrets": [rule("create", "secrets")],
    "read-secrets": [rule("list", "secrets")],
    "bind": [rule("bind", "clusterroles", RBAC)],
    "bindings": [rule("create", "clusterrolebindings,rolebindings", RBAC)],
}
"""Roles that lead further only together."""
SUBJECTS = (*ACCOUNTS, "Group:team", "Group:system:serviceaccounts:a", "Group:system:authenticated")


def bindings(roles: Sequence[str], most: int) -> st.SearchStrategy[list[tuple[str, tuple[str, ...], str | None]]]:
    one = st.tuples(
        st.sampled_from(roles),
        st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=2, unique=True).map(tuple),
        st.sampled_from([*NAMESPACES, None]),
    )
    return st.lists(one, max_size=most)


def world(bound: Sequence[tuple[str, tuple[str, ...], str | None]]) -> list[Resource]:
    found = [
        *listings(),
        *(namespace(one, LIVE, enforces="baseline" if one == GUARDED else None) for one in NAMESPACES),
    ]
    found += [account(one, LIVE, long_lived_tokens=int(one == "a/y")) for one in ACCOUNTS]
    found += [subject(one, LIVE) for one in SUBJECTS]
    found += [pods(name, LIVE, **facts) for name, facts in WORKLOADS.items()]
    found += [claim("b/weights", "model", source=LIVE)]
    found += [role(name, *rules, source=LIVE) for name, rules in {**RULES, **HALVES}.items()]
    for number, (name, subjects, within) in enumerate(bound):
        found.append(binding(f"b{number}", name, subjects, within=within, source=LIVE))
    return found


Entity = tuple[str, ...]


class Naive:
    """Every step from everything to everything, asked one by one."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self.access: Access = compile_access(worlds(resources)[0])

    def may(self, who: Subject, verbs: str, text: str, home: str | None, name: str = "", group: str = "") -> bool:
        resource, _, part = text.partition("/")
        what = What(group=group, resource=resource, subresource=part, name=name)
        return any(self.access.can(who, verb, what, home) is True for verb in verbs.split(","))

    def steps(self, entity: Entity) -> Iterator[Entity]:
        match entity:
            case ("identity", kind, text):
                home, _, name = text.partition("/") if kind == "ServiceAccount" else ("", "", text)
                yield from self.rights(Subject(type=kind, name=name, namespace=home))
            case ("workload", text):
                facts = WORKLOADS[text]
                if facts.get("token_mounted", True):
                    yield ("identity", "ServiceAccount", f"{text.partition('/')[0]}/{facts['service_account']}")
                for node in facts["nodes"] if "containers" in facts else ():
                    yield ("node", node)
                if "volumes" in facts:
                    yield ("volume", "b")
            case ("node", name):
                for text, facts in WORKLOADS.items():
                    if name == "" or name in facts["nodes"]:
                        yield ("workload", text)
            case ("admin",):
                yield from (("identity", "ServiceAccount", text) for text in ACCOUNTS)
                yield from (("workload", text) for text in WORKLOADS)
                yield from [("node", ""), ("volume", "b")]
                for home in NAMESPACES:
                    yield from [("secrets", home), ("new-pods", home)]

    def rights(self, who: Subject) -> Iterator[Entity]:
        if self.may(who, "*", "*", None, group="*"):
            yield ("admin",)
        change = "create,update,patch"
        binds = self.may(who, "bind", "clusterroles", None, group=RBAC)
        if binds and self.may(who, change, "clusterrolebindings", None, group=RBAC):
            yield ("admin",)
        for home in NAMESPACES:
            here = [text for text in ACCOUNTS if text.startswith(f"{home}/")]
            everyone = [("identity", "ServiceAccount", text) for text in here]
            if self.may(who, "create", "pods", home) or self.may(who, change, "deployments", home, group="apps"):
                yield from [*everyone, ("secrets", home), ("new-pods", home)]
                if home != GUARDED or self.may(who, "patch", "namespaces", home):
                    yield ("node", "")
                if home == "b":
                    yield ("volume", "b")
            if self.may(who, "create,get", "pods/exec", home):
                yield from (("workload", text) for text in WORKLOADS if text.startswith(f"{home}/"))
            if self.may(who, "get,list,watch", "secrets", home):
                yield ("secrets", home)
                if home == "a":
                    yield ("identity", "ServiceAccount", "a/y")
                if self.may(who, "create", "secrets", home):
                    yield from everyone
            for entity in everyone:
                name = entity[2].partition("/")[2]
                for verb, what in (("create", "serviceaccounts/token"), ("impersonate", "serviceaccounts")):
                    if self.may(who, verb, what, home, name):
                        yield entity
            bind = self.may(who, "bind", "clusterroles", home, group=RBAC)
            if bind and self.may(who, change, "rolebindings", home, group=RBAC):
                yield ("all-in", home)

    def lengths(self, start: Entity) -> dict[str, int]:
        """Target → length of the shortest path, for a source of one namespace."""
        own = start[-1].partition("/")[0]
        found: dict[str, int] = {}
        level, seen, length = [start], {start}, 0
        while level:
            for entity in level:
                for target in _targets(entity, own, start):
                    found.setdefault(target, length)
            level = sorted({after for entity in level for after in self.after(entity)} - seen)
            seen.update(level)
            length += 1
        return found

    def after(self, entity: Entity) -> Iterator[Entity]:
        if entity[0] == "all-in":
            # As whoever has everything in that namespace.
            home = entity[1]
            yield from (("identity", "ServiceAccount", text) for text in ACCOUNTS if text.startswith(f"{home}/"))
            yield from (("workload", text) for text in WORKLOADS if text.startswith(f"{home}/"))
            yield from [("secrets", home), ("new-pods", home), ("node", "")]
            if home == "b":
                yield ("volume", "b")
            return
        yield from self.steps(entity)


def _targets(entity: Entity, own: str, start: Entity) -> Iterator[str]:
    kind = entity[0]
    if kind == "admin":
        yield "cluster-admin"
    elif kind == "node":
        yield "nodes"
    elif kind == "secrets" and entity[1] != own:
        yield "secrets"
    elif kind in ("new-pods", "workload") and entity[1].partition("/")[0] not in (own, "kube-system"):
        yield "other-tenant"
    elif kind == "volume" and start not in ((("workload", "b/web")), ("identity", "ServiceAccount", "b/x")):
        yield "data-volumes"


def sources() -> Iterator[tuple[str, Entity]]:
    for text in ACCOUNTS:
        yield f"ServiceAccount:{text}", ("identity", "ServiceAccount", text)
    for text in WORKLOADS:
        yield f"Deployment.{text.replace('/', '.')}", ("workload", text)


@settings(max_examples=120, deadline=None)
@given(bindings([*RULES, *HALVES], 8))
def test_paths_are_the_shortest_there_are(bound: Any) -> None:
    resources = world(bound)
    found, naive = paths(resources), Naive(resources)
    for address, entity in sources():
        lengths = {target: path["length"] for target, path in sure(found[address]).items()}
        assert lengths == naive.lengths(entity), address


@settings(max_examples=60, deadline=None)
@given(bindings([*RULES, *HALVES], 7), st.randoms(use_true_random=False))
def test_taking_a_binding_away_adds_no_path_and_shortens_none(bound: Any, random: Random) -> None:
    resources = world(bound)
    before = paths(resources)
    names = [one.address for one in resources if one.kind == "rbac.binding"]
    for name in random.sample(names, min(2, len(names))):
        after = paths([one for one in resources if one.address != name])
        for address, found in after.items():
            # What a group's own namespaces are changes with its bindings.
            if not address.startswith("Group:"):
                assert all(
                    path["length"] >= sure(before[address])[target]["length"] for target, path in sure(found).items()
                )


def _without(resources: Sequence[Resource], addresses: Sequence[str]) -> list[Resource]:
    return [one for one in resources if one.address not in addresses]


@settings(max_examples=40, deadline=None)
@given(bindings(list(RULES), 6))
def test_the_cut_leaves_no_path_and_nothing_smaller_does(bound: Any) -> None:
    resources = world(bound)
    found = paths(resources)
    names = [one.address for one in resources if one.kind == "rbac.binding"]
    fewer = {some: paths(_without(resources, some)) for size in range(3) for some in combinations(names, size)}
    for address, _ in sources():
        for target, path in sure(found[address]).items():
            cut = tuple(path["cut"])
            if not cut:  # it goes without any grant
                assert target in sure(paths(_without(resources, names))[address])
                continue
            assert target not in sure(paths(_without(resources, cut))[address])
            for some, left in fewer.items():
                assert len(some) >= len(cut) or target in sure(left[address]), (address, target, cut, some)


@settings(max_examples=40, deadline=None)
@given(bindings(["write-secrets", "read-secrets", "bind", "bindings", "pods", "harmless"], 7))
def test_the_cut_leaves_no_path_where_rights_come_together(bound: Any) -> None:
    resources = world(bound)
    for address, found in paths(resources).items():
        for target, path in sure(found).items():
            if path["cut"] and not address.startswith("Group:"):
                assert target not in sure(paths(_without(resources, path["cut"]))[address])
                for spared in path["cut"]:
                    rest = [one for one in path["cut"] if one != spared]
                    assert target in sure(paths(_without(resources, rest))[address])


@settings(max_examples=40, deadline=None)
@given(bindings([*RULES, *HALVES], 7), st.randoms(use_true_random=False))
def test_the_order_of_resources_changes_nothing(bound: Any, random: Random) -> None:
    resources = world(bound)
    shuffled = random.sample(resources, len(resources))
    assert paths(shuffled) == paths(resources)


@settings(max_examples=60, deadline=None)
@given(bindings([*RULES, *HALVES], 8))
def test_every_path_is_told_whole(bound: Any) -> None:
    for found in paths(world(bound)).values():
        for path in sure(found).values():
            assert path["length"] == len(path["hops"]) > 0
            assert all(hop["reached"] and hop["technique"] for hop in path["hops"])
            before = ""
            for hop in path["hops"]:
                # A hop that takes a right names the binding and the role, unless everything is held already.
                everything = before == "cluster-admin" or before.startswith("every right in ")
                unheld = everything or hop["technique"] == "container-escape"
                assert len(hop["objects"]) >= (0 if unheld else 2) or not hop["rule"]
                before = hop["reached"]
