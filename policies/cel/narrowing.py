"""Lets the engine see only what an expression reads, in the shape that costs it least.

Facts are converted for the engine, and it copies each element that a macro visits: the cost of `containers.all(c,
!c.privileged)` would be that of everything that is known of every container. Where a macro reads one thing of each
element, the engine is given a list of just these; where it reads several, maps of these by number. A string that is
only compared with constants is given as a number.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct, structs

from assay.policies.cel.syntax import Binary, Index, Items, Literal, Macro, Name, Node, Select, children
from assay.policies.cel.values import code, constant_of
from assay.policies.cel.views import EACH, Path, View, variable

_TO_BOOLEANS = frozenset({"all", "exists", "exists_one"})
"""Macros of which no element gets out."""
_RESOURCE = Name("resource")


def is_single(operand: Node) -> bool:
    """Whether a macro's list is one of single values."""
    return isinstance(operand, Select) and operand.field.startswith(EACH)


class Narrowed(Struct, frozen=True):
    """An expression that means the same over views."""

    node: Node
    views: frozenset[View]
    lists: frozenset[str]
    """The spelling of every list in it."""

    @property
    def constants(self) -> frozenset[str]:
        """Strings in whose place it has numbers."""
        numbers = (one.value for one in _walk(self.node) if isinstance(one, Literal) and type(one.value) is int)
        return frozenset(constant for number in numbers if (constant := constant_of(number)) is not None)

    def for_engine(self, node: Node) -> Node:
        """What was made of the expression, over the engine's variables."""
        return _for_engine(node, {view.name: view for view in self.views}, {})


def narrowed(node: Node, lists: frozenset[str]) -> Narrowed:
    """The expression over views, where it reads less than whole fields."""
    views: set[View] = set()
    known = set(lists)
    node = _narrow(node, views, known)
    for field in sorted({one.field for one in _walk(node) if isinstance(one, Select) and one.operand == _RESOURCE}):
        whole = Select(_RESOURCE, field)
        if _only_compared(node, whole):
            view = View(field)
            views.add(view)
            node = _replaced(_with_codes(node, whole), whole, Select(_RESOURCE, view.name))
    return Narrowed(node, frozenset(views), frozenset(known))


def _narrow(node: Node, views: set[View], lists: set[str]) -> Node:
    node = _rebuilt(node, lambda child: _narrow(child, views, lists))
    match node:
        case Macro(macro=macro, operand=Select(operand=Name(name="resource"), field=field)) if macro in _TO_BOOLEANS:
            paths = _paths(node.body, node.variable)
            if paths:
                return _over_view(node, field, tuple(sorted(paths)), views, lists)
    return node


def _over_view(node: Macro, field: str, paths: tuple[Path, ...], views: set[View], lists: set[str]) -> Node:
    terms = {path: _term(node.variable, path) for path in paths if len(paths) == 1 or len(path) == 1}
    compared = frozenset(path for path, term in terms.items() if _only_compared(node.body, term))
    body = node.body
    for path in compared:
        body = _with_codes(body, terms[path])
    view = View(field, paths, compared)
    views.add(view)
    node = structs.replace(node, operand=Select(_RESOURCE, view.name), body=body)
    if not view.single:
        return node
    # A name of its own, as the spelling of a list must mean the same everywhere.
    name = f"{view.name}__value"
    if ".".join((node.variable, *paths[0])) in lists:
        lists.add(name)
    return structs.replace(node, variable=name, body=_replaced(body, terms[paths[0]], Name(name)))


def _for_engine(node: Node, views: Mapping[str, View], elements: Mapping[str, View]) -> Node:
    """`elements` are the variables that stand for elements of views."""
    match node:
        case Select(operand=Name(name="resource"), field=field):
            return Name(variable(field))
        case Select(operand=Name(name=name), field=field) if name in elements:
            place = elements[name].keys.index(field)
            return Index(Name(name), Literal(place, str(place)))
        case Macro(operand=Select(operand=Name(name="resource"), field=field), variable=name) if field in views:
            inner = {**elements, name: views[field]} if not views[field].single else elements
            body = _for_engine(node.body, views, inner)
            return structs.replace(node, operand=Name(variable(field)), body=body)
    return _rebuilt(node, lambda child: _for_engine(child, views, elements))


def _only_compared(node: Node, term: Node) -> bool:
    """Whether a term is there, and never but in comparisons with constants of which some are strings."""
    constants: list[Any] = []
    return _compares(node, term, constants) and any(isinstance(one, str) for one in constants)


def _compares(node: Node, term: Node, constants: list[Any]) -> bool:
    if node == term:
        return False
    compared = _compared(node, term)
    if compared is None:
        return all(_compares(child, term, constants) for child in children(node))
    constants += [one.value for one in compared]
    return all(one.value is None or isinstance(one.value, str) for one in compared)


def _compared(node: Node, term: Node) -> tuple[Literal, ...] | None:
    """What a node compares the term with; None where it does nothing of the kind."""
    match node:
        case Binary(op="==" | "!=", left=left, right=right) if term in (left, right):
            other = right if left == term else left
            return (other,) if isinstance(other, Literal) else None
        case Binary(op="in", left=left, right=Items(items=items)) if left == term:
            found = tuple(one for one in items if isinstance(one, Literal))
            return found if len(found) == len(items) else None
    return None


def _with_codes(node: Node, term: Node) -> Node:
    """The tree with numbers in the place of the strings that a term is compared with."""
    if _compared(node, term) is None:
        return _rebuilt(node, lambda child: _with_codes(child, term))
    assert isinstance(node, Binary)  # noqa: S101  # as _compared finds them
    return structs.replace(node, left=_number(node.left), right=_number(node.right))


def _number(node: Node) -> Node:
    match node:
        case Literal(value=str() as text):
            return Literal(code(text), str(code(text)))
        case Items(items=items):
            return Items(tuple(map(_number, items)))
    return node


def _rebuilt(node: Node, change: Callable[[Any], Any]) -> Node:
    changed: dict[str, Any] = {}
    for field in node.__struct_fields__:
        value = getattr(node, field)
        if isinstance(value, tuple):
            changed[field] = tuple(change(item) for item in value)
        elif isinstance(value, Struct):
            changed[field] = change(value)
    return structs.replace(node, **changed) if changed else node


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in children(node):
        yield from _walk(child)


def _paths(body: Node, variable: str) -> set[Path]:
    """What is read of the element; nothing where it is read whole."""
    used = set(_uses(body, variable))
    return set() if () in used else used


def _uses(node: Node, variable: str) -> Iterator[Path]:
    path = _path(node, variable)
    if path is not None:
        yield path
    elif isinstance(node, Macro) and node.variable == variable:
        yield ()  # Another variable of the same name: left as it is.
    else:
        for child in children(node):
            yield from _uses(child, variable)


def _path(node: Node, variable: str) -> Path | None:
    """The path that `c.a.b` is; () for `c` itself, None for anything else."""
    match node:
        case Name(name=name) if name == variable:
            return ()
        case Select(operand=operand, field=field):
            above = _path(operand, variable)
            return None if above is None else (*above, field)
    return None


def _term(variable: str, path: Path) -> Node:
    node: Node = Name(variable)
    for step in path:
        node = Select(node, step)
    return node


def _replaced(node: Node, term: Node, by: Node) -> Node:
    return by if node == term else _rebuilt(node, lambda child: _replaced(child, term, by))
