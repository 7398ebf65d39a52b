"""New is told from old: whatever moves stays known, and a second instance is never taken for the first."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from assay.policies import book as policy
from assay.scanner.config.baseline import Baseline, dump, load_baseline
from assay.scanner.engine import inventory
from assay.scanner.engine.assess import Policy, assess, kept_for_baseline
from assay.scanner.engine.change import Compared, compare, priors
from assay.scanner.engine.judge import Wanted
from assay.scanner.errors import UsageError
from assay.scanner.model.detector import DetectorOutcome
from assay.scanner.model.fact import Location
from assay.scanner.model.finding import Finding, Report
from assay.scanner.model.resource import EngineVerdict, Excerpt, Failure, Record
from tests.unit import report_builder as build

BOOK = policy.load(("gdpr", "hipaa"))
HEADER = inventory.Header(version="0", targets=(".",), started="2026-11-22T00:00:00Z", finished="2026-11-22T00:00:01Z")
OK = DetectorOutcome(id="iac", status="ok")


def found(address: str = "a.b", path: str = "main.tf", line: int = 1, rule: str = "r", **more: Any) -> Finding:
    where = Location(path=path, start_line=line, end_line=line + 2)
    return build.finding(rule=rule, address=address, location=where, **more)


def text(path: str, line: int, said: str) -> Excerpt:
    return Excerpt(path=path, start_line=line, lines=(said,))


def against(
    now: Sequence[Finding],
    then: Sequence[Finding],
    renames: Mapping[str, str] | None = None,
    now_texts: Sequence[Excerpt] = (),
    then_texts: Sequence[Excerpt] = (),
) -> Compared:
    earlier = [one for one in priors(then, then_texts) if one.outcome != "pass"]
    return compare(now, earlier, renames or {}, now_texts)


def test_moved_lines_change_nothing() -> None:
    assert against([found(line=90)], [found(line=1)]).changes == ("existing",)


def test_a_second_instance_in_another_file_is_new() -> None:
    """checkov#7647: a baseline by resource and check hides it."""
    compared = against([found(), found(path="other/main.tf")], [found()])
    assert compared.changes == ("existing", "new")


def test_a_second_instance_in_the_same_file_is_new_whichever_comes_first() -> None:
    old, new = text("d", 9, "RUN curl -k a"), text("d", 1, "RUN curl -k b")
    was = text("d", 3, "RUN  curl -k   a")
    now = [found(path="d", line=1), found(path="d", line=9)]
    compared = against(now, [found(path="d", line=3)], {}, [old, new], [was])
    assert compared.changes == ("new", "existing")


def test_one_instruction_mended_and_another_broken_is_new() -> None:
    then = [found(path="d", line=1), found(path="d", line=2, outcome="pass")]
    now = [found(path="d", line=1, outcome="pass"), found(path="d", line=2)]
    before, after = text("d", 1, "RUN curl -k a"), text("d", 2, "RUN curl -k b")
    assert against(now, then, {}, [after], [before]).changes == (None, "new")
    # The same instruction, only moved, is the old one.
    assert against(now, then, {}, [text("d", 2, "RUN curl -k a")], [before]).changes == (None, "existing")


def test_a_block_that_moved_to_another_file_of_its_module_is_the_same() -> None:
    assert against([found(path="m/new.tf", line=40)], [found(path="m/old.tf")]).changes == ("existing",)
    assert against([found(path="n/new.tf")], [found(path="m/old.tf")]).changes == ("new",)
    assert against([found(path="m/new.yaml")], [found(path="m/old.yaml")]).changes == ("new",)
    twice = [found(path="m/old.tf"), found(path="m/new.tf")]
    assert against(twice, [found(path="m/old.tf")]).changes == ("existing", "new")


def test_another_rule_or_address_is_new() -> None:
    now = [found(rule="q"), found(address="a.c"), found(address="A.b")]
    assert set(against(now, [found()]).changes) == {"new"}


def test_a_pass_is_neither_new_nor_old_and_what_passes_now_is_gone() -> None:
    compared = against([found(outcome="pass")], [found()])
    assert compared.changes == (None,)
    assert [one.address for one in compared.gone] == ["a.b"]


def test_what_fails_that_was_undecided_or_is_more_severe_is_worse() -> None:
    worse = against([found()], [found(outcome="unknown")])
    assert worse.changes == ("worsened",)
    assert against([found(severity="critical")], [found()]).changes == ("worsened",)
    assert against([found(outcome="unknown")], [found()]).changes == ("existing",)
    assert against([found(severity="low")], [found()]).changes == ("existing",)


