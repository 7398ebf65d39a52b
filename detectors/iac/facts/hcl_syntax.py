"""Terraform expressions as checkov's parser leaves them (`${var.a ? True : 'x'}`), read into a small tree.

The parser drops parentheses. Where a logical expression may have had some, every way to set them is kept, for
whoever evaluates it to see whether they agree; other expressions whose meaning depends on them are refused rather
than guessed. The parser also writes objects and lists the way Python does.
"""

import re
from functools import lru_cache
from typing import Any

from assay.detectors.iac.facts.hcl_tree import (
    Ambiguous,
    Call,
    Conditional,
    For,
    Index,
    Interpolation,
    ListOf,
    Literal,
    ObjectOf,
    Operation,
    Path,
    Splat,
    Text,
    Unsupported,
)

_NESTING = 40
_LENGTH = 100_000
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_][\w-]*(?:::[A-Za-z_][\w-]*)*)
    | (?P<symbol>&&|\|\||==|!=|<=|>=|=>|\.\.\.|[-+*/%<>!?:.,\[\]{}()='"])
    )""",
    re.VERBOSE,
)
_WORDS = {"True": True, "true": True, "False": False, "false": False, "None": None, "null": None}
_LEVELS = (("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/", "%"))
_LOGICAL = ("&&", "||")
_SIGNS = ("+", "-", "*", "/", "%")
_OPERANDS = 4
"""So many operands at most may lie between lost parentheses: three operators have five ways to group."""


@lru_cache(maxsize=4096)
def parse(source: str) -> Any:
    """The tree of an expression without its `${}`. Raises Unsupported."""
    if len(source) > _LENGTH:
        raise Unsupported("too long")
    reader = _Reader(source)
    tree = reader.conditional(0)
    reader.end()
    return tree


@lru_cache(maxsize=4096)
def parse_text(source: str) -> Any:
    """The tree of a string that may hold interpolations. Raises Unsupported."""
    if "%{" in source.replace("%%{", ""):
        raise Unsupported("a template directive")
    parts: list[Any] = []
    plain = ""
    position = 0
    while position < len(source):
        if source.startswith("$${", position):
            plain += "${"
            position += 3
        elif source.startswith("${", position):
            end = _closing(source, position + 2)
            if plain:
                parts.append(plain)
                plain = ""
            inner = source[position + 2 : end]
            parts.append(Interpolation(inner.strip(), parse(inner.strip())))
            position = end + 1
        else:
            plain += source[position]
            position += 1
    if not parts:
        return Literal(plain)
    if plain:
        parts.append(plain)
    return parts[0].tree if len(parts) == 1 and isinstance(parts[0], Interpolation) else Text(tuple(parts))


def _closing(source: str, start: int, nested: int = 0) -> int:
    """Where the `}` is that closes an interpolation whose inside begins at `start`."""
    if nested > _NESTING:
        raise Unsupported("nested too deep")
    depth = 1
    position = start
    while position < len(source):
        character = source[position]
        if character in "'\"":
            position = _string_end(source, position, nested + 1)
        elif character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                return position
        position += 1
    raise Unsupported("an interpolation without an end")


def _string_end(source: str, start: int, nested: int = 0) -> int:
    """Where the quote is that closes the string which opens at `start`."""
    position = start + 1
    while position < len(source):
        if source[position] == "\\":
            position += 1
        elif source.startswith("${", position) and not source.startswith("$${", position - 1):
            position = _closing(source, position + 2, nested + 1)
        elif source[position] == source[start]:
            return position
        position += 1
    raise Unsupported("a string without an end")


class _Reader:
    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0

    def end(self) -> None:
        if self._peek() is not None:
            raise Unsupported(f"{self._peek()!r} at {self._position}")

    def conditional(self, depth: int) -> Any:
        if depth > _NESTING:
            raise Unsupported("nested too deep")
        condition = self._logical(depth)
        if self._peek() != "?":
            return condition
        self._next()
        then = self.conditional(depth + 1)
        self._expect(":")
        return Conditional(condition, then, self.conditional(depth + 1))

    def _logical(self, depth: int) -> Any:
        operands = [self._binary(0, depth)]
        operators: list[str] = []
        while self._peek() in _LOGICAL:
            operators.append(self._next())
            operands.append(self._binary(0, depth))
        return _grouped(operands, operators)

    def _binary(self, level: int, depth: int) -> Any:
        if level == len(_LEVELS):
            return self._unary(depth)
        left = self._binary(level + 1, depth)
        while self._peek() in _LEVELS[level]:
            operator = self._next()
            left = _combined(operator, left, self._binary(level + 1, depth))
        return left

    def _unary(self, depth: int) -> Any:
        if self._peek() in ("!", "-"):
            if depth > _NESTING:
                raise Unsupported("nested too deep")
            operator = self._next()
            operand = self._unary(depth + 1)
            if operator == "-" and self._peek() in _SIGNS:
                raise Unsupported("operators whose parentheses are lost")
            if operator == "-" and isinstance(operand, Literal) and isinstance(operand.value, int | float):
                return Literal(-operand.value)
            return Operation(operator, (operand,))
        return self._primary(depth)

    def _primary(self, depth: int) -> Any:
        start = self._position
        symbol = self._next()
        if symbol in ("'", '"'):
            return self._string(symbol)
        if symbol == "(":
            inner = self.conditional(depth + 1)
            self._expect(")")
            return inner
        if symbol == "[":
            return self._for("]", depth) if self._peek() == "for" else ListOf(tuple(self._sequence("]", depth)))
        if symbol == "{":
            return self._object(depth)
        if symbol[0].isdigit():
            return Literal(float(symbol) if "." in symbol else int(symbol))
        if symbol in _WORDS:
            return Literal(_WORDS[symbol])
        if not (symbol[0].isalpha() or symbol[0] == "_"):
            raise Unsupported(f"{symbol!r} at {self._position}")
        if self._peek() == "(":
            self._next()
            arguments = tuple(self._sequence(")", depth))
            return Call(symbol, arguments, self._steps(depth))
        steps = self._steps(depth)
        return Path(symbol, steps, self._source[start : self._position].strip())

    def _steps(self, depth: int) -> tuple[Any, ...]:
        steps: list[Any] = []
        while self._peek() in (".", "["):
            if self._next() == ".":
                name = self._next()
                steps.append(Splat() if name == "*" else Index(Literal(int(name))) if name.isdigit() else name)
            elif self._peek() == "*":
                self._next()
                self._expect("]")
                steps.append(Splat())
            else:
                steps.append(Index(self.conditional(depth + 1)))
                self._expect("]")
        return tuple(steps)

    def _sequence(self, closing: str, depth: int) -> list[Any]:
        items: list[Any] = []
        while self._peek() != closing:
            items.append(self.conditional(depth + 1))
            if self._peek() != closing:
                self._expect(",")
        self._next()
        return items

    def _for(self, closing: str, depth: int) -> Any:
        self._next()
        names = [self._next()]
        if self._peek() == ",":
            self._next()
            names.append(self._next())
        self._expect("in")
        collection = self.conditional(depth + 1)
        self._expect(":")
        key = None
        value = self.conditional(depth + 1)
        if closing == "}":
            self._expect("=>")
            key, value = value, self.conditional(depth + 1)
        condition: Any = Literal(True)
        if self._peek() == "if":
            self._next()
            condition = self.conditional(depth + 1)
        if self._next() != closing:
            raise Unsupported("a for expression that groups")
        return For(tuple(names), collection, key, value, condition)

    def _object(self, depth: int) -> Any:
        if self._peek() == "for":
            return self._for("}", depth)
        pairs: list[tuple[Any, Any]] = []
        while self._peek() != "}":
            key = self._logical(depth + 1)
            if isinstance(key, Path) and not key.steps:
                key = Literal(key.root)
            if self._next() not in (":", "="):
                raise Unsupported("an object without values")
            pairs.append((key, self.conditional(depth + 1)))
            if self._peek() == ",":
                self._next()
        self._next()
        return ObjectOf(tuple(pairs))

    def _string(self, quote: str) -> Any:
        start = self._position - 1
        end = _string_end(self._source, start)
        self._position = end + 1
        return parse_text(self._source[start + 1 : end].replace("\\" + quote, quote).replace("\\\\", "\\"))

    def _peek(self) -> str | None:
        match = _TOKEN.match(self._source, self._position)
        if match is None:
            if self._source[self._position :].strip():
                raise Unsupported(f"a character at {self._position}")
            return None
        return match.group(match.lastgroup or 0)

    def _next(self) -> str:
        match = _TOKEN.match(self._source, self._position)
        if match is None:
            raise Unsupported("an unfinished expression")
        self._position = match.end()
        return match.group(match.lastgroup or 0)

    def _expect(self, symbol: str) -> None:
        if self._next() != symbol:
            raise Unsupported(f"expected {symbol!r} at {self._position}")


def _combined(operator: str, left: Any, right: Any) -> Any:
    """A comparison or a calculation, unless lost parentheses could change what it means."""
    calculates = operator in _SIGNS
    if isinstance(left, Operation) and left.operator == "!" and not calculates:
        # `!a == b` is `!(a == b)`: where `!a` means anything at all, the two are the same.
        return Operation("!", (Operation(operator, (left.operands[0], right)),))
    for operand in (left, right):
        nested = operand.operator if isinstance(operand, Operation) else ""
        if nested == "!" or (calculates and nested in _SIGNS):
            raise Unsupported("operators whose parentheses are lost")
    return Operation(operator, (left, right))


def _grouped(operands: list[Any], operators: list[str]) -> Any:
    """The natural reading of a chain of `&&` and `||`; with the others, where parentheses may have mattered."""
    natural = _natural(operands, operators)
    negated = any(isinstance(operand, Operation) and operand.operator == "!" for operand in operands[:-1])
    if len(set(operators)) < 2 and not negated:
        return natural
    if len(operands) > _OPERANDS:
        raise Unsupported("operators whose parentheses are lost")
    others = dict.fromkeys(_readings(operands, operators))
    others.pop(natural, None)
    return Ambiguous((natural, *others))


def _natural(operands: list[Any], operators: list[str]) -> Any:
    """`&&` binds tighter than `||`, and each groups to the left."""
    if "||" in operators:
        last = len(operators) - 1 - operators[::-1].index("||")
        left = _natural(operands[: last + 1], operators[:last])
        return Operation("||", (left, _natural(operands[last + 1 :], operators[last + 1 :])))
    tree = operands[0]
    for operator, operand in zip(operators, operands[1:], strict=True):
        tree = Operation(operator, (tree, operand))
    return tree


def _readings(operands: list[Any], operators: list[str]) -> list[Any]:
    """Every way to set parentheses; a negation may be of its own operand, or of all that follows in its group."""
    if not operators:
        return [operands[0]]
    found: list[Any] = []
    for at, operator in enumerate(operators):
        for left in _readings(operands[: at + 1], operators[:at]):
            for right in _readings(operands[at + 1 :], operators[at + 1 :]):
                found.append(Operation(operator, (left, right)))
    first = operands[0]
    if isinstance(first, Operation) and first.operator == "!":
        inner = [first.operands[0], *operands[1:]]
        found += [Operation("!", (reading,)) for reading in _readings(inner, operators)]
    return found
