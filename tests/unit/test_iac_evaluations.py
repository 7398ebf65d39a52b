"""What is kept of the evaluation of Terraform's texts never differs from evaluating them anew."""

import importlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assay.detectors.iac.speed import evaluations as kept
from assay.detectors.iac.speed.evaluations import Evaluations

RENDERING = "checkov.terraform.graph_builder.variable_rendering"
NAMES = st.sampled_from(["a", "b", "merge", "length", "ａ", "print", "timestamp", "x1", "tryout"])
VALUES = st.one_of(
    st.integers(-3, 99).map(str), st.sampled_from(['"a"', "'b'", "[1, 2]", '{"k": [1]}', "()", "None", "...", "1.5"])
)
EXPRESSIONS = st.recursive(
    st.one_of(NAMES, VALUES),
    lambda inner: st.one_of(
        st.builds("{}({})".format, st.sampled_from(["merge", "length", "sort", "try", "reverse", "toset"]), inner),
        st.builds("[{}, {}]".format, inner, inner),
        st.builds("{} == {}".format, inner, inner),
        st.builds("{} ? {} : {}".format, inner, inner, inner),
        st.builds("{{{} = {}}}".format, NAMES, inner),
        st.builds("${{{}}}".format, inner),
        st.builds("{}[0]".format, inner),
        st.builds('try("{}", {})'.format, st.sampled_from(["a", "a = 5", "b"]), inner),
        st.builds("[for v in {} : v]".format, inner),
    ),
    max_leaves=5,
)
ASSIGNMENTS = st.one_of(
    st.builds("{} = {}".format, NAMES, VALUES),
    st.builds("{}, {} = 1, 2".format, NAMES, NAMES),
    st.builds("{}[0] = {}".format, NAMES, VALUES),
    st.builds("x1 = __terraform_try__({})".format, VALUES),
)
TEXTS = st.one_of(EXPRESSIONS, ASSIGNMENTS, st.text("ab=[]{}()\"'$?:., 1\\\n", max_size=12))

functions: Any = importlib.import_module(f"{RENDERING}.safe_eval_functions")
texts: Any = importlib.import_module(f"{RENDERING}.evaluate_terraform")
CHANGED = ((functions, "get_asteval"), (functions, "evaluate"), (texts, "evaluate"), (texts, "evaluate_terraform"))


@pytest.fixture(autouse=True)
def modules() -> Iterator[None]:
    """checkov's modules as they were before, whatever a test changed."""
    originals = [(module, name, getattr(module, name)) for module, name in CHANGED]
    yield
    for module, name, original in originals:
        setattr(module, name, original)


def outcomes(evaluate: Callable[[Any], Any], asked: Sequence[Any]) -> list[tuple[str, str]]:
    """Of each text, in turn, from the same table of names."""
    before = dict(functions.SAFE_EVAL_DICT)
    try:
        return [outcome(evaluate, text) for text in asked]
    finally:
        functions.SAFE_EVAL_DICT.clear()
        functions.SAFE_EVAL_DICT.update(before)


PLACE = re.compile(r"( object)? at 0x[0-9a-f]+")
"""Where an object lies in memory, which differs from one to the next."""


def outcome(evaluate: Callable[[Any], Any], text: Any) -> tuple[str, str]:
    try:
        found = evaluate(text)
    except Exception as error:  # checkov's functions raise anything
        return type(error).__name__, PLACE.sub("", str(error)) if isinstance(error, ValueError) else ""
    shown = repr(found)
    spoil(found)
    return type(found).__name__, PLACE.sub("", shown)


def spoil(found: Any) -> None:
    """As whoever receives a value may."""
    if isinstance(found, list):
        found.append("spoilt")
    elif isinstance(found, dict):
        found["spoilt"] = True


@given(st.lists(TEXTS, max_size=6))
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["a", "a = 1", "a"])
@example(["length(b)", "length = 5", "length(b)", "length"])
@example(["ａ = 1", "a"])
@example(["[a]", 'try("a = 7")', "[a]", "a"])
@example(["x1 = __terraform_try__(1)", "x1"])
@example(["break", "1", "continue", "2"])
@example(["merge(print)"])
@example(["merge.note = [1]", "merge.note", "merge.note"])
def test_texts_come_to_the_same_in_any_order_and_number(asked: list[str]) -> None:
    twice = [*asked, *asked]
    for slow in (functions.evaluate, texts.evaluate_terraform):
        plain = outcomes(slow, twice)
        originals = [(module, name, getattr(module, name)) for module, name in CHANGED]
        evaluations = Evaluations(functions.SAFE_EVAL_DICT, functions.get_asteval)
        functions.get_asteval = evaluations.interpreter
        functions.evaluate = texts.evaluate = evaluations.once(functions.evaluate)
        texts.evaluate_terraform = evaluations.whole(texts.evaluate_terraform)
        fast = functions.evaluate if slow is originals[1][2] else texts.evaluate_terraform
        found = outcomes(fast, twice)
        for module, name, original in originals:
            setattr(module, name, original)
        assert found == plain


def test_a_text_is_evaluated_once() -> None:
    counted: list[str] = []
    evaluations = Evaluations({}, object)
    evaluate = evaluations.once(lambda text: counted.append(text) or [len(text)])
    first, second = evaluate("abc"), evaluate("abc")
    assert counted == ["abc"]
    assert first == second == [3]
    assert first is not second


@pytest.mark.parametrize("text", ["timestamp()", "try(1)", "a.b = 1", "a[0] = 1"])
def test_nothing_is_kept_of_a_text_that_holds_for_its_moment_only(text: str) -> None:
    counted: list[str] = []
    evaluate = Evaluations({}, object).once(lambda asked: counted.append(asked) or "value")
    assert [evaluate(text), evaluate(text)] == ["value", "value"]
    assert counted == [text, text]


def test_after_a_write_into_what_a_name_stands_for_nothing_is_kept() -> None:
    counted: list[str] = []
    evaluate = Evaluations({}, object).once(lambda asked: counted.append(asked) or "value")
    for text in ("1", "merge.note = 1", "1", "1"):
        evaluate(text)
    assert counted == ["1", "merge.note = 1", "1", "1"]


def test_many_assigned_names_cost_no_more_than_not_keeping_anything() -> None:
    counted: list[str] = []
    evaluate = Evaluations({}, object).once(lambda asked: counted.append(asked) or "value")
    for index in range(200):
        evaluate(f"name{index} = 1")
    evaluate("1")
    evaluate("1")
    assert counted[-2:] == ["1", "1"]


def test_what_is_kept_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_KEPT", 100)
    evaluations = Evaluations({}, object)
    evaluate = evaluations.once(lambda text: text)
    for index in range(50):
        evaluate(f"{index:010}")
    assert len(evaluations._kept) <= 5


def test_a_set_is_evaluated_anew_as_a_copy_may_be_in_another_order() -> None:
    counted: list[str] = []
    evaluate = Evaluations({}, object).once(lambda asked: counted.append(asked) or {"a", "b"})
    assert evaluate("toset") == evaluate("toset") == {"a", "b"}
    assert len(counted) == 2
