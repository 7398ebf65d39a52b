"""Rules for AI workloads: each tells bad from good and from what only looks bad, over what is really stated."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from assay.detectors.cluster import table
from assay.detectors.cluster.objects import Objects, Placed
from assay.detectors.cluster.resources import resources
from assay.detectors.cluster.software.software import known_servers
from assay.detectors.exposure import derive as exposure
from assay.detectors.rbac import derive as rbac
from assay.policies import book as policy
from assay.policies import pack_files, rule_files
from assay.policies.compiled import Compiled, Decision, compile_rule, prepare
from assay.scanner.api import Known, Location, Resource, Unknown
from assay.scanner.kinds import registry
from assay.scanner.model.rule import Rule

FIXTURES = Path(__file__).parents[2] / "fixtures" / "kubernetes-ai"
SAFEGUARDS = pack_files.load_safeguards(policy.HOME / "safeguards.yaml")
RULES: Mapping[str, Rule] = {
    rule.id: rule for rule in rule_files.load(policy.HOME / "rules" / "ai-workload", SAFEGUARDS, prove=True)
}
ON_SOFTWARE = sorted(name for name, rule in RULES.items() if rule.kind == "ai.software")
ONLY_LIVE = {"gpu-not-shared-across-tenants"}
"""Files don't say on which node a pod runs."""


def way(origin: str, port: int = 0, authenticated: bool = False) -> dict[str, Any]:
    return {
        "origin": origin,
        "port": port,
        "protocol": "tcp",
        "tls": False,
        "authenticated": authenticated,
        "via": ["Service.ml.x"],
    }


def server(software: str, ways: Sequence[Any] = (), **facts: Any) -> Resource:
    stated = {
        "software": software,
        "authenticated": False,
        "tls": False,
        "settings": [],
        "ways_in": list(ways),
        **facts,
    }
    known = {name: value if isinstance(value, Unknown) else Known(value=value) for name, value in stated.items()}
    resource = Resource(kind="ai.software", address=f"Deployment.ml.x#{software}", surface="kubernetes", facts=known)
    registry.check(resource)
    return resource


@cache
def compiled(rule: str) -> Compiled:
    return compile_rule(RULES[rule])


def decide(rule: str, resource: Resource) -> Decision:
    return compiled(rule).decide(*prepare(resource))


def failing(resource: Resource) -> list[str]:
    rules = (name for name, rule in RULES.items() if rule.kind == resource.kind)
    return sorted(name for name in rules if decide(name, resource).outcome == "fail")


def test_there_are_at_least_thirty_four() -> None:
    assert len(RULES) >= 34


@pytest.mark.parametrize("name", sorted(RULES))
def test_each_has_a_bad_a_good_an_unknown_example_and_one_that_only_looks_bad(name: str) -> None:
    examples = RULES[name].examples
    assert {"fail", "pass", "unknown"} <= {one.outcome for one in examples}
    sound = [one for one in examples if one.name.startswith("looks bad but is sound")]
    assert sound
    assert all(one.outcome in ("pass", "not-applicable") for one in sound)


@pytest.mark.parametrize("name", ON_SOFTWARE)
def test_the_software_that_a_rule_names_is_known(name: str) -> None:
    text = f"{RULES[name].applies}"
    named = set(text.split('"')[1::2])
    assert named
    assert named <= {one.software for one in known_servers()}


def test_every_server_that_is_known_is_judged_by_some_rule() -> None:
    judged = {word for name in ON_SOFTWARE for word in str(RULES[name].applies).split('"')[1::2]}
    assert {one.software for one in known_servers()} <= judged


@pytest.mark.parametrize("software", sorted({one.software for one in known_servers()} - {"prometheus", "alertmanager"}))
def test_what_listens_locally_fails_no_rule_about_who_reaches_it(software: str) -> None:
    reached = {name for name in failing(server(software)) if "ways_in" in str(RULES[name].assertion)}
    assert reached == set()


@pytest.mark.parametrize("name", [one for one in ON_SOFTWARE if "ways_in" in str(RULES[one].assertion)])
def test_a_way_in_that_is_unknown_is_no_pass(name: str) -> None:
    software = str(RULES[name].applies).split('"')[1]
    facts = {
        "authenticated": Unknown(reason="x"),
        "tls": Unknown(reason="x"),
        "settings": [Unknown(reason="x")],
        "ways_in": [Unknown(reason="a policy could not be read")],
    }
    assert decide(name, server(software, **facts)).outcome == "unknown"
    assert decide(name, server(software, ways_in=Unknown(reason="403"))).outcome == "unknown"


def test_what_is_open_to_the_internet_fails_more_than_what_is_open_to_the_cluster() -> None:
    inside, outside = failing(server("ray", [way("cluster", 8265)])), failing(server("ray", [way("internet", 8265)]))
    assert inside == ["ray-jobs-authenticated"]
    assert outside == ["code-tool-not-open-to-internet", "ray-jobs-authenticated"]


def test_a_policy_that_names_the_callers_or_a_login_on_the_way_is_enough() -> None:
    assert failing(server("mlflow", [way("namespaces", 5000), way("namespace", 5000)])) == []
    assert failing(server("mlflow", [way("internet", 5000, authenticated=True)])) == []


def test_a_message_names_the_way() -> None:
    resource = server("ray", [way("namespace", 8265), way("internet", 8265)])
    shown = decide("ray-jobs-authenticated", resource).shown
    assert shown["origin"] == "internet"
    assert shown["port"] == 8265


def test_a_key_is_not_enough_for_a_language_model_on_the_internet() -> None:
    resource = server("vllm", [way("internet", 8000)], authenticated=True)
    assert failing(resource) == ["language-model-not-published-on-key-alone"]


@cache
def judged(tree: str) -> Mapping[str, Sequence[tuple[str, str | None]]]:
    """Rule → address and outcome of everything that it applies to, in one tree of the fixture."""
    objects = Objects("manifests")
    for path in sorted((FIXTURES / tree).glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            group = document["apiVersion"].rpartition("/")[0]
            api = f"{group}/{document['kind']}" if group else document["kind"]
            if api in table.BY_ID:
                decoded = msgspec.convert(document, table.struct_of(api))
                objects.add(api, Placed(object=decoded, place=Location(path=path.name)))
    derived = list(exposure.derive(list(rbac.derive(list(resources(objects))))))
    found: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for resource in derived:
        for name, rule in RULES.items():
            if rule.kind == resource.kind:
                outcome = decide(name, resource).outcome
                if outcome is not None:
                    found[name].append((resource.address, outcome))
    return found


@pytest.mark.parametrize("name", sorted(set(RULES) - ONLY_LIVE))
def test_a_rule_fails_in_the_vulnerable_tree_and_passes_in_the_sound_one(name: str) -> None:
    assert "fail" in {outcome for _, outcome in judged("vulnerable")[name]}
    sound = judged("sound")[name]
    assert [address for address, outcome in sound if outcome != "pass"] == []
