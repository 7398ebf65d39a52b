"""Messages name what is wrong: the fields of what made the rule fail, and nothing that may be private."""

from pathlib import Path
from typing import Any

import pytest

from assay.policies import messages, rule_files
from assay.policies.compiled import CompiledRule, prepare
from assay.policies.read import PolicyError
from assay.scanner.model.fact import Known, Unknown
from assay.scanner.model.resource import Resource
from assay.scanner.model.rule import Rule

RULES = Path(rule_files.__file__).parent / "rules"
SAFEGUARDS = frozenset({"network-isolation", "no-public-exposure", "least-privilege", "change-management"})
HTTPS = {"direction": "ingress", "protocol": "tcp", "from_port": 443, "to_port": 443, "described": True}


def rule(name: str) -> Rule:
    return rule_files.load_file(next(RULES.rglob(f"{name}.yaml")), SAFEGUARDS)


def told(name: str, **facts: Any) -> str:
    loaded = rule(name)
    resource = Resource(
        kind=loaded.kind, address="a.b", surface="test", facts={key: Known(value=value) for key, value in facts.items()}
    )
    decision = CompiledRule(loaded).decide(*prepare(resource))
    assert decision.outcome == "fail"
    return "a.b".join(messages.fill(loaded.message, decision.shown))


def test_a_boundary_names_port_and_range_that_are_wrong_and_no_other() -> None:
    ssh = {**HTTPS, "from_port": 22, "to_port": 22, "cidrs": ["203.0.113.7/32", "0.0.0.0/0"]}
    web = {**HTTPS, "cidrs": ["0.0.0.0/0"]}
    said = told("boundary-no-admin-ports-open", governs_ingress=True, openings=[web, ssh])
    assert said == "a.b opens an administration port to the internet: tcp 22 from 0.0.0.0/0"


def test_several_wrong_rules_are_counted() -> None:
    wide = {**HTTPS, "from_port": 20, "to_port": 30, "cidrs": ["::/0"]}
    unread = Unknown(reason="unresolved: var.x")
    said = told("boundary-no-admin-ports-open", governs_ingress=True, openings=[unread, wide, {**wide, "to_port": 22}])
    assert said == "a.b opens an administration port to the internet: tcp 20-30 from ::/0 (and 1 more)"


def test_whole_services_are_named() -> None:
    assert told("grant-no-service-wildcard", surely_administrator=False, whole_services=["s3", "sqs"]) == (
        "a.b allows every action on every resource of s3, sqs"
    )


def test_what_could_not_be_read_is_said_to_be_unknown() -> None:
    rule_text = Unknown(reason="unresolved: var.protocol")
    opening = {**HTTPS, "protocol": rule_text, "from_port": 0, "to_port": 65535, "cidrs": ["0.0.0.0/0"]}
    said = told("boundary-egress-limited", governs_egress=True, openings=[{**opening, "direction": "egress"}])
    assert said == "a.b lets everything out to the whole internet: unknown 0-65535 to 0.0.0.0/0"


@pytest.mark.parametrize("placeholder", ["{tags}", "{openings_}", "{permission_boundary}", "{described_by}"])
def test_a_message_names_only_what_the_rule_reads_and_may_show(tmp_path: Path, placeholder: str) -> None:
    source = next(RULES.rglob("boundary-rules-described.yaml")).read_text()
    path = tmp_path / "boundary-rules-described.yaml"
    path.write_text(source.replace("{protocol} {from_port}-{to_port}", placeholder))
    with pytest.raises(PolicyError, match="is not filled in; the rule may name address, cidrs, described"):
        rule_files.load_file(path, SAFEGUARDS)


def test_text_of_the_scanned_tree_is_cut_and_made_printable() -> None:
    said = "a".join(messages.fill("{address}: {x}", {"x": "\x1b[31m" + "y" * 500}))
    assert said == f"a: [31m{'y' * 96}…"
    assert "a".join(messages.fill("{address}: {x}", {"x": "{address}"})) == "a: {address}"


def test_every_message_of_ours_is_filled_in() -> None:
    for path in sorted(RULES.rglob("*.yaml")):
        loaded = rule_files.load_file(path, frozenset(_safeguards(path)), compiled=True)
        for example in loaded.examples:
            if example.outcome == "fail":
                decision = rule_files.try_example(loaded, example)
                parameters = {**loaded.parameters, **example.parameters}
                said = "a.b".join(messages.fill(loaded.message, {**parameters, **decision.shown}))
                assert "{" not in said
                assert "unknown" not in said, said


def _safeguards(path: Path) -> list[str]:
    line = next(line for line in path.read_text().splitlines() if line.startswith("safeguards:"))
    return [name.strip() for name in line.partition("[")[2].partition("]")[0].split(",")]
