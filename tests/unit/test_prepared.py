"""What is kept of the built-in policy is what its files say, and gives way as soon as one of them is edited."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.policies import book, expressions, prepared
from assay.policies.cel import values
from assay.policies.cel.error import CelError

FRESH = book.load(book.built_in_packs(), use_prepared=False)
KEPT = book.load(book.built_in_packs())
A_RULE = next(rule for rule in FRESH.rules.values() if rule.rego is None)


def test_what_is_kept_is_what_the_files_say() -> None:
    assert prepared.policy() == book.read_policy(book.HOME)
    assert KEPT.packs == FRESH.packs


@pytest.mark.parametrize("rule", [rule for rule in FRESH.rules.values() if rule.rego is None], ids=lambda rule: rule.id)
def test_expressions_are_kept_as_they_would_be_written(rule: prepared.Rule) -> None:
    assert prepared.written(rule, rule.parameters) == expressions.write(rule, rule.parameters)


def test_parameters_that_no_pack_gives_are_written_anew() -> None:
    rule = FRESH.rules["safe-harbor-no-restricted-zip3"]
    assert prepared.written(rule, {name: ["999"] for name in rule.parameters}) is None


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Policy files and their code where they can be edited."""
    root = book.HOME.parent
    for path in (*book.HOME.rglob("*.yaml"), *book.HOME.rglob("*.py"), *prepared.KINDS_HOME.glob("*.py")):
        copy = tmp_path / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(prepared, "HOME", tmp_path / "policies")
    monkeypatch.setattr(prepared, "KINDS_HOME", tmp_path / "scanner" / "kinds")
    monkeypatch.setattr(prepared, "_ROOT", f"{tmp_path}/")
    _forget()
    yield tmp_path
    _forget()


def _forget() -> None:
    prepared.code.cache_clear()
    prepared._expressions.cache_clear()


def test_files_are_told_by_what_they_hold_and_not_by_where_they_lie(copied: Path) -> None:
    assert copied != book.HOME.parent
    assert prepared.policy() is not None
    assert prepared.written(A_RULE, A_RULE.parameters) is not None


@pytest.mark.parametrize(
    "edited", ["safeguards.yaml", "engines/assay.yaml", "rules/rbac/subject-no-dangerous-combination.yaml"]
)
def test_an_edited_file_is_read_anew(edited: str, copied: Path) -> None:
    with (copied / "policies" / edited).open("a") as stream:
        stream.write("# edited\n")
    assert prepared.policy() is None


def test_a_rule_that_is_new_is_read(copied: Path) -> None:
    (copied / "policies" / "rules" / "rbac" / "new.yaml").write_text("id: new\n")
    assert prepared.policy() is None


@pytest.mark.parametrize("edited", ["policies/expressions.py", "policies/cel/kleene.py", "scanner/kinds/rbac.py"])
def test_edited_code_lets_nothing_stand(edited: str, copied: Path) -> None:
    with (copied / edited).open("a") as stream:
        stream.write("# edited\n")
    assert prepared.policy() is None
    assert prepared.written(A_RULE, A_RULE.parameters) is None
    assert prepared.pack_of((book.HOME / "packs" / "gdpr.yaml").read_bytes()) is None


@given(st.text(), st.text())
def test_no_two_constants_share_a_number(one: str, other: str) -> None:
    assert (values.code(one) == values.code(other)) is (one == other)


def test_a_constant_that_has_anothers_number_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(values._constants, values.code("a constant"), "another")
    monkeypatch.delitem(values._codes, "a constant")
    with pytest.raises(CelError, match="can't be told from 'another'"):
        values.code("a constant")
