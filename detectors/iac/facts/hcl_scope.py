"""What the names in a Terraform expression mean: variables, locals, modules, data, and other resources."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from assay.detectors.cloud import gcp_policy
from assay.detectors.cloud.azure_identity import built_in_id
from assay.detectors.cloud.block import Bindings, Block
from assay.detectors.cloud.policy_document import document, managed_arn
from assay.detectors.cloud.values import Reference, Template, TooMuch, assembled, claim, settled, unresolved
from assay.detectors.iac.facts import hcl_tree as nodes
from assay.detectors.iac.facts.hcl_definitions import Definitions, Instance, Scope
from assay.detectors.iac.facts.hcl_functions import call
from assay.detectors.iac.facts.hcl_operators import operate
from assay.detectors.iac.facts.hcl_syntax import parse_text
from assay.scanner.api import Unknown

_STEPS = 50_000
"""Bounds the work, and so the size of the value, of one argument."""
_INSTANCES = 200
_DATA: Mapping[tuple[str, str], Callable[[Block], Any]] = {
    ("aws_iam_policy", "arn"): managed_arn,
    ("aws_iam_policy_document", "json"): document,
    ("aws_iam_policy_document", "minified_json"): document,
    ("azurerm_role_definition", "id"): built_in_id,
    ("google_iam_policy", "policy_data"): gcp_policy.document,
}
_ACCOUNT_WIDE = ("path", "terraform", "self")


class Evaluator:
    """Evaluates arguments. What it can't evaluate with certainty is Unknown, with the name that stood in the way."""

    def __init__(
        self, definitions: Definitions, instances: Mapping[tuple[Scope, str, str], tuple[Instance, ...]]
    ) -> None:
        self._definitions = definitions
        self._instances = instances
        self._known: dict[tuple[Any, ...], tuple[Any, int]] = {}
        self._active: set[tuple[Any, ...]] = set()
        self._spent = 0
        self._depth = 0

    def evaluate(self, raw: Any, scope: Scope, bindings: Bindings) -> Any:
        """The value of an argument."""
        if self._depth == 0:
            self._spent = 0
        self._depth += 1
        try:
            return self._raw(raw, scope, bindings)
        except nodes.Unsupported as error:
            return Unknown(reason=f"unresolved: an expression with {error}")
        except (TooMuch, RecursionError):
            if self._depth > 1:
                raise
            return Unknown(reason="unresolved: the expression is too large")
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._active.clear()

    def bindings(self, scope: Scope, arguments: Mapping[str, Any], key: str | int | None) -> Bindings:
        """What `each` and `count` mean inside a resource or module call with these arguments."""
        if "count" in arguments:
            return {"count": {"index": unresolved("count.index") if key is None else key}}
        if "for_each" not in arguments:
            return {}
        over = self.evaluate(_unwrapped(arguments["for_each"]), scope, {})
        if isinstance(over, Reference) and not over.attribute:
            return {"each": {"key": unresolved("each.key"), "value": over}}
        if key is None and isinstance(over, Mapping | list) and len(over) == 1:
            key = next(iter(over)) if isinstance(next(iter(over)), str) else None
        if key is None:
            unknown = over if isinstance(over, Unknown) else None
            return {"each": {"key": unknown or unresolved("each.key"), "value": unknown or unresolved("each.value")}}
        value = over.get(key, unresolved("each.value")) if isinstance(over, Mapping) else unresolved("each.value")
        return {"each": {"key": key, "value": key if isinstance(over, list) else value}}

    def keys(self, scope: Scope, arguments: Mapping[str, Any]) -> list[str | int]:
        """The keys that `count` or `for_each` makes; none where they can't be told, or are too many to list."""
        if "count" in arguments:
            count = self.evaluate(_unwrapped(arguments["count"]), scope, {})
            return list(range(count)) if type(count) is int and 0 < count <= _INSTANCES else []
        over = self.evaluate(_unwrapped(arguments.get("for_each")), scope, {})
        if not isinstance(over, Mapping | list) or len(over) > _INSTANCES:
            return []
        keys = list(over)
        return keys if all(isinstance(key, str) for key in keys) else []

    def absent(self, scope: Scope, arguments: Mapping[str, Any]) -> bool:
        """Whether `count` or `for_each` is certain to make none of the resource."""
        if "count" in arguments:
            return self.evaluate(_unwrapped(arguments["count"]), scope, {}) in (0, "0", False)
        if "for_each" in arguments:
            return self.evaluate(_unwrapped(arguments["for_each"]), scope, {}) in ([], {})
        return False

    def _raw(self, raw: Any, scope: Scope, bindings: Bindings) -> Any:
        self._spend(1)
        if isinstance(raw, str):
            if "${" not in raw and "%{" not in raw:
                return raw
            return self._tree(parse_text(raw), scope, bindings)
        if isinstance(raw, list | tuple):
            return [self.evaluate(element, scope, bindings) for element in raw]
        if isinstance(raw, Mapping):
            return {
                key: self.evaluate(value, scope, bindings)
                for key, value in raw.items()
                if not str(key).startswith("__")
            }
        return raw

    def _tree(self, tree: Any, scope: Scope, bindings: Bindings) -> Any:
        self._spend(1)
        match tree:
            case nodes.Literal():
                return tree.value
            case nodes.Text():
                return self._text(tree, scope, bindings)
            case nodes.Path():
                return self._path(tree, scope, bindings)
            case nodes.Call():
                if tree.name == "try" and len(tree.arguments) > 1:
                    return self._walk(self._try(tree, scope, bindings), tree.steps, tree.name, scope, bindings)
                arguments = [self._tree(argument, scope, bindings) for argument in tree.arguments]
                result = call(tree.name, arguments)
                self._spend(_size(result))
                return self._walk(result, tree.steps, f"{tree.name}(…)", scope, bindings)
            case nodes.ListOf():
                return [self._tree(item, scope, bindings) for item in tree.items]
            case nodes.ObjectOf():
                return self._object(tree, scope, bindings)
            case nodes.Ambiguous():
                return self._agreed([self._tree(reading, scope, bindings) for reading in tree.readings])
            case nodes.For():
                return self._for(tree, scope, bindings)
            case nodes.Operation():
                return operate(tree.operator, [self._tree(operand, scope, bindings) for operand in tree.operands])
            case nodes.Conditional():
                return self._conditional(tree, scope, bindings)
        raise nodes.Unsupported(type(tree).__name__)

    def _conditional(self, tree: nodes.Conditional, scope: Scope, bindings: Bindings) -> Any:
        value = self._chosen(self._tree(tree.condition, scope, bindings), tree, scope, bindings)
        test = tree.condition
        if not isinstance(test, nodes.Operation) or len(test.operands) != 2:
            return value
        # `a || (b ? c : d)` has lost its parentheses, and may be what is meant where b, c and d are booleans.
        last = settled(self._tree(test.operands[1], scope, bindings))
        other = self._chosen(last, tree, scope, bindings) if isinstance(last, bool) else None
        if isinstance(other, bool):
            first = self._tree(test.operands[0], scope, bindings)
            if operate(test.operator, [first, other]) != value:
                raise nodes.Unsupported("operators whose parentheses are lost")
        return value

    def _chosen(self, condition: Any, tree: nodes.Conditional, scope: Scope, bindings: Bindings) -> Any:
        condition = settled(condition)
        if isinstance(condition, bool) or condition in ("true", "false"):
            return self._tree(tree.then if condition in (True, "true") else tree.otherwise, scope, bindings)
        return condition if isinstance(condition, Unknown) else unresolved("a condition")

    def _try(self, tree: nodes.Call, scope: Scope, bindings: Bindings) -> Any:
        """`try` of a resource that certainly isn't made gives its fallback; else its first argument."""
        first = tree.arguments[0]
        if isinstance(first, nodes.Path) and first.steps and isinstance(first.steps[0], str):
            body = self._definitions.find(scope, "resource", (first.root, first.steps[0]))
            if isinstance(body, Mapping) and self.absent(scope, body):
                return self._tree(tree.arguments[1], scope, bindings)
        return self._tree(first, scope, bindings)

    def _text(self, tree: nodes.Text, scope: Scope, bindings: Bindings) -> Any:
        return assembled(
            (part, "") if isinstance(part, str) else (self._tree(part.tree, scope, bindings), part.source)
            for part in tree.parts
        )

    def _object(self, tree: nodes.ObjectOf, scope: Scope, bindings: Bindings) -> Any:
        result: dict[str, Any] = {}
        for key_tree, value_tree in tree.pairs:
            key = claim(self._tree(key_tree, scope, bindings))
            if isinstance(key, Unknown):
                return key
            result[str(key)] = self._tree(value_tree, scope, bindings)
        return result

    def _agreed(self, values: list[Any]) -> Any:
        """What every reading of an ambiguous expression gives."""
        first = values[0]
        if all(value is first or (isinstance(value, Unknown) and isinstance(first, Unknown)) for value in values):
            return first
        raise nodes.Unsupported("operators whose parentheses are lost")

    def _for(self, tree: nodes.For, scope: Scope, bindings: Bindings) -> Any:
        over = self._tree(tree.collection, scope, bindings)
        if isinstance(over, Unknown):
            return over
        if isinstance(over, Mapping):
            pairs = list(over.items())
        elif isinstance(over, list | tuple):
            # The parser doesn't keep the order of lists, so an element's place is not known.
            place = 0 if len(over) == 1 else unresolved("the place in a list")
            pairs = [(place, element) for element in over]
        else:
            return settled(over) if isinstance(over, Reference | Template) else unresolved("a for expression")
        entries: list[Any] = []
        made: dict[str, Any] = {}
        for key, value in pairs:
            inner = {
                **bindings,
                **dict(zip(tree.names, (key, value) if len(tree.names) == 2 else (value,), strict=True)),
            }
            kept = settled(self._tree(tree.condition, scope, inner))
            if not isinstance(kept, bool):
                return kept if isinstance(kept, Unknown) else unresolved("the condition of a for expression")
            if not kept:
                continue
            entries.append(self._tree(tree.value, scope, inner))
            if tree.key is not None:
                name = settled(self._tree(tree.key, scope, inner))
                if isinstance(name, Unknown):
                    return name
                made[str(name)] = entries[-1]
        return entries if tree.key is None else made

    def _path(self, path: nodes.Path, scope: Scope, bindings: Bindings) -> Any:
        root, steps = path.root, path.steps
        if root in bindings:
            return self._walk(bindings[root], steps, path.source, scope, bindings)
        name = steps[0] if steps and isinstance(steps[0], str) else None
        if name is None or root in _ACCOUNT_WIDE:
            return unresolved(path.source)
        if root == "var":
            return self._walk(self._variable(name, scope), steps[1:], path.source, scope, bindings)
        if root == "local":
            return self._walk(self._local(name, scope), steps[1:], path.source, scope, bindings)
        if root == "module":
            return self._output(name, path, scope, bindings)
        if root == "data":
            return self._data(path, scope, bindings)
        return self._resource(path, name, scope, bindings)

    def _variable(self, name: str, scope: Scope) -> Any:
        declared = self._definitions.find(scope, "variable", name)
        if not isinstance(declared, Mapping):
            return unresolved(f"var.{name}")
        if scope.module is not None:
            parent = self._definitions.parent(scope)
            given = self._definitions.find(parent, "module", scope.module.name)
            if isinstance(given, Mapping) and name in given:
                bindings = self.bindings(parent, given, scope.module.foreach_idx)
                value = self._once(("var", scope, name), given[name], parent, bindings)
                if value is not None or declared.get("nullable") != [False]:
                    return value
        elif (scope.directory, name) in self._definitions.tfvars:
            return self._once(("var", scope, name), self._definitions.tfvars[scope.directory, name], scope, {})
        if "default" in declared:
            return self._once(("default", scope, name), declared["default"], scope, {})
        return unresolved(f"var.{name}")

    def _local(self, name: str, scope: Scope) -> Any:
        declared = self._definitions.find(scope, "locals", name)
        if declared is None:
            return unresolved(f"local.{name}")
        return self._once(("local", scope, name), declared, scope, {})

    def _output(self, name: str, path: nodes.Path, scope: Scope, bindings: Bindings) -> Any:
        steps = list(path.steps[1:])
        key: Any = None
        if steps and isinstance(steps[0], nodes.Index):
            key = self._tree(steps.pop(0).key, scope, bindings)
        child = self._definitions.child(scope, name, key if isinstance(key, str | int) else None)
        if child is None or not steps or not isinstance(steps[0], str):
            return unresolved(path.source)
        declared = self._definitions.find(child, "output", steps[0])
        if not isinstance(declared, Mapping) or "value" not in declared:
            return unresolved(path.source)
        value = self._once(("output", child, steps[0]), declared["value"], child, {})
        return self._walk(value, tuple(steps[1:]), path.source, scope, bindings)

    def _data(self, path: nodes.Path, scope: Scope, bindings: Bindings) -> Any:
        names = [step for step in path.steps if isinstance(step, str)]
        index = next((step for step in path.steps if isinstance(step, nodes.Index)), None)
        read = _DATA.get((names[0], names[2])) if len(names) == 3 else None
        if read is None:
            return unresolved(path.source)
        body = self._definitions.find(scope, "data", (names[0], names[1]))
        if not isinstance(body, Mapping):
            return unresolved(path.source)
        key = ("data", scope, path.source)
        if key in self._active:
            return unresolved(path.source)
        self._active.add(key)
        chosen = self._tree(index.key, scope, bindings) if index else None
        inner = self.bindings(scope, body, chosen if isinstance(chosen, str | int) else None)
        result = read(
            Block(
                arguments=body,
                resolve=lambda raw, bound: self.evaluate(raw, scope, bound),
                wrapped=True,
                bindings=inner,
            )
        )
        self._active.discard(key)
        return unresolved(path.source) if result is None else result

    def _resource(self, path: nodes.Path, name: str, scope: Scope, bindings: Bindings) -> Any:
        instances = self._instances.get((scope, path.root, name), ())
        if not instances:
            return unresolved(path.source)
        steps = list(path.steps[1:])
        certain = True
        everyone = bool(steps) and isinstance(steps[0], nodes.Splat)
        if everyone:
            steps.pop(0)
        elif steps and isinstance(steps[0], nodes.Index):
            key = self._tree(steps.pop(0).key, scope, bindings)
            if isinstance(key, str | int):
                chosen = tuple(instance for instance in instances if instance.key == key)
                if not chosen:
                    chosen = tuple(instance for instance in instances if instance.key is None)
                    certain = not any("for_each" in instance.arguments for instance in chosen)
                instances = chosen or instances
            else:
                certain = len(instances) == 1
        if any(not isinstance(step, str | nodes.Index) for step in steps):
            return unresolved(path.source)
        suffix = tuple(step if isinstance(step, str) else "[…]" for step in steps)
        if everyone:
            return [self._reference((instance,), path, suffix, scope) for instance in instances]
        made = self._reference(instances, path, suffix, scope)
        return made if certain else replace(made, certain=False)

    def _reference(
        self, instances: tuple[Instance, ...], path: nodes.Path, suffix: tuple[str, ...], scope: Scope
    ) -> Reference:
        made = Reference(
            text=".".join((instances[0].address, *suffix)) if len(instances) == 1 else path.source,
            targets=tuple(instance.id for instance in instances),
            attribute=suffix[0] if suffix else "",
        )
        if len(instances) == 1 and len(suffix) == 1 and suffix[0] in instances[0].arguments:
            arguments, argument = instances[0].arguments, suffix[0]
            bindings = self.bindings(scope, arguments, instances[0].key)
            value = self._once(("argument", scope, instances[0].id, argument), arguments[argument], scope, bindings)
            if isinstance(value, str | int | float | bool):
                return replace(made, value=value)
        return made

    def _walk(self, value: Any, steps: tuple[Any, ...], source: str, scope: Scope, bindings: Bindings) -> Any:
        for position, step in enumerate(steps):
            if isinstance(value, Unknown):
                return value
            if isinstance(value, Reference) and isinstance(step, str):
                value = replace(value, text=f"{value.text}.{step}", attribute=value.attribute or step, value=None)
                continue
            if isinstance(step, nodes.Splat) and isinstance(value, list):
                rest = steps[position + 1 :]
                return [self._walk(element, rest, source, scope, bindings) for element in value]
            key = self._tree(step.key, scope, bindings) if isinstance(step, nodes.Index) else step
            if isinstance(value, Mapping) and isinstance(key, str) and key in value:
                value = value[key]
            elif isinstance(value, list) and len(value) == 1 and key == 0:
                value = value[0]
            else:
                # An index into a longer list is refused too, as the parser doesn't keep the order of lists.
                return unresolved(source)
        return value

    def _once(self, key: tuple[Any, ...], raw: Any, scope: Scope, bindings: Bindings) -> Any:
        if key in self._known:
            value, cost = self._known[key]
            self._spend(cost)
            return value
        if key in self._active:
            return unresolved(f"{key[0]}.{key[-1]}, which refers to itself")
        self._active.add(key)
        before = self._spent
        value = self.evaluate(_unwrapped(raw), scope, bindings)
        self._known[key] = (value, self._spent - before)
        self._active.discard(key)
        return value

    def _spend(self, steps: int) -> None:
        self._spent += steps
        if self._spent > _STEPS:
            raise TooMuch


def _unwrapped(raw: Any) -> Any:
    return raw[0] if isinstance(raw, list) and len(raw) == 1 else raw


def _size(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(_size(inner) for inner in value.values())
    return 1 + sum(_size(inner) for inner in value) if isinstance(value, list | tuple) else 1
