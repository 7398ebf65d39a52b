"""Packs: what is refused names file and line, and what is extended is merged as promised."""

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.policies import book as policy
from assay.policies import pack_files
from assay.policies.pack_loading import Vocabulary, load
from assay.policies.read import PolicyError
from assay.scanner.errors import UsageError
from assay.scanner.model.rule import Control, Pack, PackGate, Requirement

HOME = policy.HOME
VOCABULARY = Vocabulary(
    safeguards=pack_files.load_safeguards(HOME / "safeguards.yaml").keys(),
    rules={"bucket-versioned", "CKV_AWS_18", "CKV_AWS_19"},
    parameters={"minimum_log_days", "admin_ports", "allowed_regions"},
)

PARENT = """\
id: parent
title: The parent
version: "1"
source: our own
parameters: {minimum_log_days: 30}
gate: {fail_on: low, detectors: [iac], controls: {one: satisfied}}
controls:
  - {id: one, title: One, citation: c, testable: automatable, safeguards: [backup-recovery]}
  - {id: two, title: Two, citation: c, testable: partly, safeguards: [monitoring], human: Look.}
  - {id: three, title: Three, citation: c, testable: process-only, human: Do it.}
"""

CHILD = """\
id: child
title: The child
version: "2"
extends: parent.yaml
"""


def write(folder: Path, text: str, name: str = "child.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def extend(folder: Path, child: str = "", parent: str = PARENT, trusted: bool = True) -> Pack:
    write(folder, parent, "parent.yaml")
    return load(write(folder, CHILD + child), VOCABULARY, HOME / "packs", trusted).pack


def control(pack: Pack, name: str) -> Control:
    return next(control for control in pack.controls if control.id == name)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("[backup-recovery]", "[nope]", 8, "no safeguard is named 'nope'"),
        ("safeguards: [backup-recovery]", "safeguards: []", 8, "an automatable control names a safeguard"),
        ("testable: partly", "testable: process-only", 9, "process-only"),
        (", human: Look.", "", 9, "`human` must say"),
        ("human: Look.", 'human: " "', 9, "may not be empty"),
        ("{id: two, title: Two", "{id: two, title: ''", 9, "may not be empty"),
        ("id: three", "id: one", 10, "'one' is given twice"),
        ("{id: two, title: Two, citation: c", "{id: two, title: Two", 9, "needs citation"),
        ("{id: two, title: Two, citation: c", "{id: two, title: Two, citation: 1", 9, "expected `str`"),
        ("testable: partly", "testable: automatic", 9, "invalid enum value"),
        ("controls:\n", "extra: 1\ncontrols:\n", 7, "unknown field `extra`"),
        ("safeguards: [monitoring]", "safeguard: [monitoring]", 9, "unknown field `safeguard`"),
        ("safeguards: [monitoring]", "include: [CKV_AWS_0]", 9, "no rule and no engine's check is named 'CKV_AWS_0'"),
        ("safeguards: [monitoring]", "include: [CKV_AWS_18], exclude: [CKV_AWS_18]", 9, "both included and excluded"),
        ("safeguards: [monitoring]", "requirement: must", 9, "requirement"),
        ("safeguards: [monitoring]", "requirement: []", 9, "at least one level"),
        ("safeguards: [monitoring]", "requirement: [{level: required, since: soon}]", 9, "requirement"),
        (
            "safeguards: [monitoring]",
            "requirement: [{level: addressable, since: 2005-04-20}, {level: required, since: 2005-04-20}]",
            9,
            "a later day than the one before",
        ),
        (
            "safeguards: [monitoring]",
            "requirement: [{level: addressable}, {level: required}]",
            9,
            "a later day than the one before",
        ),
        ("minimum_log_days: 30", "minimum_lag_days: 30", 5, "no rule has a parameter 'minimum_lag_days'"),
        ("source: our own\n", "", 1, "`source` is needed"),
        ("source: our own\n", "source: ''\n", 4, "may not be empty"),
        ("id: parent\n", "", 1, "missing required field `id`"),
        ("id: parent\n", "id: Parent\n", 1, "lower-case letters"),
        ("id: parent\n", "id: hipaa\n", 1, "a built-in pack's"),
        ("id: parent\n", "id: parent\nid: parent\n", 2, "given twice"),
        ("fail_on: low", "fail_on: lowest", 6, "invalid enum value"),
        ("detectors: [iac]", "detector: [iac]", 6, "unknown field `detector`"),
        ("one: satisfied", "none: satisfied", 6, "the pack has no control 'none'"),
        ("one: satisfied", "three: assessed", 6, "no scan can satisfy or assess it"),
        ("one: satisfied", "two: violated", 6, "invalid enum value"),
        ("source: our own\n", "source: our own\nunknown: maybe\n", 5, "invalid enum value"),
        ("source: our own\n", "source: our own\ndrop: [one]\n", 5, "nothing inherited has the id 'one'"),
        ("title: The parent", "title: [", 4, ""),
        ("title: The parent", "title: !!python/object:os.system x", 2, ""),
    ],
)
def test_a_pack_that_cannot_be_used_names_file_and_line(
    old: str, new: str, line: int, said: str, tmp_path: Path
) -> None:
    assert old in PARENT
    path = write(tmp_path, PARENT.replace(old, new, 1))
    with pytest.raises(PolicyError) as refused:
        load(path, VOCABULARY, HOME / "packs")
    message = str(refused.value)
    assert message.startswith(f"{path}:{line}: "), message
    assert said in message.lower() or said in message


