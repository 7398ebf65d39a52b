"""The three-valued logic of rules: an unknown can take a decision away, and never make one."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.policies.cel import engine, kleene, syntax, types
from assay.policies.cel.assertion import Assertion
from assay.policies.cel.error import CelError
from assay.policies.cel.given import Given
from assay.policies.cel.several import Several
from assay.policies.cel.values import plain
from assay.scanner.model.fact import Unknown

UNKNOWN = Unknown(reason="unresolved: var.x")
SHAPE = types.Type(
    "struct",
    fields=(
        ("port", types.INT),
        ("cidrs", types.Type("list", types.STRING)),
        ("open", types.BOOL),
        ("kind", types.STRING),
        ("owner", types.Type("string", nullable=True)),
    ),
)
FIELDS = {
    "a": types.BOOL,
    "b": types.BOOL,
    "n": types.INT,
    "m": types.Type("int", nullable=True),
    "s": types.STRING,
    "t": types.Type("string", nullable=True),
    "names": types.Type("list", types.STRING),
    "tags": types.Type("map", types.STRING),
    "items": types.Type("list", SHAPE),
}


def compiled(text: str) -> Assertion:
    node = syntax.parse(text)
    try:
        return Assertion(kleene.write(node, types.check(node, FIELDS, {})))
    except RecursionError as error:  # as a rule's loader does
        raise CelError(str(error)) from None


def verdict(text: str, facts: dict[str, Any]) -> bool | None:
    return compiled(text).evaluate(Given(facts)).value


integers = st.integers(0, 3)
strings = st.sampled_from(["", "x", "y", "xy"])
items = st.fixed_dictionaries(
    {
        "port": integers,
        "cidrs": st.lists(strings, max_size=2),
        "open": st.booleans(),
        "kind": strings,
        "owner": st.none() | strings,
    }
)
facts = st.fixed_dictionaries(
    {
        "a": st.booleans(),
        "b": st.booleans(),
        "n": integers,
        "m": st.none() | integers,
        "s": strings,
        "t": st.none() | strings,
        "names": st.lists(strings, max_size=3),
        "tags": st.dictionaries(st.sampled_from(["owner", "x"]), strings, max_size=2),
        "items": st.lists(items, max_size=3),
    }
)

numbers = st.sampled_from(["resource.n", "1", "2", "size(resource.names)", "size(resource.s)", "size(resource.items)"])
texts = st.sampled_from(["resource.s", "'x'", "'xy'"])
atoms = st.one_of(
    st.sampled_from(
        [
            "resource.a",
            "resource.b",
            "true",
            "resource.m == null",
            "has(resource.m)",
            "(resource.m != null && resource.m > 1)",
            "(resource.m == null || resource.m <= 1)",
            "resource.names == ['x']",
            "'owner' in resource.tags",
            "('owner' in resource.tags && resource.tags['owner'] != '')",
            "resource.a == resource.b",
            "size(resource.items.filter(i, i.open)) > 0",
            "resource.items.exists_one(i, i.open)",
            "resource.items.map(i, i.port) == [1]",
            "resource.s.startsWith(resource.s)",
            "resource.s in ['x', '']",
            "resource.t == null",
            "'y' == resource.t",
            "(resource.t != null && resource.t in ['x', 'y'])",
            "(resource.t != null && resource.t.startsWith('x'))",
        ]
    ),
    st.builds(lambda x, op, y: f"{x} {op} {y}", numbers, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers),
    st.builds(lambda x, op, y: f"{x} {op} {y}", texts, st.sampled_from(["==", "!="]), texts),
    st.builds(lambda x, f, y: f"{x}.{f}({y})", texts, st.sampled_from(["startsWith", "contains", "endsWith"]), texts),
    st.builds(lambda x: f"{x} in resource.names", texts),
)
inner = st.sampled_from(
    [
        "i.open",
        "i.port > 1",
        "'x' in i.cidrs",
        "!i.open",
        "i.cidrs.all(c, c != 'x')",
        "i.cidrs.exists(c, c == 'y')",
        "i.kind == 'x'",
        "i.kind in ['x', 'y']",
        "i.kind != resource.s",
        "(i.owner == null || i.owner != 'y')",
        "(i.owner == null || i.owner.endsWith('y'))",
    ]
)
macros = st.builds(
    lambda macro, one, op, two: f"resource.items.{macro}(i, {one} {op} {two})",
    st.sampled_from(["all", "exists"]),
    inner,
    st.sampled_from(["&&", "||"]),
    inner,
)
single = st.builds(lambda macro, one: f"resource.items.{macro}(i, {one})", st.sampled_from(["all", "exists"]), inner)
expressions = st.recursive(
    atoms | macros | single,
    lambda deeper: st.one_of(
        st.builds(lambda x, op, y: f"({x} {op} {y})", deeper, st.sampled_from(["&&", "||"]), deeper),
        st.builds(lambda x: f"!({x})", deeper),
        st.builds(lambda c, x, y: f"({c} ? {x} : {y})", deeper, deeper, deeper),
    ),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside facts where an Unknown could stand."""
    found = [path] if path else []
    if isinstance(value, dict):
        found += [p for key, inner_value in value.items() for p in places(inner_value, (*path, key))]
    if isinstance(value, list):
        found += [p for index, inner_value in enumerate(value) for p in places(inner_value, (*path, index))]
    return found


