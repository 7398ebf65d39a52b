"""Three-valued CEL: one expression becomes two, which say when it is certainly true and certainly false.

An Unknown is given to the engine as a marker value. Plain CEL would compare the marker like any other value, and
`!(x == y)` over it would be true: an unknown would pass. So every atom (comparison, call, membership) is guarded by
tests that what it reads is known, and `&&`, `||`, `!`, `?:`, `all` and `exists` follow Kleene's strong logic. The
answer is the same whatever the order of elements, and turning a fact into Unknown can only turn pass or fail into
unknown. See scanner/adr/0001-three-valued-cel.md.
"""

from msgspec import structs

from assay.policies.cel.error import CelError
from assay.policies.cel.given import Inputs
from assay.policies.cel.narrowing import Narrowed, is_single, narrowed
from assay.policies.cel.syntax import (
    Binary,
    Call,
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
from assay.policies.cel.written import FAILS, PASSES, UNDECIDED, Written, WrittenElements

_MARKER = Literal("?", "b'?'")
MOST_NODES = 20_000
_TRUE = Literal(True, "true")
_NULL = Literal(None, "null")
_ELEMENT = "_e"


def write(node: Node, lists: frozenset[str]) -> Written:
    """What the engine is asked. The node must have passed the type check, which also tells its lists.

    Raises CelError where that would be too much.
    """
    found = narrowed(node, lists)
    rewriter = _Rewriter(found.lists)
    return Written(
        source=unparse(node),
        paths=tuple(sorted(paths(node))),
        inputs=_inputs(found),
        certainly_true=_text(found, rewriter.certainly(found.node, True)),
        certainly_false=_text(found, rewriter.certainly(found.node, False)),
    )


def write_elements(macro: Macro, lists: frozenset[str]) -> WrittenElements:
    """What the engine is asked of each element of the list in `list.all(x, …)`, a node that `write` took."""
    found = narrowed(macro, lists)
    narrow = found.node
    assert isinstance(narrow, Macro)  # noqa: S101  # narrowing keeps a node's sort
    present = _TRUE if is_single(narrow.operand) else _is_known(Name(narrow.variable))
    rewriter = _Rewriter(found.lists)
    passes, fails = (_and(present, rewriter.certainly(narrow.body, outcome)) for outcome in (True, False))
    told = Ternary(fails, _number(FAILS), Ternary(passes, _number(PASSES), _number(UNDECIDED)))
    [field] = paths(macro.operand)
    return WrittenElements(
        field=field,
        alone=not paths(macro.body),
        inputs=_inputs(found),
        told=unparse(found.for_engine(structs.replace(narrow, macro="map", body=told))),
    )


def _text(found: Narrowed, node: Node) -> str:
    if _size(node, {}) > MOST_NODES:
        raise CelError(f"too complex: more than {MOST_NODES} operations once unknowns are considered")
    return unparse(found.for_engine(node))


def _inputs(found: Narrowed) -> Inputs:
    views = {view.name: view for view in found.views}
    return Inputs(
        fields=tuple(sorted(paths(found.node) - views.keys())),
        views=tuple(views[name] for name in sorted(views)),
        constants=tuple(sorted(found.constants)),
    )


def paths(node: Node) -> frozenset[str]:
    """The top-level fields of `resource` that an expression reads."""
    match node:
        case Select(operand=Name(name="resource"), field=field):
            return frozenset({field})
        case Literal() | Name():
            return frozenset()
    return frozenset().union(*(paths(child) for child in children(node)))


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
