"""What an evaluated expression may be, and how it becomes a fact: absent, known, or unknown with its source."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from assay.scanner.api import Fact, Known, Location, Unknown

_REASON_LENGTH = 160
_TEXT_LENGTH = 50_000


class TooMuch(Exception):
    """An expression costs more, or makes a longer text, than any honest one."""


class Reference(Struct, frozen=True, kw_only=True):
    """A property of another resource of the same source, whose value exists only once it is deployed."""

    text: str
    """The reference as a person would write it, such as `aws_kms_key.data.arn`."""
    targets: tuple[int, ...] = ()
    """Ids of the blocks it points at."""
    attribute: str = ""
    certain: bool = True
    """False where it points at one of the targets, and which one isn't known; else it points at each of them."""
    value: str | int | float | bool | None = None
    """The value, where the attribute is an argument that the other resource declares."""


class Template(Struct, frozen=True, kw_only=True):
    """A string of which only a part is known."""

    text: str
    """As written, the known parts filled in."""
    unknowns: tuple[tuple[str, str], ...] = ()
    """The parts that could not be resolved: their text in the template, and why."""
    references: tuple[Reference, ...] = ()


def unresolved(what: str) -> Unknown:
    """An expression that could not be evaluated, named by its source."""
    line = " ".join(what.split())
    return Unknown(reason=f"unresolved: {line[:_REASON_LENGTH]}")


def assembled(parts: Iterable[tuple[Any, str]]) -> str | Template:
    """A string from its parts, each with the source to show where it isn't known. Raises TooMuch."""
    text = ""
    unknowns: list[tuple[str, str]] = []
    references: list[Reference] = []
    for value, source in parts:
        if isinstance(value, Reference) and value.value is not None:
            value = value.value
        if isinstance(value, Template):
            text += value.text
            unknowns.extend(value.unknowns)
            references.extend(value.references)
        elif isinstance(value, Reference):
            text += f"${{{value.text}}}"
            references.append(value)
        elif isinstance(value, str | int | float):
            text += str(value).lower() if isinstance(value, bool) else str(value)
        else:
            shown = f"${{{source}}}"
            text += shown
            unknowns.append((shown, value.reason if isinstance(value, Unknown) else f"unresolved: {source}"))
        if len(text) > _TEXT_LENGTH:
            raise TooMuch
    if not unknowns and not references:
        return text
    return Template(text=text, unknowns=tuple(unknowns), references=tuple(references))


def settled(value: Any) -> Any:
    """The value itself, or an Unknown where it exists only once deployed or in part."""
    if isinstance(value, Reference):
        return unresolved(value.text) if value.value is None else value.value
    if isinstance(value, Template):
        return Unknown(reason=value.unknowns[0][1]) if value.unknowns else unresolved(value.text)
    return value


def claim(value: Any) -> Any:
    """As `settled`; but of a claim of an identity provider, whose address is hardly ever known, the text is enough."""
    if isinstance(value, Template) and value.text.endswith((":aud", ":sub")):
        return value.text
    return settled(value)


def written(value: Any) -> Any:
    """A string as written, references and partly known strings included; else an Unknown, or None if absent."""
    if isinstance(value, Reference) and value.value is not None:
        value = value.value
    if isinstance(value, Reference | Template):
        return value.text
    if value is None or isinstance(value, str | Unknown):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return Unknown(reason="unreadable: expected a string")


