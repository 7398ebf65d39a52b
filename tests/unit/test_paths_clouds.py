"""Attack paths in clouds: whose identity it is, in which cluster, how far it leads, and within which bounds."""

import time
from itertools import pairwise
from typing import Any

import pytest
from msgspec import structs

from assay.detectors.cloud.names import named, subject_of_claim
from assay.detectors.rbac import cloud_accounts, cloud_roles
from assay.scanner.api import Known, Resource, Unknown
from tests.unit.paths_world import account, listings, namespace, paths, pods, possible, sure

ARN = "arn:aws:iam::111122223333:role/loader"
CLOUD = [account("ml/x", cloud="aws", cloud_identity=ARN), pods("ml/web", service_account="x")]
PLAIN = [account("ml/x"), pods("ml/web", service_account="x")]
NOT_SCANNED = "what this identity may do in the cloud was not scanned"


def of_cloud(kind: str, address: str, **facts: Any) -> Resource:
    """Resources of a cloud belong to no source of Kubernetes objects."""
    stated = {name: one if isinstance(one, Unknown) else Known(value=one) for name, one in facts.items()}
    return Resource(kind=kind, address=address, surface="terraform", facts=stated)


def grant(*holders: Any, at: str = "policy", provider: str = "aws", **facts: Any) -> Resource:
    """Of nothing much, unless told otherwise."""
    given = {
        "provider": provider, "holders": list(holders), "accounts": [], "acts_as": [], "passes": [], "starts": [],
        "administrator": False, "self_escalating": False, **facts,
    }  # fmt: skip
    return of_cloud("identity.grant", at, **given)


def role(at: str = "role", account: Any = "111122223333", identifier: Any = "loader", **facts: Any) -> Resource:
    given = {"provider": "aws", "type": "role", "identifier": identifier, "account": account, **facts}
    return of_cloud("identity.principal", at, **{"permission_boundary": None, **given})


def trust(*accounts: Any, of: Any = "role", at: str = "trust", provider: str = "aws", **facts: Any) -> Resource:
    given = {"given": False, "limited": False, "holders": [], **facts}
    return of_cloud("identity.trust", at, provider=provider, identity=of, accounts=list(accounts), **given)


def pod(subject: Any, by: str = "token", cluster: str | None = None) -> dict[str, Any]:
    return {"by": by, "cluster": cluster, "subject": subject}


MINE = [role(), trust(pod("ml:x"))]


def web(clouds: list[Resource], world: list[Resource] = CLOUD) -> list[Any]:
    return paths(world, clouds)["Deployment.ml.web"]


@pytest.mark.parametrize("facts", [{"administrator": True}, {"self_escalating": True}])
@pytest.mark.parametrize("holder", [ARN, "role"])
def test_a_scanned_administrator_is_told(facts: dict[str, bool], holder: str) -> None:
    path = sure(web([*MINE, grant(holder, **facts)]))["cloud-administrator"]
    assert path["hops"][-1]["objects"] == ["policy"]
    assert "administrator in the cloud (cloud-rights" in path["told"]


def test_an_administrator_need_not_be_declared_beside_its_policy() -> None:
    assert "cloud-administrator" in sure(web([grant(ARN, administrator=True)]))


def test_a_policy_alone_doesnt_tell_what_else_an_identity_may_do() -> None:
    assert possible(web([grant(ARN)])) == {"cloud-administrator": NOT_SCANNED}


def test_a_scanned_identity_with_few_rights_is_no_administrator() -> None:
    found = web([*MINE, grant(ARN), grant("somebody", administrator=True)])
    assert set(sure(found)) == {"cloud"} and possible(found) == {}


def test_rights_in_the_cloud_that_could_not_be_read_are_unknown() -> None:
    assert possible(web([*MINE, grant("role", administrator=Unknown(reason="AccessDenied"))])) == {
        "cloud-administrator": "AccessDenied"
    }


def test_the_same_name_in_another_account_is_another_role() -> None:
    other = "arn:aws:iam::999900001111:role/loader"
    assert possible(web([*MINE, grant(other, administrator=True)])) == {}
    assert possible(web([grant(other, administrator=True)])) == {"cloud-administrator": NOT_SCANNED}


def test_a_name_without_an_account_is_no_proof() -> None:
    [reason] = possible(web([grant("role/loader", administrator=True)])).values()
    assert reason == "whether policy is for this identity isn't known"


def test_a_policy_for_somebody_who_isnt_known_may_be_for_any() -> None:
    stray = grant(Unknown(reason="unresolved: local.x"), administrator=True)
    assert possible(web([*MINE, stray])) == {"cloud-administrator": "unresolved: local.x"}
    assert possible(web([*MINE, grant(Unknown(reason="unresolved: local.x"))])) == {}


def test_roles_of_one_place_that_differ_leave_it_open() -> None:
    twin = role(identifier="loader", tags={"a": "b"})
    [reason] = possible(web([*MINE, twin, grant("role", administrator=True)])).values()
    assert reason == "several identities are declared as role"