def test_a_further_offence_is_worse_and_one_less_is_not() -> None:
    one, two = ({"offences": list(names)} for names in ("a", "ab"))
    assert against([found(evidence=two)], [found(evidence=one)]).changes == ("worsened",)
    assert against([found(evidence=one)], [found(evidence=two)]).changes == ("existing",)


def test_a_number_further_from_passing_is_worse_and_one_nearer_is_not() -> None:
    def days(value: int, more_is_better: bool) -> Finding:
        return found(evidence={"measures": {"days": {"value": value, "more_is_better": more_is_better}}})

    assert against([days(1, True)], [days(180, True)]).changes == ("worsened",)
    assert against([days(200, True)], [days(180, True)]).changes == ("existing",)
    assert against([days(9000, False)], [days(4000, False)]).changes == ("worsened",)
    assert against([days(180, True)], [found()]).changes == ("existing",)


def test_a_renamed_file_keeps_its_findings_and_engines_paths_in_addresses_follow() -> None:
    then = [found(path="old/Dockerfile", address="/old/Dockerfile.RUN")]
    now = [found(path="new/Dockerfile", address="/new/Dockerfile.RUN", line=7)]
    assert against(now, then, {"new/Dockerfile": "old/Dockerfile"}).changes == ("existing",)
    assert against(now, then, {}).changes == ("new",)
    assert against(now, then, {"new/Dockerfile": "other"}).changes == ("new",)


def test_a_rename_that_is_ambiguous_is_new() -> None:
    two = [found(path="new.tf", line=1), found(path="new.tf", line=9)]
    texts = [text("new.tf", 1, "a"), text("new.tf", 9, "b")]
    compared = against(two, [found(path="old.tf")], {"new.tf": "old.tf"}, texts, [text("old.tf", 1, "c")])
    assert compared.changes == ("new", "new")
    texts = [text("new.tf", 1, "a"), text("new.tf", 9, "b")]
    compared = against(two, [found(path="old.tf")], {"new.tf": "old.tf"}, texts, [text("old.tf", 1, "b")])
    assert compared.changes == ("new", "existing")


def test_two_files_cannot_both_be_the_one_that_was_renamed() -> None:
    now = [found(path="x.tf"), found(path="y.tf")]
    compared = against(now, [found(path="old.tf")], {"x.tf": "old.tf", "y.tf": "old.tf"})
    assert sorted(str(change) for change in compared.changes) == ["existing", "new"]


def test_a_file_that_stayed_goes_before_one_that_was_renamed() -> None:
    """What stands in the old place owns the old finding; what moved there and back can't own it twice."""
    now = [found(path="a.tf"), found(path="b.tf")]
    compared = against(now, [found(path="a.tf")], {"b.tf": "a.tf"})
    assert compared.changes == ("existing", "new")


def test_a_rule_that_now_takes_an_engines_check_along_was_that_check() -> None:
    then = [found(rule="CKV_1", engine="checkov")]
    assert against([found(rule="ours", corroborated_by=("CKV_0", "CKV_1"))], then).changes == ("existing",)
    assert against([found(rule="ours", corroborated_by=("CKV_0",))], then).changes == ("new",)


def test_what_has_no_file_is_matched_by_its_address() -> None:
    arn = build.finding(location=None, address="arn:aws:s3:::b")
    assert against([arn], [arn]).changes == ("existing",)
    assert against([build.finding(location=None, address="arn:aws:s3:::c")], [arn]).changes == ("new",)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (("a\0b", "x"), ("ab", "x")),
        (("a/b", "b"), ("a/", "")),
        (("a", "b c"), ("a b", "c")),
        (("é", "x"), ("e\u0301", "x")),
        (("a\nb", "x"), ("a", "x")),
        (("main.tf ", "x"), ("main.tf", "x")),
        (("Main.yaml", "x"), ("main.yaml", "x")),
        (("a", "ba"), ("b", "bb")),
    ],
)
def test_names_that_look_alike_are_not_taken_for_each_other(now: tuple[str, str], then: tuple[str, str]) -> None:
    assert against([found(now[1], now[0])], [found(then[1], then[0])]).changes == ("new",)


findings = st.builds(
    found,
    st.sampled_from(["a", "b[0]", "/main.tf.RUN"]),
    st.sampled_from(["main.tf", "x/main.tf"]),
    st.integers(1, 5),
    st.sampled_from(["r", "q"]),
    outcome=st.sampled_from(["fail", "unknown"]),
)
reports = st.lists(findings, max_size=12)


