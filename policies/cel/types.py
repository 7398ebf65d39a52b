"""Checks an expression against the fields of a kind: the engine has no type checker, so the loader brings one."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from assay.policies.cel.error import CelError
from assay.policies.cel.syntax import (
    Binary,
    Call,
    Index,
    Items,
    Literal,
    Macro,
    Name,
    Node,
    Select,
    Ternary,
    Unary,
    unparse,
)

MAX_MACRO_DEPTH = 2
"""Nested macros multiply: a third level over 300 items takes half a minute."""


class Type(Struct, frozen=True):
    """A type of the checker. `of` is a list's or a map's element, `fields` a struct's."""

    name: str
    of: "Type | None" = None
    fields: "tuple[tuple[str, Type], ...]" = ()
    nullable: bool = False

    def __str__(self) -> str:
        inner = f" of {self.of}" if self.of else ""
        return f"{self.name}{inner}{' or null' if self.nullable else ''}"


BOOL, INT, FLOAT, STRING, NULL, ANY = (Type(n) for n in ("bool", "int", "double", "string", "null", "any"))
_NUMBERS = ("int", "double")
_SCALARS = (BOOL, INT, FLOAT, STRING)
MOST_ITEMS = 1000
"""Longest list parameter; each use of it is written into the expression."""
_STRING_METHODS = {"startsWith": BOOL, "endsWith": BOOL, "contains": BOOL, "matches": BOOL}


def from_inspect(info: msgspec.inspect.Type) -> Type:
    """The checker's type for a kind's field."""
    match info:
        case msgspec.inspect.BoolType():
            return BOOL
        case msgspec.inspect.IntType():
            return INT
        case msgspec.inspect.FloatType():
            return FLOAT
        case msgspec.inspect.StrType():
            return STRING
        case msgspec.inspect.ListType(item_type=item):
            return Type("list", from_inspect(item))
        case msgspec.inspect.DictType(value_type=value):
            return Type("map", from_inspect(value))
        case msgspec.inspect.StructType(fields=fields):
            return Type("struct", fields=tuple((f.name, from_inspect(f.type)) for f in fields))
        case msgspec.inspect.UnionType(types=types):
            inner = [t for t in types if not isinstance(t, msgspec.inspect.NoneType)]
            if len(inner) == 1:
                return msgspec.structs.replace(from_inspect(inner[0]), nullable=True)
    raise CelError(f"a kind's field of type {info} cannot be used in rules")


def from_value(value: Any) -> Type:
    """The type of a parameter, from its default."""
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return FLOAT
        case str():
            return STRING
        case []:
            return Type("list", STRING)
        case [first, *rest]:
            if len(rest) >= MOST_ITEMS:
                raise CelError(f"a list parameter has more than {MOST_ITEMS} values")
            of = from_value(first)
            if any(from_value(item) != of for item in rest):
                raise CelError("a list parameter holds values of several types")
            return Type("list", of)
    raise CelError(f"a parameter may be a boolean, a number, a string or a list of one of them, not {value!r}")


def check(node: Node, resource: Mapping[str, Type], params: Mapping[str, Type]) -> frozenset[str]:
    """Raises CelError unless the expression is boolean, well typed, and nests at most two macros.

    Returns the spelling of every list that it reads, which the three-valued rewriting needs.
    """
    scope = {
        "resource": Type("struct", fields=tuple(resource.items())),
        "params": Type("struct", fields=tuple(params.items())),
    }
    checker = _Checker()
    found = checker.type_of(node, scope, frozenset(), 0)
    if found != BOOL:
        raise CelError(f"the expression must be true or false, but it is {found}")
    return frozenset(spelling for spelling, is_list in checker.seen.items() if is_list)


