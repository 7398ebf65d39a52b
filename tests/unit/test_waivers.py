"""Accepted risks: what the file may say, what it suppresses, and what becomes of one that is over or of no use."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.policies import book as policy
from assay.scanner.config.waivers import PlacedWaiver, Waiver, load_waivers, matches
from assay.scanner.engine import inventory
from assay.scanner.engine.assess import Policy, assess
from assay.scanner.engine.suppress import WAIVER_EXPIRED, suppress
from assay.scanner.errors import UsageError
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Known, Location
from assay.scanner.model.finding import Finding, Report, Suppression
from assay.scanner.model.resource import EngineVerdict, Failure, InlineWaiver, Record, Resource

BOOK = policy.load(("gdpr", "hipaa"))
TODAY = "2026-11-22"
HEADER = inventory.Header(version="0", targets=(".",), started=f"{TODAY}T00:00:00Z", finished=f"{TODAY}T00:00:01Z")
OK = DetectorOutcome(id="iac", status="ok")
OURS = "bucket-versioned"
"""Takes CKV_AWS_21 along."""


def at(line: int, path: str = "main.tf") -> Location:
    return Location(path=path, start_line=line, end_line=line + 2)


def bucket(address: str = "aws_s3_bucket.b", line: int = 1, path: str = "main.tf", versioned: Any = False) -> Resource:
    facts = {"versioned": Known(value=versioned)}
    return Resource(kind="storage.bucket", address=address, surface="terraform", facts=facts, location=at(line, path))


def verdict(check: str, resource: str = "aws_s3_bucket.b", result: Any = "fail", line: int = 1, **more: Any) -> Record:
    return EngineVerdict(
        engine="checkov", check=check, result=result, resource=resource, title="A title", framework="terraform",
        location=at(line), **more,
    )  # fmt: skip


def waiver(rule: str = OURS, address: str = "*", line: int = 2, **more: Any) -> PlacedWaiver:
    return PlacedWaiver(waiver=Waiver(rule=rule, address=address, reason="known", **more), file="w.yaml", line=line)


def comment(*rules: str, line: int = 1, covers: int = 2, **more: Any) -> InlineWaiver:
    return InlineWaiver(path="main.tf", line=line, covers=covers, rules=rules or (OURS,), reason="known", **more)


def assessed(*records: Record, waivers: tuple[PlacedWaiver, ...] = (), **more: Any) -> Report:
    return assess(inventory.build(HEADER, (OK,), records), Policy(book=BOOK, waivers=waivers, fail_on="info", **more))


def of(report: Report, rule: str = OURS) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule == rule]


def load(tmp_path: Path, text: str) -> tuple[PlacedWaiver, ...]:
    place = tmp_path / "w.yaml"
    place.write_text(text)
    return load_waivers(place, "w.yaml", BOOK.rule_names)


# What the file may say.


def test_a_waiver_says_where_it_stands(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "# accepted\nwaivers:\n"
        f'  - {{rule: {OURS}, address: "a.*", reason: "one\n      two", owner: me, until: 2027-01-31, path: "x/*"}}\n'
        f"  - rule: CKV_AWS_18\n    address: b\n    reason: r\n",
    )
    assert [one.line for one in found] == [3, 5]
    assert found[0].waiver == Waiver(
        rule=OURS, address="a.*", reason="one two", owner="me", until=date(2027, 1, 31), path="x/*"
    )
    assert found[1].waiver.until is None and found[1].waiver.path == "*"


GOOD = f"  - {{rule: {OURS}, address: a, reason: r}}\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (f"waivers:\n{GOOD}  - rule: {OURS}\n    address: a\n    reason: r\n    colour: red\n", 6, "unknown field"),
        (f"waivers:\n{GOOD}  - {{rule: bucket-versoined, address: a, reason: r}}\n", 3, "no rule or check is named"),
        (f"waivers:\n{GOOD}  - {{rule: '*', address: a, reason: r}}\n", 3, "no rule or check is named"),
        (f'waivers:\n{GOOD}  - {{rule: {OURS}, address: a, reason: ""}}\n', 3, "reason: it may not be empty"),
        (f'waivers:\n  - rule: {OURS}\n    address: a\n    reason: "  "\n', 4, "reason: it may not be empty"),
        (f'waivers:\n  - {{rule: {OURS}, address: "", reason: r}}\n', 2, "address: it may not be empty"),
        (f'waivers:\n  - {{rule: {OURS}, address: a, reason: r, path: ""}}\n', 2, "path: it may not be empty"),
        (f"waivers:\n  - {{rule: {OURS}, address: a}}\n", 2, "reason"),
        (f"waivers:\n  - {{rule: {OURS}, reason: r}}\n", 2, "address"),
        (f"waivers:\n  - {{rule: {OURS}, address: a, reason: r, until: soon}}\n", 2, "until"),
        (f"waivers:\n  - {{rule: {OURS}, address: a, reason: r, until: 2027-02-30}}\n", 2, "until"),
        (f"waivers:\n  - {{rule: {OURS}, address: a, reason: r, until: 31.1.2027}}\n", 2, "until"),
        (f"waivers:\n  - {{rule: {OURS}, address: a, reason: r, until: 5}}\n", 2, "until"),
        (f"waivers:\n  - {{rule: {OURS}, address: [a], reason: r}}\n", 2, "address"),
        (f"waivers:\n  - {OURS}\n", 2, "object"),
        (f"waivers:\n  {OURS}: r\n", 1, "array"),
        ("- a\n- b\n", 1, "object"),
        ("", 1, ""),
        ("waivers:\n", 1, "array"),
        ("waiver: []\n", 1, ""),
        ("waivers: [\n", 2, ""),
        (f"waivers:\n{GOOD}waivers:\n{GOOD}", 3, ""),
        ("waivers: &a\n  - *a\n", 1, ""),
        ("a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
            f"b{n}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)), 1, ""),
        ("!!python/object/apply:os.system [id]\n", 1, ""),
        ("[" * 5000, 1, ""),
        ("waivers: \0\n", 1, ""),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_with_file_and_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        load(tmp_path, text)
    message = str(error.value)
    assert message.startswith("w.yaml:") and "\n" not in message
    place = int(message.split(":")[1])
    assert abs(place - line) <= (0 if said else 20)
    assert said.lower() in message.lower()


def test_a_file_that_is_missing_a_folder_or_too_large_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "large").write_bytes(b"#" * (9 << 20))
    for name in ("missing", "folder", "large"):
        with pytest.raises(UsageError, match="cannot be read"):
            load_waivers(tmp_path / name, name, {})


def test_an_old_name_of_a_rule_is_understood(tmp_path: Path) -> None:
    place = tmp_path / "w.yaml"
    place.write_text("waivers:\n  - {rule: old-name, address: a, reason: r}\n")
    [found] = load_waivers(place, "w.yaml", {"old-name": "new-name", "new-name": "new-name"})
    assert found.waiver.rule == "new-name"


# Addresses and paths.


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("a", "a", True),
        ("a", "aa", False),
        ("a", "A", False),
        ("a*", "a", True),
        ("a*a", "a", False),
        ("*b*", "abc", True),
        ("a*b*c", "a-c-b", False),
        ('module.m["x"].aws_s3_bucket.b[0]', 'module.m["x"].aws_s3_bucket.b[0]', True),
        ('module.m["*"].aws_s3_bucket.b[*]', 'module.m["eu"].aws_s3_bucket.b[12]', True),
        ("aws_s3_bucket.b[0]", "aws_s3_bucket.b0", False),
        ("b[01]", "b0", False),
        ("b?", "bx", False),
        ("b.c", "bxc", False),
        ("a*", "a\nb", True),
        ("(a|b)$", "a", False),
        ("{a}", "{a}", True),
        ("**", "x", True),
    ],
)
def test_only_a_star_is_special(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


@given(st.lists(st.text(alphabet="ab[", max_size=3), min_size=1, max_size=5), st.text(alphabet="ab[", max_size=12))
def test_a_pattern_fits_what_a_plain_search_finds(pieces: list[str], text: str) -> None:
    import re

    expected = re.fullmatch(".*".join(map(re.escape, pieces)), text, re.DOTALL) is not None
    assert matches("*".join(pieces), text) is expected


def test_a_waiver_holds_for_its_addresses_and_paths_only() -> None:
    resources = (bucket("m.b", path="a/main.tf"), bucket("m.b", path="b/main.tf"), bucket("n.b", path="a/main.tf"))
    found = of(assessed(*resources, waivers=(waiver(address="m.*", path="a/*"),)))
    suppressed = {(one.resource.address, one.location and one.location.path) for one in found if one.suppressed}
    assert suppressed == {("m.b", "a/main.tf")}


# What it does.


def test_owner_and_last_day_are_told() -> None:
    [found] = of(assessed(bucket(), waivers=(waiver(owner="data@acme.example", until=date(2027, 1, 31)),)))
    assert found.suppressed == Suppression(by="waiver", reason="known", owner="data@acme.example", until="2027-01-31")
    assert found.outcome == "fail"


def test_the_last_day_counts_and_the_day_after_does_not() -> None:
    assert of(assessed(bucket(), waivers=(waiver(until=date(2026, 11, 22)),)))[0].suppressed is not None
    report = assessed(bucket(), waivers=(waiver(until=date(2026, 11, 21)),))
    assert of(report)[0].suppressed is None
    [expired] = of(report, WAIVER_EXPIRED)
    assert (expired.outcome, expired.resource.kind, expired.suppressed) == ("fail", "policy", None)
    assert expired.resource.address == "w.yaml:2" and OURS in expired.message and "2026-11-21" in expired.message
    assert expired.fingerprint and expired.safeguards and expired.fix
    assert report.gate.status == "red" and report.exit_code == 1
    assert report.warnings == ()


def test_a_waiver_that_is_over_fails_even_where_it_matches_nothing() -> None:
    report = assessed(waivers=(waiver(until=date(2020, 1, 1)),))
    assert len(of(report, WAIVER_EXPIRED)) == 1 and report.warnings == ()


def test_an_expired_waiver_cannot_be_waived_by_another() -> None:
    both = (waiver(until=date(2020, 1, 1)), waiver(rule=WAIVER_EXPIRED, line=9))
    assert of(assessed(bucket(), waivers=both), WAIVER_EXPIRED)[0].suppressed is None


def test_a_valid_waiver_counts_beside_one_that_is_over() -> None:
    report = assessed(bucket(), waivers=(waiver(until=date(2020, 1, 1)), waiver(line=3)))
    assert of(report)[0].suppressed is not None
    assert len(of(report, WAIVER_EXPIRED)) == 1


def test_an_unused_waiver_is_a_warning_and_nothing_else() -> None:
    report = assessed(bucket(versioned=True), waivers=(waiver(), waiver(address="no.such", line=7)))
    assert [line.split(" the")[0] for line in report.warnings] == ["w.yaml:2:", "w.yaml:7:"]
    assert of(report)[0].outcome == "pass" and of(report)[0].suppressed is None
    assert of(report, WAIVER_EXPIRED) == []


def test_one_waiver_serves_several_findings() -> None:
    report = assessed(bucket("a", 1), bucket("b", 5), bucket("c", 9, "other.tf"), waivers=(waiver(),))
    assert all(one.suppressed for one in of(report)) and len(of(report)) == 3
    assert report.warnings == ()


def test_an_engines_id_waives_what_was_folded_into_ours() -> None:
    report = assessed(bucket(), verdict("CKV_AWS_21"), waivers=(waiver("CKV_AWS_21"),))
    [found] = of(report)
    assert found.corroborated_by == ("CKV_AWS_21",) and found.suppressed is not None
    assert report.warnings == ()


def test_an_engines_id_waives_the_engines_own_finding() -> None:
    report = assessed(verdict("CKV_AWS_18"), verdict("CKV_AWS_18", "other"), waivers=(waiver("CKV_AWS_18", "*.b"),))
    assert {one.resource.address: bool(one.suppressed) for one in of(report, "CKV_AWS_18")} == {
        "aws_s3_bucket.b": True,
        "other": False,
    }


def test_an_unknown_can_be_waived_and_a_failed_look_cannot() -> None:
    unread = bucket(versioned=None)
    unread = msgspec.structs.replace(unread, facts={})
    failure = Failure(detector="iac", part="terraform", reason="r", location=Location(path="main.tf"))
    report = assessed(unread, failure, waivers=(waiver(), waiver("look-failed", line=3)))
    assert of(report)[0].outcome == "unknown" and of(report)[0].suppressed is not None
    assert of(report, "look-failed")[0].suppressed is None
    assert report.exit_code == 3
    assert any("look-failed" in line for line in report.warnings)


def test_a_waived_control_is_not_violated_and_not_satisfied_by_it() -> None:
    report = assessed(bucket(), waivers=(waiver(),))
    touched = {name for one in of(report) for name in one.controls}
    statuses = {f"{one.pack}:{one.id}": one for one in report.controls}
    assert touched and all(statuses[name].status != "violated" and statuses[name].suppressed for name in touched)


# Comments in the scanned file.


@pytest.mark.parametrize(("line", "covers"), [(1, 2), (3, 3), (4, 4), (2, 3)])
def test_a_comment_above_inside_or_at_the_end_of_a_block_suppresses(line: int, covers: int) -> None:
    [found] = of(assessed(bucket(line=2), comment(line=line, covers=covers)))
    assert found.suppressed == Suppression(by="inline", reason="known")


@pytest.mark.parametrize(("line", "covers"), [(1, 1), (5, 5), (9, 10)])
def test_a_comment_elsewhere_suppresses_nothing_and_is_told(line: int, covers: int) -> None:
    report = assessed(bucket(line=2), comment(line=line, covers=covers))
    assert of(report)[0].suppressed is None
    assert report.warnings == (f"main.tf:{line}: the comment assay:ignore for {OURS} matches no finding; remove it",)


def test_a_comment_without_a_reason_suppresses_nothing_and_is_told() -> None:
    bad = InlineWaiver(path="main.tf", line=1, covers=2, rules=(OURS,), problem="it gives no reason")
    report = assessed(bucket(line=2), bad)
    assert of(report)[0].suppressed is None
    assert report.warnings == ("main.tf:1: the comment assay:ignore counts for nothing: it gives no reason",)


def test_a_comment_for_no_rule_is_told() -> None:
    report = assessed(bucket(line=2), comment("bucket-versoined"))
    assert of(report)[0].suppressed is None
    assert "no rule or check has that name" in report.warnings[0]


def test_of_several_rules_each_counts_for_itself() -> None:
    report = assessed(bucket(line=2), verdict("CKV_AWS_18", line=2), comment(OURS, "CKV_AWS_18", "CKV_AWS_20"))
    assert of(report)[0].suppressed and of(report, "CKV_AWS_18")[0].suppressed
    assert len(report.warnings) == 1 and "CKV_AWS_20" in report.warnings[0]


def test_a_comment_may_name_the_engines_check_that_ours_took_along() -> None:
    report = assessed(bucket(line=2), verdict("CKV_AWS_21", line=2), comment("CKV_AWS_21"))
    assert of(report)[0].suppressed and report.warnings == ()


def test_a_comment_that_is_over_is_a_finding_at_its_line() -> None:
    report = assessed(bucket(line=2), comment(until="2026-11-21"))
    assert of(report)[0].suppressed is None
    [expired] = of(report, WAIVER_EXPIRED)
    assert expired.location == Location(path="main.tf", start_line=1, end_line=1)
    assert of(assessed(bucket(line=2), comment(until=TODAY)))[0].suppressed is not None


def test_a_waiver_of_the_file_goes_before_a_comment_and_neither_is_unused() -> None:
    report = assessed(bucket(line=2), comment(), waivers=(waiver(owner="me"),))
    assert of(report)[0].suppressed == Suppression(by="waiver", reason="known", owner="me")
    assert report.warnings == ()


def test_comments_cannot_silence_a_failed_look() -> None:
    failure = Failure(detector="iac", part="terraform", reason="r", location=at(2))
    assert of(assessed(failure, comment("look-failed")), "look-failed")[0].suppressed is None


# What an engine skipped.


def test_an_engines_skip_is_shown_as_its_own() -> None:
    [found] = of(assessed(verdict("CKV_AWS_18", result="skipped", reason="old")), "CKV_AWS_18")
    assert found.suppressed == Suppression(by="engine", reason="old") and found.outcome == "fail"


def test_a_skipped_check_that_passes_is_a_pass() -> None:
    skipped = verdict("CKV_AWS_18", result="skipped", reason="old")
    [found] = of(assessed(skipped, verdict("CKV_AWS_18", result="pass", past_skip=True)), "CKV_AWS_18")
    assert (found.outcome, found.suppressed) == ("pass", None)
    [found] = of(assessed(skipped, verdict("CKV_AWS_18", result="fail", past_skip=True)), "CKV_AWS_18")
    assert (found.outcome, found.suppressed is not None) == ("fail", True)


def test_a_skipped_check_that_passes_and_fails_is_no_pass() -> None:
    looks = [
        verdict("CKV_AWS_18", result=result, past_skip=True, line=line) for result, line in (("pass", 1), ("fail", 9))
    ]
    [found] = of(assessed(verdict("CKV_AWS_18", result="skipped"), *looks), "CKV_AWS_18")
    assert found.outcome == "fail"


def test_a_second_look_alone_states_nothing() -> None:
    assert assessed(verdict("CKV_AWS_18", result="pass", past_skip=True)).findings == ()


def test_who_skips_the_engines_check_skips_ours_that_asks_the_same() -> None:
    [found] = of(assessed(bucket(), verdict("CKV_AWS_21", result="skipped", reason="old")))
    assert found.suppressed == Suppression(by="engine", reason="old")


def test_without_inline_no_comment_counts_and_ours_is_one_finding_again() -> None:
    records = (bucket(line=1), verdict("CKV_AWS_21", result="skipped", reason="old"), comment(line=1, covers=1))
    report = assessed(*records, inline=False)
    [found] = of(report)
    assert found.suppressed is None and found.corroborated_by == ("CKV_AWS_21",)
    assert of(report, "CKV_AWS_21") == []
    assert report.warnings == () and report.gate.status == "red"
    waived = assessed(*records, inline=False, waivers=(waiver(),))
    assert of(waived)[0].suppressed is not None


def test_the_order_of_waivers_changes_nothing_but_which_reason_is_told() -> None:
    seen = inventory.build(HEADER, (OK,), (bucket(), bucket("x", 7)))
    both = (waiver(address="*.b"), waiver(address="x", line=3))
    findings = assess(seen, Policy(book=BOOK)).findings
    first, second = (suppress(findings, some, (), BOOK, date(2026, 11, 22)) for some in (both, both[::-1]))
    assert first.findings == second.findings