@pytest.mark.parametrize(
    ("child", "line", "said"),
    [
        ("drop: [one, four]\n", 5, "nothing inherited has the id 'four'"),
        ("drop: [one, two, three]\n", 1, "at least one control"),
        ("drop: [one]\ncontrols:\n  - {id: one, title: x}\n", 7, "is dropped above"),
        ("controls:\n  - {id: four, title: x}\n", 6, "needs citation and testable"),
        ("controls:\n  - {id: two, human: null}\n", 6, "`human` must say"),
        ("controls:\n  - {id: one, testable: process-only, human: x}\n", 6, "process-only"),
        ("controls:\n  - {id: one, testable: process-only, human: x, safeguards: []}\n", 5, "no scan can satisfy"),
        ("gate: {controls: {two: null}}\n", 5, "nothing inherited asks this"),
        ("drop: [two]\ngate: {controls: {two: assessed}}\n", 6, "the pack has no control 'two'"),
    ],
)
def test_a_pack_that_extends_another_wrongly_names_its_own_line(
    child: str, line: int, said: str, tmp_path: Path
) -> None:
    with pytest.raises(PolicyError) as refused:
        extend(tmp_path, child)
    assert str(refused.value).startswith(f"{tmp_path / 'child.yaml'}:{line}: "), refused.value
    assert said in str(refused.value)


def test_a_mistake_in_the_extended_pack_names_that_file(tmp_path: Path) -> None:
    with pytest.raises(PolicyError) as refused:
        extend(tmp_path, parent=PARENT.replace("[monitoring]", "[nope]"))
    assert str(refused.value).startswith(f"{tmp_path / 'parent.yaml'}:9: ")


@pytest.mark.parametrize("named", ["gone.yaml", "gdrp", "parent", "../packs", "hipaa.yaml/", '"a\\0.yaml"', "."])
@pytest.mark.parametrize("trusted", [True, False])
def test_a_pack_to_extend_that_is_not_there_is_refused(named: str, trusted: bool, tmp_path: Path) -> None:
    path = write(tmp_path, CHILD.replace("parent.yaml", named))
    with pytest.raises(PolicyError) as refused:
        load(path, VOCABULARY, HOME / "packs", trusted)
    assert str(refused.value).startswith(f"{path}:4: extends: ")


