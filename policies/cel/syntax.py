"""The expressions that rules may use: a subset of CEL, parsed into a tree that can be checked and rewritten.

The engine that runs expressions gives no syntax tree and checks no types, and the three-valued rewriting and the
check of field paths need both. What this parser accepts, the engine compiles unchanged: `unparse` writes CEL.
Grammar: https://github.com/google/cel-spec/blob/master/doc/langdef.md
"""

import re
from typing import NoReturn

from msgspec import Struct

from assay.policies.cel.error import CelError

MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
LEVELS = (
    frozenset({"||"}),
    frozenset({"&&"}),
    frozenset({"==", "!=", "<", "<=", ">", ">=", "in"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
)
"""The operators between two operands, from those that bind least."""
_KEYWORDS = frozenset({"true", "false", "null", "in"})
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<float>\d+\.\d+(?:[eE][+-]?\d+)?)
    | (?P<int>\d+)
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<op>&&|\|\||==|!=|<=|>=|[-+*/%!<>?:.,()\[\]])
    )""",
    re.VERBOSE,
)
_MAX_TEXT = 4096
_MAX_NESTING = 64


class Literal(Struct, frozen=True):
    """A constant; `text` is its spelling in CEL."""

    value: bool | int | float | str | None
    text: str


class Name(Struct, frozen=True):
    """A variable: `resource`, `params`, or one bound by a macro."""

    name: str


class Select(Struct, frozen=True):
    """`operand.field`"""

    operand: "Node"
    field: str


class Index(Struct, frozen=True):
    """`operand[index]`"""

    operand: "Node"
    index: "Node"


class Call(Struct, frozen=True):
    """`function(args)`, or `target.function(args)`."""

    function: str
    target: "Node | None"
    args: "tuple[Node, ...]"


class Unary(Struct, frozen=True):
    """`!operand` or `-operand`"""

    op: str
    operand: "Node"


class Binary(Struct, frozen=True):
    """`left op right`"""

    op: str
    left: "Node"
    right: "Node"


class Ternary(Struct, frozen=True):
    """`condition ? then : otherwise`"""

    condition: "Node"
    then: "Node"
    otherwise: "Node"


class Items(Struct, frozen=True):
    """A list literal."""

    items: "tuple[Node, ...]"


class Macro(Struct, frozen=True):
    """`operand.macro(variable, body)` over a list."""

    macro: str
    operand: "Node"
    variable: str
    body: "Node"


Node = Literal | Name | Select | Index | Call | Unary | Binary | Ternary | Items | Macro


def parse(text: str) -> Node:
    """The expression's tree. Raises CelError with the column where it isn't in the subset."""
    if len(text) > _MAX_TEXT:
        raise CelError(f"the expression is longer than {_MAX_TEXT} characters")
    parser = _Parser(text)
    node = parser.expression()
    parser.expect_end()
    return node


_TIGHTEST = 6
"""How tightly a name, a call or anything in brackets holds together; an operator's is its level in the grammar."""
_PRECEDENCE = {op: level for level, ops in enumerate(LEVELS, start=1) for op in ops}


def unparse(node: Node) -> str:
    """CEL text that means the tree, with no more parentheses than it needs: the engine takes its time over them."""
    return _unparse(node, 0)


