"""Loads rule files, and proves each by its own examples."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from assay.policies.cel.error import CelError
from assay.policies.compiled import Compiled, Decision, compile_rule, prepare
from assay.policies.messages import placeholders
from assay.policies.read import PolicyError, at, convert, nearest, parse, read_bytes
from assay.policies.scale import Scale
from assay.scanner.kinds import registry
from assay.scanner.model.fact import Fact, Known, Unknown
from assay.scanner.model.resource import Resource
from assay.scanner.model.rule import Example, Rule
from assay.scanner.safe.time_limit import TimeLimitError, limited

_REQUIRED = ("fail", "pass", "unknown")
_NOT_SAID = Unknown(reason="the example doesn't say")
MAX_SECONDS = 1.0
"""For all examples of a rule that isn't built in."""


def load(folder: Path, safeguards: Iterable[str], prove: bool = False) -> tuple[Rule, ...]:
    """Every rule below a folder, by id. Raises PolicyError for the first that cannot be used.

    `prove` also tries each rule on its own examples; the built-in ones are proven by the test suite.
    """
    known = frozenset(safeguards)
    misnamed = next(iter(sorted(folder.rglob("*.yml"))), None)
    if misnamed:
        raise PolicyError(f"{misnamed}:1: rule files end in .yaml; rename it")
    found: dict[str, tuple[Rule, Path]] = {}
    for path in sorted(folder.rglob("*.yaml")):
        rule = load_own(path, known) if prove else load_file(path, known, compiled=False)
        for name in (rule.id, *rule.aliases):
            if name in found:
                raise PolicyError(f"{path}:1: the id {name!r} is already taken by {found[name][1]}")
            found[name] = (rule, path)
    unique = {rule.id: rule for rule, _ in found.values()}
    return tuple(unique[name] for name in sorted(unique))


def load_own(path: Path, safeguards: Iterable[str]) -> Rule:
    """A rule that isn't built in: compiled, and tried on its own examples. Raises PolicyError, with file and line."""
    if path.is_symlink():
        raise PolicyError(f"{path}:1: a rule file may not be a link")
    rule = load_file(path, frozenset(safeguards))
    _prove_in_time(rule, path)
    return rule


def load_file(path: Path, safeguards: frozenset[str], compiled: bool = True) -> Rule:
    """One rule. Raises PolicyError, with file and line, unless it is complete and its expressions check.

    The built-in rules' expressions are not `compiled` here, as the book does it for their parameters anyway.
    """
    text = read_bytes(path)
    rule = convert(_judged(parse(text, path), text, path), Rule, text, path)
    if rule.id != path.stem:
        raise at(f"the id must be the file's name, {path.stem!r}", text, path, ("id",))
    if rule.kind not in registry.KINDS:
        raise at(f"no kind is named {rule.kind!r}{nearest(rule.kind, registry.KINDS)}", text, path, ("kind",))
    for index, name in enumerate(rule.safeguards):
        if name not in safeguards:
            raise at(f"no safeguard is named {name!r}{nearest(name, safeguards)}", text, path, ("safeguards", index))
    if not rule.safeguards:
        raise at("a rule names at least one safeguard", text, path, ("safeguards",))
    _check_language(rule, text, path)
    try:
        if compiled:
            _check_message(rule, compile_rule(rule), text, path)
    except CelError as error:
        key, _, message = str(error).partition(": ")
        raise at(message, text, path, (key,)) from None
    missing = [outcome for outcome in _REQUIRED if not any(e.outcome == outcome for e in rule.examples)]
    if missing:
        raise at(f"no example with the outcome {' or '.join(missing)}", text, path, ("examples",))
    for index, example in enumerate(rule.examples if compiled else ()):
        try:
            registry.check(example_resource(rule, example))
        except registry.KindError as error:
            raise at(str(error), text, path, ("examples", index, "facts")) from None
    return rule