def test_packs_that_extend_each_other_in_a_circle_are_refused_with_the_chain(tmp_path: Path) -> None:
    for name, extended in (("a", "sub/b"), ("sub/b", "../c"), ("c", "a")):
        text = CHILD.replace("id: child", f"id: {name[-1]}").replace("parent", extended)
        write(tmp_path, text, f"{name}.yaml")
    with pytest.raises(PolicyError) as refused:
        load(tmp_path / "a.yaml", VOCABULARY, HOME / "packs")
    assert str(refused.value).startswith(f"{tmp_path / 'sub/../c.yaml'}:4: extends: ")
    assert "a.yaml → b.yaml → c.yaml → a.yaml" in str(refused.value)


def test_a_pack_that_extends_itself_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, CHILD.replace("parent.yaml", "child.yaml"))
    with pytest.raises(PolicyError, match=r"child\.yaml → child\.yaml"):
        load(path, VOCABULARY, HOME / "packs")


def test_a_long_chain_is_refused(tmp_path: Path) -> None:
    for number in range(40):
        text = CHILD.replace("id: child", f"id: p{number}").replace("parent", f"p{number + 1}")
        write(tmp_path, text, f"p{number}.yaml")
    with pytest.raises(PolicyError, match="more than 16 packs"):
        load(tmp_path / "p0.yaml", VOCABULARY, HOME / "packs")


def test_a_pack_may_not_extend_one_with_its_own_id(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="the same id"):
        extend(tmp_path, parent=PARENT.replace("id: parent", "id: child"))


def test_a_stranger_s_pack_extends_only_what_lies_below_it(tmp_path: Path) -> None:
    write(tmp_path, PARENT, "parent.yaml")
    inside = tmp_path / "inside"
    write(inside, PARENT, "deep/parent.yaml")
    (inside / "link.yaml").symlink_to(tmp_path / "parent.yaml")
    (inside / "folder").symlink_to(tmp_path)
    os.mkfifo(inside / "pipe.yaml")
    for named in ("../parent.yaml", str(tmp_path / "parent.yaml"), "link.yaml", "folder/parent.yaml", "pipe.yaml"):
        path = write(inside, CHILD.replace("parent.yaml", named))
        with pytest.raises(PolicyError, match=r"child\.yaml:4: extends: "):
            load(path, VOCABULARY, HOME / "packs", trusted=False)
        if named != "pipe.yaml":
            assert load(path, VOCABULARY, HOME / "packs", trusted=True).pack.lineage == ("parent",)
    deep = write(inside, CHILD.replace("parent.yaml", "deep/parent.yaml"))
    assert load(deep, VOCABULARY, HOME / "packs", trusted=False).pack.lineage == ("parent",)
    write(inside, PARENT.replace("source: our own", "extends: ../parent.yaml"), "deep/parent.yaml")
    write(inside, PARENT.replace("id: parent", "id: other"), "parent.yaml")
    with pytest.raises(PolicyError, match=r"deep/parent\.yaml:4: extends: "):
        load(deep, VOCABULARY, HOME / "packs", trusted=False)


def test_extending_with_nothing_changes_nothing_but_the_name(tmp_path: Path) -> None:
    child = extend(tmp_path)
    parent = load(tmp_path / "parent.yaml", VOCABULARY, HOME / "packs").pack
    assert (child.id, child.title, child.version) == ("child", "The child", "2")
    assert (child.lineage, parent.lineage) == (("parent",), ())
    for name in ("source", "controls", "unknown", "parameters", "gate", "unverified"):
        assert getattr(child, name) == getattr(parent, name)


