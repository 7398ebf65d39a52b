"""CloudFormation's intrinsic functions: what a value of a template is, as far as the template alone says."""

import re
from collections.abc import Mapping
from typing import Any

from assay.detectors.cloud.values import Reference, Template, TooMuch, assembled, settled, unresolved, written
from assay.scanner.api import Unknown

_STEPS = 50_000
_NESTING = 60
_UNMARKED: Mapping[str, str] = {}
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class TemplateFile:
    """One template, with the ids of its resources."""

    def __init__(self, definition: Mapping[str, Any], ids: Mapping[str, int]) -> None:
        self._parameters = _section(definition, "Parameters")
        self._conditions = _section(definition, "Conditions")
        self._mappings = _section(definition, "Mappings")
        self._ids = ids
        self._spent = 0
        self._asking: list[str] = []

    def evaluate(self, properties: Any) -> Any:
        """The values of a resource's properties; what the template alone can't say is Unknown with its source."""
        self._spent = 0
        self._asking = []
        if not isinstance(properties, Mapping):
            return Unknown(reason="unreadable: expected properties")
        plain = {key: value for key, value in properties.items() if "." not in str(key)}
        try:
            return self._value(plain, 0, _marks(properties))
        except TooMuch:
            return Unknown(reason="unresolved: the properties are too large")

    def holds(self, condition: str) -> bool | Unknown:
        """Whether a named condition is true."""
        self._spent = 0
        self._asking = []
        try:
            return self._condition({"Condition": condition}, 0)
        except TooMuch:
            return unresolved(f"the condition {condition}")

    def _value(self, raw: Any, depth: int, marks: Mapping[str, str] = _UNMARKED, path: str = "") -> Any:
        self._spent += 1
        if self._spent > _STEPS or depth > _NESTING:
            raise TooMuch
        inner = f"{path}." if path else ""
        if isinstance(raw, list | tuple):
            listed = [self._value(element, depth + 1, marks, f"{inner}{at}") for at, element in enumerate(raw)]
            return [element for element in listed if element is not None]
        if isinstance(raw, str) and f"{path}.Ref" in marks:
            return self._ref(marks[f"{path}.Ref"])
        if isinstance(raw, str) and f"{path}.Fn::Sub" in marks:
            return self._substituted(marks[f"{path}.Fn::Sub"], depth)
        if not isinstance(raw, Mapping):
            return raw
        keys = [key for key in raw if not str(key).startswith("__")]
        if len(keys) == 1 and (keys[0] == "Ref" or str(keys[0]).startswith("Fn::")):
            return self._call(str(keys[0]), raw[keys[0]], depth + 1)
        return {str(key): self._value(raw[key], depth + 1, marks, f"{inner}{key}") for key in keys}

    def _call(self, name: str, argument: Any, depth: int) -> Any:
        match name:
            case "Ref":
                return self._ref(str(argument))
            case "Fn::GetAtt":
                return self._attribute(argument, depth)
            case "Fn::Sub":
                return self._substituted(argument, depth)
            case "Fn::If":
                return self._chosen(argument, depth)
            case "Fn::Join":
                return self._joined(argument, depth)
            case "Fn::Select":
                return self._selected(argument, depth)
            case "Fn::Split":
                return self._split(argument, depth)
            case "Fn::FindInMap":
                return self._found(argument, depth)
        shown = argument if isinstance(argument, str) else ""
        return unresolved(f"{name} {shown}".strip())

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return None
        if name in self._parameters:
            return self._parameter(name)
        if name in self._ids:
            return Reference(text=name, targets=(self._ids[name],), attribute="Ref")
        return unresolved(name)

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        type_ = str(declared.get("Type", "String")) if isinstance(declared, Mapping) else ""
        if not isinstance(declared, Mapping) or "Default" not in declared or type_.startswith("AWS::SSM::"):
            # The default of a parameter that is read from SSM is the name under which it is kept there.
            return unresolved(f"parameter {name}")
        default = declared["Default"]
        if type_.startswith("List<") or type_ == "CommaDelimitedList":
            return [part.strip() for part in str(default).split(",") if part.strip()]
        return default

    def _attribute(self, argument: Any, depth: int) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list | tuple) or len(parts) != 2 or not isinstance(parts[0], str):
            return unresolved("Fn::GetAtt")
        attribute = written(self._value(parts[1], depth))
        if parts[0] not in self._ids or not isinstance(attribute, str):
            return unresolved(f"{parts[0]}.{attribute}")
        return Reference(text=f"{parts[0]}.{attribute}", targets=(self._ids[parts[0]],), attribute=attribute)

    def _substituted(self, argument: Any, depth: int) -> Any:
        given: Mapping[str, Any] = {}
        if isinstance(argument, list | tuple) and len(argument) == 2 and isinstance(argument[1], Mapping):
            argument, given = argument
        if not isinstance(argument, str):
            return unresolved("Fn::Sub")
        parts: list[Any] = []
        position = 0
        for match in _PLACEHOLDER.finditer(argument):
            parts.append(argument[position : match.start()])
            position = match.end()
            name = match[1].strip()
            if name.startswith("!"):
                parts.append(f"${{{name[1:]}}}")
            elif name in given:
                parts.append(self._value(given[name], depth))
            else:
                parts.append(self._attribute(name, depth) if "." in name else self._ref(name))
        return _text([*parts, argument[position:]])

    def _chosen(self, argument: Any, depth: int) -> Any:
        if not isinstance(argument, list | tuple) or len(argument) != 3:
            return unresolved("Fn::If")
        answer = self._condition({"Condition": argument[0]}, depth)
        if isinstance(answer, Unknown):
            return answer
        return self._value(argument[1 if answer else 2], depth)

    def _joined(self, argument: Any, depth: int) -> Any:
        if not isinstance(argument, list | tuple) or len(argument) != 2:
            return unresolved("Fn::Join")
        listed = self._value(argument[1], depth)
        if not isinstance(listed, list):
            return settled(listed) if isinstance(listed, Unknown | Reference | Template) else unresolved("Fn::Join")
        parts: list[Any] = []
        for index, part in enumerate(listed):
            parts += [str(argument[0]), part] if index else [part]
        return _text(parts)

    def _selected(self, argument: Any, depth: int) -> Any:
        if not isinstance(argument, list | tuple) or len(argument) != 2:
            return unresolved("Fn::Select")
        index, listed = self._value(argument[0], depth), self._value(argument[1], depth)
        if isinstance(listed, list) and str(index).isdecimal() and int(str(index)) < len(listed):
            return listed[int(str(index))]
        return listed if isinstance(listed, Unknown) else unresolved("Fn::Select")

    def _split(self, argument: Any, depth: int) -> Any:
        if not isinstance(argument, list | tuple) or len(argument) != 2:
            return unresolved("Fn::Split")
        separator, text = argument[0], self._value(argument[1], depth)
        if isinstance(text, str) and isinstance(separator, str) and separator:
            return text.split(separator)
        return settled(text) if isinstance(text, Unknown | Reference | Template) else unresolved("Fn::Split")

    def _found(self, argument: Any, depth: int) -> Any:
        here: Any = self._mappings
        for part in argument if isinstance(argument, list | tuple) else ():
            key = self._value(part, depth)
            if isinstance(key, Unknown):
                return key
            if not isinstance(here, Mapping) or not isinstance(key, str | int) or key not in here:
                return unresolved("Fn::FindInMap")
            here = here[key]
        return self._value(here, depth)

    def _condition(self, raw: Any, depth: int, marks: Mapping[str, str] = _UNMARKED, path: str = "") -> bool | Unknown:
        self._spent += 1
        if self._spent > _STEPS or depth > _NESTING:
            raise TooMuch
        if isinstance(raw, Mapping):
            keys = [key for key in raw if not str(key).startswith("__") and "." not in str(key)]
            if len(keys) == 1:
                inner = f"{path}.{keys[0]}" if path else str(keys[0])
                return self._test(str(keys[0]), raw[keys[0]], depth + 1, marks, inner)
        return unresolved("a condition")

    def _test(self, name: str, argument: Any, depth: int, marks: Mapping[str, str], path: str) -> bool | Unknown:
        if name == "Condition":
            return self._named(argument, depth)
        if not isinstance(argument, list | tuple):
            return unresolved(name)
        if name == "Fn::Equals" and len(argument) == 2:
            values = [settled(self._value(part, depth, marks, f"{path}.{at}")) for at, part in enumerate(argument)]
            unknown = next((value for value in values if isinstance(value, Unknown)), None)
            return unknown or _plain(values[0]) == _plain(values[1])
        answers = [self._condition(part, depth, marks, f"{path}.{at}") for at, part in enumerate(argument)]
        if name == "Fn::Not" and len(answers) == 1:
            return answers[0] if isinstance(answers[0], Unknown) else not answers[0]
        if name in ("Fn::And", "Fn::Or"):
            decisive = name == "Fn::Or"
            if decisive in answers:
                return decisive
            return next((answer for answer in answers if isinstance(answer, Unknown)), not decisive)
        return unresolved(name)

    def _named(self, name: Any, depth: int) -> bool | Unknown:
        if not isinstance(name, str) or name not in self._conditions or name in self._asking:
            return unresolved(f"the condition {name}")
        declared = self._conditions[name]
        self._asking.append(name)
        answer = self._condition(declared, depth, _marks(declared) if isinstance(declared, Mapping) else _UNMARKED)
        self._asking.pop()
        return answer


def _section(definition: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = definition.get(name)
    return section if isinstance(section, Mapping) else {}


def _marks(rendered: Mapping[str, Any]) -> dict[str, str]:
    """checkov fills in defaults where they are used, and keeps what stood there under a dotted key."""
    return {key: value for key, value in rendered.items() if "." in str(key) and isinstance(value, str)}


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(parts: list[Any]) -> Any:
    """The parts put together; one that isn't known is shown by what stood in its way."""
    return assembled(
        (part, part.reason.removeprefix("unresolved: ") if isinstance(part, Unknown) else "…") for part in parts
    )