def _check_language(rule: Rule, text: bytes, path: Path) -> None:
    if (rule.assertion is None) == (rule.rego is None):
        raise at("a rule has either `assert`, in CEL, or `rego`", text, path, ("id",))
    if rule.rego is not None and (not rule.reads or rule.applies is not None):
        raise at("a rule in Rego has `reads`, and decides `applies` in its module", text, path, ("rego",))
    if rule.rego is None and rule.reads:
        raise at("`reads` is for rules in Rego; CEL shows what it reads", text, path, ("reads",))


def _judged(value: Any, text: bytes, path: Path) -> Any:
    """The rule as written, with the severity that follows from its `scale` in the place of that."""
    if not isinstance(value, dict):
        return value
    given = {key for key in ("scale", "severity") if key in value}
    if given == {"severity"}:
        return value
    rest = {key: inner for key, inner in value.items() if key != "scale"}
    if given == {"scale"}:
        return {**rest, "severity": convert(value, _Scaled, text, path).scale.severity}
    if given:
        raise at("`scale` says the severity; give one of the two", text, path, ("severity",))
    convert({**rest, "severity": "info"}, Rule, text, path)  # Whatever else is wrong explains more.
    raise at("either `scale` or `severity` is needed", text, path)


class _Scaled(Struct, frozen=True):
    scale: Scale


def _check_message(rule: Rule, compiled: Compiled, text: bytes, path: Path) -> None:
    names = sorted({"address", *compiled.showable})
    wrong = sorted(placeholders(rule.message) - set(names))
    if wrong:
        raise at(f"{{{wrong[0]}}} is not filled in; the rule may name {', '.join(names)}", text, path, ("message",))


def _prove_in_time(rule: Rule, path: Path) -> None:
    """As `_prove`, killed where an expression takes too long over its own examples."""

    def proven() -> bytes:
        try:
            _prove(rule, path)
        except PolicyError as error:
            return str(error).encode()
        return b""

    try:
        message = limited(proven, MAX_SECONDS)
    except TimeLimitError as error:
        raise at(f"judging its own examples {error}; simplify it", read_bytes(path), path, ("examples",)) from None
    if message:
        raise PolicyError(message.decode())


def _prove(rule: Rule, path: Path) -> None:
    for index, example in enumerate(rule.examples):
        said = try_example(rule, example).outcome or "not-applicable"
        if said != example.outcome:
            message = f"the rule says {said} of the example {example.name!r}, not {example.outcome}"
            raise at(message, read_bytes(path), path, ("examples", index))


def try_example(rule: Rule, example: Example) -> Decision:
    """What the rule says of one of its examples."""
    facts, context = prepare(example_resource(rule, example))
    return compile_rule(rule, example.parameters).decide(facts, context)


def example_resource(rule: Rule, example: Example) -> Resource:
    """The resource that an example describes. What it doesn't say of a fact's structs is unknown."""
    facts: dict[str, Fact] = {}
    types = registry.fields(rule.kind)
    for name, value in example.facts.items():
        plain = _with_unknowns(value)
        if name in types:
            plain = _filled(plain, types[name])
        facts[name] = plain if isinstance(plain, Unknown) else Known(value=plain)
    return Resource(kind=rule.kind, address="example", surface="example", facts=facts)


def _filled(value: object, info: msgspec.inspect.Type) -> object:
    match info:
        case msgspec.inspect.ListType(item_type=item) if isinstance(value, list):
            return [_filled(element, item) for element in value]
        case msgspec.inspect.UnionType(types=types) if value is not None:
            return _filled(value, next(one for one in types if not isinstance(one, msgspec.inspect.NoneType)))
        case msgspec.inspect.StructType(fields=fields) if isinstance(value, dict):
            given = {one.name: _filled(value[one.name], one.type) for one in fields if one.name in value}
            return {**dict.fromkeys((one.name for one in fields), _NOT_SAID), **value, **given}
    return value


def _with_unknowns(value: object) -> object:
    if isinstance(value, dict):
        if set(value) == {"unknown"}:
            return Unknown(reason=str(value["unknown"]))
        return {key: _with_unknowns(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_unknowns(inner) for inner in value]
    return value
