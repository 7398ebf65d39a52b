"""What could not be read makes paths possible, never absent; and only those that hang on it."""

from typing import Any

import pytest

from assay.scanner.api import Resource, Unknown, is_unknown
from tests.unit.paths_world import (
    LISTED,
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

DENIED = Unknown(reason="403 Forbidden")
PODS = role("pods", rule("create", "pods"))


def world() -> list[Resource]:
    """A live cluster with something of everything; `ml/web` runs as `ml/train`, which has little."""
    return [
        namespace("ml", LIVE, enforces="restricted"),
        namespace("prod", LIVE),
        namespace("kube-system", LIVE),
        account("ml/train", LIVE),
        account("prod/api", LIVE, cloud="aws", cloud_identity="arn:aws:iam::1:role/api"),
        pods("ml/web", LIVE, service_account="train", nodes=["n1"]),
        pods("ml/rogue", LIVE, containers=container(privileged=True), nodes=["n1"]),
        pods("prod/web", LIVE, service_account="api", nodes=["n1"], volumes=mounts("weights")),
        claim("prod/weights", "model", source=LIVE),
        role("look", rule("get", "pods"), source=LIVE),
        role("exec", rule("create", "pods/exec"), source=LIVE),
        role("all", rule("*", "*", "*"), source=LIVE),
        binding("look", "look", ["ml/train"], within="ml", source=LIVE),
        binding("exec", "exec", ["Group:team"], within="prod", source=LIVE),
        binding("all", "all", ["prod/api"], source=LIVE),
        subject("ml/train", LIVE),
        subject("Group:team", LIVE),
    ]


def undecided(found: list[Any], target: str) -> bool:
    """Whether a rule that asks for the target has no answer."""
    return target in possible(found) or any(is_unknown(one) for one in found)


@pytest.mark.parametrize("kind", LISTED)
def test_a_denied_listing_turns_no_path_into_none(kind: str) -> None:
    whole = paths([*listings(), *world()])
    # What a denied listing leaves: none of its objects.
    left = [one for one in world() if one.kind != kind or one.kind == "workload.pods"]
    for address, found in paths([*listings(kind), *left]).items():
        for target in sure(whole[address]):
            assert target in sure(found) or undecided(found, target), (address, target)


def test_unread_bindings_leave_everything_open_in_one_line() -> None:
    left = [one for one in world() if one.kind != "rbac.binding"]
    found = paths([*listings("rbac.binding"), *left])["ServiceAccount:ml/train"]
    assert found == [Unknown(reason="list rbac.binding: 403 Forbidden")]


def test_bindings_of_chosen_namespaces_are_not_all_bindings() -> None:
    found = paths([*listings(rbac_binding=["ml"]), *world()])["ServiceAccount:ml/train"]
    assert [one.reason for one in found if isinstance(one, Unknown)] == [
        "rbac.binding was listed in chosen namespaces only"
    ]


def test_nothing_is_unknown_where_all_was_read() -> None:
    for address, found in paths([*listings(), *world()]).items():
        # Only the cloud wasn't looked at.
        assert set(possible(found)) <= {"cloud-administrator"}, address
        assert not any(is_unknown(one) for one in found)


def test_an_unknown_claim_leaves_only_volumes_open() -> None:
    left = [one for one in world() if one.kind != "cluster.volume-claim"]
    found = paths([*listings("cluster.volume-claim"), *left])["Group:team"]
    whole = paths([*listings(), *world()])["Group:team"]
    assert set(possible(found)) - set(possible(whole)) == {"data-volumes"}
    assert set(sure(found)) == set(sure(whole)) - {"data-volumes"}


def test_a_role_that_is_only_referred_to_leaves_everything_open() -> None:
    found = paths([account("ml/x"), subject("ml/x"), binding("b", "missing", ["ml/x"])])["ServiceAccount:ml/x"]
    assert found == [Unknown(reason="ClusterRole.missing isn't declared here")]


def test_an_unknown_role_in_a_namespace_leaves_open_what_that_namespace_holds() -> None:
    world = [
        namespace("ml"), namespace("prod", enforces="baseline"), account("ml/x"), subject("ml/x"),
        binding("b", "missing", ["ml/x"], within="prod"),
    ]  # fmt: skip
    found = paths(world)["ServiceAccount:ml/x"]
    # Whoever has every right there may also take the label away that keeps privileged pods out.
    assert set(possible(found)) == {"secrets", "other-tenant", "nodes"} and sure(found) == {}


def test_a_binding_whose_subject_is_unknown_may_be_anyones() -> None:
    [bound] = [binding("b", "cluster-admin", ["ml/x"])]
    facts = dict(bound.facts) | {"subjects": DENIED}
    unread = resource("rbac.binding", bound.address, **{name: getattr(f, "value", f) for name, f in facts.items()})
    found = paths([account("ml/y"), subject("ml/y"), unread])["ServiceAccount:ml/y"]
    assert "cluster-admin" in possible(found) and "cluster-admin" not in sure(found)


@pytest.mark.parametrize("enforces", [DENIED, None])
def test_a_namespace_that_may_refuse_privileged_pods_leaves_only_nodes_open(enforces: Unknown | None) -> None:
    found_of = {}
    for declared in (True, False):
        world = [account("ml/x"), subject("ml/x"), PODS, binding("b", "pods", ["ml/x"], within="ml")]
        world += [namespace("ml", enforces=enforces)] if declared else []
        found_of[declared] = paths(world)["ServiceAccount:ml/x"]
    assert ("nodes" in sure(found_of[True])) == (enforces is None)
    assert set(possible(found_of[False])) == {"nodes"}


def test_a_webhook_may_refuse_privileged_pods() -> None:
    hook = resource(
        "cluster.webhook", "ValidatingWebhookConfiguration.policy", type="validating", guards_pods=True,
        exempts=["prod"],
    )  # fmt: skip
    world = [namespace("ml"), namespace("prod"), account("ml/x"), subject("ml/x"), PODS, hook]
    guarded = paths([*world, binding("b", "pods", ["ml/x"], within="ml")])["ServiceAccount:ml/x"]
    assert possible(guarded) == {"nodes": "ValidatingWebhookConfiguration.policy may refuse privileged pods"}
    exempt = paths([*world, binding("b", "pods", ["ml/x"], within="prod")])["ServiceAccount:ml/x"]
    assert "nodes" in sure(exempt)


@pytest.mark.parametrize(
    "facts",
    [
        {"containers": DENIED},
        {"containers": [DENIED]},
        {"containers": container(privileged=DENIED)},
        {"containers": container(capabilities_added=[DENIED])},
        {"containers": container(capabilities_added=["SYS_PTRACE"]), "host_pid": DENIED},
        {"containers": container(privileged=True), "host_users": DENIED},
        {"volumes": DENIED},
        {"volumes": [DENIED]},
        {"volumes": [{"name": "v", "type": "hostPath", "host_path": DENIED, "claim": None}]},
        {
            "volumes": [{"name": "v", "type": "hostPath", "host_path": "/", "claim": None}],
            "containers": container(mounts=DENIED),
        },
    ],
)
def test_an_unknown_of_a_pod_may_be_a_way_to_the_node(facts: dict[str, Any]) -> None:
    found = paths([pods("ml/web", **facts)])["Deployment.ml.web"]
    assert "nodes" in possible(found) and "nodes" not in sure(found)


def test_an_unknown_token_or_account_is_a_possible_way() -> None:
    admin = binding("administration", "cluster-admin", ["ml/api"])
    world = [account("ml/api"), account("ml/other"), admin]
    token = paths([*world, pods("ml/web", service_account="api", token_mounted=DENIED)])
    assert possible(token["Deployment.ml.web"])["cluster-admin"] == DENIED.reason
    anyone = paths([*world, pods("ml/web", service_account=DENIED)])
    assert possible(anyone["Deployment.ml.web"])["cluster-admin"] == DENIED.reason


def test_of_a_workload_without_a_known_namespace_only_what_its_containers_do_is_known() -> None:
    assert paths([pods("ml/web", namespace=DENIED)])["Deployment.ml.web"] == [DENIED]
    found = paths([pods("ml/web", namespace=DENIED, containers=container(privileged=True))])["Deployment.ml.web"]
    assert sure(found).keys() == {"nodes"} and DENIED in found


def test_an_unknown_tenant_leaves_only_tenants_open() -> None:
    world = [
        namespace("a", tenant="blue"), namespace("b", tenant=DENIED), account("a/x"), subject("a/x"), pods("b/web"),
        role("exec", rule("create", "pods/exec")), binding("e", "exec", ["a/x"], within="b"),
    ]  # fmt: skip
    found = paths(world)["ServiceAccount:a/x"]
    assert possible(found) == {"other-tenant": DENIED.reason} and sure(found) == {}


def test_a_sure_way_counts_over_a_shorter_possible_one() -> None:
    world = [
        account("ml/x"), subject("ml/x"), account("ml/api"),
        binding("a", "missing", ["ml/x"]), binding("b", "cluster-admin", ["ml/api"]),
        role("tokens", rule("create", "serviceaccounts/token")), binding("c", "tokens", ["ml/x"], within="ml"),
    ]  # fmt: skip
    found = paths(world)["ServiceAccount:ml/x"]
    assert sure(found)["cluster-admin"]["length"] == 2