def texts_of(some: Sequence[Finding]) -> list[Excerpt]:
    return [
        text(one.location.path, one.location.start_line or 0, str(one.location.start_line))
        for one in some
        if one.location
    ]


@settings(max_examples=150, deadline=None)
@given(reports)
def test_a_report_compared_with_itself_is_all_known(some: list[Finding]) -> None:
    same = texts_of(some)
    compared = against(some, some, {}, same, same)
    assert set(compared.changes) <= {"existing"} and compared.gone == ()


@settings(max_examples=150, deadline=None)
@given(reports, st.data())
def test_removing_k_findings_is_k_fixed_and_adding_k_is_k_new(some: list[Finding], data: st.DataObject) -> None:
    same = texts_of(some)
    kept = [one for one in some if data.draw(st.booleans())]
    fewer = against(kept, some, {}, same, same)
    assert len(fewer.gone) == len(some) - len(kept) and "new" not in fewer.changes
    more = against(some, kept, {}, same, same)
    assert more.changes.count("new") == len(some) - len(kept) and more.gone == ()


@settings(max_examples=150, deadline=None)
@given(reports, reports, st.randoms(use_true_random=False))
def test_the_order_of_findings_changes_no_count(
    now: list[Finding], then: list[Finding], shuffle: random.Random
) -> None:
    def counted(some: list[Finding], others: list[Finding]) -> tuple[Any, ...]:
        compared = against(some, others, {}, texts_of(now), texts_of(then))
        new = Counter(
            (one.rule, one.location and one.location.path, one.resource.address)
            for one, change in zip(some, compared.changes, strict=True)
            if change == "new"
        )
        gone = Counter((one.rule, one.path, one.address) for one in compared.gone)
        return new, gone

    mixed_now, mixed_then = list(now), list(then)
    shuffle.shuffle(mixed_now)
    shuffle.shuffle(mixed_then)
    assert counted(now, then) == counted(mixed_now, mixed_then)


@settings(max_examples=150, deadline=None)
@given(reports, st.integers(1, 1000))
def test_moving_all_lines_changes_nothing(some: list[Finding], by: int) -> None:
    moved = [
        structs.replace(one, location=structs.replace(one.location, start_line=one.location.start_line + by))
        for one in some
        if one.location
    ]
    said = {one.start_line: one.lines for one in texts_of(some)}
    later = [structs.replace(one, start_line=one.start_line + by, lines=said[one.start_line]) for one in texts_of(some)]
    compared = against(moved, some, {}, later, texts_of(some))
    assert set(compared.changes) <= {"existing"} and compared.gone == ()


@settings(max_examples=150, deadline=None)
@given(reports, reports)
def test_no_prior_is_used_twice(now: list[Finding], then: list[Finding]) -> None:
    compared = against(now, then, {"x/main.tf": "main.tf", "main.tf": "x/main.tf"})
    known = sum(change in ("existing", "worsened") for change in compared.changes)
    assert known + len(compared.gone) == len(then)


# The file.


def verdict(check: str = "CKV_AWS_18", address: str = "b", line: int = 1, path: str = "main.tf", **more: Any) -> Record:
    return EngineVerdict(
        engine="checkov", check=check, result=more.pop("result", "fail"), resource=address, title="A title",
        framework="terraform", location=Location(path=path, start_line=line, end_line=line), **more,
    )  # fmt: skip


def assessed(*records: Record, **more: Any) -> Report:
    return assess(inventory.build(HEADER, (OK,), records), Policy(book=BOOK, fail_on="info", **more))


def kept(*records: Record) -> Baseline:
    return Baseline(made="2026-11-22", revision=None, findings=kept_for_baseline(assessed(*records)))


def test_a_baseline_suppresses_what_it_knows_and_only_that() -> None:
    report = assessed(verdict(line=40), verdict(address="c"), baseline=kept(verdict()))
    states = {one.resource.address: (one.change, one.suppressed and one.suppressed.by) for one in report.findings}
    assert states == {"b": ("existing", "baseline"), "c": ("new", None)}
    assert (report.summary.new, report.summary.existing, report.summary.fixed) == (1, 1, 0)
    assert report.gate.status == "red"
    assert assessed(verdict(), baseline=kept(verdict())).exit_code == 0


def test_what_a_baseline_knows_and_nobody_finds_is_fixed() -> None:
    report = assessed(verdict(result="pass"), baseline=kept(verdict(), verdict(address="c")))
    assert report.summary.fixed == 2


