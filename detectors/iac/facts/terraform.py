"""Terraform, and Terraform plans: from checkov's local graph to typed resources.

checkov's graph says which resources there are, `count`, `for_each` and modules expanded. The arguments are
taken from the same parse as it was before checkov's own rendering, which compares texts (`var.a == "b"` becomes
false where `a` isn't set) and so cannot tell an unresolved value from a known one.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from assay.detectors.cloud.block import Bindings, Block, World
from assay.detectors.cloud.table import NEEDED, SEPARABLE, state
from assay.detectors.iac.facts.hcl_definitions import Definitions, Instance, Scope, unindexed
from assay.detectors.iac.facts.hcl_providers import configured, planned
from assay.detectors.iac.facts.hcl_scope import Evaluator
from assay.detectors.iac.facts.plan import PlanNames
from assay.scanner.api import Location, Resource


def resources(local_graph: Any, root: str) -> Iterator[Resource]:
    """Every resource of a known type in checkov's `TerraformLocalGraph`, of HCL or of a plan, in the graph's order."""
    planned = any(isinstance(key, str) for key in local_graph.module.temp_tf_definition)
    blocks = _planned(local_graph, root) if planned else _declared(local_graph, root)
    yield from state(World(blocks), blocks, "terraform_plan" if planned else "terraform")


def _declared(graph: Any, root: str) -> list[Block]:
    definitions = Definitions(graph.module.temp_tf_definition, _tfvars(graph))
    instances: dict[tuple[Scope, str, str], list[Instance]] = {}
    found: list[tuple[int, Any, str, Scope, Instance]] = []
    for id_, vertex in enumerate(graph.vertices):
        if vertex.block_type != "resource":
            continue
        type_, label, key = _name(vertex.name)
        scope = Scope(str(PurePath(vertex.path).parent), vertex.source_module_object)
        body = definitions.find(scope, "resource", (type_, label))
        if not isinstance(body, Mapping):
            continue
        address = vertex.attributes.get("__address__") or vertex.name
        instance = Instance(key, id_, address, body)
        instances.setdefault((scope, type_, label), []).append(instance)
        if type_ in NEEDED:
            found.append((id_, vertex, type_, scope, instance))
    evaluator = Evaluator(definitions, {name: tuple(listed) for name, listed in instances.items()})

    def plain(raw: Any, scope: Scope) -> Any:
        return evaluator.evaluate(raw, scope, {})

    blocks: list[Block] = []
    for id_, vertex, type_, scope, instance in found:
        if evaluator.absent(scope, instance.arguments) or _uncalled(evaluator, definitions, scope):
            continue
        keys: list[str | int | None] = [instance.key]
        if type_ in SEPARABLE and instance.key is None:
            keys = [*evaluator.keys(scope, instance.arguments)] or [None]
        blocks += [
            Block(
                type=type_,
                address=instance.address,
                id=id_,
                instance="" if key == instance.key else f'["{key}"]' if isinstance(key, str) else f"[{key}]",
                scope=(scope.directory, unindexed(scope.module)),
                location=_location(vertex, root),
                arguments=instance.arguments,
                resolve=_resolver(evaluator, scope),
                wrapped=True,
                bindings=evaluator.bindings(scope, instance.arguments, key),
                configured=configured(definitions, plain, scope, type_, instance.arguments),
            )
            for key in keys
        ]
    return blocks


def _uncalled(evaluator: Evaluator, definitions: Definitions, scope: Scope) -> bool:
    """Whether the module is called zero times, or a module that calls it is."""
    while scope.module is not None:
        parent = definitions.parent(scope)
        call = definitions.find(parent, "module", scope.module.name)
        if isinstance(call, Mapping) and evaluator.absent(parent, call):
            return True
        scope = parent
    return False


def _resolver(evaluator: Evaluator, scope: Scope) -> Any:
    def resolve(raw: Any, bindings: Bindings) -> Any:
        return evaluator.evaluate(raw, scope, bindings)

    return resolve


def _planned(graph: Any, root: str) -> list[Block]:
    listed: list[tuple[int, Any, str, str, Mapping[str, Any]]] = []
    for id_, vertex in enumerate(graph.vertices):
        if vertex.block_type != "resource":
            continue
        type_ = vertex.name.split(".", 1)[0]
        for body in vertex.config.get(type_, {}).values():
            if isinstance(body, Mapping):
                listed.append((id_, vertex, type_, str(body.get("__address__") or vertex.name), body))
    names = PlanNames({address: id_ for id_, _, _, address, _ in listed})
    return [
        Block(
            type=type_,
            address=address,
            id=id_,
            scope=vertex.path,
            location=_location(vertex, root),
            arguments=body,
            resolve=names.resolver(address),
            wrapped=True,
            bindings={},
            configured=planned(graph.module.temp_tf_definition, type_, address, body),
        )
        for id_, vertex, type_, address, body in listed
        if type_ in NEEDED and body.get("__change_actions__") != ["delete"]
    ]


def _tfvars(graph: Any) -> dict[tuple[str, str], Any]:
    """Values from `terraform.tfvars` and `*.auto.tfvars`, which Terraform loads by itself, later files winning."""
    found: dict[tuple[str, str], tuple[tuple[bool, str], Any]] = {}
    for vertex in graph.vertices:
        if vertex.block_type != "tfvar":
            continue
        path = PurePath(vertex.path)
        automatic = ".auto.tfvars" in path.name
        if not automatic and not path.name.startswith("terraform.tfvars"):
            continue
        key = (str(vertex.attributes.get("load_dir")), vertex.name)
        rank = (automatic, path.name)
        if key not in found or found[key][0] < rank:
            found[key] = (rank, vertex.attributes.get("default"))
    return {key: value for key, (_, value) in found.items()}


def _name(name: str) -> tuple[str, str, str | int | None]:
    """`aws_s3_bucket.b["x"]` → its type, label and key."""
    type_, _, label = name.partition(".")
    label, bracket, key = label.partition("[")
    if not bracket:
        return type_, label, None
    key = key.removesuffix("]")
    return type_, label, key.strip('"') if key.startswith('"') else int(key) if key.isdecimal() else key


def _location(vertex: Any, root: str) -> Location:
    path = PurePath(vertex.path)
    lines = vertex.attributes
    return Location(
        path=path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix(),
        start_line=lines.get("__start_line__"),
        end_line=lines.get("__end_line__"),
    )
