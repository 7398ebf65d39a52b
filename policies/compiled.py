"""A rule ready to judge: checked against its kind's schema, parameters filled in, its assertions compiled."""

from collections.abc import Mapping, Sequence, Set
from functools import cache, cached_property
from typing import Any, Protocol

import msgspec

from assay.policies import messages
from assay.policies.cel import syntax, types
from assay.policies.cel.given import Given, Inputs
from assay.policies.cel.kleene import Assertion, Elements
from assay.policies.cel.syntax import Binary, CelError, Items, Literal, Macro, Name, Node, Select
from assay.scanner.kinds import registry
from assay.scanner.model.fact import NOT_COLLECTED, Fact, Known, Unknown, is_unknown
from assay.scanner.model.finding import Outcome
from assay.scanner.model.resource import Resource
from assay.scanner.model.rule import Rule

_VERY_LARGE = 10**9
_MISSING = Unknown(reason=NOT_COLLECTED)


class Measure(msgspec.Struct, frozen=True):
    """A number that is too small or too large."""

    value: float
    more_is_better: bool


class Decision(msgspec.Struct, frozen=True):
    """What a rule says of a resource. `outcome` None: the rule does not apply."""

    outcome: Outcome | None
    reasons: tuple[str, ...] = ()
    """Why it is unknown."""
    shown: Mapping[str, Any] = {}
    """For a failure: values of the message's placeholders."""
    offences: tuple[Any, ...] = ()
    """For a failure of a rule over a list's elements: those that fail."""
    measures: Mapping[str, Measure] = {}
    """For a failure: the numbers that alone could turn it into a pass, by fact."""


class CompiledRule:
    """A rule with the parameters of some packs."""

    def __init__(self, rule: Rule, parameters: Mapping[str, Any] | None = None, proven: bool = False) -> None:
        """Raises CelError, naming the key, where an expression is refused. Unset parameters keep their defaults.

        What was `proven` before to be taken by the engine is compiled when it is first needed.
        """
        self.rule = rule
        self.parameters = {**rule.parameters, **(parameters or {})}
        self._all: Macro | None = None
        self._each: Assertion | None = None
        self._elements: Elements | None = None
        self.asserts = self._compile("assert", rule.assertion or "", proven)
        self.applies = self._compile("applies", rule.applies, proven) if rule.applies else None
        """When it does; None: always."""
        self.reads = tuple(sorted(self.asserts.paths | (self.applies.paths if self.applies else frozenset())))
        """The facts that the rule looks at."""
        self.inputs = self.asserts.inputs | self.applies.inputs if self.applies else self.asserts.inputs
        """What of the facts its expressions read."""
        self._wanted = messages.placeholders(rule.message) - {"address"}
        self._shown = tuple(name for name in self.reads if name in self._wanted)

    @property
    def elements(self) -> Elements | None:
        """Where it asserts `resource.list.all(x, …)` and nothing else: what it says of the elements."""
        return self._elements if self._each is None else None

    def decide(self, facts: Mapping[str, Any], given: Given) -> Decision:
        """Judges one resource; `facts` and `given` come from `prepare`."""
        if self.applies:
            applies = self.applies.evaluate(given)
            if applies.value is False:
                return Decision(None)
            if applies.value is None:
                return Decision("unknown", _reasons(self.applies, facts, applies.error))
        verdict = self.asserts.evaluate(given)
        if verdict.value is None:
            return Decision("unknown", _reasons(self.asserts, facts, verdict.error))
        return Decision("pass") if verdict.value else self.failure(facts, given)

    @property
    def showable(self) -> frozenset[str]:
        """What the message may name: facts that the rule reads, and where it asserts `resource.list.all(x, …)`, alone
        or before a `&&`, the fields of the list's elements, or `x` where they have none."""
        names = (frozenset(self.reads) | self.parameters.keys()) - registry.FREE_TEXT
        if self._all is None or _list_of(self._all) in registry.FREE_TEXT:
            return names
        listed = registry.fields(self.rule.kind)[_list_of(self._all)]
        item = listed.item_type if isinstance(listed, msgspec.inspect.ListType) else None
        if isinstance(item, msgspec.inspect.StructType):
            return names | {field.name for field in item.fields}
        return names | {self._all.variable}

    def failure(self, facts: Mapping[str, Any], given: Given, failing: Sequence[bool] | None = None) -> Decision:
        """The decision on a resource which the rule is known to fail.

        `failing` says of each element of its list whether it makes it fail, where that is known.
        """
        shown = {name: facts[name] for name in self._shown}
        measures = self._measures(facts)
        if self._all is None:
            return Decision("fail", shown=shown, measures=measures)
        name, each = _list_of(self._all), self._each or self.asserts
        elements = facts[name]
        if is_unknown(elements):  # what follows the `&&` decided
            return Decision("fail", shown=shown, measures=measures)

        def fails(element: Any) -> bool:
            read = {path: facts[path] for path in each.paths}
            return each.evaluate(Given({**read, name: [element]})).value is False

        if failing is None and self._elements:
            failing = self._elements.failing(given)
        found = messages.offending(elements, fails, failing)
        if found and self._wanted:
            shown |= messages.shown_of(found, self._all.variable, fails, self._wanted, self._read_of_elements)
        return Decision("fail", shown=shown, offences=tuple(found), measures=measures)

    @cached_property
    def _read_of_elements(self) -> Set[str] | None:
        """On which of an element's fields it depends whether it fails; None: any."""
        each = self._each or self.asserts
        return None if self._all is None else each.inputs.read()[_list_of(self._all)]

    def _measures(self, facts: Mapping[str, Any]) -> Mapping[str, Measure]:
        """Tried, not read from the expression: which numbers, very large or very small, would make the rule pass."""
        numbers = [(name, facts[name]) for name in self.asserts.paths if type(facts[name]) in (int, float)]
        if not numbers:
            return {}
        read = {path: facts[path] for path in self.asserts.paths}
        found: dict[str, Measure] = {}
        for name, value in numbers:

            def passes(tried: float, name: str = name) -> bool:
                return self.asserts.evaluate(Given({**read, name: tried})).value is True

            large, small = passes(_VERY_LARGE), passes(-_VERY_LARGE)
            if large != small:
                found[name] = Measure(value, more_is_better=large)
        return found

    def _compile(self, key: str, text: str, proven: bool) -> Assertion:
        try:
            node = syntax.parse(text)
            lists = types.check(
                node,
                _types_of(self.rule.kind),
                {name: types.from_value(value) for name, value in self.parameters.items()},
            )
            if key == "assert":
                self._all = _ranges_over(node)
                if self._all is not None:
                    whole = _fill(self._all, self.parameters)
                    self._each = Assertion(whole, lists) if self._all != node else None
                    self._elements = Elements(whole, lists) if isinstance(whole, Macro) else None
            made = Assertion(_fill(node, self.parameters), lists)
            for one in (made, self._each) if not proven else ():
                if one:
                    one.compile()
            return made
        except CelError as error:
            raise CelError(f"{key}: {error}") from None
        except RecursionError:
            raise CelError(f"{key}: nested too deeply") from None