@pytest.mark.parametrize("name", policy.built_in_packs())
def test_extending_a_built_in_pack_with_nothing_keeps_all_that_it_judges(name: str, tmp_path: Path) -> None:
    path = write(tmp_path, CHILD.replace("parent.yaml", name))
    book = policy.load([name, str(path)])
    parent, child = book.packs
    assert child.controls == parent.controls
    assert child.parameters == parent.parameters
    for rule in book.rules.values():
        controls = book.controls(rule.id, rule.safeguards)
        bare = {pack.id: {c.split(":", 1)[1] for c in controls if c.startswith(f"{pack.id}:")} for pack in book.packs}
        assert bare[name] == bare["child"]


def test_a_control_with_an_inherited_id_replaces_only_what_it_gives(tmp_path: Path) -> None:
    child = extend(
        tmp_path,
        """\
drop: [three]
unknown: fail
since: 2026-01-01
controls:
  - {id: two, safeguards: [audit-logging], requirement: voluntary}
  - {id: four, title: Four, citation: c4, testable: automatable, include: [CKV_AWS_18]}
""",
    )
    assert [control.id for control in child.controls] == ["one", "two", "four"]
    assert control(child, "two") == Control(
        id="two",
        title="Two",
        citation="c",
        testable="partly",
        safeguards=("audit-logging",),
        requirements=(Requirement(level="voluntary", since=date(2026, 1, 1)),),
        human="Look.",
    )
    assert control(child, "one").requirements == (Requirement(level="required"),)
    assert control(child, "four").requirements == (Requirement(level="required", since=date(2026, 1, 1)),)
    assert child.unknown == "fail"


def test_a_gate_is_merged_key_by_key(tmp_path: Path) -> None:
    inherited = PackGate(fail_on="low", detectors=("iac",), controls={"one": "satisfied"})
    assert extend(tmp_path, "gate: {}\n").gate == inherited
    assert extend(tmp_path, "gate: {fail_on: null, detectors: []}\n").gate == PackGate(controls={"one": "satisfied"})
    stricter = extend(tmp_path, "gate: {fail_on: info, controls: {two: assessed}}\n").gate
    assert stricter.fail_on == "info"
    assert stricter.controls == {"one": "satisfied", "two": "assessed"}
    assert extend(tmp_path, "gate: {controls: {one: null}}\n").gate.controls == {}
    assert extend(tmp_path, "drop: [one]\n").gate.controls == {}


def test_a_level_is_that_of_the_day() -> None:
    law = Control(
        id="x",
        title="x",
        citation="x",
        testable="automatable",
        requirements=(
            Requirement(level="addressable", since=date(2005, 4, 20)),
            Requirement(level="required", since=date(2027, 1, 1)),
        ),
    )
    assert law.requirement_on(date(2005, 4, 19)) is None
    assert law.requirement_on(date(2005, 4, 20)) == "addressable"
    assert law.requirement_on(date(2026, 12, 31)) == "addressable"
    assert law.requirement_on(date(2027, 1, 1)) == "required"
    assert law.requirement == "required"
    timeless = Control(id="x", title="x", citation="x", testable="automatable")
    assert timeless.requirement_on(date.min) == "required"


PARAMETERS = st.dictionaries(
    st.sampled_from(["minimum_log_days", "admin_ports", "allowed_regions", "restricted_zip3"]), st.integers(0, 9)
)


