"""What readers of the SARIF report may rely on, and how it keeps within the services' limits."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assay.reports.options import RenderOptions
from assay.reports.sarif import render
from assay.reports.sarif.document import Log
from assay.reports.sarif.limits import compressed_size, most_severe, within_limits
from assay.reports.sarif.values import (
    artifact_uri,
    markdown_text,
    pascal_name,
    repository_uri,
    semantic_version,
    web_uri,
)
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import Report, Repository
from assay.scanner.model.resource import Excerpt
from tests.unit import report_builder as build

RELATIVE_URI = re.compile(r"(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})*")


def run_of(report: Report) -> dict[str, Any]:
    document = json.loads(render(report, RenderOptions()))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    return dict(run)


def test_unsuppressed_results_are_as_many_as_the_unsuppressed_fails() -> None:
    report = build.mixed()
    results = run_of(report)["results"]
    failing = [result for result in results if result["kind"] == "fail" and not result.get("suppressions")]
    assert len(failing) == report.summary.fail == 6
    assert len(results) == 8


def test_every_result_has_the_fingerprint_that_github_reads() -> None:
    results = run_of(build.mixed())["results"]
    hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]
    assert all(re.fullmatch(r"[0-9a-f]{16}:1", found) for found in hashes)
    assert len(set(hashes)) == len(results)


def test_a_rule_index_leads_to_the_rule_of_the_result() -> None:
    run = run_of(build.mixed())
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(rule["id"] for rule in rules)
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])


def test_a_rule_is_as_severe_as_its_worst_finding() -> None:
    findings = [build.finding(1, severity="low"), build.finding(2, severity="critical")]
    (rule,) = run_of(build.report(findings))["tool"]["driver"]["rules"]
    assert rule["properties"]["security-severity"] == "9.5"
    assert rule["defaultConfiguration"]["level"] == "error"


def test_tags_are_at_most_ten_and_no_pack_hides_the_other() -> None:
    controls = (*(f"gdpr:{number}" for number in range(20)), "hipaa:164.312(b)")
    (rule,) = run_of(build.report([build.finding(controls=controls)]))["tool"]["driver"]["rules"]
    tags = rule["properties"]["tags"]
    assert len(tags) == 10
    assert tags[0] == "security"
    assert "hipaa:164.312(b)" in tags


def test_every_taxon_reference_leads_to_its_control() -> None:
    run = run_of(build.mixed())
    taxonomies = run["taxonomies"]
    assert [taxonomy["name"] for taxonomy in taxonomies] == ["gdpr", "hipaa"]
    references = [taxon for result in run["results"] for taxon in result.get("taxa", [])]
    targets = [link["target"] for rule in run["tool"]["driver"]["rules"] for link in rule.get("relationships", [])]
    assert references
    assert targets
    for reference in [*references, *targets]:
        taxonomy = taxonomies[reference["toolComponent"]["index"]]
        assert taxonomy["name"] == reference["toolComponent"]["name"]
        assert taxonomy["taxa"][reference["index"]]["id"] == reference["id"]
    supported = run["tool"]["driver"]["supportedTaxonomies"]
    assert [found["guid"] for found in supported] == [taxonomy["guid"] for taxonomy in taxonomies]
    assert taxonomies[0]["informationUri"].endswith("CELEX:32016R0679")


def test_suppressions_say_who_accepted_and_until_when() -> None:
    waived, inline = [result for result in run_of(build.mixed())["results"] if result.get("suppressions")]
    assert waived["suppressions"][0]["kind"] == "external"
    assert (
        "Public by design (owner: data@acme.example) (until 2027-01-31)" in waived["suppressions"][0]["justification"]
    )
    assert inline["suppressions"][0]["kind"] == "inSource"


def test_what_could_not_be_seen_is_a_notification_and_no_result() -> None:
    run = run_of(build.mixed())
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["exitCode"] == 3
    told = [note["message"]["text"] for note in invocation["toolExecutionNotifications"]]
    assert "Detector pii, failed: killed after 60 s." in told
    assert "broken.tf did not parse." in told
    assert invocation["toolConfigurationNotifications"][0]["level"] == "note"
    places = [note["locations"] for note in invocation["toolExecutionNotifications"] if "locations" in note]
    assert places[1][0]["physicalLocation"]["artifactLocation"] == {"uri": "broken.tf", "uriBaseId": "SRCROOT"}
    assert invocation["endTimeUtc"] == "2026-11-22T13:00:02.500Z"


def test_a_notification_without_a_file_names_only_what_it_is_about() -> None:
    failed = build.finding(outcome="unknown", location=None, address="iac/helm", kind="look")
    (note,) = run_of(build.report([failed]))["invocations"][0]["toolExecutionNotifications"]
    assert note["locations"] == [{"logicalLocations": [{"fullyQualifiedName": "iac/helm", "kind": "resource"}]}]


def test_changes_are_baseline_states() -> None:
    states = [result.get("baselineState") for result in run_of(build.mixed())["results"]]
    assert states[:4] == ["new", "updated", None, "unchanged"]


def test_a_finding_without_a_file_stands_in_the_inventory() -> None:
    (result,) = [found for found in run_of(build.mixed())["results"] if "acme-live" in json.dumps(found)]
    (place,) = result["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == ".assay/inventory/storage.bucket.json"
    assert place["physicalLocation"]["region"]["startLine"] == 1
    assert place["logicalLocations"] == [{"fullyQualifiedName": "arn:aws:s3:::acme-live", "kind": "resource"}]


def test_columns_are_those_of_the_file() -> None:
    found = build.finding(location=Location(path="terraform/storage.tf", start_line=4, end_line=5))
    (result,) = run_of(build.report([found]))["results"]
    place = result["locations"][0]["physicalLocation"]
    region = {key: value for key, value in place["region"].items() if key != "snippet"}
    assert region == {"startLine": 4, "startColumn": 3, "endLine": 5, "endColumn": 25}
    assert place["contextRegion"]["startLine"] == 2
    assert place["contextRegion"]["endLine"] == 7
    assert 'bucket = "acme-training"' in place["region"]["snippet"]["text"]


def test_columns_after_a_mask_are_not_made_up() -> None:
    found = build.finding(location=Location(path="a.tf", start_line=1, end_line=1))
    excerpt = Excerpt(path="a.tf", start_line=1, lines=("password = [redacted]",))
    (result,) = run_of(build.report([found], excerpts=(excerpt,)))["results"]
    assert "endColumn" not in result["locations"][0]["physicalLocation"]["region"]


def test_a_line_that_one_detector_masked_is_masked_for_all() -> None:
    found = build.finding(location=Location(path="a.tf", start_line=1, end_line=1))
    excerpts = (
        Excerpt(path="a.tf", start_line=1, lines=("motd = hunter2",)),
        Excerpt(path="a.tf", start_line=1, lines=("[redacted]",)),
    )
    for order in (excerpts, excerpts[::-1]):
        assert b"hunter2" not in render(build.report([found], excerpts=order), RenderOptions())


def test_snippets_are_bounded() -> None:
    found = build.finding(location=Location(path="a.json", start_line=1, end_line=5000))
    excerpt = Excerpt(path="a.json", start_line=1, lines=tuple("x" * 100_000 for _ in range(200)))
    document = render(build.report([found], excerpts=(excerpt,)), RenderOptions())
    assert len(document) < 20_000


def test_hostile_names_are_neutral_everywhere() -> None:
    document = render(build.mixed(), RenderOptions())
    for text in strings(json.loads(document)):
        assert all(char.isprintable() or char == "\n" for char in text), text
    results = json.loads(document)["runs"][0]["results"]
    assert not any("](" in result["message"]["text"] for result in results)
    hostile = [place for place in artifact_uris(json.loads(document)) if "evil" in place]
    assert hostile
    assert all(RELATIVE_URI.fullmatch(place) for place in hostile)


def test_a_name_of_the_tree_begins_no_line_of_a_message() -> None:
    hostile = "Group:x\n::error::all is well\r\nFix: nothing"
    failing = build.finding(message=f"{hostile} may do anything", address=hostile)
    undecided = build.finding(outcome="unknown", message=f"{hostile}: not decided", address=hostile)
    run = run_of(build.report([failing, undecided]))
    [message] = [result["message"] for result in run["results"]]
    assert message["text"].startswith("Group:x\\n::error::all is well")
    notes = [note["message"]["text"] for one in run["invocations"] for note in one["toolExecutionNotifications"]]
    for text in (*message.values(), *notes):
        assert not [line for line in text.splitlines() if line.startswith(("::", "Fix: nothing"))], text


def test_two_logs_of_one_report_are_equal_whatever_the_hash_seed() -> None:
    program = (
        "import hashlib; from tests.unit import report_builder as b; from assay.reports.registry import renderer;"
        "from assay.reports.options import RenderOptions as O;"
        "print([hashlib.sha256(renderer(f)(b.mixed(), O())).hexdigest() for f in ('sarif', 'json', 'text')])"
    )
    root = Path(__file__).parents[2]
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


def test_more_than_25_000_findings_are_ranked_and_it_says_so() -> None:
    report = build.large(25_010)
    run = run_of(report)
    assert len(run["results"]) == 25_000
    assert run["properties"]["results"] == {"total": 25_010, "shown": 25_000}
    told = run["invocations"][0]["toolExecutionNotifications"][0]
    assert told["level"] == "warning"
    assert "25010 findings fail" in told["message"]["text"]
    severities = [result["properties"]["severity"] for result in run["results"]]
    dropped = {name: sum(found.severity == name for found in report.findings) - severities.count(name) for name in
               ("critical", "high", "medium", "low", "info")}  # fmt: skip
    assert dropped == {"critical": 0, "high": 0, "medium": 0, "low": 0, "info": 10}


def test_a_log_that_is_too_large_loses_snippets_first_then_the_least_severe() -> None:
    log = Log(build.large(400))
    full = compressed_size(log.build(log.failing, True, ()), 0)
    without = compressed_size(log.build(log.failing, False, ()), 0)
    shorter = json.loads(within_limits(log.failing, log.build, most_bytes=(full + without) // 2))["runs"][0]
    assert len(shorter["results"]) == 400
    assert "snippets were left out" in shorter["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]
    fewer = json.loads(within_limits(log.failing, log.build, most_bytes=without * 2 // 3))["runs"][0]
    assert 0 < len(fewer["results"]) < 400
    assert fewer["properties"]["results"]["total"] == 400


@given(
    st.integers(0, 30), st.lists(st.tuples(st.sampled_from(["critical", "low", "info"]), st.booleans()), max_size=30)
)
def test_nothing_is_left_out_for_something_that_matters_less(most: int, made: list[tuple[Any, bool]]) -> None:
    accepted = build.mixed().findings[3].suppressed
    findings = [
        build.finding(number, severity=severity, suppressed=accepted if suppressed else None)
        for number, (severity, suppressed) in enumerate(made)
    ]
    kept = most_severe(findings, most)
    left_out = [found for found in findings if found not in kept]
    assert len(kept) == min(most, len(findings))
    assert list(kept) == [found for found in findings if found in kept]
    order = ["critical", "low", "info"]
    ranks = [(found.suppressed is not None, order.index(found.severity)) for found in kept]
    rest = [(found.suppressed is not None, order.index(found.severity)) for found in left_out]
    assert not ranks or not rest or max(ranks) <= min(rest)


@given(st.text(st.characters(codec=None), min_size=1))
def test_any_path_is_a_valid_relative_reference(path: str) -> None:
    uri = artifact_uri(path)
    assert RELATIVE_URI.fullmatch(uri)
    assert not uri.startswith("/")
    assert ":" not in uri


@given(st.text(max_size=30), st.text(max_size=60))
def test_a_name_is_a_pascal_word_that_differs_from_the_id(rule: str, title: str) -> None:
    name = pascal_name(rule, title)
    assert re.fullmatch(r"([A-Z][a-z0-9]+)+", name)
    assert name.lower() != rule.lower()


@given(st.text(alphabet="ab\\`*_[]()<>#|~!@&$ ", max_size=40))
def test_markdown_shows_text_and_does_nothing_with_it(text: str) -> None:
    escaped = markdown_text(text)
    assert re.sub(r"\\([\\`*_\[\]<>#|~!@&$])", r"\1", escaped) == text
    assert not re.search(r"(?<!\\)(?:\\\\)*[`*_\[\]<>]", escaped)


def test_remotes_become_absolute_uris_without_passwords() -> None:
    assert repository_uri("git@github.com:acme/ai.git") == "ssh://github.com/acme/ai.git"
    assert repository_uri("https://user:pw@github.com/acme/ai") == "https://github.com/acme/ai"
    assert repository_uri("https://github.com/acme/a b") == "https://github.com/acme/a%20b"
    assert [repository_uri(text) for text in (None, "", "../elsewhere", "/srv/git/ai", "https://", "x y://z/a")] == [
        None
    ] * 6


def test_only_web_addresses_are_help_uris() -> None:
    assert web_uri("https://example.org/a b") == "https://example.org/a%20b"
    assert [web_uri(text) for text in ("javascript:alert(1)", "//example.org", "https://", "http://[::1")] == [None] * 4


def test_python_versions_become_semantic_ones() -> None:
    versions = ["0.1.0", "1.2", "1.2.dev3", "2.0.0rc1", "1.0.0+local", "odd"]
    assert [semantic_version(version) for version in versions] == [
        "0.1.0", "1.2.0", "1.2.0-dev3", "2.0.0-rc1", "1.0.0-local", "0.0.0",
    ]  # fmt: skip


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def artifact_uris(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "artifactLocation" in value:
            yield value["artifactLocation"]["uri"]
        for inner in value.values():
            yield from artifact_uris(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from artifact_uris(inner)


def test_what_else_decided_a_finding_is_related_and_linked_by_its_number() -> None:
    other = Location(path="terraform/acl[1].tf", start_line=4, end_line=7)
    (result,) = run_of(build.report([build.finding(related=(other,))]))["results"]
    (related,) = result["relatedLocations"]
    assert related["id"] == 1
    assert related["physicalLocation"]["region"]["startLine"] == 4
    assert "[terraform/acl(1).tf:4](1)" in result["message"]["text"]
    assert "relatedLocations" not in run_of(build.report([build.finding()]))["results"][0]


def test_a_part_of_a_repository_is_mapped_to_its_top() -> None:
    part = Repository(uri="https://example.com/acme/ai", revision="a" * 40, branch="main", path="infra/aws")
    run = run_of(build.report(repository=part))
    (provenance,) = run["versionControlProvenance"]
    base = provenance["mappedTo"]["uriBaseId"]
    assert run["originalUriBaseIds"]["SRCROOT"] == {
        "uri": "infra/aws/", "uriBaseId": base, "description": {"text": "The scanned folder."},
    }  # fmt: skip
    assert base != "SRCROOT" and base in run["originalUriBaseIds"]
    whole = run_of(build.report())
    assert whole["versionControlProvenance"][0]["mappedTo"] == {"uriBaseId": "SRCROOT"}
    assert set(whole["originalUriBaseIds"]) == {"SRCROOT"}


def test_a_clone_without_a_remote_has_a_name_that_tells_no_path() -> None:
    alone = Repository(uri=None, revision="b" * 40, branch="main")
    (provenance,) = run_of(build.report(repository=alone))["versionControlProvenance"]
    assert provenance["repositoryUri"].startswith("urn:uuid:")
    assert provenance["revisionId"] == "b" * 40
    assert "versionControlProvenance" not in run_of(build.report(repository=None))


def test_the_same_folder_is_one_category_however_it_is_named() -> None:
    named = [run_of(build.report(targets=(name,), folder="ai"))["automationDetails"] for name in (".", "./", "ai")]
    assert named[0] == named[1] == named[2]


def test_a_warning_is_told_as_a_notification() -> None:
    run = run_of(build.report(warnings=("w.yaml:3: the waiver matches nothing",)))
    (told,) = run["invocations"][0]["toolConfigurationNotifications"]
    assert told["level"] == "warning" and told["message"]["text"].startswith("w.yaml:3: the waiver")
    assert run["tool"]["driver"]["notifications"][told["descriptor"]["index"]]["id"] == "policy"
