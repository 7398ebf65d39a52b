"""A rule ready to judge: checked against its kind's schema, parameters filled in, its assertions compiled."""

from collections.abc import Mapping, Sequence, Set
from functools import cached_property
from typing import Any, Protocol

import msgspec

from assay.policies import messages, prepared
from assay.policies.cel.assertion import Assertion, Elements
from assay.policies.cel.error import CelError
from assay.policies.cel.given import Given, Inputs
from assay.policies.cel.written import WrittenRule
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


_NAME = "name"
"""The field by which elements of a list are told apart, where they have one."""


class Decision(msgspec.Struct, frozen=True):
    """What a rule says of a resource. `outcome` None: the rule does not apply."""

    outcome: Outcome | None
    reasons: tuple[str, ...] = ()
    """Why it is unknown."""
    shown: Mapping[str, Any] = {}
    """For a failure: values of the message's placeholders."""
    offences: tuple[Any, ...] = ()
    """For a failure of a rule over a list's elements: those that fail, as far as it depends on."""
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
        kept = prepared.written(rule, self.parameters)
        written = kept or _write(rule, self.parameters)
        self.asserts = Assertion(written.asserts)
        self.applies = Assertion(written.applies) if written.applies else None
        """When it does; None: always."""
        self._over = written.over
        self._elements = Elements(written.over.elements) if written.over else None
        self._each = self.asserts
        if written.over and not written.over.alone:
            self._each = Assertion(written.over.each)
        if kept is None and not proven:
            self._compile()
        self.reads = tuple(sorted({*written.asserts.paths, *(written.applies.paths if written.applies else ())}))
        """The facts that the rule looks at."""
        self.inputs = self.asserts.inputs | self.applies.inputs if self.applies else self.asserts.inputs
        """What of the facts its expressions read."""
        self._wanted = messages.placeholders(rule.message) - {"address"}
        self._shown = tuple(name for name in self.reads if name in self._wanted)

    @property
    def elements(self) -> Elements | None:
        """Where it asserts `resource.list.all(x, …)` and nothing else: what it says of the elements."""
        return self._elements if self._over and self._over.alone else None

    def _compile(self) -> None:
        for key, assertion in (("assert", self.asserts), ("assert", self._each), ("applies", self.applies)):
            try:
                if assertion:
                    assertion.compile()
            except CelError as error:
                raise CelError(f"{key}: {error}") from None

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
        if self._over is None or self._over.field in registry.FREE_TEXT:
            return names
        listed = registry.fields(self.rule.kind)[self._over.field]
        item = listed.item_type if isinstance(listed, msgspec.inspect.ListType) else None
        if isinstance(item, msgspec.inspect.StructType):
            return names | {field.name for field in item.fields}
        return names | {self._over.variable}

    def failure(self, facts: Mapping[str, Any], given: Given, failing: Sequence[bool] | None = None) -> Decision:
        """The decision on a resource which the rule is known to fail.

        `failing` says of each element of its list whether it makes it fail, where that is known.
        """
        shown = {name: facts[name] for name in self._shown}
        measures = self._measures(facts)
        if self._over is None:
            return Decision("fail", shown=shown, measures=measures)
        name, each = self._over.field, self._each
        elements = facts[name]
        if is_unknown(elements):  # what follows the `&&` decided
            return Decision("fail", shown=shown, measures=measures)

        def fails(element: Any) -> bool:
            read = {path: facts[path] for path in each.written.paths}
            return each.evaluate(Given({**read, name: [element]})).value is False

        if failing is None and self._elements:
            failing = self._elements.failing(given)
        found = messages.offending(elements, fails, failing)
        if found and self._wanted:
            shown |= messages.shown_of(found, self._over.variable, fails, self._wanted, self._read_of_elements)
        return Decision("fail", shown=shown, offences=tuple(map(self._offence, found)), measures=measures)

    def _offence(self, element: Any) -> Any:
        """What makes an element fail, and what it is called: a change of anything else is none for the worse."""
        if self._read_of_elements is None or not isinstance(element, Mapping):
            return element
        kept = self._read_of_elements | {_NAME}
        return {name: value for name, value in element.items() if name in kept}

    @cached_property
    def _read_of_elements(self) -> Set[str] | None:
        """On which of an element's fields it depends whether it fails; None: any."""
        return self._each.inputs.read()[self._over.field] if self._over else None

    def _measures(self, facts: Mapping[str, Any]) -> Mapping[str, Measure]:
        """Tried, not read from the expression: which numbers, very large or very small, would make the rule pass."""
        numbers = [(name, facts[name]) for name in self.asserts.written.paths if type(facts[name]) in (int, float)]
        if not numbers:
            return {}
        read = {path: facts[path] for path in self.asserts.written.paths}
        found: dict[str, Measure] = {}
        for name, value in numbers:

            def passes(tried: float, name: str = name) -> bool:
                return self.asserts.evaluate(Given({**read, name: tried})).value is True

            large, small = passes(_VERY_LARGE), passes(-_VERY_LARGE)
            if large != small:
                found[name] = Measure(value, more_is_better=large)
        return found


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


def _write(rule: Rule, parameters: Mapping[str, Any]) -> WrittenRule:
    # Imported only by those who judge by rules, or parameters, that don't come with Assay.
    from assay.policies import expressions

    return expressions.write(rule, parameters)


def prepare(resource: Resource, inputs: Inputs | None = None) -> tuple[Mapping[str, Any], Given]:
    """The resource's facts, every field of its kind present, and the same for the engine: converted once for all rules,
    where `inputs` says what they read together."""
    facts = complete(resource.kind, resource.facts)
    return facts, Given(facts, inputs)


def complete(kind: str, facts: Mapping[str, Fact]) -> dict[str, Any]:
    """Field → value, with Unknown for what was not read or not collected."""
    stated = ((name, facts.get(name, _MISSING)) for name in registry.names(kind))
    return {name: fact.value if isinstance(fact, Known) else fact for name, fact in stated}


def _reasons(assertion: Assertion, facts: Mapping[str, Any], error: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(assertion.reasons(facts))) or (f"the rule's expression failed: {error}",)