class _Checker:
    def __init__(self) -> None:
        self.seen: dict[str, bool] = {}
        """Spelling of each name and path → whether it is a list."""

    def type_of(self, node: Node, scope: Mapping[str, Type], solid: frozenset[str], depth: int) -> Type:
        """`solid` holds the spelling of paths that a guard has shown not to be null."""
        found = self._type_of(node, scope, solid, depth)
        if isinstance(node, Name | Select | Index):
            spelling, is_list = unparse(node), found.name == "list"
            if self.seen.setdefault(spelling, is_list) != is_list:
                raise CelError(f"{spelling} is a list in one macro and not in another; rename the variable")
        return found

    def _type_of(self, node: Node, scope: Mapping[str, Type], solid: frozenset[str], depth: int) -> Type:
        match node:
            case Literal(value=value):
                return NULL if value is None else from_value(value)
            case Name(name=name):
                if name not in scope:
                    raise CelError(f"no variable is named {name!r}; rules see `resource` and `params`")
                return scope[name]
            case Select(operand=operand, field=field):
                return self._select(self.type_of(operand, scope, solid, depth), field, node, solid)
            case Index(operand=operand, index=index):
                return self._index(node, operand, index, scope, solid, depth)
            case Items(items=items):
                types = {self.type_of(item, scope, solid, depth) for item in items}
                if len(types) > 1:
                    raise CelError(f"a list of several types: {unparse(node)}")
                return Type("list", types.pop() if types else ANY)
            case Unary(op=op, operand=operand):
                found = self._value(operand, scope, solid, depth)
                wanted = ("bool",) if op == "!" else _NUMBERS
                if found.name not in wanted:
                    raise CelError(f"`{op}` needs {' or '.join(wanted)}, but {unparse(operand)} is {found}")
                return found
            case Ternary(condition=condition, then=then, otherwise=otherwise):
                self._boolean(condition, scope, solid, depth)
                yes = self.type_of(then, scope, solid | _not_null_if(condition, True), depth)
                no = self.type_of(otherwise, scope, solid | _not_null_if(condition, False), depth)
                if yes != no:
                    raise CelError(f"`?:` gives {yes} or {no}")
                return yes
            case Binary():
                return self._binary(node, scope, solid, depth)
            case Call():
                return self._call(node, scope, solid, depth)
            case Macro():
                return self._macro(node, scope, solid, depth)

    def _value(self, node: Node, scope: Mapping[str, Type], solid: frozenset[str], depth: int) -> Type:
        found = self.type_of(node, scope, solid, depth)
        if found.nullable:
            raise CelError(f"{unparse(node)} may be null; test `{unparse(node)} != null && …` first")
        return found

    def _boolean(self, node: Node, scope: Mapping[str, Type], solid: frozenset[str], depth: int) -> None:
        found = self._value(node, scope, solid, depth)
        if found != BOOL:
            raise CelError(f"{unparse(node)} must be true or false, but it is {found}")

    def _select(self, operand: Type, field: str, node: Node, solid: frozenset[str]) -> Type:
        if operand.name != "struct" or operand.nullable:
            raise CelError(f"{unparse(node)}: only a resource, `params` or a struct has fields, not {operand}")
        known = dict(operand.fields)
        if field not in known:
            raise CelError(f"{unparse(node)}: no such field; there are {', '.join(sorted(known)) or 'none'}")
        found = known[field]
        return msgspec.structs.replace(found, nullable=False) if unparse(node) in solid else found

    def _index(
        self, node: Node, operand: Node, index: Node, scope: Mapping[str, Type], solid: frozenset[str], depth: int
    ) -> Type:
        container = self._value(operand, scope, solid, depth)
        key = self._value(index, scope, solid, depth)
        wanted = {"list": "int", "map": "string"}.get(container.name)
        if container.of is None or key.name != wanted:
            raise CelError(f"{unparse(node)}: cannot index {container} with {key}")
        return container.of

    def _binary(self, node: Binary, scope: Mapping[str, Type], solid: frozenset[str], depth: int) -> Type:
        op = node.op
        if op in ("&&", "||"):
            self._boolean(node.left, scope, solid, depth)
            self._boolean(node.right, scope, solid | _not_null_if(node.left, op == "&&"), depth)
            return BOOL
        if op in ("==", "!="):
            # A second null test where a guard has already settled it is idle, not wrong.
            tests_null = Literal(None, "null") in (node.left, node.right)
            guarded = frozenset[str]() if tests_null else solid
            left, right = (self.type_of(n, scope, guarded, depth) for n in (node.left, node.right))
            if not _comparable(left, right):
                raise CelError(f"{unparse(node)}: compares {left} with {right}, which is never equal")
            return BOOL
        left, right = (self._value(n, scope, solid, depth) for n in (node.left, node.right))
        if op == "in":
            # A struct is never looked for in a list: an unknown inside it would be compared as if it were a value.
            scalar = left in _SCALARS
            ok = (right.name == "map" and left == STRING) or (
                right.name == "list" and scalar and right.of in (left, ANY)
            )
        elif op == "+":
            ok = left.name == right.name and left.name in (*_NUMBERS, "string")
        elif op in ("-", "*", "/", "%"):
            ok = left.name == right.name and left.name in _NUMBERS
        else:
            ok = {left.name, right.name} <= set(_NUMBERS) or left == right == STRING
        if not ok:
            raise CelError(f"{unparse(node)}: `{op}` does not take {left} and {right}")
        return left if op in ("+", "-", "*", "/", "%") else BOOL

    def _call(self, node: Call, scope: Mapping[str, Type], solid: frozenset[str], depth: int) -> Type:
        if node.function == "has" and node.target is None and len(node.args) == 1 and isinstance(node.args[0], Select):
            self.type_of(node.args[0], scope, solid, depth)
            return BOOL
        operands = (node.target, *node.args) if node.target is not None else node.args
        types = [self._value(operand, scope, solid, depth) for operand in operands]
        if node.function == "size" and len(types) == 1 and types[0].name in ("list", "map", "string"):
            return INT
        if node.function in _STRING_METHODS and node.target is not None and types == [STRING, STRING]:
            return _STRING_METHODS[node.function]
        raise CelError(
            f"{unparse(node)}: rules may call size(list, map or string), has(path) and the string methods "
            f"{', '.join(sorted(_STRING_METHODS))}"
        )

    def _macro(self, node: Macro, scope: Mapping[str, Type], solid: frozenset[str], depth: int) -> Type:
        if depth >= MAX_MACRO_DEPTH:
            raise CelError(f"`{node.macro}` is nested more than {MAX_MACRO_DEPTH} deep")
        if node.variable in scope:
            raise CelError(f"`{node.macro}` rebinds {node.variable!r}")
        if "__" in node.variable:
            raise CelError(
                f"`{node.macro}` binds {node.variable!r}; names with two underscores are kept for the engine"
            )
        operand = self._value(node.operand, scope, solid, depth)
        if operand.name != "list" or operand.of is None:
            raise CelError(f"`{node.macro}` runs over a list, but {unparse(node.operand)} is {operand}")
        inner = {**scope, node.variable: operand.of}
        body = self._value(node.body, inner, solid, depth + 1)
        if node.macro == "map":
            return Type("list", body)
        if body != BOOL:
            raise CelError(f"{unparse(node.body)} must be true or false, but it is {body}")
        return operand if node.macro == "filter" else BOOL


def _comparable(left: Type, right: Type) -> bool:
    if ANY in (left, right):
        return True
    if NULL in (left, right):
        return left.nullable or right.nullable
    if left.name == right.name == "list":
        return all(one.of in (*_SCALARS, ANY) for one in (left, right)) and (
            left.of == right.of or ANY in (left.of, right.of)
        )
    if left.name in ("struct", "map"):
        return False
    return left.name == right.name or {left.name, right.name} <= set(_NUMBERS)


def _not_null_if(condition: Node, outcome: bool) -> frozenset[str]:
    """The paths that cannot be null where the condition has this outcome."""
    match condition:
        case Binary(op=op, left=left, right=Literal(value=None)) if op == ("!=" if outcome else "=="):
            return frozenset({unparse(left)})
        case Binary(op=op, left=left, right=right) if op == ("&&" if outcome else "||"):
            return _not_null_if(left, outcome) | _not_null_if(right, outcome)
        case Unary(op="!", operand=operand):
            return _not_null_if(operand, not outcome)
    return frozenset()
