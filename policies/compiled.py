"""A rule ready to judge: checked against its kind's schema, parameters filled in, its assertions compiled."""

from collections.abc import Mapping
from typing import Any

import msgspec

from assay.policies.cel import kleene, syntax, types
from assay.policies.cel.kleene import Assertion
from assay.policies.cel.syntax import CelError, Items, Literal, Name, Node, Select
from assay.scanner.kinds import registry
from assay.scanner.model.fact import NOT_COLLECTED, Fact, Known, Unknown
from assay.scanner.model.finding import Outcome
from assay.scanner.model.resource import Resource
from assay.scanner.model.rule import Rule


class Decision(msgspec.Struct, frozen=True):
    """What a rule says of a resource. `outcome` None: the rule does not apply."""

    outcome: Outcome | None
    reasons: tuple[str, ...] = ()
    """Why it is unknown."""


class CompiledRule:
    """A rule with the parameters of some packs."""

    def __init__(self, rule: Rule, parameters: Mapping[str, Any] | None = None) -> None:
        """Raises CelError, naming the key, where an expression is refused. Unset parameters keep their defaults."""
        self.rule = rule
        self.parameters = {**rule.parameters, **(parameters or {})}
        self._assert = self._compile("assert", rule.assertion)
        self._applies = self._compile("applies", rule.applies) if rule.applies else None
        self.reads = tuple(sorted(self._assert.paths | (self._applies.paths if self._applies else frozenset())))
        """The facts that the rule looks at."""

    def decide(self, facts: Mapping[str, Any], context: Any) -> Decision:
        """Judges one resource; `facts` and `context` come from `prepare`."""
        if self._applies:
            applies = self._applies.evaluate(context)
            if applies.value is False:
                return Decision(None)
            if applies.value is None:
                return Decision("unknown", self._reasons(facts, self._applies.paths, applies.error))
        verdict = self._assert.evaluate(context)
        if verdict.value is None:
            return Decision("unknown", self._reasons(facts, self._assert.paths, verdict.error))
        return Decision("pass" if verdict.value else "fail")

    def _compile(self, key: str, text: str) -> Assertion:
        try:
            node = syntax.parse(text)
            lists = types.check(
                node,
                {name: types.from_inspect(info) for name, info in registry.fields(self.rule.kind).items()},
                {name: types.from_value(value) for name, value in self.parameters.items()},
            )
            return Assertion(_fill(node, self.parameters), lists)
        except CelError as error:
            raise CelError(f"{key}: {error}") from None
        except RecursionError:
            raise CelError(f"{key}: nested too deeply") from None

    def _reasons(self, facts: Mapping[str, Any], paths: frozenset[str], error: str | None) -> tuple[str, ...]:
        found = [line for path in sorted(paths) for line in kleene.unknowns(facts[path], path)]
        return tuple(found) or (f"the rule's expression failed: {error}",)


def prepare(resource: Resource) -> tuple[Mapping[str, Any], Any]:
    """The resource's facts, every field of its kind present, and the engine's context, made once for all rules."""
    facts = complete(resource.kind, resource.facts)
    return facts, kleene.context(facts, {})


def complete(kind: str, facts: Mapping[str, Fact]) -> dict[str, Any]:
    """Field → value, with Unknown for what was not read or not collected."""
    missing = Unknown(reason=NOT_COLLECTED)
    found: dict[str, Any] = {}
    for name in registry.fields(kind):
        fact = facts.get(name, missing)
        found[name] = fact.value if isinstance(fact, Known) else fact
    return found


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
