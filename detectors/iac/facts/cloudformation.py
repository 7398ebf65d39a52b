"""CloudFormation: from checkov's local graph to typed resources, by way of Terraform's names for the same things."""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from assay.detectors.cloud.arguments import arguments
from assay.detectors.cloud.block import Bindings, Block, World
from assay.detectors.cloud.table import state
from assay.detectors.iac.facts.cfn_shapes import ALWAYS, SHAPES
from assay.detectors.iac.facts.cfn_template import TemplateFile
from assay.scanner.api import Location, Resource, Unknown


def resources(local_graph: Any, root: str, context: Mapping[str, Any] | None = None) -> Iterator[Resource]:
    """Every resource of a known type in checkov's `CloudformationLocalGraph`, in the graph's order.

    `context` is the runner's, where it is at hand: it knows the lines that checkov reports. Without it they end
    at the resource's last own line, where checkov's may run on over the comments that follow.
    """
    ids: dict[str, dict[str, int]] = {}
    listed: list[tuple[int, Any, str, str]] = []
    for id_, vertex in enumerate(local_graph.vertices):
        if vertex.block_type == "resource":
            type_, _, name = vertex.name.rpartition(".")
            ids.setdefault(vertex.path, {})[name] = id_
            listed.append((id_, vertex, type_, name))
    blocks: list[Block] = []
    templates: dict[str, TemplateFile] = {}
    for id_, vertex, type_, name in listed:
        definition = local_graph.definitions.get(vertex.path)
        body = _body(definition, name)
        if type_ not in SHAPES or body is None:
            continue
        if vertex.path not in templates:
            templates[vertex.path] = TemplateFile(definition, ids[vertex.path])
        template = templates[vertex.path]
        condition = body.get("Condition")
        if isinstance(condition, str) and template.holds(condition) is False:
            continue
        known_as, shape = SHAPES[type_]
        properties = template.evaluate(_properties(body))
        blocks.append(
            Block(
                type=known_as,
                address=vertex.name,
                id=id_,
                scope=vertex.path,
                location=_location(vertex, name, root, definition, context),
                arguments={**ALWAYS.get(type_, {}), **arguments(shape, properties)},
                resolve=_already,
                wrapped=False,
                bindings={},
                configured=_of_the_stack,
            )
        )
    yield from state(World(blocks), blocks, "cloudformation")


def _of_the_stack(_name: str) -> Any:
    return Unknown(reason="not in the template: the region of the stack decides")


def _already(value: Any, _bindings: Bindings) -> Any:
    return value


def _body(definition: Any, name: str) -> Mapping[str, Any] | None:
    resources_ = definition.get("Resources") if isinstance(definition, Mapping) else None
    body = resources_.get(name) if isinstance(resources_, Mapping) else None
    return body if isinstance(body, Mapping) else None


def _properties(body: Mapping[str, Any]) -> Any:
    properties = body.get("Properties", {})
    if not isinstance(properties, Mapping):
        return properties
    # The graph's builder adds the type to the properties.
    return {key: value for key, value in properties.items() if key != "resource_type"}


def _location(vertex: Any, name: str, root: str, definition: Any, context: Mapping[str, Any] | None) -> Location:
    path = PurePath(vertex.path)
    known = (context or {}).get(vertex.path, {}).get("Resources", {}).get(name, {})
    start, end = _lines(definition["Resources"], name, braces=path.suffix == ".json")
    return Location(
        path=path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix(),
        start_line=known.get("start_line", start or vertex.attributes.get("__startline__")),
        end_line=known.get("end_line", end or vertex.attributes.get("__endline__")),
    )


def _lines(declared: Mapping[str, Any], name: str, braces: bool) -> tuple[int | None, int | None]:
    """First and last line by the marks that checkov's parser leaves on names and values; None without marks.

    With `braces` a value's mark is at its closing one; without, it is at whatever follows, so its strings tell.
    """
    key: Any = next((key for key in declared if key == name), None)
    body: Any = declared[name]
    if not hasattr(key, "start_mark"):
        return None, None
    if braces and hasattr(body, "end_mark"):
        return key.start_mark.line + 1, body.end_mark.line + 1
    last = 0
    waiting: list[Any] = [key, body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            waiting.extend(key for key in node if not str(key).startswith("__"))
            waiting.extend(value for key, value in node.items() if not str(key).startswith("__"))
        elif isinstance(node, list | tuple):
            waiting.extend(node)
        elif hasattr(node, "end_mark"):
            # A block of text ends at the start of the line after it.
            last = max(last, node.end_mark.line + (1 if node.end_mark.column else 0))
    return key.start_mark.line + 1, last or None