class Compiled(Protocol):
    """A rule ready to judge, in whichever language."""

    rule: Rule
    reads: tuple[str, ...]
    inputs: Inputs
    """What of the facts it reads."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Of the rule, with what the packs override."""
        ...

    @property
    def showable(self) -> frozenset[str]:
        """What the message may name."""
        ...

    def decide(self, facts: Mapping[str, Any], given: Given) -> Decision:
        """Judges one resource."""
        ...


def compile_rule(rule: Rule, parameters: Mapping[str, Any] | None = None, proven: bool = False) -> Compiled:
    """Raises CelError, naming the key, where the rule is refused. `proven`: it wasn't, with these parameters."""
    if rule.rego is None:
        return CompiledRule(rule, parameters, proven)
    from assay.policies.rego import RegoRule

    return RegoRule(rule, parameters)


@cache
def _types_of(kind: str) -> Mapping[str, types.Type]:
    return {name: types.from_inspect(info) for name, info in registry.fields(kind).items()}


def prepare(resource: Resource, inputs: Inputs | None = None) -> tuple[Mapping[str, Any], Given]:
    """The resource's facts, every field of its kind present, and the same for the engine: converted once for all rules,
    where `inputs` says what they read together."""
    facts = complete(resource.kind, resource.facts)
    return facts, Given(facts, inputs)


def complete(kind: str, facts: Mapping[str, Fact]) -> dict[str, Any]:
    """Field → value, with Unknown for what was not read or not collected."""
    stated = ((name, facts.get(name, _MISSING)) for name in registry.fields(kind))
    return {name: fact.value if isinstance(fact, Known) else fact for name, fact in stated}


def _reasons(assertion: Assertion, facts: Mapping[str, Any], error: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(assertion.reasons(facts))) or (f"the rule's expression failed: {error}",)


def _ranges_over(node: Node) -> Macro | None:
    """The `resource.list.all(x, …)` that an expression is, or that stands before its `&&`."""
    match node:
        case Macro(macro="all", operand=Select(operand=Name(name="resource"))):
            return node
        case Binary(op="&&", left=left):
            return _ranges_over(left)
    return None


def _list_of(macro: Macro) -> str:
    assert isinstance(macro.operand, Select)  # noqa: S101  # as _ranges_over finds them
    return macro.operand.field


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