def blank(value: Any, path: tuple[Any, ...]) -> Any:
    if not path:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: blank(v, path[1:]) if key == path[0] else v for key, v in value.items()}
    return [blank(v, path[1:]) if index == path[0] else v for index, v in enumerate(value)]


def plain_context(given_facts: dict[str, Any]) -> Any:
    return engine.Context(variables={"resource": plain(given_facts, [])})


@settings(max_examples=400, deadline=None)
@given(expressions, facts)
def test_on_known_facts_the_two_programs_say_what_plain_cel_says(text: str, given_facts: dict[str, Any]) -> None:
    plain = engine.compile_program(text.replace("has(resource.m)", "(resource.m != null)"))
    assert verdict(text, given_facts) == plain.execute(plain_context(given_facts))


@settings(max_examples=600, deadline=None)
@given(expressions, facts, st.data())
def test_turning_facts_into_unknowns_only_ever_takes_a_decision_away(
    text: str, given_facts: dict[str, Any], data: st.DataObject
) -> None:
    assertion = compiled(text)
    before = assertion.evaluate(Given(given_facts)).value
    poorer = given_facts
    for _ in range(data.draw(st.integers(1, 3))):
        choices = [p for p in places(poorer) if not isinstance(_at(poorer, p), Unknown)]
        poorer = blank(poorer, data.draw(st.sampled_from(choices)))
        after = assertion.evaluate(Given(poorer)).value
        assert after in (before, None)
        before = after


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        value = value[step] if not isinstance(value, Unknown) else value
    return value


@settings(max_examples=200, deadline=None)
@given(macros, facts, st.randoms(use_true_random=False), st.data())
def test_all_and_exists_do_not_depend_on_the_order_of_elements(
    text: str, given_facts: dict[str, Any], random: Any, data: st.DataObject
) -> None:
    inside = [p for p in places(given_facts["items"], ("items",)) if len(p) > 1]
    if inside:
        given_facts = blank(given_facts, data.draw(st.sampled_from(inside)))
    shuffled = list(given_facts["items"])
    random.shuffle(shuffled)
    assert verdict(text, given_facts) == verdict(text, {**given_facts, "items": shuffled})


@pytest.mark.parametrize(
    "text",
    ["has(resource.m)", "!has(resource.m)", "resource.m == null", "resource.m != null", "'x' in resource.names",
     "!('x' in resource.names)", "resource.names == []", "size(resource.names) == 0", "resource.a", "!resource.a",
     "resource.names.all(n, n != '')", "resource.names.exists(n, n == '')", "'owner' in resource.tags"],
)  # fmt: skip
def test_every_test_of_an_unknown_is_unknown(text: str) -> None:
    assert verdict(text, dict.fromkeys(FIELDS, UNKNOWN)) is None


