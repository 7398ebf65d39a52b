"""YAML from strangers and from ourselves: bounded in size, depth and aliases, without tags that build objects."""

import re
from typing import Any

import yaml
from msgspec import Struct


class YamlError(ValueError):
    """YAML that was refused; `line` counts from 1 and is None where it has none."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class Limits(Struct, frozen=True, kw_only=True):
    """What a document may cost."""

    bytes: int = 8 << 20
    depth: int = 64
    nodes: int = 1_000_000
    """Counted as if every alias were written out, so an alias bomb is refused before it is walked."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the base is chosen at run time
    """YAML 1.2's idea of a boolean: `on`, `off`, `yes` and `no` are text. Dates are text too."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # PyYAML's own way of setting them
        first: [
            (tag, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$") if tag.endswith(":bool") else pattern)
            for tag, pattern in resolvers
            if not tag.endswith(":timestamp")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def load(text: bytes | str, limits: Limits = Limits()) -> Any:  # noqa: B008  # frozen
    """The one document's value. Raises YamlError; a duplicate key is an error, not a silent overwrite."""
    return _construct(compose(text, limits))


def compose(text: bytes | str, limits: Limits = Limits()) -> yaml.Node | None:  # noqa: B008  # frozen
    """The one document's node tree with line marks, within the limits. None: an empty document."""
    if len(text) > limits.bytes:
        raise YamlError(f"larger than {limits.bytes >> 20} MiB")
    loader = _Loader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise _placed(error) from None
    except yaml.reader.ReaderError as error:
        raise YamlError(f"not text: {error.reason}") from None
    except (ValueError, RecursionError) as error:
        raise YamlError(f"cannot be read as YAML: {type(error).__name__}") from None
    finally:
        loader.dispose()
    if node is not None:
        _measure(node, limits)
    return node


def line_of(node: yaml.Node | None, path: tuple[str | int, ...]) -> int | None:
    """The line of the value at a path, or of the nearest thing above it that exists."""
    line = node.start_mark.line + 1 if node is not None else None
    for step in path:
        found: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            found = next((value for key, value in node.value if key.value == step), None)
            line = next((key.start_mark.line + 1 for key, _ in node.value if key.value == step), line)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
            line = found.start_mark.line + 1 if found is not None else line
        if found is None:
            break
        node = found
    return line


def _placed(error: yaml.MarkedYAMLError) -> YamlError:
    mark = error.problem_mark or error.context_mark
    said = " ".join(part for part in (error.context, error.problem) if part)
    return YamlError(said, mark.line + 1 if mark else None)


def _measure(root: yaml.Node, limits: Limits) -> None:
    """Raises where the tree, its aliases written out, is too deep or too large, or refers to itself."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[yaml.Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            open_nodes.discard(id(node))
            sizes[id(node)] = 1 + sum(sizes[id(child)] for child in _children(node))
            if sizes[id(node)] > limits.nodes:
                raise YamlError(f"more than {limits.nodes} values once aliases are expanded", _line(node))
            continue
        if id(node) in sizes:
            continue
        if id(node) in open_nodes:
            raise YamlError("an alias refers to a value that contains it", _line(node))
        open_nodes.add(id(node))
        if len(open_nodes) > limits.depth:
            raise YamlError(f"nested deeper than {limits.depth} levels", _line(node))
        stack.append((node, True))
        for child in _children(node):
            if id(child) in open_nodes:
                raise YamlError("an alias refers to a value that contains it", _line(node))
            if id(child) not in sizes:
                stack.append((child, False))


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _construct(node: yaml.Node | None) -> Any:
    if node is None:
        return None
    _refuse_duplicates(node)
    constructor = yaml.constructor.SafeConstructor()
    try:
        return constructor.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise _placed(error) from None
    except (ValueError, TypeError) as error:
        raise YamlError(f"a value cannot be read: {error}", _line(node)) from None


def _refuse_duplicates(root: yaml.Node) -> None:
    seen: set[int] = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in keys:
                        raise YamlError(f"the key {key.value!r} is given twice", _line(key))
                    keys.add(key.value)
        stack.extend(_children(node))