def _unparse(node: Node, least: int) -> str:
    """In parentheses where it holds together less tightly than `least`."""
    match node:
        case Literal(text=text):
            return text
        case Name(name=name):
            return name
        case Select(operand=operand, field=field):
            return f"{_unparse(operand, _TIGHTEST)}.{field}"
        case Index(operand=operand, index=index):
            return f"{_unparse(operand, _TIGHTEST)}[{unparse(index)}]"
        case Call(function=function, target=None, args=args):
            return f"{function}({', '.join(map(unparse, args))})"
        case Call(function=function, target=target, args=args):
            assert target is not None  # noqa: S101  # the case above took the others
            return f"{_unparse(target, _TIGHTEST)}.{function}({', '.join(map(unparse, args))})"
        case Unary(op=op, operand=operand):
            return (
                f"({op}{_unparse(operand, _TIGHTEST)})" if least == _TIGHTEST else f"{op}{_unparse(operand, _TIGHTEST)}"
            )
        case Binary(op=op, left=left, right=right):
            level = _PRECEDENCE[op]
            text = f"{_unparse(left, level)} {op} {_unparse(right, level + 1)}"
            return f"({text})" if level < least else text
        case Ternary(condition=condition, then=then, otherwise=otherwise):
            text = f"{_unparse(condition, 1)} ? {_unparse(then, 1)} : {unparse(otherwise)}"
            return f"({text})" if least else text
        case Items(items=items):
            return f"[{', '.join(map(unparse, items))}]"
        case Macro(macro=macro, operand=operand, variable=variable, body=body):
            return f"{_unparse(operand, _TIGHTEST)}.{macro}({variable}, {unparse(body)})"


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in the order written."""
    match node:
        case Select(operand=operand) | Unary(operand=operand):
            return (operand,)
        case Index(operand=operand, index=index):
            return (operand, index)
        case Call(target=target, args=args):
            return args if target is None else (target, *args)
        case Binary(left=left, right=right):
            return (left, right)
        case Ternary(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case Items(items=items):
            return items
        case Macro(operand=operand, body=body):
            return (operand, body)
    return ()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[tuple[str, str, int]] = []
        self._at = 0
        self._nesting = 0
        position = 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if not found or found.lastgroup is None:
                raise CelError(f"column {position + 1}: not a token of CEL: {text[position : position + 10]!r}")
            self._tokens.append((found.lastgroup, found.group(found.lastgroup), found.start(found.lastgroup)))
            position = found.end()

    def expression(self) -> Node:
        self._nesting += 1
        if self._nesting > _MAX_NESTING:
            raise CelError(f"nested deeper than {_MAX_NESTING} levels")
        condition = self._binary(0)
        if self._take("?"):
            then = self.expression()
            self._expect(":")
            condition = Ternary(condition, then, self.expression())
        self._nesting -= 1
        return condition

    def expect_end(self) -> None:
        if self._at < len(self._tokens):
            self._fail("expected the end of the expression")

    def _binary(self, level: int) -> Node:
        if level == len(LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while self._peek() in LEVELS[level]:
            op = self._next()[1]
            left = Binary(op, left, self._binary(level + 1))
        return left

    def _unary(self) -> Node:
        depth = 0
        ops: list[str] = []
        while self._peek() in ("!", "-"):
            ops.append(self._next()[1])
            depth += 1
            if depth > _MAX_NESTING:
                raise CelError(f"nested deeper than {_MAX_NESTING} levels")
        node = self._member()
        for op in reversed(ops):
            node = Unary(op, node)
        return node

    def _member(self) -> Node:
        node = self._primary()
        while True:
            if self._take("."):
                field = self._name("a field or method name")
                node = self._method(node, field) if self._take("(") else Select(node, field)
            elif self._take("["):
                node = Index(node, self.expression())
                self._expect("]")
            else:
                return node

    def _method(self, target: Node, function: str) -> Node:
        if function not in MACROS:
            return Call(function, target, self._arguments(")"))
        variable = self._name("the macro's variable")
        if variable in ("resource", "params"):
            self._fail(f"a macro may not rebind {variable!r}")
        self._expect(",")
        body = self.expression()
        self._expect(")")
        return Macro(function, target, variable, body)

    def _primary(self) -> Node:
        if self._take("("):
            node = self.expression()
            self._expect(")")
            return node
        if self._take("["):
            return Items(self._arguments("]"))
        if self._at >= len(self._tokens):
            self._fail("expected an expression")
        sort, text, _ = self._next()
        match sort:
            case "int":
                return Literal(int(text), text)
            case "float":
                return Literal(float(text), text)
            case "string":
                return Literal(text[1:-1], text)
            case "name" if text in ("true", "false", "null"):
                return Literal({"true": True, "false": False, "null": None}[text], text)
            case "name" if text not in _KEYWORDS:
                return Call(text, None, self._arguments(")")) if self._take("(") else Name(text)
        self._at -= 1
        return self._fail("expected an expression")

    def _arguments(self, closing: str) -> tuple[Node, ...]:
        found: list[Node] = []
        if self._take(closing):
            return ()
        while True:
            found.append(self.expression())
            if self._take(closing):
                return tuple(found)
            self._expect(",")

    def _peek(self) -> str | None:
        if self._at >= len(self._tokens):
            return None
        sort, text, _ = self._tokens[self._at]
        return None if sort == "string" else text

    def _next(self) -> tuple[str, str, int]:
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, text: str) -> bool:
        if self._peek() == text:
            self._at += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            self._fail(f"expected {text!r}")

    def _name(self, what: str) -> str:
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "name":
            name = self._next()[1]
            if name not in _KEYWORDS:
                return name
            self._at -= 1
        return self._fail(f"expected {what}")

    def _fail(self, message: str) -> NoReturn:
        if self._at < len(self._tokens):
            _, text, start = self._tokens[self._at]
            raise CelError(f"column {start + 1}: {message}, found {text!r}")
        raise CelError(f"column {len(self._text) + 1}: {message}, found the end")