def test_an_element_that_decides_does_so_beside_an_unknown_one() -> None:
    facts_of = lambda *names: {**dict.fromkeys(FIELDS, UNKNOWN), "names": list(names)}  # noqa: E731
    assert verdict("resource.names.exists(n, n == 'x')", facts_of(UNKNOWN, "x")) is True
    assert verdict("resource.names.all(n, n != 'x')", facts_of("x", UNKNOWN)) is False
    assert verdict("'x' in resource.names", facts_of(UNKNOWN, "x")) is True
    assert verdict("'x' in resource.names", facts_of(UNKNOWN, "y")) is None
    assert verdict("resource.names.all(n, n == 'x')", facts_of(UNKNOWN, "x")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resource.nope", "no such field"),
        ("resource.n == 'x'", "never equal"),
        ("resource.m > 1", "may be null"),
        ("resource.n", "must be true or false"),
        ("nope", "no variable"),
        ("resource.a &&", "found the end"),
        ("resource.a @ 1", "not a token"),
        ("resource.items.all(i, i.cidrs.all(c, resource.names.all(n, true)))", "more than 2 deep"),
        ("resource.items.all(resource, true)", "may not rebind"),
        ("resource.items.all(i, resource.items.all(i, true))", "rebinds"),
        ("[1, 'a'] == [1]", "several types"),
        ("matches('a', 'b')", "rules may call"),
        ("((((" * 40 + "true" + "))))" * 40, "nested deeper"),
        ("true" + " " * 5000, "longer than"),
        ("resource.s.matches(1)", "rules may call"),
        ("resource.items[0] in [resource.items[1]]", "does not take"),
        ("!(resource.items[0] in resource.items)", "does not take"),
        ("[resource.tags] == [resource.tags]", "never equal"),
        ("resource.items == resource.items", "never equal"),
        ("resource.a ? (" * 20 + "true" + ") : false" * 20, "too complex|nested"),
        (" && ".join(["true"] * 500), "refuses it|nested too deeply|recursion"),
    ],
)
def test_an_expression_outside_the_subset_is_refused_with_its_reason(text: str, said: str) -> None:
    with pytest.raises(CelError, match=said):
        compiled(text)


@settings(max_examples=200, deadline=None)
@given(expressions)
def test_an_expression_survives_being_written_out_and_parsed_again(text: str) -> None:
    node = syntax.parse(text)
    assert syntax.parse(syntax.unparse(node)) == node


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.none() | expressions, expressions), min_size=1, max_size=4), facts, st.data())
def test_several_asked_at_once_are_told_what_each_is_told_alone(
    texts: list[tuple[str | None, str]], given_facts: dict[str, Any], data: st.DataObject
) -> None:
    asked = [(compiled(applies) if applies else None, compiled(text)) for applies, text in texts]
    if data.draw(st.booleans()):
        given_facts = blank(given_facts, data.draw(st.sampled_from(places(given_facts))))
    named = {True: "pass", False: "fail", None: "undecided"}
    expected = []
    for applies, assertion in asked:
        does = applies.evaluate(Given(given_facts)).value if applies else True
        told = named[assertion.evaluate(Given(given_facts)).value] if does else "undecided"
        expected.append("not applicable" if does is False else told)
    assert Several(asked).told(Given(given_facts)) == expected


def test_where_one_of_several_cannot_be_evaluated_nothing_is_told_of_any() -> None:
    given_facts = {"n": 0, "a": True}
    asked = [(None, compiled("resource.a")), (None, compiled("6 / resource.n > 1"))]
    assert Several(asked[:1]).told(Given(given_facts)) == ["pass"]
    assert Several(asked).told(Given(given_facts)) is None


@pytest.mark.parametrize("text", ["resource.items.all(i__x, i__x.open)", "resource.names.exists(__, true)"])
def test_names_of_the_engines_own_variables_are_refused(text: str) -> None:
    with pytest.raises(CelError, match="two underscores"):
        compiled(text)


INNER = ["i.open", "!i.open", "'x' in i.cidrs", "!('x' in i.cidrs)", "i.cidrs.all(c, c != 'x')", "i.cidrs == ['x']",
         "size(i.cidrs) > 0", "i.port > 1 && i.port < 3", "i.kind == 'x'", "!(i.kind in ['y'])",
         "i.kind == 'x' && i.open", "i.owner == null || i.owner == 'x'"]  # fmt: skip


@pytest.mark.parametrize("macro", ["all", "exists", "exists_one"])
@pytest.mark.parametrize("body", INNER)
def test_a_macro_over_one_field_of_each_element_is_careful_about_every_part_of_it(macro: str, body: str) -> None:
    assertion = compiled(f"resource.items.{macro}(i, {body})")
    for cidrs in ([], ["x"], ["y"], ["y", "x"]):
        for opened, port in ((True, 2), (False, 0)):
            one = {"items": [{"port": port, "cidrs": cidrs, "open": opened, "kind": "x", "owner": None}]}
            before = assertion.evaluate(Given(one)).value
            for place in places(one):
                after = assertion.evaluate(Given(blank(one, place))).value
                assert after in (before, None), (one, place)
