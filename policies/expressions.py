"""Writes a rule's expressions for the engine: parsed, checked against its kind's schema, parameters filled in."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

import msgspec

from assay.policies.cel import kleene, syntax, types
from assay.policies.cel.error import CelError
from assay.policies.cel.syntax import Binary, Items, Literal, Macro, Name, Node, Select
from assay.policies.cel.written import Written, WrittenRange, WrittenRule
from assay.scanner.kinds import registry
from assay.scanner.model.rule import Rule


def write(rule: Rule, parameters: Mapping[str, Any]) -> WrittenRule:
    """Every parameter needs a value. Raises CelError, naming the key, where an expression is refused."""
    with _named("assert"):
        node, lists = _checked(rule, rule.assertion or "", parameters)
        asserts = kleene.write(_fill(node, parameters), lists)
        over = _over(node, lists, parameters, asserts)
    if rule.applies is None:
        return WrittenRule(asserts, None, over)
    with _named("applies"):
        node, lists = _checked(rule, rule.applies, parameters)
        return WrittenRule(asserts, kleene.write(_fill(node, parameters), lists), over)


@contextmanager
def _named(key: str) -> Iterator[None]:
    """Errors name the key of the rule under which the expression stands."""
    try:
        yield
    except CelError as error:
        raise CelError(f"{key}: {error}") from None
    except RecursionError:
        raise CelError(f"{key}: nested too deeply") from None


def _checked(rule: Rule, text: str, parameters: Mapping[str, Any]) -> tuple[Node, frozenset[str]]:
    """The tree, and the spelling of every list in it."""
    node = syntax.parse(text)
    given = {name: types.from_value(value) for name, value in parameters.items()}
    return node, types.check(node, _types_of(rule.kind), given)


@cache
def _types_of(kind: str) -> Mapping[str, types.Type]:
    return {name: types.from_inspect(info) for name, info in registry.fields(kind).items()}


def _over(node: Node, lists: frozenset[str], parameters: Mapping[str, Any], asserts: Written) -> WrittenRange | None:
    macro = _ranges_over(node)
    if macro is None:
        return None
    whole = _fill(macro, parameters)
    assert isinstance(whole, Macro)  # noqa: S101  # filling in keeps a node's sort
    elements = kleene.write_elements(whole, lists)
    alone = macro == node
    each = asserts if alone else kleene.write(whole, lists)
    return WrittenRange(elements.field, macro.variable, each, elements, alone)


def _ranges_over(node: Node) -> Macro | None:
    """The `resource.list.all(x, …)` that an expression is, or that stands before its `&&`."""
    match node:
        case Macro(macro="all", operand=Select(operand=Name(name="resource"))):
            return node
        case Binary(op="&&", left=left):
            return _ranges_over(left)
    return None


def _fill(node: Node, parameters: Mapping[str, Any]) -> Node:
    """The tree with every `params.x` replaced by its value."""
    if isinstance(node, Select) and node.operand == Name("params"):
        return _literal(parameters[node.field])
    changed: dict[str, Any] = {}
    for field in node.__struct_fields__:
        value = getattr(node, field)
        if isinstance(value, tuple):
            changed[field] = tuple(_fill(item, parameters) for item in value)
        elif isinstance(value, msgspec.Struct):
            changed[field] = _fill(value, parameters)  # type: ignore[arg-type]  # a node's structs are nodes
    return msgspec.structs.replace(node, **changed) if changed else node


def _literal(value: Any) -> Node:
    if isinstance(value, list | tuple):
        return Items(tuple(_literal(item) for item in value))
    # JSON's spelling of booleans, numbers and strings is CEL's, negative numbers apart.
    text = msgspec.json.encode(value).decode()
    return Literal(value, f"({text})" if text.startswith("-") else text)
