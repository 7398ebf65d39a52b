"""A change can't talk its way past: what suppresses must be on the trusted side already."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from msgspec import structs

from assay.policies import book as policy
from assay.scanner.config.baseline import Baseline
from assay.scanner.config.settings import GateSettings
from assay.scanner.config.waivers import PlacedWaiver, Waiver
from assay.scanner.engine import inventory
from assay.scanner.engine.assess import Policy, assess, kept_for_baseline
from assay.scanner.engine.gate_mode import POLICY_CHANGED, Earlier, Review
from assay.scanner.engine.inventory import Inventory
from assay.scanner.engine.suppress import WAIVER_EXPIRED
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Known, Location
from assay.scanner.model.finding import Finding, Report
from assay.scanner.model.resource import EngineVerdict, Excerpt, InlineWaiver, Record, Resource

BOOK = policy.load(("gdpr", "hipaa"))
HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
OK = DetectorOutcome(id="iac", status="ok")
RUN = "CKV2_DOCKER_2"
"""A check of high severity, whose address is the same for every RUN of a Dockerfile."""


def seen(*records: Record) -> Inventory:
    return inventory.build(HEADER, (OK,), records)


def run(line: int, command: str, result: Any = "fail", path: str = "Dockerfile", **more: Any) -> tuple[Record, ...]:
    where = Location(path=path, start_line=line, end_line=line)
    verdict = EngineVerdict(
        engine="checkov", check=RUN, result=result, resource=f"/{path}.RUN", title="curl", framework="dockerfile",
        location=where, **more,
    )  # fmt: skip
    return (verdict, Excerpt(path=path, start_line=line, lines=(f"RUN {command}",)))


def skip(line: int, command: str, path: str = "Dockerfile", reason: str = "known") -> tuple[Record, ...]:
    return run(line, command, "skipped", path, reason=reason)


def comment(covers: int, path: str = "Dockerfile", rule: str = RUN, **more: Any) -> InlineWaiver:
    return InlineWaiver(path=path, line=covers - 1, covers=covers, rules=(rule,), reason="known", **more)


def reviewed(
    now: Inventory,
    trusted: Inventory | None = None,
    base: Inventory | None = None,
    renames: Mapping[str, str] | None = None,
    changed: tuple[str, ...] = (),
    **more: Any,
) -> Report:
    def earlier(some: Inventory | None) -> Earlier | None:
        return Earlier(inventory=some, renames=renames or {}) if some else None

    places = tuple((path, Location(path=path)) for path in changed)
    review = Review(name="main", trusted=earlier(trusted), base=earlier(base), policy_changed=places)
    return assess(now, Policy(book=BOOK, **more), review)


def of(report: Report, rule: str = RUN) -> list[Finding]:
    return [finding for finding in report.findings if finding.rule == rule and finding.outcome != "pass"]


def open_lines(report: Report) -> list[int | None]:
    return [one.location.start_line for one in of(report) if one.location and one.suppressed is None]


# Comments.


@pytest.mark.parametrize(
    "accepted", [(*run(2, "curl -k a"), comment(2)), skip(2, "curl -k a")], ids=["ours", "checkov"]
)
def test_a_comment_that_is_in_the_trusted_side_counts_wherever_its_lines_went(accepted: tuple[Record, ...]) -> None:
    moved = tuple(
        structs.replace(one, location=Location(path="Dockerfile", start_line=9, end_line=9))
        if isinstance(one, EngineVerdict)
        else structs.replace(one, line=8, covers=9)
        if isinstance(one, InlineWaiver)
        else structs.replace(one, start_line=9)
        for one in accepted
    )
    report = reviewed(seen(*moved), seen(*accepted))
    assert report.gate.status == "green" and of(report)[0].suppressed
    assert of(report, POLICY_CHANGED) == []


@pytest.mark.parametrize("hostile", [(*run(2, "curl -k a"), comment(2)), skip(2, "curl -k a")], ids=["ours", "checkov"])
@pytest.mark.parametrize("before", [(), run(2, "curl -k a"), run(2, "curl a", "pass")], ids=["absent", "open", "sound"])
def test_a_new_comment_counts_for_nothing_and_is_told(hostile: tuple[Record, ...], before: tuple[Record, ...]) -> None:
    report = reviewed(seen(*hostile), seen(*before))
    [found] = of(report)
    assert found.suppressed is None and "not in main and counts for nothing" in found.message
    [told] = of(report, POLICY_CHANGED)
    assert told.location is not None and told.location.path == "Dockerfile" and RUN in told.message
    assert report.gate.status == "red"


def test_a_trusted_comment_that_was_cut_and_pasted_on_a_new_fault_counts_for_nothing() -> None:
    """The old fault is then the only one that was there, and the new one is open."""
    before = seen(*run(2, "curl -k a"), comment(2))
    after = seen(*run(2, "curl -k a"), *run(4, "curl -k evil"), comment(4))
    report = reviewed(after, before, before)
    assert {one.location.start_line: one.change for one in of(report) if one.location} == {2: "existing", 4: "new"}
    assert 4 in open_lines(report) and report.gate.status == "red"


def test_nor_does_it_where_the_new_fault_says_the_same_words() -> None:
    before = seen(*run(2, "curl -k a"), comment(2))
    after = seen(*run(2, "curl -k a"), *run(4, "curl -k a"), comment(4))
    report = reviewed(after, before, before)
    assert open_lines(report) == [2, 4] and report.gate.status == "red"


def test_nor_where_what_it_was_for_was_mended() -> None:
    before = seen(*run(2, "curl -k a"), *run(4, "curl b", "pass"), comment(2))
    after = seen(*run(2, "curl a", "pass"), *run(4, "curl -k b"), comment(4))
    report = reviewed(after, before)
    assert open_lines(report) == [4] and report.gate.status == "red"


def test_a_copy_of_a_fault_and_its_comment_leaves_one_open() -> None:
    before = seen(*run(2, "curl -k a"), comment(2))
    after = seen(*run(2, "curl -k a"), comment(2), *run(4, "curl -k a"), comment(4))
    report = reviewed(after, before, before)
    assert len(open_lines(report)) == 1 and report.gate.status == "red"


def test_a_resource_that_is_alone_in_its_place_may_be_edited_under_its_comment() -> None:
    before = seen(*run(2, "curl -k a"), comment(2))
    report = reviewed(seen(*run(3, "curl -k a && make"), comment(3)), before)
    assert report.gate.status == "green"


def test_a_trusted_skip_follows_a_renamed_file_and_not_a_copied_one() -> None:
    before = seen(*skip(2, "curl -k a"))
    moved = skip(2, "curl -k a", "new/Dockerfile")
    assert reviewed(seen(*moved), before, before, {"new/Dockerfile": "Dockerfile"}).gate.status == "green"
    assert reviewed(seen(*moved), before, before).gate.status == "red"
    both = seen(*moved, *skip(2, "curl -k a"))
    assert reviewed(both, before, before).gate.status == "red"


def test_a_comment_of_the_trusted_side_that_suppressed_nothing_there_suppresses_nothing_new() -> None:
    """It was there, of no use, and would now hide what the change broke."""
    before = seen(*run(2, "curl a", "pass"), comment(2))
    report = reviewed(seen(*run(2, "curl -k a"), comment(2)), before, before)
    assert open_lines(report) == [2]
    useless = (*skip(2, "curl a"), *run(2, "curl a", "pass", past_skip=True))
    hides = (*skip(2, "curl -k a"), *run(2, "curl -k a", past_skip=True))
    assert open_lines(reviewed(seen(*hides), seen(*useless), seen(*useless))) == [2]


def test_an_expired_comment_cannot_be_revived_by_the_change() -> None:
    before = seen(*run(2, "curl -k a"), comment(2, until="2026-01-01"))
    after = seen(*run(2, "curl -k a"), comment(2, until="2099-01-01"))
    report = reviewed(after, before)
    assert open_lines(report) == [2] and len(of(report, POLICY_CHANGED)) == 1


def test_a_comment_for_another_rule_in_the_same_place_counts_for_nothing() -> None:
    other = structs.replace(run(2, "curl -k a")[0], check="CKV2_DOCKER_3")  # type: ignore[type-var]
    before = seen(*run(2, "curl -k a"), other, comment(2, rule="CKV2_DOCKER_3"))
    report = reviewed(seen(*run(2, "curl -k a"), other, comment(2)), before)
    assert open_lines(report) == [2]


def test_under_an_operators_root_no_comment_counts_at_all() -> None:
    both = (*run(2, "curl -k a"), comment(2), *skip(7, "curl -k a", "x/Dockerfile"))
    report = assess(seen(*both), Policy(book=BOOK), Review(name="/policy"))
    assert all(one.suppressed is None for one in of(report)) and len(of(report)) == 2


def test_what_is_exposed_is_folded_into_ours_again() -> None:
    where = Location(path="main.tf", start_line=1, end_line=3)
    facts = {"versioned": Known(value=False)}
    bucket = Resource(kind="storage.bucket", address="b", surface="terraform", facts=facts, location=where)
    verdict = EngineVerdict(
        engine="checkov", check="CKV_AWS_21", result="skipped", resource="b", title="t", framework="terraform",
        location=where, reason="r",
    )  # fmt: skip
    report = reviewed(seen(bucket, verdict), seen(bucket))
    [found] = of(report, "bucket-versioned")
    assert found.suppressed is None and found.corroborated_by == ("CKV_AWS_21",)
    assert of(report, "CKV_AWS_21") == []


# What is new.


def test_without_diff_what_is_in_main_already_still_counts() -> None:
    before = seen(*run(2, "curl -k a"))
    assert reviewed(before, before).gate.status == "red"
    assert reviewed(before, before, before).gate.status == "green"


def test_a_change_of_policy_is_a_finding_and_news() -> None:
    now = seen(*run(2, "curl a", "pass"))
    report = reviewed(now, now, now, changed=("assay.toml", "waivers.yaml"), fail_on="info")
    told = of(report, POLICY_CHANGED)
    assert [one.resource.address for one in told] == ["assay.toml", "waivers.yaml"]
    assert {one.change for one in told} == {"new"} and len({one.fingerprint for one in told}) == 2
    assert report.gate.status == "red"


def test_a_finding_about_the_policy_cannot_be_waived_or_kept() -> None:
    now = seen(*run(2, "curl a", "pass"))
    waiver = PlacedWaiver(waiver=Waiver(rule=POLICY_CHANGED, address="*", reason="r"), file="w", line=1)
    report = reviewed(now, now, now, changed=("assay.toml",), waivers=(waiver,))
    assert of(report, POLICY_CHANGED)[0].suppressed is None
    assert kept_for_baseline(report) == ()


def test_a_waiver_that_was_over_before_the_change_is_not_its_news() -> None:
    now = seen(*run(2, "curl -k a"), comment(2, until="2026-01-01"))
    moved = seen(*run(9, "curl -k a"), comment(9, until="2026-01-01"))
    over = PlacedWaiver(waiver=Waiver(rule=RUN, address="*", reason="r", until=date(2026, 1, 1)), file="w", line=1)
    report = reviewed(moved, now, now, waivers=(over,), fail_on="info")
    assert [one.change for one in of(report, WAIVER_EXPIRED)] == ["existing", "existing"]
    assert report.gate.status == "green"


def test_a_baseline_does_not_hide_what_a_change_brings_back() -> None:
    broken, mended = seen(*run(2, "curl -k a")), seen(*run(2, "curl a", "pass"))
    kept = Baseline(made="2026-11-01", revision=None, findings=kept_for_baseline(assess(broken, Policy(book=BOOK))))
    assert reviewed(broken, mended, mended, baseline=kept).gate.status == "red"
    report = reviewed(broken, broken, broken, baseline=kept)
    assert of(report)[0].suppressed is not None and report.gate.status == "green"


def test_a_fault_that_main_mended_meanwhile_is_not_counted_against_the_branch() -> None:
    began, tip = seen(*run(2, "curl -k a")), seen(*run(2, "curl a", "pass"))
    report = reviewed(began, tip, began)
    assert report.gate.status == "green" and report.summary.existing == 1


def test_the_owner_of_the_gate_may_have_a_change_of_policy_only_shown() -> None:
    now = seen(*run(2, "curl a", "pass"))
    assert reviewed(now, now, now, changed=("assay.toml",)).gate.status == "red"
    shown = reviewed(now, now, now, changed=("assay.toml",), gate=GateSettings(policy_changes="report"))
    assert shown.gate.status == "green"
    assert [one.severity for one in of(shown, POLICY_CHANGED)] == ["medium"]
