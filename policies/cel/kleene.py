"""Three-valued CEL: one expression becomes two, which say when it is certainly true and certainly false.

An Unknown is given to the engine as a marker value. Plain CEL would compare the marker like any other value, and
`!(x == y)` over it would be true: an unknown would pass. So every atom (comparison, call, membership) is guarded by
tests that what it reads is known, and `&&`, `||`, `!`, `?:`, `all` and `exists` follow Kleene's strong logic. The
answer is the same whatever the order of elements, and turning a fact into Unknown can only turn pass or fail into
unknown. See scanner/adr/0001-three-valued-cel.md.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct, structs

from assay.policies.cel import engine
from assay.policies.cel.given import Given, Inputs
from assay.policies.cel.narrowing import Narrowed, is_single, narrowed
from assay.policies.cel.syntax import (
    Binary,
    Call,
    CelError,
    Index,
    Literal,
    Macro,
    Name,
    Node,
    Select,
    Ternary,
    Unary,
    children,
    unparse,
)
from assay.scanner.model.fact import is_unknown, reason_of

_MARKER = Literal("?", "b'?'")
MOST_NODES = 20_000
_TRUE = Literal(True, "true")
_NULL = Literal(None, "null")
_ELEMENT = "_e"
PASSES, FAILS, UNDECIDED = range(3)
"""What the elements of a list come to."""
STUMBLES = (TypeError, ValueError, KeyError, RuntimeError, ArithmeticError, OverflowError, IndexError)
"""How the engine says that it can't evaluate an expression."""


class Verdict(Struct, frozen=True):
    """Three-valued outcome; `error` where a wholly known resource could still not be decided."""

    value: bool | None
    error: str | None = None


_DECIDED = {True: Verdict(True), False: Verdict(False)}


class Elements:
    """The elements of the list in `list.all(x, …)`, each for itself."""

    def __init__(self, macro: Macro, lists: frozenset[str]) -> None:
        """As of an `Assertion`, which must have taken the same node."""
        self._macro = macro
        self._lists = lists
        [self.field] = paths(macro.operand)
        """The field of the resource that the list is."""
        self.alone = not paths(macro.body)
        """Whether what is said of an element depends on nothing but the element."""

    @cached_property
    def _narrowed(self) -> Narrowed:
        return narrowed(self._macro, self._lists)

    @cached_property
    def inputs(self) -> Inputs:
        return _inputs(self._narrowed)

    @cached_property
    def told(self) -> str:
        """In CEL, over its inputs' variables: a list with 0 for each element that certainly passes, 1 for each that
        certainly fails, and 2 for the others."""
        found = self._narrowed
        narrow = found.node
        assert isinstance(narrow, Macro)  # noqa: S101  # narrowing keeps a node's sort
        present = _TRUE if is_single(narrow.operand) else _is_known(Name(narrow.variable))
        rewriter = _Rewriter(found.lists)
        passes, fails = (_and(present, rewriter.certainly(narrow.body, outcome)) for outcome in (True, False))
        told = Ternary(fails, _number(FAILS), Ternary(passes, _number(PASSES), _number(UNDECIDED)))
        return unparse(found.for_engine(structs.replace(narrow, macro="map", body=told)))

    @cached_property
    def _program(self) -> Any:
        return engine.compile_program(self.told)

    def failing(self, given: Given) -> list[bool] | None:
        """One for each element; None where the engine stumbles over one of them."""
        try:
            told = self._program.execute(given.converted(self.inputs).context)
        except STUMBLES:
            return None
        return [one == FAILS for one in told]


class Assertion:
    """A compiled three-valued expression."""

    def __init__(self, node: Node, lists: frozenset[str]) -> None:
        """The node must have passed the type check, which also tells its lists."""
        found = narrowed(node, lists)
        rewriter = _Rewriter(found.lists)
        self.source = unparse(node)
        self.paths = paths(node)
        """Fields of the resource that it reads."""
        self.inputs = _inputs(found)
        self.certainly_true = self._text(found, rewriter.certainly(found.node, True))
        """In CEL, over its inputs' variables."""
        self.certainly_false = self._text(found, rewriter.certainly(found.node, False))

    def compile(self) -> None:
        """Raises CelError where the engine refuses it. Whatever wasn't compiled is so when it is first evaluated."""
        for _ in (self._true, self._false):
            pass

    @cached_property
    def _true(self) -> Any:
        return _compiled(self.certainly_true)

    @cached_property
    def _false(self) -> Any:
        return _compiled(self.certainly_false)

    def reasons(self, facts: Mapping[str, Any]) -> list[str]:
        """`where: reason` for each Unknown among what it reads."""
        found: list[str] = []
        for name, keys in sorted(self.inputs.read().items(), key=lambda item: item[0]):
            value = facts[name]
            if keys is None or is_unknown(value):
                found += unknowns(value, name)
                continue
            for index, element in enumerate(value):
                where = f"{name}[{index}]"
                if is_unknown(element):
                    found.append(f"{where}: {reason_of(element)}")
                else:
                    found += [line for key in sorted(keys) for line in unknowns(element.get(key), f"{where}.{key}")]
        return found

    def _text(self, found: Narrowed, node: Node) -> str:
        if _size(node, {}) > MOST_NODES:
            raise CelError(f"too complex: more than {MOST_NODES} operations once unknowns are considered")
        return unparse(found.for_engine(node))

    def evaluate(self, given: Given) -> Verdict:
        """True or False only where no unknown could change it."""
        error: str | None = None
        converted = given.converted(self.inputs)
        for value in (True, False):
            try:
                program = self._true if value else self._false
                if program.execute(converted.context) is True:
                    return _DECIDED[value]
                if converted.whole:
                    return _DECIDED[not value]
            except STUMBLES as found:
                error = error or f"{type(found).__name__}: {found}"
        return Verdict(None, error)


