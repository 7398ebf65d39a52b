"""The rules on attack paths, judged over derived facts."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import structs

from assay.detectors.rbac.compile import compile_access
from assay.detectors.rbac.derive import derive
from assay.detectors.rbac.paths import add_paths
from assay.detectors.worlds import worlds
from assay.policies import book as policy
from assay.policies import pack_files, rule_files
from assay.policies.compiled import compile_rule, prepare
from assay.scanner.api import Known, Resource
from assay.scanner.kinds import paths as kind
from assay.scanner.kinds import registry
from tests.unit.paths_world import account, binding, claim, mounts, namespace, pods, resource, role, rule

HOME = policy.HOME
RULES = rule_files.load(HOME / "rules" / "paths", pack_files.load_safeguards(HOME / "safeguards.yaml"))


def judged(resources: list[Resource]) -> Mapping[str, Mapping[str, str]]:
    """Address → rule → outcome."""
    [world] = worlds(resources)
    found: dict[str, dict[str, str]] = {}
    for one in add_paths(world, compile_access(world), resources):
        facts, context = prepare(one)
        for each in RULES:
            if each.kind == one.kind:
                outcome = compile_rule(each).decide(facts, context).outcome
                found.setdefault(one.address, {})[each.id] = outcome or "not-applicable"
    return found


def group(**facts: object) -> Resource:
    given = {"type": "Group", "human": True, "expected": False, "grants": [], "used_by": [], **facts}
    return resource("rbac.subject", "Group:team", **given)


WORLD = [
    namespace("ml", tenant="blue"), namespace("prod", tenant="green"), account("ml/x"), account("prod/api"),
    role("exec", rule("create", "pods/exec")), binding("e", "exec", ["ml/x", "Group:team"], within="prod"),
    pods("ml/web", service_account="x"), claim("prod/weights", "model"),
    pods("prod/web", service_account="api", volumes=mounts("weights")), group(),
]  # fmt: skip


def test_every_target_but_ones_own_cloud_identity_has_a_rule_for_workloads_and_one_for_subjects() -> None:
    plural = {"other-tenant": "other-tenants"}
    wanted = {
        f"{who}-no-path-to-{plural.get(target, target)}"
        for who in ("workload", "subject")
        for target in kind.TARGETS
        if target != "cloud"
    }
    assert {one.id for one in RULES} == wanted
    assert {path.stem for path in Path(HOME / "rules" / "paths").glob("*.yaml")} == wanted


def test_paths_fit_the_kind() -> None:
    [world] = worlds(WORLD)
    for one in add_paths(world, compile_access(world), WORLD):
        if "paths" in one.facts:
            registry.check(structs.replace(one, facts={"paths": one.facts["paths"]}))


def test_only_the_targets_that_are_reached_fail() -> None:
    found = judged(WORLD)["Deployment.ml.web"]
    assert {name for name, outcome in found.items() if outcome == "fail"} == {
        "workload-no-path-to-other-tenants", "workload-no-path-to-data-volumes",
    }  # fmt: skip
    assert "unknown" not in found.values()


def test_what_isnt_sure_leaves_only_its_own_rule_undecided() -> None:
    world = [one for one in WORLD if one.kind != "cluster.volume-claim"]
    found = judged(world)["Deployment.ml.web"]
    assert found["workload-no-path-to-data-volumes"] == "unknown"
    assert found["workload-no-path-to-other-tenants"] == "fail"
    assert found["workload-no-path-to-cluster-admin"] == "pass"


def test_an_unread_role_leaves_every_rule_undecided_that_doesnt_fail() -> None:
    found = judged([*WORLD, binding("m", "missing", ["ml/x"])])["Deployment.ml.web"]
    assert set(found.values()) == {"fail", "unknown"}


@pytest.mark.parametrize("system", ["network-plugin", "gpu-device-plugin"])
def test_components_of_the_cluster_are_not_judged(system: str) -> None:
    world = [*WORLD, pods("ml/agent", service_account="x", system=system)]
    assert set(judged(world)["Deployment.ml.agent"].values()) == {"not-applicable"}


def test_kubernetes_own_subjects_are_not_judged() -> None:
    world = [one for one in WORLD if one.kind != "rbac.subject"]
    assert set(judged([*world, group(expected=True)])["Group:team"].values()) == {"not-applicable"}


def test_paths_are_derived_with_all_that_follows_from_rights() -> None:
    arn = "arn:aws:iam::111122223333:role/admin"
    world = [*WORLD, account("prod/loader", cloud="aws", cloud_identity=arn)]
    world += [pods("prod/loader", service_account="loader")]
    facts: dict[str, object] = {
        "provider": "aws", "holders": [arn], "accounts": [], "acts_as": [], "passes": [], "starts": [],
        "administrator": True,
    }  # fmt: skip
    stated = {name: Known(value=value) for name, value in facts.items()}
    grant = Resource(kind="identity.grant", address="policy", surface="terraform", facts=stated)
    given = [one for one in world if one.kind != "rbac.subject"]
    found = {one.address: one.facts.get("paths") for one in derive([*given, grant])}
    for address in ("Deployment.ml.web", "Group:team", "ServiceAccount:ml/x"):
        fact = found[address]
        assert isinstance(fact, Known)
        assert {path["target"] for path in fact.value} >= {"cloud", "cloud-administrator"}