def boolean(value: Any, default: bool | Unknown) -> Fact:
    """A boolean argument; `default` is what the provider documents for an absent one."""
    value = settled(value)
    if value is None:
        return default if isinstance(default, Unknown) else Known(value=default)
    if isinstance(value, bool | Unknown):
        return value if isinstance(value, Unknown) else Known(value=value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return Known(value=value.lower() == "true")
    return Unknown(reason="unreadable: expected true or false")


def integer(value: Any, default: int | Unknown | None) -> Fact:
    """A whole number; strings of digits count, as CloudFormation and older Terraform write them."""
    value = settled(value)
    if value is None:
        return default if isinstance(default, Unknown) else Known(value=default)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Known(value=value)
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal():
        return Known(value=int(value))
    return Unknown(reason="unreadable: expected a whole number")


def text(value: Any, default: str | None) -> Fact:
    """A string that must be wholly known."""
    value = settled(value)
    if value is None:
        return Known(value=default)
    if isinstance(value, Unknown):
        return value
    return as_fact(written(value))


def choice(value: Any, default: str, *accepted: str) -> Fact:
    """Whether a string argument, letter case aside, is one of the accepted words."""
    fact = text(value, default)
    if isinstance(fact, Known):
        return Known(value=str(fact.value).lower() in {word.lower() for word in accepted})
    return fact


def reference(value: Any) -> Fact:
    """A reference to something else, as written; None where it is absent or empty."""
    value = written(value)
    return as_fact(None if value == "" else value)


def present(value: Any) -> Fact:
    """Whether an argument is set at all: a reference is, though its value isn't known."""
    if isinstance(value, Unknown):
        return value
    return Known(value=value not in (None, "", [], {}))


def kms_key(value: Any) -> Fact:
    """A customer-managed key's reference as written; None for no key, or for one of AWS's own (`alias/aws/…`)."""
    fact = reference(value)
    if isinstance(fact, Known) and isinstance(fact.value, str) and "alias/aws/" in fact.value:
        return Known(value=None)
    return fact


def common_key(keys: Sequence[Fact]) -> Fact:
    """The key where every part has one; None as soon as one part has none."""
    for key in keys:
        if isinstance(key, Known) and key.value is None:
            return key
    for key in keys:
        if isinstance(key, Unknown):
            return key
    return keys[0] if keys else Known(value=None)


def strings(value: Any) -> list[Any] | Unknown:
    """A list of strings as written, with Unknown for the elements that could not be read."""
    if isinstance(value, Unknown):
        return value
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        value = [value]
    return [written(element) for element in value if element is not None]


def tags(value: Any) -> Fact:
    """Tags or labels: a mapping, or AWS's list of `{Key, Value}`."""
    if isinstance(value, Unknown):
        return value
    if value is None:
        return Known(value={})
    if isinstance(value, list | tuple):
        pairs: dict[str, Any] = {}
        for element in value:
            if not isinstance(element, Mapping):
                return element if isinstance(element, Unknown) else Unknown(reason="unreadable: expected tags")
            key = element.get("Key", element.get("key"))
            if not isinstance(key, str):
                return Unknown(reason="unresolved: the name of a tag")
            pairs[key] = element.get("Value", element.get("value"))
        value = pairs
    if not isinstance(value, Mapping):
        return (
            settled(value) if isinstance(value, Reference | Template) else Unknown(reason="unreadable: expected tags")
        )
    return Known(value={str(key): _tag(inner) for key, inner in sorted(value.items(), key=lambda pair: str(pair[0]))})


def _tag(value: Any) -> Any:
    inner = written(settled(value))
    return "" if inner is None else inner


def as_fact(value: Any) -> Fact:
    """Wraps a value that is already of the field's type, or Unknown."""
    return value if isinstance(value, Unknown) else Known(value=value)


def value_of(fact: Fact) -> Any:
    """The inverse of `as_fact`, for values inside lists and structs."""
    return fact if isinstance(fact, Unknown) else fact.value


def at(fact: Fact, origin: Location | None) -> Fact:
    """The same fact, stated at another place."""
    return replace(fact, origin=origin)


def gathered(parts: Sequence[tuple[Any, Location | None]]) -> Fact:
    """A list from several places; its origin is that of all its parts, if they have the same."""
    places = {origin for _, origin in parts}
    return Known(value=[value for value, _ in parts], origin=places.pop() if len(places) == 1 else None)


def any_of(facts: Iterable[Fact]) -> Fact:
    """True if one is true, whatever the others; else unknown if one is unknown; else false."""
    return _decide(list(facts), decisive=True)


def all_of(facts: Iterable[Fact]) -> Fact:
    """False if one is false, whatever the others; else unknown if one is unknown; else true."""
    return _decide(list(facts), decisive=False)


def negated(fact: Fact) -> Fact:
    """The opposite of a boolean fact."""
    return replace(fact, value=not fact.value) if isinstance(fact, Known) else fact


def _decide(facts: list[Fact], decisive: bool) -> Fact:
    for fact in facts:
        if isinstance(fact, Known) and fact.value is decisive:
            return fact
    for fact in facts:
        if isinstance(fact, Unknown):
            return fact
    return facts[0] if facts else Known(value=not decisive)