def test_a_trust_that_isnt_read_leaves_even_the_identity_open() -> None:
    clouds = [role(), trust(Unknown(reason="unresolved: var.sub")), grant("role", administrator=True)]
    assert possible(web(clouds)) == {"cloud": "unresolved: var.sub", "cloud-administrator": "unresolved: var.sub"}


def association(subject: Any = "ml:x", cluster: str | None = "main", **facts: Any) -> Resource:
    return trust(pod(subject, "association", cluster), at="association", **{"given": True, **facts})


HANDED_OUT = [role(), trust(pod("*", "association")), grant("role", administrator=True)]


def test_a_session_policy_leaves_the_rights_open() -> None:
    assert "session policy" in possible(web([*HANDED_OUT, association(limited=True)], PLAIN))["cloud-administrator"]


def test_of_several_clusters_it_isnt_known_which_one_files_are_for() -> None:
    clouds = [*HANDED_OUT, association(), association("prod:y", "other")]
    assert "which one this is isn't known" in possible(web(clouds, PLAIN))["cloud-administrator"]
    assert "cloud-administrator" in sure(web([*HANDED_OUT, association()], PLAIN))


@pytest.mark.parametrize(
    ("context", "reached"),
    [
        ("arn:aws:eks:eu-central-1:111122223333:cluster/main", True),
        ("arn:aws:eks:eu-central-1:111122223333:cluster/other", False),
        ("ada@main.eu-central-1.eksctl.io", True),
        ("gke_acme_europe-west1_main", False),
        ("main", True),  # A name that somebody chose says nothing.
    ],
)
def test_a_context_that_names_its_cluster_decides(context: str, reached: bool) -> None:
    source = f"kube:{context}"
    world = [
        account("ml/x", source), pods("ml/web", source, service_account="x"), namespace("ml", source),
        *(structs.replace(one, facts={**one.facts, "source": Known(value=source)}) for one in listings()),
    ]  # fmt: skip
    assert ("cloud-administrator" in sure(web([*HANDED_OUT, association()], world))) is reached


def test_many_patterns_are_given_up_as_unknown() -> None:
    many = [association(f"team-{number}-*:y") for number in range(cloud_accounts.MOST_PATTERNS + 1)]
    assert "patterns" in possible(web([*HANDED_OUT, *many], PLAIN))["cloud-administrator"]


def test_steps_between_roles_go_on_as_far_as_they_lead() -> None:
    names = [f"r{number}" for number in range(30)]
    clouds = [*MINE, trust(of="r0", holders=["role"])]
    clouds += [role(name, identifier=name) for name in names]
    clouds += [trust(of=after, at=after, holders=[before]) for before, after in pairwise(names)]
    path = sure(web([*clouds, grant("r29", administrator=True)]))["cloud-administrator"]
    assert [hop["technique"] for hop in path["hops"]].count("assume-role") == 30


def test_roles_that_may_all_act_as_each_other_take_no_longer_than_they_may() -> None:
    names = [f"r{number}" for number in range(1500)]
    clouds = [*MINE, grant("role", acts_as=["arn:aws:iam::*:role/*"])]
    clouds += [role(name, identifier=name) for name in names]
    clouds += [trust(of=name, at=name, holders=["root"]) for name in names]
    clouds += [grant(name, at=f"of-{name}", acts_as=["*", "arn:aws:iam::111122223333:role/r*"]) for name in names]
    started = time.process_time()
    found = web(clouds)
    assert time.process_time() - started < 20
    assert possible(found) == {"cloud-administrator": "there are too many roles to find those that it can become"}
    assert len(names) ** 2 > cloud_roles.MOST_COMPARED


def test_hostile_patterns_take_no_time() -> None:
    clouds = [*HANDED_OUT, *(association("*a" * 300 + f"{number}:x") for number in range(100))]
    started = time.process_time()
    assert possible(web(clouds, [account("ml/x"), account(f"ml/{'a' * 250}"), *PLAIN[1:]])) == {}
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("claim", "subject"),
    [
        ("system:serviceaccount:ml:train", "ml:train"),
        ("system:serviceaccount:ml:*", "ml:*"),
        ("system:serviceaccount:*", "*"),
        ("system:*", "*"),
        ("*", "*"),
        ("repo:acme/*", None),
        ("system:node:a", None),
        ("system:serviceaccount:" + "a" * 1000, None),
    ],
)
def test_claims_of_pods_are_told_from_others(claim: str, subject: str | None) -> None:
    assert subject_of_claim(claim) == subject


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("arn:aws:iam::111122223333:role/team/loader", ("aws", "111122223333", "loader")),
        ("arn:aws-cn:iam::111122223333:role/loader", ("aws", "111122223333", "loader")),
        ("role/loader", ("aws", None, "loader")),
        ("loader@acme.iam.gserviceaccount.com", ("gcp", "acme", "loader")),
        ("123456789012-compute@developer.gserviceaccount.com", ("gcp", None, "123456789012-compute")),
        ("ada@example.com", None),
        ("ada@example.com.iam.gserviceaccount.com.example.org", None),
    ],
)
def test_identities_are_read_as_their_clouds_write_them(text: str, parts: tuple[str, str | None, str] | None) -> None:
    found = named(text)
    assert (found and (found.provider, found.account, found.identifier)) == parts