def _compiled(text: str) -> Any:
    try:
        return engine.compile_program(text)
    except ValueError as error:
        raise CelError(f"the engine refuses it: {str(error)[:200]}") from None


def _inputs(found: Narrowed) -> Inputs:
    return Inputs(paths(found.node) - {view.name for view in found.views}, found.views)


def paths(node: Node) -> frozenset[str]:
    """The top-level fields of `resource` that an expression reads."""
    match node:
        case Select(operand=Name(name="resource"), field=field):
            return frozenset({field})
        case Literal() | Name():
            return frozenset()
    return frozenset().union(*(paths(child) for child in children(node)))


def unknowns(value: Any, where: str) -> list[str]:
    """`where: reason` for each Unknown inside a value, in order, for the evidence of an unknown finding."""
    if is_unknown(value):
        return [f"{where}: {reason_of(value)}"]
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in unknowns(inner, f"{where}.{key}")]
    if isinstance(value, list | tuple):
        return [line for i, inner in enumerate(value) for line in unknowns(inner, f"{where}[{i}]")]
    return []


class _Rewriter:
    """Writes the two expressions; `lists` holds the spelling of every list that the expression reads."""

    def __init__(self, lists: frozenset[str]) -> None:
        self._lists = lists
        self._made: dict[tuple[int, bool], tuple[Node, Node]] = {}

    def certainly(self, node: Node, outcome: bool) -> Node:
        """An expression that is true exactly where `node` has this outcome whatever the unknowns are.

        A part that is needed twice is made once, as `?:` within `?:` would otherwise double the work at each level.
        """
        key = (id(node), outcome)
        if key not in self._made:
            # The node is kept too, so that its id isn't given to another.
            self._made[key] = (node, self._certainly(node, outcome))
        return self._made[key][1]

    def _certainly(self, node: Node, outcome: bool) -> Node:
        match node:
            case Binary(op=op, left=left, right=right) if op in ("&&", "||"):
                sides = (self.certainly(left, outcome), self.certainly(right, outcome))
                return Binary("&&" if (op == "&&") == outcome else "||", *sides)
            case Unary(op="!", operand=operand):
                return self.certainly(operand, not outcome)
            case Ternary(condition=condition, then=then, otherwise=otherwise):
                yes, no = self.certainly(then, outcome), self.certainly(otherwise, outcome)
                taken = Binary("&&", self.certainly(condition, True), yes)
                other = Binary("&&", self.certainly(condition, False), no)
                return Binary("||", Binary("||", taken, other), Binary("&&", yes, no))
            case Call(function="has", args=(path,)):
                # Every field is present, as a value, null or unknown; plain CEL would call an unknown absent.
                return self.certainly(Binary("!=", path, _NULL), outcome)
            case Macro(macro=macro, operand=operand, variable=variable, body=body) if macro in ("all", "exists"):
                name = "all" if (macro == "all") == outcome else "exists"
                # A single value is asked for where it is read.
                present = _TRUE if is_single(operand) else _is_known(Name(variable))
                element = _and(present, self.certainly(body, outcome))
                return _and(self._known(operand), Macro(name, operand, variable, element))
            case Binary(op="in", left=left, right=right) if outcome:
                # A list that holds an unknown may still certainly hold the element.
                return _and(_and(self._known(left), self._known(right)), node)
        return _and(self._wholly_known(node), node if outcome else Unary("!", node))

    def _known(self, node: Node) -> Node:
        """That the value itself can be read; a list's elements may still be unknown."""
        match node:
            case Literal() | Name(name="resource" | "params") | Select(operand=Name(name="params")):
                return _TRUE
            case Name():
                return _is_known(node)
            case Select(operand=operand):
                return _and(self._known(operand), _is_known(node))
            case Index(operand=operand, index=index):
                return _and(_and(self._wholly_known(operand), self._wholly_known(index)), _is_known(node))
        return self._wholly_known(node)

    def _wholly_known(self, node: Node) -> Node:
        """That everything the node reads is known, the elements of lists included."""
        match node:
            case Binary(op="==" | "!=", left=left, right=Literal(value=None)):
                return self._known(left)
            case Select() | Index() | Name():
                known = self._known(node)
                if known != _TRUE and unparse(node) in self._lists:
                    return _and(known, Macro("all", node, _ELEMENT, _is_known(Name(_ELEMENT))))
                return known
            case Macro(operand=operand, variable=variable, body=body):
                each = _and(_is_known(Name(variable)), self._wholly_known(body))
                return _and(self._known(operand), Macro("all", operand, variable, each))
        known = _TRUE
        for child in children(node):
            known = _and(known, self._wholly_known(child))
        return known


def _size(node: Node, known: dict[int, int]) -> int:
    """How many nodes there are once shared parts are written out; what is counted once is not walked again."""
    if id(node) not in known:
        known[id(node)] = 1 + sum(_size(child, known) for child in children(node))
    return known[id(node)]


def _and(left: Node, right: Node) -> Node:
    if left == _TRUE:
        return right
    return left if right == _TRUE else Binary("&&", left, right)


def _number(value: int) -> Node:
    return Literal(value, str(value))


def _is_known(node: Node) -> Node:
    return Binary("!=", node, _MARKER)