def test_what_was_not_judged_is_not_fixed() -> None:
    known = kept(verdict(), verdict(address="c"))
    rule = verdict().check
    assert assessed(baseline=known).summary.fixed == 2
    assert assessed(baseline=known, wanted=Wanted(skip=frozenset({rule}))).summary.fixed == 0
    left = DetectorOutcome(id="iac", status="ok", left_out=("terraform",))
    report = assess(inventory.build(HEADER, (left,), ()), Policy(book=BOOK, baseline=known))
    assert report.summary.fixed == 0


def test_what_was_not_looked_at_is_not_fixed() -> None:
    lost = Failure(detector="iac", part="terraform", reason="r", location=Location(path="main.tf"))
    assert assessed(lost, baseline=kept(verdict())).summary.fixed == 0
    whole = Failure(detector="iac", part="terraform", reason="r")
    assert assessed(whole, baseline=kept(verdict())).summary.fixed == 0
    assert assessed(baseline=kept(verdict()), wanted=Wanted(only=frozenset({"other"}))).summary.fixed == 0


def test_a_failed_look_never_enters_a_baseline_and_is_never_hidden_by_one() -> None:
    lost = Failure(detector="iac", part="terraform", reason="r", location=Location(path="main.tf"))
    assert kept(lost).findings == ()
    [forged] = priors([next(one for one in assessed(lost).findings)], ())
    report = assessed(lost, baseline=Baseline(made="2026-11-22", revision=None, findings=(forged,)))
    assert report.findings[0].suppressed is None and report.exit_code == 3


def test_what_a_comment_or_a_waiver_accepts_is_not_kept_twice() -> None:
    assert kept(verdict(result="skipped", reason="old")).findings == ()


def test_a_baseline_made_with_a_baseline_keeps_what_it_knew() -> None:
    first = kept(verdict())
    report = assessed(verdict(line=3), verdict(address="c"), baseline=first)
    assert {one.address for one in kept_for_baseline(report)} == {"b", "c"}


def test_a_baseline_does_not_hide_what_became_worse() -> None:
    known = kept(verdict())
    milder = structs.replace(known, findings=tuple(structs.replace(one, outcome="unknown") for one in known.findings))
    [found_now] = assessed(verdict(), baseline=milder).findings
    assert (found_now.change, found_now.suppressed) == ("worsened", None)


def test_a_saved_baseline_reads_back_in_any_order(tmp_path: Path) -> None:
    known = kept(verdict(), verdict(address="é\n\u2028", path="x/é.tf"), verdict("CKV_AWS_21"))
    place = tmp_path / "b.json"
    place.write_bytes(dump(known))
    again = load_baseline(place, "b.json", BOOK.rule_names)
    assert set(again.findings) == set(known.findings)
    assert dump(again) == dump(structs.replace(known, findings=known.findings[::-1])) == place.read_bytes()
    assert place.read_bytes().count(b"\n") == 5


def test_an_empty_baseline_reads_back(tmp_path: Path) -> None:
    place = tmp_path / "b.json"
    place.write_bytes(dump(Baseline(made="2026-11-22", revision=None, findings=())))
    assert load_baseline(place, "b.json", {}).findings == ()


def test_a_rule_that_was_renamed_since_still_matches(tmp_path: Path) -> None:
    place = tmp_path / "b.json"
    known = kept(verdict())
    place.write_bytes(
        dump(structs.replace(known, findings=tuple(structs.replace(o, rule="old") for o in known.findings)))
    )
    assert load_baseline(place, "b.json", {"old": "CKV_AWS_18"}).findings == known.findings


GOOD = dump(Baseline(made="2026-11-22", revision=None, findings=()))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "not a baseline"),
        (b"garbage", "not a baseline"),
        (b"[]", "not a baseline"),
        (b"{}", "not a baseline"),
        (GOOD.replace(b"assay-baseline/1", b"assay-baseline/9"), "the schema is assay-baseline/9"),
        (GOOD.replace(b'"made"', b'"extra":1,"made"'), "not a baseline"),
        (GOOD.replace(b"[\n", b'[{"rule":1}'), "not a baseline"),
        (GOOD[:-3], "not a baseline"),
        (b"[" * 100_000, "not a baseline"),
        (b"\xff\xfe", "not a baseline"),
    ],
)
def test_what_is_no_baseline_is_one_line(content: bytes | None, said: str, tmp_path: Path) -> None:
    place = tmp_path / "b.json"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(UsageError, match=said) as error:
        load_baseline(place, "b.json", {})
    assert str(error.value).startswith("b.json: ") and "\n" not in str(error.value)
