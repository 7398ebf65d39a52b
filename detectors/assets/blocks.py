"""From an export's assets to resources with facts, by the functions that state infrastructure code."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import convert, to_builtins

from assay.detectors.assets import azure_shapes, google_shapes
from assay.detectors.assets.gathering import Export, Item, lists, lists_policies
from assay.detectors.assets.shape import NOT_COLLECTED, Child
from assay.detectors.cloud.block import Bindings, Block, World
from assay.detectors.cloud.table import state
from assay.detectors.cloud.values import Reference
from assay.detectors.redact_facts import mask_facts
from assay.scanner.api import Resource, Unknown

SURFACE = "asset"
_CHILDREN = {**google_shapes.CHILDREN, **azure_shapes.CHILDREN}
_GOOGLE_HOMES = ("https://www.googleapis.com/compute/", "https://compute.googleapis.com/compute/")
_NO_BINDINGS: Bindings = {}
_NO_PROVIDER = Unknown(reason="not-collected: the export doesn't say")
_NAMING = frozenset({"kms_key", "principals"})
_NAME = re.compile(
    r"(//[a-z.]+/)?projects/[a-z0-9.:-]+/[A-Za-z]+/[A-Za-z0-9._/-]{1,400}"
    r"|/subscriptions/[0-9a-f-]{36}/[A-Za-z0-9._()/-]{1,500}",
)
_IDENTITY = "azurerm_user_assigned_identity"


def resources(export: Export, kinds: Sequence[str] | None = None) -> Iterator[Resource]:
    """Every resource of a known type, in the export's order; of `kinds` only, if given."""
    items = export.items
    resolver = _Resolver(items)
    blocks_ = _Blocks(resolver)
    blocks = [blocks_.make(id_, item) for id_, item in enumerate(items)]
    unseen = [
        blocks_.make(-2 - number, Item(provider="", type=child.type, address=child.type, scope="", arguments=arguments))
        for number, (child, arguments) in enumerate(_unseen(export, blocks))
    ]
    for resource in state(World([*blocks, *unseen]), blocks, SURFACE):
        if kinds is not None and resource.kind not in kinds:
            continue
        stated = to_builtins(resource)
        facts = stated["facts"]
        written = {name: facts[name] for name in _NAMING & facts.keys()}
        mask_facts(facts)
        for name, fact in written.items():
            facts[name] = _with_names(fact, facts[name])
        yield convert(_plain_reasons(stated), Resource)


class _Blocks:
    """Makes blocks, which share what is the same for all, as there are many."""

    def __init__(self, resolver: "_Resolver") -> None:
        self._resolve = resolver.resolve
        self._configured: dict[str, Callable[[str], Any]] = {}

    def make(self, id_: int, item: Item) -> Block:
        """Of an item; its `id` is its position."""
        return Block(
            type=item.type,
            address=item.address,
            id=id_,
            scope=item.scope,
            arguments=item.arguments,
            resolve=self._resolve,
            wrapped=False,
            bindings=_NO_BINDINGS,
            configured=self._configured.setdefault(item.scope, _of_project(item.scope)),
        )


def _of_project(scope: str) -> Callable[[str], Any]:
    project = scope.removeprefix("projects/") if scope.startswith("projects/") else _NO_PROVIDER
    return lambda name: project if name == "project" else _NO_PROVIDER


def _unseen(export: Export, blocks: Sequence[Block]) -> Iterator[tuple[Child, Mapping[str, Any]]]:
    """What may belong to a resource and isn't in the export: it names all resources of which that holds, and none."""
    waiting: dict[Child, list[int]] = {}
    told = _told(export)
    for item, block in zip(export.items, blocks, strict=True):
        for child in _CHILDREN.get(item.type, ()):
            if not _listed(export, item, child, told):
                waiting.setdefault(child, []).append(block.id)
    for child, targets in waiting.items():
        what = "IAM policies of it" if not child.asset else f"assets of {child.asset}"
        text = f"{NOT_COLLECTED}the export holds no {what}" + (" for it" if child.asset else "")
        yield child, {child.argument: Reference(text=text, targets=tuple(targets), certain=False)}


def _told(export: Export) -> Mapping[str, frozenset[str]]:
    """Terraform's type of what is asked for one by one → what it was found for, as the resolver has it."""
    wanted = {child.type: child.argument for children in _CHILDREN.values() for child in children if child.each}
    found: dict[str, set[str]] = {}
    for item in export.items:
        if item.type in wanted:
            found.setdefault(item.type, set()).add(_key(str(item.arguments.get(wanted[item.type]))))
    return {type_: frozenset(names) for type_, names in found.items()}


def _listed(export: Export, item: Item, child: Child, told: Mapping[str, frozenset[str]]) -> bool:
    if child.each:
        return _key(item.address) in told.get(child.type, ())
    if not child.asset:
        return lists_policies(export, item.scope, item.asset)
    return lists(export, item.scope, child.asset)


class _Resolver:
    """Turns texts of arguments that name another asset of the export into references to it."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._known: dict[str, int] = {}
        """Name, in one spelling → index of the item."""
        for id_, item in enumerate(items):
            if item.asset:
                self._known.setdefault(_key(item.address), id_)
                for name in item.names:
                    self._known.setdefault(_key(name), id_)

    def resolve(self, value: Any, _bindings: Bindings) -> Any:
        if isinstance(value, list):
            return [self.resolve(inner, _bindings) for inner in value]
        if not isinstance(value, str) or not (value.count("/") > 1 or len(value) == _GUID):
            return value
        found = self._known.get(_key(value))
        if found is None:
            return value
        item = self._items[found]
        if item.type == _IDENTITY:
            # As infrastructure code names it, so that whoever holds a right is found by it.
            name = "principal_id" if value in item.names else "id"
            return Reference(text=f"{item.address}.{name}", targets=(found,))
        return Reference(text=value, targets=(found,), value=value)


_GUID = 36


def _key(name: str) -> str:
    """One spelling for a name: with or without the service, by URL, in any case."""
    for home in _GOOGLE_HOMES:
        if name.startswith(home):
            name = name[len(home) :].partition("/")[2]
    if name.startswith("//"):
        name = name[2:].partition("/")[2]
    return name.strip("/").lower()


def _with_names(written: Any, masked: Any) -> Any:
    """What was masked, but for names of assets: these are addresses too, and long enough to look like secrets."""
    if isinstance(written, str):
        return written if _NAME.fullmatch(written) else masked
    if isinstance(written, dict) and isinstance(masked, dict):
        return {key: _with_names(inner, masked[key]) for key, inner in written.items()}
    if isinstance(written, list) and isinstance(masked, list):
        return [_with_names(*pair) for pair in zip(written, masked, strict=True)]
    return masked


def _plain_reasons(value: Any) -> Any:
    """What wasn't collected says so first, whatever asked for it."""
    if isinstance(value, dict):
        reason = value.get("reason")
        if value.get("fact") == "unknown" and isinstance(reason, str) and NOT_COLLECTED in reason:
            return {**value, "reason": reason[reason.index(NOT_COLLECTED) :]}
        return {key: _plain_reasons(inner) for key, inner in value.items()}
    return [_plain_reasons(inner) for inner in value] if isinstance(value, list) else value