@settings(max_examples=30, deadline=None)
@given(layers=st.lists(PARAMETERS, min_size=3, max_size=3), cut=st.integers(1, 2))
def test_parameters_merge_the_same_however_the_packs_are_cut(
    layers: list[dict[str, Any]], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("packs")

    def stack(parts: list[dict[str, Any]], name: str) -> Pack:
        for number, parameters in enumerate(parts):
            text = PARENT if number == 0 else CHILD.replace("parent.yaml", f"{name}{number - 1}.yaml")
            text = text.replace("parameters: {minimum_log_days: 30}\n", "") + f"parameters: {parameters}\n"
            text = text.replace("id: parent", f"id: {name}0").replace("id: child", f"id: {name}{number}")
            path = write(folder, text.replace("'", ""), f"{name}{number}.yaml")
        return load(path, VOCABULARY, HOME / "packs").pack

    merged = {key: value for layer in layers[:cut] for key, value in layer.items()}
    rest = {key: value for layer in layers[cut:] for key, value in layer.items()}
    assert stack(layers, "a").parameters == stack([merged, rest], "b").parameters == {**merged, **rest}


def test_a_pack_given_by_path_is_judged_like_a_built_in_one(tmp_path: Path) -> None:
    book = policy.load([str(write(tmp_path, PARENT))])
    assert book.controls("any", ("backup-recovery",)) == ("parent:one",)


def test_included_and_excluded_rules_decide_over_safeguards(tmp_path: Path) -> None:
    text = PARENT.replace("[backup-recovery]", "[backup-recovery], exclude: [bucket-versioned]")
    text = text.replace("[monitoring]", "[monitoring], include: [bucket-versioned]")
    book = policy.load([str(write(tmp_path, text))])
    assert book.controls("bucket-versioned", ("backup-recovery",)) == ("parent:two",)
    assert book.controls("CKV_AWS_18", ("backup-recovery", "monitoring")) == ("parent:one", "parent:two")


def test_a_pack_that_does_not_exist_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="no pack is named 'gdrp'"):
        policy.load(["gdrp"])


def test_the_readme_s_own_policy_loads(tmp_path: Path) -> None:
    text = (HOME / "README.md").read_text(encoding="utf-8").split("```yml\n")[1].split("```")[0]
    [pack] = policy.load([str(write(tmp_path, text))]).packs
    assert pack.lineage == ("hipaa",)
    assert pack.gate.controls == {"164.312(a)(2)(iv)": "satisfied", "164.312(b)": "assessed"}
    assert control(pack, "164.312(a)(2)(iv)").requirement_on(date(2026, 1, 1)) == "required"
    assert control(pack, "acme-7").requirement_on(date(2026, 1, 1)) == "addressable"


def test_two_packs_with_one_id_are_wrong_use(tmp_path: Path) -> None:
    paths = [str(write(tmp_path, PARENT, name)) for name in ("a.yaml", "b.yaml")]
    with pytest.raises(UsageError, match="two packs have the id 'parent'"):
        policy.load(paths)


@pytest.mark.parametrize("value", ["many", "[1]", "[[1]]", "{a: 1}", "null", "99999999999999999999999", "true"])
def test_a_packs_parameter_of_a_wrong_type_is_refused_where_it_is_set(value: str, tmp_path: Path) -> None:
    write(tmp_path, PARENT.replace("30", value), "parent.yaml")
    child = write(tmp_path, CHILD)
    with pytest.raises(PolicyError, match="parameters do not fit the rule log-group-kept-long-enough") as refused:
        policy.load([str(child)])
    assert str(refused.value).startswith(f"{tmp_path / 'parent.yaml'}:5: ")


def test_a_packs_parameter_replaces_the_rule_s_own(tmp_path: Path) -> None:
    write(tmp_path, PARENT, "parent.yaml")
    book = policy.load([str(tmp_path / "parent.yaml"), str(write(tmp_path, CHILD))])
    rules = [v for v in book.variants("service.log-group") if v.compiled.rule.id == "log-group-kept-long-enough"]
    assert [variant.compiled.parameters for variant in rules] == [{"minimum_log_days": 30}]


def test_packs_with_the_same_parameters_share_one_judgement(tmp_path: Path) -> None:
    default = write(tmp_path, PARENT.replace("parameters: {minimum_log_days: 30}\n", ""), "parent.yaml")
    same = write(tmp_path, CHILD + "parameters: {minimum_log_days: 365}\n")
    book = policy.load([str(default), str(same)])
    rules = [v for v in book.variants("service.log-group") if v.compiled.rule.id == "log-group-kept-long-enough"]
    assert [variant.compiled.parameters for variant in rules] == [{"minimum_log_days": 365}]
